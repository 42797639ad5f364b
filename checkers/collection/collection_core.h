/* collection_core.h - a few operations that alone prove a collection's history impossible.
 *
 * What is forgotten can only allow more, so that what is refuted then (by brute force) is
 * refuted for the whole history:
 *	- all operations on elements that the core does not touch: without them an order of
 *	  the whole is still one of the rest;
 *	- looks and misses;
 *	- of the elements that it touches, other puts and takes may happen or not;
 *	- of takes of unknown outcome only the earliest are needed, as many as elements were
 *	  put: they never end, and any of them will do.
 * Works from the history and the model alone and shares nothing with the deciders. */
#ifndef CHECKERS_COLLECTION_CORE_H
#define CHECKERS_COLLECTION_CORE_H

#include "checkers/collection/collection.h"

struct core_call {
	struct call call;
	bool is_chosen;
};

struct collection_core {
	const struct model *model;
	const struct check_options *options;
	void *self;		     /* owned: the model's */
	VEC(struct core_call) calls; /* all that touch an element of the first choice */
};

/* Gathers what these operations (indexes into history->ops) touch. */
void collection_core_init(struct collection_core *core, enum collection collection,
			  const struct key_ops *key, const struct check_options *options,
			  const uint32_t *ops, size_t count);
void collection_core_release(struct collection_core *core);

/* The operations of the first choice, or fewer after shrinking, alone are impossible.
 * False: they are possible, or too many to say. */
bool collection_core_refutes(struct collection_core *core);

/* Leaves out operations as long as the rest still refutes; writes the rest into `ops` and
 * returns how many are left, 0 when not even all of them refute. */
size_t collection_core_shrink(struct collection_core *core, uint32_t *ops);

#endif
