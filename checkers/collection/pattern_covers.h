/* pattern_covers.h - for each pattern that misses of a tuple space ask for, the time during
 * which something that matches certainly stays; in a bag one for all. */
#ifndef CHECKERS_PATTERN_COVERS_H
#define CHECKERS_PATTERN_COVERS_H

#include "checkers/collection/cover.h"
#include "checkers/collection/pattern_index.h"

struct pattern_covers {
	const struct elements *elements; /* borrowed */
	struct pattern_index index;
	VEC(struct cover) covers; /* by pattern */
};

void pattern_covers_init(struct pattern_covers *covers, const struct elements *elements);
void pattern_covers_release(struct pattern_covers *covers);

/* What a miss, or a take of unknown outcome, asks for, and the cover of a miss. */
val pattern_covers_pattern(const struct elements *elements, uint32_t op);
const struct cover *pattern_covers_of(const struct pattern_covers *covers, uint32_t miss);

#endif
