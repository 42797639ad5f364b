/* wide_tuples.h - tuples of one to four fields of all kinds, patterns that ask for anything
 * in any place, and what matches what, written down a second time.
 *
 * For tests of tuple spaces: few different fields, so that many patterns match a tuple and
 * many tuples a pattern. */
#ifndef TESTS_CHECKERS_WIDE_TUPLES_H
#define TESTS_CHECKERS_WIDE_TUPLES_H

#include "base/rng.h"
#include "base/value.h"

/* With `unique` (not 0) in some field: no other tuple is equal. Else of few fields, so that
 * it is soon met again. Now and then no list. */
val wide_tuple(struct values *values, struct rng *rng, int64_t unique);

/* Mostly one that matches the tuple `like`; nil: there is none. */
val wide_pattern(struct values *values, struct rng *rng, val like);

/* The definition of collection.h, word by word. */
bool plainly_matches(const struct values *values, val pattern, val tuple);

#endif
