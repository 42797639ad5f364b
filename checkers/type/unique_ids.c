#include "checkers/type/unique_ids.h"

#include "checkers/budget.h"
#include "checkers/explain.h"
#include "checkers/partition.h"
#include "checkers/sort.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum {
	ID_BYTES = 48 /* of an operation: its id, and what was given in order, twice */
};

static bool
is_monotone(const struct check_options *options)
{
	return options->model != NULL && strcmp(options->model, "monotone") == 0;
}

/* An id that somebody got. */
static bool
is_given(const struct op *op)
{
	return op->type == OP_OK && op->output != VAL_OF_NIL;
}

static void
report(const struct key_ops *key, struct check_result *result, const char *name,
       const char *why, uint32_t a, uint32_t b)
{
	struct anomaly *anomaly = check_result_anomaly(result, name, key->key);
	struct buf text = {0};

	if (anomaly == NULL)
		return;
	explain_add(anomaly, a);
	explain_add(anomaly, b);
	buf_printf(&text, "%s:\n", why);
	explain_list(key->history, anomaly, &text);
	explain_finish(anomaly, &text);
}

static uint64_t
find_duplicates(const struct key_ops *key, struct check_result *result)
{
	struct value_ids ids;
	VEC(uint32_t) givers = {0};
	uint64_t duplicates = 0;

	value_ids_init(&ids, &key->history->values);
	for (size_t i = 0; i < key->count; i++) {
		if (!is_given(key_op(key, i)))
			continue;
		uint32_t id = value_ids_add(&ids, key_op(key, i)->output);
		if (id == givers.count) {
			vec_push(&givers, key->ops[i]);
			continue;
		}
		duplicates++;
		report(key, result, "duplicate-id", "one id was given out twice",
		       givers.items[id], key->ops[i]);
	}
	value_ids_release(&ids);
	vec_release(&givers);
	return duplicates;
}

/* Generates by completion; the caller frees. */
static uint64_t *
sort_completions(const struct key_ops *key, size_t *count)
{
	uint64_t *sorted = mem_new(key->count + 1, sizeof(*sorted));

	*count = 0;
	for (size_t i = 0; i < key->count; i++)
		if (is_given(key_op(key, i)))
			sorted[(*count)++] =
				(uint64_t)key_op(key, i)->complete_at << 32 | i;
	sort_words(sorted, *count);
	return sorted;
}

/* In the order of invocations, with the greatest id of all that had completed. */
static uint64_t
find_steps_back(const struct key_ops *key, struct check_result *result)
{
	size_t count, next = 0;
	uint64_t *sorted = sort_completions(key, &count), steps = 0;
	uint32_t greatest = NONE;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		if (!is_given(op))
			continue;
		for (; next < count && sorted[next] >> 32 < op->invoke_at; next++) {
			uint32_t done = (uint32_t)sorted[next];
			if (greatest == NONE ||
			    val_compare(&key->history->values, key_op(key, done)->output,
					key_op(key, greatest)->output) > 0)
				greatest = done;
		}
		if (greatest == NONE ||
		    val_compare(&key->history->values, key_op(key, greatest)->output,
				op->output) <= 0)
			continue;
		steps++;
		report(key, result, "id-went-back",
		       "the one that began later got the smaller id", key->ops[greatest],
		       key->ops[i]);
	}
	free(sorted);
	return steps;
}

static bool
unique_ids_understands(const struct history *history, const struct op *op,
		       struct err *err)
{
	return op->f == F_GENERATE ||
	       err_set(err, "'%s' is not an operation of a generator of ids",
		       history_f_name(history, op->f));
}

static int
unique_ids_fits(const struct history *history)
{
	struct err err;

	vec_each (struct op, op, &history->ops) {
		if (!unique_ids_understands(history, op, &err))
			return 0;
	}
	return history->ops.count > 0 ? 10 : 0;
}

static bool
is_judgeable(const struct history *history, const struct check_options *options,
	     struct err *err)
{
	vec_each (struct op, op, &history->ops) {
		if (!unique_ids_understands(history, op, err))
			return false;
	}
	if (options->model == NULL || is_monotone(options))
		return budget_has_room(&options->budget, history->ops.count, ID_BYTES,
				       err);
	err_set(err, "a generator of ids has no model '%s', only 'monotone'",
		options->model);
	return false;
}

