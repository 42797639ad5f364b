/* total_queue.c - what was put into a queue comes out: nothing lost, nothing from nowhere.
 *
 * Operations: enqueue V; dequeue (result: the element; a result of nil, or a failure
 * without an error or with one that says "empty", tells that the queue was empty); drain
 * (result: a list: so many dequeues until the queue was empty). Each key is a queue of
 * its own. The order of elements is not judged, and an element may come out more than
 * once (at-least-once); with the model "exactly-once" that is an anomaly.
 *
 *	lost-element        acknowledged before somebody found the queue empty, and never
 *	                    dequeued.
 *	                    enqueue 1 ok | drain []
 *	unexpected-element  dequeued, but nobody enqueued it, or only with failure, or
 *	                    only after it had come out.
 *	                    dequeue 7
 *	duplicate-element   (exactly-once) came out more often than it was put in.
 *	                    enqueue 1 ok | dequeue 1 | dequeue 1
 *
 * A dequeue whose outcome is unknown may have taken any element, so that as many losses
 * as there are such dequeues prove nothing; a drain of unknown outcome may have taken all
 * of them. Elements that were acknowledged after the queue was last found empty may still
 * be in it. In both cases the answer is unknown, where Jepsen answers valid or lost.
 *
 * Details as Jepsen's total-queue: attempt-count, acknowledged-count, ok-count,
 * lost-count, unexpected-count, duplicated-count, recovered-count; and unread-count,
 * unknown-dequeues. O(n + elements drained). */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/jepsen/fields.h"
#include "checkers/jepsen/total_queue.h"
#include "checkers/partition.h"
#include "checkers/tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct element {
	uint64_t attempts, oks, outs;
	uint32_t begun_at;	 /* invocation of the first attempt */
	uint32_t ok_at;		 /* completion of the last acknowledgement; 0: none */
	uint32_t out_at;	 /* completion of the first dequeue */
	uint32_t enqueue, ok_op; /* ops; OP_NEVER: none */
	uint32_t out_op, last_out_op;
};

struct counts {
	uint64_t attempts, acknowledged, ok, lost, unexpected, duplicated, recovered;
	uint64_t unread, unknown_dequeues, missing;
	bool unknown_drain;
};

struct scan {
	const struct key_ops *key;
	struct check_result *result;
	struct counts *counts;
	struct value_ids ids;
	VEC(struct element) elements;
	uint32_t empty_at, empty_op; /* latest look that found the queue empty */
	bool was_empty;
	uint64_t unknown_dequeues;
	bool unknown_drain;
};

static bool
total_queue_understands(const struct history *history, const struct op *op)
{
	if (op->f == F_DRAIN)
		return op->type != OP_OK || op->output == VAL_OF_NIL ||
		       val_kind(op->output) == VAL_LIST;
	(void)history;
	return op->f == F_ENQUEUE || op->f == F_DEQUEUE;
}

/* Behind checkers that also judge order and doubles, but they know no drains. */
static int
total_queue_fits(const struct history *history)
{
	bool some_drain = false;

	vec_each (struct op, op, &history->ops) {
		if (!total_queue_understands(history, op))
			return 0;
		some_drain |= op->f == F_DRAIN;
	}
	return history->ops.count == 0 ? 0 : some_drain ? 40 : 1;
}

static size_t
bytes_of(const struct scan *scan)
{
	return value_ids_bytes(&scan->ids) +
	       scan->elements.capacity * sizeof(struct element) +
	       scan->key->history->ops.count * sizeof(uint32_t);
}

static struct element *
element_of(struct scan *scan, val v)
{
	uint32_t id = value_ids_add(&scan->ids, v);

	if (id == scan->elements.count)
		vec_push(&scan->elements, (struct element){.begun_at = OP_NEVER,
							   .out_at = OP_NEVER,
							   .enqueue = OP_NEVER,
							   .ok_op = OP_NEVER,
							   .out_op = OP_NEVER,
							   .last_out_op = OP_NEVER});
	return &scan->elements.items[id];
}

