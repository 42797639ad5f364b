/* append_certify.h - proves orders of list-append transactions by running them. Shares
 * nothing with the deciders. PURE; O(elements appended and read). */
#ifndef CHECKERS_APPEND_CERTIFY_H
#define CHECKERS_APPEND_CERTIFY_H

#include "checkers/checker.h"

struct append_claim {
	bool snapshot; /* each stands twice: its snapshot, its commit; else serial */
	bool process;  /* with the order within each process */
	bool realtime; /* with real time */
};

/* Every read shows what is there, every acknowledged transaction is there; of those that
 * run at the same time (under snapshot isolation) no two append to one key. */
bool append_certify_order(const struct history *history, const struct order *order,
			  const struct append_claim *claim, struct err *err);

#endif
