#include "checkers/type/counter.h"

#include "checkers/explain.h"
#include "checkers/type/counter_span.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Of all changes together, and of what there is at first: no sum leaves 64 bits. */
#define SUM_MAX ((int64_t)1 << 61)
/* Beyond all sums. */
#define SEEN_MAX (SUM_MAX * 2)

enum {
	CHANGES_SHOWN = 6
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
	if (*value > SEEN_MAX || *value < -SEEN_MAX)
		*value = *value > 0 ? SEEN_MAX : -SEEN_MAX;
	return true;
}

int64_t
counter_init(const struct history *history, const struct check_options *options)
{
	return options->init == VAL_OF_NIL ? 0
					   : val_number(&history->values, options->init);
}

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

/* One or two that show it: both ways round. */
static struct counter_span
find_span(const struct key_ops *key, const struct check_options *options,
	  const struct anomaly *anomaly, const struct op **first,
	  const struct op **second)
{
	const struct op *ops = key->history->ops.items;
	struct counter_span span = {0};
	size_t count = anomaly->ops.count;

	for (size_t last = count; last-- > 0 && count <= 2;) {
		*second = &ops[anomaly->ops.items[last]];
		*first = count == 2 ? &ops[anomaly->ops.items[1 - last]] : NULL;
		span = counter_span(key, options, *first, *second);
		if (span.kind != COUNTER_SPAN_FITS)
			return span;
	}
	return span;
}

/* A span that does not fit, or out of bounds. */
static bool
counter_contradicts(const struct key_ops *key, const struct check_options *options,
		    const struct anomaly *anomaly)
{
	const struct op *ops = key->history->ops.items;
	const struct op *a = &ops[anomaly->ops.items[0]], *first, *second;
	int64_t low, high, x;

	if (find_span(key, options, anomaly, &first, &second).kind != COUNTER_SPAN_FITS)
		return true;
	if (anomaly->ops.count != 1 || !counter_sees(key->history, a, &x))
		return false;
	find_bounds(key, options, a, &low, &high);
	return x < low || x > high;
}

/* The changes that are to blame, where they are few: those that force the bound that was
 * overstepped below (-1) or above (1), or all that had begun (0). */
static void
list_changes(const struct key_ops *key, const struct op *seer, int side, struct buf *text)
{
	uint32_t listed[CHANGES_SHOWN];
	size_t count = 0;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		bool is_over = op->type == OP_OK && op->complete_at < seer->invoke_at;
		int64_t delta = counter_delta(key->history, op);
		bool counts = is_over || (side < 0 ? delta < 0 : side == 0 || delta > 0);
		if (op == seer || op->type == OP_FAIL || delta == 0 || !counts ||
		    op->invoke_at > seer->complete_at)
			continue;
		if (count == CHANGES_SHOWN)
			return;
		listed[count++] = key->ops[i];
	}
	for (size_t i = 0; i < count; i++)
		explain_op(key->history, &key->history->ops.items[listed[i]], text);
}

/* What must, or can, lie between two that saw a value. */
static void
add_span(const struct key_ops *key, const struct counter_span *span,
	 const struct op *first, const struct op *second, struct buf *text)
{
	const struct op *shown[CHANGES_SHOWN];
	size_t count = 0;

	if (span->kind == COUNTER_SPAN_TOO_MANY)
		buf_printf(text,
			   "  from %" PRId64 " on, %" PRId64
			   " must be added before %" PRId64 " is found\n",
			   span->from, span->sum, span->to);
	else if (span->kind == COUNTER_SPAN_TOO_FEW)
		buf_printf(text,
			   "  from %" PRId64 " to %" PRId64 " no more than %" PRId64
			   " can be added\n",
			   span->from, span->to, span->sum);
	for (size_t i = 0; i < key->count; i++)
		if (counter_span_counts(key, span, first, second, key_op(key, i)) &&
		    count++ < CHANGES_SHOWN)
			shown[count - 1] = key_op(key, i);
	for (size_t i = 0; i < count && count <= CHANGES_SHOWN; i++)
		explain_op(key->history, shown[i], text);
}

/* What one or two operations cannot show: how far the changes went. */
static void
add_numbers(const struct key_ops *key, const struct check_options *options,
	    const struct anomaly *anomaly, struct buf *text)
{
	const struct op *op = &key->history->ops.items[anomaly->ops.items[0]];
	const struct op *first, *second;
	int64_t low, high, value, read;

	if (anomaly->ops.count > 2 || !counter_sees(key->history, op, &value))
		return;
	find_bounds(key, options, op, &low, &high);
	if (anomaly->ops.count == 2 || (value >= low && value <= high)) {
		struct counter_span span =
			find_span(key, options, anomaly, &first, &second);
		if (span.kind != COUNTER_SPAN_FITS)
			add_span(key, &span, first, second, text);
		else if (anomaly->ops.count == 1)
			list_changes(key, op, 0, text);
		return;
	}
	read = val_number(&key->history->values, op->output);
	if (value > high)
		buf_printf(text,
			   "  %" PRId64 " was read, but the changes that had begun "
			   "before it ended lead to at most %" PRId64 "\n",
			   read, high);
	else
		buf_printf(text,
			   "  %" PRId64 " was read, but the changes that were over "
			   "before it began lead to at least %" PRId64 "\n",
			   read, low);
	list_changes(key, op, value < low ? -1 : 1, text);
}

/* ---- the checker --------------------------------------------------------------------
 */

static bool
is_change(uint16_t f)
{
	return f == F_INCREMENT || f == F_DECREMENT || f == F_ADD || f == F_FETCH_ADD;
}

static bool
is_addable(const struct values *values, val v)
{
	if (val_kind(v) != VAL_INT)
		return false;
	int64_t number = val_number(values, v);
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
	if (is_change(op->f) && !is_addable(&history->values, op->input) &&
	    !(may_be_bare && op->input == VAL_OF_NIL))
		return err_set(err, "the %s of process %u has no number below 2^61",
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

	if (options->init != VAL_OF_NIL && !is_addable(&history->values, options->init))
		return err_set(err, "a counter starts with a number below 2^61");
	vec_each (struct op, op, &history->ops) {
		int64_t delta = counter_delta(history, op);
		sum += delta < 0 ? -delta : delta;
		if (sum >= SUM_MAX)
			return err_set(err, "the changes sum up to more than 2^61");
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
	.op_bytes = 64,
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
	.begins_with = is_addable,
	.beginning = "a number below 2^61",
};
