/* past.h - the newest version that a group had shown before a moment, by sorting: what the
 * proofs of replicated stores ask, whose deciders sweep over events with hash maps.
 *
 * Fill, close, ask. 24 bytes an entry. */
#ifndef CHECKERS_SEED_PAST_H
#define CHECKERS_SEED_PAST_H

#include "base/vec.h"

#include <stdint.h>

struct past_entry {
	uint64_t group;
	uint64_t version;
	uint32_t at, op; /* shown at this position, by this operation */
};

struct past {
	VEC(struct past_entry) entries;
};

void past_add(struct past *past, uint64_t group, uint32_t at, uint64_t version,
	      uint32_t op);
void past_close(struct past *past);

/* NULL: the group had shown none. O(log n). */
const struct past_entry *past_newest(const struct past *past, uint64_t group,
				     uint32_t before);
void past_release(struct past *past);

#endif
