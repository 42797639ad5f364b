/* The proof of a verdict on a set, by comparison of sorted lists. On purpose it shares
 * nothing with set.c: no ids, no marks, no counting. */
#include "checkers/collection/set_certify.h"

#include "base/search.h"

#include <stdlib.h>
#include <string.h>

/* What the operations of a key tell of a value. */
struct fact {
	val value;
	uint32_t tried_at; /* an add that did not fail began */
	uint32_t known_at; /* an add, or a read that shows it, was over */
	bool is_kept;	   /* an add was acknowledged */
};

struct sorted {
	const struct values *values;
	struct fact *items; /* owned; by value */
	size_t count;
};

/* The operations of one key, in the order of the history. */
struct part {
	const struct history *history;
	uint32_t *ops; /* indexes into history->ops */
	size_t count;
};

static int
compare(const void *a, const void *b, void *values)
{
	const struct fact *x = a, *y = b;

	return val_compare(values, x->value, y->value);
}

static void
sort_facts(struct sorted *sorted)
{
	qsort_r(sorted->items, sorted->count, sizeof(struct fact), compare,
		(void *)sorted->values);
}

static bool
is_add(const struct op *op)
{
	return op->f == F_ADD && op->type != OP_FAIL;
}

static bool
is_answered_read(const struct op *op)
{
	return op->f == F_READ && op->type == OP_OK;
}

static const struct op *
part_op(const struct part *part, size_t i)
{
	return &part->history->ops.items[part->ops[i]];
}

/* The operations of the key; the caller frees part.ops. */
static struct part
part_of(const struct history *history, val key)
{
	struct part part = {.history = history};

	part.ops = mem_new(history->ops.count + 1, sizeof(*part.ops));
	for (uint32_t i = 0; i < history->ops.count; i++)
		if (val_equal(&history->values, history->ops.items[i].key, key))
			part.ops[part.count++] = i;
	return part;
}

static struct sorted
sorted_read(const struct history *history, const struct op *read)
{
	struct sorted sorted = {.values = &history->values};

	if (read->output != VAL_OF_NIL)
		sorted.count = val_count(&history->values, read->output);
	sorted.items = mem_new(sorted.count + 1, sizeof(struct fact));
	for (size_t i = 0; i < sorted.count; i++)
		sorted.items[i].value = val_at(&history->values, read->output, i);
	sort_facts(&sorted);
	return sorted;
}

/* Into one: the earliest positions of both. */
static void
join(struct fact *fact, const struct fact *other)
{
	if (other->tried_at < fact->tried_at)
		fact->tried_at = other->tried_at;
	if (other->known_at < fact->known_at)
		fact->known_at = other->known_at;
	fact->is_kept |= other->is_kept;
}

/* All elements of the key that an add attempted, each once. */
static struct sorted
sorted_adds(const struct part *part)
{
	struct sorted sorted = {.values = &part->history->values};
	size_t count = 0;

	sorted.items = mem_new(part->count + 1, sizeof(struct fact));
	for (size_t i = 0; i < part->count; i++) {
		const struct op *op = part_op(part, i);
		if (is_add(op))
			sorted.items[sorted.count++] = (struct fact){
				op->input, op->invoke_at,
				op->type == OP_OK ? op->complete_at : OP_NEVER,
				op->type == OP_OK};
	}
	sort_facts(&sorted);
	for (size_t i = 0; i < sorted.count; i++)
		if (count > 0 && val_equal(sorted.values, sorted.items[count - 1].value,
					   sorted.items[i].value))
			join(&sorted.items[count - 1], &sorted.items[i]);
		else
			sorted.items[count++] = sorted.items[i];
	sorted.count = count;
	return sorted;
}

/* The entry of the value, NULL when there is none. */
static struct fact *
find(const struct sorted *sorted, val v)
{
	size_t at;

	search_first(at, 0, sorted->count,
		     val_compare(sorted->values, sorted->items[at].value, v) < 0);
	bool is_found = at < sorted->count &&
			val_equal(sorted->values, sorted->items[at].value, v);
	return is_found ? &sorted->items[at] : NULL;
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

/* Reads that begin from here on are final: behind all acknowledged adds or, where none is,
 * the last one. */
static uint32_t
final_from(const struct part *part)
{
	uint32_t acknowledged = 0, last = OP_NEVER;

	for (size_t i = 0; i < part->count; i++) {
		const struct op *op = part_op(part, i);
		if (is_add(op) && op->type == OP_OK && op->complete_at > acknowledged)
			acknowledged = op->complete_at;
		if (is_answered_read(op))
			last = op->invoke_at;
	}
	return last < acknowledged ? last : acknowledged;
}

/* ---- valid ---------------------------------------------------------------------------- */

/* Every element of the read had been attempted before the read completed; from then on it
 * is known. */
static bool
note_read(const struct sorted *read, const struct op *op, struct sorted *adds)
{
	for (size_t i = 0; i < read->count; i++) {
		struct fact *add = find(adds, read->items[i].value);
		if (add == NULL || add->tried_at > op->complete_at)
			return false;
		join(add,
		     &(struct fact){.tried_at = OP_NEVER, .known_at = op->complete_at});
	}
	return true;
}

/* A final read shows what was known when it began, and what was ever acknowledged. */
static bool
shows_all(const struct sorted *read, const struct op *op, const struct sorted *adds)
{
	for (size_t i = 0; i < adds->count; i++) {
		const struct fact *add = &adds->items[i];
		if ((add->is_kept || add->known_at < op->invoke_at) &&
		    find(read, add->value) == NULL)
			return false;
	}
	return true;
}

static bool
certify_valid_key(const struct part *part, struct err *err)
{
	struct sorted adds = sorted_adds(part);
	uint32_t from = final_from(part);
	bool holds = true, is_read = false, needs_read = false;

	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < part->count; i++) {
			const struct op *op = part_op(part, i);
			if (!is_answered_read(op) || (pass == 1 && op->invoke_at < from))
				continue;
			struct sorted read = sorted_read(part->history, op);
			is_read = true;
			holds = holds && (pass == 0 ? !has_duplicate(&read) &&
							      note_read(&read, op, &adds)
						    : shows_all(&read, op, &adds));
			free(read.items);
		}
	for (size_t i = 0; i < adds.count; i++)
		needs_read |= adds.items[i].is_kept;
	free(adds.items);
	return (holds && (is_read || !needs_read)) ||
	       err_set(err, "a read does not hold what it should");
}

