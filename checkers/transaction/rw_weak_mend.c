/* rw_weak_mend.c - an order that the axioms allow, by mending one that respects what was
 * read.
 *
 * A reader of x from s misses nothing when no writer of x that it can see stands between s
 * and itself. So the order is gone through from its beginning. Most readers have the latest
 * writer before them; of the others, a walk back through what they can see, no farther than
 * the oldest writer between and until all writers between were seen, tells whom they miss.
 * Such a writer must stand in front of s in every order: the stretch from s to it is sorted
 * anew and gone through again. What comes out was looked at throughout, so it is the proof;
 * and a circle, or an initial value that was read though a write was visible, is a violation.
 *
 * O(n) when readers are up to date and writes hardly concurrent; gives up otherwise, since
 * rw_weak_causal.c and rw_weak_missed.c know worse cases better. */
#include "checkers/transaction/rw_weak_parts.h"

#include <string.h>

enum {
	STEPS_MIN = 1 << 16,
	STEPS_EACH = 64, /* transaction gone through */
	AGAIN = 8,	 /* looking at a transaction again for a few keys costs less */
	STOP_INTERVAL = 1024
};

/* The latest write of a key so far; all ones: none. */
struct latest {
	uint32_t version, writer;
};

/* Of a session, in the look of this number: the last place of a writer that is looked for,
 * the last place that was seen. */
struct reach {
	uint32_t look, wanted, seen;
};

struct mender {
	struct weak *w;
	struct latest *latest; /* owned, by key */
	uint32_t *before;      /* owned, by version: the version before it of its key */
	uint32_t *seen;	       /* owned, by transaction: the last look that saw it */
	uint32_t look;
	struct reach *reach; /* owned, by session; causal only */
	uint32_t wanted;     /* sessions of which somebody is looked for still */
	VEC(uint32_t) open;
	struct missed_rows rows;
	uint64_t steps;

	/* Keys that are looked at again have the number of the window. */
	uint32_t *mark; /* owned, by key */
	uint32_t window;
	bool is_again;
};

static bool
is_too_long(struct mender *m, uint32_t reached)
{
	struct weak *w = m->w;

	if (reached % STOP_INTERVAL == 0)
		w->is_over |= budget_is_over(w->budget);
	return w->is_over || m->steps > STEPS_MIN + (uint64_t)STEPS_EACH * reached;
}

/* ---- whom a reader can see ------------------------------------------------------------
 */

/* False when it was seen already, or its place is below `low`. */
static bool
see(struct mender *m, uint32_t txn, uint32_t low)
{
	if (!is_txn(txn) || m->seen[txn] == m->look || m->w->place[txn] < low)
		return false;
	m->seen[txn] = m->look;
	m->steps++;
	return true;
}

/* The writer is looked for. */
static void
want(struct mender *m, uint32_t writer)
{
	struct reach *reach = &m->reach[m->w->session[writer]];
	uint32_t place = m->w->place[writer];

	if (reach->look != m->look) {
		*reach = (struct reach){.look = m->look, .wanted = place};
		m->wanted++;
	}
	reach->wanted = place > reach->wanted ? place : reach->wanted;
}

/* What a session did before belongs to the past too: how far is all there is to know. */
static void
see_session(struct mender *m, uint32_t txn)
{
	struct reach *reach = &m->reach[m->w->session[txn]];
	uint32_t place = m->w->place[txn];

	if (reach->look != m->look || place <= reach->seen)
		return;
	m->wanted -= reach->seen < reach->wanted && place >= reach->wanted;
	reach->seen = place;
}

static void
see_past(struct mender *m, uint32_t reader, uint32_t low)
{
	const struct weak *w = m->w;

	vec_clear(&m->open);
	vec_push(&m->open, reader);
	while (m->open.count > 0 && m->wanted > 0) {
		uint32_t txn = vec_pop(&m->open);
		see_session(m, txn);
		if (see(m, rw_weak_previous(w, txn), low))
			vec_push(&m->open, w->previous[txn]);
		each_access(read, w, txn) if (see(m, read->source, low))
			vec_push(&m->open, read->source);
	}
}

