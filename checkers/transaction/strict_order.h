/* strict_order.h - the usual case of isolation.h in one walk over the graph: a serial order
 * of all transactions that respects what they depend on, the order within each process
 * and real time. PURE; O(transactions + dependencies). */
#ifndef CHECKERS_STRICT_ORDER_H
#define CHECKERS_STRICT_ORDER_H

#include "checkers/transaction/dependencies.h"

/* Such an order, room for all transactions, owned by the caller; NULL when there is none. */
uint32_t *strict_order(const struct dependencies *d);

#endif
