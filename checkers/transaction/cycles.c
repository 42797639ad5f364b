#include "checkers/transaction/cycles.h"

#include "base/mem.h"

#include <stdlib.h>

struct search {
	const struct graph *graph;
	unsigned mask;
	const uint32_t *component;
	uint32_t path[CYCLE_NODES_MAX + 1], best[CYCLE_NODES_MAX + 1];
};

/* The nodes by component: starts[c] .. starts[c + 1] in *nodes. */
static uint32_t *
group(const uint32_t *component, uint32_t node_count, uint32_t count, uint32_t **nodes)
{
	uint32_t *starts = mem_new((size_t)count + 2, sizeof(*starts));

	*nodes = mem_new((size_t)node_count + 1, sizeof(**nodes));
	for (uint32_t v = 0; v < node_count; v++)
		starts[component[v] + 2]++;
	for (uint32_t c = 0; c < count; c++)
		starts[c + 2] += starts[c + 1];
	for (uint32_t v = 0; v < node_count; v++)
		(*nodes)[starts[component[v] + 1]++] = v;
	return starts;
}

/* The shortest of the cycles through the first nodes of the component; its length. */
static size_t
shortest(struct search *search, const uint32_t *nodes, size_t count)
{
	size_t best = 0;

	for (size_t i = 0; i < count && i < CYCLE_STARTS_MAX; i++) {
		size_t length =
			graph_path(search->graph, search->mask, nodes[i], nodes[i],
				   search->component, search->component[nodes[i]],
				   search->path, CYCLE_NODES_MAX + 1);
		if (length < 2 || (best > 0 && length >= best))
			continue;
		best = length;
		for (size_t j = 0; j < length; j++)
			search->best[j] = search->path[j];
	}
	return best > 0 ? best - 1 : 0;
}

uint32_t
cycles_find(const struct graph *graph, unsigned mask,
	    void (*found)(void *self, const uint32_t *nodes, size_t count), void *self)
{
	uint32_t *component = mem_new((size_t)graph->node_count + 1, sizeof(*component));
	uint32_t count = graph_components(graph, mask, component), cycles = 0;
	uint32_t *nodes, *starts = group(component, graph->node_count, count, &nodes);
	struct search search = {.graph = graph, .mask = mask, .component = component};

	for (uint32_t c = 0; c < count; c++) {
		size_t size = starts[c + 1] - starts[c];
		if (size < 2 || cycles++ >= CYCLES_MAX)
			continue;
		size_t length = shortest(&search, nodes + starts[c], size);
		found(self, search.best, length);
	}
	free(component);
	free(nodes);
	free(starts);
	return cycles;
}

bool
cycles_hold(const struct history *history, const uint32_t *ops, size_t count,
	    bool (*precedes)(const struct history *history, const struct op *a,
			     const struct op *b))
{
	bool *reaches = mem_new(count * count + 1, sizeof(*reaches));
	bool holds = false;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			reaches[i * count + j] =
				i != j && precedes(history, &history->ops.items[ops[i]],
						   &history->ops.items[ops[j]]);
	for (size_t via = 0; via < count; via++)
		for (size_t i = 0; i < count; i++)
			for (size_t j = 0; j < count; j++)
				reaches[i * count + j] |= reaches[i * count + via] &&
							  reaches[via * count + j];
	for (size_t i = 0; i < count; i++)
		holds = holds || reaches[i * count + i];
	free(reaches);
	return holds;
}
