/* small_histories.h - all histories of few operations, one after the other: whatever a test
 * chooses, it chooses here, and every choice is taken once.
 *
 * A test asks `choose` for numbers until its history is complete; choices_next then goes to
 * the next combination, as an odometer whose wheels are made on the way. The same test with
 * random choices plays random histories. */
#ifndef TESTS_CHECKERS_SMALL_HISTORIES_H
#define TESTS_CHECKERS_SMALL_HISTORIES_H

#include "base/history.h"
#include "base/rng.h"

enum {
	SMALL_OPS_MAX = 9,
};

struct choice {
	size_t taken, of;
};

struct choices {
	struct rng rng;
	bool tries_all;		 /* else random */
	VEC(struct choice) path; /* where all are tried: what was taken this time */
	size_t at;
	size_t ops; /* how many operations there will be */
};

/* A number below `count`; true with a probability (or both ways, where all are tried). */
size_t choose(struct choices *choices, size_t count);
bool choose_whether(struct choices *choices, double probability);

/* The next of all paths of choices; false behind the last one. */
bool choices_next(struct choices *choices);
void choices_release(struct choices *choices);

/* Plays operations in some interleaving, each of a process of its own: `begin` fills f, key
 * and input of the how-manieth operation; `end` its type (OP_INFO: it stays open) and
 * output, when it ends. */
struct small_player {
	void (*begin)(void *context, struct history *history, struct choices *choices,
		      struct op *op);
	void (*end)(void *context, struct history *history, struct choices *choices,
		    struct op *op);
	void *context;
};

/* Initialises the history. */
void small_history_play(struct history *history, struct choices *choices, size_t ops,
			const struct small_player *player);

/* A micro-operation of a transaction: [f key v]. */
val micro_op(struct history *history, const char *f, size_t key, val v);

#endif
