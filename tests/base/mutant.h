/* mutant.h - bytes made worse, step by step, for parsers that must not mind. */
#ifndef TESTS_BASE_MUTANT_H
#define TESTS_BASE_MUTANT_H

#include "base/buf.h"
#include "base/rng.h"

/* One step: cuts the end off, flips a bit, sets a byte of `spice` (those that mean something
 * to the parser), doubles a piece of at most 40 bytes at the end or takes one out. The text
 * must not be empty; it may be afterwards. */
void mutant_step(struct rng *rng, struct buf *text, struct bytes spice);

/* The text in memory of exactly its size, so that a sanitizer sees every step beyond it.
 * The caller frees. */
char *mutant_exact(const struct buf *text);

#endif
