/* model.h - what a data type allows, as one struct of pure functions over small numbers.
 *
 * A model is the specification: the general engine (checkers/engine/frontier.h), the
 * brute-force oracle and the certificates all take it, and nothing else knows the data
 * type. States are numbers of the model's own choosing; a model whose states are
 * structured interns them in `self`. `self` belongs to one key and one thread. */
#ifndef CHECKERS_MODEL_H
#define CHECKERS_MODEL_H

#include "checkers/checker.h"
#include "checkers/partition.h"

/* An operation as a model sees it: when it may take effect, and what it does. */
struct call {
	uint32_t invoke_at;
	uint32_t complete_at; /* OP_NEVER: at any later time */
	uint32_t op;	      /* index into history->ops */
	uint32_t kind;	      /* the model's numbers: the function, */
	uint32_t a, b;	      /* its arguments and its result */
	bool optional;	      /* it may also have had no effect (info) */
	bool repeats;	      /* oracle only: it may take effect any number of times */
};

struct calls {
	struct call *items; /* a vec (base/vec.h) */
	size_t count, capacity;
};

enum {
	MODEL_TOKENS_MAX = 16,
	MODEL_STARTS_MAX = 1 << 10
};

struct model {
	const char *name;
	void *(*open)(const struct key_ops *key, const struct check_options *options);
	void (*close)(void *self);
	/* Fills kind, a, b. False: the operation says nothing (failed, or a read that
	 * nobody answered) and is left out. */
	bool (*decode)(void *self, const struct op *op, struct call *call);
	uint32_t (*init)(void *self);
	/* The state after the call, or false when the model forbids it in this state. */
	bool (*step)(void *self, uint32_t state, const struct call *call, uint32_t *next);
	/* The call never changes a state. */
	bool (*is_read)(void *self, const struct call *call);
	/* The state after it does not depend on the state before, and it is always
	 * allowed. */
	bool (*is_overwrite)(void *self, const struct call *call);
	/* A state is one value, which every call either overwrites or must find: what
	 * leaves and finds say is all there is to notice. */
	bool holds_one_value;
	/* All states are numbers below this; 0: not known beforehand. */
	uint32_t (*state_count)(void *self);
	/* Optional (NULL: all below state_count). States of which one allows all these calls
	 * whenever some state does: what a part of a history may begin with. At most
	 * MODEL_STARTS_MAX; how many, or more than that for "too many". */
	size_t (*starts)(void *self, const struct call *calls, size_t count,
			 uint32_t *states);
	/* Optional (NULL: anything may). What a call may leave behind for later ones, and
	 * what it must find: numbers of the model's own choosing, at most MODEL_TOKENS_MAX;
	 * how many, or more than that for "anything". A call that may have had no effect is
	 * worth a try only while one is to come that must find what it leaves. */
	size_t (*leaves)(void *self, const struct call *call, uint64_t *tokens);
	size_t (*finds)(void *self, const struct call *call, uint64_t *tokens);
	/* Optional (NULL: all do). Both touch a part of the state that is independent of
	 * the others, as a key of a map is: where to look for what contradicts a call. */
	bool (*meets)(void *self, const struct call *a, const struct call *b);
	/* Optional (NULL: never). It met more states than the budget of memory allows and
	 * forbade what would have led to another one: nothing is refuted by that. */
	bool (*is_full)(void *self);
	/* Optional. Why it is full, when that is not the memory; else NULL. */
	const char *(*failure)(void *self);
};

static inline bool
model_is_full(const struct model *model, void *self)
{
	return model->is_full != NULL && model->is_full(self);
}

static inline const char *
model_failure(const struct model *model, void *self)
{
	return model->failure != NULL ? model->failure(self) : NULL;
}

/* The calls of a key in order of invocation. The caller releases the vec. */
void model_calls(const struct model *model, void *self, const struct key_ops *key,
		 struct calls *calls);

/* Says of each call, which stand in the order of operations, whether it is of one of
 * these: writes calls->count marks. */
void calls_mark(const struct calls *calls, const uint32_t *ops, size_t count,
		bool *is_marked);

#endif
