/* order_clauses.c - what follows from choices that were made. */
#include "checkers/transaction/order_search.h"

/* ---- making choices -------------------------------------------------------------------
 */

void
order_touch_cycle(struct order_solver *s)
{
	vec_each (uint32_t, node, &s->graph->cycle)
		s->touched[*node] = true;
	vec_each (uint32_t, label, &s->graph->labels)
		s->choice_used[*label / 2] = true;
}

/* Notes what the cycle teaches: its choices, which with `literal` cannot stand. */
static void
take_cycle(struct order_solver *s, uint32_t literal)
{
	order_touch_cycle(s);
	s->choice_used[literal / 2] = true;
	vec_each (uint32_t, label, &s->graph->labels)
		if (*label != literal)
			vec_push(&s->conflict, *label);
}

bool
order_make(struct order_solver *s, uint32_t literal, uint32_t reason)
{
	size_t arcs = s->graph->added.count;
	const struct arc *arc = s->choices.items[literal / 2].arcs[literal % 2];

	for (int i = 0; i < 2 && arc[i].from != NODE_NONE; i++)
		if (!acyclic_add(s->graph, arc[i].from, arc[i].to, literal)) {
			acyclic_undo(s->graph, arcs);
			take_cycle(s, literal);
			return false;
		}
	s->value[literal / 2] = (uint8_t)(literal % 2 + 1);
	s->level[literal / 2] = current_level(s);
	s->reason[literal / 2] = reason;
	vec_push(&s->trail, (struct made){.literal = literal, .arcs = arcs});
	if (s->log != NULL)
		order_log_fact(s, literal, reason);
	return true;
}

void
order_go_back(struct order_solver *s, uint32_t level)
{
	if (level >= current_level(s))
		return;
	size_t keep = s->levels.items[level];
	acyclic_undo(s->graph, s->trail.items[keep].arcs);
	while (s->trail.count > keep) {
		uint32_t choice = vec_pop(&s->trail).literal / 2;
		s->value[choice] = 0;
		order_queue_push(s, choice);
	}
	s->levels.count = level;
	s->next = keep;
}

/* ---- clauses --------------------------------------------------------------------------
 */

static void
watch(struct order_solver *s, uint32_t clause, int which)
{
	uint32_t literal = clause_literals(s, clause)[which];

	s->clauses.items[clause + CLAUSE_NEXT + (uint32_t)which] = s->watches[literal];
	s->watches[literal] = clause * 2 + (uint32_t)which;
}

uint32_t
order_keep_clause(struct order_solver *s, uint32_t asserted, const uint32_t *literals,
		  size_t count)
{
	uint32_t clause = (uint32_t)s->clauses.count;
	size_t latest = 0;

	vec_push(&s->clauses, (uint32_t)count + 1);
	vec_push(&s->clauses, 0);
	vec_push(&s->clauses, CLAUSE_NONE);
	vec_push(&s->clauses, CLAUSE_NONE);
	vec_push(&s->clauses, asserted);
	for (size_t i = 0; i < count; i++) {
		vec_push(&s->clauses, literals[i] ^ 1);
		if (s->level[literals[i] / 2] > s->level[literals[latest] / 2])
			latest = i;
	}
	if (count == 0)
		return clause;
	uint32_t *kept = clause_literals(s, clause);
	uint32_t swapped = kept[1];
	kept[1] = kept[1 + latest];
	kept[1 + latest] = swapped;
	watch(s, clause, 0);
	watch(s, clause, 1);
	return clause;
}

void
order_conflict_of(struct order_solver *s, uint32_t clause, uint32_t except)
{
	const uint32_t *literals = clause_literals(s, clause);

	s->conflict_of = clause;
	s->conflict_by_cycle = except != NODE_NONE;
	for (uint32_t i = 0; i < clause_count(s, clause); i++)
		if (literals[i] != except)
			vec_push(&s->conflict, literals[i] ^ 1);
}

/* Looks for another literal to watch; true when one was found. */
static bool
rewatch(struct order_solver *s, uint32_t clause, int which)
{
	uint32_t *literals = clause_literals(s, clause);

	for (uint32_t i = 2; i < clause_count(s, clause); i++)
		if (!is_false(s, literals[i])) {
			uint32_t swapped = literals[which];
			literals[which] = literals[i];
			literals[i] = swapped;
			watch(s, clause, which);
			return true;
		}
	return false;
}

/* Visits the clauses that watch a literal that became false. */
static bool
visit_watches(struct order_solver *s, uint32_t falsified)
{
	uint32_t place = s->watches[falsified], stay = CLAUSE_NONE;
	bool ok = true;

	s->watches[falsified] = CLAUSE_NONE;
	while (place != CLAUSE_NONE) {
		uint32_t clause = place / 2;
		int which = (int)(place % 2);
		uint32_t *link = &s->clauses.items[clause + CLAUSE_NEXT + place % 2];
		uint32_t following = *link, other = clause_literals(s, clause)[1 - which];
		if (!ok || is_true(s, other) || !rewatch(s, clause, which)) {
			*link = stay;
			stay = place;
			if (ok && !is_true(s, other)) {
				ok = !is_false(s, other) && order_make(s, other, clause);
				if (!ok)
					order_conflict_of(s, clause,
							  is_false(s, other) ? NODE_NONE
									     : other);
			}
		}
		place = following;
	}
	/* `make` gives no watches, so nobody has put anything into this list since. */
	s->watches[falsified] = stay;
	return ok;
}

bool
order_propagate(struct order_solver *s)
{
	while (s->next < s->trail.count)
		if (!visit_watches(s, s->trail.items[s->next++].literal ^ 1))
			return false;
	return true;
}
