/* weak_refute.h - cores that are too large for brute force, refuted again from the rules.
 *
 * What the sequences of a model must respect is written down as pairs "a before b": session
 * order, reads from, and for a read of w's value and another write w' of the key:
 *	w' before the read	=> w' before w
 *	w before w'		=> the read before w'
 * until nothing new follows. A ring of such pairs, or a write that must be before a read of
 * the initial value, refutes the core; where a choice is left between two writes
 * (sequential), both must. Simple and slow: what is before an operation is walked anew each
 * time, O(n) a walk. Shares struct weak with the deciders, no code and no clocks. */
#ifndef CHECKERS_WEAK_REFUTE_H
#define CHECKERS_WEAK_REFUTE_H

#include "checkers/weak/weak_models.h"

/* True when the model forbids it; false also when the budget of time is over. */
bool weak_refute(enum weak_model model, const struct weak *core,
		 const struct budget *budget);

#endif
