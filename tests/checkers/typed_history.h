/* typed_history.h - histories of many types from a seed: a real object is played with
 * random timing, and some of its answers are falsified. Same seed, same history. */
#ifndef TESTS_CHECKERS_TYPED_HISTORY_H
#define TESTS_CHECKERS_TYPED_HISTORY_H

#include "base/history.h"
#include "base/rng.h"

enum {
	TYPED_CELLS = 8
};

/* The object that is played; each type uses what it needs. */
struct typed_object {
	int64_t number, version, next_unique;
	int64_t owner; /* process + 1 */
	int64_t cells[TYPED_CELLS];
	VEC(val) items;
};

struct typed_stage {
	struct history *history;
	struct rng *rng;
	struct typed_object object;
	uint32_t variety; /* how many values, permits, ...: 1..4 */
	bool has_unique;
};

struct typed {
	const char *name;
	/* Chooses f and input. */
	void (*ask)(struct typed_stage *stage, struct op *op);
	/* Takes effect and sets the output; false: it fails. */
	bool (*act)(struct typed_stage *stage, struct op *op);
	/* Falsifies the output, or makes a failure a success. */
	void (*lie)(struct typed_stage *stage, struct op *op);
};

struct typed_shape {
	size_t ops;
	uint32_t processes, variety;
	bool has_unique;
	int info_percent, wrong_percent;
};

void typed_play(struct history *history, const struct typed *type,
		const struct typed_shape *shape, struct rng *rng);

/* A random shape of at most so many operations. */
struct typed_shape typed_some_shape(struct rng *rng, size_t ops_max);

extern const struct typed typed_lock, typed_fenced_lock, typed_semaphore, typed_counter,
	typed_unit_counter, typed_fetch_counter, typed_log, typed_multi_register,
	typed_versioned, typed_set, typed_ids;

#endif
