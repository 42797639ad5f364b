/* versions_attempts.h - values of a key, and who tried to write (or to replace) them: one
 * group for each, found by halving. Private to versions. */
#ifndef CHECKERS_VERSIONS_ATTEMPTS_H
#define CHECKERS_VERSIONS_ATTEMPTS_H

#include "checkers/seed/versions.h"

struct attempt {
	uint32_t key, op;
	val value;
};

struct attempt_group {
	uint32_t key;
	val value;
	uint32_t first, second; /* operations; OP_NEVER: none */
	uint32_t oks, infos, fails;
	uint32_t info_begins; /* the first of unknown outcome; OP_NEVER: none */
};

struct attempts {
	const struct history *history;
	VEC(struct attempt) of;		  /* until closed */
	VEC(struct attempt_group) groups; /* by key and value */
};

void attempts_add(struct attempts *attempts, uint32_t key, uint32_t op, val value);
void attempts_close(struct attempts *attempts);
void attempts_release(struct attempts *attempts);

/* All updates with what they wanted to write. */
void attempts_init(struct attempts *attempts, const struct store *store);

/* NULL: nobody tried. */
const struct attempt_group *attempts_find(const struct attempts *attempts, uint32_t key,
					  val value);

#endif
