#include "checkers/transaction/rw_weak.h"

#include "checkers/transaction/rw_weak_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
	CYCLE_MAX = 4096,
	CYCLE_STARTS_MAX = 32
};

/* ---- violations -----------------------------------------------------------------------
 */

void
rw_weak_graph(const struct weak *w, struct graph *graph)
{
	uint32_t n = (uint32_t)w->d->txns.of.count, source;

	graph_init(graph, n);
	for (uint32_t t = 0; t < n; t++) {
		if (!w->d->committed[t])
			continue;
		each_access(access, w,
			    t) if (rw_weak_source(access, &source) && source != TXN_NONE)
			graph_add(graph, source, t, EDGE_WR);
		if (w->question->process && rw_weak_previous(w, t) != TXN_NONE)
			graph_add(graph, rw_weak_previous(w, t), t, EDGE_PROCESS);
	}
	vec_each (const struct missed, missed, &w->missed)
		graph_add(graph, missed->missed, missed->read_from, EDGE_ORDER);
	graph_build(graph);
}

static uint8_t
kind_of(unsigned kinds)
{
	return kinds & EDGE_WR	      ? EDGE_WR
	       : kinds & EDGE_PROCESS ? EDGE_PROCESS
				      : EDGE_ORDER;
}

/* A short cycle of the graph: the shortest through one of the first nodes that are on any.
 */
static void
find_cycle(const struct graph *graph, struct cycle *cycle)
{
	uint32_t n = graph->node_count, starts = 0;
	uint32_t *component = mem_new(n, sizeof(*component));
	uint32_t count = graph_components(graph, ~0u, component);
	uint32_t *sizes = mem_new(count, sizeof(*sizes));
	uint32_t *path = mem_new(CYCLE_MAX, sizeof(*path));

	for (uint32_t v = 0; v < n; v++)
		sizes[component[v]]++;
	for (uint32_t v = 0; v < n && starts < CYCLE_STARTS_MAX; v++) {
		if (sizes[component[v]] < 2)
			continue;
		starts++;
		size_t best = cycle->txns.count > 0 ? cycle->txns.count : CYCLE_MAX;
		size_t length =
			graph_path(graph, ~0u, v, v, component, component[v], path, best);
		if (length == 0)
			continue;
		vec_clear(&cycle->txns);
		for (size_t i = 0; i + 1 < length; i++)
			vec_push(&cycle->txns, path[i]);
	}
	for (size_t i = 0; i < cycle->txns.count; i++)
		vec_push(&cycle->kinds,
			 kind_of(graph_kinds(
				 graph, cycle->txns.items[i],
				 cycle->txns.items[(i + 1) % cycle->txns.count])));
	free(path);
	free(sizes);
	free(component);
}

/* Of reads and processes alone: nothing was missed. */
static bool
is_ring(const struct cycle *cycle)
{
	vec_each (uint8_t, kind, &cycle->kinds)
		if (*kind == EDGE_ORDER)
			return false;
	return true;
}

static void
explain_missed(struct weak *w, const struct cycle *cycle)
{
	vec_each (const struct missed, m, &w->missed)
		for (size_t i = 0; i < cycle->txns.count; i++)
			if (cycle->txns.items[i] == m->missed &&
			    cycle->txns.items[(i + 1) % cycle->txns.count] ==
				    m->read_from)
				vec_push(&w->v->reasons,
					 (struct rw_reason){m->missed, m->read_from,
							    m->reader, m->key});
}

static void
keep_cycle(struct weak *w, struct isolation *isolation)
{
	struct cycle cycle = {.anomaly = w->question->anomaly};
	struct graph graph;

	rw_weak_graph(w, &graph);
	find_cycle(&graph, &cycle);
	graph_release(&graph);
	if (cycle.txns.count > 0 && is_ring(&cycle))
		cycle.anomaly = w->question->ring;
	isolation->found |= anomaly_bit(cycle.anomaly);
	if (cycle.txns.count == 0)
		return;
	explain_missed(w, &cycle);
	vec_push(&isolation->cycles, cycle);
}

