#include "checkers/register/multi_register.h"

#include "checkers/engine/linearizable.h"
#include "checkers/engine/states.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

enum {
	KEYS_MAX = 4096
};

/* One micro-operation. Compared by its bytes: no padding. */
struct micro {
	uint32_t key, value; /* ids */
	uint32_t writes;
};

struct micros {
	struct micro *items; /* a vec */
	size_t count, capacity;
};

/* A state is the id of each register's value; a call's `a` is the number of its interned
 * micro-operations, its `b` says whether it writes. */
struct self {
	const struct history *history;
	const struct check_options *options;
	struct value_ids keys, values;
	struct states states, calls;
	struct micros micros; /* of the call that is being decoded */
	uint32_t *registers;  /* owned; scratch: one state */
	size_t register_count;
};

/* ---- reading operations -------------------------------------------------------------
 */

static bool
is_word(const struct values *values, val v, const char *word)
{
	struct bytes text = val_text(values, v);

	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

static void
add_micro(struct self *self, val key, val v, bool writes, bool is_answered)
{
	if (!writes &&
	    (!is_answered || (v == VAL_OF_NIL && self->options->nil_is_unknown)))
		return;
	vec_push(&self->micros, (struct micro){value_ids_add(&self->keys, key),
					       value_ids_add(&self->values, v), writes});
}

static void
read_txn(struct self *self, const struct op *op)
{
	const struct values *values = &self->history->values;
	bool is_answered = op->type == OP_OK && op->output != VAL_OF_NIL;
	val txn = is_answered ? op->output : op->input;

	for (size_t i = 0; i < val_count(values, txn); i++) {
		val micro = val_at(values, txn, i), f = val_at(values, micro, 0);
		bool writes = is_word(values, f, "w") || is_word(values, f, "write");
		add_micro(self, val_at(values, micro, 1), val_at(values, micro, 2),
			  writes, is_answered);
	}
}

static void
read_map(struct self *self, const struct op *op)
{
	const struct values *values = &self->history->values;
	bool writes = op->f == F_WRITE;
	bool is_answered = op->type == OP_OK && op->output != VAL_OF_NIL;
	val map = writes ? op->input : op->output;

	if (!writes && !is_answered)
		return;
	for (size_t i = 0; i + 1 < val_count(values, map); i += 2)
		add_micro(self, val_at(values, map, i), val_at(values, map, i + 1),
			  writes, is_answered);
}

static void
read_op(struct self *self, const struct op *op)
{
	vec_clear(&self->micros);
	if (op->type == OP_FAIL)
		return;
	if (op->f == F_TXN)
		read_txn(self, op);
	else
		read_map(self, op);
}

/* ---- the model ----------------------------------------------------------------------
 */

static void *
multi_open(const struct key_ops *key, const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));

	self->history = key->history;
	self->options = options;
	value_ids_init(&self->keys, &key->history->values);
	value_ids_init(&self->values, &key->history->values);
	value_ids_add(&self->values, options->init);
	states_init(&self->states, options->budget.bytes_max / 4);
	states_init(&self->calls, 0);
	for (size_t i = 0; i < key->count; i++)
		read_op(self, key_op(key, i));
	self->register_count = value_ids_count(&self->keys);
	self->registers = mem_new(self->register_count + 1, sizeof(uint32_t));
	return self;
}

static void
multi_close(void *context)
{
	struct self *self = context;

	value_ids_release(&self->keys);
	value_ids_release(&self->values);
	states_release(&self->states);
	states_release(&self->calls);
	vec_release(&self->micros);
	free(self->registers);
	free(self);
}

static bool
has_write(const struct self *self)
{
	bool writes = false;

	for (size_t i = 0; i < self->micros.count; i++)
		writes |= self->micros.items[i].writes != 0;
	return writes;
}

/* Of unknown outcome, or without an answer, only writes say something. */
static bool
multi_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;

	read_op(self, op);
	call->b = has_write(self);
	if (self->micros.count == 0 || (op->type == OP_INFO && !call->b))
		return false;
	return states_number(&self->calls, self->micros.items,
			     self->micros.count * sizeof(struct micro), &call->a);
}

static uint32_t
multi_first(void *context)
{
	struct self *self = context;
	uint32_t number = 0;

	memset(self->registers, 0, self->register_count * sizeof(uint32_t));
	states_number(&self->states, self->registers,
		      self->register_count * sizeof(uint32_t), &number);
	return number;
}

static bool
multi_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	struct self *self = context;
	struct bytes micros = intern_get(&self->calls.of, call->a);
	size_t bytes = self->register_count * sizeof(uint32_t);

	states_read(&self->states, state, self->registers, bytes);
	for (size_t at = 0; at < micros.len; at += sizeof(struct micro)) {
		struct micro micro;
		memcpy(&micro, micros.data + at, sizeof(micro));
		if (micro.writes)
			self->registers[micro.key] = micro.value;
		else if (self->registers[micro.key] != micro.value)
			return false;
	}
	*next = state;
	return !call->b || states_number(&self->states, self->registers, bytes, next);
}

static bool
multi_is_read(void *context, const struct call *call)
{
	(void)context;
	return !call->b;
}

static bool
multi_never(void *context, const struct call *call)
{
	(void)context;
	(void)call;
	return false;
}