/* Its sources, and its process before it. */
static void
see_near(struct mender *m, uint32_t reader, uint32_t low)
{
	const struct weak *w = m->w;

	for (uint32_t t = rw_weak_previous(w, reader); see(m, t, low);)
		t = w->previous[t];
	each_access(read, w, reader) see(m, read->source, low);
}

static bool
can_see(const struct mender *m, uint32_t writer)
{
	if (m->w->question->view != WEAK_CAUSAL)
		return m->seen[writer] == m->look;
	return m->reach[m->w->session[writer]].seen >= m->w->place[writer];
}

/* ---- what it missed -------------------------------------------------------------------
 */

static bool
is_late(const struct mender *m, const struct rw_access *read)
{
	return read->source != TXN_NO_SOURCE &&
	       m->latest[read->key].writer != read->source;
}

/* Late in one of the keys that are looked at again, or that is done for all. */
static bool
is_asked(const struct mender *m, const struct rw_access *read)
{
	return (!m->is_again || m->mark[read->key] == m->window) && is_late(m, read);
}

static bool
is_up_to_date(const struct mender *m, uint32_t reader)
{
	each_access(read, m->w, reader) if (is_late(m, read)) return false;
	return true;
}

/* Each writer of the key behind the one that was read from, from late to early. */
#define each_between(writer, m, read)                                                    \
	for (uint32_t version_ = (m)->latest[(read)->key].version, writer;               \
	     version_ != VERSION_NONE &&                                                 \
	     (writer = (m)->w->v->of.items[version_].writer) != (read)->source;          \
	     version_ = (m)->before[version_])

static uint32_t
oldest_between(struct mender *m, uint32_t reader)
{
	uint32_t oldest = UINT32_MAX;

	each_access(read, m->w, reader)
	{
		if (!is_asked(m, read))
			continue;
		each_between(writer, m, read)
		{
			uint32_t place = m->w->place[writer];
			oldest = place < oldest ? place : oldest;
			m->steps++;
			if (m->w->question->view == WEAK_CAUSAL)
				want(m, writer);
		}
	}
	return oldest;
}

static void
miss_between(struct mender *m, uint32_t reader)
{
	struct weak *w = m->w;
	bool is_monotonic = w->question->view == WEAK_MONOTONIC;

	each_access(read, w, reader)
	{
		if (is_asked(m, read))
			each_between(writer, m, read) if (can_see(m, writer))
				rw_weak_add_missed(w,
						   (struct missed){writer, read->source,
								   reader, read->key});
		if (is_monotonic)
			see(m, read->source, 0);
	}
}

static void
miss_seen(struct mender *m, uint32_t reader)
{
	m->look++;
	m->wanted = 0;
	uint32_t low = oldest_between(m, reader);
	if (m->w->question->view == WEAK_CAUSAL)
		see_past(m, reader, low);
	else if (m->w->question->view == WEAK_ATOMIC)
		see_near(m, reader, low);
	miss_between(m, reader);
}

/* ---- mending --------------------------------------------------------------------------
 */

static void
add_write(struct mender *m, const struct rw_access *write, uint32_t writer)
{
	struct latest *latest = &m->latest[write->key];

	m->before[write->written] = latest->version;
	*latest = (struct latest){write->written, writer};
}

/* Where the key's writes begin to stand at `low` or behind. */
static void
go_back(struct mender *m, uint32_t key, uint32_t low)
{
	struct latest *latest = &m->latest[key];

	m->mark[key] = m->window;
	while (is_txn(latest->writer) && m->w->place[latest->writer] >= low) {
		latest->version = m->before[latest->version];
		latest->writer = latest->version == VERSION_NONE
					 ? TXN_NONE
					 : m->w->v->of.items[latest->version].writer;
		m->steps++;
	}
}