static void
conclude(const struct check_options *options, uint64_t given, uint64_t duplicates,
	 uint64_t steps, struct check_result *result)
{
	buf_printf(&result->details,
		   "\"given\":%" PRIu64 ",\"duplicates\":%" PRIu64
		   ",\"steps_back\":%" PRIu64,
		   given, duplicates, steps);
	if (result->verdict == VERDICT_INVALID) {
		result->reason = mem_format("%" PRIu64 " duplicates, %" PRIu64
					    " steps back, in %" PRIu64 " ids",
					    duplicates, steps, given);
		return;
	}
	result->verdict = VERDICT_VALID;
	result->reason = mem_format("all %" PRIu64 " ids are different%s", given,
				    is_monotone(options) ? " and increase" : "");
}

static void
unique_ids_check(const struct history *history, const struct check_options *options,
		 struct check_result *result)
{
	struct partition partition;
	uint64_t given = 0, duplicates = 0, steps = 0;
	struct err err;

	result->complexity = "O(n log n), complete";
	result->operations = history->ops.count;
	if (!is_judgeable(history, options, &err)) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
		return;
	}
	vec_each (struct op, op, &history->ops)
		given += is_given(op);
	partition_init(&partition, history);
	for (size_t i = 0; i < partition_count(&partition); i++) {
		struct key_ops key = partition_at(&partition, i);
		duplicates += find_duplicates(&key, result);
		if (is_monotone(options))
			steps += find_steps_back(&key, result);
	}
	partition_release(&partition);
	conclude(options, given, duplicates, steps, result);
}

/* ---- the proof: all ids sorted ------------------------------------------------------
 */

static int
by_key_and_id(const void *a, const void *b, void *context)
{
	const struct history *history = context;
	const struct op *x = &history->ops.items[*(const uint32_t *)a];
	const struct op *y = &history->ops.items[*(const uint32_t *)b];
	int order = val_compare(&history->values, x->key, y->key);

	return order != 0 ? order : val_compare(&history->values, x->output, y->output);
}

/* In the order of ids: no two are equal and, for monotone ones, none completed before a
 * smaller one began. */
static bool
certify_valid(const struct history *history, bool monotone, struct err *err)
{
	uint32_t *sorted = mem_new(history->ops.count + 1, sizeof(*sorted));
	size_t count = 0;
	uint32_t began_last = 0;
	bool holds = true;

	for (uint32_t i = 0; i < history->ops.count; i++)
		if (is_given(&history->ops.items[i]))
			sorted[count++] = i;
	qsort_r(sorted, count, sizeof(*sorted), by_key_and_id, (void *)history);
	for (size_t i = 0; i < count && holds; i++) {
		const struct op *op = &history->ops.items[sorted[i]];
		const struct op *before =
			i > 0 ? &history->ops.items[sorted[i - 1]] : NULL;
		if (before == NULL || !val_equal(&history->values, before->key, op->key))
			began_last = 0;
		else if (val_equal(&history->values, before->output, op->output))
			holds = false;
		holds = holds && !(monotone && op->complete_at < began_last);
		if (op->invoke_at > began_last)
			began_last = op->invoke_at;
	}
	free(sorted);
	return holds || err_set(err, "the ids are not what the verdict says");
}

static bool
certify_anomaly(const struct history *history, const struct anomaly *anomaly,
		struct err *err)
{
	bool holds = false;

	if (anomaly->ops.count == 2) {
		const struct op *a = &history->ops.items[anomaly->ops.items[0]];
		const struct op *b = &history->ops.items[anomaly->ops.items[1]];
		int order = val_compare(&history->values, a->output, b->output);
		holds = is_given(a) && is_given(b) &&
			val_equal(&history->values, a->key, b->key) &&
			(strcmp(anomaly->name, "duplicate-id") == 0
				 ? order == 0
				 : order > 0 && a->complete_at < b->invoke_at);
	}
	return holds ||
	       err_set(err, "the operations of '%s' do not show it", anomaly->name);
}

static bool
unique_ids_certify(const struct history *history, const struct check_options *options,
		   const struct check_result *result, struct err *err)
{
	if (result->verdict == VERDICT_VALID)
		return certify_valid(history, is_monotone(options), err);
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		if (!certify_anomaly(history, anomaly, err))
			return false;
	}
	return result->anomalies.count > 0;
}

const struct checker checker_unique_ids = {
	.name = "unique-ids",
	.summary = "ids are given out once and, when asked, in increasing order",
	.fits = unique_ids_fits,
	.check = unique_ids_check,
	.certify = unique_ids_certify,
};
