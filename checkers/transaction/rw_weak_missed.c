/* rw_weak_missed.c - what readers missed of those whom they read from, and of their own
 * process. */
#include "checkers/transaction/rw_weak_parts.h"

enum {
	/* Walking through one that much longer than the reader is no longer cheaper than
	 * looking up what the reader read. */
	LONGER = 4,
	LONG_MIN = 16,
	STOP_INTERVAL = 4096
};

struct finder {
	struct weak *w;
	uint32_t *reads_at; /* owned, by key: access of the reader looked at, + 1 */
};

/* The reader can see `seen`, since its access number `from`: what it read behind that of
 * keys that the other wrote. */
static void
miss_seen(struct finder *f, uint32_t reader, uint32_t seen, uint32_t from)
{
	struct weak *w = f->w;
	uint32_t source;

	each_access(written, w, seen)
	{
		uint32_t at = f->reads_at[written->key];
		if (written->written == VERSION_NONE || at <= from ||
		    at <= w->v->starts[reader])
			continue;
		const struct rw_access *read = &w->v->accesses.items[at - 1];
		if (rw_weak_source(read, &source))
			rw_weak_add_missed(
				w, (struct missed){seen, source, reader, read->key});
	}
}

static bool
writes_key(struct weak *w, uint32_t t, uint32_t key)
{
	uint32_t rank = w->first_rank[w->session[t]] + w->index[t] - 1;

	rw_weak_index_writers(w);
	size_t at = rw_weak_writers_from(w, key, w->key_starts[key], rank);
	return at < w->key_starts[key + 1] &&
	       w->writers[at] == ((uint64_t)key << 32 | rank);
}

/* The same by way of the reader, which makes all together O(n^1.5). */
static void
miss_read(struct finder *f, uint32_t reader, uint32_t seen, uint32_t from)
{
	struct weak *w = f->w;
	const struct rw_access *items = w->v->accesses.items;
	uint32_t source;

	for (uint32_t i = from; i < w->v->starts[reader + 1]; i++)
		if (rw_weak_source(&items[i], &source) &&
		    writes_key(w, seen, items[i].key))
			rw_weak_add_missed(
				w, (struct missed){seen, source, reader, items[i].key});
}

/* Accesses in the order of the transaction; `behind`: only those after the one that saw. */
static void
miss_sources(struct finder *f, uint32_t t, bool behind)
{
	struct weak *w = f->w;
	const struct rw_access *items = w->v->accesses.items;
	uint32_t start = w->v->starts[t], end = w->v->starts[t + 1], source;
	uint32_t long_min = LONGER * (end - start) + LONG_MIN;

	if (end - start < 2)
		return;
	for (uint32_t i = start; i < end; i++)
		if (items[i].read != VERSION_NONE)
			f->reads_at[items[i].key] = i + 1;
	for (uint32_t i = start; i < end; i++) {
		if (!rw_weak_source(&items[i], &source) || source == TXN_NONE)
			continue;
		uint32_t from = behind ? i + 1 : start;
		if (!w->has_every &&
		    w->v->starts[source + 1] - w->v->starts[source] <= long_min)
			miss_seen(f, t, source, from);
		else
			miss_read(f, t, source, from);
	}
	for (uint32_t i = start; i < end; i++)
		f->reads_at[items[i].key] = 0;
}

/* The last of its own process before it that wrote what it read; sessions one by one. */
static void
miss_sessions(struct weak *w)
{
	uint32_t *last = mem_new(w->d->txns.keys.count, sizeof(*last)); /* rank + 1 */
	uint32_t source;

	for (uint32_t s = 0; s < w->sessions; s++)
		for (uint32_t rank = w->first_rank[s]; rank < w->first_rank[s + 1];
		     rank++) {
			uint32_t t = w->by_rank[rank];
			each_access(read, w, t) if (last[read->key] > w->first_rank[s] &&
						    rw_weak_source(read, &source))
				rw_weak_add_missed(
					w,
					(struct missed){w->by_rank[last[read->key] - 1],
							source, t, read->key});
			each_access(write, w, t) if (write->written != VERSION_NONE)
				last[write->key] = rank + 1;
		}
	free(last);
}

void
rw_weak_find_missed(struct weak *w)
{
	struct finder f = {.w = w};
	bool behind = w->question->view == WEAK_MONOTONIC;

	rw_weak_rank(w);
	f.reads_at = mem_new(w->d->txns.keys.count, sizeof(*f.reads_at));
	for (uint32_t i = 0; i < w->count && !w->is_over; i++) {
		if (i % STOP_INTERVAL == 0)
			w->is_over = budget_is_over(w->budget);
		miss_sources(&f, w->order[i], behind);
	}
	if (w->question->process && !behind && !w->is_over)
		miss_sessions(w);
	free(f.reads_at);
}
