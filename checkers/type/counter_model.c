/* counter_model.c - counters for the general engine. */
#include "checkers/engine/states.h"
#include "checkers/type/counter.h"

#include <stdlib.h>

enum counter_call {
	COUNTER_ADD = 1,   /* a: the change */
	COUNTER_READ,	   /* a: the value's state */
	COUNTER_FETCH_ADD, /* a: the change, b: the state before */
};

enum {
	STATES_MAX = 512
};

/* Values as far apart as this are no states themselves. */
#define NARROW_MAX ((uint64_t)1 << 30)
#define NO_STATE   UINT32_MAX

/* A state is the value less the lowest one that there can be, and a change is in two's
 * complement; where 32 bits do not hold them, both are numbers of `wide`. */
struct self {
	const struct history *history;
	int64_t low, init;
	uint64_t range;
	bool is_wide;
	struct states wide; /* of int64_t */
};

/* ---- values and their numbers ---- */

static uint32_t
number_of(struct self *self, int64_t value)
{
	uint32_t number;

	return states_number(&self->wide, &value, sizeof(value), &number) ? number
									  : NO_STATE;
}

static int64_t
of_number(const struct self *self, uint32_t number)
{
	int64_t value;

	states_read(&self->wide, number, &value, sizeof(value));
	return value;
}

static bool
is_reachable(const struct self *self, int64_t value)
{
	return value >= self->low && (uint64_t)(value - self->low) <= self->range;
}

static uint32_t
state_of(struct self *self, int64_t value)
{
	if (!is_reachable(self, value))
		return NO_STATE;
	return self->is_wide ? number_of(self, value) : (uint32_t)(value - self->low);
}

static int64_t
value_of(const struct self *self, uint32_t state)
{
	return self->is_wide ? of_number(self, state) : self->low + state;
}

static int64_t
delta_of(const struct self *self, const struct call *call)
{
	return self->is_wide ? of_number(self, call->a) : (int32_t)call->a;
}

/* ---- the model ---- */

static void *
counter_open(const struct key_ops *key, const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));
	int64_t high;

	self->history = key->history;
	self->init = self->low = high = counter_init(key->history, options);
	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		int64_t delta = counter_delta(key->history, op);
		if (op->type == OP_FAIL)
			continue;
		if (delta < 0)
			self->low += delta;
		else
			high += delta;
	}
	self->range = (uint64_t)(high - self->low);
	self->is_wide = self->range >= NARROW_MAX;
	if (self->is_wide)
		states_init(&self->wide, options->budget.bytes_max / 4);
	return self;
}

static void
counter_close(void *context)
{
	struct self *self = context;

	if (self->is_wide)
		states_release(&self->wide);
	free(self);
}

static uint32_t
change_of(struct self *self, int64_t delta)
{
	return self->is_wide ? number_of(self, delta) : (uint32_t)delta;
}

static bool
counter_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;
	int64_t value = 0;
	bool sees = counter_sees(self->history, op, &value);

	if (op->type == OP_FAIL || (op->f == F_READ && !sees))
		return false;
	call->kind = op->f == F_READ ? COUNTER_READ
		     : sees	     ? COUNTER_FETCH_ADD
				     : COUNTER_ADD;
	if (op->f == F_READ)
		call->a = state_of(self, value);
	else
		call->a = change_of(self, counter_delta(self->history, op));
	if (call->kind == COUNTER_FETCH_ADD)
		call->b = state_of(self, value);
	return true;
}

static uint32_t
counter_first(void *context)
{
	struct self *self = context;

	return state_of(self, self->init);
}

/* In numbers of `wide`. */
static bool
step_wide(struct self *self, uint32_t state, const struct call *call, uint32_t *next)
{
	if (call->a == NO_STATE) /* there was no room for it */
		return false;
	int64_t sum = of_number(self, state) + of_number(self, call->a);
	*next = state_of(self, sum);
	return *next != NO_STATE;
}

/* No state outside the range is ever met: each change happens at most once. */
static bool
counter_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	struct self *self = context;

	*next = state;
	if (call->kind == COUNTER_READ)
		return state == call->a;
	if (call->kind == COUNTER_FETCH_ADD && state != call->b)
		return false;
	if (self->is_wide)
		return step_wide(self, state, call, next);
	int64_t sum = (int64_t)state + (int32_t)call->a;
	*next = (uint32_t)sum;
	return sum >= 0 && (uint64_t)sum <= self->range;
}

