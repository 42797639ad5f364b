/* stream.c - tuples through a pipeline of operators, by delivery semantics.
 *
 * Operations: send [ID KEY] (ok: the source took it; ids are unique); collect (ok: the
 * list of all tuples that came out, in their order; the last one, when all has drained,
 * is judged). The model names what is promised, the last operator, and perhaps the order:
 *
 *	at-most-once, at-least-once, exactly-once	(without: exactly-once)
 *	pass	outputs are [ID KEY]			(without: pass)
 *	uniq	outputs are KEY or [KEY]: each key when it is first seen
 *	count	outputs are [KEY N]: how many tuples of the key came so far
 *	ordered	(with pass) tuples of one sender and key stay in order
 *
 * as in --model at-least-once/count.
 *
 *	lost-tuple       (at least, exactly once) acknowledged, and not in the output.
 *	                 send [1 a] ok | collect []
 *	duplicate-tuple  (at most, exactly once) more often in the output than sent.
 *	                 send [1 a] ok | collect [[1 a] [1 a]]
 *	unknown-tuple    in the output, but nobody sent it with success.
 *	                 collect [[7 z]]
 *	count-reset      a count of a key is not above the one before it (at least once:
 *	                 is below it): the state was lost.
 *	                 collect [[a 1] [a 1]]
 *	count-gap        (exactly once) a count leaps.
 *	                 collect [[a 1] [a 3]]
 *	reordered-tuple  (ordered) two tuples of one sender and key came out the other way
 *	                 round.
 *
 * Tuples of unknown outcome may be there or not. Complete for these operators on one
 * pipeline; what stands before them must keep id and key. O(n + outputs). */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/jepsen/fields.h"
#include "checkers/tell.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum operator_kind {
	OPERATOR_PASS,
	OPERATOR_UNIQ,
	OPERATOR_COUNT,
};

/* What is counted: a tuple of a pass, a key of the others. */
struct entry {
	uint64_t acked, offered; /* sent ok before the collect; not failed */
	uint64_t outs;
	int64_t count; /* the last count that came out */
	uint32_t send; /* op: an acknowledged one, else any; NONE */
	bool has_count;
};

struct pipeline {
	const struct history *history;
	struct check_result *result;
	bool may_lose, may_repeat, is_ordered;
	enum operator_kind last;
	uint32_t collect; /* op */
	struct value_ids ids;
	VEC(struct entry) entries;
	struct map
		newest; /* sender << 32 | key -> 1 + op of the latest send that came out */
	struct value_ids keys;
	uint64_t sends, outputs;
};

static bool
is_send(const struct history *history, const struct op *op)
{
	return op->f == F_SEND && fields_items(&history->values, op->input) == 2 &&
	       val_kind(fields_item(&history->values, op->input, 0)) != VAL_LIST;
}

static bool
is_collect(const struct history *history, const struct op *op)
{
	return fields_is_f(history, op, "collect");
}

static int
stream_fits(const struct history *history)
{
	bool some_collect = false;

	vec_each (struct op, op, &history->ops) {
		if (!is_send(history, op) && !is_collect(history, op))
			return 0;
		some_collect |= is_collect(history, op);
	}
	return some_collect ? 70 : 0;
}

static bool
promises(const struct check_options *options, const char *word)
{
	return options->model != NULL && strstr(options->model, word) != NULL;
}

static struct entry *
entry_of(struct pipeline *pipeline, val v)
{
	uint32_t id = value_ids_add(&pipeline->ids, v);

	if (id == pipeline->entries.count)
		vec_push(&pipeline->entries, (struct entry){.send = NONE});
	return &pipeline->entries.items[id];
}

static void
note_send(struct pipeline *pipeline, uint32_t index)
{
	const struct op *op = &pipeline->history->ops.items[index];
	const struct op *collect = &pipeline->history->ops.items[pipeline->collect];
	bool is_pass = pipeline->last == OPERATOR_PASS;
	struct entry *entry = entry_of(pipeline, fields_item(&pipeline->history->values,
							     op->input, is_pass ? 0 : 1));

	if (op->type == OP_FAIL || op->invoke_at > collect->complete_at)
		return;
	pipeline->sends++;
	entry->offered++;
	bool is_acked = op->type == OP_OK && op->complete_at < collect->invoke_at;
	entry->acked += is_acked;
	if (is_acked || entry->send == NONE)
		entry->send = index;
}