static void
keep_initial(struct weak *w, struct isolation *isolation)
{
	enum isolation_anomaly anomaly = w->question->anomaly;

	dependencies_find(w->d, anomaly, w->initial.reader, w->initial.missed,
			  w->initial.key, VAL_OF_NIL);
	isolation->found |= anomaly_bit(anomaly);
}

/* ---- what holds -----------------------------------------------------------------------
 */

/* No missed write leads backwards: the order of reads and processes serves as it is. */
static bool
order_serves(const struct weak *w)
{
	vec_each (const struct missed, missed, &w->missed)
		if (w->place[missed->missed] > w->place[missed->read_from])
			return false;
	return true;
}

void
rw_weak_keep_order(const struct weak *w, uint32_t *order, size_t count,
		   struct isolation *isolation)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (w->d->committed[order[i]])
			order[kept++] = order[i];
	free(isolation->allowed);
	isolation->allowed = order;
	isolation->allowed_count = kept;
}

static void
keep_order(struct weak *w, struct isolation *isolation)
{
	uint32_t n = (uint32_t)w->d->txns.of.count;
	size_t count = w->count;
	uint32_t *order = w->order;

	w->order = NULL;
	if (!order_serves(w)) {
		struct graph graph;
		rw_weak_graph(w, &graph);
		order = mem_resize(order, (size_t)n + 1, sizeof(*order));
		graph_order(&graph, ~0u, order, &count);
		graph_release(&graph);
	}
	rw_weak_keep_order(w, order, count, isolation);
}

/* ---- the question ---------------------------------------------------------------------
 */

/* All that was missed, for the shortest circle. When the budget has not enough for that,
 * what mending has found does when it is a violation. */
static void
find_all_missed(struct weak *w, bool is_broken)
{
	size_t known = w->missed.count;
	bool initial_missed = w->initial_missed;
	struct missed initial = w->initial;

	w->initial_missed = false;
	if (w->question->view == WEAK_CAUSAL)
		rw_weak_find_missed_causally(w);
	else if (w->question->view != WEAK_COMMITTED)
		rw_weak_find_missed(w);
	if (w->is_over && is_broken) {
		w->is_over = false;
		w->missed.count = known;
		w->initial_missed = initial_missed;
		w->initial = initial;
	} else if (known > 0) {
		w->missed.count -= known;
		memmove(w->missed.items, w->missed.items + known,
			w->missed.count * sizeof(*w->missed.items));
	}
}

static enum verdict
judge(struct weak *w, struct isolation *isolation)
{
	bool acyclic = rw_weak_place(w);
	if (acyclic && w->question->realtime)
		return rw_weak_judge_time(w, isolation);
	enum mended mended = acyclic ? rw_weak_mend(w) : MENDED_OPEN;

	if (acyclic && mended != MENDED && !w->is_over)
		find_all_missed(w, mended == MENDED_NOT);
	if (w->is_over)
		return VERDICT_UNKNOWN;
	if (!acyclic || (mended != MENDED && !rw_weak_is_acyclic(w))) {
		keep_cycle(w, isolation);
		acyclic = false;
	}
	if (w->initial_missed)
		keep_initial(w, isolation);
	if (!acyclic || w->initial_missed)
		return VERDICT_INVALID;
	keep_order(w, isolation);
	return VERDICT_VALID;
}

enum verdict
rw_weak_judge(struct dependencies *d, const struct weak_question *question,
	      const struct budget *budget, struct isolation *isolation)
{
	struct weak w = {
		.d = d, .v = d->type_state, .question = question, .budget = budget};

	w.has_every = w.v->reads_again && question->view <= WEAK_MONOTONIC;
	if (w.has_every)
		rw_register_swap_reads(d);
	rw_weak_init(&w);
	enum verdict verdict = judge(&w, isolation);
	rw_weak_release(&w);
	if (w.has_every)
		rw_register_swap_reads(d);
	return verdict;
}
