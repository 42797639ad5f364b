/* random_history.h - histories from a seed: valid ones by running a real register, and
 * arbitrary ones whose answers are guessed. Same seed, same history. */
#ifndef TESTS_CHECKERS_RANDOM_HISTORY_H
#define TESTS_CHECKERS_RANDOM_HISTORY_H

#include "base/history.h"
#include "base/rng.h"

struct random_register {
	size_t ops;
	uint32_t processes; /* at least 1 */
	uint32_t values;    /* written values are 1..values; 0: each written once */
	int read_percent, cas_percent;
	int info_percent;  /* of mutators and reads: the outcome is unknown */
	int wrong_percent; /* of reads: an arbitrary answer instead of the true one */
	int fail_percent;  /* of writes: refused */
};

/* Plays an atomic register with random timing: valid unless wrong_percent > 0. */
void random_register_play(struct history *history, const struct random_register *shape,
			  struct rng *rng);

#endif
