/* tuple_replay.h - a tuple space that is played forward: how many tuples that are in match
 * what misses ask for, and which takes of unknown outcome can still take one.
 *
 * All patterns are told before the first tuple comes. A tuple that comes or goes costs one
 * look-up a shape of patterns and one count a pattern that matches it. What a take of
 * unknown outcome took is left open (a debt) until a miss wants something out. */
#ifndef CHECKERS_TUPLE_REPLAY_H
#define CHECKERS_TUPLE_REPLAY_H

#include "checkers/collection/pattern_index.h"

struct tuple_replay {
	struct pattern_index asked, lent; /* patterns of misses; of takes */
	VEC(struct asked_pattern) asks;	  /* by pattern */
	VEC(struct lent_pattern) debts;	  /* by pattern */
};

struct asked_pattern {
	size_t matching; /* tuples that are in */
	VEC(uint32_t)
	came; /* their ids, and some that are out; only if there are debts */
};

struct lent_pattern {
	VEC(uint32_t) places; /* in the order, ascending */
	VEC(uint32_t) free;   /* by debt: one from which on to look for an unpaid one */
};

void tuple_replay_init(struct tuple_replay *tuples, const struct values *values);
void tuple_replay_release(struct tuple_replay *tuples);

/* A miss, or a take of unknown outcome, will come. */
void tuple_replay_ask(struct tuple_replay *tuples, val pattern);
void tuple_replay_lend(struct tuple_replay *tuples, val pattern);

/* Tuples come and go; `id` is the caller's number of the tuple. */
void tuple_replay_put(struct tuple_replay *tuples, val tuple, uint32_t id);
void tuple_replay_remove(struct tuple_replay *tuples, val tuple);

/* True: something is in that matches the pattern of a miss; *id is one such tuple,
 * VALUE_ID_NONE when there are no debts that could take it. `live` says how often each
 * tuple is in. */
bool tuple_replay_next(struct tuple_replay *tuples, val pattern, const uint32_t *live,
		       uint32_t *id);

/* A take of unknown outcome comes, at this place in the order. */
void tuple_replay_owe(struct tuple_replay *tuples, val pattern, uint32_t place);

/* Uses up a debt from after `since` for the tuple: that of the strictest pattern, and of
 * these the earliest. False: there is none. */
bool tuple_replay_pay(struct tuple_replay *tuples, val tuple, uint32_t since);

#endif