static bool
counter_is_read(void *context, const struct call *call)
{
	const struct self *self = context;

	return call->kind == COUNTER_READ ||
	       (call->a != NO_STATE && delta_of(self, call) == 0);
}

static bool
counter_never(void *context, const struct call *call)
{
	(void)context;
	(void)call;
	return false;
}

static uint32_t
counter_state_count(void *context)
{
	const struct self *self = context;

	return self->range < STATES_MAX ? (uint32_t)self->range + 1 : 0;
}

static bool
counter_is_full(void *context)
{
	return ((const struct self *)context)->wide.is_full;
}
/* ---- what a part may begin with ---- */

/* Up to which sums the changes lead that see nothing and happen at most once, and when
 * the calls that will have happened begin and end. */
struct reach {
	int64_t up, down;
	uint32_t from, until;
};

static struct reach
reach_of(const struct self *self, const struct call *calls, size_t count)
{
	struct reach reach = {.from = OP_NEVER};

	for (size_t i = 0; i < count; i++) {
		const struct call *call = &calls[i];
		int64_t delta = call->kind == COUNTER_ADD ? delta_of(self, call) : 0;
		if (!call->repeats)
			*(delta > 0 ? &reach.up : &reach.down) += llabs(delta);
		if (call->optional)
			continue;
		reach.from = call->invoke_at < reach.from ? call->invoke_at : reach.from;
		reach.until =
			call->complete_at > reach.until ? call->complete_at : reach.until;
	}
	return reach;
}

/* Changes that may be repeated all the time can stand before everything else. */
static bool
are_repeats_always_possible(const struct call *calls, size_t count,
			    const struct reach *reach)
{
	for (size_t i = 0; i < count; i++)
		if (calls[i].repeats && calls[i].kind == COUNTER_ADD &&
		    (calls[i].invoke_at > reach->from ||
		     calls[i].complete_at < reach->until))
			return false;
	return true;
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* The values that calls find, ascending. */
static size_t
values_found(const struct self *self, const struct call *calls, size_t count,
	     int64_t *values)
{
	size_t found = 0;

	for (size_t i = 0; i < count && found < MODEL_STARTS_MAX; i++) {
		uint32_t state = calls[i].kind == COUNTER_READ ? calls[i].a : calls[i].b;
		if (calls[i].kind != COUNTER_ADD && state != NO_STATE)
			values[found++] = value_of(self, state);
	}
	qsort(values, found, sizeof(*values), by_number);
	return found;
}

/* Adds the states of low..high; false when they are too many. */
static bool
add_states(struct self *self, int64_t low, int64_t high, uint32_t *states, size_t *count)
{
	for (int64_t value = low; value <= high && is_reachable(self, value); value++) {
		uint32_t state = state_of(self, value);
		if (*count == MODEL_STARTS_MAX || state == NO_STATE)
			return false;
		states[(*count)++] = state;
	}
	return true;
}

/* Before the first call that finds a value there are only changes. */
static size_t
counter_starts(void *context, const struct call *calls, size_t count, uint32_t *states)
{
	struct self *self = context;
	struct reach reach = reach_of(self, calls, count);
	int64_t values[MODEL_STARTS_MAX], next = self->low;
	size_t value_count = values_found(self, calls, count, values), found = 0;

	if (!are_repeats_always_possible(calls, count, &reach))
		return MODEL_STARTS_MAX + 1;
	for (size_t i = 0; i < value_count; i++) {
		int64_t low = values[i] - reach.up, high = values[i] + reach.down;
		if (!add_states(self, low > next ? low : next, high, states, &found))
			return MODEL_STARTS_MAX + 1;
		if (high >= next)
			next = high + 1;
	}
	return found;
}

const struct model model_counter = {
	.name = "counter",
	.open = counter_open,
	.close = counter_close,
	.decode = counter_decode,
	.init = counter_first,
	.step = counter_step,
	.is_read = counter_is_read,
	.is_overwrite = counter_never,
	.state_count = counter_state_count,
	.starts = counter_starts,
	.is_full = counter_is_full,
};
