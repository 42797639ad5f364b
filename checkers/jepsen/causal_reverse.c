/* causal_reverse.c - a write that was over before another began must not be missing where
 * the other is visible.
 *
 * Operations: write V (each value once); read (result: a list of all values written so
 * far). Each key is a set of its own. A serializable system may order the writes against
 * real time; a strictly serializable one may not. Complete for this property alone; reads
 * that miss a write which nothing visible followed are allowed.
 *
 *	causal-reverse      a read sees a write, and misses one that was acknowledged
 *	                    before the seen one began.
 *	                    write 1 ok | write 2 ok | read [2]
 *	unexpected-element  a read holds what nobody wrote, or only a write that failed or
 *	                    that began after the read was over.
 *	                    read [7]
 *
 * A value that is written twice is as early as its first write and acknowledged with its
 * first acknowledgement. Details: errors [{missing, expected-count}] as Jepsen's workload
 * of that name (at most 32, at most 16 values of each), error-count, reads.
 * O(total size of the reads + n log n). */
#include "checkers/checker.h"

#include "base/search.h"
#include "checkers/jepsen/causal_reverse.h"
#include "checkers/jepsen/fields.h"
#include "checkers/partition.h"
#include "checkers/tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	MISSING_TOLD = 16,
	OP_BYTES = 64 /* of an operation: its value, in the proof too */
};

struct written {
	uint32_t invoke_at; /* of its first write; OP_NEVER: nobody's */
	uint32_t ok_at;	    /* of its first acknowledgement; OP_NEVER: none */
	uint32_t op, ok_op;
	uint32_t mark, counted; /* 1 + op of the read that was looked at last */
	val value;
};

struct scan {
	const struct key_ops *key;
	struct check_result *result;
	struct value_ids ids;
	VEC(struct written) values;
	uint32_t *acked; /* owned: ids of acknowledged values, by ok_at */
	size_t acked_count;
	uint64_t reads, errors;
	struct buf list;
};

static bool
is_list_of_numbers(const struct values *values, val v)
{
	if (val_kind(v) != VAL_LIST)
		return false;
	for (size_t i = 0; i < val_count(values, v); i++)
		if (val_kind(val_at(values, v, i)) != VAL_INT)
			return false;
	return true;
}

static int
causal_reverse_fits(const struct history *history)
{
	bool some_list = false;

	vec_each (struct op, op, &history->ops) {
		if (op->f != F_WRITE && op->f != F_READ)
			return 0;
		if (causal_reverse_is_read(op) &&
		    !is_list_of_numbers(&history->values, op->output))
			return 0;
		if (op->f == F_WRITE && val_kind(op->input) != VAL_INT)
			return 0;
		some_list |= causal_reverse_is_read(op);
	}
	return some_list ? 30 : 0;
}

static struct written *
written_of(struct scan *scan, val v)
{
	uint32_t id = value_ids_add(&scan->ids, v);

	if (id == scan->values.count)
		vec_push(&scan->values, (struct written){.invoke_at = OP_NEVER,
							 .ok_at = OP_NEVER,
							 .op = OP_NEVER,
							 .ok_op = OP_NEVER,
							 .value = v});
	return &scan->values.items[id];
}

static void
note_write(struct scan *scan, uint32_t index)
{
	const struct op *op = &scan->key->history->ops.items[index];
	struct written *written = written_of(scan, op->input);

	if (op->type == OP_FAIL)
		return;
	if (op->invoke_at < written->invoke_at) {
		written->invoke_at = op->invoke_at;
		written->op = index;
	}
	if (op->type == OP_OK && op->complete_at < written->ok_at) {
		written->ok_at = op->complete_at;
		written->ok_op = index;
	}
}

static int
by_ok(const void *a, const void *b, void *context)
{
	const struct written *of = context;
	uint32_t x = of[*(const uint32_t *)a].ok_at, y = of[*(const uint32_t *)b].ok_at;

	return x < y ? -1 : x > y;
}

static void
sort_acked(struct scan *scan)
{
	scan->acked = mem_new(scan->values.count + 1, sizeof(*scan->acked));
	for (uint32_t id = 0; id < scan->values.count; id++)
		if (scan->values.items[id].ok_at != OP_NEVER)
			scan->acked[scan->acked_count++] = id;
	qsort_r(scan->acked, scan->acked_count, sizeof(*scan->acked), by_ok,
		scan->values.items);
}

/* How many values were acknowledged before the position. */
static size_t
acked_before(const struct scan *scan, uint32_t position)
{
	size_t at;

	search_first(at, 0, scan->acked_count,
		     scan->values.items[scan->acked[at]].ok_at < position);
	return at;
}

static void
report_missing(struct scan *scan, uint32_t read, const struct written *seen,
	       size_t expected)
{
	const struct history *history = scan->key->history;
	const struct written *first = NULL;
	size_t told = 0;
	bool lists = scan->errors++ < ANOMALIES_MAX;
	struct buf text = {0};

	if (lists)
		buf_string(&scan->list,
			   scan->errors > 1 ? ",{\"missing\":[" : "{\"missing\":[");
	for (size_t i = 0; i < expected; i++) {
		const struct written *written = &scan->values.items[scan->acked[i]];
		if (written->mark == read + 1)
			continue;
		first = first != NULL ? first : written;
		if (!lists || told++ >= MISSING_TOLD)
			break;
		if (told > 1)
			buf_char(&scan->list, ',');
		val_print(&history->values, written->value, &scan->list);
	}
	if (lists)
		buf_printf(&scan->list, "],\"expected-count\":%zu}", expected);
	buf_string(&text, "the read sees ");
	tell_value(history, seen->value, &text);
	buf_string(&text, " and misses ");
	tell_value(history, first->value, &text);
	buf_string(&text, ", whose write was over before that of ");
	tell_value(history, seen->value, &text);
	buf_string(&text, " began");
	tell(history, scan->result, "causal-reverse", scan->key->key, &text,
	     (uint32_t[]){first->ok_op, seen->op, read}, 3);
}

