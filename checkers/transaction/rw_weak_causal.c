/* rw_weak_causal.c - what readers missed of their causal past.
 *
 * Transactions are gone through in an order of causality, each with a clock: how much of
 * each chain lies in its past. Chains rather than processes, because each crash begins a
 * process: one that has ended lends its chain to whoever has seen its end, so there are
 * about as many chains as clients. A clock lives as long as somebody still has to read
 * from its transaction, which keeps about as many as there are keys.
 *
 * Of the writers of a key that a reader sees, only those count that no other of them
 * has seen too: each write knows below which of the writes before it (in the order of the
 * walk) all are in its past, so that the walk over them is short when writers mostly saw
 * each other. When it is not short, the last one of each process is looked up. */
#include "checkers/transaction/rw_weak_parts.h"

#include <string.h>

enum {
	STEPS_MIN = 16, /* of a walk over writers, and as many again for each chain */
	STOP_INTERVAL = 1024,
	STRIDE_MIN = 16
};
#define SLOT_NONE UINT32_MAX

/* What is known of a version that was written: the one before it of its key in the order
 * of the walk, how many are before it, and below which of them all are in its past. */
struct written {
	uint32_t before, depth, safe;
};

struct chain {
	uint32_t length;
	bool is_idle; /* the process of its end has ended, or gone to another chain */
};

struct past {
	struct weak *w;
	uint32_t *chain,
		*number; /* owned, by transaction: its chain, place in it from 1 */
	VEC(struct chain) chains;
	VEC(uint32_t) idle;

	uint32_t *users;  /* owned, by transaction: who still needs its clock */
	uint32_t *slot;	  /* owned, by transaction: where its clock is */
	uint32_t *clocks; /* owned: stride entries each */
	uint32_t stride, slot_count, slot_room;
	VEC(uint32_t) free_slots;
	size_t bytes_max;

	struct written *written; /* owned, by version */
	uint32_t *latest;	 /* owned, by key: version; VERSION_NONE */
};

/* ---- clocks ---------------------------------------------------------------------------
 */

static uint32_t *
clock_at(const struct past *p, uint32_t slot)
{
	return &p->clocks[(size_t)slot * p->stride];
}

/* Room for more clocks or more chains; false when the budget has none. */
static bool
resize_clocks(struct past *p, uint32_t room, uint32_t stride)
{
	if ((size_t)room * stride * sizeof(uint32_t) > p->bytes_max)
		return false;
	uint32_t *moved = mem_new((size_t)room * stride, sizeof(*moved));
	for (uint32_t slot = 0; slot < p->slot_count; slot++)
		memcpy(&moved[(size_t)slot * stride], clock_at(p, slot),
		       p->stride * sizeof(*moved));
	free(p->clocks);
	p->clocks = moved;
	p->slot_room = room;
	p->stride = stride;
	return true;
}

/* A clock of zeros. */
static uint32_t
new_clock(struct past *p)
{
	if (p->free_slots.count > 0) {
		uint32_t slot = vec_pop(&p->free_slots);
		memset(clock_at(p, slot), 0, p->stride * sizeof(uint32_t));
		return slot;
	}
	if (p->slot_count == p->slot_room &&
	    !resize_clocks(p, 2 * p->slot_room, p->stride))
		return SLOT_NONE;
	return p->slot_count++;
}

static void
use_up(struct past *p, uint32_t t)
{
	if (--p->users[t] == 0)
		vec_push(&p->free_slots, p->slot[t]);
}

static bool
sees(const struct past *p, const uint32_t *clock, uint32_t t)
{
	return p->number[t] != 0 && clock[p->chain[t]] >= p->number[t];
}

static void
join(uint32_t *clock, const uint32_t *other, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		clock[i] = other[i] > clock[i] ? other[i] : clock[i];
}

static void
join_source(struct past *p, uint32_t *clock, uint32_t source)
{
	if (!sees(p, clock, source))
		join(clock, clock_at(p, p->slot[source]), (uint32_t)p->chains.count);
}

