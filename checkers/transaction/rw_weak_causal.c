/* rw_weak_causal.c - what readers missed of their causal past.
 *
 * Of the writers of a key that a reader sees, only those count that it does not see
 * through another one. So each write keeps the list of the writes before it (in the order
 * of the walk) that it has not seen: then a reader that sees it has only that list to look
 * through. Lists are short where writers mostly see each other; where they do not, a list
 * is not kept, and the last writer of each process is looked up. */
#include "base/search.h"
#include "checkers/transaction/rw_weak_clocks.h"

#include <string.h>

enum {
	UNSEEN_MIN = 16, /* length of a list that is kept, and as much for each chain */
	STOP_INTERVAL = 1024
};

/* A version as the walk met it. */
struct written {
	uint32_t before; /* the version before it of its key; VERSION_NONE */

	uint32_t first, count; /* of its list; UNLISTED: it has none */
};
#define UNLISTED UINT32_MAX

struct past {
	struct weak *w;
	struct clocks clocks;
	struct written *written; /* owned, by version */
	uint32_t *latest;	 /* owned, by key: version; VERSION_NONE */
	VEC(uint32_t) unseen;	 /* the lists, each from late to early */
	size_t unseen_max;
	uint32_t *chain_stamp; /* owned, by chain */
	size_t chain_room;
	uint32_t stamp;
};

static uint32_t
writer_of(const struct past *p, uint32_t version)
{
	return p->w->v->of.items[version].writer;
}

static uint32_t
list_max(const struct past *p)
{
	return UNSEEN_MIN + (uint32_t)p->clocks.chains.count;
}

/* ---- what a reader missed -------------------------------------------------------------
 */

struct read {
	uint32_t reader, source, version, key;
	const uint32_t *clock;	      /* of the reader */
	const uint32_t *source_clock; /* NULL for the initial version */
};

static void
begin_chains(struct past *p)
{
	size_t chains = p->clocks.chains.count;

	if (chains > p->chain_room) {
		p->chain_stamp =
			mem_resize(p->chain_stamp, 2 * chains, sizeof(*p->chain_stamp));
		memset(p->chain_stamp, 0, 2 * chains * sizeof(*p->chain_stamp));
		p->chain_room = 2 * chains;
		p->stamp = 0;
	}
	p->stamp++;
}

/* Of each chain the last writer counts, which is met first. */
static void
miss_version(struct past *p, const struct read *read, uint32_t version)
{
	uint32_t writer = writer_of(p, version);

	if (version == read->version || !clock_sees(&p->clocks, read->clock, writer) ||
	    p->chain_stamp[p->clocks.chain[writer]] == p->stamp)
		return;
	p->chain_stamp[p->clocks.chain[writer]] = p->stamp;
	if (read->source_clock == NULL ||
	    !clock_sees(&p->clocks, read->source_clock, writer))
		rw_weak_add_missed(p->w, (struct missed){writer, read->source,
							 read->reader, read->key});
}

/* The last writer of each process that the reader sees. */
static void
miss_by_process(struct past *p, const struct read *read)
{
	struct weak *w = p->w;

	rw_weak_index_writers(w);
	size_t end = w->key_starts[read->key + 1];
	for (size_t first = w->key_starts[read->key]; first < end;) {
		uint32_t session = w->session[w->by_rank[(uint32_t)w->writers[first]]];
		size_t next = rw_weak_writers_from(w, read->key, first,
						   w->first_rank[session + 1]);
		size_t at;
		search_first(at, first, next,
			     clock_sees(&p->clocks, read->clock,
					w->by_rank[(uint32_t)w->writers[at]]));
		if (at > first)
			rw_weak_add_missed(
				w,
				(struct missed){w->by_rank[(uint32_t)w->writers[at - 1]],
						read->source, read->reader, read->key});
		first = next;
	}
}

/* All that the reader sees of the key is now known to come before what it read. */
static void
shorten_list(struct past *p, const struct read *read)
{
	struct written *written = &p->written[read->version];
	uint32_t kept = 0;

	if (read->source == TXN_NONE || written->first == UNLISTED)
		return;
	uint32_t *list = p->unseen.items + written->first;
	for (uint32_t i = 0; i < written->count; i++)
		if (!clock_sees(&p->clocks, read->clock, writer_of(p, list[i])))
			list[kept++] = list[i];
	written->count = kept;
}

