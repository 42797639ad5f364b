/* The proof of a verdict on a set, by comparison of sorted lists. On purpose it shares
 * nothing with set.c: no ids, no marks, no counting. */
#include "checkers/collection/set_certify.h"

#include <stdlib.h>
#include <string.h>

/* A value and the position of the event that brought it. */
struct placed {
	val value;
	uint32_t at;
};

struct sorted {
	const struct values *values;
	struct placed *items; /* owned; by value, then position */
	size_t count;
};

static int
compare(const void *a, const void *b, void *values)
{
	const struct placed *x = a, *y = b;
	int order = val_compare(values, x->value, y->value);

	return order != 0 ? order : x->at < y->at ? -1 : x->at > y->at;
}

static void
sort_values(struct sorted *sorted)
{
	qsort_r(sorted->items, sorted->count, sizeof(struct placed), compare,
		(void *)sorted->values);
}

static struct sorted
sorted_read(const struct history *history, const struct op *read)
{
	struct sorted sorted = {.values = &history->values};

	if (read->output != VAL_OF_NIL)
		sorted.count = val_count(&history->values, read->output);
	sorted.items = mem_new(sorted.count + 1, sizeof(struct placed));
	for (size_t i = 0; i < sorted.count; i++)
		sorted.items[i] = (struct placed){
			val_at(&history->values, read->output, i), read->complete_at};
	sort_values(&sorted);
	return sorted;
}

/* All elements of the key that an add attempted; only acknowledged ones when asked. */
static struct sorted
sorted_adds(const struct history *history, val key, bool only_ok)
{
	struct sorted sorted = {.values = &history->values};

	sorted.items = mem_new(history->ops.count + 1, sizeof(struct placed));
	vec_each (struct op, op, &history->ops) {
		if (op->f == F_ADD && op->type != OP_FAIL &&
		    (op->type == OP_OK || !only_ok) &&
		    val_equal(&history->values, op->key, key))
			sorted.items[sorted.count++] =
				(struct placed){op->input, op->invoke_at};
	}
	sort_values(&sorted);
	return sorted;
}

/* The first entry of the value, NULL when there is none. */
static const struct placed *
find(const struct sorted *sorted, val v)
{
	size_t low = 0, high = sorted->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (val_compare(sorted->values, sorted->items[middle].value, v) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	bool is_found = low < sorted->count &&
			val_equal(sorted->values, sorted->items[low].value, v);
	return is_found ? &sorted->items[low] : NULL;
}

static bool
has_duplicate(const struct sorted *sorted)
{
	for (size_t i = 1; i < sorted->count; i++)
		if (val_equal(sorted->values, sorted->items[i - 1].value,
			      sorted->items[i].value))
			return true;
	return false;
}

static bool
is_within(const struct sorted *inner, const struct sorted *outer)
{
	for (size_t i = 0; i < inner->count; i++)
		if (find(outer, inner->items[i].value) == NULL)
			return false;
	return true;
}

/* Every element of the read had been attempted before the read completed. */
static bool
is_explained(const struct sorted *read, const struct sorted *attempted)
{
	for (size_t i = 0; i < read->count; i++) {
		const struct placed *add = find(attempted, read->items[i].value);
		if (add == NULL || add->at > read->items[i].at)
			return false;
	}
	return true;
}

/* The last answered read of the key in order of invocation. */
static const struct op *
last_read(const struct history *history, val key)
{
	const struct op *last = NULL;

	vec_each (struct op, op, &history->ops) {
		if (op->f == F_READ && op->type == OP_OK &&
		    val_equal(&history->values, op->key, key))
			last = op;
	}
	return last;
}

static bool
certify_valid_key(const struct history *history, val key, struct err *err)
{
	struct sorted attempted = sorted_adds(history, key, false);
	struct sorted acknowledged = sorted_adds(history, key, true);
	const struct op *last = last_read(history, key);
	bool holds = acknowledged.count == 0 || last != NULL;

	vec_each (struct op, op, &history->ops) {
		if (op->f != F_READ || op->type != OP_OK ||
		    !val_equal(&history->values, op->key, key))
			continue;
		struct sorted read = sorted_read(history, op);
		holds = holds && !has_duplicate(&read) && is_explained(&read, &attempted);
		if (op == last)
			holds = holds && is_within(&acknowledged, &read);
		free(read.items);
	}
	free(attempted.items);
	free(acknowledged.items);
	return holds || err_set(err, "a read does not hold what it should");
}

static bool
certify_valid(const struct history *history, struct err *err)
{
	struct sorted keys = {.values = &history->values};
	bool holds = true;

	keys.items = mem_new(history->ops.count + 1, sizeof(struct placed));
	vec_each (struct op, op, &history->ops)
		keys.items[keys.count++] = (struct placed){op->key, 0};
	sort_values(&keys);
	for (size_t i = 0; i < keys.count && holds; i++)
		if (i == 0 ||
		    !val_equal(keys.values, keys.items[i - 1].value, keys.items[i].value))
			holds = certify_valid_key(history, keys.items[i].value, err);
	free(keys.items);
	return holds;
}

/* Among the anomaly's operations: an add, something that proves it done, and a read that
 * began later and misses it. */
static bool
is_missed(const struct history *history, const struct anomaly *anomaly)
{
	const struct op *add = NULL;
	uint32_t known_at = OP_NEVER;
	bool is_missing = false;

	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		if (op->f == F_ADD && add == NULL)
			add = op;
	}
	for (int pass = 0; pass < 2 && add != NULL; pass++)
		vec_each (uint32_t, i, &anomaly->ops) {
			const struct op *op = &history->ops.items[*i];
			if (op->type != OP_OK)
				continue;
			struct sorted read = {0};
			if (op->f == F_READ)
				read = sorted_read(history, op);
			bool shows = op->f == F_READ ? find(&read, add->input) != NULL
						     : val_equal(&history->values,
								 op->input, add->input);
			if (pass == 0 && shows && op->complete_at < known_at)
				known_at = op->complete_at;
			if (pass == 1 && !shows && known_at < op->invoke_at)
				is_missing = true;
			free(read.items);
		}
	return is_missing;
}

static bool
certify_anomaly(const struct history *history, const struct anomaly *anomaly,
		struct err *err)
{
	bool holds = false;

	if (strcmp(anomaly->name, "lost-element") == 0 ||
	    strcmp(anomaly->name, "divergent-element") == 0)
		holds = is_missed(history, anomaly);
	struct sorted attempted = sorted_adds(history, anomaly->key, false);
	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		if (op->f != F_READ)
			continue;
		struct sorted read = sorted_read(history, op);
		if (strcmp(anomaly->name, "duplicate-element") == 0)
			holds = holds || has_duplicate(&read);
		if (strcmp(anomaly->name, "unexpected-element") == 0)
			holds = holds || !is_explained(&read, &attempted);
		free(read.items);
	}
	free(attempted.items);
	return holds ||
	       err_set(err, "the operations of '%s' do not show it", anomaly->name);
}

bool
set_certify(const struct history *history, const struct check_options *options,
	    const struct check_result *result, struct err *err)
{
	(void)options;
	if (result->verdict == VERDICT_VALID)
		return certify_valid(history, err);
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		if (!certify_anomaly(history, anomaly, err))
			return false;
	}
	return result->anomalies.count > 0;
}
