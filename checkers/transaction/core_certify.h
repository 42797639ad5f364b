/* core_certify.h - proves again that some transactions on registers have no order: the proof
 * that the search left is checked (core_proof.h); without one, all orders of the few are
 * tried, and of more the cycles are derived step by step (rw_proof.h). None of these shares
 * anything with the decider. PURE. */
#ifndef CHECKERS_CORE_CERTIFY_H
#define CHECKERS_CORE_CERTIFY_H

#include "checkers/transaction/rw_certify.h"

/* What the name of a core says: serial for "no-serial-order" and G2, of parallel
 * snapshots for G-single, of snapshots for "no-snapshot-order" and other classes, with
 * processes and time as the name ends. */
struct rw_claim core_claim(const char *name, const struct check_options *options);

/* Whether core_certify can be expected to end. */
bool core_is_provable(const struct anomaly *core);

/* The operations have no order of the kind that the anomaly's name says. */
bool core_certify(const struct history *history, const struct check_options *options,
		  const struct anomaly *core, struct err *err);

/* The same of transactions that append to lists: their proof is checked. */
bool core_certify_lists(const struct history *history,
			const struct check_options *options, const struct anomaly *core,
			struct err *err);

#endif
