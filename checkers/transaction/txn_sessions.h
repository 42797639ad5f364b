/* txn_sessions.h - where sessions of transactions end: with a transaction of unknown outcome,
 * as in Jepsen. Nobody waits for it any more, so that it may take effect behind what its
 * process does next; that is another session (as in checkers/weak/weak.h). PURE. */
#ifndef CHECKERS_TXN_SESSIONS_H
#define CHECKERS_TXN_SESSIONS_H

#include "base/history.h"

/* The history itself where nobody went on behind a transaction of unknown outcome; else the
 * copy `split`, in which each session is a process of its own: the first one keeps its
 * number, later ones get numbers that no process has. Operations keep their indexes, and
 * the pool begins with the same values. The caller releases `split` in both cases. O(n),
 * without a look at the processes where every outcome is known. */
const struct history *txn_sessions_of(const struct history *history,
				      struct history *split);

#endif