static void
report(struct pipeline *pipeline, const char *name, uint32_t id, const char *what,
       uint32_t send)
{
	val v = value_ids_value(&pipeline->ids, id);
	struct buf text = {0};

	buf_string(&text, pipeline->last == OPERATOR_PASS ? "tuple " : "key ");
	tell_value(pipeline->history, v, &text);
	buf_printf(&text, " %s", what);
	tell(pipeline->history, pipeline->result, name, v, &text,
	     (uint32_t[]){send, pipeline->collect}, 2);
}

/* ---- outputs -------------------------------------------------------------------------- */

/* Sends of one process are in the order of operations. */
static void
judge_order(struct pipeline *pipeline, uint32_t id, val output)
{
	const struct entry *entry = &pipeline->entries.items[id];
	val key = fields_item(&pipeline->history->values, output, 1);

	if (!pipeline->is_ordered || entry->send == NONE || entry->outs > 1)
		return;
	uint64_t sender = pipeline->history->ops.items[entry->send].process;
	uint64_t *newest =
		map_at(&pipeline->newest,
		       sender << 32 | value_ids_add(&pipeline->keys, key), NULL);
	if (*newest > entry->send + 1u)
		report(pipeline, "reordered-tuple", id,
		       "came out behind a later one of its sender and key",
		       (uint32_t)*newest - 1);
	else
		*newest = entry->send + 1u;
}

static void
judge_count(struct pipeline *pipeline, uint32_t id, val output)
{
	struct entry *entry = &pipeline->entries.items[id];
	bool is_exact = !pipeline->may_lose && !pipeline->may_repeat;
	int64_t count = 0;

	fields_number(&pipeline->history->values,
		      fields_item(&pipeline->history->values, output, 1), &count);
	if (entry->has_count &&
	    (count < entry->count || (count == entry->count && !pipeline->may_repeat)))
		report(pipeline, "count-reset", id,
		       "was counted down, or twice the same: the state was lost",
		       entry->send);
	else if (is_exact && count != entry->count + 1)
		report(pipeline, "count-gap", id, "was counted with a gap", entry->send);
	entry->has_count = true;
	entry->count = count;
}

static void
note_output(struct pipeline *pipeline, val output)
{
	const struct values *values = &pipeline->history->values;
	val what = val_kind(output) == VAL_LIST ? fields_item(values, output, 0) : output;
	uint32_t id = value_ids_find(&pipeline->ids, what);

	pipeline->outputs++;
	if (id == VALUE_ID_NONE || pipeline->entries.items[id].offered == 0) {
		entry_of(pipeline, what);
		id = value_ids_find(&pipeline->ids, what);
		report(pipeline, "unknown-tuple", id,
		       "came out, and nobody sent it with success", OP_NEVER);
		return;
	}
	pipeline->entries.items[id].outs++;
	if (pipeline->last == OPERATOR_PASS)
		judge_order(pipeline, id, output);
	if (pipeline->last == OPERATOR_COUNT)
		judge_count(pipeline, id, output);
}

/* How often it came out, and the bounds of that, each as the operator counts. */
static void
judge_entry(struct pipeline *pipeline, uint32_t id)
{
	const struct entry *entry = &pipeline->entries.items[id];
	uint64_t least = entry->acked, most = entry->offered, outs = entry->outs;

	if (entry->offered == 0)
		return;
	if (pipeline->last == OPERATOR_UNIQ) {
		least = least > 0;
		most = 1;
	}
	if (pipeline->last == OPERATOR_COUNT)
		outs = entry->count > 0 ? (uint64_t)entry->count : 0;
	if (!pipeline->may_lose && outs < least)
		report(pipeline, "lost-tuple", id,
		       "was sent and acknowledged, and is missing in the output",
		       entry->send);
	if (!pipeline->may_repeat && outs > most)
		report(pipeline, "duplicate-tuple", id,
		       "is more often in the output than it was sent", entry->send);
}

static void
take_model(struct pipeline *pipeline, const struct check_options *options)
{
	pipeline->may_lose = promises(options, "at-most-once");
	pipeline->may_repeat = promises(options, "at-least-once");
	pipeline->is_ordered = promises(options, "ordered");
	pipeline->last = promises(options, "uniq")    ? OPERATOR_UNIQ
			 : promises(options, "count") ? OPERATOR_COUNT
						      : OPERATOR_PASS;
}

