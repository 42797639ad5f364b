/* register_core.h - a few operations that alone prove a register's history impossible.
 *
 * The rest of the history is forgotten in a way that can only allow more, so that what is
 * refuted then (by brute force) is refuted for the whole history:
 *	- an operation that is not in the core is no longer required;
 *	- what it may have written stays possible: at any time from the first invocation
 *	   to the last completion of the forgotten writers of a value, and any number of times, the
 *	  register may take that value;
 *	- or, for cas (`contracts`): the two values of a forgotten cas count as one value,
 *	   and the cas as nothing. (If the history is possible, so is its image.) Works from the
 *	   history and the model alone and shares nothing with the deciders. */
#ifndef CHECKERS_REGISTER_CORE_H
#define CHECKERS_REGISTER_CORE_H

#include "checkers/register/register.h"

struct register_core {
	const struct check_options *options;
	void *self;	    /* owned: the model's */
	struct calls calls; /* all of the key */
	uint32_t
		*merged_into; /* owned; by id of value: another of its class, or itself */
	uint32_t value_count;
	bool *is_chosen; /* owned; by call */
};

void register_core_init(struct register_core *core, const struct key_ops *key,
			const struct check_options *options);
void register_core_release(struct register_core *core);

/* True when these operations of the key alone are impossible. False: they are possible,
 * or too many to say. */
bool register_core_refutes(struct register_core *core, const uint32_t *ops, size_t count);

/* Leaves out operations as long as the rest still refutes; works on `ops` in place and
 * returns how many are left, 0 when not even all of them refute. */
size_t register_core_shrink(struct register_core *core, uint32_t *ops, size_t count);

#endif
