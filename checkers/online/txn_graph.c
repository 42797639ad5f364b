#include "checkers/online/txn_graph.h"

#include <stdlib.h>

enum {
	SETTLE_FROM = 64,
	BRIDGES_MAX = 64, /* edges that may take the place of a settled transaction */
};

static struct txn_node *
node_at(const struct txn_graph *graph, uint32_t txn)
{
	return &graph->nodes.items[txn];
}

/* ---- life ---- */

uint32_t
txn_graph_add(struct txn_graph *graph, int64_t began)
{
	uint32_t txn = (uint32_t)graph->nodes.count;

	if (graph->free.count > 0)
		txn = vec_pop(&graph->free);
	else
		vec_push(&graph->nodes, (struct txn_node){0});
	struct txn_node *node = node_at(graph, txn);
	struct txn_edges before = node->before, after = node->after;
	*node = (struct txn_node){.begins = began, .ends = INT64_MAX, .holds = 1};
	node->before = before;
	node->after = after;
	return txn;
}

static void
free_if_unused(struct txn_graph *graph, uint32_t txn)
{
	struct txn_node *node = node_at(graph, txn);

	if (node->holds > 0 || node->is_free || (node->is_certain && !node->is_settled))
		return;
	node->is_free = true;
	vec_push(&graph->free, txn);
}

void
txn_graph_hold(struct txn_graph *graph, uint32_t txn)
{
	node_at(graph, txn)->holds++;
}

void
txn_graph_let_go(struct txn_graph *graph, uint32_t txn)
{
	node_at(graph, txn)->holds--;
	free_if_unused(graph, txn);
}

/* ---- intervals ---- */

static void
push(struct txn_graph *graph, uint32_t txn)
{
	vec_push(&graph->stack, txn);
}

/* Whatever comes after it begins no earlier. */
static bool
raise_begins(struct txn_graph *graph, uint32_t from, int64_t begins)
{
	bool ok = true;

	if (node_at(graph, from)->begins >= begins)
		return true;
	node_at(graph, from)->begins = begins;
	push(graph, from);
	while (graph->stack.count > 0) {
		const struct txn_node *node = node_at(graph, vec_pop(&graph->stack));
		ok = ok && node->begins <= node->ends;
		for (size_t i = 0; i < node->after.count; i++) {
			struct txn_node *later = node_at(graph, node->after.items[i]);
			if (later->begins >= node->begins)
				continue;
			later->begins = node->begins;
			push(graph, node->after.items[i]);
		}
	}
	return ok;
}

/* Whatever comes before it ends no later. */
static bool
lower_ends(struct txn_graph *graph, uint32_t from, int64_t ends)
{
	bool ok = true;

	if (node_at(graph, from)->ends <= ends)
		return true;
	node_at(graph, from)->ends = ends;
	push(graph, from);
	while (graph->stack.count > 0) {
		const struct txn_node *node = node_at(graph, vec_pop(&graph->stack));
		ok = ok && node->begins <= node->ends;
		for (size_t i = 0; i < node->before.count; i++) {
			struct txn_node *earlier = node_at(graph, node->before.items[i]);
			if (earlier->ends <= node->ends)
				continue;
			earlier->ends = node->ends;
			push(graph, node->before.items[i]);
		}
	}
	return ok;
}

/* ---- the topological order ---- */

/* All that comes after `from`, up to an order; true: `goal` is among them. */
static bool
search_after(struct txn_graph *graph, uint32_t from, uint32_t goal)
{
	uint64_t bound = node_at(graph, goal)->order;
	bool is_found = false;

	vec_clear(&graph->front);
	node_at(graph, from)->mark = ++graph->last_mark;
	push(graph, from);
	while (graph->stack.count > 0) {
		uint32_t txn = vec_pop(&graph->stack);
		const struct txn_node *node = node_at(graph, txn);
		vec_push(&graph->front, txn);
		is_found = is_found || txn == goal;
		for (size_t i = 0; i < node->after.count; i++) {
			struct txn_node *later = node_at(graph, node->after.items[i]);
			if (later->mark == graph->last_mark || later->order > bound)
				continue;
			later->mark = graph->last_mark;
			push(graph, node->after.items[i]);
		}
	}
	return is_found;
}

static void
search_before(struct txn_graph *graph, uint32_t from, uint64_t bound)
{
	vec_clear(&graph->back);
	node_at(graph, from)->mark = ++graph->last_mark;
	push(graph, from);
	while (graph->stack.count > 0) {
		uint32_t txn = vec_pop(&graph->stack);
		const struct txn_node *node = node_at(graph, txn);
		vec_push(&graph->back, txn);
		for (size_t i = 0; i < node->before.count; i++) {
			struct txn_node *earlier = node_at(graph, node->before.items[i]);
			if (earlier->mark == graph->last_mark || earlier->order < bound)
				continue;
			earlier->mark = graph->last_mark;
			push(graph, node->before.items[i]);
		}
	}
}

static int
by_word(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Insertion sort: few, and nearly in order. */
static void
sort_by_order(const struct txn_graph *graph, uint32_t *txns, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		uint32_t txn = txns[i];
		uint64_t order = node_at(graph, txn)->order;
		size_t at = i;
		for (; at > 0 && node_at(graph, txns[at - 1])->order > order; at--)
			txns[at] = txns[at - 1];
		txns[at] = txn;
	}
}

