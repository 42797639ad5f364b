#include "checkers/transaction/list_append_unread.h"

#include "checkers/sort.h"
#include "checkers/transaction/list_append_lists.h"
#include "checkers/transaction/txn_orders.h"

#include <stdlib.h>

/* One after the other, as they commit. */
static void
add_chain(const struct list *list, const uint32_t *commit, struct graph *graph)
{
	uint64_t *words = mem_new(list->unread.count + 1, sizeof(*words));

	for (size_t i = 0; i < list->unread.count; i++) {
		uint32_t t = list->unread.items[i];
		words[i] = (uint64_t)commit[t] << 32 | t;
	}
	sort_words(words, list->unread.count);
	for (size_t i = 1; i < list->unread.count; i++)
		graph_add(graph, (uint32_t)words[i - 1], (uint32_t)words[i], EDGE_WW);
	free(words);
}

static void
copy_edges(const struct graph *from, struct graph *to)
{
	graph_init(to, from->node_count);
	for (uint32_t v = 0; v < from->node_count; v++)
		for (size_t e = from->starts[v]; e < from->starts[v + 1]; e++)
			for (unsigned kind = EDGE_WW; kind <= EDGE_PROCESS; kind <<= 1)
				if (from->kinds[e] & kind)
					graph_add(to, v, from->targets[e],
						  (enum edge_kind)kind);
}

/* What an order of the transactions respects besides reads and writes. */
struct demand {
	bool snapshots, process, realtime;
};

/* Where each transaction commits in such an order. */
static bool
find_commits(const struct dependencies *d, const struct demand *demand, uint32_t *commit)
{
	uint32_t n = d->graph.node_count, skipped = demand->snapshots ? n : 0;
	uint32_t *nodes = mem_new(2 * (size_t)n + 1, sizeof(*nodes));
	unsigned mask = EDGE_DEPENDENCY | (demand->process ? EDGE_PROCESS : 0);
	bool ok = demand->snapshots ? txn_orders_snapshots(d, demand->process,
							   demand->realtime, nodes)
				    : txn_orders_nodes(&d->graph, mask,
						       demand->realtime ? d->begin : NULL,
						       d->end, nodes);

	for (uint32_t i = 0; ok && i < n + skipped; i++)
		if (nodes[i] >= skipped)
			commit[nodes[i] - skipped] = i;
	free(nodes);
	return ok;
}

static bool
make_graph(const struct dependencies *d, const struct lists *lists,
	   const struct demand *demand, struct graph *ordered)
{
	uint32_t *commit = mem_new((size_t)d->graph.node_count + 1, sizeof(*commit));
	bool ok = find_commits(d, demand, commit);

	if (ok) {
		copy_edges(&d->graph, ordered);
		for (uint32_t key = 0; key < d->txns.keys.count; key++)
			add_chain(&lists->of[key], commit, ordered);
		graph_build(ordered);
	}
	free(commit);
	return ok;
}

/* Whether nothing is found in that order that was not found without it. */
static bool
adds_nothing(const struct dependencies *d, const struct graph *ordered,
	     const struct budget *budget, struct isolation *isolation)
{
	struct dependencies with_order = *d;
	struct isolation again;

	with_order.graph = *ordered;
	with_order.writes_unordered = false;
	isolation_search(&with_order, budget, &again);
	bool ok = (again.found & ~isolation->found) == 0;
	if (ok)
		isolation->open &= again.open;
	isolation_release(&again);
	return ok;
}

bool
list_append_order_unread(struct dependencies *d, const struct budget *budget,
			 struct isolation *isolation, struct graph *ordered)
{
	static const struct demand demands[] = {{true, true, true},
						{true, true, false},
						{true, false, false},
						{false, true, true},
						{false, false, false}};
	struct lists lists = {0};
	bool found = false;
	struct err err;

	if (!d->writes_unordered || isolation->open == 0)
		return false;
	bool ok = list_append_index(d, &lists, &err);
	for (size_t i = 0; ok && !found && i < sizeof(demands) / sizeof(demands[0]) &&
			   !budget_is_over(budget);
	     i++) {
		if (!make_graph(d, &lists, &demands[i], ordered))
			continue;
		found = adds_nothing(d, ordered, budget, isolation);
		if (!found)
			graph_release(ordered);
	}
	list_append_release(d, &lists);
	return found;
}
