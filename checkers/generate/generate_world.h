/* generate_world.h - the inside of generate: types, and the world that they act on. */
#ifndef CHECKERS_GENERATE_WORLD_H
#define CHECKERS_GENERATE_WORLD_H

#include "base/rng.h"
#include "checkers/generate/generate.h"

/* What one key holds now. Each type uses what it needs. */
struct thing {
	val value;
	int64_t number; /* a counter; the holder of a lock, + 1 */
	VEC(val)
	items; /* elements: a queue begins at `head`, a priority queue is a heap */
	size_t head;
	uint32_t asked; /* appends so far, also those that did not happen yet */
};

struct world {
	struct history *history; /* borrowed */
	struct rng rng;
	uint32_t key_count;	  /* live at once */
	VEC(struct thing) things; /* by key, also those of the past */
	uint32_t
		*live; /* owned: the keys; transactions retire a key whose list is long */
	int64_t last_unique;
	bool is_final;	    /* the last operations: all others have ended */
	uint64_t read_each; /* of operations on a set, one in so many reads */
};

/* How a type acts. `op` has its process and its key; a key is the number of a thing. */
struct acting {
	struct generate_type type;
	bool has_final_reads; /* every key is read when all is over */
	bool is_txn;	      /* operations have no key of their own */
	/* Fills f and input. */
	void (*ask)(struct world *world, struct thing *thing, struct op *op);
	/* The operation takes effect: fills output. False: it fails. */
	bool (*act)(struct world *world, struct thing *thing, struct op *op);
	/* Whether one of unknown outcome takes effect; NULL: one in two. */
	bool (*act_unseen)(const struct op *op);
};

/* Of generate_versions.c. */
extern const struct acting acting_versioned_register, acting_log, acting_fenced_lock,
	acting_tuple_space;

/* The table. */
extern const struct acting *const generate_actings[];
extern const size_t generate_acting_count;

/* Changes the history, which is made and valid, so that it no longer is. False when it
 * has no place for that. */
bool generate_mutate(struct history *history, const struct acting *acting,
		     const char *mutation, struct rng *rng);

#endif
