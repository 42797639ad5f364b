/* rw_order_reasons.c - of which transactions something follows that was derived without a
 * choice. Why an edge was derived is not kept, only when: it follows from the way that
 * forbade the other side of its rule, among the edges of the rounds before. That way is
 * found when somebody asks, and then why its edges are there, and so on. */
#include "checkers/transaction/rw_windows.h"

#include <stdlib.h>
#include <string.h>

enum {
	WEIGHT_GIVEN = 1,
	WEIGHT_DERIVED = 3, /* and one more for each round */
	WEIGHT_MAX = 40
};

struct reasons {
	const struct build *b;
	struct windows *windows;
	bool *taken;		       /* owned, by place: of the core */
	VEC(struct derived_edge) open; /* needed, and not looked into */
};

static uint32_t
round_of(const struct window *w, uint32_t edge)
{
	uint32_t round = (uint32_t)w->rounds.count - 1;

	while (round > 0 && w->rounds.items[round] > edge)
		round--;
	return round;
}

static void
find_out_edges(struct window *w)
{
	uint32_t nodes = w->count + 1;

	if (w->out != NULL)
		return;
	w->out_starts = mem_new(nodes + 2, sizeof(*w->out_starts));
	w->out = mem_new(w->edges.count, sizeof(*w->out));
	w->needed = mem_new(w->edges.count, sizeof(*w->needed));
	vec_each (const struct arc, edge, &w->edges)
		w->out_starts[edge->from + 2]++;
	for (uint32_t v = 2; v < nodes + 2; v++)
		w->out_starts[v] += w->out_starts[v - 1];
	for (uint32_t i = 0; i < w->edges.count; i++)
		w->out[w->out_starts[w->edges.items[i].from + 1]++] = i;
}

/* ---- ways -----------------------------------------------------------------------------
 */

/* A search of the window for the way of least weight: what is derived late has the longest
 * reasons. */
struct way {
	struct window *w;
	uint32_t limit;		  /* edges from this number on are not there */
	uint32_t *cost, *came_by; /* owned, by node; came_by: edge + 1 */
	struct {
		VEC(uint32_t) nodes;
	} queue[WEIGHT_MAX + 1]; /* by cost, round about */
};

static uint32_t
weight_of(const struct window *w, uint32_t edge)
{
	if (edge < w->given)
		return WEIGHT_GIVEN;
	uint32_t weight =
		edge < w->imported_end ? WEIGHT_MAX : WEIGHT_DERIVED + round_of(w, edge);
	return weight < WEIGHT_MAX ? weight : WEIGHT_MAX;
}

static void
leave(struct way *way, uint32_t node, uint32_t cost)
{
	const struct window *w = way->w;

	for (uint32_t i = w->out_starts[node]; i < w->out_starts[node + 1]; i++) {
		uint32_t edge = w->out[i], to = w->edges.items[edge].to;
		if (edge >= way->limit)
			break;
		uint32_t sum = cost + weight_of(w, edge);
		if (way->came_by[to] != 0 && way->cost[to] <= sum)
			continue;
		way->cost[to] = sum;
		way->came_by[to] = edge + 1;
		vec_push(&way->queue[sum % (WEIGHT_MAX + 1)].nodes, to);
	}
}

/* Dijkstra 1959, with buckets; true when there is a way. From a node to itself: a cycle. */
static bool
find_way(struct way *way, uint32_t from, uint32_t to)
{
	uint32_t empty = 0;

	leave(way, from, 0);
	for (uint32_t cost = 1; empty <= WEIGHT_MAX; cost++) {
		uint32_t bucket = cost % (WEIGHT_MAX + 1);
		empty = way->queue[bucket].nodes.count == 0 ? empty + 1 : 0;
		for (size_t i = 0; i < way->queue[bucket].nodes.count; i++) {
			uint32_t node = way->queue[bucket].nodes.items[i];
			if (way->cost[node] != cost)
				continue;
			if (node == to)
				return true;
			leave(way, node, cost);
		}
		vec_clear(&way->queue[bucket].nodes);
	}
	return false;
}

static void
way_init(struct way *way, struct window *w, uint32_t limit)
{
	find_out_edges(w);
	*way = (struct way){.w = w,
			    .limit = limit,
			    .cost = mem_new(w->count + 1, sizeof(uint32_t)),
			    .came_by = mem_new(w->count + 1, sizeof(uint32_t))};
}

static void
way_release(struct way *way)
{
	free(way->cost);
	free(way->came_by);
	for (int i = 0; i <= WEIGHT_MAX; i++)
		vec_release(&way->queue[i].nodes);
}

/* ---- what is needed -------------------------------------------------------------------
 */

static void
take(struct reasons *r, const struct window *w, uint32_t node)
{
	if (node < w->count)
		r->taken[w->first + node] = true;
}

