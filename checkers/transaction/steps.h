/* steps.h - why one transaction comes before another, from what they did: the steps of a
 * cycle with key and values, and in words. PURE.
 *
 * A step from T1 to T2, on lists (elements) and on registers (versions):
 *
 *	ww	T2 wrote `second` behind, or over, `first`, which T1 wrote
 *	wr	T2 read `first`, which T1 wrote
 *	rw	T1 did not read `second`, which T2 wrote; on registers T1 read `first`,
 *		which T2 replaced with `second`
 *	order	the witness could see that T1 wrote `first`, and yet read `second`, which
 *		T2 wrote
 *	process, realtime	no key and no values */
#ifndef CHECKERS_STEPS_H
#define CHECKERS_STEPS_H

#include "checkers/transaction/isolation.h"

/* Names the steps of a cycle; false when the operations do not show one of them, and then
 * the anomaly has none. */
bool steps_find(const struct dependencies *d, const struct cycle *cycle,
		struct anomaly *anomaly);

/* Names one step between two transactions (`witness` and values are found), as G2-item may
 * have it; false when the operations do not show it. */
bool steps_find_one(const struct dependencies *d, uint32_t from, uint32_t to,
		    enum edge_kind kind, struct anomaly_step *step);

/* Appends `T5 = process 3: [append x 1] [r y [1 2]] ok`; of long lists the last elements. */
void step_print_txn(const struct history *history, uint32_t op, struct buf *out);

/* Appends when it ran, by events; what nobody knows the end of has none. */
void step_print_events(const struct history *history, uint32_t op, struct buf *out);

/* An anti-dependency of a predicate read, not of an item read. */
bool step_is_of_predicate(const struct history *history, const struct anomaly_step *step);

/* Appends `T1 < T2 because ...`, without the end of the line. */
void step_print(const struct history *history, const struct anomaly_step *step,
		struct buf *out);

#endif
