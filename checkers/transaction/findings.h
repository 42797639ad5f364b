/* findings.h - what is wrong with transactions without a cycle: whom it concerns, and in
 * words. PURE. */
#ifndef CHECKERS_FINDINGS_H
#define CHECKERS_FINDINGS_H

#include "checkers/transaction/isolation.h"

/* The finding with the transactions that show it, where the decider left them out: who read
 * the element twice, whose read contradicts. O(elements read of the key). */
struct finding finding_complete(const struct dependencies *d,
				const struct finding *finding);

/* Appends one line that says what happened: `T3 observed 5 of key x, which T2 wrote and
 * aborted`. */
void finding_print(const struct dependencies *d, const struct finding *finding,
		   struct buf *out);

#endif
