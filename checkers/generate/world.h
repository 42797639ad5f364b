/* world.h - the inside of generate: the world that is played, and how a type acts in it.
 *
 * A family of types is one file, generate_FAMILY.c: what its objects do, and what can be
 * changed in their histories so that no order of the operations explains them. */
#ifndef CHECKERS_GENERATE_WORLD_H
#define CHECKERS_GENERATE_WORLD_H

#include "base/map.h"
#include "base/rng.h"
#include "checkers/generate/generate.h"
#include "checkers/generate/mutate.h"

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
	bool is_final; /* the last operations: all others have ended */
	uint64_t
		read_each; /* where answers are whole sets, one operation in so many reads */
	struct map seen; /* what a process saw, by world_of_process */
};

static inline bool
world_chance(struct world *world, int percent)
{
	return rng_below(&world->rng, 100) < (uint64_t)percent;
}

enum {
	WORLD_WIDE = 64 /* keys that every operation may read at once */
};

/* Whether this operation may read all keys: of many, so few may that a history is hardly
 * larger than one of few. */
static inline bool
world_may_read_all(struct world *world)
{
	return world->key_count <= WORLD_WIDE ||
	       rng_below(&world->rng, world->key_count / WORLD_WIDE) == 0;
}

static inline val
world_unique(struct world *world)
{
	return val_small(++world->last_unique);
}

static inline uint32_t
world_key(const struct world *world, const struct thing *thing)
{
	return (uint32_t)(thing - world->things.items);
}

/* A word of memory of a process about a key; 0 at first. */
static inline uint64_t *
world_of_process(struct world *world, uint32_t process, uint32_t key)
{
	return map_at(&world->seen, (uint64_t)process << 32 | key, NULL);
}

/* How a type acts. `op` has its process and its key; a key is the number of a thing. */
struct acting {
	struct generate_type type;
	/* What plants the mutations of `type`, in their order. */
	bool (*mutate[GENERATE_MUTATIONS_MAX])(struct mutating *m, size_t i);
	bool has_final_reads; /* every key is read when all is over */
	bool is_txn;	      /* operations have no key of their own */
	/* Fills f and input. */
	void (*ask)(struct world *world, struct thing *thing, struct op *op);
	/* The operation takes effect: fills output. False: it fails. */
	bool (*act)(struct world *world, struct thing *thing, struct op *op);
	/* Whether one of unknown outcome takes effect; NULL: one in two. */
	bool (*act_unseen)(const struct op *op);
	/* The outcome of such an operation is always known; NULL: of none. */
	bool (*is_seen)(const struct op *op);
};

#endif
