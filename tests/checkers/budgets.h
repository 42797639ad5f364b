/* budgets.h - what every checker does when its budget is over. */
#ifndef TESTS_CHECKERS_BUDGETS_H
#define TESTS_CHECKERS_BUDGETS_H

#include "checkers/checker.h"

/* Fails the test unless the checker answers unknown and names the budget, first when its
 * time is up, then when it may have only so many bytes. */
void budgets_bind(const struct checker *checker, const struct history *history,
		  struct check_options options, size_t bytes_max);

#endif
