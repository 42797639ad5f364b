/* owed_takes.h - which elements of a queue, priority queue or bag must takes of unknown
 * outcome have taken, and by when?
 *
 * One pass over time. Each operation takes effect at the first instant that take_asks.h
 * names, and what must be out by then is owed by some take that had begun. When more is
 * owed than takes had begun, one of the operations that first asked for something waits
 * for a take that begins later; the last of them that can is tried first. Nothing else can
 * help: whoever waits asks for no less, so that as long as nobody waits beyond that moment
 * as much is owed at it. Complete, therefore; O(n log n) when few have to wait, bounded
 * work otherwise. */
#ifndef CHECKERS_OWED_TAKES_H
#define CHECKERS_OWED_TAKES_H

#include "checkers/jepsen/elements.h"

/* True: `owed` has elements (new; the caller frees), each to be taken by another take of
 * unknown outcome, the earliest first. False: none are right, or it takes too long to say;
 * `owed` has those up to the moment at which there were too few takes. */
bool owed_takes_find(const struct elements *elements, uint32_t **owed, size_t *count);

#endif
