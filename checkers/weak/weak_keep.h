/* weak_keep.h - keeps the sequences of a decision, so that the proof need not decide again.
 * PURE. */
#ifndef CHECKERS_WEAK_KEEP_H
#define CHECKERS_WEAK_KEEP_H

#include "checkers/weak/weak_models.h"

/* Decides as weak_decide does. When it is valid, result->orders has the sequence for
 * everyone, or those of all sessions, one after the other; or none when these are many, or
 * might need more than an eighth of the budget's memory. */
void weak_decide_and_keep(enum weak_model model, const struct weak *weak,
			  const struct budget *budget, struct weak_answer *answer,
			  struct check_result *result);

#endif
