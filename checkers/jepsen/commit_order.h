/* commit_order.h - one order of the nodes of a dependency graph, with or without real
 * time, and the proof that an order of operations respects real time.
 *
 * In real time the nodes stand in the order of their commit points (graph.h), which grow
 * along every edge: ties keep their topological order. PURE. O(n log n + edges). */
#ifndef CHECKERS_COMMIT_ORDER_H
#define CHECKERS_COMMIT_ORDER_H

#include "checkers/checker.h"
#include "checkers/transaction/graph.h"

/* When each node may take effect: events (graph_commit_points). */
struct commit_times {
	uint32_t *begin, *end; /* owned; by node */
};

/* All nodes may take effect at any time, until somebody says more. */
void commit_times_init(struct commit_times *times, uint32_t nodes);
void commit_times_release(struct commit_times *times);

/* Bytes that an order takes, for budgets. */
size_t commit_order_bytes(const struct graph *graph);

/* Writes an order of all nodes to `nodes` (room for node_count). `times` NULL: any order
 * that the graph allows. False when there is none; in real time *late and *early say why
 * (graph_commit_points), without it there is a cycle. */
bool commit_order_find(const struct graph *graph, unsigned mask,
		       const struct commit_times *times, uint32_t *nodes, uint32_t *late,
		       uint32_t *early);

/* No operation of the order was over before one ahead of it began. */
bool commit_order_is_timely(const struct history *history, const struct order *order);

#endif
