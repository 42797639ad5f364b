#include "checkers/type/counter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum counter_call {
	COUNTER_ADD = 1,   /* a: the change, in two's complement */
	COUNTER_READ,	   /* a: the value's state */
	COUNTER_FETCH_ADD, /* a: the change, b: the state before */
};

enum {
	SUM_MAX = 1 << 30,
	STATES_MAX = 512
};

#define NO_STATE UINT32_MAX

/* The state is the value less the lowest one that there can be. */
struct self {
	const struct history *history;
	int64_t low, init;
	uint32_t range;
};

int64_t
counter_delta(const struct history *history, const struct op *op)
{
	int64_t number = 1;

	if (op->f == F_READ)
		return 0;
	if (op->input != VAL_OF_NIL)
		number = val_number(&history->values, op->input);
	return op->f == F_DECREMENT ? -number : number;
}

bool
counter_sees(const struct history *history, const struct op *op, int64_t *value)
{
	if (op->type != OP_OK || (op->f != F_READ && op->f != F_FETCH_ADD) ||
	    op->output == VAL_OF_NIL)
		return false;
	*value = val_number(&history->values, op->output);
	return true;
}

int64_t
counter_init(const struct history *history, const struct check_options *options)
{
	return options->init == VAL_OF_NIL ? 0
					   : val_number(&history->values, options->init);
}

/* ---- the model ----------------------------------------------------------------------
 */

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
	self->range = (uint32_t)(high - self->low);
	return self;
}

static void
counter_close(void *context)
{
	free(context);
}

static uint32_t
state_of(const struct self *self, int64_t value)
{
	if (value < self->low || value - self->low > self->range)
		return NO_STATE;
	return (uint32_t)(value - self->low);
}

static bool
counter_decode(void *context, const struct op *op, struct call *call)
{
	const struct self *self = context;
	int64_t value = 0;
	bool sees = counter_sees(self->history, op, &value);

	if (op->type == OP_FAIL || (op->f == F_READ && !sees))
		return false;
	call->kind = op->f == F_READ ? COUNTER_READ
		     : sees	     ? COUNTER_FETCH_ADD
				     : COUNTER_ADD;
	call->a = (uint32_t)counter_delta(self->history, op);
	if (op->f == F_READ)
		call->a = state_of(self, value);
	else if (sees)
		call->b = state_of(self, value);
	return true;
}

static uint32_t
counter_first(void *context)
{
	const struct self *self = context;

	return state_of(self, self->init);
}

/* No state outside the range is ever met: each change happens at most once. */
static bool
counter_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	const struct self *self = context;

	*next = state;
	if (call->kind == COUNTER_READ)
		return state == call->a;
	if (call->kind == COUNTER_FETCH_ADD && state != call->b)
		return false;
	int64_t sum = (int64_t)state + (int32_t)call->a;
	*next = (uint32_t)sum;
	return sum >= 0 && sum <= self->range;
}

static bool
counter_is_read(void *context, const struct call *call)
{
	(void)context;
	return call->kind == COUNTER_READ || call->a == 0;
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

	return self->range < STATES_MAX ? self->range + 1 : 0;
}

/* ---- what a part may begin with ---- */

/* Up to which sums the changes lead that see nothing and happen at most once, and when
 * the calls that will have happened begin and end. */
struct reach {
	int64_t up, down;
	uint32_t from, until;
};