static void
need_edge(struct reasons *r, uint32_t window, uint32_t edge)
{
	struct window *w = &r->windows->of.items[window];

	find_out_edges(w);
	if (w->needed[edge])
		return;
	w->needed[edge] = true;
	take(r, w, w->edges.items[edge].from);
	take(r, w, w->edges.items[edge].to);
	if (edge >= w->imported_end)
		vec_push(&r->open, (struct derived_edge){window, edge});
	else if (edge >= w->given) {
		struct derived_edge origin = w->imported.items[edge - w->given];
		need_edge(r, origin.window, origin.edge);
	}
}

/* The edges of the way from one node to the other, of those below the limit. */
static void
need_way(struct reasons *r, uint32_t window, uint32_t from, uint32_t to, uint32_t limit)
{
	struct way way;

	way_init(&way, &r->windows->of.items[window], limit);
	if (find_way(&way, from, to))
		for (uint32_t node = to, edge = 0; edge == 0 || node != from;
		     node = way.w->edges.items[edge - 1].from) {
			edge = way.came_by[node];
			need_edge(r, window, edge - 1);
		}
	way_release(&way);
}

/* The way that forbade the other side of the rule: from the writer to the other, or from the
 * other to the reader. */
static void
look_into(struct reasons *r, struct derived_edge derived)
{
	const struct window *w = &r->windows->of.items[derived.window];
	struct arc edge = w->edges.items[derived.edge];
	uint32_t third = w->thirds.items[derived.edge - w->imported_end];
	uint32_t limit = w->rounds.items[round_of(w, derived.edge)];
	bool reader_first = (third & DERIVED_READER_FIRST) != 0;

	third &= ~DERIVED_READER_FIRST;
	take(r, w, third);
	if (reader_first)
		need_way(r, derived.window, third, edge.to, limit);
	else
		need_way(r, derived.window, edge.from, third, limit);
}

static void
begin(struct reasons *r, const struct build *b)
{
	*r = (struct reasons){.b = b,
			      .windows = b->windows,
			      .taken = mem_new(b->count, sizeof(*r->taken))};
}

static void
end(struct reasons *r, struct rw_answer *answer)
{
	while (r->open.count > 0)
		look_into(r, vec_pop(&r->open));
	for (uint32_t i = 0; i < r->b->count; i++)
		if (r->taken[i])
			vec_push(&answer->core, r->b->txns[i]);
	free(r->taken);
	vec_release(&r->open);
}

/* ---- a window without an order --------------------------------------------------------
 */

/* Of each node that cannot be reached from the beginnings of the graph an edge that leads to
 * it from another such node, + 1. */
static void
find_edges_behind(const struct window *w, uint32_t *behind)
{
	uint32_t nodes = w->count + 1, done = 0;
	uint32_t *missing = mem_new(nodes, sizeof(*missing));
	VEC(uint32_t) placed = {0};

	vec_each (const struct arc, edge, &w->edges)
		missing[edge->to]++;
	for (uint32_t v = 0; v < nodes; v++)
		if (missing[v] == 0)
			vec_push(&placed, v);
	while (done < placed.count) {
		uint32_t v = placed.items[done++];
		for (uint32_t e = w->out_starts[v]; e < w->out_starts[v + 1]; e++)
			if (--missing[w->edges.items[w->out[e]].to] == 0)
				vec_push(&placed, w->edges.items[w->out[e]].to);
	}
	for (uint32_t i = 0; i < w->edges.count; i++)
		if (missing[w->edges.items[i].from] > 0 &&
		    missing[w->edges.items[i].to] > 0)
			behind[w->edges.items[i].to] = i + 1;
	free(missing);
	vec_release(&placed);
}

/* An edge of some cycle: always back from there, until a node comes again. */
static uint32_t
find_cyclic_edge(const struct window *w)
{
	uint32_t *behind = mem_new(w->count + 1, sizeof(*behind)), node = 0;
	bool *seen = mem_new(w->count + 1, sizeof(*seen));

	find_edges_behind(w, behind);
	while (node < w->count && behind[node] == 0)
		node++;
	while (!seen[node]) {
		seen[node] = true;
		node = w->edges.items[behind[node] - 1].from;
	}
	uint32_t edge = behind[node] - 1;
	free(behind);
	free(seen);
	return edge;
}

/* The cycle of least weight through an edge that is on one. */
static void
need_cycle(struct reasons *r, uint32_t window)
{
	struct window *w = &r->windows->of.items[window];
	uint32_t limit = (uint32_t)w->edges.count;

	find_out_edges(w);
	uint32_t edge = find_cyclic_edge(w);
	need_edge(r, window, edge);
	need_way(r, window, w->edges.items[edge].to, w->edges.items[edge].from, limit);
}

void
rw_order_core_of_window(const struct build *b, uint32_t window, struct rw_answer *answer)
{
	const struct window *w = &b->windows->of.items[window];
	uint32_t limit = *vec_last(&w->rounds);
	struct reasons r;

	begin(&r, b);
	if (w->refuted.reader == w->refuted.other)
		need_cycle(&r, window);
	else {
		take(&r, w, w->refuted.writer);
		take(&r, w, w->refuted.reader);
		need_way(&r, window, w->refuted.writer, w->refuted.other, limit);
		need_way(&r, window, w->refuted.other, w->refuted.reader, limit);
	}
	end(&r, answer);
}

