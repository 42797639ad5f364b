/* predicate_replay.h - runs a serial order and asks every predicate again: each predicate
 * read must show exactly what satisfies it then. Shares only the meaning of predicates with
 * the decider. O(steps + predicate reads * keys). PURE. */
#ifndef CHECKERS_PREDICATE_REPLAY_H
#define CHECKERS_PREDICATE_REPLAY_H

#include "checkers/checker.h"

/* False with the first predicate read that shows something else. Item reads are not looked at:
 * rw_certify_order does that. */
bool predicate_replay(const struct history *history, const struct order *order,
		      struct err *err);

#endif
