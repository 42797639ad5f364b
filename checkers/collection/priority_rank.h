/* priority_rank.h - the elements of a priority queue by what goes first; in a bag all are equal. */
#ifndef CHECKERS_PRIORITY_RANK_H
#define CHECKERS_PRIORITY_RANK_H

#include "checkers/jepsen/elements.h"

/* level << 32 | element, first priority first; equals have the same level. O(n) for integers
 * within 32 bits, and comparing for other values. The caller frees. */
uint64_t *priority_rank(const struct elements *elements);

#endif
