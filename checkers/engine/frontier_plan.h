/* frontier_plan.h - a key's calls laid out for the frontier engine. Made once, then only
 * read (but for the table of transitions, which fills as it is asked). */
#ifndef CHECKERS_FRONTIER_PLAN_H
#define CHECKERS_FRONTIER_PLAN_H

#include "checkers/engine/frontier_slots.h"
#include "checkers/engine/model.h"

#include "base/assert.h"

enum {
	FRONTIER_TABLE_MAX = 1 << 22
};

#define FRONTIER_NONE	 UINT32_MAX
#define FRONTIER_ILLEGAL (UINT32_MAX - 1)

/* A call that is open at a layer. */
struct open_call {
	uint32_t call;
	uint16_t slot;
	bool is_read;
};

/* Crashed calls that do the same: used in the order of their invocations. */
struct info_class {
	uint32_t class;
	uint32_t first, count; /* in plan->infos */
	uint32_t begins;       /* the first layer at which one of them is open */
	uint32_t useful_until; /* as the class's */
};

/* Calls that do the same share a class: kind, a and b are equal. */
struct call_class {
	uint32_t example;      /* a call */
	uint32_t info;	       /* its number among info classes, FRONTIER_NONE */
	uint32_t needed_until; /* last layer whose call is of this class; layer + 1, 0:
				  none */
	bool is_read, is_overwrite;
	uint32_t useful_until; /* of crashed calls: until when one may have to find what
				  it leaves; layer + 1, 0: never */
	bool leads_on; /* of crashed calls: others may have to find what it leaves */
};

struct plan {
	const struct model *model;
	void *self; /* owned: the model's */
	struct calls calls;
	uint32_t *class_of; /* owned; by call */
	VEC(struct call_class) classes;
	uint32_t layer_count;
	uint32_t *layer_call; /* owned; the call that completes at each layer */
	uint16_t *layer_slot; /* owned */
	unsigned slot_count;  /* so many calls are open at once */
	/* Owned; layer -> first of its open calls in `open`: reads, and then the calls that
	 * change the state, those first that complete last. */
	uint32_t *open_starts, *open_changes;
	VEC(struct open_call) open;
	VEC(struct info_class) info_classes;
	VEC(uint32_t) crashed; /* crashed calls that may be of use, by invocation */
	uint32_t *infos;       /* owned; the same by class, then invocation */
	uint32_t state_count;  /* 0: not known beforehand */
	uint32_t *table; /* owned; state * classes + class -> state; NULL: too large */
	uint32_t *useful_until;	 /* owned; by state: layer + 1 until which somebody can
				   tell */
	uint32_t *effects;	 /* owned; numbers of crashed classes: those that a state
				   allows and that change it, by state. No table: all */
	uint32_t *effect_starts; /* owned; state -> first in effects */
	size_t bytes;
};

/* False with the reason when it cannot be laid out within `bytes_max`. */
bool plan_init(struct plan *plan, const struct model *model, const struct key_ops *key,
	       const struct check_options *options, struct err *err);
void plan_release(struct plan *plan);

/* Fills useful_until and leads_on of the classes; needed_until is known. */
void plan_find_useful(struct plan *plan);

/* Fills the table, unless that takes too much of the memory, useful_until and the effects; all
 * else is there. */
void plan_tabulate(struct plan *plan, size_t bytes_max);

/* The crashed classes that may change the state, and how many. */
static inline const uint32_t *
plan_effects(const struct plan *plan, uint32_t state, uint32_t *count)
{
	uint32_t at = plan->table != NULL ? state : 0;

	*count = plan->effect_starts[at + 1] - plan->effect_starts[at];
	return plan->effects + plan->effect_starts[at];
}

/* The state after a call of the class, or FRONTIER_ILLEGAL. */
uint32_t plan_step_slow(struct plan *plan, uint32_t state, uint32_t class);

static inline uint32_t
plan_step(struct plan *plan, uint32_t state, uint32_t class)
{
	if (plan->table != NULL) {
		uint32_t next = plan->table[(size_t)state * plan->classes.count + class];
		if (next != FRONTIER_NONE)
			return next;
	}
	return plan_step_slow(plan, state, class);
}

static inline uint32_t
plan_layer_position(const struct plan *plan, uint32_t layer)
{
	return plan->calls.items[plan->layer_call[layer]].complete_at;
}

#endif
