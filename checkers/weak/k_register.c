/* k_register.c - the specification of k-atomic registers: a state is the k last writes. */
#include "base/mem.h"
#include "checkers/engine/states.h"
#include "checkers/weak/atomicity.h"

#include <stdlib.h>
#include <string.h>

enum {
	K_MAX = 64
};

struct self {
	const struct history *history;
	struct value_ids ids; /* 0: the initial value */
	bool *is_read;	      /* owned; by id */
	size_t k;
	bool nil_is_unknown;
	struct states states; /* the ids of the k last writes, the newest first */
};

static void *
k_open(const struct key_ops *key, const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));
	uint32_t first[K_MAX], number;

	self->history = key->history;
	self->k = options->level != NULL ? strtoul(options->level, NULL, 10) : 1;
	self->k = self->k < 1 ? 1 : self->k > K_MAX ? K_MAX : self->k;
	self->nil_is_unknown = options->nil_is_unknown;
	value_ids_init(&self->ids, &key->history->values);
	value_ids_add(&self->ids, options->init);
	self->is_read = mem_new(key->count + 2, sizeof(*self->is_read));
	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		if (op->f == F_READ && op->type == OP_OK)
			self->is_read[value_ids_add(&self->ids, op->output)] = true;
	}
	states_init(&self->states, options->budget.bytes_max / 4);
	memset(first, 0, sizeof(first));
	states_number(&self->states, first, self->k * sizeof(*first), &number);
	return self;
}

static void
k_close(void *context)
{
	struct self *self = context;

	value_ids_release(&self->ids);
	states_release(&self->states);
	free(self->is_read);
	free(self);
}

/* A write of unknown outcome that nobody read can be left out. */
static bool
k_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;
	bool reads = op->f == F_READ;
	val v = reads ? op->output : op->input;
	uint32_t known = value_ids_find(&self->ids, v);

	if (op->type == OP_FAIL || (reads && op->type != OP_OK) ||
	    (reads && v == VAL_OF_NIL && self->nil_is_unknown))
		return false;
	if (op->type == OP_INFO && (known == VALUE_ID_NONE || !self->is_read[known]))
		return false;
	call->kind = op->f;
	call->a = value_ids_add(&self->ids, v);
	call->b = 0;
	return true;
}

static uint32_t
k_init(void *context)
{
	(void)context;
	return 0;
}

static bool
k_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	struct self *self = context;
	uint32_t last[K_MAX + 1];

	*next = state;
	states_read(&self->states, state, last + 1, self->k * sizeof(*last));
	if (call->kind == F_WRITE) {
		last[0] = call->a;
		return states_number(&self->states, last, self->k * sizeof(*last), next);
	}
	for (size_t i = 1; i <= self->k; i++)
		if (last[i] == call->a)
			return true;
	return false;
}

static bool
k_is_read(void *context, const struct call *call)
{
	(void)context;
	return call->kind == F_READ;
}

static bool
k_is_overwrite(void *context, const struct call *call)
{
	const struct self *self = context;

	return self->k == 1 && call->kind == F_WRITE;
}

static uint32_t
k_state_count(void *context)
{
	(void)context;
	return 0;
}

static bool
k_is_full(void *context)
{
	const struct self *self = context;

	return self->states.is_full;
}

const struct model model_k_register = {.name = "k-atomic register",
				       .open = k_open,
				       .close = k_close,
				       .decode = k_decode,
				       .init = k_init,
				       .step = k_step,
				       .is_read = k_is_read,
				       .is_overwrite = k_is_overwrite,
				       .state_count = k_state_count,
				       .is_full = k_is_full};
