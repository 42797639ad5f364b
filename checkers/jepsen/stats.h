/* stats.h - what a history did, counted by function and outcome, for people: every verdict
 * is told with it (results/judgement.h), since a verdict on operations that never
 * succeeded says nothing. PURE. */
#ifndef CHECKERS_STATS_H
#define CHECKERS_STATS_H

#include "base/history.h"

/* Appends one line without its end: "29,631 ok, 117 info; read 15,022 of 15,100 ok, ...".
 * The functions in the order of their numbers, at most STATS_FUNCTIONS_TOLD. */
void stats_words(const struct history *history, struct buf *out);

/* Appends the functions that were asked at least so often and never succeeded, as in
 * "none of 512 cas succeeded"; false when there is none. */
bool stats_never(const struct history *history, uint64_t asked_min, struct buf *out);

enum {
	STATS_FUNCTIONS_TOLD = 12
};

#endif
