/* rw_initial.h - registers that begin with another value than nil (options->init), told as
 * if they began with nil: reads of the initial value show nil, and reads of nil, which then
 * say nothing or the same (options->nil_is_unknown), are left out or stay. Operations keep
 * their indexes, and the pool begins with the same values. PURE. */
#ifndef CHECKERS_RW_INITIAL_H
#define CHECKERS_RW_INITIAL_H

#include "checkers/checker.h"

/* An initial value was told. */
bool rw_initial_is_told(const struct check_options *options);

/* False with the reason: somebody writes the initial value as well, so that reads of it do
 * not say what they saw, or there are predicates. The caller releases `retold` in both
 * cases. `inner`: the options for it. */
bool rw_initial_retell(const struct history *history, const struct check_options *options,
		       struct history *retold, struct check_options *inner,
		       struct err *err);

#endif
