/* weak_oracle.h - the definitions of weak_models.h, executed by trying everything.
 *
 * Slow, small and beside weak.h without a line in common with the deciders: they are
 * compared with it in the tests, and it decides the small cores that prove a history
 * invalid. */
#ifndef CHECKERS_WEAK_ORACLE_H
#define CHECKERS_WEAK_ORACLE_H

#include "checkers/weak/weak_models.h"

enum {
	WEAK_ORACLE_OPS_MAX = 16,
	WEAK_ORACLE_KEYS_MAX = 8,
	WEAK_ORACLE_STEPS_MAX = 1 << 22
};

/* VALID or INVALID; UNKNOWN for more than WEAK_ORACLE_OPS_MAX operations or
 * WEAK_ORACLE_KEYS_MAX keys, or after WEAK_ORACLE_STEPS_MAX steps. */
enum verdict weak_oracle_judge(enum weak_model model, const struct weak *weak);

#endif
