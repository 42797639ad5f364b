/* key_tally.h - the verdicts of keys that were judged alone, as one verdict with its reason:
 * in how many keys it is broken; or why a key is undecided, and what is proven all the same. */
#ifndef CHECKERS_KEY_TALLY_H
#define CHECKERS_KEY_TALLY_H

#include "checkers/checker.h"

struct key_tally {
	size_t keys, invalid, unknown, by_frontier;
	val undecided; /* the first unknown key */
};

/* Counts a key; the reason of the first unknown one becomes the result's and is set to NULL
 * then. */
void key_tally_add(struct key_tally *tally, val key, enum verdict verdict,
		   bool used_frontier, char **reason, struct check_result *result);

/* Writes the result's reason and its details. */
void key_tally_end(const struct key_tally *tally, const struct history *history,
		   struct check_result *result);

#endif
