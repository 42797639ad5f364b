/* Lemma L3 with the places of transactions for times: they stand in the order of their
 * invocations, so that the latest beginning among a transaction and all before it is the
 * greatest of their numbers. Sorted by it, and by a topological order where it is the same,
 * transactions are in an order that respects real time. */
#include "checkers/transaction/strict_order.h"

#include "base/assert.h"

enum {
	TAKEN = UINT32_MAX /* for the number of edges that still lead to a transaction */
};

struct walk {
	const struct dependencies *d;
	uint32_t *incoming; /* owned: edges from transactions not yet in the order */
	uint32_t *latest;   /* owned: the latest to begin among it and all before it */
	uint32_t *order;    /* owned: topological */
	uint32_t *ready;    /* owned: a stack, in the unused end of `order` */
	size_t ordered, ready_count;
};

static void
count_incoming(struct walk *walk)
{
	const struct graph *graph = &walk->d->graph;

	for (uint32_t v = 0; v < graph->node_count; v++)
		walk->latest[v] = v;
	for (size_t e = 0; e < graph->edge_count; e++)
		walk->incoming[graph->targets[e]]++;
}

static void
make_ready(struct walk *walk, uint32_t v)
{
	walk->incoming[v] = TAKEN;
	walk->ready[-(ptrdiff_t)++walk->ready_count] = v;
}

/* Puts a transaction behind all it depends on; false when it ended before one of those
 * began, that is when there is no room for it in real time. */
static bool
put(struct walk *walk, uint32_t v)
{
	const struct graph *graph = &walk->d->graph;
	uint32_t latest = walk->latest[v];

	walk->order[walk->ordered++] = v;
	for (size_t e = graph->starts[v]; e < graph->starts[v + 1]; e++) {
		uint32_t to = graph->targets[e];
		if (latest > walk->latest[to])
			walk->latest[to] = latest;
		if (--walk->incoming[to] == 0)
			make_ready(walk, to);
	}
	return walk->d->begin[latest] <= walk->d->end[v];
}

/* Transactions stand nearly in such an order already: in the order of their numbers, each
 * with those that waited for it right behind, the walk stays where the memory is warm. */
static bool
put_all(struct walk *walk)
{
	uint32_t n = walk->d->graph.node_count;
	bool in_time = true;

	for (uint32_t v = 0; v < n && in_time; v++) {
		if (walk->incoming[v] == 0)
			make_ready(walk, v);
		while (walk->ready_count > 0 && in_time)
			in_time = put(walk, walk->ready[-(ptrdiff_t)walk->ready_count--]);
	}
	return in_time && walk->ordered == n;
}

/* Counting sort, stable. The counts take the place of the edges, which all came to be 0. */
static uint32_t *
sort_by_latest(struct walk *walk)
{
	uint32_t n = walk->d->graph.node_count, before = 0;
	uint32_t *places = walk->incoming;
	uint32_t *sorted = mem_new(n, sizeof(*sorted));

	for (uint32_t v = 0; v < n; v++)
		places[v] = 0;
	for (uint32_t v = 0; v < n; v++)
		places[walk->latest[v]]++;
	for (uint32_t v = 0; v < n; v++) {
		uint32_t count = places[v];
		places[v] = before;
		before += count;
	}
	for (uint32_t i = 0; i < n; i++)
		sorted[places[walk->latest[walk->order[i]]]++] = walk->order[i];
	return sorted;
}

uint32_t *
strict_order(const struct dependencies *d)
{
	size_t n = d->graph.node_count;
	struct walk walk = {.d = d,
			    .incoming = mem_new(n, sizeof(*walk.incoming)),
			    .latest = mem_new(n, sizeof(*walk.latest)),
			    .order = mem_new(n, sizeof(*walk.order))};
	uint32_t *sorted = NULL;

	walk.ready = walk.order + n;
	count_incoming(&walk);
	if (put_all(&walk))
		sorted = sort_by_latest(&walk);
	free(walk.incoming);
	free(walk.latest);
	free(walk.order);
	return sorted;
}
