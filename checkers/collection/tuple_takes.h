/* tuple_takes.h - which tuples did the takes of unknown outcome take?
 *
 * One pass over time: each miss takes effect at the first instant at which nothing that
 * matches is in but what nobody took, and all of that is paid by takes that had begun
 * (tuple_debts.h). Where it cannot be, the miss waits for the next take. Only misses wait for
 * which there are too few takes, so that an answer may be missed, rarely. Near-linear. */
#ifndef CHECKERS_TUPLE_TAKES_H
#define CHECKERS_TUPLE_TAKES_H

#include "checkers/jepsen/elements.h"

/* Gives tuples to takes of unknown outcome, those given from then on are no longer among
 * them. */
void tuple_takes_give(struct elements *elements);

#endif
