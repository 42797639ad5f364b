#include "checkers/transaction/isolation.h"

#include "checkers/transaction/strict_order.h"

#include "base/assert.h"

#include <string.h>

enum {
	PATH_MAX_NODES = 4096,
	STARTS_MAX = 64
};

/* A variant of the search: without more, with process order, and the bit distance between
 * the anomalies of the plain search and those of the variant. */
struct variant {
	unsigned extra;
	enum isolation_anomaly g0, g1c, g_single, g_nonadjacent, g2;
};

static const struct variant plain = {0,
				     ANOMALY_G0,
				     ANOMALY_G1C,
				     ANOMALY_G_SINGLE,
				     ANOMALY_G_NONADJACENT,
				     ANOMALY_G2_ITEM};
static const struct variant process = {EDGE_PROCESS,
				       ANOMALY_G0_PROCESS,
				       ANOMALY_G1C_PROCESS,
				       ANOMALY_G_SINGLE_PROCESS,
				       ANOMALY_G_NONADJACENT_PROCESS,
				       ANOMALY_G2_PROCESS};
static const struct variant realtime = {EDGE_REALTIME,
					ANOMALY_G0_REALTIME,
					ANOMALY_G1C_REALTIME,
					ANOMALY_G_SINGLE_REALTIME,
					ANOMALY_G_NONADJACENT_REALTIME,
					ANOMALY_G2_REALTIME};

struct search {
	const struct dependencies *d;
	const struct budget *budget;
	struct isolation *out;
	uint32_t *component; /* of the mask that was looked at last */
	uint32_t path[PATH_MAX_NODES];
	bool is_over; /* the budget ended the search for subtler cycles */
};

static bool
is_found(const struct search *s, enum isolation_anomaly anomaly)
{
	return (s->out->found >> anomaly & 1) != 0;
}

/* Whether the budget allows another pass that needs so many bytes beside the graph. */
static bool
may_go_on(struct search *s, size_t bytes)
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

/* Keeps a cycle given as path of nodes, first and last the same or joined by `closing`.
 */
static struct cycle *
keep_cycle(struct search *s, enum isolation_anomaly anomaly, const uint32_t *path,
	   size_t count, unsigned mask)
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
		keep_cycle(s, anomaly, s->path, length, mask);
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
	struct cycle *cycle = keep_cycle(s, anomaly, s->path, best, rest);
	if (cycle != NULL)
		cycle->kinds.items[best - 1] = (uint8_t)needed;
}

/* While it is made: each edge twice, as added and as rows. */
static size_t
product_bytes(const struct graph *graph)
{
	return graph->edge_count * 2 * (2 * sizeof(struct edge) + sizeof(uint32_t) + 1) +
	       (size_t)graph->node_count * 2 * (sizeof(size_t) + 4 * sizeof(uint32_t));
}

/* Lemma L4: two copies of each transaction; an rw edge leads from the first copy to the
 * second, every other edge from both copies to the first. Its cycles are those of the
 * graph in which no two rw edges follow each other. */
static void
make_product(const struct graph *graph, unsigned mask, struct graph *product)
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

static size_t
count_kind(const struct cycle *cycle, enum edge_kind kind)
{
	size_t count = 0;

	vec_each (uint8_t, k, &cycle->kinds)
		count += *k == kind;
	return count;
}

static bool
is_long_fork(const struct cycle *cycle)
{
	for (size_t i = 0; i < cycle->kinds.count; i++)
		if (cycle->kinds.items[i] ==
		    cycle->kinds.items[(i + 1) % cycle->kinds.count])
			return false;
	return cycle->kinds.count == 4 && count_kind(cycle, EDGE_RW) == 2 &&
	       count_kind(cycle, EDGE_WR) == 2;
}

static void
search_product(struct search *s, const struct variant *variant)
{
	struct graph product;
	uint32_t n = s->d->graph.node_count;
	unsigned mask = EDGE_ALL_DATA | variant->extra;

	if (!may_go_on(s, product_bytes(&s->d->graph)))
		return;
	make_product(&s->d->graph, mask, &product);
	uint32_t *component = mem_new((size_t)2 * n, sizeof(*component));
	uint32_t *sizes = components_with_cycles(s, &product, mask, component);
	size_t length =
		sizes != NULL ? short_cycle(s, &product, mask, component, sizes) : 0;
	for (size_t i = 0; i < length; i++)
		s->path[i] %= n;
	if (length > 0) {
		struct cycle *cycle =
			keep_cycle(s, variant->g_nonadjacent, s->path, length, mask);
		if (cycle != NULL && variant == &plain && is_long_fork(cycle))
			keep_cycle(s, ANOMALY_LONG_FORK, s->path, length, mask);
	}
	free(sizes);
	free(component);
	graph_release(&product);
}

/* The classes from gross to subtle. A subtler class is searched for its own sake only
 * when it needs an edge that the grosser one has not. */
