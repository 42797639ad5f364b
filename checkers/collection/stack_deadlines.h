/* stack_deadlines.h - when elements that nobody took must be out of a stack at the latest. */
#ifndef CHECKERS_STACK_DEADLINES_H
#define CHECKERS_STACK_DEADLINES_H

#include "checkers/jepsen/elements.h"

/* position << 32 | element, ascending, of those that are in the way of a take or miss which
 * begins after they were put. Takes that overlap may ask for more. The caller frees. */
uint64_t *stack_deadlines(const struct elements *elements, size_t *count);

#endif