/* All that was gone through from `low` on, as far as keys are concerned that are written
 * between there and `high`. */
static void
look_again(struct mender *m, uint32_t low, uint32_t high, uint32_t reached)
{
	struct weak *w = m->w;

	m->window++;
	for (uint32_t place = low; place <= high; place++)
		each_access(write, w,
			    w->order[place - 1]) if (write->written != VERSION_NONE &&
						     m->mark[write->key] != m->window)
			go_back(m, write->key, low);
	m->is_again = true;
	for (uint32_t place = low; place <= reached; place++) {
		uint32_t txn = w->order[place - 1];
		bool late = false;
		each_access(read, w, txn) late |= is_asked(m, read);
		if (late)
			miss_seen(m, txn);
		each_access(write, w, txn) if (write->written != VERSION_NONE &&
					       m->mark[write->key] == m->window)
			add_write(m, write, txn);
	}
	m->is_again = false;
}

/* Of missed writes from number `first` on: the stretch that they lead backwards across. */
static void
find_stretch(const struct mender *m, size_t first, uint32_t *low, uint32_t *high)
{
	const struct weak *w = m->w;

	*low = UINT32_MAX;
	*high = 0;
	for (size_t i = first; i < w->missed.count; i++) {
		uint32_t from = w->place[w->missed.items[i].missed];
		uint32_t to = w->place[w->missed.items[i].read_from];
		*low = to < *low ? to : *low;
		*high = from > *high ? from : *high;
	}
}

/* Sorts what the missed writes from number `first` on lead backwards across, until those
 * that were gone through, `reached` of them, miss nothing. False when missed writes run in a
 * circle. */
static bool
mend(struct mender *m, size_t first, uint32_t reached)
{
	struct weak *w = m->w;
	uint32_t low, high;

	while (first < w->missed.count && !w->initial_missed &&
	       !is_too_long(m, reached)) {
		find_stretch(m, first, &low, &high);
		first = w->missed.count;
		rw_weak_link_missed(w, &m->rows);
		if (!rw_weak_sort(w, &m->rows, low, high))
			return false;
		m->steps += (high - low) + (reached - low) / AGAIN;
		look_again(m, low, high, reached);
	}
	return !w->initial_missed;
}

/* ---- the walk -------------------------------------------------------------------------
 */

/* Goes through the order, `reached` many of it so far. */
static enum mended
go_through(struct mender *m)
{
	struct weak *w = m->w;

	for (uint32_t reached = 0; reached < w->count;) {
		uint32_t txn = w->order[reached];
		size_t known = w->missed.count;
		if (is_too_long(m, reached))
			return MENDED_OPEN;
		if (!is_up_to_date(m, txn))
			miss_seen(m, txn);
		if (w->missed.count > known || w->initial_missed) {
			if (!mend(m, known, reached))
				return MENDED_NOT;
			continue;
		}
		each_access(write, w, txn) if (write->written != VERSION_NONE)
			add_write(m, write, txn);
		reached++;
	}
	return MENDED;
}

enum mended
rw_weak_mend(struct weak *w)
{
	size_t keys = w->d->txns.keys.count;
	struct mender m = {.w = w};

	if (w->question->view == WEAK_COMMITTED)
		return MENDED;
	m.latest = mem_new(keys, sizeof(*m.latest));
	memset(m.latest, 0xff, keys * sizeof(*m.latest));
	m.reach = mem_new(w->sessions, sizeof(*m.reach));
	m.mark = mem_new(keys, sizeof(*m.mark));
	m.before = mem_new(w->v->of.count, sizeof(*m.before));
	m.seen = mem_new(w->d->txns.of.count, sizeof(*m.seen));
	enum mended mended = go_through(&m);
	free(m.reach);
	free(m.latest);
	free(m.mark);
	free(m.before);
	free(m.seen);
	vec_release(&m.open);
	rw_weak_release_rows(&m.rows);
	return mended;
}
