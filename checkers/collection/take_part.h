/* take_part.h - a few elements and misses of a stack, numbered anew: to arrange them costs
 * what they are, not what the history is.
 *
 * Only the order of events matters, so those of other operations are left out. O(m log m)
 * for m operations. */
#ifndef CHECKERS_TAKE_PART_H
#define CHECKERS_TAKE_PART_H

#include "checkers/collection/arrange.h"

struct take_part {
	const struct elements *whole; /* borrowed */
	struct elements elements;     /* the part; its arrays are owned */
	struct key_ops key;
	VEC(uint32_t) begin, end; /* by operation of the part */
	VEC(uint64_t) positions;  /* those that matter */
};

void take_part_init(struct take_part *part, const struct elements *whole);
void take_part_release(struct take_part *part);

void take_part_clear(struct take_part *part);
void take_part_add(struct take_part *part, const struct element *element);
void take_part_add_miss(struct take_part *part, uint32_t op);

/* What was added can be arranged. What it costs is added to *work. */
bool take_part_fits(struct take_part *part, size_t *work);

#endif
