#include "checkers/transaction/isolation.h"

#include "checkers/transaction/isolation_search.h"
#include "checkers/transaction/strict_order.h"

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
			struct cycle *cycle = isolation_keep_cycle(
				s, ANOMALY_FRACTURED_READ, (uint32_t[]){a, b}, 2,
				EDGE_WR | EDGE_RW);
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
		isolation_search_cycles(s, &isolation_plain);
		if (!is_found(s, ANOMALY_G0) && !is_found(s, ANOMALY_G1C))
			isolation_search_cycles(s, &isolation_process);
	}
	isolation_search_realtimes(s);
	if (is_found(s, ANOMALY_G_SINGLE) && !is_found(s, ANOMALY_FRACTURED_READ))
		search_fractured(s);
	free(s->component);
}

/* What hangs on the order of writes that nobody read, where cycles of the variant were found.
 * Where writes, or writes and reads of writes, close no cycle they have an order of all,
 * which orders those too. */
static uint64_t
hang_on_order(const struct isolation *out, const struct variant *variant)
{
	uint64_t cycles = cycles_of(variant);

	if ((out->found & cycles) == 0)
		return 0;
	return cycles & ~(anomaly_bit(variant->g0) | anomaly_bit(variant->g1c));
}

/* What the search leaves undecided: all that is subtler when the budget ended it; what
 * hangs on the order of writes that nobody read, unless a stronger level holds; and, next
 * to a G-single, how weak the level is that it breaks (list_append_weak.h decides that). */
static void
leave_open(struct search *s)
{
	static const struct variant *const variants[] = {
		&isolation_plain, &isolation_process, &isolation_realtime};
	struct isolation *out = s->out;

	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		if (s->is_over)
			out->open |= cycles_of(variants[i]);
		else if (s->d->writes_unordered)
			out->open |= hang_on_order(out, variants[i]);
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
	if (is_found(s, ANOMALY_INTERNAL))
		out->open |= anomaly_bit(ANOMALY_NON_MONOTONIC_VIEW) |
			     anomaly_bit(ANOMALY_NON_MONOTONIC_PROCESS);
	if (!s->is_over && !s->d->writes_unordered)
		out->why_open = "the budget ended the search for what readers missed";
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
	if (isolation_may_go_on(&s, 0))
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