static struct reach
reach_of(const struct call *calls, size_t count)
{
	struct reach reach = {.from = OP_NEVER};

	for (size_t i = 0; i < count; i++) {
		const struct call *call = &calls[i];
		int32_t delta = call->kind == COUNTER_ADD ? (int32_t)call->a : 0;
		if (!call->repeats)
			*(delta > 0 ? &reach.up : &reach.down) += abs(delta);
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
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The values that calls find, ascending. */
static size_t
values_found(const struct self *self, const struct call *calls, size_t count,
	     uint32_t *values)
{
	size_t found = 0;

	for (size_t i = 0; i < count && found < MODEL_STARTS_MAX; i++) {
		uint32_t value = calls[i].kind == COUNTER_READ ? calls[i].a : calls[i].b;
		if (calls[i].kind != COUNTER_ADD && value <= self->range)
			values[found++] = value;
	}
	qsort(values, found, sizeof(*values), by_number);
	return found;
}

/* Before the first call that finds a value there are only changes. */
static size_t
counter_starts(void *context, const struct call *calls, size_t count, uint32_t *states)
{
	const struct self *self = context;
	struct reach reach = reach_of(calls, count);
	uint32_t values[MODEL_STARTS_MAX];
	size_t value_count = values_found(self, calls, count, values), found = 0;
	int64_t next = 0;

	if (!are_repeats_always_possible(calls, count, &reach))
		return MODEL_STARTS_MAX + 1;
	for (size_t i = 0; i < value_count; i++) {
		int64_t low = values[i] - reach.up, high = values[i] + reach.down;
		for (next = low > next ? low : next; next <= high && next <= self->range;
		     next++) {
			if (found == MODEL_STARTS_MAX)
				return MODEL_STARTS_MAX + 1;
			states[found++] = (uint32_t)next;
		}
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
};

/* ---- what contradicts itself --------------------------------------------------------
 */

/* The least and the greatest value that the operation can have seen. */
static void
find_bounds(const struct key_ops *key, const struct check_options *options,
	    const struct op *seer, int64_t *low, int64_t *high)
{
	*low = *high = counter_init(key->history, options);
	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		int64_t delta = counter_delta(key->history, op);
		bool is_over = op->type == OP_OK && op->complete_at < seer->invoke_at;
		if (op == seer || op->type == OP_FAIL ||
		    op->invoke_at > seer->complete_at)
			continue;
		if (is_over || delta < 0)
			*low += delta;
		if (is_over || delta > 0)
			*high += delta;
	}
}

/* Out of bounds; or, where all changes have one sign, two that went the other way. */
static bool
counter_contradicts(const struct key_ops *key, const struct check_options *options,
		    const struct anomaly *anomaly)
{
	const struct op *ops = key->history->ops.items;
	const struct op *a = &ops[anomaly->ops.items[0]];
	int64_t low, high, x, y;
	bool has_up = false, has_down = false;

	for (size_t i = 0; i < key->count; i++) {
		has_up |= counter_delta(key->history, key_op(key, i)) > 0;
		has_down |= counter_delta(key->history, key_op(key, i)) < 0;
	}
	if (anomaly->ops.count == 2 && counter_sees(key->history, a, &x)) {
		const struct op *b = &ops[anomaly->ops.items[1]];
		return counter_sees(key->history, b, &y) && has_up != has_down &&
		       a->complete_at < b->invoke_at && (has_up ? x > y : x < y);
	}
	if (anomaly->ops.count != 1 || !counter_sees(key->history, a, &x))
		return false;
	find_bounds(key, options, a, &low, &high);
	return x < low || x > high;
}

/* What a lone read cannot show: how far the changes went. */
static void
add_numbers(const struct key_ops *key, const struct check_options *options,
	    const struct anomaly *anomaly, struct buf *text)
{
	const struct op *op = &key->history->ops.items[anomaly->ops.items[0]];
	int64_t low, high, value;

	if (anomaly->ops.count != 1 || !counter_sees(key->history, op, &value))
		return;
	find_bounds(key, options, op, &low, &high);
	if (value > high)
		buf_printf(text,
			   "  %" PRId64 " was read, but the changes that had begun "
			   "before it ended lead to at most %" PRId64 "\n",
			   value, high);
	else if (value < low)
		buf_printf(text,
			   "  %" PRId64 " was read, but the changes that were over "
			   "before it began lead to at least %" PRId64 "\n",
			   value, low);
}

/* ---- the checker --------------------------------------------------------------------
 */

static bool
is_change(uint16_t f)
{
	return f == F_INCREMENT || f == F_DECREMENT || f == F_ADD || f == F_FETCH_ADD;
}

static bool
is_small(const struct history *history, val v)
{
	if (val_kind(v) != VAL_INT)
		return false;
	int64_t number = val_number(&history->values, v);
	return number > -SUM_MAX && number < SUM_MAX;
}

static bool
counter_understands(const struct history *history, const struct op *op, struct err *err)
{
	bool may_be_bare = op->f == F_INCREMENT || op->f == F_DECREMENT;
	bool returns = op->f == F_READ || op->f == F_FETCH_ADD;

	if (op->f != F_READ && !is_change(op->f))
		return err_set(err, "'%s' is not an operation of a counter",
			       history_f_name(history, op->f));
	if (is_change(op->f) && !is_small(history, op->input) &&
	    !(may_be_bare && op->input == VAL_OF_NIL))
		return err_set(err, "the %s of process %u has no number below 2^30",
			       history_f_name(history, op->f), op->process);
	if (returns && op->type == OP_OK && op->output != VAL_OF_NIL &&
	    val_kind(op->output) != VAL_INT)
		return err_set(err, "the %s of process %u returned no number",
			       history_f_name(history, op->f), op->process);
	return true;
}

static bool
counter_accepts(const struct history *history, const struct check_options *options,
		struct err *err)
{
	int64_t sum = 0;

	if (options->init != VAL_OF_NIL && !is_small(history, options->init))
		return err_set(err, "a counter starts with a number below 2^30");
	vec_each (struct op, op, &history->ops) {
		int64_t delta = counter_delta(history, op);
		sum += delta < 0 ? -delta : delta;
		if (sum >= SUM_MAX)
			return err_set(err, "the changes sum up to more than 2^30");
	}
	return true;
}

/* Two fetch-adds that returned the same. */
static bool
is_duplicate_fetch(const struct history *history, const uint32_t *ops, size_t count)
{
	int64_t x, y;

	if (count != 2)
		return false;
	const struct op *a = &history->ops.items[ops[0]];
	const struct op *b = &history->ops.items[ops[1]];
	return a->f == F_FETCH_ADD && b->f == F_FETCH_ADD &&
	       counter_sees(history, a, &x) && counter_sees(history, b, &y) && x == y;
}

static const char *
name_core(const struct history *history, const uint32_t *ops, size_t count,
	  const char **why)
{
	size_t seen = 0;
	int64_t value;

	if (is_duplicate_fetch(history, ops, count)) {
		*why = "both found the same value, although each changes it";
		return "duplicate-fetch";
	}

	for (size_t i = 0; i < count; i++)
		seen += counter_sees(history, &history->ops.items[ops[i]], &value);
	if (seen < 2)
		return NULL;
	*why = "no order of the changes gives all of these values";
	return "counter-went-back";
}

static const struct linearizable type = {
	.model = &model_counter,
	.complexity = "bounds and greedy: O(n log n), complete where all changes are one "
		      "number; frontier engine for others: exponential at worst",
	.understands = counter_understands,
	.accepts = counter_accepts,
	.decide = counter_decide,
	.contradicts = counter_contradicts,
	.add_numbers = add_numbers,
	.name_core = name_core,
};

/* A history of adds and reads is a counter's when the reads return numbers. */
static int
counter_fits(const struct history *history)
{
	size_t changes = 0, certain = 0;
	int64_t value;

	if (linearizable_fits(&type, history, 1) == 0)
		return 0;
	vec_each (struct op, op, &history->ops) {
		changes += is_change(op->f);
		certain += (is_change(op->f) && op->f != F_ADD) ||
			   counter_sees(history, op, &value);
	}
	return changes > 0 && certain > 0 ? 10 : 0;
}

static void
counter_check(const struct history *history, const struct check_options *options,
	      struct check_result *result)
{
	linearizable_check(&type, history, options, result);
}

static bool
counter_certify(const struct history *history, const struct check_options *options,
		const struct check_result *result, struct err *err)
{
	return linearizable_certify(&type, history, options, result, err);
}

const struct checker checker_counter = {
	.name = "counter",
	.summary = "linearizable counters with increments, decrements and fetch-and-add",
	.fits = counter_fits,
	.check = counter_check,
	.certify = counter_certify,
};
