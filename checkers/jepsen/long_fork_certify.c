#include "checkers/jepsen/long_fork.h"

#include "base/mem.h"
#include "checkers/jepsen/commit_order.h"
#include "checkers/jepsen/fields.h"
#include "checkers/transaction/cycles.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

bool
fork_part_at(const struct values *values, val txn, size_t i, struct fork_part *part)
{
	val mop = fields_item(values, txn, i), f = fields_item(values, mop, 0);

	part->key = fields_item(values, mop, 1);
	part->value = fields_item(values, mop, 2);
	part->is_write =
		fields_is_text(values, f, "w") || fields_is_text(values, f, "write");
	return part->is_write || fields_is_text(values, f, "r") ||
	       fields_is_text(values, f, "read");
}

val
fork_body(const struct op *op)
{
	return op->type == OP_OK && op->output != VAL_OF_NIL ? op->output : op->input;
}

bool
fork_is_strict(const struct check_options *options)
{
	return options->level != NULL &&
	       strcmp(options->level, "strict-serializable") == 0;
}

/* What was written so far. */
struct written {
	struct value_ids keys;
	VEC(val) of;
};

/* Reads of other than successful operations say nothing. */
static bool
replay(const struct history *history, const struct op *op, struct written *written)
{
	const struct values *values = &history->values;
	struct fork_part part;

	for (size_t i = 0; i < fields_items(values, fork_body(op)); i++) {
		fork_part_at(values, fork_body(op), i, &part);
		uint32_t id = value_ids_add(&written->keys, part.key);
		if (id == written->of.count)
			vec_push(&written->of, VAL_OF_NIL);
		if (part.is_write)
			written->of.items[id] = part.value;
		else if (op->type == OP_OK &&
			 !val_equal(values, written->of.items[id], part.value))
			return false;
	}
	return true;
}

static bool
certify_valid(const struct history *history, const struct order *order, bool in_time)
{
	struct written written = {0};
	bool *placed = mem_new(history->ops.count + 1, sizeof(*placed));
	bool holds = true;

	value_ids_init(&written.keys, &history->values);
	for (size_t i = 0; i < order->count && holds; i++) {
		holds = !placed[order->ops[i]] &&
			history->ops.items[order->ops[i]].type != OP_FAIL &&
			replay(history, &history->ops.items[order->ops[i]], &written);
		placed[order->ops[i]] = true;
	}
	for (size_t i = 0; i < history->ops.count; i++)
		holds = holds && (placed[i] || history->ops.items[i].type != OP_OK);
	value_ids_release(&written.keys);
	vec_release(&written.of);
	free(placed);
	return holds && (!in_time || commit_order_is_timely(history, order));
}

/* a wrote what b saw, or a missed what b wrote. */
static bool
data_precedes(const struct history *history, const struct op *a, const struct op *b)
{
	const struct values *values = &history->values;
	struct fork_part x, y;

	if (a == b || a->type == OP_FAIL || b->type == OP_FAIL)
		return false;
	for (size_t i = 0; i < fields_items(values, fork_body(a)); i++)
		for (size_t j = 0; j < fields_items(values, fork_body(b)); j++) {
			fork_part_at(values, fork_body(a), i, &x);
			fork_part_at(values, fork_body(b), j, &y);
			if (x.is_write == y.is_write || !val_equal(values, x.key, y.key))
				continue;
			if (x.is_write ? b->type == OP_OK &&
						 val_equal(values, x.value, y.value)
				       : a->type == OP_OK && x.value == VAL_OF_NIL)
				return true;
		}
	return false;
}

static bool
precedes(const struct history *history, const struct op *a, const struct op *b)
{
	return data_precedes(history, a, b) ||
	       (a->type == OP_OK && b->type != OP_FAIL && a->complete_at < b->invoke_at);
}

static bool
is_written(const struct history *history, const struct fork_part *seen)
{
	const struct values *values = &history->values;
	struct fork_part part;

	vec_each (struct op, op, &history->ops)
		for (size_t i = 0;
		     op->type != OP_FAIL && i < fields_items(values, fork_body(op));
		     i++) {
			fork_part_at(values, fork_body(op), i, &part);
			if (part.is_write && val_equal(values, part.key, seen->key) &&
			    val_equal(values, part.value, seen->value))
				return true;
		}
	return false;
}

/* One of them saw something of a key that no transaction wrote with success. */
static bool
shows_value(const struct history *history, const struct anomaly *anomaly)
{
	const struct values *values = &history->values;
	struct fork_part seen;

	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		for (size_t k = 0;
		     op->type == OP_OK && k < fields_items(values, fork_body(op)); k++) {
			fork_part_at(values, fork_body(op), k, &seen);
			if (!seen.is_write && seen.value != VAL_OF_NIL &&
			    !is_written(history, &seen))
				return true;
		}
	}
	return false;
}

/* Alone it does not see what it wrote before, or sees what it writes only after. */
static bool
is_internal(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;
	struct fork_part read, write;

	for (size_t i = 0; op->type == OP_OK && i < fields_items(values, fork_body(op));
	     i++)
		for (size_t j = 0; j < fields_items(values, fork_body(op)); j++) {
			fork_part_at(values, fork_body(op), i, &read);
			fork_part_at(values, fork_body(op), j, &write);
			if (!read.is_write && write.is_write &&
			    val_equal(values, read.key, write.key) &&
			    !val_equal(values, read.value,
				       j < i ? write.value : VAL_OF_NIL))
				return true;
		}
	return false;
}

static bool
certify_anomaly(const struct history *history, const struct anomaly *anomaly,
		bool in_time)
{
	bool is_late = strcmp(anomaly->name, "stale-read") == 0;

	if (strcmp(anomaly->name, "internal") == 0)
		return anomaly->ops.count == 1 &&
		       is_internal(history, &history->ops.items[anomaly->ops.items[0]]);
	if (strstr(anomaly->name, "aborted") != NULL ||
	    strstr(anomaly->name, "unwritten") != NULL)
		return shows_value(history, anomaly);
	return (in_time || !is_late) &&
	       cycles_hold(history, anomaly->ops.items, anomaly->ops.count,
			   is_late ? precedes : data_precedes);
}

bool
long_fork_certify(const struct history *history, const struct check_options *options,
		  const struct check_result *result, struct err *err)
{
	bool holds = result->verdict == VERDICT_VALID
			     ? result->orders.count == 1 &&
				       certify_valid(history, result->orders.items,
						     fork_is_strict(options))
			     : result->anomalies.count > 0;

	vec_each (struct anomaly, anomaly, &result->anomalies)
		holds = holds &&
			certify_anomaly(history, anomaly, fork_is_strict(options));
	return holds || err_set(err, "the transactions do not show it");
}