/* ---- cycles of the search -------------------------------------------------------------
 */

/* The edge between two places, if one was derived. */
static void
need_derived(struct reasons *r, uint32_t from, uint32_t to)
{
	for (uint32_t i = 0; i < r->windows->of.count; i++) {
		struct window *w = &r->windows->of.items[i];
		if (!window_has(w, from) || !window_has(w, to))
			continue;
		find_out_edges(w);
		for (uint32_t e = w->out_starts[from - w->first];
		     e < w->out_starts[from - w->first + 1]; e++)
			if (w->out[e] >= w->imported_end &&
			    w->edges.items[w->out[e]].to == to - w->first) {
				need_edge(r, i, w->out[e]);
				return;
			}
	}
}

/* A transaction of a cycle, and whose writes it read: only then it is known to follow them. */
static void
take_reader(struct reasons *r, uint32_t place)
{
	const struct build *b = r->b;

	r->taken[place] = true;
	each_access(access, b, b->txns[place])
	{
		if (!reads_listed(b, access))
			continue;
		uint32_t writer = b->v->of.items[access->read].writer;
		if (writer != TXN_NONE)
			r->taken[b->notes->index[writer] - 1] = true;
	}
}

/* All who wrote a chain: only together they are one. */
static void
take_chain(struct reasons *r, const struct segment *segment)
{
	const struct build *b = r->b;
	uint32_t version = segment->key;

	if (segment->head != TXN_NONE)
		each_access(
			access, b,
			b->txns[b->notes->index[segment->head] - 1]) if (access->key ==
									 segment->key)
			version = access->written;
	for (;; version = b->notes->successor[version] - 1) {
		uint32_t writer = b->v->of.items[version].writer;
		if (writer != TXN_NONE)
			r->taken[b->notes->index[writer] - 1] = true;
		if (b->notes->successor[version] == 0)
			return;
	}
}

/* Of the node behind the last readers of a chain. */
static void
take_after(struct reasons *r, uint32_t node)
{
	uint32_t first = r->b->count * layers(r->b);

	if (node != NODE_NONE && node >= first && node - first < r->b->segments.count)
		take_chain(r, &r->b->segments.items[node - first]);
}

/* Under snapshot isolation the last writer of a chain comes before the first of the next. */
static void
take_chains_between(struct reasons *r, uint32_t from, uint32_t to)
{
	const struct build *b = r->b;

	each_access(a, b, b->txns[from]) each_access(c, b, b->txns[to])
	{
		if (a->key != c->key || a->written == VERSION_NONE ||
		    c->written == VERSION_NONE)
			continue;
		uint32_t of_a = b->notes->segment_of[a->written] - 1;
		uint32_t of_c = b->notes->segment_of[c->written] - 1;
		if (of_a == of_c)
			continue;
		take_chain(r, &b->segments.items[of_a]);
		take_chain(r, &b->segments.items[of_c]);
	}
}

static void
need_nodes(struct reasons *r, const uint32_t *nodes, size_t count)
{
	uint32_t end = r->b->count * layers(r->b);

	for (size_t i = 0; i < count; i++) {
		uint32_t from = nodes[i], to = nodes[(i + 1) % count];
		if (from < end)
			take_reader(r, from % r->b->count);
		else
			take_after(r, from);
		if (from < end && to < end)
			need_derived(r, from, to);
		if (from >= r->b->count && from < end && to < r->b->count)
			take_chains_between(r, from % r->b->count, to);
	}
}

/* The two chains between which a literal chooses. */
static void
take_choice(struct reasons *r, const struct order_choice *choice)
{
	take_after(r, choice->arcs[0][0].from);
	take_after(r, choice->arcs[1][0].from);
}

void
rw_order_core_of_cycle(const struct build *b, const uint32_t *nodes, size_t count,
		       struct rw_answer *answer)
{
	struct reasons r;

	begin(&r, b);
	need_nodes(&r, nodes, count);
	end(&r, answer);
}

void
rw_order_core_of_search(const struct build *b, const struct order_solver *solver,
			struct rw_answer *answer)
{
	bool *needed = order_log_needed(b->log);
	struct reasons r;

	begin(&r, b);
	for (size_t i = 0; i < b->log->steps.count; i++) {
		struct order_step step = order_log_step(b->log, i);
		if (!needed[i])
			continue;
		need_nodes(&r, step.nodes, step.node_count);
		for (size_t k = 0; k < step.literal_count; k++)
			take_choice(&r, &solver->choices.items[step.literals[k] / 2]);
	}
	if (b->log->is_over)
		memset(r.taken, true, b->count * sizeof(*r.taken));
	end(&r, answer);
	free(needed);
}
