#include "checkers/transaction/order_choices.h"

#include "checkers/transaction/order_search.h"

#include <string.h>

/* ---- the search -----------------------------------------------------------------------
 */

/* The side whose edges the present order already respects, or else the one whose first
 * edge leads less far back. */
static uint32_t
likely_side(const struct order_solver *s, uint32_t choice)
{
	const struct order_choice *of = &s->choices.items[choice];
	const struct arc *a = of->arcs[0], *b = of->arcs[1];
	const uint32_t *place = s->graph->place;
	if (b->from == NODE_NONE)
		return 0;
	int64_t of_a = (int64_t)place[a->to] - place[a->from];
	int64_t of_b = (int64_t)place[b->to] - place[b->from];

	return of_b > of_a;
}

/* Tries the likely side; when a cycle forbids it, that is a reason for the other. */
static bool
decide(struct order_solver *s, uint32_t choice)
{
	uint32_t literal = choice * 2 + likely_side(s, choice);

	s->decisions++;
	vec_clear(&s->conflict);
	if (s->unit[choice] != 0) {
		uint32_t unit = s->unit[choice] - 1, known = clause_literals(s, unit)[0];
		if (order_make(s, known, unit))
			return true;
		order_conflict_of(s, unit, known);
		return false;
	}
	vec_push(&s->levels, s->trail.count);
	if (order_make(s, literal, CLAUSE_NONE))
		return true;
	s->levels.count--;
	uint32_t clause =
		order_keep_clause(s, literal ^ 1, s->conflict.items, s->conflict.count);
	order_log_lemma(s, clause);
	vec_clear(&s->conflict);
	if (order_make(s, literal ^ 1, clause))
		return true;
	order_conflict_of(s, clause, literal ^ 1);
	return false;
}

static void *
grow(void *items, size_t old, size_t count, size_t bytes)
{
	char *grown = mem_resize(items, count, bytes);

	memset(grown + old * bytes, 0, (count - old) * bytes);
	return grown;
}

/* Room in the arrays for the choices that were added; then all are made again, as the
 * present order suggests, so that the new ones are made next to those near them. */
static void
take_choices(struct order_solver *s)
{
	size_t old = s->choice_count, n = s->choices.count;

	if (old == n)
		return;
	s->choice_used = grow(s->choice_used, old, n, sizeof(*s->choice_used));
	s->value = grow(s->value, old, n, sizeof(*s->value));
	s->level = grow(s->level, old, n, sizeof(*s->level));
	s->reason = grow(s->reason, old, n, sizeof(*s->reason));
	s->fact = grow(s->fact, old, n, sizeof(*s->fact));
	s->unit = grow(s->unit, old, n, sizeof(*s->unit));
	s->watches = grow(s->watches, 2 * old, 2 * n, sizeof(*s->watches));
	s->heap = grow(s->heap, old, n, sizeof(*s->heap));
	s->heap_place = grow(s->heap_place, old, n, sizeof(*s->heap_place));
	s->stamp = grow(s->stamp, old, n, sizeof(*s->stamp));
	s->seen = grow(s->seen, old, n, sizeof(*s->seen));
	memset(s->watches + 2 * old, 0xff, 2 * (n - old) * sizeof(*s->watches));
	s->choice_count = (uint32_t)n;
	if (s->keeps_made && old > 0) {
		for (size_t choice = old; choice < n; choice++)
			order_queue_push(s, (uint32_t)choice);
		return;
	}
	order_go_back(s, 0);
	order_queue_fill(s);
}

enum verdict
order_solve(struct order_solver *s)
{
	take_choices(s);
	for (uint64_t turn = 0;; turn++) {
		bool ok = order_propagate(s);
		uint32_t choice = ok ? order_queue_next(s) : NODE_NONE;
		if (ok && choice == NODE_NONE)
			return VERDICT_VALID;
		if (ok && !decide(s, choice)) {
			order_queue_push(s, choice);
			ok = false;
		}
		if (!ok && !order_learn(s))
			return VERDICT_INVALID;
		if (s->conflicts > s->conflicts_max)
			return VERDICT_UNKNOWN;
		if (turn % 256 == 0 &&
		    (budget_is_over(s->budget) ||
		     s->clauses.count * sizeof(uint32_t) > s->bytes_max ||
		     s->clauses.count > UINT32_MAX / 4 ||
		     (s->log != NULL && s->log->is_over)))
			return VERDICT_UNKNOWN;
	}
}

void
order_solver_init(struct order_solver *s, struct acyclic *graph,
		  const struct budget *budget)
{
	size_t bytes = budget->bytes_max != 0 ? budget->bytes_max : BUDGET_BYTES_DEFAULT;

	*s = (struct order_solver){.graph = graph,
				   .budget = budget,
				   .conflicts_max = UINT64_MAX,
				   .bytes_max = bytes / 4};
	s->touched = mem_new(graph->node_count, sizeof(*s->touched));
}

void
order_solver_add(struct order_solver *s, const struct order_choice *choice)
{
	vec_push(&s->choices, *choice);
}

void
order_solver_release(struct order_solver *s)
{
	free(s->touched);
	free(s->choice_used);
	free(s->value);
	free(s->level);
	free(s->reason);
	free(s->fact);
	free(s->unit);
	free(s->watches);
	free(s->heap);
	free(s->heap_place);
	free(s->stamp);
	free(s->seen);
	vec_release(&s->choices);
	vec_release(&s->clauses);
	vec_release(&s->trail);
	vec_release(&s->levels);
	vec_release(&s->conflict);
	vec_release(&s->learned);
	vec_release(&s->facts);
	vec_release(&s->hints);
}
