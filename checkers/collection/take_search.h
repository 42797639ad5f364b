/* take_search.h - which elements of a stack did the takes of unknown outcome take, where the
 * guess of unknown_takes.h was wrong?
 *
 * A search led by what is in the way. What cannot be arranged is narrowed to a few elements
 * that cannot be arranged alone. Some of them must have gone to a take of unknown outcome,
 * or to an earlier one: each is tried, with the latest take that helps, so that the early
 * ones are left for others. Of two takes the one that began earlier can do all that the
 * other can; therefore takes are given out by how early they are needed. What is in the way
 * is mostly a few elements that follow each other: short parts of what could not be arranged
 * are looked at first, and all again only when none is left. Bounded work. */
#ifndef CHECKERS_TAKE_SEARCH_H
#define CHECKERS_TAKE_SEARCH_H

#include "checkers/collection/arrange.h"

/* The elements are as elements_init left them. True: `out` is an order. False: none was
 * found, which proves nothing. */
bool take_search(const struct elements *elements, struct arrangement *out);

#endif
