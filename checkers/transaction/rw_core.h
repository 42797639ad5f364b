/* rw_core.h - the smallest set of transactions that cannot be ordered, found by leaving
 * out what is not needed (Zeller's ddmin, 2002), and told in words. PURE. */
#ifndef CHECKERS_RW_CORE_H
#define CHECKERS_RW_CORE_H

#include "checkers/transaction/rw_order.h"

/* Shrinks `core` (which has no order under the question) until nothing can
 * be left out, or `tries_max` questions were asked. */
void rw_core_shrink(const struct dependencies *d, const struct rw_question *question,
		    const struct budget *budget, int tries_max, uint32_t *core,
		    uint32_t *count);

#endif