static void
miss_past(struct past *p, const struct read *read)
{
	uint32_t version = p->latest[read->key], steps = list_max(p);

	begin_chains(p);
	for (; version != VERSION_NONE; version = p->written[version].before) {
		const struct written *written = &p->written[version];
		if (steps-- == 0) {
			miss_by_process(p, read);
			return;
		}
		miss_version(p, read, version);
		if (written->first == UNLISTED ||
		    !(version == read->version ||
		      clock_sees(&p->clocks, read->clock, writer_of(p, version))))
			continue;
		for (uint32_t i = 0; i < written->count; i++)
			miss_version(p, read, p->unseen.items[written->first + i]);
		break;
	}
	shorten_list(p, read);
}

/* ---- what a writer has not seen -------------------------------------------------------
 */

static void
push_unseen(struct past *p, const uint32_t *clock, uint32_t version)
{
	uint32_t writer = writer_of(p, version);

	if (p->clocks.number[writer] != 0 && !clock_sees(&p->clocks, clock, writer))
		vec_push(&p->unseen, version);
}

/* Makes the list of a new version; false when it would be too long. */
static bool
list_unseen(struct past *p, const uint32_t *clock, uint32_t latest)
{
	size_t start = p->unseen.count;
	uint32_t steps = list_max(p);

	for (uint32_t version = latest; version != VERSION_NONE;
	     version = p->written[version].before) {
		const struct written *written = &p->written[version];
		if (steps-- == 0 || p->unseen.count - start > list_max(p))
			return false;
		if (!clock_sees(&p->clocks, clock, writer_of(p, version))) {
			push_unseen(p, clock, version);
			continue;
		}
		for (uint32_t i = 0; written->first != UNLISTED && i < written->count;
		     i++)
			push_unseen(p, clock, p->unseen.items[written->first + i]);
		if (written->first != UNLISTED)
			break;
	}
	return p->unseen.count - start <= list_max(p) && p->unseen.count < p->unseen_max;
}

static void
note_write(struct past *p, const uint32_t *clock, const struct rw_access *write)
{
	struct written *written = &p->written[write->written];
	uint32_t latest = p->latest[write->key];
	size_t start = p->unseen.count;

	written->before = latest;
	written->first = UNLISTED;
	if (list_unseen(p, clock, latest)) {
		written->first = (uint32_t)start;
		written->count = (uint32_t)(p->unseen.count - start);
	} else {
		p->unseen.count = start;
	}
	p->latest[write->key] = write->written;
}

/* ---- the walk -------------------------------------------------------------------------
 */

static bool
walk_txn(struct past *p, uint32_t txn)
{
	const struct weak *w = p->w;
	uint32_t source;

	if (!clocks_enter(&p->clocks, txn))
		return false;
	const uint32_t *clock = clock_of(&p->clocks, txn);
	each_access(read, w, txn)
	{
		if (!rw_weak_source(read, &source))
			continue;
		miss_past(p, &(struct read){txn, source, read->read, read->key, clock,
					    source == TXN_NONE
						    ? NULL
						    : clock_of(&p->clocks, source)});
	}
	each_access(write, w, txn)
	{
		if (write->written != VERSION_NONE && p->clocks.seers[txn] > 0)
			note_write(p, clock, write);
	}
	return clocks_leave(&p->clocks, txn);
}

void
rw_weak_find_missed_causally(struct weak *w)
{
	size_t keys = w->d->txns.keys.count;
	struct past p = {.w = w};

	rw_weak_rank(w);
	clocks_init(&p.clocks, w);
	p.unseen_max = p.clocks.bytes_max / sizeof(*p.unseen.items);
	if (p.unseen_max > UNLISTED)
		p.unseen_max = UNLISTED;
	p.written = mem_new(w->v->of.count, sizeof(*p.written));
	p.latest = mem_new(keys, sizeof(*p.latest));
	memset(p.latest, 0xff, keys * sizeof(*p.latest));
	for (uint32_t i = 0; i < w->count && !w->is_over; i++) {
		if (i % STOP_INTERVAL == 0)
			w->is_over = budget_is_over(w->budget);
		w->is_over |= !walk_txn(&p, w->order[i]);
	}
	clocks_release(&p.clocks);
	free(p.written);
	free(p.latest);
	free(p.chain_stamp);
	vec_release(&p.unseen);
}
