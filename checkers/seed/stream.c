#include "checkers/seed/stream.h"

#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/jepsen/fields.h"
#include "checkers/seed/stream_flows.h"
#include "checkers/seed/stream_worlds.h"
#include "checkers/tell.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	OP_BYTES = 184 /* of a tuple: copies of it before and behind operators */
};

static bool
is_of_pipeline(const struct history *history, const struct op *op)
{
	return stream_is_send(history, op) || stream_is_collect(history, op) ||
	       stream_is_state(history, op) || stream_is_pipeline(history, op);
}

static int
stream_fits(const struct history *history)
{
	bool some_collect = false;

	vec_each (struct op, op, &history->ops) {
		if (!is_of_pipeline(history, op))
			return 0;
		some_collect |= stream_is_collect(history, op);
	}
	return some_collect ? 70 : 0;
}

/* ---- faults to anomalies -------------------------------------------------------------- */

/* The key of the anomaly is what came out, or what was sent. */
static val
key_of(const struct stream_run *run, const struct stream_fault *fault)
{
	const struct history *history = run->pool->graph->history;
	val outputs = history->ops.items[run->collect].output;

	if (fault->output != OP_NEVER)
		return fields_item(&history->values, outputs, fault->output);
	return fault->send == OP_NEVER ? VAL_OF_NIL
				       : history->ops.items[fault->send].input;
}

static void
report(const struct stream_run *run, const struct stream_fault *fault,
       struct check_result *result)
{
	struct buf text = {0}, tuple = {0};

	val_print(&run->pool->values, fault->tuple, &tuple);
	if (tuple.len > TELL_VALUE_MAX)
		tuple.data[tuple.len = TELL_VALUE_MAX] = '\0';
	buf_printf(&text, "%s %s", buf_text(&tuple), fault->sentence);
	buf_release(&tuple);
	tell(run->pool->graph->history, result, fault->name, key_of(run, fault), &text,
	     (uint32_t[]){fault->send, fault->second, run->collect}, 3);
}

static void
judge_states(const struct history *history, struct check_result *result)
{
	struct value_ids operators;
	VEC(uint32_t) first = {0}; /* by operator */

	value_ids_init(&operators, &history->values);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		struct buf text = {0};
		if (op->type != OP_OK || !stream_is_state(history, op))
			continue;
		uint32_t id = value_ids_add(&operators, op->key);
		if (id == first.count)
			vec_push(&first, i);
		uint32_t other = first.items[id];
		if (val_equal(&history->values, op->output,
			      history->ops.items[other].output))
			continue;
		buf_string(&text, "two replicas of one operator end with different "
				  "states");
		tell(history, result, "diverged-state", op->key, &text,
		     (uint32_t[]){other, i}, 2);
	}
	value_ids_release(&operators);
	vec_release(&first);
}

/* ---- the checker ---------------------------------------------------------------------- */

static val
collected(const struct stream_run *run)
{
	const struct history *history = run->pool->graph->history;

	return val_copy(&run->pool->values, &history->values,
			history->ops.items[run->collect].output);
}

/* Nothing that is alone is wrong: all together may be. */
static void
judge_choices(struct stream_run *run, struct stream_faults *faults)
{
	enum stream_explained explained =
		stream_explain(run->pool, run->collect, run->budget);

	run->is_loose = explained == STREAM_UNDECIDED;
	if (explained == STREAM_UNEXPLAINED)
		vec_push(faults, (struct stream_fault){
					 .name = "inconsistent-choice",
					 .sentence = "is no output of any choice of a "
						     "uniq and of the sends of unknown "
						     "outcome",
					 .tuple = collected(run),
					 .send = OP_NEVER,
					 .second = OP_NEVER,
					 .output = OP_NEVER});
}

static void
judge_run(struct stream_run *run, struct check_result *result)
{
	const struct stream_graph *graph = run->pool->graph;
	struct stream_faults faults = {0};

	if (graph->operators[graph->count - 1].function == STREAM_COUNT)
		stream_judge_counts(run, &faults);
	else
		stream_judge_output(run, &faults);
	if (run->is_loose && faults.count == 0)
		judge_choices(run, &faults);
	if (graph->is_ordered)
		stream_judge_order(run, &faults);
	vec_each (struct stream_fault, fault, &faults)
		report(run, fault, result);
	vec_release(&faults);
}

static void
conclude(const struct stream_run *run, struct check_result *result)
{
	tell_number(&result->details, "sent", run->sends);
	tell_number(&result->details, "outputs", run->outputs);
	tell_end(result,
		 mem_format("%" PRIu64 " outputs of %" PRIu64 " tuples are as promised",
			    run->outputs, run->sends));
}

/* One collect. */
static void
judge(const struct stream_graph *graph, const struct check_options *options,
      uint32_t collect, struct check_result *result)
{
	struct stream_pool pool;
	struct stream_run run = {.pool = &pool,
				 .budget = &options->budget,
				 .bytes_max = options->budget.bytes_max,
				 .collect = collect};

	stream_pool_init(&pool, graph);
	if (stream_evaluate(&run))
		judge_run(&run, result);
	else
		tell_unknown(result,
			     mem_string(run.is_too_large ? "the budget of memory is used "
							   "up"
							 : BUDGET_TIME_IS_OVER));
	if (run.is_loose)
		tell_unknown(result,
			     mem_string("it matters which tuple a uniq let "
					"through, and the history does not tell"));
	if (!graph->is_partial)
		conclude(&run, result);
	stream_run_release(&run);
	stream_pool_release(&pool);
}

/* The last one at the end, so that it concludes. */
static void
judge_all(struct stream_graph *graph, const struct check_options *options,
	  struct check_result *result)
{
	struct stream_collects collects;

	stream_collects_find(&collects, graph->history);
	for (size_t i = collects.count; i-- > 0;) {
		graph->is_partial = i > 0 || !collects.has_last;
		judge(graph, options, collects.of[i], result);
	}
	if (collects.has_last)
		return;
	tell_unknown(result, mem_string("the output was never collected"));
	tell_end(result, NULL);
}

static void
stream_check(const struct history *history, const struct check_options *options,
	     struct check_result *result)
{
	struct stream_graph graph;
	struct err err;

	result->complexity = "O(n + tuples within the graph + outputs)";
	result->operations = history->ops.count;
	vec_each (struct op, op, &history->ops)
		if (!is_of_pipeline(history, op))
			tell_unknown(result, mem_format("'%s' is none of a pipeline",
							history_f_name(history, op->f)));
	if (!stream_graph_init(&graph, history, options, &err))
		tell_unknown(result, mem_string(err.text));
	if (result->verdict != VERDICT_NONE ||
	    tell_over_budget(options, history->ops.count * OP_BYTES, result))
		return;
	judge_states(history, result);
	judge_all(&graph, options, result);
}

const struct checker checker_stream = {
	.name = "stream",
	.summary = "tuples through a graph of operators: at most, at least, exactly once",
	.fits = stream_fits,
	.check = stream_check,
	.certify = stream_certify,
};