static void
note_enqueue(struct scan *scan, uint32_t index, const struct op *op)
{
	struct element *element = element_of(scan, op->input);

	if (op->type == OP_FAIL)
		return;
	if (element->attempts++ == 0) {
		element->begun_at = op->invoke_at;
		element->enqueue = index;
	}
	if (op->type != OP_OK)
		return;
	element->oks++;
	if (op->complete_at >= element->ok_at) {
		element->ok_at = op->complete_at;
		element->ok_op = index;
	}
}

static void
note_out(struct scan *scan, uint32_t index, const struct op *op, val v)
{
	struct element *element = element_of(scan, v);

	element->outs++;
	if (op->complete_at < element->out_at || element->out_op == OP_NEVER) {
		element->out_at = op->complete_at;
		element->out_op = index;
	}
	element->last_out_op = index;
}

static void
note_empty(struct scan *scan, uint32_t index, const struct op *op)
{
	if (scan->was_empty && op->invoke_at <= scan->empty_at)
		return;
	scan->was_empty = true;
	scan->empty_at = op->invoke_at;
	scan->empty_op = index;
}

static void
note_dequeue(struct scan *scan, uint32_t index, const struct op *op)
{
	if (op->type != OP_FAIL && op->output != VAL_OF_NIL)
		note_out(scan, index, op, op->output);
	else if (op->type == OP_INFO)
		scan->unknown_dequeues++;
	else if (total_queue_says_empty(scan->key->history, op))
		note_empty(scan, index, op);
}

/* A drain that did not end may still have told a part of what it took. */
static void
note_drain(struct scan *scan, uint32_t index, const struct op *op)
{
	const struct values *values = &scan->key->history->values;

	if (op->type == OP_FAIL)
		return;
	for (size_t i = 0; i < fields_items(values, op->output); i++)
		note_out(scan, index, op, val_at(values, op->output, i));
	if (op->type == OP_OK)
		note_empty(scan, index, op);
	else
		scan->unknown_drain = true;
}

static void
note(struct scan *scan, uint32_t index)
{
	const struct op *op = &scan->key->history->ops.items[index];

	if (op->f == F_ENQUEUE)
		note_enqueue(scan, index, op);
	else if (op->f == F_DEQUEUE)
		note_dequeue(scan, index, op);
	else if (op->f == F_DRAIN)
		note_drain(scan, index, op);
}

static void
report(struct scan *scan, const char *name, uint32_t id, const char *what, uint32_t last)
{
	const struct element *element = &scan->elements.items[id];
	struct buf text = {0};
	uint32_t first = last == scan->empty_op ? element->ok_op : element->enqueue;

	buf_string(&text, "element ");
	tell_value(scan->key->history, value_ids_value(&scan->ids, id), &text);
	buf_printf(&text, " %s", what);
	tell(scan->key->history, scan->result, name, scan->key->key, &text,
	     (uint32_t[]){first, last == scan->empty_op ? OP_NEVER : element->out_op,
			  last},
	     3);
}

/* Missing for certain: unless a dequeue of unknown outcome took it. */
static bool
is_missing(const struct scan *scan, const struct element *element)
{
	return element->oks > element->outs && scan->was_empty &&
	       element->ok_at < scan->empty_at;
}

static void
count_element(struct scan *scan, const struct element *element)
{
	struct counts *counts = scan->counts;
	uint64_t in = element->attempts, out = element->outs;

	counts->attempts += in;
	counts->acknowledged += element->oks;
	counts->ok += out < in ? out : in;
	if (out > element->oks && in > element->oks)
		counts->recovered += (out < in ? out : in) - element->oks;
	if (out > in && in > 0)
		counts->duplicated += out - in;
	if (element->oks > out && !is_missing(scan, element))
		counts->unread += element->oks - out;
}

static void
judge_element(struct scan *scan, uint32_t id, bool exactly_once)
{
	const struct element *element = &scan->elements.items[id];

	count_element(scan, element);
	if (element->outs > 0 &&
	    (element->attempts == 0 || element->out_at < element->begun_at)) {
		scan->counts->unexpected += element->attempts == 0 ? element->outs : 1;
		report(scan, "unexpected-element", id,
		       element->attempts == 0
			       ? "came out, but nobody put it in with success"
			       : "came out before anybody began to put it in",
		       element->out_op);
	} else if (exactly_once && element->outs > element->attempts) {
		report(scan, "duplicate-element", id,
		       "came out more often than it was put in", element->last_out_op);
	}
}

