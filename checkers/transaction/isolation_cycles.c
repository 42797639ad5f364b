/* isolation_cycles.c - cycles of each class, as short as possible. */
#include "checkers/transaction/isolation_search.h"

#include <string.h>

enum {
	STARTS_MAX = 64
};

const struct variant isolation_plain = {0,
					ANOMALY_G0,
					ANOMALY_G1C,
					ANOMALY_G_SINGLE,
					ANOMALY_G_NONADJACENT,
					ANOMALY_G2_ITEM};
const struct variant isolation_process = {EDGE_PROCESS,
					  ANOMALY_G0_PROCESS,
					  ANOMALY_G1C_PROCESS,
					  ANOMALY_G_SINGLE_PROCESS,
					  ANOMALY_G_NONADJACENT_PROCESS,
					  ANOMALY_G2_PROCESS};
const struct variant isolation_realtime = {EDGE_REALTIME,
					   ANOMALY_G0_REALTIME,
					   ANOMALY_G1C_REALTIME,
					   ANOMALY_G_SINGLE_REALTIME,
					   ANOMALY_G_NONADJACENT_REALTIME,
					   ANOMALY_G2_REALTIME};

bool
isolation_may_go_on(struct search *s, size_t bytes)
{
	const struct graph *graph = &s->d->graph;
	size_t bytes_max =
		s->budget->bytes_max != 0 ? s->budget->bytes_max : BUDGET_BYTES_DEFAULT;

	bytes += graph->edge_count * (sizeof(*graph->targets) + sizeof(*graph->kinds)) +
		 graph->node_count * sizeof(*graph->starts);
	if (budget_is_over(s->budget) || bytes > bytes_max)
		s->is_over = true;
	return !s->is_over;
}

/* The plainest kind among those an edge has: what is easiest to explain. */
static uint8_t
plainest_kind(unsigned kinds)
{
	static const uint8_t by_ease[] = {EDGE_WW, EDGE_WR, EDGE_PROCESS, EDGE_ORDER,
					  EDGE_RW};

	for (size_t i = 0; i < sizeof(by_ease); i++)
		if (kinds & by_ease[i])
			return by_ease[i];
	return EDGE_REALTIME;
}

struct cycle *
isolation_keep_cycle(struct search *s, enum isolation_anomaly anomaly,
		     const uint32_t *path, size_t count, unsigned mask)
{
	if (is_found(s, anomaly))
		return NULL;
	s->out->found |= anomaly_bit(anomaly);
	vec_push(&s->out->cycles, (struct cycle){.anomaly = anomaly});
	struct cycle *cycle = vec_last(&s->out->cycles);
	for (size_t i = 0; i < count; i++) {
		uint32_t next = path[(i + 1) % count];
		vec_push(&cycle->txns, path[i]);
		vec_push(&cycle->kinds,
			 plainest_kind(graph_kinds(&s->d->graph, path[i], next) & mask));
	}
	return cycle;
}

size_t
isolation_count_kind(const struct cycle *cycle, enum edge_kind kind)
{
	size_t count = 0;

	vec_each (uint8_t, k, &cycle->kinds)
		count += *k == kind;
	return count;
}

/* ---- cycles by the kinds of their edges ---- */

/* Nodes per component; NULL when every component is a single node. The caller frees. */
static uint32_t *
components_with_cycles(struct search *s, const struct graph *graph, unsigned mask,
		       uint32_t *component)
{
	uint32_t count = graph_components(graph, mask, component);

	(void)s;
	if (count == graph->node_count)
		return NULL;
	uint32_t *sizes = mem_new(count, sizeof(*sizes));
	for (uint32_t v = 0; v < graph->node_count; v++)
		sizes[component[v]]++;
	return sizes;
}

/* A short cycle by edges in the mask: the shortest through one of the first nodes that
 * lie on any. Returns its length with the nodes in s->path. */
static size_t
short_cycle(struct search *s, const struct graph *graph, unsigned mask,
	    const uint32_t *component, const uint32_t *sizes)
{
	uint32_t path[PATH_MAX_NODES];
	size_t best = 0;
	int starts = 0;

	for (uint32_t v = 0; v < graph->node_count && starts < STARTS_MAX; v++) {
		if (sizes[component[v]] < 2)
			continue;
		starts++;
		size_t length = graph_path(graph, mask, v, v, component, component[v],
					   path, best > 0 ? best : PATH_MAX_NODES);
		if (length == 0)
			continue;
		best = length;
		memcpy(s->path, path, length * sizeof(*path));
	}
	return best > 0 ? best - 1 : 0;
}

static void
search_mask(struct search *s, unsigned mask, enum isolation_anomaly anomaly)
{
	uint32_t *sizes = components_with_cycles(s, &s->d->graph, mask, s->component);

	if (sizes == NULL)
		return;
	size_t length = short_cycle(s, &s->d->graph, mask, s->component, sizes);
	if (length > 0)
		isolation_keep_cycle(s, anomaly, s->path, length, mask);
	free(sizes);
}

/* For an edge of kind `needed` from a to b the shortest way back by edges in `rest`; the
 * shortest of all such cycles. Tries every edge until the budget ends. */
