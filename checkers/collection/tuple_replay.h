/* tuple_replay.h - a tuple space that is played forward: how many tuples that are in match
 * what misses ask for, and which.
 *
 * All patterns are told before the first tuple comes. A tuple that comes or goes costs one
 * look-up a shape of patterns and one count a pattern that matches it. */
#ifndef CHECKERS_TUPLE_REPLAY_H
#define CHECKERS_TUPLE_REPLAY_H

#include "checkers/collection/pattern_index.h"

struct tuple_replay {
	struct pattern_index asked;	/* patterns of misses */
	VEC(struct asked_pattern) asks; /* by pattern */
	bool keeps_ids; /* there are takes of unknown outcome, which may have taken some */
};

struct asked_pattern {
	size_t matching;    /* tuples that are in */
	VEC(uint32_t) came; /* their ids, and some that are out; if they are kept */
};

void tuple_replay_init(struct tuple_replay *tuples, const struct values *values);
void tuple_replay_release(struct tuple_replay *tuples);

/* A miss will come. */
void tuple_replay_ask(struct tuple_replay *tuples, val pattern);

/* Tuples come and go; `id` is the caller's number of the tuple. */
void tuple_replay_put(struct tuple_replay *tuples, val tuple, uint32_t id);
void tuple_replay_remove(struct tuple_replay *tuples, val tuple);

/* True: something is in that matches the pattern of a miss; *id is one such tuple,
 * VALUE_ID_NONE when ids are not kept. `live` says how often each
 * tuple is in. */
bool tuple_replay_next(struct tuple_replay *tuples, val pattern, const uint32_t *live,
		       uint32_t *id);

#endif