/* The clock of all that is before t; the clocks that it was made of are given free. */
static bool
make_clock(struct past *p, uint32_t t)
{
	const struct weak *w = p->w;
	uint32_t source, previous = rw_weak_previous(w, t);

	if (previous != TXN_NONE && p->users[previous] == 1) {
		p->slot[t] = p->slot[previous];
		p->users[previous] = 0;
	} else {
		p->slot[t] = new_clock(p);
		if (p->slot[t] == SLOT_NONE)
			return false;
		if (previous != TXN_NONE) {
			join(clock_at(p, p->slot[t]), clock_at(p, p->slot[previous]),
			     (uint32_t)p->chains.count);
			use_up(p, previous);
		}
	}
	uint32_t *clock = clock_at(p, p->slot[t]);
	each_access(access, w,
		    t) if (rw_weak_source(w, access, &source) && source != TXN_NONE)
	{
		join_source(p, clock, source);
		use_up(p, source);
	}
	return true;
}

/* ---- chains ---------------------------------------------------------------------------
 */

/* An idle chain whose end this clock has seen, with a number below `below`. */
static uint32_t
take_idle_chain(struct past *p, const uint32_t *clock, uint32_t below)
{
	for (size_t i = 0; i < p->idle.count; i++) {
		uint32_t chain = p->idle.items[i];
		if (chain >= below || clock[chain] < p->chains.items[chain].length)
			continue;
		p->idle.items[i] = *vec_last(&p->idle);
		p->idle.count--;
		return chain;
	}
	return UINT32_MAX;
}

/* Goes on with the chain of the process, or an earlier one that has come free. */
static bool
choose_chain(struct past *p, uint32_t t, bool has_next)
{
	uint32_t previous = rw_weak_previous(p->w, t);
	uint32_t own = previous != TXN_NONE ? p->chain[previous] : UINT32_MAX;
	uint32_t chain = take_idle_chain(p, clock_at(p, p->slot[t]), own);

	if (chain == UINT32_MAX)
		chain = own;
	else if (own != UINT32_MAX)
		vec_push(&p->idle, own);
	if (chain == UINT32_MAX) {
		chain = (uint32_t)p->chains.count;
		if (chain == p->stride && !resize_clocks(p, p->slot_room, 2 * p->stride))
			return false;
		vec_push(&p->chains, (struct chain){0});
	}
	p->chain[t] = chain;
	p->number[t] = ++p->chains.items[chain].length;
	if (!has_next)
		vec_push(&p->idle, chain);
	return true;
}

/* ---- missed writes --------------------------------------------------------------------
 */

static uint32_t
steps_max(const struct past *p)
{
	return STEPS_MIN + (uint32_t)p->chains.count;
}

/* The last writer of each process that the reader sees. */
static void
miss_by_process(struct past *p, uint32_t t, const struct rw_access *read, uint32_t source)
{
	struct weak *w = p->w;
	const uint32_t *clock = clock_at(p, p->slot[t]);

	rw_weak_index_writers(w);
	size_t end = w->key_starts[read->key + 1];
	for (size_t first = w->key_starts[read->key]; first < end;) {
		uint32_t session = w->session[w->by_rank[(uint32_t)w->writers[first]]];
		size_t next = rw_weak_writers_from(w, read->key, first,
						   w->first_rank[session + 1]);
		size_t low = first, high = next;
		while (low < high) {
			size_t middle = (low + high) / 2;
			if (sees(p, clock, w->by_rank[(uint32_t)w->writers[middle]]))
				low = middle + 1;
			else
				high = middle;
		}
		if (low > first)
			rw_weak_add_missed(
				w,
				(struct missed){w->by_rank[(uint32_t)w->writers[low - 1]],
						source, t, read->key});
		first = next;
	}
}

static void
miss_past(struct past *p, uint32_t t, const struct rw_access *read, uint32_t source)
{
	const uint32_t *clock = clock_at(p, p->slot[t]);
	uint32_t floor = source == TXN_NONE ? 0 : p->written[read->read].safe;
	uint32_t version = p->latest[read->key], steps = steps_max(p);

	while (version != VERSION_NONE && p->written[version].depth >= floor) {
		uint32_t writer = p->w->v->of.items[version].writer;
		if (steps-- == 0) {
			miss_by_process(p, t, read, source);
			return;
		}
		if (version != read->read && sees(p, clock, writer)) {
			rw_weak_add_missed(p->w,
					   (struct missed){writer, source, t, read->key});
			if (p->written[version].safe > floor)
				floor = p->written[version].safe;
		}
		version = p->written[version].before;
	}
}

