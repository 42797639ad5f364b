/* weak_past.h - axioms about the whole past of a transaction, for weak_certify.h. PURE. */
#ifndef CHECKERS_WEAK_PAST_H
#define CHECKERS_WEAK_PAST_H

#include "checkers/checker.h"
#include "checkers/transaction/txn_facts.h"

/* Transactions in an order. */
struct weak_order {
	const struct txn_facts *facts;
	uint32_t *place; /* owned, by transaction: its place from 1; 0: not in it */
	uint32_t *at;	 /* owned, by place - 1: the transaction */
	size_t count;
	uint32_t *process; /* owned, by transaction: the dense number of its process */
	uint32_t processes;
};

/* Nobody misses what is in its causal past: what it read, what its process did before, and
 * so on backwards. The order respects both, so only who stands between a reader and its
 * source can be missed, and the search for them goes back no farther. Where that takes too
 * long: one clock a transaction, of as many processes at a time as the budget has memory
 * for; O(transactions * processes). */
bool weak_past_is_causal(const struct weak_order *w, const struct budget *budget,
			 struct err *err);

/* No cycle has exactly one anti-dependency: who overwrote what a transaction read does not
 * lead to it. Versions of lists are in the order of their elements, those of registers in the
 * order that is to be proven. It respects writes and reads of writes, so only those need a
 * search who stand in front of the reader, and only between the two. */
bool weak_past_has_no_g_single(const struct weak_order *w, const struct budget *budget,
			       struct err *err);

#endif
