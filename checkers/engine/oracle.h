/* oracle.h - linearizability by trying everything: slow, small, and beyond doubt.
 *
 * Searches all (set of calls already placed, state) pairs; every deciding program is
 * compared with it, and it decides the small cores that prove a history invalid.
 * Exponential in the number of calls. It handles optional calls (unknown outcome) and
 * repeating ones. */
#ifndef CHECKERS_ORACLE_H
#define CHECKERS_ORACLE_H

#include "checkers/engine/model.h"

enum {
	ORACLE_CALLS_MAX = 30,
	ORACLE_REPEATS_MAX = 256,
	ORACLE_VISITS_MAX = 1 << 18,
};

/* VALID or INVALID; UNKNOWN for more than ORACLE_CALLS_MAX calls, or more than
 * ORACLE_VISITS_MAX pairs. Repeating calls (at most ORACLE_REPEATS_MAX) stand last. */
enum verdict oracle_judge(const struct model *model, void *self, const struct call *calls,
			  size_t count);

/* The same from any state (the model's starts, or all below its state_count; UNKNOWN when
 * these are not known or too many) instead of its first one: what may be asked of a part
 * of a history whose beginning is forgotten. *visits: at most so many pairs; then how
 * many were met. */
enum verdict oracle_judge_part(const struct model *model, void *self,
			       const struct call *calls, size_t count,
			       bool from_any_state, size_t *visits);

/* The same on the operations of a key. */
enum verdict oracle_judge_key(const struct model *model, const struct key_ops *key,
			      const struct check_options *options);

#endif