static int
by_key_and_place(const void *a, const void *b, void *history)
{
	const struct history *h = history;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int keys = val_compare(&h->values, h->ops.items[x].key, h->ops.items[y].key);

	return keys != 0 ? keys : (x > y) - (x < y);
}

/* Of the operations by key, how many have the key of the first one. */
static size_t
run_length(const struct history *history, const uint32_t *ops, size_t count)
{
	const struct op *all = history->ops.items;
	size_t length = 1;

	while (length < count &&
	       val_equal(&history->values, all[ops[0]].key, all[ops[length]].key))
		length++;
	return length;
}

static bool
certify_valid(const struct history *history, struct err *err)
{
	size_t count = history->ops.count, length;
	uint32_t *by_key = mem_new(count + 1, sizeof(*by_key));
	bool holds = true;

	for (uint32_t i = 0; i < count; i++)
		by_key[i] = i;
	qsort_r(by_key, count, sizeof(*by_key), by_key_and_place, (void *)history);
	for (size_t i = 0; i < count && holds; i += length) {
		length = run_length(history, by_key + i, count - i);
		holds = certify_valid_key(&(struct part){history, by_key + i, length},
					  err);
	}
	free(by_key);
	return holds;
}

/* ---- invalid -------------------------------------------------------------------------- */

static bool
shows(const struct history *history, const struct op *read, val element)
{
	size_t count = read->output == VAL_OF_NIL
			       ? 0
			       : val_count(&history->values, read->output);

	for (size_t i = 0; i < count; i++)
		if (val_equal(&history->values, element,
			      val_at(&history->values, read->output, i)))
			return true;
	return false;
}

static bool
is_of(const struct history *history, const struct op *op, val key)
{
	return val_equal(&history->values, op->key, key);
}

/* When one of the anomaly's operations was over that proves the element added. */
static uint32_t
known_at(const struct history *history, const struct anomaly *anomaly, val element)
{
	uint32_t known = OP_NEVER;

	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		bool tells = is_of(history, op, anomaly->key) &&
			     ((is_add(op) && op->type == OP_OK &&
			       val_equal(&history->values, op->input, element)) ||
			      (is_answered_read(op) && shows(history, op, element)));
		if (tells && op->complete_at < known)
			known = op->complete_at;
	}
	return known;
}

/* Among the anomaly's operations: an add, something that proves it done, and a final read
 * that began later and misses it. */
static bool
is_missed(const struct part *part, const struct anomaly *anomaly, val element)
{
	const struct history *history = part->history;
	uint32_t known = known_at(history, anomaly, element);
	uint32_t from = final_from(part);

	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		if (is_of(history, op, anomaly->key) && is_answered_read(op) &&
		    known < op->invoke_at && op->invoke_at >= from &&
		    !shows(history, op, element))
			return true;
	}
	return false;
}

static bool
is_in_a_final_read(const struct part *part, val element)
{
	uint32_t from = final_from(part);

	for (size_t i = 0; i < part->count; i++) {
		const struct op *op = part_op(part, i);
		if (is_answered_read(op) && op->invoke_at >= from &&
		    shows(part->history, op, element))
			return true;
	}
	return false;
}

/* Lost: all final reads miss it; divergent: some. */
static bool
shows_missed(const struct part *part, const struct anomaly *anomaly)
{
	const struct history *history = part->history;
	bool is_divergent = strcmp(anomaly->name, "divergent-element") == 0;

	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		if (is_add(op) && is_of(history, op, anomaly->key))
			return is_missed(part, anomaly, op->input) &&
			       is_in_a_final_read(part, op->input) == is_divergent;
	}
	return false;
}

static bool
shows_surplus(const struct part *part, const struct anomaly *anomaly)
{
	const struct history *history = part->history;
	bool is_duplicate = strcmp(anomaly->name, "duplicate-element") == 0,
	     holds = false;
	struct sorted adds = sorted_adds(part);

	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		if (!is_answered_read(op) || !is_of(history, op, anomaly->key))
			continue;
		struct sorted read = sorted_read(history, op);
		holds |= is_duplicate ? has_duplicate(&read)
				      : !note_read(&read, op, &adds);
		free(read.items);
	}
	free(adds.items);
	return holds;
}

static bool
certify_anomaly(const struct history *history, const struct anomaly *anomaly,
		struct err *err)
{
	bool is_missing = strcmp(anomaly->name, "lost-element") == 0 ||
			  strcmp(anomaly->name, "divergent-element") == 0;
	struct part part = part_of(history, anomaly->key);
	bool holds =
		is_missing ? shows_missed(&part, anomaly) : shows_surplus(&part, anomaly);

	free(part.ops);
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
