/* lock.h - linearizability of locks, each key a lock of its own, free at first.
 *
 * Operations: acquire, release. Who does it is the input where there is one, else the
 * process. What failed did not happen and says nothing. With options->model
 *	"owner"      (the default) only who holds it may release it
 *	"mutex"      anybody may release it
 *	"reentrant"  who holds it may acquire it again, and releases it as often
 *
 * fenced-lock: acquire returns a token, a number that must be greater than all that were
 * given before ("owner" and "mutex") or since somebody else held it ("reentrant": the same
 * token while it is held). A token of unknown outcome leaves room for one number.
 *
 * Both, and who it is, may also be told in a map (checkers/type/lock_holders.h).
 *
 * Decider: the frontier engine; tokens alone are compared first, in O(n log n).
 *
 *	lock-held-twice        It was acquired while somebody else certainly held it.
 *	                       A acquire ok | B acquire ok
 *	release-without-hold   It was released by one who certainly did not hold it.
 *	                       A acquire ok | A release ok | A release ok
 *	token-not-increasing   A token is not greater than one given before.
 *	                       A acquire 2 | A release | B acquire 1
 *	not-linearizable       No order exists, for another reason. */
#ifndef CHECKERS_LOCK_H
#define CHECKERS_LOCK_H

#include "checkers/engine/model.h"

extern const struct checker checker_lock;
extern const struct checker checker_fenced_lock;

extern const struct model model_lock;
extern const struct model model_fenced_lock;

#endif
