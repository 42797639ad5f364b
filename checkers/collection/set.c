#include "checkers/collection/set.h"

#include "base/assert.h"
#include "base/search.h"
#include "checkers/explain.h"
#include "checkers/partition.h"
#include "checkers/collection/set_certify.h"
#include "checkers/tell.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum {
	ID_BYTES =
		88 /* of an element, beside what is known of it: its id, and in the proof */
};

/* What is known of one element. */
struct element {
	uint32_t add;	       /* op that attempted it first; NONE: nobody */
	uint32_t ok_at;	       /* first acknowledgement; OP_NEVER: none */
	uint32_t ok_op;	       /* the op of it */
	uint32_t known_at;     /* first acknowledgement or sight; OP_NEVER: none */
	uint32_t known_op;     /* the op of it */
	uint32_t seen_finally; /* in how many final reads */
	uint32_t missed_finally;
	uint32_t missed_op; /* the first final read that missed it */
	uint32_t seen_op;   /* a final read that has it */
	uint32_t mark;	    /* 1 + index of the read that was looked at last */
	bool failed;	    /* a failed add attempted it */
	bool is_unexpected, is_duplicated;
};

struct counts {
	uint64_t attempts, acknowledged, ok, lost, divergent, unexpected, duplicated;
	uint64_t recovered, never_read, unread, stale_reads, reads, final_reads;
};

struct scan {
	const struct key_ops *key;
	const struct check_options *options;
	struct check_result *result;
	struct counts *counts;
	struct value_ids ids;
	VEC(struct element) elements; /* by id */
	uint32_t final_from;	      /* reads invoked from here on are final */
};

static bool
set_understands(const struct history *history, const struct op *op, struct err *err)
{
	if (op->f == F_ADD)
		return true;
	if (op->f != F_READ)
		return err_set(err, "'%s' is not an operation of a set that only grows",
			       history_f_name(history, op->f));
	if (op->type == OP_OK && val_kind(op->output) != VAL_LIST &&
	    op->output != VAL_OF_NIL)
		return err_set(err, "a read of process %u returned no list", op->process);
	return true;
}

static int
set_fits(const struct history *history)
{
	struct err err;
	size_t adds = 0;

	vec_each (struct op, op, &history->ops) {
		if (!set_understands(history, op, &err))
			return 0;
		adds += op->f == F_ADD;
	}
	return adds > 0 ? 10 : 0;
}

static struct element *
element_of(struct scan *scan, val v)
{
	uint32_t id = value_ids_add(&scan->ids, v);

	if (id == scan->elements.count)
		vec_push(&scan->elements, (struct element){.add = NONE,
							   .ok_at = OP_NEVER,
							   .ok_op = NONE,
							   .known_at = OP_NEVER,
							   .known_op = NONE,
							   .missed_op = NONE,
							   .seen_op = NONE});
	return &scan->elements.items[id];
}

static void
note_add(struct scan *scan, uint32_t index)
{
	const struct op *op = &scan->key->history->ops.items[index];
	struct element *element = element_of(scan, op->input);

	if (op->type == OP_FAIL) {
		element->failed = true;
		return;
	}
	if (element->add == NONE) {
		element->add = index;
		scan->counts->attempts++;
	}
	if (op->type != OP_OK)
		return;
	if (op->complete_at > scan->final_from)
		scan->final_from = op->complete_at;
	if (op->complete_at >= element->ok_at)
		return;
	scan->counts->acknowledged += element->ok_at == OP_NEVER;
	element->ok_at = op->complete_at;
	element->ok_op = index;
	if (op->complete_at < element->known_at) {
		element->known_at = op->complete_at;
		element->known_op = index;
	}
}

static bool
is_answered_read(const struct op *op)
{
	return op->f == F_READ && op->type == OP_OK;
}

static size_t
size_of(const struct scan *scan, const struct op *read)
{
	if (read->output == VAL_OF_NIL)
		return 0;
	return val_count(&scan->key->history->values, read->output);
}

static struct element *
element_in(struct scan *scan, const struct op *read, size_t i)
{
	return element_of(scan, val_at(&scan->key->history->values, read->output, i));
}

/* First look at a read: what it proves known, and what should not be in it. */
static void
note_read(struct scan *scan, uint32_t index)
{
	const struct op *read = &scan->key->history->ops.items[index];

	scan->counts->reads++;
	for (size_t i = 0; i < size_of(scan, read); i++) {
		struct element *element = element_in(scan, read, i);
		if (element->mark == index + 1 && !element->is_duplicated) {
			element->is_duplicated = true;
			element->seen_op = index;
		}
		element->mark = index + 1;
		if (read->complete_at < element->known_at) {
			element->known_at = read->complete_at;
			element->known_op = index;
		}
	}
}

/* When there is no final read, the last one stands for it. */
static void
settle_final_reads(struct scan *scan)
{
	uint32_t last = NONE;

	for (size_t i = 0; i < scan->key->count; i++)
		if (is_answered_read(key_op(scan->key, i)))
			last = key_op(scan->key, i)->invoke_at;
	if (last != NONE && last < scan->final_from)
		scan->final_from = last;
}