static void
judge(struct pipeline *pipeline)
{
	const struct history *history = pipeline->history;
	val outputs = history->ops.items[pipeline->collect].output;

	for (uint32_t i = 0; i < history->ops.count; i++)
		if (is_send(history, &history->ops.items[i]))
			note_send(pipeline, i);
	for (size_t i = 0; i < fields_items(&history->values, outputs); i++)
		note_output(pipeline, fields_item(&history->values, outputs, i));
	for (uint32_t id = 0; id < pipeline->entries.count; id++)
		judge_entry(pipeline, id);
}

static void
stream_check(const struct history *history, const struct check_options *options,
	     struct check_result *result)
{
	struct pipeline pipeline = {
		.history = history, .result = result, .collect = NONE};

	result->complexity = "O(n + outputs)";
	result->operations = history->ops.count;
	take_model(&pipeline, options);
	value_ids_init(&pipeline.ids, &history->values);
	value_ids_init(&pipeline.keys, &history->values);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (is_collect(history, op) && op->type == OP_OK)
			pipeline.collect = i;
		if (!is_send(history, op) && !is_collect(history, op))
			tell_unknown(result, mem_format("'%s' is none of a pipeline",
							history_f_name(history, op->f)));
	}
	if (pipeline.collect == NONE)
		tell_unknown(result, mem_string("the output was never collected"));
	if (result->verdict == VERDICT_NONE)
		judge(&pipeline);
	tell_number(&result->details, "sent", pipeline.sends);
	tell_number(&result->details, "outputs", pipeline.outputs);
	tell_end(result,
		 mem_format("%" PRIu64 " outputs of %" PRIu64 " tuples are as promised",
			    pipeline.outputs, pipeline.sends));
	value_ids_release(&pipeline.ids);
	value_ids_release(&pipeline.keys);
	vec_release(&pipeline.entries);
	map_release(&pipeline.newest);
	result->is_unproven = true; /* certify proves some anomalies only */
}

/* ---- proof: one value at a time, by plain counting ------------------------------------ */

/* How often the value was sent (acknowledged; not failed) and came out. */
static void
count_value(const struct history *history, val v, uint32_t collect, bool is_pass,
	    uint64_t *acked, uint64_t *offered, uint64_t *outs)
{
	const struct values *values = &history->values;
	const struct op *last = &history->ops.items[collect];

	*acked = *offered = *outs = 0;
	vec_each (struct op, op, &history->ops) {
		if (!is_send(history, op) || op->type == OP_FAIL ||
		    !val_equal(values, v,
			       fields_item(values, op->input, is_pass ? 0 : 1)))
			continue;
		*offered += op->invoke_at < last->complete_at;
		*acked += op->type == OP_OK && op->complete_at < last->invoke_at;
	}
	for (size_t i = 0; i < fields_items(values, last->output); i++) {
		val output = fields_item(values, last->output, i);
		if (val_kind(output) == VAL_LIST)
			output = fields_item(values, output, 0);
		*outs += val_equal(values, v, output);
	}
}

/* The collect among the operations; NONE: none. */
static uint32_t
collect_of(const struct history *history, const struct anomaly *anomaly)
{
	vec_each (uint32_t, op, &anomaly->ops)
		if (is_collect(history, &history->ops.items[*op]))
			return *op;
	return NONE;
}

static bool
shows(const struct history *history, const struct check_options *options,
      const struct anomaly *anomaly)
{
	struct pipeline pipeline = {.history = history};
	uint64_t acked, offered, outs;

	take_model(&pipeline, options);
	count_value(history, anomaly->key, collect_of(history, anomaly),
		    pipeline.last == OPERATOR_PASS, &acked, &offered, &outs);
	if (strcmp(anomaly->name, "unknown-tuple") == 0)
		return offered == 0 && outs > 0;
	if (pipeline.last == OPERATOR_COUNT || strstr(anomaly->name, "reordered"))
		return outs > 0 || acked > 0;
	if (strcmp(anomaly->name, "lost-tuple") == 0)
		return pipeline.last == OPERATOR_UNIQ ? outs == 0 && acked > 0
						      : outs < acked;
	return outs > (pipeline.last == OPERATOR_UNIQ ? 1 : offered);
}

static bool
stream_certify(const struct history *history, const struct check_options *options,
	       const struct check_result *result, struct err *err)
{
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		if (collect_of(history, anomaly) == NONE ||
		    !shows(history, options, anomaly))
			return err_set(err, "the output does not show '%s'",
				       anomaly->name);
	}
	return true;
}

const struct checker checker_stream = {
	.name = "stream",
	.summary = "tuples through a pipeline: at most, at least, exactly once",
	.fits = stream_fits,
	.check = stream_check,
	.certify = stream_certify,
};
