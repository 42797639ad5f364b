/* order_log.h - what a search over choices found, step by step, so that somebody else can
 * check it: each step is a clause and what it follows from. PURE. */
#ifndef CHECKERS_ORDER_LOG_H
#define CHECKERS_ORDER_LOG_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* When all literals of the clause are false, the clauses of the hints make one literal
 * after the other true, until none is left to one of them, or until the edges of what is
 * true close the cycle of nodes. The search ended when a clause is empty. */
struct order_step {
	const uint32_t *literals, *hints, *nodes;
	size_t literal_count, hint_count, node_count;
};

struct order_log {
	VEC(uint32_t) words;
	VEC(size_t) steps; /* where each begins */
	size_t words_max;
	bool is_over; /* there was no room for all */
};

/* Appends a step and returns its number. */
uint32_t order_log_add(struct order_log *log, const struct order_step *step);

struct order_step order_log_step(const struct order_log *log, size_t number);

/* By step: whether the last one follows from it. The caller frees it. */
bool *order_log_needed(const struct order_log *log);

void order_log_release(struct order_log *log);

#endif