/* Those that come before `a`, then those that come after `b`, share out their places. */
static void
reorder(struct txn_graph *graph)
{
	size_t at = 0;

	sort_by_order(graph, graph->back.items, graph->back.count);
	sort_by_order(graph, graph->front.items, graph->front.count);
	vec_clear(&graph->orders);
	vec_each (uint32_t, txn, &graph->back)
		vec_push(&graph->orders, node_at(graph, *txn)->order);
	vec_each (uint32_t, txn, &graph->front)
		vec_push(&graph->orders, node_at(graph, *txn)->order);
	qsort(graph->orders.items, graph->orders.count, sizeof(uint64_t), by_word);
	vec_each (uint32_t, txn, &graph->back)
		node_at(graph, *txn)->order = graph->orders.items[at++];
	vec_each (uint32_t, txn, &graph->front)
		node_at(graph, *txn)->order = graph->orders.items[at++];
}

/* ---- edges ---- */

static bool
has_edge(const struct txn_node *a, uint32_t b)
{
	for (size_t i = a->after.count; i-- > 0;)
		if (a->after.items[i] == b)
			return true;
	return false;
}

static void
link(struct txn_graph *graph, uint32_t a, uint32_t b)
{
	vec_push(&node_at(graph, a)->after, b);
	vec_push(&node_at(graph, b)->before, a);
	graph->edges++;
}

static enum txn_cycle
order_live(struct txn_graph *graph, uint32_t a, uint32_t b)
{
	if (has_edge(node_at(graph, a), b))
		return TXN_NO_CYCLE;
	if (node_at(graph, a)->order > node_at(graph, b)->order) {
		if (search_after(graph, b, a))
			return TXN_CYCLE;
		search_before(graph, a, node_at(graph, b)->order);
		reorder(graph);
	}
	link(graph, a, b);
	return TXN_NO_CYCLE;
}

enum txn_cycle
txn_graph_order(struct txn_graph *graph, uint32_t a, uint32_t b)
{
	const struct txn_node *first = node_at(graph, a), *second = node_at(graph, b);

	if (a == b)
		return TXN_NO_CYCLE;
	if (!first->is_settled && !second->is_settled) {
		enum txn_cycle cycle = order_live(graph, a, b);
		if (cycle != TXN_NO_CYCLE)
			return cycle;
	}
	bool ok = first->begins <= second->ends;
	if (!second->is_settled)
		ok = raise_begins(graph, b, first->begins) && ok;
	if (!first->is_settled)
		ok = lower_ends(graph, a, second->ends) && ok;
	return ok ? TXN_NO_CYCLE : TXN_CYCLE_IN_REAL_TIME;
}

enum txn_cycle
txn_graph_certify(struct txn_graph *graph, uint32_t txn, int64_t ended)
{
	struct txn_node *node = node_at(graph, txn);

	if (!node->is_certain) {
		node->is_certain = true;
		node->order = ++graph->last_order;
		vec_push(&graph->live, txn);
	}
	if (node->is_settled)
		return TXN_NO_CYCLE;
	return lower_ends(graph, txn, ended) ? TXN_NO_CYCLE : TXN_CYCLE_IN_REAL_TIME;
}

/* ---- settling ---- */

static void
unlink_from(struct txn_edges *edges, uint32_t txn)
{
	for (size_t i = 0; i < edges->count; i++)
		if (edges->items[i] == txn) {
			edges->items[i] = edges->items[--edges->count];
			return;
		}
}

/* What stays before it and what comes after it keep their order. */
static void
bridge(struct txn_graph *graph, const struct txn_node *node)
{
	if (node->before.count * node->after.count > BRIDGES_MAX)
		return;
	for (size_t i = 0; i < node->before.count; i++)
		for (size_t j = 0; j < node->after.count; j++)
			if (!has_edge(node_at(graph, node->before.items[i]),
				      node->after.items[j]))
				link(graph, node->before.items[i], node->after.items[j]);
}

static void
settle(struct txn_graph *graph, uint32_t txn)
{
	struct txn_node *node = node_at(graph, txn);

	bridge(graph, node);
	for (size_t i = 0; i < node->before.count; i++)
		unlink_from(&node_at(graph, node->before.items[i])->after, txn);
	for (size_t i = 0; i < node->after.count; i++)
		unlink_from(&node_at(graph, node->after.items[i])->before, txn);
	graph->edges -= node->before.count + node->after.count;
	vec_clear(&node->before);
	vec_clear(&node->after);
	node->is_settled = true;
	free_if_unused(graph, txn);
}

void
txn_graph_settle(struct txn_graph *graph, int64_t watermark)
{
	size_t kept = 0;

	if (graph->live.count < graph->settle_at)
		return;
	for (size_t i = 0; i < graph->live.count; i++) {
		uint32_t txn = graph->live.items[i];
		const struct txn_node *node = node_at(graph, txn);
		if (node->ends < watermark && node->unplaced == 0)
			settle(graph, txn);
		else
			graph->live.items[kept++] = txn;
	}
	graph->live.count = kept;
	graph->settle_at = 2 * kept + SETTLE_FROM;
}

/* ---- all ---- */

size_t
txn_graph_bytes(const struct txn_graph *graph)
{
	size_t bytes =
		graph->nodes.capacity * sizeof(struct txn_node) +
		(graph->free.capacity + graph->live.capacity + graph->front.capacity +
		 graph->back.capacity + graph->stack.capacity) *
			sizeof(uint32_t) +
		graph->orders.capacity * sizeof(uint64_t);

	vec_each (struct txn_node, node, &graph->nodes)
		bytes +=
			(node->before.capacity + node->after.capacity) * sizeof(uint32_t);
	return bytes;
}

void
txn_graph_release(struct txn_graph *graph)
{
	vec_each (struct txn_node, node, &graph->nodes) {
		vec_release(&node->before);
		vec_release(&node->after);
	}
	vec_release(&graph->nodes);
	vec_release(&graph->free);
	vec_release(&graph->live);
	vec_release(&graph->front);
	vec_release(&graph->back);
	vec_release(&graph->stack);
	vec_release(&graph->orders);
}
