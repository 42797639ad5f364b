#include "checkers/jepsen/causal_reverse.h"

#include "base/mem.h"
#include "base/search.h"
#include "checkers/jepsen/fields.h"
#include "checkers/partition.h"

#include <stdlib.h>
#include <string.h>

bool
causal_reverse_is_write(const struct op *op)
{
	return op->f == F_WRITE || op->f == F_ADD || op->f == F_INSERT;
}

bool
causal_reverse_is_read(const struct op *op)
{
	return op->f == F_READ && op->type == OP_OK;
}

/* An entry of the sorted lists. */
struct placed {
	val value;
	uint32_t at;
};

static int
by_value(const void *a, const void *b, void *values)
{
	const struct placed *x = a, *y = b;
	int order = val_compare(values, x->value, y->value);

	return order != 0 ? order : x->at < y->at ? -1 : x->at > y->at;
}

static int
by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* The earliest entry of the value; NULL: none. */
static const struct placed *
find(const struct values *values, const struct placed *items, size_t count, val v)
{
	size_t at;

	search_first(at, 0, count, val_compare(values, items[at].value, v) < 0);
	return at < count && val_equal(values, items[at].value, v) ? &items[at] : NULL;
}

struct proof {
	const struct values *values;
	struct placed *begun, *acked; /* by value; by place */
	size_t begun_count, acked_count;
};

static bool
read_holds(const struct proof *proof, const struct op *read)
{
	size_t count = fields_items(proof->values, read->output);
	struct placed *seen = mem_new(count + 1, sizeof(*seen));
	uint32_t latest = 0;
	bool holds = true;

	for (size_t i = 0; i < count; i++) {
		seen[i].value = val_at(proof->values, read->output, i);
		const struct placed *write = find(proof->values, proof->begun,
						  proof->begun_count, seen[i].value);
		holds = holds && write != NULL && write->at < read->complete_at;
		if (write != NULL && write->at > latest)
			latest = write->at;
	}
	qsort_r(seen, count, sizeof(*seen), by_value, (void *)proof->values);
	for (size_t i = 0; holds && i < proof->acked_count; i++) {
		if (proof->acked[i].at > latest)
			break;
		holds = find(proof->values, seen, count, proof->acked[i].value) != NULL;
	}
	free(seen);
	return holds;
}

static bool
certify_key(const struct key_ops *key)
{
	struct proof proof = {.values = &key->history->values,
			      .begun = mem_new(key->count + 1, sizeof(struct placed)),
			      .acked = mem_new(key->count + 1, sizeof(struct placed))};
	bool holds = true;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		if (!causal_reverse_is_write(op) || op->type == OP_FAIL)
			continue;
		proof.begun[proof.begun_count++] =
			(struct placed){op->input, op->invoke_at};
		if (op->type == OP_OK)
			proof.acked[proof.acked_count++] =
				(struct placed){op->input, op->complete_at};
	}
	qsort_r(proof.begun, proof.begun_count, sizeof(*proof.begun), by_value,
		(void *)proof.values);
	qsort(proof.acked, proof.acked_count, sizeof(*proof.acked), by_place);
	for (size_t i = 0; i < key->count; i++)
		if (causal_reverse_is_read(key_op(key, i)))
			holds = holds && read_holds(&proof, key_op(key, i));
	free(proof.begun);
	free(proof.acked);
	return holds;
}

static bool
certify_valid(const struct history *history, struct err *err)
{
	struct partition partition;
	bool holds = true;

	partition_init(&partition, history);
	for (size_t i = 0; i < partition_count(&partition); i++) {
		struct key_ops key = partition_at(&partition, i);
		holds = holds && certify_key(&key);
	}
	partition_release(&partition);
	return holds || err_set(err, "a read misses what it should see");
}

static bool
read_has(const struct history *history, const struct op *read, val v)
{
	for (size_t i = 0; i < fields_items(&history->values, read->output); i++)
		if (val_equal(&history->values, v,
			      val_at(&history->values, read->output, i)))
			return true;
	return false;
}

/* Some write of the value, not failed, began before the position. */
static bool
began_before(const struct history *history, val key, val v, uint32_t position)
{
	vec_each (struct op, op, &history->ops)
		if (causal_reverse_is_write(op) && op->type != OP_FAIL &&
		    op->invoke_at < position &&
		    val_equal(&history->values, op->key, key) &&
		    val_equal(&history->values, op->input, v))
			return true;
	return false;
}

static bool
shows_reverse(const struct history *history, const struct anomaly *anomaly)
{
	const struct op *early = NULL, *late = NULL, *read = NULL;

	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		if (op->f == F_READ)
			read = op;
		else if (early == NULL)
			early = op;
		else
			late = op;
	}
	return read != NULL && late != NULL && early->type == OP_OK &&
	       early->complete_at < late->invoke_at &&
	       !began_before(history, anomaly->key, late->input, late->invoke_at) &&
	       read_has(history, read, late->input) &&
	       !read_has(history, read, early->input);
}

static bool
shows_unexpected(const struct history *history, const struct anomaly *anomaly)
{
	const struct op *read = &history->ops.items[*vec_last(&anomaly->ops)];

	vec_each (uint32_t, i, &anomaly->ops)
		if (history->ops.items[*i].f == F_READ)
			read = &history->ops.items[*i];
	for (size_t i = 0; i < fields_items(&history->values, read->output); i++)
		if (!began_before(history, anomaly->key,
				  val_at(&history->values, read->output, i),
				  read->complete_at))
			return true;
	return false;
}

bool
causal_reverse_certify(const struct history *history, const struct check_options *options,
		       const struct check_result *result, struct err *err)
{
	(void)options;
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		bool holds = strcmp(anomaly->name, "causal-reverse") == 0
				     ? shows_reverse(history, anomaly)
				     : shows_unexpected(history, anomaly);
		if (!holds)
			return err_set(err, "the operations of '%s' do not show it",
				       anomaly->name);
	}
	return result->verdict != VERDICT_VALID || certify_valid(history, err);
}
