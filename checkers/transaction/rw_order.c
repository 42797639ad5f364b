#include "checkers/transaction/rw_order.h"

#include "checkers/budget.h"
#include "checkers/sort.h"
#include "checkers/transaction/rw_windows.h"

#include <stdlib.h>

/* Memory of a choice in the solver, about; what is beyond the budget is not begun. */
enum {
	CHOICE_BYTES = 96
};

/* Chains that bite their tails have no first version: each of their transactions would
 * have read, directly or not, what it wrote itself. */
static bool
find_rings(const struct build *b, struct rw_answer *answer)
{
	for (uint32_t i = 0; i < b->count; i++) {
		bool in_ring = false;
		each_access(access, b, b->txns[i]) in_ring |=
			access->written != VERSION_NONE &&
			b->notes->segment_of[access->written] == 0;
		if (in_ring)
			vec_push(&answer->core, b->txns[i]);
	}
	if (answer->core.count == 0)
		return false;
	answer->verdict = VERDICT_INVALID;
	if (is_proving(b))
		rw_order_prove_ring(b, answer);
	return true;
}

static void
take_order(const struct build *b, const struct acyclic *graph, struct rw_answer *answer)
{
	uint32_t nodes = b->count * layers(b);
	uint64_t *words = mem_new(nodes, sizeof(*words));

	for (uint32_t node = 0; node < nodes; node++)
		words[node] = (uint64_t)graph->place[node] << 32 | node;
	sort_words(words, nodes);
	for (uint32_t i = 0; i < nodes; i++)
		vec_push(&answer->order, b->txns[(uint32_t)words[i] % b->count]);
	free(words);
}

/* The transactions of the proof: those on cycles, and all that wrote or read the chains
 * whose order mattered, as far as the chains are short. */
static void
take_core(const struct build *b, const bool *touched, struct rw_answer *answer)
{
	uint32_t last_layer = b->count * (layers(b) - 1);
	bool *segments = mem_new(b->segments.count, sizeof(*segments));
	bool *taken = mem_new(b->count, sizeof(*taken));

	for (size_t s = 0; s < b->segments.count; s++)
		segments[s] = touched[b->segments.items[s].after];
	for (uint32_t i = 0; i < b->count; i++) {
		bool on_cycle = touched[i] || touched[i + last_layer];
		taken[i] |= on_cycle;
		each_access(access, b, b->txns[i])
		{
			if (access->written != VERSION_NONE &&
			    segments[b->notes->segment_of[access->written] - 1])
				taken[i] = true;
			if (on_cycle && reads_listed(b, access) &&
			    access->read >= b->d->txns.keys.count)
				taken[b->notes->index[b->v->of.items[access->read]
							      .writer] -
				      1] = true;
		}
	}
	for (uint32_t i = 0; i < b->count; i++)
		if (taken[i])
			vec_push(&answer->core, b->txns[i]);
	free(taken);
	free(segments);
}

/* A cycle of what is certain. */
static void
take_fixed_cycle(const struct build *b, const struct acyclic *graph,
		 struct rw_answer *answer)
{
	bool *touched = mem_new(graph->node_count, sizeof(*touched));

	vec_each (uint32_t, node, &graph->cycle)
		touched[*node] = true;
	answer->verdict = VERDICT_INVALID;
	if (b->log != NULL)
		rw_order_core_of_cycle(b, graph->cycle.items, graph->cycle.count, answer);
	else
		take_core(b, touched, answer);
	if (is_proving(b))
		rw_order_prove_cycle(b, graph->cycle.items, graph->cycle.count, answer);
	free(touched);
}

/* Where some choices are left out at first, those that the order found does not respect are
 * told, and it is mended, until it respects all. */
static enum verdict
mend_order(struct build *b, struct order_solver *solver)
{
	enum verdict verdict = order_solve(solver);

	while (verdict == VERDICT_VALID && is_lazy(b) &&
	       rw_order_add_overlaps(b, solver)) {
		if (solver->choices.count > b->choices_max)
			return VERDICT_UNKNOWN;
		verdict = order_solve(solver);
	}
	return verdict;
}

static void
search(struct build *b, struct acyclic *graph, const struct budget *budget,
       struct rw_answer *answer)
{
	struct order_solver solver;

	order_solver_init(&solver, graph, budget);
	solver.conflicts_max = b->conflicts_max;
	solver.log = b->log;
	vec_each (const struct order_choice, choice, &b->choices)
		order_solver_add(&solver, choice);
	vec_release(&b->choices);
	answer->verdict = b->question->parallel ? rw_order_settle_views(b, &solver)
						: mend_order(b, &solver);
	answer->choices = solver.choices.count;
	answer->conflicts = solver.conflicts;
	answer->reason = "the budget ended the search for an order of the writes";
	if (answer->verdict == VERDICT_VALID)
		take_order(b, graph, answer);
	if (answer->verdict == VERDICT_INVALID && b->log != NULL)
		rw_order_core_of_search(b, &solver, answer);
	else if (answer->verdict == VERDICT_INVALID)
		take_core(b, solver.touched, answer);
	if (answer->verdict == VERDICT_INVALID && is_proving(b))
		rw_order_prove_search(b, &solver, answer);
	order_solver_release(&solver);
}