/* Of the writes before this one, the first that is not in its past; or less, when that is
 * far back. */
static uint32_t
safe_below(const struct past *p, const uint32_t *clock, uint32_t latest)
{
	uint32_t safe = p->written[latest].depth + 1, floor = 0, steps = steps_max(p);

	for (uint32_t version = latest;
	     version != VERSION_NONE && p->written[version].depth >= floor;
	     version = p->written[version].before) {
		if (steps-- == 0)
			return floor;
		if (!sees(p, clock, p->w->v->of.items[version].writer))
			safe = p->written[version].depth;
		else if (p->written[version].safe > floor)
			floor = p->written[version].safe;
	}
	return safe;
}

static void
note_write(struct past *p, uint32_t t, const struct rw_access *write)
{
	uint32_t latest = p->latest[write->key];
	struct written *written = &p->written[write->written];

	written->before = latest;
	if (latest != VERSION_NONE) {
		written->depth = p->written[latest].depth + 1;
		written->safe = safe_below(p, clock_at(p, p->slot[t]), latest);
	}
	p->latest[write->key] = write->written;
}

static bool
walk_txn(struct past *p, uint32_t t)
{
	const struct weak *w = p->w;
	uint32_t source;
	bool has_next = w->index[t] <
			w->first_rank[w->session[t] + 1] - w->first_rank[w->session[t]];

	if (!make_clock(p, t))
		return false;
	each_access(read, w, t) if (rw_weak_source(w, read, &source))
		miss_past(p, t, read, source);
	each_access(write, w, t) if (write->written != VERSION_NONE)
		note_write(p, t, write);
	if (!choose_chain(p, t, has_next))
		return false;
	clock_at(p, p->slot[t])[p->chain[t]] = p->number[t];
	if (p->users[t] == 0)
		vec_push(&p->free_slots, p->slot[t]);
	return true;
}

/* Who will read from each transaction, or follow it in its process. */
static void
count_users(struct past *p)
{
	const struct weak *w = p->w;
	uint32_t source;

	for (uint32_t i = 0; i < w->count; i++) {
		uint32_t previous = rw_weak_previous(w, w->order[i]);
		if (previous != TXN_NONE)
			p->users[previous]++;
		each_access(access, w,
			    w->order[i]) if (rw_weak_source(w, access, &source) &&
					     source != TXN_NONE) p->users[source]++;
	}
}

void
rw_weak_find_missed_causally(struct weak *w)
{
	size_t n = w->d->txns.of.count, keys = w->d->txns.keys.count;
	struct past p = {.w = w};

	p.bytes_max = (w->budget->bytes_max != 0 ? w->budget->bytes_max
						 : BUDGET_BYTES_DEFAULT) /
		      2;
	p.chain = mem_new(n, sizeof(*p.chain));
	p.number = mem_new(n, sizeof(*p.number));
	p.users = mem_new(n, sizeof(*p.users));
	p.slot = mem_new(n, sizeof(*p.slot));
	p.written = mem_new(w->v->of.count, sizeof(*p.written));
	p.latest = mem_new(keys, sizeof(*p.latest));
	memset(p.latest, 0xff, keys * sizeof(*p.latest));
	resize_clocks(&p, STRIDE_MIN, STRIDE_MIN);
	count_users(&p);
	for (uint32_t i = 0; i < w->count && !w->is_over; i++) {
		if (i % STOP_INTERVAL == 0)
			w->is_over = budget_is_over(w->budget);
		w->is_over |= !walk_txn(&p, w->order[i]);
	}
	free(p.chain);
	free(p.number);
	free(p.users);
	free(p.slot);
	free(p.clocks);
	free(p.written);
	free(p.latest);
	vec_release(&p.chains);
	vec_release(&p.idle);
	vec_release(&p.free_slots);
}
