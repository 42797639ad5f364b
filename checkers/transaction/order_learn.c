/* order_learn.c - what a conflict teaches. */
#include "checkers/transaction/order_search.h"

#include "base/assert.h"

/* A jump back over more levels than this is not made: they are unrelated choices of other
 * times, which would only be made again (Nadel and Ryvchin, "Chronological backtracking",
 * SAT 2018). */
enum {
	JUMP_LEVELS_MAX = 100
};

/* ---- the log --------------------------------------------------------------------------
 */

static uint32_t
log_step(struct order_solver *s, const uint32_t *literals, size_t count, bool by_cycle)
{
	return order_log_add(
		s->log,
		&(struct order_step){.literals = literals,
				     .literal_count = count,
				     .hints = s->hints.items,
				     .hint_count = s->hints.count,
				     .nodes = s->graph->cycle.items,
				     .node_count = by_cycle ? s->graph->cycle.count : 0});
}

void
order_log_lemma(struct order_solver *s, uint32_t clause)
{
	if (s->log == NULL)
		return;
	vec_clear(&s->hints);
	s->clauses.items[clause + CLAUSE_STEP] =
		log_step(s, clause_literals(s, clause), clause_count(s, clause), true);
}

void
order_log_fact(struct order_solver *s, uint32_t literal, uint32_t reason)
{
	if (current_level(s) > 0)
		return;
	const uint32_t *literals = clause_literals(s, reason);
	vec_clear(&s->hints);
	for (uint32_t i = 0; i < clause_count(s, reason); i++)
		if (literals[i] != literal)
			vec_push(&s->hints, s->fact[literals[i] / 2]);
	vec_push(&s->hints, s->clauses.items[reason + CLAUSE_STEP]);
	s->fact[literal / 2] = log_step(s, &literal, 1, false);
}

/* The clauses of which an analysis makes use are collected from the conflict back; what is
 * true on the lowest level is known before. */
static void
add_hint(struct order_solver *s, uint32_t clause)
{
	if (s->log != NULL)
		vec_push(&s->hints, s->clauses.items[clause + CLAUSE_STEP]);
}

static void
begin_hints(struct order_solver *s)
{
	vec_clear(&s->facts);
	vec_clear(&s->hints);
	add_hint(s, s->conflict_of);
}

/* Puts the hints into the order in which they are to be used. */
static void
end_hints(struct order_solver *s)
{
	vec_each (uint32_t, fact, &s->facts)
		vec_push(&s->hints, *fact);
	for (size_t i = 0; i < s->hints.count / 2; i++) {
		uint32_t *a = &s->hints.items[i],
			 *b = &s->hints.items[s->hints.count - 1 - i];
		uint32_t swapped = *a;
		*a = *b;
		*b = swapped;
	}
}

static void
log_learned(struct order_solver *s, uint32_t clause)
{
	if (s->log == NULL)
		return;
	end_hints(s);
	s->clauses.items[clause + CLAUSE_STEP] =
		log_step(s, clause_literals(s, clause), clause_count(s, clause),
			 s->conflict_by_cycle);
}

/* Nothing was chosen, and there is a conflict all the same. */
static void
log_end(struct order_solver *s)
{
	if (s->log == NULL)
		return;
	begin_hints(s);
	vec_each (uint32_t, literal, &s->conflict)
		vec_push(&s->facts, s->fact[*literal / 2]);
	end_hints(s);
	log_step(s, NULL, 0, s->conflict_by_cycle);
}

/* Two clauses of one literal, and it is not the same. */
static void
log_opposites(struct order_solver *s, uint32_t one, uint32_t other)
{
	if (s->log == NULL)
		return;
	vec_clear(&s->hints);
	add_hint(s, one);
	add_hint(s, other);
	log_step(s, NULL, 0, false);
}

/* ---- learning -------------------------------------------------------------------------
 */

static void
mark_seen(struct order_solver *s, uint32_t literal, uint32_t level, size_t *open)
{
	uint32_t choice = literal / 2;

	if (s->level[choice] == 0 && s->log != NULL)
		vec_push(&s->facts, s->fact[choice]);
	if (s->seen[choice] || s->level[choice] == 0)
		return;
	s->seen[choice] = 1;
	order_queue_bump(s, choice);
	if (s->level[choice] == level)
		++*open;
	else
		vec_push(&s->learned, literal);
}

