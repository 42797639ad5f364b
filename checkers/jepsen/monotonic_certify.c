#include "checkers/jepsen/monotonic.h"

#include "checkers/jepsen/commit_order.h"
#include "checkers/jepsen/fields.h"
#include "checkers/jepsen/monotonic_rows.h"
#include "checkers/transaction/cycles.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

bool
monotonic_is_map(const struct op *op)
{
	return op->type == OP_OK && op->f != F_ADD && val_kind(op->output) == VAL_MAP;
}

bool
monotonic_is_rows(const struct op *op)
{
	return op->type == OP_OK && op->f == F_READ && val_kind(op->output) == VAL_LIST;
}

bool
monotonic_row(const struct values *values, val row, int64_t *number)
{
	if (val_kind(row) == VAL_MAP)
		row = fields_get(values, row, "val");
	return fields_number(values, row, number);
}

bool
monotonic_is_strict(const struct check_options *options)
{
	return options->level != NULL &&
	       strcmp(options->level, "strict-serializable") == 0;
}

struct heights {
	struct value_ids keys;
	VEC(int64_t) of;
};

struct all_heights {
	struct value_ids keys; /* of the operations */
	VEC(struct heights) of;
};

static void
all_heights_init(struct all_heights *all, const struct history *history)
{
	*all = (struct all_heights){0};
	value_ids_init(&all->keys, &history->values);
}

static struct heights *
heights_of(struct all_heights *all, val key)
{
	uint32_t id = value_ids_add(&all->keys, key);

	if (id == all->of.count) {
		vec_push(&all->of, (struct heights){0});
		value_ids_init(&vec_last(&all->of)->keys, all->keys.pool);
	}
	return &all->of.items[id];
}

static void
all_heights_release(struct all_heights *all)
{
	vec_each (struct heights, heights, &all->of) {
		value_ids_release(&heights->keys);
		vec_release(&heights->of);
	}
	value_ids_release(&all->keys);
	vec_release(&all->of);
}

/* No number of the answer is below the last one of its key. */
static bool
rises(const struct values *values, val answer, struct heights *heights)
{
	bool holds = true;

	for (size_t i = 0; i < fields_count(values, answer); i++) {
		int64_t number = INT64_MIN;
		fields_number(values, fields_at(values, answer, i), &number);
		uint32_t id =
			value_ids_add(&heights->keys, fields_name(values, answer, i));
		if (id == heights->of.count)
			vec_push(&heights->of, number);
		holds = holds && number >= heights->of.items[id];
		heights->of.items[id] = number;
	}
	return holds;
}

/* Every answer stands in the order once, and all of one key rise. */
static bool
certify_valid(const struct history *history, const struct order *order, bool in_time)
{
	const struct op *ops = history->ops.items;
	bool *is_placed = mem_new(history->ops.count + 1, sizeof(*is_placed));
	struct all_heights heights;
	bool holds = !in_time || commit_order_is_timely(history, order);

	all_heights_init(&heights, history);
	for (size_t i = 0; holds && i < order->count; i++) {
		uint32_t op = order->ops[i];
		holds = monotonic_is_map(&ops[op]) && !is_placed[op] &&
			rises(&history->values, ops[op].output,
			      heights_of(&heights, ops[op].key));
		is_placed[op] = true;
	}
	for (size_t i = 0; holds && i < history->ops.count; i++)
		holds = is_placed[i] == monotonic_is_map(&ops[i]);
	all_heights_release(&heights);
	free(is_placed);
	return holds && monotonic_rows_hold(history, in_time);
}

static bool
saw_less(const struct history *history, const struct op *a, const struct op *b)
{
	const struct values *values = &history->values;

	if (!monotonic_is_map(a) || !monotonic_is_map(b) ||
	    !val_equal(values, a->key, b->key))
		return false;
	for (size_t i = 0; i < fields_count(values, a->output); i++)
		for (size_t j = 0; j < fields_count(values, b->output); j++) {
			int64_t x = INT64_MIN, y = INT64_MIN;
			fields_number(values, fields_at(values, a->output, i), &x);
			fields_number(values, fields_at(values, b->output, j), &y);
			if (x < y && val_equal(values, fields_name(values, a->output, i),
					       fields_name(values, b->output, j)))
				return true;
		}
	return false;
}

static bool
precedes(const struct history *history, const struct op *a, const struct op *b)
{
	return saw_less(history, a, b) || a->complete_at < b->invoke_at;
}

static bool
certify_anomaly(const struct history *history, const struct anomaly *anomaly,
		bool in_time)
{
	const uint32_t *ops = anomaly->ops.items;

	if (strcmp(anomaly->name, "nonmonotonic-cycle") == 0 && anomaly->ops.count == 1)
		return saw_less(history, &history->ops.items[ops[0]],
				&history->ops.items[ops[0]]); /* it names a key twice */
	if (strcmp(anomaly->name, "nonmonotonic-cycle") == 0)
		return cycles_hold(history, ops, anomaly->ops.count, saw_less);
	if (strcmp(anomaly->name, "nonmonotonic-time") == 0)
		return in_time && cycles_hold(history, ops, anomaly->ops.count, precedes);
	return monotonic_rows_show(history, anomaly, in_time);
}

bool
monotonic_certify(const struct history *history, const struct check_options *options,
		  const struct check_result *result, struct err *err)
{
	bool in_time = monotonic_is_strict(options);
	bool holds =
		result->verdict == VERDICT_VALID
			? result->orders.count == 1 &&
				  certify_valid(history, result->orders.items, in_time)
			: result->anomalies.count > 0;

	vec_each (struct anomaly, anomaly, &result->anomalies)
		holds = holds && certify_anomaly(history, anomaly, in_time);
	return holds || err_set(err, "the values do not show it");
}
