#include "checkers/register/multi_register.h"

#include "base/map.h"
#include "checkers/engine/states.h"
#include "checkers/sort.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

enum {
	DENSE_STATES_MAX = 4096
};

/* One register that a call must find with a value, or leaves with one. Compared by its
 * bytes: no padding. */
struct micro {
	uint32_t key, value; /* numbers */
	uint32_t writes;
};

enum multi_call {
	MULTI_READ,
	MULTI_WRITE, /* something, and may read */
	MULTI_NEVER, /* contradicts itself */
};

/* A register's place in a dense state. */
struct digit {
	uint32_t count; /* its values; 0 is the initial one */
	uint32_t weight;
};

/* A state is the value of each register. Where there are few, they are numbers whose
 * digits are the values, and known beforehand; else they are interned. A call's `a` is the
 * number of its interned micro-operations. */
struct self {
	const struct history *history;
	const struct check_options *options;
	struct value_ids keys, values;
	VEC(struct digit) digits; /* by key */
	struct map numbers;	  /* key << 32 | id of a value: its number at the key */
	uint32_t state_count;	  /* 0: states are interned */
	struct states states, calls;
	uint32_t *registers;	  /* owned; scratch: one state */
	VEC(struct micro) told;	  /* of the call that is being decoded, in its order */
	VEC(struct micro) micros; /* the same in sum */
	VEC(uint64_t) order;	  /* scratch: key << 32 | index in told */
	enum multi_call told_kind;
};

/* ---- reading operations --------------------------------------------------------- */

static bool
is_word(const struct values *values, val v, const char *word)
{
	struct bytes text = val_text(values, v);

	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

/* The number of the value at its register. */
static uint32_t
number_value(struct self *self, uint32_t key, val v)
{
	uint32_t id = value_ids_add(&self->values, v);
	bool is_new;

	if (key == self->digits.count)
		vec_push(&self->digits, (struct digit){.count = 1});
	if (id == 0) /* the initial one */
		return 0;
	uint64_t *number = map_at(&self->numbers, (uint64_t)key << 32 | id, &is_new);
	if (is_new)
		*number = self->digits.items[key].count++;
	return (uint32_t)*number;
}

static void
add_micro(struct self *self, val key, val v, bool writes, bool is_answered)
{
	if (!writes &&
	    (!is_answered || (v == VAL_OF_NIL && self->options->nil_is_unknown)))
		return;
	uint32_t number = value_ids_add(&self->keys, key);
	vec_push(&self->told,
		 (struct micro){number, number_value(self, number, v), writes});
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
	vec_clear(&self->told);
	if (op->type == OP_FAIL)
		return;
	if (op->f == F_TXN)
		read_txn(self, op);
	else
		read_map(self, op);
}

/* ---- what a transaction does in sum ------------------------------------------------- */

/* What the micro-operations of one key come to: the value that must be there before and
 * the one that is there after them. */
struct net {
	bool has_before, has_after;
	uint32_t before, after;
};

/* False: no value before them lets all of them be. */
static bool
net_add(struct net *net, const struct micro *micro)
{
	if (micro->writes) {
		net->has_after = true;
		net->after = micro->value;
		return true;
	}
	if (net->has_after)
		return net->after == micro->value;
	if (net->has_before)
		return net->before == micro->value;
	net->has_before = true;
	net->before = micro->value;
	return true;
}

static void
keep_net(struct self *self, uint32_t key, const struct net *net)
{
	bool changes = net->has_after && !(net->has_before && net->before == net->after);

	if (net->has_before)
		vec_push(&self->micros, (struct micro){key, net->before, false});
	if (changes)
		vec_push(&self->micros, (struct micro){key, net->after, true});
	if (changes && self->told_kind == MULTI_READ)
		self->told_kind = MULTI_WRITE;
}

static void
order_by_key(struct self *self)
{
	vec_clear(&self->order);
	for (size_t i = 0; i < self->told.count; i++)
		vec_push(&self->order, (uint64_t)self->told.items[i].key << 32 | i);
	sort_words(self->order.items, self->order.count);
}

/* Two transactions that come to the same are the same call. */
static void
sum_up(struct self *self)
{
	struct net net = {0};

	order_by_key(self);
	vec_clear(&self->micros);
	self->told_kind = MULTI_READ;
	for (size_t i = 0; i < self->order.count; i++) {
		uint64_t key = self->order.items[i] >> 32;
		if (!net_add(&net, &self->told.items[(uint32_t)self->order.items[i]]))
			self->told_kind = MULTI_NEVER;
		if (i + 1 < self->order.count && self->order.items[i + 1] >> 32 == key)
			continue;
		keep_net(self, (uint32_t)key, &net);
		net = (struct net){0};
	}
}

/* ---- states ------------------------------------------------------------------------- */

/* 0: too many. */
static uint32_t
count_states(struct self *self)
{
	size_t count = 1;

	vec_each (struct digit, digit, &self->digits) {
		digit->weight = (uint32_t)count;
		count *= digit->count;
		if (count > DENSE_STATES_MAX)
			return 0;
	}
	return (uint32_t)count;
}

static bool
find_micro(const struct self *self, uint32_t state, const struct micro *micro)
{
	const struct digit *digit = &self->digits.items[micro->key];

	return state / digit->weight % digit->count == micro->value;
}

static uint32_t
apply_micro(const struct self *self, uint32_t state, const struct micro *micro)
{
	const struct digit *digit = &self->digits.items[micro->key];
	uint32_t before = state / digit->weight % digit->count;

	return state + micro->value * digit->weight - before * digit->weight;
}

static struct micro
micro_at(struct bytes micros, size_t at)
{
	struct micro micro;

	memcpy(&micro, micros.data + at, sizeof(micro));
	return micro;
}

static bool
step_dense(const struct self *self, struct bytes micros, uint32_t state, uint32_t *next)
{
	*next = state;
	for (size_t at = 0; at < micros.len; at += sizeof(struct micro)) {
		struct micro micro = micro_at(micros, at);
		if (micro.writes)
			*next = apply_micro(self, *next, &micro);
		else if (!find_micro(self, *next, &micro))
			return false;
	}
	return true;
}

static bool
step_interned(struct self *self, struct bytes micros, uint32_t state, uint32_t *next)
{
	size_t bytes = self->digits.count * sizeof(uint32_t);
	bool writes = false;

	states_read(&self->states, state, self->registers, bytes);
	for (size_t at = 0; at < micros.len; at += sizeof(struct micro)) {
		struct micro micro = micro_at(micros, at);
		writes |= micro.writes;
		if (micro.writes)
			self->registers[micro.key] = micro.value;
		else if (self->registers[micro.key] != micro.value)
			return false;
	}
	*next = state;
	return !writes || states_number(&self->states, self->registers, bytes, next);
}

/* ---- the model ---------------------------------------------------------------------- */

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
	self->registers = mem_new(self->digits.count + 1, sizeof(uint32_t));
	self->state_count = count_states(self);
	return self;
}