static void
search_through_edge(struct search *s, enum edge_kind needed, unsigned rest,
		    enum isolation_anomaly anomaly)
{
	const struct graph *graph = &s->d->graph;
	uint32_t path[PATH_MAX_NODES];
	size_t best = 0;

	for (uint32_t a = 0; a < graph->node_count && best != 2; a++)
		for (size_t e = graph->starts[a]; e < graph->starts[a + 1]; e++) {
			uint32_t b = graph->targets[e];
			if (graph->kinds[e] != needed ||
			    s->component[a] != s->component[b])
				continue;
			if (budget_is_over(s->budget)) {
				s->is_over = true;
				break;
			}
			size_t length = graph_path(graph, rest, b, a, s->component,
						   s->component[a], path,
						   best > 0 ? best - 1 : PATH_MAX_NODES);
			if (length == 0)
				continue;
			best = length;
			memcpy(s->path, path, length * sizeof(*path));
		}
	if (best == 0)
		return;
	struct cycle *cycle = isolation_keep_cycle(s, anomaly, s->path, best, rest);
	if (cycle != NULL)
		cycle->kinds.items[best - 1] = (uint8_t)needed;
}

/* ---- cycles without two anti-dependencies in a row ---- */

/* While it is made: each edge twice, as added and as rows. */
size_t
isolation_product_bytes(const struct graph *graph)
{
	return graph->edge_count * 2 * (2 * sizeof(struct edge) + sizeof(uint32_t) + 1) +
	       (size_t)graph->node_count * 2 * (sizeof(size_t) + 4 * sizeof(uint32_t));
}

void
isolation_make_product(const struct graph *graph, unsigned mask, struct graph *product)
{
	uint32_t n = graph->node_count;

	graph_init(product, 2 * n);
	for (uint32_t a = 0; a < n; a++)
		for (size_t e = graph->starts[a]; e < graph->starts[a + 1]; e++) {
			uint32_t b = graph->targets[e];
			if (!(graph->kinds[e] & mask))
				continue;
			if (graph->kinds[e] == EDGE_RW) {
				graph_add(product, a, n + b, EDGE_RW);
				continue;
			}
			graph_add(product, a, b, (enum edge_kind)graph->kinds[e]);
			graph_add(product, n + a, b, (enum edge_kind)graph->kinds[e]);
		}
	graph_build(product);
}

static bool
is_long_fork(const struct cycle *cycle)
{
	for (size_t i = 0; i < cycle->kinds.count; i++)
		if (cycle->kinds.items[i] ==
		    cycle->kinds.items[(i + 1) % cycle->kinds.count])
			return false;
	return cycle->kinds.count == 4 && isolation_count_kind(cycle, EDGE_RW) == 2 &&
	       isolation_count_kind(cycle, EDGE_WR) == 2;
}

static void
search_product(struct search *s, const struct variant *variant)
{
	struct graph product;
	uint32_t n = s->d->graph.node_count;
	unsigned mask = EDGE_ALL_DATA | variant->extra;

	if (!isolation_may_go_on(s, isolation_product_bytes(&s->d->graph)))
		return;
	isolation_make_product(&s->d->graph, mask, &product);
	uint32_t *component = mem_new((size_t)2 * n, sizeof(*component));
	uint32_t *sizes = components_with_cycles(s, &product, mask, component);
	size_t length =
		sizes != NULL ? short_cycle(s, &product, mask, component, sizes) : 0;
	for (size_t i = 0; i < length; i++)
		s->path[i] %= n;
	if (length > 0) {
		struct cycle *cycle = isolation_keep_cycle(s, variant->g_nonadjacent,
							   s->path, length, mask);
		if (cycle != NULL && variant == &isolation_plain && is_long_fork(cycle))
			isolation_keep_cycle(s, ANOMALY_LONG_FORK, s->path, length, mask);
	}
	free(sizes);
	free(component);
	graph_release(&product);
}

void
isolation_search_cycles(struct search *s, const struct variant *variant)
{
	unsigned all = EDGE_ALL_DATA | variant->extra;

	if (!isolation_may_go_on(s, 0))
		return;
	uint32_t *sizes = components_with_cycles(s, &s->d->graph, all, s->component);
	if (sizes == NULL)
		return;
	free(sizes);
	search_mask(s, EDGE_WW | variant->extra, variant->g0);
	graph_components(&s->d->graph, EDGE_DEPENDENCY | variant->extra, s->component);
	search_through_edge(s, EDGE_WR, EDGE_DEPENDENCY | variant->extra, variant->g1c);
	graph_components(&s->d->graph, all, s->component);
	search_through_edge(s, EDGE_RW, EDGE_DEPENDENCY | variant->extra,
			    variant->g_single);
	if (!is_found(s, variant->g0) && !is_found(s, variant->g1c) &&
	    !is_found(s, variant->g_single))
		search_product(s, variant);
	if (!s->is_over && !is_found(s, variant->g0) && !is_found(s, variant->g1c) &&
	    !is_found(s, variant->g_single) && !is_found(s, variant->g_nonadjacent))
		search_mask(s, all, variant->g2);
}
