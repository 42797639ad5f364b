/* rw_shortest.h - few transactions on registers that have no order: those of the shortest
 * derivation of a cycle.
 *
 * Who read from whom, processes and time are steps from one transaction to the next. Where r
 * read from w and o wrote the same key, o comes before w or r before o (and under snapshot
 * isolation two writers of one key do not overlap): a way that forbids one side makes a step
 * of the other, which costs as much as the way. Ways are found from the cheapest on, as in
 * Knuth, "A generalization of Dijkstra's algorithm", 1977, until one comes back to where it
 * began. What two ways share is counted twice, so the cycles found first are compared.
 *
 * Finds nothing where sides must be tried. PURE. O(transactions * steps), and 9 bytes for
 * each two transactions, 36 under snapshot isolation. */
#ifndef CHECKERS_RW_SHORTEST_H
#define CHECKERS_RW_SHORTEST_H

#include "checkers/transaction/rw_order.h"

enum {
	SHORTEST_TXNS_MAX = 1000
};

/* Of the transactions listed, at most SHORTEST_TXNS_MAX, those of such a cycle go to `core`,
 * which has room for all; returns how many, 0: none was found. */
uint32_t rw_shortest_core(const struct dependencies *d,
			  const struct rw_question *question, const struct budget *budget,
			  const uint32_t *txns, uint32_t count, uint32_t *core);

#endif
