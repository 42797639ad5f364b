/* txn_orders.h - orders of transactions that prove what a graph of dependencies without
 * forbidden cycles allows. PURE; O(transactions + dependencies). */
#ifndef CHECKERS_TXN_ORDERS_H
#define CHECKERS_TXN_ORDERS_H

#include "checkers/transaction/isolation.h"

/* Which orders a set of forbidden anomalies asks for. */
bool level_has_process(uint64_t forbidden);
bool level_has_realtime(uint64_t forbidden);

/* The nodes of a graph in an order of its edges in the mask; with begin and end (NULL:
 * without) by commit points. False when there is none. nodes has room for all. */
bool txn_orders_nodes(const struct graph *graph, unsigned mask, const uint32_t *begin,
		      const uint32_t *end, uint32_t *nodes);

/* The snapshots and commits of all: `v` is the snapshot of node v, node_count + v its commit.
 * False when there is no such order. nodes has room for both. */
bool txn_orders_snapshots(const struct dependencies *d, bool process, bool realtime,
			  uint32_t *nodes);

/* Whether the level asked for is proven by an order of snapshots: no serial one is known. */
bool txn_orders_take_snapshots(const struct isolation *isolation, uint64_t forbidden);

/* Gives the result the order that proves the level asked for, valid as it is: a serial one
 * when the history is serializable, else of snapshots and commits, else one that respects
 * writes and reads of writes. False when none was found: then there is no proof. */
bool txn_orders_make(const struct dependencies *d, const struct isolation *isolation,
		     uint64_t forbidden, struct check_result *result);

#endif
