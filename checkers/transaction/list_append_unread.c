#include "checkers/transaction/list_append_unread.h"

#include "checkers/sort.h"
#include "checkers/transaction/list_append_versions.h"
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

/* The graph in which such appends stand as their transactions commit. */
static void
make_graph(const struct dependencies *d, const struct lists *lists,
	   const uint32_t *commit, struct graph *ordered)
{
	copy_edges(&d->graph, ordered);
	for (uint32_t key = 0; key < d->txns.keys.count; key++)
		add_chain(&lists->of[key], commit, ordered);
	graph_build(ordered);
}

/* ---- one order ------------------------------------------------------------------------
 */

static bool
order_snapshots(const struct dependencies *d, const struct rw_question *question,
		uint32_t *commit)
{
	uint32_t n = d->graph.node_count;
	uint32_t *nodes = mem_new(2 * (size_t)n + 1, sizeof(*nodes));
	bool ok = txn_orders_snapshots(d, question->process, question->realtime, nodes);

	for (uint32_t i = 0; ok && i < 2 * n; i++)
		if (nodes[i] >= n)
			commit[nodes[i] - n] = i;
	free(nodes);
	return ok;
}

/* Whether the order of snapshots and commits that there is without regard to such appends
 * leaves one when they stand as it commits: then the graph has that order. */
static bool
try_level(const struct judge *j, const struct lists *lists, const struct order_level *row,
	  struct graph *ordered)
{
	uint32_t *commit = mem_new((size_t)j->d.graph.node_count + 1, sizeof(*commit));
	struct dependencies with_order = j->d;
	bool found = false;

	if (row->question.snapshot && !budget_is_over(&j->options->budget) &&
	    order_snapshots(&j->d, &row->question, commit)) {
		make_graph(&j->d, lists, commit, ordered);
		with_order.graph = *ordered;
		found = order_snapshots(&with_order, &row->question, commit);
		if (!found)
			graph_release(ordered);
	}
	free(commit);
	return found;
}

/* ---- all orders -----------------------------------------------------------------------
 */

static void
take_order(const struct judge *j, const struct lists *lists,
	   const struct rw_answer *answer, struct graph *ordered)
{
	uint32_t *commit = mem_new(j->d.txns.of.count + 1, sizeof(*commit));

	/* A commit stands behind its snapshot. */
	for (size_t i = 0; i < answer->order.count; i++)
		commit[answer->order.items[i]] = (uint32_t)i;
	make_graph(&j->d, lists, commit, ordered);
	free(commit);
}

/* What the search works on is made when it is first needed. */
static void
make_versions(struct judge *j, struct lists *lists)
{
	if (j->d.type_state != NULL)
		return;
	list_append_make_versions(&j->d, lists);
	for (uint32_t t = 0; t < j->d.txns.of.count; t++)
		if (j->d.committed[t])
			vec_push(&j->txns, t);
}

static bool
ask_level(struct judge *j, struct lists *lists, const struct order_level *row,
	  struct graph *ordered)
{
	struct rw_answer answer;

	make_versions(j, lists);
	judge_ask(j, j->txns.items, j->txns.count, &row->question, &answer);
	enum verdict verdict = answer.verdict;
	if (verdict == VERDICT_VALID) {
		take_order(j, lists, &answer, ordered);
	} else if (verdict == VERDICT_INVALID) {
		j->isolation.found |= anomaly_bit(row->anomaly);
		judge_keep_core(j, row, &answer);
	} else {
		j->isolation.why_open = answer.reason;
	}
	rw_answer_release(&answer);
	return verdict == VERDICT_VALID;
}

/* Without regard to such appends, then all orders where that was asked for. Only where
 * nothing is wrong without a cycle: then lists are versions (list_append_versions.h). */
static bool
decide_level(struct judge *j, struct lists *lists, const struct order_level *row,
	     struct graph *ordered)
{
	uint64_t forbids = level_forbids_named(row->level);

	if ((forbids & j->isolation.open) == 0 || (forbids & j->isolation.found) != 0)
		return false;
	bool found = try_level(j, lists, row, ordered) ||
		     ((forbids & ~j->asked) == 0 && ask_level(j, lists, row, ordered));
	if (found)
		j->isolation.open &= ~forbids;
	return found;
}

static bool
decide_levels(struct judge *j, struct lists *lists, struct graph *ordered)
{
	for (size_t i = 0; i < JUDGE_LEVELS; i++)
		if (judge_levels[i].question.snapshot &&
		    decide_level(j, lists, &judge_levels[i], ordered))
			return true;
	return decide_level(j, lists, &judge_parallel_level, ordered);
}

bool
list_append_order_unread(struct judge *j, struct graph *ordered)
{
	struct lists lists = {0};
	struct err err;

	if (!j->d.writes_unordered || j->isolation.open == 0)
		return false;
	bool found = list_append_index(&j->d, &lists, &err) &&
		     decide_levels(j, &lists, ordered);
	list_append_release(&j->d, &lists);
	j->isolation.open &= ~j->isolation.found;
	return found;
}
