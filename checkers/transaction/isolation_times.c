/* isolation_times.c - cycles with real time. */
#include "checkers/transaction/isolation_search.h"

#include <string.h>

/* A graph with the times of its nodes: that of the transactions, or their product (L4).
 */
struct timed {
	const struct graph *graph;
	const uint32_t *begin, *end;
	uint32_t *commit;
	unsigned mask;
};

static enum isolation_anomaly
classify_realtime(const struct cycle *cycle)
{
	size_t anti = isolation_count_kind(cycle, EDGE_RW), adjacent = 0;

	for (size_t i = 0; i + 1 < cycle->kinds.count; i++)
		adjacent += cycle->kinds.items[i] == EDGE_RW &&
			    cycle->kinds.items[i + 1] == EDGE_RW;
	if (anti == 0)
		return isolation_count_kind(cycle, EDGE_WR) == 0 ? isolation_realtime.g0
								 : isolation_realtime.g1c;
	if (anti == 1)
		return isolation_realtime.g_single;
	return adjacent > 0 ? isolation_realtime.g2 : isolation_realtime.g_nonadjacent;
}

/* Real time against the edges in the mask, which must be without cycles. */
static bool
search_realtime(struct search *s, const struct timed *timed)
{
	uint32_t late, early, n = s->d->graph.node_count;

	if (graph_commit_points(timed->graph, timed->mask, timed->begin, timed->end,
				timed->commit, &late, &early))
		return true;
	size_t count = graph_path(timed->graph, timed->mask, early, late, NULL, 0,
				  s->path, PATH_MAX_NODES);
	for (size_t i = 0; i < count; i++)
		s->path[i] %= n;
	struct cycle *cycle = isolation_keep_cycle(s, isolation_realtime.g2, s->path,
						   count, timed->mask);
	if (cycle == NULL)
		return false;
	cycle->kinds.items[count - 1] = EDGE_REALTIME;
	s->out->found &= ~(anomaly_bit(cycle->anomaly));
	cycle->anomaly = classify_realtime(cycle);
	s->out->found |= anomaly_bit(cycle->anomaly);
	return false;
}

/* Strong snapshot isolation: real time leads to first copies only, from both copies. */
static bool
search_product_realtime(struct search *s)
{
	uint32_t n = s->d->graph.node_count;
	struct graph product;

	if (!isolation_may_go_on(s, isolation_product_bytes(&s->d->graph)))
		return false;
	uint32_t *times = mem_new((size_t)6 * n, sizeof(*times));
	isolation_make_product(&s->d->graph, EDGE_ALL_DATA, &product);
	memcpy(times, s->d->begin, n * sizeof(*times));
	memcpy(times + 2 * (size_t)n, s->d->end, n * sizeof(*times));
	memcpy(times + 3 * (size_t)n, s->d->end, n * sizeof(*times));
	struct timed timed = {&product, times, times + 2 * (size_t)n,
			      times + 4 * (size_t)n, EDGE_ALL_DATA};
	bool respected = search_realtime(s, &timed);
	graph_release(&product);
	free(times);
	return respected;
}

/* All of the data edges respect real time: strict serializable. */
static bool
is_strict(struct search *s, const struct timed *timed)
{
	uint32_t late, early;

	return (s->out->found & anomaly_bit(ANOMALY_G2_ITEM)) == 0 &&
	       graph_commit_points(timed->graph, EDGE_ALL_DATA, timed->begin, timed->end,
				   timed->commit, &late, &early);
}

/* When not strict, from gross to subtle, each where the plain search found no cycle. */
static void
search_realtime_classes(struct search *s, struct timed *timed)
{
	timed->mask = EDGE_WW;
	if (!search_realtime(s, timed) || is_found(s, ANOMALY_G1C))
		return;
	timed->mask = EDGE_DEPENDENCY;
	if (!search_realtime(s, timed) || is_found(s, ANOMALY_G_SINGLE) ||
	    is_found(s, ANOMALY_G_NONADJACENT))
		return;
	if (!search_product_realtime(s) || is_found(s, ANOMALY_G2_ITEM))
		return;
	timed->mask = EDGE_ALL_DATA;
	search_realtime(s, timed);
}

/* Real time together with the order within processes, where no cycle breaks that order: what
 * has no known end precedes the next one of its process. */
static void
search_realtime_of_both(struct search *s, struct timed *timed)
{
	const uint64_t broken = anomaly_bit(isolation_process.g0) |
				anomaly_bit(isolation_process.g1c) |
				anomaly_bit(isolation_process.g_single) |
				anomaly_bit(isolation_process.g_nonadjacent) |
				anomaly_bit(isolation_process.g2);

	timed->mask = EDGE_ALL_DATA | EDGE_PROCESS;
	if ((s->out->found & broken) == 0)
		search_realtime(s, timed);
}

void
isolation_search_realtimes(struct search *s)
{
	const uint64_t below = anomaly_bit(ANOMALY_G0) | anomaly_bit(ANOMALY_G1C) |
			       anomaly_bit(ANOMALY_G_SINGLE) |
			       anomaly_bit(ANOMALY_G_NONADJACENT);

	if (!isolation_may_go_on(s, 0))
		return;
	uint32_t *commit = mem_new(s->d->graph.node_count, sizeof(*commit));
	struct timed timed = {&s->d->graph, s->d->begin, s->d->end, commit,
			      EDGE_ALL_DATA};

	if ((s->out->found & below) == 0 && is_strict(s, &timed))
		search_realtime_of_both(s, &timed);
	else if (!is_found(s, ANOMALY_G0))
		search_realtime_classes(s, &timed);
	free(commit);
}