static void
search_cycles(struct search *s, const struct variant *variant)
{
	unsigned all = EDGE_ALL_DATA | variant->extra;

	if (!may_go_on(s, 0))
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

/* ---- real time ------------------------------------------------------------------------
 */

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
	size_t anti = count_kind(cycle, EDGE_RW), adjacent = 0;

	for (size_t i = 0; i + 1 < cycle->kinds.count; i++)
		adjacent += cycle->kinds.items[i] == EDGE_RW &&
			    cycle->kinds.items[i + 1] == EDGE_RW;
	if (anti == 0)
		return count_kind(cycle, EDGE_WR) == 0 ? realtime.g0 : realtime.g1c;
	if (anti == 1)
		return realtime.g_single;
	return adjacent > 0 ? realtime.g2 : realtime.g_nonadjacent;
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
	struct cycle *cycle = keep_cycle(s, realtime.g2, s->path, count, timed->mask);
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

	if (!may_go_on(s, product_bytes(&s->d->graph)))
		return false;
	uint32_t *times = mem_new((size_t)6 * n, sizeof(*times));
	make_product(&s->d->graph, EDGE_ALL_DATA, &product);
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
	const uint64_t broken = anomaly_bit(process.g0) | anomaly_bit(process.g1c) |
				anomaly_bit(process.g_single) |
				anomaly_bit(process.g_nonadjacent) |
				anomaly_bit(process.g2);

	timed->mask = EDGE_ALL_DATA | EDGE_PROCESS;
	if ((s->out->found & broken) == 0)
		search_realtime(s, timed);
}

static void
search_realtimes(struct search *s)
{
	const uint64_t below = anomaly_bit(ANOMALY_G0) | anomaly_bit(ANOMALY_G1C) |
			       anomaly_bit(ANOMALY_G_SINGLE) |
			       anomaly_bit(ANOMALY_G_NONADJACENT);

	if (!may_go_on(s, 0))
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

static bool
has_no_cycle(struct search *s)
{
	uint32_t *order = mem_new(s->d->graph.node_count, sizeof(*order));
	size_t count;
	bool acyclic =
		graph_order(&s->d->graph, EDGE_ALL_DATA | EDGE_PROCESS, order, &count);

	free(order);
	return acyclic;
}

static uint64_t
cycles_of(const struct variant *variant)
{
	return anomaly_bit(variant->g0) | anomaly_bit(variant->g1c) |
	       anomaly_bit(variant->g_single) | anomaly_bit(variant->g_nonadjacent) |
	       anomaly_bit(variant->g2);
}

/* One write of b is seen by a, another is missed: b -wr-> a -rw-> b. The shortest
 * G-single, so that a search of all edges for it is one pass. */
static void
search_fractured(struct search *s)
{
	const struct graph *graph = &s->d->graph;

	for (uint32_t a = 0; a < graph->node_count; a++)
		for (size_t e = graph->starts[a]; e < graph->starts[a + 1]; e++) {
			uint32_t b = graph->targets[e];
			if (graph->kinds[e] != EDGE_RW ||
			    (graph_kinds(graph, b, a) & EDGE_WR) == 0)
				continue;
			struct cycle *cycle =
				keep_cycle(s, ANOMALY_FRACTURED_READ, (uint32_t[]){a, b},
					   2, EDGE_WR | EDGE_RW);
			cycle->kinds.items[0] = EDGE_RW;
			cycle->kinds.items[1] = EDGE_WR;
			return;
		}
}

/* Where no strictly serial order of all is: what stands against one. */
static void
search_all(struct search *s)
{
	s->component = mem_new(s->d->graph.node_count, sizeof(*s->component));
	if (!has_no_cycle(s)) {
		search_cycles(s, &plain);
		if (!is_found(s, ANOMALY_G0) && !is_found(s, ANOMALY_G1C))
			search_cycles(s, &process);
	}
	search_realtimes(s);
	if (is_found(s, ANOMALY_G_SINGLE) && !is_found(s, ANOMALY_FRACTURED_READ))
		search_fractured(s);
	free(s->component);
}

/* What the search leaves undecided: all that is subtler when the budget ended it; what
 * hangs on the order of writes that nobody read, unless a stronger level holds; and, next
 * to a G-single, how weak the level is that it breaks. */
static void
leave_open(struct search *s)
{
	static const struct variant *const variants[] = {&plain, &process, &realtime};
	struct isolation *out = s->out;

	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		if (s->is_over || (s->d->writes_unordered &&
				   (out->found & cycles_of(variants[i])) != 0))
			out->open |= cycles_of(variants[i]);
	out->why_open = s->is_over
				? "the budget ended the search for subtler cycles"
				: "some writes were never read and have no known order";
	if (is_found(s, ANOMALY_G_SINGLE))
		out->open |= anomaly_bit(ANOMALY_FRACTURED_READ) |
			     anomaly_bit(ANOMALY_NON_MONOTONIC_VIEW);
	if (is_found(s, ANOMALY_G_SINGLE) || is_found(s, ANOMALY_G_SINGLE_PROCESS))
		out->open |= anomaly_bit(ANOMALY_FRACTURED_PROCESS) |
			     anomaly_bit(ANOMALY_NON_MONOTONIC_PROCESS) |
			     anomaly_bit(ANOMALY_CAUSALITY);
	if (!s->is_over && !s->d->writes_unordered)
		out->why_open = "which of the levels below consistent view is broken is "
				"not decided for lists";
	out->open &= ~out->found;
}

void
isolation_search(const struct dependencies *d, const struct budget *budget,
		 struct isolation *isolation)
{
	struct search s = {.d = d, .budget = budget, .out = isolation};

	*isolation = (struct isolation){0};
	vec_each (const struct finding, finding, &d->findings)
		isolation->found |= anomaly_bit(finding->anomaly);
	if (may_go_on(&s, 0))
		isolation->strict = strict_order(d);
	if (isolation->strict == NULL)
		search_all(&s);
	leave_open(&s);
}

void
isolation_release(struct isolation *isolation)
{
	vec_each (struct cycle, cycle, &isolation->cycles) {
		vec_release(&cycle->txns);
		vec_release(&cycle->kinds);
	}
	vec_release(&isolation->cycles);
	free(isolation->strict);
	free(isolation->allowed);
}
