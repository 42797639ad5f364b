/* causal_past.h - what a transaction depends on, for the certificates: what it read and
 * what its process did before, and so on backwards. PURE; O(operations). */
#ifndef CHECKERS_CAUSAL_PAST_H
#define CHECKERS_CAUSAL_PAST_H

#include "base/history.h"

/* Whether operation `seen` is in the causal past of operation `reader`. */
bool causal_past_has(const struct history *history, uint32_t reader, uint32_t seen);

#endif
