/* weak_certify.h - the proofs of the models of weak_models.h, verified by replay.
 *
 * Shares the reading of the history and causal clocks (weak.h) with the deciders, no
 * rule. */
#ifndef CHECKERS_WEAK_CERTIFY_H
#define CHECKERS_WEAK_CERTIFY_H

#include "checkers/weak/weak_models.h"

/* Verifies one sequence of a model. O(n), causal-cc and causal-ccv O(n sessions log n). */
bool weak_certify_order(enum weak_model model, const struct weak *weak,
			const struct weak_order *order, struct err *err);

/* Verifies the sequences that were kept with a result (weak_keep.h): one for all or one for
 * each session. */
bool weak_certify_kept(enum weak_model model, const struct weak *weak,
		       const struct check_result *result, struct err *err);

/* Where none were kept: decides again, and verifies the sequences as they come: one for
 * all or one for each session. */
bool weak_certify_valid(enum weak_model model, const struct weak *weak,
			const struct budget *budget, struct err *err);

#endif
