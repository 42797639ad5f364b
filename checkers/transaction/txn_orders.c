#include "checkers/transaction/txn_orders.h"

#include "checkers/sort.h"

#include <string.h>

#define B(id) anomaly_bit(ANOMALY_##id)

bool
level_has_process(uint64_t forbidden)
{
	return (forbidden & (B(G0_PROCESS) | B(G1C_PROCESS) | B(NON_MONOTONIC_PROCESS) |
			     B(FRACTURED_PROCESS) | B(CAUSALITY) |
			     B(NO_SNAPSHOT_PROCESS) | B(NO_SERIAL_PROCESS))) != 0;
}

bool
level_has_realtime(uint64_t forbidden)
{
	return (forbidden & (B(G0_REALTIME) | B(G1C_REALTIME) | B(NO_SNAPSHOT_REALTIME) |
			     B(NO_SERIAL_REALTIME))) != 0;
}

bool
txn_orders_nodes(const struct graph *graph, unsigned mask, const uint32_t *begin,
		 const uint32_t *end, uint32_t *nodes)
{
	size_t count, n = graph->node_count;
	uint32_t late, early;

	if (!graph_order(graph, mask, nodes, &count) || begin == NULL)
		return count == n;
	uint32_t *commit = mem_new(n + 1, sizeof(*commit));
	uint64_t *words = mem_new(n + 1, sizeof(*words));
	uint32_t *topological = mem_new(n + 1, sizeof(*topological));
	bool ok = graph_commit_points(graph, mask, begin, end, commit, &late, &early);
	memcpy(topological, nodes, n * sizeof(*nodes));
	for (size_t i = 0; i < n; i++)
		words[i] = (uint64_t)commit[topological[i]] << 32 | i;
	sort_words(words, n);
	for (size_t i = 0; i < n; i++)
		nodes[i] = topological[(uint32_t)words[i]];
	free(topological);
	free(words);
	free(commit);
	return ok;
}

static void
keep_order(const struct dependencies *d, const uint32_t *nodes, size_t count,
	   enum order_kind kind, struct check_result *result)
{
	struct order order = {.key = VAL_OF_NIL,
			      .ops = mem_new(count + 1, sizeof(*nodes))};
	uint32_t n = d->graph.node_count;

	for (size_t i = 0; i < count; i++)
		if (d->committed[nodes[i] % n])
			order.ops[order.count++] = d->txns.of.items[nodes[i] % n].op;
	vec_push(&result->orders, order);
	result->order_kind = kind;
}

static bool
make_plain(const struct dependencies *d, unsigned mask, uint64_t forbidden,
	   enum order_kind kind, struct check_result *result)
{
	size_t n = d->graph.node_count;
	uint32_t *nodes = mem_new(n + 1, sizeof(*nodes));
	bool timed = level_has_realtime(forbidden);

	mask |= level_has_process(forbidden) ? EDGE_PROCESS : 0;
	bool ok =
		txn_orders_nodes(&d->graph, mask, timed ? d->begin : NULL, d->end, nodes);
	if (ok)
		keep_order(d, nodes, n, kind, result);
	free(nodes);
	return ok;
}

/* A strictly serial order proves every serial level. */
static bool
make_serial(const struct dependencies *d, const struct isolation *isolation,
	    uint64_t forbidden, struct check_result *result)
{
	if (isolation->strict == NULL)
		return make_plain(d, EDGE_ALL_DATA, forbidden, ORDER_SERIAL, result);
	keep_order(d, isolation->strict, d->graph.node_count, ORDER_SERIAL, result);
	return true;
}

/* Snapshot and commit of each transaction: what it depends on committed before its
 * snapshot, who overwrote what it read commits after its snapshot. */
static void
make_halves(const struct dependencies *d, unsigned mask, struct graph *halves)
{
	const struct graph *graph = &d->graph;
	uint32_t n = graph->node_count;

	graph_init(halves, 2 * n);
	for (uint32_t a = 0; a < n; a++) {
		graph_add(halves, a, n + a, EDGE_ORDER);
		for (size_t e = graph->starts[a]; e < graph->starts[a + 1]; e++) {
			uint32_t b = graph->targets[e];
			if (graph->kinds[e] == EDGE_RW)
				graph_add(halves, a, n + b, EDGE_ORDER);
			else if (graph->kinds[e] & mask)
				graph_add(halves, n + a, b, EDGE_ORDER);
		}
	}
	graph_build(halves);
}

bool
txn_orders_snapshots(const struct dependencies *d, bool process, bool realtime,
		     uint32_t *nodes)
{
	size_t n = d->graph.node_count;
	unsigned mask = EDGE_DEPENDENCY | (process ? EDGE_PROCESS : 0);
	uint32_t *times = mem_new(4 * n + 1, sizeof(*times));
	struct graph halves;

	for (size_t i = 0; i < 2; i++) {
		memcpy(times + i * n, d->begin, n * sizeof(*times));
		memcpy(times + (2 + i) * n, d->end, n * sizeof(*times));
	}
	make_halves(d, mask, &halves);
	bool ok = txn_orders_nodes(&halves, EDGE_ORDER, realtime ? times : NULL,
				   times + 2 * n, nodes);
	graph_release(&halves);
	free(times);
	return ok;
}

static bool
make_snapshots(const struct dependencies *d, uint64_t forbidden,
	       struct check_result *result)
{
	size_t n = d->graph.node_count;
	uint32_t *nodes = mem_new(2 * n + 1, sizeof(*nodes));
	bool ok = txn_orders_snapshots(d, level_has_process(forbidden),
				       level_has_realtime(forbidden), nodes);

	if (ok)
		keep_order(d, nodes, 2 * n, ORDER_SNAPSHOT, result);
	free(nodes);
	return ok;
}

/* The serializable, or snapshot, level with the same demands on processes and time. */
static bool
holds(const struct isolation *isolation, uint64_t forbidden, bool snapshot)
{
	static const char *const names[][3] = {
		{"serializable", "strong-session-serializable", "strict-serializable"},
		{"snapshot-isolation", "strong-session-snapshot-isolation",
		 "strong-snapshot-isolation"}};
	int demand = level_has_realtime(forbidden)  ? 2
		     : level_has_process(forbidden) ? 1
						    : 0;
	struct err err;
	size_t level = 0;

	return level_find(names[snapshot][demand], &level, &err) &&
	       level_state(level, isolation) == VERDICT_VALID;
}

bool
txn_orders_take_snapshots(const struct isolation *isolation, uint64_t forbidden)
{
	return !holds(isolation, forbidden, false) && holds(isolation, forbidden, true);
}

bool
txn_orders_make(const struct dependencies *d, const struct isolation *isolation,
		uint64_t forbidden, struct check_result *result)
{
	if (holds(isolation, forbidden, false))
		return make_serial(d, isolation, forbidden, result);
	if (txn_orders_take_snapshots(isolation, forbidden))
		return make_snapshots(d, forbidden, result);
	unsigned reads = (forbidden & B(G1C)) != 0 ? EDGE_WR : 0;
	return make_plain(d, EDGE_WW | reads, forbidden, ORDER_DEPENDENCIES, result);
}
