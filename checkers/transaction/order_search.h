/* order_search.h - what the files of order_choices.h share: the queue of choices, clauses,
 * learning. A literal is 2 * choice + side. */
#ifndef CHECKERS_ORDER_SEARCH_H
#define CHECKERS_ORDER_SEARCH_H

#include "checkers/transaction/order_choices.h"

/* A clause in ->clauses: count, its step in the log, next clause for each of the two
 * watches, literals; the first two literals are the watched ones. */
enum {
	CLAUSE_COUNT = 0,
	CLAUSE_STEP = 1,
	CLAUSE_NEXT = 2,
	CLAUSE_LITERALS = 4
};
#define CLAUSE_NONE UINT32_MAX

static inline uint32_t
current_level(const struct order_solver *s)
{
	return (uint32_t)s->levels.count;
}

static inline bool
is_true(const struct order_solver *s, uint32_t literal)
{
	return s->value[literal / 2] == literal % 2 + 1;
}

static inline bool
is_false(const struct order_solver *s, uint32_t literal)
{
	return s->value[literal / 2] == 2 - literal % 2;
}

static inline uint32_t *
clause_literals(const struct order_solver *s, uint32_t clause)
{
	return &s->clauses.items[clause + CLAUSE_LITERALS];
}

static inline uint32_t
clause_count(const struct order_solver *s, uint32_t clause)
{
	return s->clauses.items[clause + CLAUSE_COUNT];
}

/* ---- order_queue.c: which choice is next ---- */

void order_queue_push(struct order_solver *s, uint32_t choice);

/* The choice took part in a conflict: it comes before all others. */
void order_queue_bump(struct order_solver *s, uint32_t choice);

/* The next choice that is not made, or NODE_NONE. */
uint32_t order_queue_next(struct order_solver *s);

/* All choices, from the front of the present order to its back: what is close together
 * there is decided together, and conflicts stay local. */
void order_queue_fill(struct order_solver *s);

/* ---- order_clauses.c: what follows from choices that were made ---- */

/* Notes whom the cycle that the graph tells is about. */
void order_touch_cycle(struct order_solver *s);

/* Makes a literal true and adds its edges; false when they close a cycle, whose other
 * literals are then added to ->conflict. */
bool order_make(struct order_solver *s, uint32_t literal, uint32_t reason);

/* Takes back what was made above the level. */
void order_go_back(struct order_solver *s, uint32_t level);

/* Keeps the clause: `asserted`, or one of the negations of the literals. The second
 * watch is the literal that was made last. */
uint32_t order_keep_clause(struct order_solver *s, uint32_t asserted,
			   const uint32_t *literals, size_t count);

/* The clause could not be kept: its literals but `except` are added to ->conflict, which
 * holds those of a cycle when `except`, which would follow, closes one. */
void order_conflict_of(struct order_solver *s, uint32_t clause, uint32_t except);

/* Makes what follows; false with ->conflict when it cannot be. */
bool order_propagate(struct order_solver *s);

/* ---- order_learn.c ---- */

/* Learns from ->conflict and goes on behind it; false when there is nothing to choose
 * that could avoid it. */
bool order_learn(struct order_solver *s);

/* Into the log: a clause that says no more than the cycle met last, if there is a log; a
 * literal that was made true by its reason, if that was on the lowest level. */
void order_log_lemma(struct order_solver *s, uint32_t clause);
void order_log_fact(struct order_solver *s, uint32_t literal, uint32_t reason);

#endif