/* The values of registers that a call reads, or those that it writes. */
static size_t
tokens_of(const struct self *self, const struct call *call, bool writes, uint64_t *tokens)
{
	struct bytes micros = intern_get(&self->calls.of, call->a);
	size_t count = 0;

	for (size_t at = 0; at < micros.len; at += sizeof(struct micro)) {
		struct micro micro;
		memcpy(&micro, micros.data + at, sizeof(micro));
		if ((micro.writes != 0) != writes)
			continue;
		if (count == MODEL_TOKENS_MAX)
			return MODEL_TOKENS_MAX + 1;
		tokens[count++] = (uint64_t)micro.key << 32 | micro.value;
	}
	return count;
}

static size_t
multi_leaves(void *context, const struct call *call, uint64_t *tokens)
{
	return tokens_of(context, call, true, tokens);
}

static size_t
multi_finds(void *context, const struct call *call, uint64_t *tokens)
{
	return tokens_of(context, call, false, tokens);
}

static bool
touches(const struct self *self, const struct call *call, uint32_t key)
{
	struct bytes micros = intern_get(&self->calls.of, call->a);

	for (size_t at = 0; at < micros.len; at += sizeof(struct micro)) {
		struct micro micro;
		memcpy(&micro, micros.data + at, sizeof(micro));
		if (micro.key == key)
			return true;
	}
	return false;
}

static bool
multi_meets(void *context, const struct call *a, const struct call *b)
{
	const struct self *self = context;
	struct bytes micros = intern_get(&self->calls.of, a->a);

	for (size_t at = 0; at < micros.len; at += sizeof(struct micro)) {
		struct micro micro;
		memcpy(&micro, micros.data + at, sizeof(micro));
		if (touches(self, b, micro.key))
			return true;
	}
	return false;
}

static uint32_t
multi_state_count(void *context)
{
	(void)context;
	return 0;
}

static bool
multi_is_full(void *context)
{
	return ((const struct self *)context)->states.is_full;
}

const struct model model_multi_register = {
	.name = "multi-register",
	.open = multi_open,
	.close = multi_close,
	.decode = multi_decode,
	.init = multi_first,
	.step = multi_step,
	.is_read = multi_is_read,
	.is_overwrite = multi_never,
	.state_count = multi_state_count,
	.leaves = multi_leaves,
	.finds = multi_finds,
	.meets = multi_meets,
	.is_full = multi_is_full,
};

/* ---- the checker --------------------------------------------------------------------
 */

static bool
is_micro(const struct values *values, val v)
{
	if (val_kind(v) != VAL_LIST || val_count(values, v) != 3 ||
	    val_kind(val_at(values, v, 0)) != VAL_STRING)
		return false;
	val f = val_at(values, v, 0);
	return is_word(values, f, "r") || is_word(values, f, "w") ||
	       is_word(values, f, "read") || is_word(values, f, "write");
}

static bool
is_txn(const struct values *values, val v)
{
	if (val_kind(v) != VAL_LIST)
		return false;
	for (size_t i = 0; i < val_count(values, v); i++)
		if (!is_micro(values, val_at(values, v, i)))
			return false;
	return true;
}

static bool
multi_understands(const struct history *history, const struct op *op, struct err *err)
{
	const struct values *values = &history->values;
	bool is_answered = op->type == OP_OK && op->output != VAL_OF_NIL;

	if (op->f == F_TXN)
		return (is_txn(values, op->input) &&
			(!is_answered || is_txn(values, op->output))) ||
		       err_set(err,
			       "a txn of process %u is no list of [r KEY VALUE] and [w "
			       "KEY "
			       "VALUE]",
			       op->process);
	if (op->f != F_READ && op->f != F_WRITE)
		return err_set(err, "'%s' is not an operation of several registers",
			       history_f_name(history, op->f));
	val map = op->f == F_WRITE ? op->input : op->output;
	return (op->f == F_READ && !is_answered) || val_kind(map) == VAL_MAP ||
	       err_set(err, "a %s of process %u has no map of values",
		       history_f_name(history, op->f), op->process);
}

/* Each state holds all registers. */
static bool
multi_accepts(const struct history *history, const struct check_options *options,
	      struct err *err)
{
	struct key_ops none = {.history = history};
	struct self *self = multi_open(&none, options);

	vec_each (struct op, op, &history->ops)
		read_op(self, op);
	size_t keys = value_ids_count(&self->keys);
	multi_close(self);
	return keys <= KEYS_MAX ||
	       err_set(err, "%zu registers are more than the %d that fit one state", keys,
		       KEYS_MAX);
}

static const struct linearizable type = {
	.model = &model_multi_register,
	.complexity =
		"frontier engine: exponential at worst in the operations open at once",
	.understands = multi_understands,
	.accepts = multi_accepts,
};

/* Transactions have better checkers; maps have none. */
/* Maps under keys of their own are the values of plain registers. */
static int
multi_fits(const struct history *history)
{
	size_t maps = 0;

	vec_each (struct op, op, &history->ops) {
		if (op->key != VAL_OF_NIL)
			return 0;
		maps += op->f == F_WRITE && val_kind(op->input) == VAL_MAP;
	}
	return linearizable_fits(&type, history, maps > 0 ? 10 : 1);
}

static void
multi_check(const struct history *history, const struct check_options *options,
	    struct check_result *result)
{
	linearizable_check(&type, history, options, result);
}

static bool
multi_certify(const struct history *history, const struct check_options *options,
	      const struct check_result *result, struct err *err)
{
	return linearizable_certify(&type, history, options, result, err);
}

const struct checker checker_multi_register = {
	.name = "multi-register",
	.summary = "several registers read and written at once, strictly serializable",
	.fits = multi_fits,
	.check = multi_check,
	.certify = multi_certify,
};