static int
by_position(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The positions at which elements became known, ascending; the caller frees. */
static uint32_t *
known_positions(const struct scan *scan, size_t *count)
{
	uint32_t *known = mem_new(scan->elements.count + 1, sizeof(*known));

	*count = 0;
	vec_each (struct element, element, &scan->elements) {
		if (element->known_at != OP_NEVER)
			known[(*count)++] = element->known_at;
	}
	qsort(known, *count, sizeof(*known), by_position);
	return known;
}

static size_t
known_before(const uint32_t *known, size_t count, uint32_t position)
{
	size_t at;

	search_first(at, 0, count, known[at] < position);
	return at;
}

static void
note_missing(struct scan *scan, const struct op *read, uint32_t index)
{
	vec_each (struct element, element, &scan->elements) {
		if (element->known_at >= read->invoke_at || element->mark == index + 1)
			continue;
		element->missed_finally++;
		if (element->missed_op == NONE)
			element->missed_op = index;
	}
}

/* Second look: what it misses of what was known before it began. */
static void
judge_read(struct scan *scan, uint32_t index, const uint32_t *known, size_t known_count)
{
	const struct op *read = &scan->key->history->ops.items[index];
	bool is_final = read->invoke_at >= scan->final_from;
	size_t expected = known_before(known, known_count, read->invoke_at), present = 0;

	for (size_t i = 0; i < size_of(scan, read); i++) {
		struct element *element = element_in(scan, read, i);
		if (element->mark == index + 1)
			continue;
		element->mark = index + 1;
		present += element->known_at < read->invoke_at;
		element->seen_finally += is_final;
		if (is_final && !element->is_duplicated)
			element->seen_op = index;
	}
	scan->counts->final_reads += is_final;
	if (present == expected)
		return;
	if (is_final)
		note_missing(scan, read, index);
	else
		scan->counts->stale_reads++;
}

static void
judge_reads(struct scan *scan)
{
	size_t known_count;
	uint32_t *known = known_positions(scan, &known_count);

	vec_each (struct element, element, &scan->elements)
		element->mark = 0;
	for (size_t i = 0; i < scan->key->count; i++)
		if (is_answered_read(key_op(scan->key, i)) &&
		    !budget_is_over(&scan->options->budget))
			judge_read(scan, scan->key->ops[i], known, known_count);
	free(known);
}

/* ---- anomalies --------------------------------------------------------------------- */

/* The add that failed of an element that was seen nevertheless; NONE: another story. */
static uint32_t
failed_add(const struct scan *scan, uint32_t id)
{
	const struct element *element = &scan->elements.items[id];
	val value = value_ids_value(&scan->ids, id);

	if (!element->is_unexpected || element->add != NONE || !element->failed)
		return NONE;
	for (size_t i = 0; i < scan->key->count; i++) {
		const struct op *op = key_op(scan->key, i);
		if (op->f == F_ADD && op->type == OP_FAIL &&
		    val_equal(&scan->key->history->values, op->input, value))
			return scan->key->ops[i];
	}
	return NONE;
}

static void
report(struct scan *scan, const char *name, uint32_t id, const char *sentence)
{
	const struct element *element = &scan->elements.items[id];
	struct anomaly *anomaly =
		check_result_anomaly(scan->result, name, scan->key->key);
	struct buf text = {0};

	if (anomaly == NULL)
		return;
	explain_add(anomaly, failed_add(scan, id));
	bool is_missing = element->missed_finally > 0 && !element->is_unexpected;
	buf_string(&text, "element ");
	explain_value(scan->key->history, value_ids_value(&scan->ids, id), &text);
	buf_printf(&text, " %s:\n", sentence);
	explain_add(anomaly, element->add);
	if (is_missing) {
		explain_add(anomaly, element->known_op);
		explain_add(anomaly, element->missed_op);
	}
	bool is_doubled = strcmp(name, "duplicate-element") == 0;
	explain_add(anomaly,
		    is_missing || is_doubled ? element->seen_op : element->known_op);
	vec_each (uint32_t, op, &anomaly->ops) {
		const struct op *told = &scan->key->history->ops.items[*op];
		explain_op(scan->key->history, told, &text);
		if (told->node != 0)
			buf_printf(&text, "    at node %u\n", told->node);
	}
	explain_finish(anomaly, &text);
}

/* It was seen, but never attempted, or only after it was seen. */
static bool
is_unexplained(const struct scan *scan, const struct element *element)
{
	const struct op *ops = scan->key->history->ops.items;

	if (element->known_at == OP_NEVER)
		return false;
	return element->add == NONE || element->known_at < ops[element->add].invoke_at;
}

static void
judge_element(struct scan *scan, uint32_t id)
{
	struct element *element = &scan->elements.items[id];
	struct counts *counts = scan->counts;

	if (is_unexplained(scan, element)) {
		element->is_unexpected = true;
		counts->unexpected++;
		report(scan, "unexpected-element", id,
		       element->add != NONE ? "was read before its add began"
		       : element->failed    ? "was read although its add failed"
					    : "was read although nobody ever added it");
	}
	if (element->is_duplicated) {
		counts->duplicated++;
		report(scan, "duplicate-element", id,
		       "stands more than once in one read");
	}
	if (element->is_unexpected || element->add == NONE)
		return;
	if (element->missed_finally > 0 && element->seen_finally == 0) {
		counts->lost++;
		report(scan, "lost-element", id,
		       element->ok_at != OP_NEVER
			       ? "was acknowledged but is in no final read"
			       : "was read once but is in no final read");
	} else if (element->missed_finally > 0) {
		counts->divergent++;
		report(scan, "divergent-element", id,
		       "is missing in one final read and present in another");
	}
	counts->ok += element->ok_at != OP_NEVER && element->seen_finally > 0;
	counts->recovered += element->ok_at == OP_NEVER && element->seen_finally > 0;
	counts->never_read += element->ok_at == OP_NEVER && element->seen_finally == 0;
	counts->unread += element->ok_at != OP_NEVER && element->seen_finally == 0 &&
			  element->missed_finally == 0;
}

/* For so many elements; those that are added are not more than operations. */
static bool
has_room(const struct scan *scan, size_t elements)
{
	size_t bytes = elements * (sizeof(struct element) + ID_BYTES);

	return !tell_over_budget(scan->options, bytes, scan->result);
}

static void
judge_key(const struct key_ops *key, const struct check_options *options,
	  struct counts *counts, struct check_result *result)
{
	struct scan scan = {
		.key = key, .options = options, .result = result, .counts = counts};

	if (!has_room(&scan, key->count))
		return;
	value_ids_init(&scan.ids, &key->history->values);
	for (size_t i = 0; i < key->count; i++)
		if (key_op(key, i)->f == F_ADD)
			note_add(&scan, key->ops[i]);
	for (size_t i = 0; i < key->count && has_room(&scan, scan.elements.count); i++)
		if (is_answered_read(key_op(key, i)))
			note_read(&scan, key->ops[i]);
	settle_final_reads(&scan);
	judge_reads(&scan);
	for (uint32_t id = 0; id < scan.elements.count; id++)
		judge_element(&scan, id);
	value_ids_release(&scan.ids);
	vec_release(&scan.elements);
}

static void
print_counts(const struct counts *c, struct buf *out)
{
	buf_printf(out,
		   "\"attempts\":%" PRIu64 ",\"acknowledged\":%" PRIu64 ",\"ok\":%" PRIu64
		   ",\"lost\":%" PRIu64 ",\"divergent\":%" PRIu64
		   ",\"unexpected\":%" PRIu64 ",\"duplicated\":%" PRIu64
		   ",\"recovered\":%" PRIu64,
		   c->attempts, c->acknowledged, c->ok, c->lost, c->divergent,
		   c->unexpected, c->duplicated, c->recovered);
	buf_printf(out,
		   ",\"never_read\":%" PRIu64 ",\"unread\":%" PRIu64
		   ",\"stale_reads\":%" PRIu64 ",\"reads\":%" PRIu64
		   ",\"final_reads\":%" PRIu64,
		   c->never_read, c->unread, c->stale_reads, c->reads, c->final_reads);
}

static void
conclude(const struct counts *counts, const struct check_options *options,
	 struct check_result *result)
{
	if (result->verdict == VERDICT_INVALID) {
		free(result->reason);
		result->reason = mem_format(
			"%" PRIu64 " lost, %" PRIu64 " divergent, %" PRIu64
			" unexpected, %" PRIu64 " duplicated of %" PRIu64 " elements",
			counts->lost, counts->divergent, counts->unexpected,
			counts->duplicated, counts->attempts);
		return;
	}
	if (result->reason != NULL) /* some key was too large */
		return;
	result->verdict = VERDICT_UNKNOWN;
	if (budget_is_over(&options->budget)) {
		result->reason = mem_string("the budget of time is used up");
	} else if (counts->reads == 0) {
		result->reason = mem_string("the set was never read");
	} else if (counts->unread > 0) {
		result->reason = mem_format("%" PRIu64
					    " elements were acknowledged after the last "
					    "read began, and nobody looked for them",
					    counts->unread);
	} else {
		result->verdict = VERDICT_VALID;
		result->reason =
			mem_format("all %" PRIu64 " acknowledged elements are there",
				   counts->acknowledged);
	}
}

static void
set_check(const struct history *history, const struct check_options *options,
	  struct check_result *result)
{
	struct partition partition;
	struct counts counts = {0};
	struct err err;

	result->complexity = "O(total size of the reads)";
	result->operations = history->ops.count;
	vec_each (struct op, op, &history->ops) {
		if (set_understands(history, op, &err))
			continue;
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
		return;
	}
	partition_init(&partition, history);
	for (size_t i = 0; i < partition_count(&partition); i++) {
		struct key_ops key = partition_at(&partition, i);
		judge_key(&key, options, &counts, result);
	}
	partition_release(&partition);
	conclude(&counts, options, result);
	print_counts(&counts, &result->details);
}

const struct checker checker_set = {
	.name = "set",
	.summary = "elements added to a set are there in the end, once, and no others",
	.fits = set_fits,
	.check = set_check,
	.certify = set_certify,
};
