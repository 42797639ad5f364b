/* rw_misses.h - a write that a reader could see and missed is told once. The levels below
 * snapshot isolation each look for misses of their own; one that a weaker level forbids
 * too is a violation of all of them (non-monotonic-view, fractured-read, the same with
 * processes, causality-violation). PURE. */
#ifndef CHECKERS_RW_MISSES_H
#define CHECKERS_RW_MISSES_H

#include "checkers/transaction/isolation.h"

/* Takes out of the result what shows nothing but a miss that stands there under a grosser
 * name, and says of each that is left what else it is. `asked`: what the level forbids, bits
 * of enum isolation_anomaly. */
void rw_misses_tell_once(const struct history *history,
			 const struct check_options *options, uint64_t asked,
			 struct check_result *result);

#endif