static void
solve(struct build *b, const struct budget *budget, struct rw_answer *answer)
{
	struct acyclic graph;

	if (acyclic_init(&graph, (uint32_t)b->hints.count, b->arcs.items, b->arcs.count,
			 b->hints.items))
		search(b, &graph, budget, answer);
	else
		take_fixed_cycle(b, &graph, answer);
	acyclic_release(&graph);
}

static void
take_notes(struct build *b)
{
	struct rw_notes *notes = &b->v->notes;

	if (notes->index == NULL) {
		size_t versions = b->v->of.count;
		notes->index = mem_new(b->d->txns.of.count, sizeof(*notes->index));
		notes->successor = mem_new(versions, sizeof(*notes->successor));
		notes->segment_of = mem_new(versions, sizeof(*notes->segment_of));
		notes->has_before = mem_new(versions, sizeof(*notes->has_before));
	}
	b->notes = notes;
}

static void
clean_version(struct rw_notes *notes, uint32_t version)
{
	if (version == VERSION_NONE)
		return;
	notes->successor[version] = 0;
	notes->segment_of[version] = 0;
	notes->has_before[version] = false;
}

static void
clean_notes(struct build *b)
{
	for (uint32_t i = 0; i < b->count; i++) {
		b->notes->index[b->txns[i]] = 0;
		each_access(access, b, b->txns[i])
		{
			clean_version(b->notes, access->key);
			clean_version(b->notes, access->read);
			clean_version(b->notes, access->written);
		}
	}
}

/* Where there are many, what the search needs takes long to lay out. */
static bool
is_too_late(const struct build *b, const struct budget *budget)
{
	return b->count > BUDGET_STRIDE && budget_is_over(budget);
}

static void
find(struct build *b, const struct budget *budget, struct rw_answer *answer)
{
	struct windows windows = {0};

	*answer = (struct rw_answer){.verdict = VERDICT_UNKNOWN,
				     .reason = BUDGET_TIME_IS_OVER};
	if (is_too_late(b, budget))
		return;
	b->windows = &windows;
	take_notes(b);
	b->end = mem_new(b->count, sizeof(*b->end));
	b->bounded_by = mem_new(b->count, sizeof(*b->bounded_by));
	rw_order_find_chains(b);
	if (!find_rings(b, answer) && !is_too_late(b, budget) &&
	    (!b->saturates || rw_order_saturate(b, budget, answer))) {
		rw_order_add_edges(b);
		rw_order_add_choices(b);
		answer->reason =
			"too many writes of one key have no known order for the memory";
		if (!b->is_over)
			solve(b, budget, answer);
	}
	clean_notes(b);
	rw_order_release_windows(&windows);
	free(b->end);
	free(b->bounded_by);
	vec_release(&b->key_starts);
	vec_release(&b->segments);
	vec_release(&b->arcs);
	vec_release(&b->choices);
	vec_release(&b->hints);
}

/* Ways to look for an order that need not keep real time. With time kept, only VALID is
 * an answer, but one that comes soon when there is an order near it; with time as a guide
 * it is soon seen when there is none, if many transactions meet at each key, and little else
 * if few do. What no order near the time tells is saturated, which takes a second or two and
 * saves most of the search. The last one is complete, and so is the one for few
 * transactions. */
static const struct way {
	enum use_of_time time;
	uint32_t slack;
	bool saturates; /* where snapshots are not asked for */
	uint64_t conflicts_max;
	enum {
		ANY_KEYS,
		FEW_KEYS,
		MANY_KEYS
	} keys; /* beside the transactions */
} ways[] = {
	{TIME_KEPT, 0, false, UINT64_MAX, ANY_KEYS},
	{TIME_KEPT, 64, false, 10000, ANY_KEYS},
	{TIME_GUIDES, 0, false, 200, FEW_KEYS},
	{TIME_KEPT, 512, false, 20000, ANY_KEYS},
	{TIME_KEPT, 4096, false, 5000, ANY_KEYS},
	{TIME_GUIDES, 0, false, 200, MANY_KEYS},
	{TIME_NONE, 0, true, 200000, ANY_KEYS},
	{TIME_KEPT, 4096, false, 100000, ANY_KEYS},
	{TIME_GUIDES, 0, false, UINT64_MAX, ANY_KEYS},
};
static const struct way way_for_few = {TIME_NONE, 0, true, UINT64_MAX, ANY_KEYS};

