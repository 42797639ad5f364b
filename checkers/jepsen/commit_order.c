#include "checkers/jepsen/commit_order.h"

#include "base/mem.h"
#include "checkers/sort.h"

#include <stdlib.h>

void
commit_times_init(struct commit_times *times, uint32_t nodes)
{
	times->begin = mem_new((size_t)nodes + 1, sizeof(uint32_t));
	times->end = mem_new((size_t)nodes + 1, sizeof(uint32_t));
	for (uint32_t node = 0; node < nodes; node++)
		times->end[node] = OP_NEVER;
}

void
commit_times_release(struct commit_times *times)
{
	free(times->begin);
	free(times->end);
	*times = (struct commit_times){0};
}

size_t
commit_order_bytes(const struct graph *graph)
{
	return (size_t)graph->node_count *
	       (4 * sizeof(uint32_t) + sizeof(size_t) + sizeof(uint64_t));
}

/* By commit point, then by place. */
static void
sort_by_commit(uint32_t *nodes, size_t count, const uint32_t *commit)
{
	uint64_t *keys = mem_new(count + 1, sizeof(*keys));
	uint32_t *sorted = mem_new(count + 1, sizeof(*sorted));

	for (size_t i = 0; i < count; i++)
		keys[i] = (uint64_t)commit[nodes[i]] << 32 | i;
	sort_words(keys, count);
	for (size_t i = 0; i < count; i++)
		sorted[i] = nodes[(uint32_t)keys[i]];
	for (size_t i = 0; i < count; i++)
		nodes[i] = sorted[i];
	free(keys);
	free(sorted);
}

bool
commit_order_find(const struct graph *graph, unsigned mask,
		  const struct commit_times *times, uint32_t *nodes, uint32_t *late,
		  uint32_t *early)
{
	size_t count;

	if (!graph_order(graph, mask, nodes, &count))
		return false;
	if (times == NULL)
		return true;
	uint32_t *commit = mem_new(count + 1, sizeof(*commit));
	bool is_timely = graph_commit_points(graph, mask, times->begin, times->end,
					     commit, late, early);
	if (is_timely)
		sort_by_commit(nodes, count, commit);
	free(commit);
	return is_timely;
}

bool
commit_order_is_timely(const struct history *history, const struct order *order)
{
	uint32_t invoked_last = 0;

	for (size_t i = 0; i < order->count; i++) {
		const struct op *op = &history->ops.items[order->ops[i]];
		if (op->type == OP_OK && op->complete_at < invoked_last)
			return false;
		if (op->invoke_at > invoked_last)
			invoked_last = op->invoke_at;
	}
	return true;
}
