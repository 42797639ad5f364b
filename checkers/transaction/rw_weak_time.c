/* rw_weak_time.c - what was read, and the order within processes, against real time.
 *
 * Any order of all transactions is one of the versions, so that these are all there is to
 * contradict real time: O(micro-operations). */
#include "checkers/transaction/rw_weak_parts.h"
#include "checkers/transaction/strict_order.h"

#include <stdlib.h>

enum {
	CYCLE_MAX = 4096
};

/* From one that began late to one that was over before, and back by real time. */
static void
keep_cycle(const struct dependencies *timed, enum isolation_anomaly anomaly,
	   struct isolation *isolation)
{
	const struct graph *graph = &timed->graph;
	uint32_t *commit = mem_new(graph->node_count, sizeof(*commit));
	uint32_t *path = mem_new(CYCLE_MAX, sizeof(*path));
	struct cycle cycle = {.anomaly = anomaly};
	uint32_t late, early;
	size_t count = 0;

	isolation->found |= anomaly_bit(anomaly);
	if (!graph_commit_points(graph, ~0u, timed->begin, timed->end, commit, &late,
				 &early))
		count = graph_path(graph, ~0u, early, late, NULL, 0, path, CYCLE_MAX);
	for (size_t i = 0; i < count; i++) {
		bool is_read = i + 1 < count &&
			       (graph_kinds(graph, path[i], path[i + 1]) & EDGE_WR) != 0;
		vec_push(&cycle.txns, path[i]);
		vec_push(&cycle.kinds, i + 1 == count ? EDGE_REALTIME
				       : is_read      ? EDGE_WR
						      : EDGE_PROCESS);
	}
	if (count > 0)
		vec_push(&isolation->cycles, cycle);
	free(path);
	free(commit);
}

enum verdict
rw_weak_judge_time(struct weak *w, struct isolation *isolation)
{
	struct dependencies timed = *w->d; /* the same, with another graph */

	rw_weak_graph(w, &timed.graph);
	uint32_t *order = strict_order(&timed);
	if (order != NULL)
		rw_weak_keep_order(w, order, timed.graph.node_count, isolation);
	else
		keep_cycle(&timed, w->question->anomaly, isolation);
	graph_release(&timed.graph);
	return order != NULL ? VERDICT_VALID : VERDICT_INVALID;
}