enum {
	CONFLICTS_BRIEF = 20000,
	PROOF_CONFLICTS_MAX = 1000000,
	WAYS = sizeof(ways) / sizeof(ways[0]),
	FEW_TXNS = 64,	     /* so few are asked for completely at once */
	FEW_BRIEFLY = 4000,  /* and so few with little patience */
	MANY_AT_A_KEY = 500, /* transactions */
};

static struct build
build_of(const struct dependencies *d, const struct rw_question *question,
	 const struct way *way, const struct budget *budget)
{
	size_t bytes = budget->bytes_max != 0 ? budget->bytes_max : BUDGET_BYTES_DEFAULT;

	return (struct build){.d = d,
			      .v = d->type_state,
			      .question = question,
			      .time = way->time,
			      .slack = way->slack,
			      .saturates = way->saturates && !question->snapshot &&
					   !question->parallel,
			      .conflicts_max = way->conflicts_max,
			      .choices_max = bytes / 2 / CHOICE_BYTES};
}

/* One way; true when its answer is one. */
static bool
is_found_by(const struct way *way, struct build *b, const struct budget *budget,
	    struct rw_answer *answer)
{
	struct order_log log = {.words_max = b->choices_max};

	b->log = way->saturates && !b->question->parallel ? &log : NULL;
	find(b, budget, answer);
	order_log_release(&log);
	return answer->verdict == VERDICT_VALID || b->question->realtime ||
	       (answer->verdict == VERDICT_INVALID && way->time != TIME_KEPT);
}

/* It pays nothing for such a question. */
static bool
is_left_out(const struct way *way, const struct dependencies *d, uint32_t count,
	    const struct rw_question *question)
{
	bool few_keys = count / MANY_AT_A_KEY > d->txns.keys.count;

	return (way->saturates && question->snapshot) ||
	       way->keys == (few_keys ? MANY_KEYS : FEW_KEYS);
}

static void
ask(const struct dependencies *d, const uint32_t *txns, uint32_t count,
    const struct rw_question *question, const struct budget *budget, bool briefly,
    struct rw_answer *answer)
{
	uint32_t few = briefly && !question->snapshot ? FEW_BRIEFLY : FEW_TXNS;
	bool is_few = question->parallel || (!question->realtime && count <= few);
	bool is_last = false;

	for (size_t i = 0; !is_last; i++) {
		const struct way *way = is_few ? &way_for_few : &ways[i];
		struct build b = build_of(d, question, way, budget);
		b.txns = txns;
		b.count = count;
		if (briefly && count > FEW_TXNS && !question->realtime &&
		    b.conflicts_max > CONFLICTS_BRIEF)
			b.conflicts_max = CONFLICTS_BRIEF;
		is_last = is_few || i + 1 == WAYS || (briefly && b.saturates);
		if (!is_few && is_left_out(way, d, count, question))
			continue;
		if (is_found_by(way, &b, budget, answer) || is_last ||
		    budget_is_over(budget))
			return;
		rw_answer_release(answer);
	}
}

void
rw_order_find(const struct dependencies *d, const uint32_t *txns, uint32_t count,
	      const struct rw_question *question, const struct budget *budget,
	      struct rw_answer *answer)
{
	ask(d, txns, count, question, budget, false, answer);
}

void
rw_order_try(const struct dependencies *d, const uint32_t *txns, uint32_t count,
	     const struct rw_question *question, const struct budget *budget,
	     struct rw_answer *answer)
{
	ask(d, txns, count, question, budget, true, answer);
}

void
rw_order_prove(const struct dependencies *d, const uint32_t *txns, uint32_t count,
	       const struct rw_question *question, const struct budget *budget,
	       struct rw_answer *answer)
{
	const struct way way = {question->realtime ? TIME_KEPT : TIME_NONE, 0, false,
				PROOF_CONFLICTS_MAX, ANY_KEYS};
	struct build b = build_of(d, question, &way, budget);
	size_t bytes = budget->bytes_max != 0 ? budget->bytes_max : BUDGET_BYTES_DEFAULT;
	struct order_log log = {.words_max = bytes / 8 / sizeof(uint32_t)};

	b.txns = txns;
	b.count = count;
	b.log = &log;
	find(&b, budget, answer);
	if (answer->conflicts > PROOF_CONFLICTS_MAX)
		answer->reason = "a million conflicts did not suffice for a proof";
	if (log.is_over)
		answer->reason = "the proof needs more memory than the budget";
	order_log_release(&log);
}

void
rw_answer_release(struct rw_answer *answer)
{
	vec_release(&answer->order);
	vec_release(&answer->core);
	vec_release(&answer->proof);
}