static void
report_unexpected(struct scan *scan, uint32_t read, const struct written *written)
{
	struct buf text = {0};

	scan->errors++;
	buf_string(&text, "the read holds ");
	tell_value(scan->key->history, written->value, &text);
	buf_string(&text, written->op == OP_NEVER
				  ? ", which nobody wrote with success"
				  : ", whose write began when the read was over");
	tell(scan->key->history, scan->result, "unexpected-element", scan->key->key,
	     &text, (uint32_t[]){written->op, read}, 2);
}

/* Marks what the read holds; the one whose write began last, VALUE_ID_NONE when empty. */
static uint32_t
mark_seen(struct scan *scan, uint32_t index)
{
	const struct op *read = &scan->key->history->ops.items[index];
	const struct values *values = &scan->key->history->values;
	uint32_t latest = VALUE_ID_NONE;

	for (size_t i = 0; i < fields_items(values, read->output); i++) {
		uint32_t id = value_ids_find(&scan->ids, val_at(values, read->output, i));
		struct written *written = &scan->values.items[id];
		if (written->mark == index + 1)
			continue;
		written->mark = index + 1;
		if (written->invoke_at > read->complete_at)
			report_unexpected(scan, index, written);
		else if (latest == VALUE_ID_NONE ||
			 written->invoke_at > scan->values.items[latest].invoke_at)
			latest = id;
	}
	return latest;
}

/* How many values of the read were acknowledged before the position. */
static size_t
count_seen(struct scan *scan, uint32_t index, uint32_t position)
{
	const struct op *read = &scan->key->history->ops.items[index];
	const struct values *values = &scan->key->history->values;
	size_t count = 0;

	for (size_t i = 0; i < fields_items(values, read->output); i++) {
		struct written *written = &scan->values.items[value_ids_find(
			&scan->ids, val_at(values, read->output, i))];
		count += written->ok_at < position && written->counted != index + 1;
		written->counted = index + 1;
	}
	return count;
}

static void
judge_read(struct scan *scan, uint32_t index)
{
	uint32_t latest = mark_seen(scan, index);

	scan->reads++;
	if (latest == VALUE_ID_NONE)
		return;
	uint32_t position = scan->values.items[latest].invoke_at;
	size_t expected = acked_before(scan, position);
	if (count_seen(scan, index, position) < expected)
		report_missing(scan, index, &scan->values.items[latest], expected);
}

static size_t
bytes_of(const struct scan *scan)
{
	return value_ids_bytes(&scan->ids) +
	       scan->values.capacity * (sizeof(struct written) + sizeof(*scan->acked)) +
	       scan->key->history->ops.count * sizeof(uint32_t);
}

static void
note_seen(struct scan *scan, const struct op *read)
{
	const struct values *values = &scan->key->history->values;

	for (size_t i = 0; i < fields_items(values, read->output); i++)
		written_of(scan, val_at(values, read->output, i));
}

/* False: the budget is used up. */
static bool
note_all(struct scan *scan, const struct check_options *options)
{
	for (size_t i = 0; i < scan->key->count; i++) {
		if (causal_reverse_is_write(key_op(scan->key, i)))
			note_write(scan, scan->key->ops[i]);
		else if (causal_reverse_is_read(key_op(scan->key, i)))
			note_seen(scan, key_op(scan->key, i));
		if (tell_over_budget(options, bytes_of(scan), scan->result))
			return false;
	}
	return true;
}

static void
judge_key(const struct key_ops *key, const struct check_options *options,
	  struct scan *scan)
{
	scan->key = key;
	value_ids_init(&scan->ids, &key->history->values);
	bool goes_on = note_all(scan, options);
	sort_acked(scan);
	for (size_t i = 0; goes_on && i < key->count; i++) {
		if (causal_reverse_is_read(key_op(key, i)))
			judge_read(scan, key->ops[i]);
		goes_on = !tell_over_budget(options, bytes_of(scan), scan->result);
	}
	value_ids_release(&scan->ids);
	vec_clear(&scan->values);
	free(scan->acked);
	scan->acked = NULL;
	scan->acked_count = 0;
}

static void
causal_reverse_check(const struct history *history, const struct check_options *options,
		     struct check_result *result)
{
	struct scan scan = {.result = result};
	struct partition partition;

	result->complexity = "O(total size of the reads + n log n)";
	result->operations = history->ops.count;
	if (tell_over_budget(options, history->ops.count * OP_BYTES, result))
		return;
	partition_init(&partition, history);
	for (size_t i = 0; i < partition_count(&partition); i++) {
		struct key_ops key = partition_at(&partition, i);
		judge_key(&key, options, &scan);
	}
	partition_release(&partition);
	tell_number(&result->details, "reads", scan.reads);
	tell_number(&result->details, "error-count", scan.errors);
	tell_name(&result->details, "errors");
	buf_printf(&result->details, "[%s]", buf_text(&scan.list));
	if (scan.reads == 0)
		tell_unknown(result, mem_string("nothing was ever read"));
	tell_end(result, mem_format("all of %" PRIu64 " reads see what was acknowledged "
				    "before what they see began",
				    scan.reads));
	vec_release(&scan.values);
	buf_release(&scan.list);
}

const struct checker checker_causal_reverse = {
	.name = "causal-reverse",
	.summary = "whoever sees a write sees all that were over before it began",
	.fits = causal_reverse_fits,
	.check = causal_reverse_check,
	.certify = causal_reverse_certify,
};
