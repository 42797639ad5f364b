/* rw_proof.h - why some transactions on registers have no order, step by step.
 *
 * What was read, processes and time say who comes before whom. Where a reader r of x read
 * from w, and w' wrote x too, either w' comes before w or r before w' (and under snapshot
 * isolation two writers of x do not overlap, under parallel snapshot isolation one depends on
 * the other): where one of the two would close a cycle, the other follows. When nothing
 * follows any more, both sides of one choice are tried. Ends with a cycle on every side,
 * or with an order.
 *
 * Each version order therefore has one of the cycles that were met: the subtlest of their
 * classes is what the violation is called. Separate from the decider (rw_order.h), for
 * explanations and for certificates of cores that are too large to be tried in all orders.
 * Zennou et al., "Gradual consistency checking", CAV 2019, for the saturation. PURE; cubic in
 * the transactions for each side tried, exponential in the choices at worst. */
#ifndef CHECKERS_RW_PROOF_H
#define CHECKERS_RW_PROOF_H

#include "checkers/transaction/rw_certify.h"

enum {
	PROOF_TXNS_MAX = 200,
	PROOF_SIDES_MAX = 3000, /* sides of choices that are tried */
};

struct proof {
	bool holds;	     /* there is no order */
	bool is_plain;	     /* the cycle needs no derived order of writes */
	const char *anomaly; /* static: the class of the cycles, "G2-item-process", ... */
	char *text;	     /* owned: the steps in words, lines */
	/* The edges that were used, given and derived; for the drawing. */
	VEC(struct anomaly_step) steps;
};

/* An order that is given beside what the transactions show. */
struct proof_given {
	struct rw_given order;
	const char *why; /* "because ..."; NULL: what is supposed, which is no line */
	uint32_t lemma, length; /* for the drawing: by which lemma, by how many steps */
};

/* The transactions, as if there were no others. ->holds is false when they have an order, or
 * are more, or have more choices, than the bounds above. The caller calls proof_release. */
void proof_find(const struct history *history, const uint32_t *ops, size_t count,
		const struct rw_claim *claim, struct proof *proof);
void proof_find_given(const struct history *history, const uint32_t *ops, size_t count,
		      const struct proof_given *given, size_t given_count,
		      const struct rw_claim *claim, struct proof *proof);
void proof_release(struct proof *proof);

#endif