static void
judge_losses(struct scan *scan)
{
	uint64_t missing = 0;

	vec_each (struct element, element, &scan->elements)
		if (is_missing(scan, element))
			missing += element->oks - element->outs;
	scan->counts->missing += missing;
	if (scan->unknown_drain || missing <= scan->unknown_dequeues)
		return;
	scan->counts->lost += missing - scan->unknown_dequeues;
	for (uint32_t id = 0; id < scan->elements.count; id++)
		if (is_missing(scan, &scan->elements.items[id]))
			report(scan, "lost-element", id,
			       scan->unknown_dequeues == 0
				       ? "was acknowledged, never came out, and the "
					 "queue was found empty later"
				       : "was acknowledged, never came out, and the "
					 "queue was found empty later; more are missing "
					 "than dequeues of unknown outcome can have "
					 "taken",
			       scan->empty_op);
}

static void
judge_key(const struct key_ops *key, const struct check_options *options,
	  struct counts *counts, struct check_result *result)
{
	struct scan scan = {
		.key = key, .result = result, .counts = counts, .empty_op = OP_NEVER - 1};
	bool is_over = false;

	value_ids_init(&scan.ids, &key->history->values);
	for (size_t i = 0; !is_over && i < key->count; i++) {
		note(&scan, key->ops[i]);
		is_over = tell_over_budget(options, bytes_of(&scan), result);
	}
	for (uint32_t id = 0; !is_over && id < scan.elements.count; id++)
		judge_element(&scan, id, total_queue_is_exactly_once(options));
	if (!is_over)
		judge_losses(&scan);
	counts->unknown_dequeues += scan.unknown_dequeues;
	counts->unknown_drain |= scan.unknown_drain;
	value_ids_release(&scan.ids);
	vec_release(&scan.elements);
}

static void
print_counts(const struct counts *c, struct buf *details)
{
	tell_number(details, "attempt-count", c->attempts);
	tell_number(details, "acknowledged-count", c->acknowledged);
	tell_number(details, "ok-count", c->ok);
	tell_number(details, "lost-count", c->lost);
	tell_number(details, "unexpected-count", c->unexpected);
	tell_number(details, "duplicated-count", c->duplicated);
	tell_number(details, "recovered-count", c->recovered);
	tell_number(details, "unread-count", c->unread);
	tell_number(details, "unknown-dequeues", c->unknown_dequeues);
}

static void
conclude(const struct counts *counts, struct check_result *result)
{
	if (counts->missing > 0)
		tell_unknown(result,
			     mem_format("%" PRIu64 " acknowledged elements never came "
					"out, but %s of unknown outcome may have taken "
					"them",
					counts->missing,
					counts->unknown_drain ? "a drain" : "dequeues"));
	if (counts->unread > 0)
		tell_unknown(result,
			     mem_format("%" PRIu64 " acknowledged elements never came "
					"out, and nobody found the queue empty after "
					"them",
					counts->unread));
	if (counts->attempts == 0)
		tell_unknown(result, mem_string("nothing was ever put into the queue"));
	tell_end(result, mem_format("all %" PRIu64 " acknowledged elements came out, %s "
				    "from nowhere; %" PRIu64 " came out again",
				    counts->acknowledged, "none", counts->duplicated));
}

static void
total_queue_check(const struct history *history, const struct check_options *options,
		  struct check_result *result)
{
	struct partition partition;
	struct counts counts = {0};

	result->complexity = "O(n + elements drained)";
	result->operations = history->ops.count;
	vec_each (struct op, op, &history->ops)
		if (!total_queue_understands(history, op)) {
			tell_unknown(result,
				     mem_format("'%s' is not an operation of a queue",
						history_f_name(history, op->f)));
			return;
		}
	partition_init(&partition, history);
	for (size_t i = 0; i < partition_count(&partition); i++) {
		struct key_ops key = partition_at(&partition, i);
		judge_key(&key, options, &counts, result);
	}
	partition_release(&partition);
	print_counts(&counts, &result->details);
	conclude(&counts, result);
}

const struct checker checker_total_queue = {
	.name = "total-queue",
	.summary = "what was put into a queue comes out, at least once; drains are known",
	.fits = total_queue_fits,
	.check = total_queue_check,
	.certify = total_queue_certify,
};
