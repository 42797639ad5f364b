/* rw_core.h - few transactions that cannot be ordered, out of many.
 *
 * Chunks are left out (Zeller's ddmin, 2002) until few enough are left to look for the
 * shortest derivation of a cycle among them and those near them (rw_shortest.h). From what it
 * names, one after the other is left out, in several orders, and the smallest rest is kept.
 * Whatever is kept was asked again by itself (rw_order.h). PURE. */
#ifndef CHECKERS_RW_CORE_H
#define CHECKERS_RW_CORE_H

#include "checkers/transaction/rw_order.h"

struct rw_core_search {
	const struct dependencies *d;
	const struct rw_question *question;
	const struct budget *budget;
	const uint32_t *all; /* ascending: those among which a smaller core may be */
	uint32_t all_count;
	int64_t effort_max; /* the transactions of all questions together, about */
};

/* Makes `core` (some of them, ascending, without an order under the question) smaller, until
 * nothing can be left out, or no more may be asked. */
void rw_core_shrink(const struct rw_core_search *search, uint32_t *core, uint32_t *count);

#endif
