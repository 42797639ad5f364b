/* list_append_causal.c - what readers lack of their causal past: whom they read from and what
 * their process did before, and so on backwards. Who can be missed stands, in an order of
 * all, not in front of the next who appended to what was read: the search goes back no
 * farther. */
#include "checkers/transaction/list_append_weak.h"
#include "checkers/transaction/txn_orders.h"

#include <stdlib.h>

enum {
	CAUSAL_VISITS = 1024, /* for each transaction, */
	VISITS_MIN = 1 << 20, /* and as many in any case */
	STOP_INTERVAL = 1024
};

struct walk {
	struct misses *m;
	struct graph back;	/* owned: from each to those it directly sees */
	uint32_t *place;	/* owned: in an order that respects all but misses */
	uint32_t *seen_by;	/* owned: the reader that saw it last, + 1 */
	uint32_t *seen_through; /* owned: the next one on the way to the reader */
	uint32_t *queue;	/* owned */
	uint64_t visits;
};

static void
init(struct walk *w)
{
	const struct dependencies *d = w->m->d;
	const struct graph *graph = &d->graph;
	uint32_t n = graph->node_count;
	unsigned mask = EDGE_DEPENDENCY | EDGE_PROCESS;

	w->place = mem_new((size_t)n + 1, sizeof(*w->place));
	w->seen_by = mem_new((size_t)n + 1, sizeof(*w->seen_by));
	w->seen_through = mem_new((size_t)n + 1, sizeof(*w->seen_through));
	w->queue = mem_new((size_t)n + 1, sizeof(*w->queue));
	w->visits = (uint64_t)n * CAUSAL_VISITS + VISITS_MIN;
	graph_init(&w->back, n);
	for (uint32_t a = 0; a < n; a++)
		for (size_t e = graph->starts[a]; e < graph->starts[a + 1]; e++)
			if (graph->kinds[e] & (EDGE_WR | EDGE_PROCESS))
				graph_add(&w->back, graph->targets[e], a, EDGE_ORDER);
	graph_build(&w->back);
	/* By time where that can be, so that what is near in time is near in the order. */
	if (!txn_orders_nodes(graph, mask, d->begin, d->end, w->queue))
		txn_orders_nodes(graph, mask, NULL, NULL, w->queue);
	for (uint32_t i = 0; i < n; i++)
		w->place[w->queue[i]] = i;
}

static void
release(struct walk *w)
{
	graph_release(&w->back);
	free(w->place);
	free(w->seen_by);
	free(w->seen_through);
	free(w->queue);
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* The first place of those that appended behind what was read. */
static uint32_t
next_place(const struct walk *w, uint32_t reader, const struct mop *read)
{
	const struct lists *lists = &w->m->lists;
	const struct list *list = &lists->of[read->key];
	uint32_t first = UINT32_MAX;

	for (uint32_t i = read->length; i < list->length; i++) {
		uint32_t writer = lists->writers[list->start + i];
		if (writer != NOBODY && writer != reader)
			return w->place[writer];
	}
	vec_each (const uint32_t, writer, &list->unread)
		if (*writer != reader)
			first = smaller(first, w->place[*writer]);
	return first;
}

static uint32_t
floor_of(const struct walk *w, const struct txn *reader)
{
	uint32_t floor = UINT32_MAX;

	each_mop (mop, reader, w->m->d)
		if (is_read(reader, mop) && first_on_key(w->m->d, reader, mop) == mop)
			floor = smaller(floor,
					next_place(w, number_of(w->m->d, reader), mop));
	return floor;
}

/* The way from the one that was missed to the reader. */
static void
keep_way(struct walk *w, uint32_t missed, uint32_t reader)
{
	size_t count = 0;

	for (uint32_t t = missed; t != reader; t = w->seen_through[t])
		w->queue[count++] = t;
	w->queue[count++] = reader;
	list_misses_keep(w->m, ANOMALY_CAUSALITY, w->queue, count);
}

static bool
is_missed(struct walk *w, const struct txn *reader, uint32_t seen)
{
	const struct txn *txn = &w->m->d->txns.of.items[seen];

	each_mop (mop, txn, w->m->d)
		if (list_misses_at(w->m, reader, mop) != 0)
			return true;
	return false;
}

/* Goes back from the reader; true when it missed nothing. */
static bool
walk_back(struct walk *w, const struct txn *reader, uint32_t floor)
{
	uint32_t t = number_of(w->m->d, reader), count = 1;

	w->queue[0] = t;
	w->seen_by[t] = t + 1;
	for (uint32_t i = 0; i < count; i++)
		for (size_t e = w->back.starts[w->queue[i]];
		     e < w->back.starts[w->queue[i] + 1]; e++) {
			uint32_t seen = w->back.targets[e];
			if (w->place[seen] < floor || w->seen_by[seen] == t + 1)
				continue;
			w->seen_by[seen] = t + 1;
			w->seen_through[seen] = w->queue[i];
			if (is_missed(w, reader, seen)) {
				keep_way(w, seen, t);
				return false;
			}
			w->queue[count++] = seen;
		}
	w->visits -= count < w->visits ? count : w->visits;
	return true;
}

bool
list_misses_none_causally(struct misses *m)
{
	struct walk w = {.m = m};
	bool ok = true;

	init(&w);
	for (uint32_t t = 0; t < m->d->txns.of.count && ok; t++) {
		const struct txn *reader = &m->d->txns.of.items[t];
		if (t % STOP_INTERVAL == 0 && budget_is_over(m->budget))
			w.visits = 0;
		uint32_t floor = floor_of(&w, reader);
		if (w.place[t] < floor)
			continue;
		list_misses_note(m, reader);
		ok = w.visits > 0 && walk_back(&w, reader, floor);
	}
	if (w.visits == 0)
		m->out->why_open = "to find what readers missed of their causal past "
				   "takes too many steps";
	release(&w);
	return ok;
}
