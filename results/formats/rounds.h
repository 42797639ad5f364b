/* rounds.h - positions for operations of which only each process's own order is known.
 *
 * The n-th operations of all processes overlap, so that as little as possible seems to
 * precede in real time what it did not. reader_facts.has_order is then false, and levels
 * that need real time must not be judged. */
#ifndef RESULTS_ROUNDS_H
#define RESULTS_ROUNDS_H

#include "base/history.h"

/* Gives all operations positions, and times a millisecond apart, and sorts them; they stand
 * in the order in which each process did them. Those of type info stay open.
 * O(operations). */
void rounds_give(struct history *history);

#endif
