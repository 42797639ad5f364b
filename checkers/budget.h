/* budget.h - what checkers with arrays say of a budget: whether they fit, and that time is
 * over. Their memory is known beforehand: so many bytes an operation. PURE. */
#ifndef CHECKERS_BUDGET_H
#define CHECKERS_BUDGET_H

#include "checkers/checker.h"

#define BUDGET_TIME_IS_OVER "the budget of time is used up"

enum {
	BUDGET_STRIDE = 1024 /* steps of a loop between two looks at the time */
};

/* False, with the reason, when `count` things of so many bytes do not fit. */
bool budget_has_room(const struct budget *budget, size_t count, size_t bytes_each,
		     struct err *err);

/* In step i of a loop: the time is over. */
static inline bool
budget_ends_at(const struct budget *budget, size_t i)
{
	return i % BUDGET_STRIDE == 0 && budget_is_over(budget);
}

#endif
