#include "checkers/register/register.h"

#include "base/assert.h"
#include "checkers/value_ids.h"

#include <stdlib.h>

enum {
	DIRECT_SPARE = 64
};

/* States: the initial value is 0, any other is its id + 1. */
struct register_self {
	const struct history *history;
	const struct check_options *options;
	struct value_ids ids;
};

bool
register_understands(const struct history *history, const struct op *op, struct err *err)
{
	if (op->f == F_READ || op->f == F_WRITE)
		return true;
	if (op->f != F_CAS)
		return err_set(err, "'%s' is not an operation of a register",
			       history_f_name(history, op->f));
	if (val_kind(op->input) != VAL_LIST ||
	    val_count(&history->values, op->input) != 2)
		return err_set(err, "a cas of process %u has no pair [expected new]",
			       op->process);
	return true;
}

/* What the operation may have written, seen or met; so many of `met`. */
static size_t
values_met(const struct history *history, const struct op *op, val met[2])
{
	met[0] = op->f == F_READ ? op->output : op->input;
	if (op->f != F_CAS)
		return op->f == F_WRITE || op->type == OP_OK;
	met[0] = val_at(&history->values, op->input, 0);
	met[1] = val_at(&history->values, op->input, 1);
	return 2;
}

/* Numbers in a narrow range need no table. */
static void
choose_layout(struct register_self *self, const struct key_ops *key)
{
	int64_t low = INT64_MAX, high = INT64_MIN, number;
	val met[2];

	for (size_t i = 0; i < key->count; i++) {
		size_t count = values_met(self->history, key_op(key, i), met);
		for (size_t k = 0; k < count; k++) {
			if (met[k] == self->options->init)
				continue;
			if (!val_small_number(met[k], &number))
				return;
			low = number < low ? number : low;
			high = number > high ? number : high;
		}
	}
	if (low <= high && (uint64_t)high - (uint64_t)low < key->count + DIRECT_SPARE)
		value_ids_direct(&self->ids, low, high);
}

static uint32_t
state_of(struct register_self *self, val v)
{
	val init = self->options->init;
	bool is_initial = val_is_plain(v) || val_is_plain(init)
				  ? v == init
				  : val_equal(&self->history->values, v, init);

	return is_initial ? 0 : 1 + value_ids_add(&self->ids, v);
}

static void *
register_open(const struct key_ops *key, const struct check_options *options)
{
	struct register_self *self = mem_new(1, sizeof(*self));

	self->history = key->history;
	self->options = options;
	value_ids_init(&self->ids, &key->history->values);
	choose_layout(self, key);
	return self;
}

static void
register_close(void *context)
{
	struct register_self *self = context;

	value_ids_release(&self->ids);
	free(self);
}

static bool
decode_read(struct register_self *self, const struct op *op, struct call *call)
{
	val seen;

	if (!register_sees(self->history, op, self->options, &seen))
		return false;
	call->kind = REGISTER_READ;
	call->a = state_of(self, seen);
	return true;
}

static bool
decode_cas(struct register_self *self, const struct op *op, struct call *call)
{
	if (op->type == OP_FAIL &&
	    (!self->options->failed_cas_observes || op->error != 0))
		return false;
	call->kind = op->type == OP_FAIL ? REGISTER_UNEQUAL : REGISTER_CAS;
	call->a = state_of(self, val_at(&self->history->values, op->input, 0));
	if (op->type == OP_FAIL)
		return true;
	call->b = state_of(self, val_at(&self->history->values, op->input, 1));
	return true;
}

static bool
register_decode(void *context, const struct op *op, struct call *call)
{
	struct register_self *self = context;

	if (op->f == F_READ)
		return decode_read(self, op, call);
	if (op->f == F_CAS)
		return decode_cas(self, op, call);
	if (op->type == OP_FAIL)
		return false;
	call->kind = REGISTER_WRITE;
	call->a = state_of(self, op->input);
	return true;
}

static uint32_t
register_init(void *context)
{
	(void)context;
	return 0;
}

static bool
register_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	(void)context;
	*next = state;
	switch ((enum register_call)call->kind) {
	case REGISTER_READ:
		return state == call->a;
	case REGISTER_UNEQUAL:
		return state != call->a;
	case REGISTER_WRITE:
		*next = call->a;
		return true;
	case REGISTER_CAS:
		*next = state == call->a ? call->b : state;
		return state == call->a;
	}
	ASSERT(false);
	return false;
}

static bool
register_is_read(void *context, const struct call *call)
{
	(void)context;
	return call->kind == REGISTER_READ || call->kind == REGISTER_UNEQUAL;
}

static bool
register_is_overwrite(void *context, const struct call *call)
{
	(void)context;
	return call->kind == REGISTER_WRITE;
}

/* The value that the register must hold is what a call finds. */
static size_t
register_finds(void *context, const struct call *call, uint64_t *tokens)
{
	(void)context;
	tokens[0] = call->a;
	if (call->kind == REGISTER_UNEQUAL)
		return MODEL_TOKENS_MAX + 1;
	return call->kind != REGISTER_WRITE;
}

static size_t
register_leaves(void *context, const struct call *call, uint64_t *tokens)
{
	(void)context;
	tokens[0] = call->kind == REGISTER_CAS ? call->b : call->a;
	return call->kind == REGISTER_WRITE || call->kind == REGISTER_CAS;
}

static uint32_t
register_state_count(void *context)
{
	const struct register_self *self = context;

	return 1 + (uint32_t)value_ids_count(&self->ids);
}

const struct model model_register = {
	.name = "register",
	.open = register_open,
	.close = register_close,
	.decode = register_decode,
	.init = register_init,
	.step = register_step,
	.is_read = register_is_read,
	.is_overwrite = register_is_overwrite,
	.holds_one_value = true,
	.state_count = register_state_count,
	.leaves = register_leaves,
	.finds = register_finds,
};
