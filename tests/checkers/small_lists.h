/* small_lists.h - small random histories of transactions on lists: most are runs of some
 * kind of store, some are odd. */
#ifndef TESTS_CHECKERS_SMALL_LISTS_H
#define TESTS_CHECKERS_SMALL_LISTS_H

#include "base/history.h"
#include "base/rng.h"

/* Initialises the history. Elements are unique; sessions hold several transactions. */
void small_lists_make(struct history *history, struct rng *rng);

/* Many transactions read a key again, and find what somebody read there. */
void small_lists_read_again(struct history *history, struct rng *rng);

/* Leaves out many of the reads: nobody knows in which order most elements were appended. */
void small_lists_forget_reads(struct history *history, struct rng *rng);

#endif