/* From the literals of ->conflict, all true, to the first unique implication point: the
 * one literal of the highest level to which all others of that level lead. The rest is in
 * ->learned. */
static uint32_t
find_uip(struct order_solver *s, uint32_t level)
{
	size_t open = 0, at = s->trail.count;
	uint32_t literal = NODE_NONE;

	vec_clear(&s->learned);
	begin_hints(s);
	vec_each (uint32_t, start, &s->conflict)
		mark_seen(s, *start, level, &open);
	for (;;) {
		do
			literal = s->trail.items[--at].literal;
		while (!s->seen[literal / 2] || s->level[literal / 2] != level);
		if (--open == 0)
			break;
		uint32_t clause = s->reason[literal / 2];
		ASSERT(clause != CLAUSE_NONE);
		add_hint(s, clause);
		const uint32_t *literals = clause_literals(s, clause);
		for (uint32_t i = 0; i < clause_count(s, clause); i++)
			if (literals[i] != literal)
				mark_seen(s, literals[i] ^ 1, level, &open);
		s->seen[literal / 2] = 0;
	}
	s->seen[literal / 2] = 0;
	vec_each (uint32_t, other, &s->learned)
		s->seen[*other / 2] = 0;
	return literal;
}

static uint32_t
highest_level(const struct order_solver *s, const uint32_t *literals, size_t count)
{
	uint32_t highest = 0;

	for (size_t i = 0; i < count; i++)
		if (s->level[literals[i] / 2] > highest)
			highest = s->level[literals[i] / 2];
	return highest;
}

/* The literal is true whatever else is chosen; false when its opposite is too. The clause
 * has no watches: it is looked up when the choice is made. */
static bool
keep_unit(struct order_solver *s, uint32_t literal, uint32_t clause)
{
	uint32_t *unit = &s->unit[literal / 2];

	if (*unit != 0 && clause_literals(s, *unit - 1)[0] != literal) {
		log_opposites(s, *unit - 1, clause);
		return false;
	}
	*unit = clause + 1;
	return true;
}

bool
order_learn(struct order_solver *s)
{
	for (;;) {
		uint32_t level = highest_level(s, s->conflict.items, s->conflict.count);
		s->conflicts++;
		if (level == 0) {
			log_end(s);
			return false;
		}
		uint32_t uip = find_uip(s, level);
		uint32_t back = highest_level(s, s->learned.items, s->learned.count);
		order_go_back(s, level - 1 - back > JUMP_LEVELS_MAX ? level - 1 : back);
		uint32_t clause =
			order_keep_clause(s, uip ^ 1, s->learned.items, s->learned.count);
		log_learned(s, clause);
		if (s->learned.count == 0 && !keep_unit(s, uip ^ 1, clause))
			return false;
		vec_clear(&s->conflict);
		if (order_make(s, uip ^ 1, clause))
			return true;
		order_conflict_of(s, clause, uip ^ 1);
	}
}

/* ---- what others know -----------------------------------------------------------------
 */

bool
order_solver_refute(struct order_solver *s, const uint32_t *literals, size_t count)
{
	size_t latest = 0;

	order_touch_cycle(s);
	vec_clear(&s->hints);
	if (count == 0 && s->log != NULL)
		log_step(s, NULL, 0, true);
	if (count == 0)
		return false;
	vec_clear(&s->learned);
	for (size_t i = 0; i < count; i++)
		latest = s->level[literals[i] / 2] > s->level[literals[latest] / 2]
				 ? i
				 : latest;
	for (size_t i = 0; i < count; i++)
		if (i != latest)
			vec_push(&s->learned, literals[i]);
	uint32_t clause = order_keep_clause(s, literals[latest] ^ 1, s->learned.items,
					    s->learned.count);
	order_log_lemma(s, clause);
	vec_clear(&s->conflict);
	order_conflict_of(s, clause, NODE_NONE);
	return order_learn(s);
}