static void
multi_close(void *context)
{
	struct self *self = context;

	value_ids_release(&self->keys);
	value_ids_release(&self->values);
	vec_release(&self->digits);
	map_release(&self->numbers);
	states_release(&self->states);
	states_release(&self->calls);
	vec_release(&self->told);
	vec_release(&self->micros);
	vec_release(&self->order);
	free(self->registers);
	free(self);
}

/* Of unknown outcome, or without an answer, only writes say something. */
static bool
multi_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;

	read_op(self, op);
	sum_up(self);
	if (self->told.count == 0 ||
	    (op->type == OP_INFO && self->told_kind == MULTI_READ))
		return false;
	call->kind = self->told_kind;
	return states_number(&self->calls, self->micros.items,
			     self->micros.count * sizeof(struct micro), &call->a);
}

static uint32_t
multi_first(void *context)
{
	struct self *self = context;
	uint32_t number = 0;

	if (self->state_count > 0)
		return 0;
	memset(self->registers, 0, self->digits.count * sizeof(uint32_t));
	states_number(&self->states, self->registers,
		      self->digits.count * sizeof(uint32_t), &number);
	return number;
}

static bool
multi_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	struct self *self = context;
	struct bytes micros = intern_get(&self->calls.of, call->a);

	if (call->kind == MULTI_NEVER)
		return false;
	return self->state_count > 0 ? step_dense(self, micros, state, next)
				     : step_interned(self, micros, state, next);
}

static bool
multi_is_read(void *context, const struct call *call)
{
	(void)context;
	return call->kind == MULTI_READ;
}

static bool
multi_never(void *context, const struct call *call)
{
	(void)context;
	(void)call;
	return false;
}

/* The values of registers that a call must find, or those that it leaves. */
static size_t
tokens_of(const struct self *self, const struct call *call, bool writes, uint64_t *tokens)
{
	struct bytes micros = intern_get(&self->calls.of, call->a);
	size_t count = 0;

	for (size_t at = 0; at < micros.len; at += sizeof(struct micro)) {
		struct micro micro = micro_at(micros, at);
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

	for (size_t at = 0; at < micros.len; at += sizeof(struct micro))
		if (micro_at(micros, at).key == key)
			return true;
	return false;
}

static bool
multi_meets(void *context, const struct call *a, const struct call *b)
{
	const struct self *self = context;
	struct bytes micros = intern_get(&self->calls.of, a->a);

	for (size_t at = 0; at < micros.len; at += sizeof(struct micro))
		if (touches(self, b, micro_at(micros, at).key))
			return true;
	return false;
}

static uint32_t
multi_state_count(void *context)
{
	return ((const struct self *)context)->state_count;
}

static bool
multi_is_full(void *context)
{
	return ((const struct self *)context)->states.is_full;
}

size_t
multi_register_keys(const struct history *history, const struct check_options *options)
{
	struct key_ops none = {.history = history};
	struct self *self = multi_open(&none, options);

	vec_each (struct op, op, &history->ops)
		read_op(self, op);
	size_t keys = value_ids_count(&self->keys);
	multi_close(self);
	return keys;
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
