/* cover.h - the time during which something certainly stays in a collection, as disjoint
 * intervals. O(n) after sorting the stays by their beginnings. */
#ifndef CHECKERS_COVER_H
#define CHECKERS_COVER_H

#include "checkers/jepsen/elements.h"

struct cover {
	VEC(uint64_t) stays; /* put_to << 32 | element, ascending */
	VEC(uint64_t) parts; /* disjoint: from << 32 | to, ascending */
};

void cover_init(struct cover *cover);
void cover_release(struct cover *cover);

/* Adds the element's stay, if it has one; then, when all are in, makes the parts. */
void cover_add(struct cover *cover, const struct elements *elements, uint32_t element);
void cover_finish(struct cover *cover, const struct elements *elements);

/* The first instant between two events that is not covered; false: all is covered. */
bool cover_free_point(const struct cover *cover, uint32_t begin, uint32_t end,
		      uint32_t *point);

/* The miss was covered: adds it and few elements whose stays cover it to the finding. */
void cover_find(const struct cover *cover, const struct elements *elements, uint32_t miss,
		struct finding *finding);

#endif
