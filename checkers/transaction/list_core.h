/* list_core.h - why transactions on lists have no order, in words: where each order of the
 * appends that nobody read leads. PURE. */
#ifndef CHECKERS_LIST_CORE_H
#define CHECKERS_LIST_CORE_H

#include "checkers/transaction/dependencies.h"

/* Appends the cycles of the proof of the core (core_proof.h), and what shows their steps;
 * txns: the transactions of the core. */
void list_core_print(const struct dependencies *d, const uint32_t *txns,
		     const struct anomaly *core, struct buf *text);

#endif
