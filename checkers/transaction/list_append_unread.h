/* list_append_unread.h - appends that nobody read have no known order. Where serializability
 * is broken, the levels below it hang on that order; one that breaks nothing more proves
 * them. PURE. */
#ifndef CHECKERS_LIST_APPEND_UNREAD_H
#define CHECKERS_LIST_APPEND_UNREAD_H

#include "checkers/transaction/isolation.h"

/* Tries the orders in which such appends commit when each transaction gets a snapshot and a
 * commit, then those without snapshots: with the order of processes and of time, or less.
 * When one adds no anomaly to those that were found, what its search leaves open is all
 * that stays open, and true is returned with the graph that has this order too (the caller
 * releases it). O(transactions + dependencies) for each. */
bool list_append_order_unread(struct dependencies *d, const struct budget *budget,
			      struct isolation *isolation, struct graph *ordered);

#endif
