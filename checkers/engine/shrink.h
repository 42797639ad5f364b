/* shrink.h - a few operations that alone prove a key's history impossible, for any model.
 *
 * Only relaxations are used, so that what brute force refutes then is refuted for the
 * whole history: an operation outside the core is no longer required (a read then says
 * nothing and is left out, a mutator may take effect within its time or not at all, and
 * is left out where the model says that nobody finds what it leaves); where too many of
 * those remain, the ones that do the same count as one that may take effect any number of
 * times; and, for models that say which states a part may begin with, the time before the
 * core is replaced by "any state". Works from the history and the model alone
 * and shares nothing with the deciders. */
#ifndef CHECKERS_SHRINK_H
#define CHECKERS_SHRINK_H

#include "checkers/engine/model.h"

struct shrink {
	const struct model *model;
	const struct check_options *options;
	void *self;	    /* owned: the model's */
	struct calls calls; /* all of the key */
	bool *is_chosen;    /* owned; by call */
	bool *is_needed;    /* owned; by call: somebody may find what it leaves */
	size_t tries_left;
	uint64_t steps_left; /* of brute force, about */
};

void shrink_init(struct shrink *shrink, const struct model *model,
		 const struct key_ops *key, const struct check_options *options);
void shrink_release(struct shrink *shrink);

/* True when these operations of the key alone are impossible. False: they are possible,
 * or too many to say. */
bool shrink_refutes(struct shrink *shrink, const uint32_t *ops, size_t count);

/* Leaves out operations as long as the rest still refutes; works on `ops` in place and
 * returns how many are left, 0 when not even all of them refute. */
size_t shrink_core(struct shrink *shrink, uint32_t *ops, size_t count);

/* Some of the operations changes a state. */
bool shrink_has_change(struct shrink *shrink, const uint32_t *ops, size_t count);

/* Adds to a core that refutes up to `room` mutators that were at work last before its end:
 * what reads met. Returns the new count; the core still refutes. */
size_t shrink_add_context(struct shrink *shrink, uint32_t *ops, size_t count,
			  size_t room);

/* Looks for a core before and around an operation that could not be placed: writes at
 * most ORACLE_CALLS_MAX operations to `ops` and returns how many, 0 when it finds none. */
size_t shrink_near(struct shrink *shrink, uint32_t stuck_op, uint32_t *ops);

#endif
