/* g2.c - two transactions insert only if a predicate finds nothing: at most one may
 * succeed.
 *
 * Operations: insert, key K, value [A B]: a transaction looks for rows of K in both
 * tables and, when there is none, inserts the row A into one or B into the other (the
 * value says which: the other is nil). Without a field for the key, the value is
 * [K [A B]]. Complete: the second of two successful inserts of a key must have seen the
 * first, or the other way round.
 *
 *	G2-predicate        two inserts of one key succeeded: each one's predicate read
 *	                    missed the other's row (an anti-dependency cycle).
 *	                    insert 1 [1 nil] ok | insert 1 [nil 2] ok
 *
 * Source: Adya, "Weak consistency", 1999 (G2); as Jepsen's adya workload. Details as
 * there: key-count (keys with an insert that succeeded), legal-count, illegal-count,
 * illegal {key: count}, at most 32 keys. O(n). */
#include "checkers/checker.h"

#include "checkers/jepsen/fields.h"
#include "checkers/tell.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <stdlib.h>

struct inserts {
	uint32_t first, second; /* ops that succeeded */
	uint64_t ok;
};

static val
key_of(const struct history *history, const struct op *op)
{
	if (op->key != VAL_OF_NIL)
		return op->key;
	return fields_item(&history->values, op->input, 0);
}

static bool
is_insert(const struct history *history, const struct op *op)
{
	val pair = op->input;

	if (op->f != F_INSERT)
		return false;
	if (op->key == VAL_OF_NIL)
		pair = fields_item(&history->values, pair, 1);
	return fields_items(&history->values, pair) == 2;
}

static int
g2_fits(const struct history *history)
{
	vec_each (struct op, op, &history->ops)
		if (!is_insert(history, op) && op->f != F_READ)
			return 0;
	return history->ops.count > 0 && is_insert(history, &history->ops.items[0]) ? 50
										    : 0;
}

static void
report(const struct history *history, struct check_result *result, val key,
       const struct inserts *inserts)
{
	struct buf text = {0};

	buf_printf(&text, "%" PRIu64 " inserts of key ", inserts->ok);
	tell_value(history, key, &text);
	buf_string(&text, " succeeded, though each was to insert only if there was no "
			  "row of that key: each missed the other's row");
	tell(history, result, "G2-predicate", key, &text,
	     (uint32_t[]){inserts->first, inserts->second}, 2);
}

struct table {
	const struct history *history;
	struct check_result *result;
	struct value_ids ids;
	VEC(struct inserts) keys;
	uint64_t inserts, illegal;
	struct buf list; /* of the illegal keys, as JSON */
};

static size_t
bytes_of(const struct table *table)
{
	return value_ids_bytes(&table->ids) +
	       table->keys.capacity * sizeof(struct inserts);
}

static void
note(struct table *table, uint32_t index)
{
	const struct op *op = &table->history->ops.items[index];

	if (!is_insert(table->history, op))
		return;
	table->inserts++;
	if (op->type != OP_OK)
		return;
	uint32_t id = value_ids_add(&table->ids, key_of(table->history, op));
	if (id == table->keys.count)
		vec_push(&table->keys, (struct inserts){.first = index});
	if (++table->keys.items[id].ok == 2)
		table->keys.items[id].second = index;
}

static void
judge_key(struct table *table, uint32_t id)
{
	const struct inserts *inserts = &table->keys.items[id];
	val key = value_ids_value(&table->ids, id);

	if (inserts->ok < 2)
		return;
	report(table->history, table->result, key, inserts);
	if (table->illegal++ >= ANOMALIES_MAX)
		return;
	buf_string(&table->list, table->illegal > 1 ? ",[" : "[");
	val_print(&table->history->values, key, &table->list);
	buf_printf(&table->list, ",%" PRIu64 "]", inserts->ok);
}

static void
print_details(const struct table *table, struct buf *details)
{
	tell_number(details, "key-count", table->keys.count);
	tell_number(details, "legal-count", table->keys.count - table->illegal);
	tell_number(details, "illegal-count", table->illegal);
	tell_name(details, "illegal");
	buf_printf(details, "[%s]", buf_text(&table->list));
}

static void
g2_check(const struct history *history, const struct check_options *options,
	 struct check_result *result)
{
	struct table table = {.history = history, .result = result};
	bool is_over = false;

	result->complexity = "O(n)";
	value_ids_init(&table.ids, &history->values);
	for (uint32_t i = 0; !is_over && i < history->ops.count; i++) {
		note(&table, i);
		is_over = tell_over_budget(options, bytes_of(&table), result);
	}
	for (uint32_t id = 0; id < table.keys.count; id++)
		judge_key(&table, id);
	result->operations = table.inserts;
	print_details(&table, &result->details);
	if (table.keys.count == 0)
		tell_unknown(result, mem_string("no insert succeeded"));
	tell_end(result, mem_format("at most one insert of each of %zu keys succeeded",
				    table.keys.count));
	buf_release(&table.list);
	vec_release(&table.keys);
	value_ids_release(&table.ids);
}

static int
by_key(const void *a, const void *b, void *values)
{
	return val_compare(values, *(const val *)a, *(const val *)b);
}

/* No two neighbours in the sorted keys of the inserts that succeeded. */
static bool
certify_valid(const struct history *history)
{
	val *keys = mem_new(history->ops.count + 1, sizeof(*keys));
	size_t count = 0;
	bool holds = true;

	vec_each (struct op, op, &history->ops)
		if (is_insert(history, op) && op->type == OP_OK)
			keys[count++] = key_of(history, op);
	qsort_r(keys, count, sizeof(*keys), by_key, (void *)&history->values);
	for (size_t i = 1; i < count; i++)
		holds = holds && !val_equal(&history->values, keys[i - 1], keys[i]);
	free(keys);
	return holds && count > 0;
}

static bool
certify_anomaly(const struct history *history, const struct anomaly *anomaly)
{
	if (anomaly->ops.count != 2 || anomaly->ops.items[0] == anomaly->ops.items[1])
		return false;
	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		if (!is_insert(history, op) || op->type != OP_OK ||
		    !val_equal(&history->values, key_of(history, op), anomaly->key))
			return false;
	}
	return true;
}

static bool
g2_certify(const struct history *history, const struct check_options *options,
	   const struct check_result *result, struct err *err)
{
	bool holds = result->verdict == VERDICT_VALID ? certify_valid(history)
						      : result->anomalies.count > 0;

	(void)options;
	vec_each (struct anomaly, anomaly, &result->anomalies)
		holds = holds && certify_anomaly(history, anomaly);
	return holds || err_set(err, "the inserts that succeeded do not show it");
}

const struct checker checker_g2 = {
	.name = "g2",
	.summary = "of inserts that depend on a predicate at most one a key succeeds",
	.fits = g2_fits,
	.check = g2_check,
	.certify = g2_certify,
};
