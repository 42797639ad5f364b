/* txn_sessions.h - where sessions of transactions end: with a transaction of unknown outcome,
 * as in Jepsen. Nobody waits for it any more, so that it may take effect behind what its
 * process does next; that is another session (as in checkers/weak/weak.h). PURE. */
#ifndef CHECKERS_TXN_SESSIONS_H
#define CHECKERS_TXN_SESSIONS_H

#include "base/history.h"

/* Some process went on behind a transaction of unknown outcome. O(n), without a look at the
 * processes where every outcome is known. */
bool txn_sessions_go_on(const struct history *history);

/* A copy, to be released, in which each session is a process of its own: the first one keeps
 * its number, later ones get numbers that no process has. Operations keep their indexes, and
 * the pool begins with the same values. */
void txn_sessions_split(const struct history *history, struct history *split);

#endif
