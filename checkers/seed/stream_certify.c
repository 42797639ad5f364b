/* stream_certify.c - proofs of streams: what comes out of the graph, evaluated again, and
 * the output are sorted and compared. */
#include "checkers/jepsen/fields.h"
#include "checkers/seed/stream_push.h"
#include "checkers/seed/stream_worlds.h"

#include <stdlib.h>
#include <string.h>

/* ---- the output, sorted --------------------------------------------------------------- */

struct sink {
	struct push *push;
	struct flows expected; /* by tuple */
	struct flows outputs;  /* by tuple; `send` is the place in the output */
	struct stream_faults *faults;
};

static void
compare(const struct sink *sink, uint64_t certain, uint64_t possible, uint64_t outs,
	uint32_t send, uint32_t last)
{
	struct stream_bounds bounds =
		stream_promise(sink->push->pool->graph, certain, possible);

	if (outs < bounds.least)
		push_fault(sink->faults, "lost-tuple", send, OP_NEVER);
	if (outs > bounds.most)
		push_fault(sink->faults, "duplicate-tuple", send, last);
}

/* All of the run are of one group. */
static bool
is_of_one_group(const struct flow *run, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (run[i].group != run[0].group)
			return false;
	return run[0].group != 0;
}

/* `by_group`: the group's flows; judged as one when none of its tuples is shared. */
static bool
judge_group(const struct sink *sink, const struct flow *group, size_t count)
{
	uint64_t outs = 0;
	uint32_t last = 0;
	size_t found;
	val before = VAL_OF_NIL;

	for (size_t i = 0; i < count; i++) {
		const struct flow *run =
			push_run(sink->push, &sink->expected, group[i].tuple, &found);
		if (!is_of_one_group(run, found))
			return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct flow *out =
			push_run(sink->push, &sink->outputs, group[i].tuple, &found);
		if (i > 0 && val_equal(&sink->push->pool->values, before, group[i].tuple))
			continue;
		before = group[i].tuple;
		outs += found;
		for (size_t k = 0; k < found; k++)
			last = out[k].send > last ? out[k].send : last;
	}
	compare(sink, group[0].is_certain, 1, outs, push_first(group, count)->send, last);
	return true;
}

/* Groups that cannot be judged as one lose their number and their certainty. */
static void
judge_groups(struct sink *sink)
{
	struct flows groups = {0};
	VEC(uint32_t) broken = {0};

	for (size_t i = 0; i < sink->expected.count; i++)
		vec_push(&groups, sink->expected.items[i]);
	if (groups.count > 0)
		qsort(groups.items, groups.count, sizeof(*groups.items), push_by_group);
	for (size_t i = 0, end; i < groups.count; i = end) {
		for (end = i; end < groups.count &&
			      groups.items[end].group == groups.items[i].group;
		     end++)
			;
		push_sort(sink->push, &(struct flows){&groups.items[i], end - i, end - i},
			  -1);
		if (groups.items[i].group != 0 &&
		    !judge_group(sink, &groups.items[i], end - i))
			vec_push(&broken, groups.items[i].group);
	}
	for (size_t i = 0; i < sink->expected.count; i++)
		vec_each (uint32_t, group, &broken)
			if (sink->expected.items[i].group == *group) {
				sink->expected.items[i].group = 0;
				sink->expected.items[i].is_certain = false;
				break;
			}
	vec_release(&broken);
	vec_release(&groups);
}

/* ---- sends of unknown outcome: all of their tuples come, or none ----------------------- */

/* Marks of an expected flow, beside it in an array of its own. */
enum fate {
	FATE_OPEN = 0,
	FATE_TAKEN,
	FATE_LEFT,
};

static int
by_send_of(const void *a, const void *b, void *context)
{
	const struct flow *flows = context;
	const struct flow *x = &flows[*(const uint32_t *)a];
	const struct flow *y = &flows[*(const uint32_t *)b];

	return x->send < y->send ? -1 : x->send > y->send;
}

/* The send's only own tuple that came out decides for all. */
static enum fate
fate_of(const struct sink *sink, const uint32_t *places, size_t count)
{
	enum fate fate = FATE_OPEN;
	size_t makers, outs;

	for (size_t i = 0; i < count; i++) {
		val tuple = sink->expected.items[places[i]].tuple;
		push_run(sink->push, &sink->expected, tuple, &makers);
		push_run(sink->push, &sink->outputs, tuple, &outs);
		if (makers == 1 && fate != FATE_TAKEN)
			fate = outs > 0 ? FATE_TAKEN : FATE_LEFT;
	}
	return fate;
}

static uint8_t *
find_fates(const struct sink *sink)
{
	const struct stream_graph *graph = sink->push->pool->graph;
	uint8_t *fates = mem_new(sink->expected.count + 1, sizeof(*fates));
	VEC(uint32_t) places = {0};
	struct flow *flows = sink->expected.items;

	for (uint32_t i = 0; i < sink->expected.count; i++)
		if (!flows[i].is_certain && !flows[i].is_merged && flows[i].group == 0 &&
		    !graph->may_lose && !graph->may_repeat && !graph->is_partial)
			vec_push(&places, i);
	if (places.count > 0)
		qsort_r(places.items, places.count, sizeof(uint32_t), by_send_of, flows);
	for (size_t i = 0, end; i < places.count; i = end) {
		for (end = i; end < places.count && flows[places.items[end]].send ==
							    flows[places.items[i]].send;
		     end++)
			;
		enum fate fate = end - i > 1 ? fate_of(sink, &places.items[i], end - i)
					     : FATE_OPEN;
		for (size_t k = i; k < end; k++)
			fates[places.items[k]] = (uint8_t)fate;
	}
	vec_release(&places);
	return fates;
}

static void
judge_tuples(const struct sink *sink)
{
	uint8_t *fates = find_fates(sink);

	const struct values *values = &sink->push->pool->values;
	size_t found;

	for (size_t i = 0, end; i < sink->expected.count; i = end) {
		const struct flow *run = &sink->expected.items[i];
		uint64_t certain = 0, left = 0;
		uint32_t last = 0;
		for (end = i;
		     end < sink->expected.count &&
		     val_equal(values, sink->expected.items[end].tuple, run->tuple);
		     end++) {
			certain += sink->expected.items[end].is_certain ||
				   fates[end] == FATE_TAKEN;
			left += fates[end] == FATE_LEFT;
		}
		if (run->group != 0)
			continue;
		const struct flow *out =
			push_run(sink->push, &sink->outputs, run->tuple, &found);
		for (size_t k = 0; k < found; k++)
			last = out[k].send > last ? out[k].send : last;
		compare(sink, certain, end - i - left, found,
			push_first(run, end - i)->send, last);
	}
	for (size_t i = 0; i < sink->outputs.count; i++) {
		push_run(sink->push, &sink->expected, sink->outputs.items[i].tuple,
			 &found);
		if (found == 0)
			push_fault(sink->faults, "unknown-tuple", OP_NEVER,
				   sink->outputs.items[i].send);
	}
	free(fates);
}

static void
judge_sorted(struct push *push, struct stream_faults *faults)
{
	struct sink sink = {.push = push,
			    .faults = faults,
			    .expected = push->waiting[push->pool->graph->count - 1]};

	push_sort(push, &sink.expected, -1);
	push_outputs(push, &sink.outputs);
	push_sort(push, &sink.outputs, -1);
	judge_groups(&sink);
	judge_tuples(&sink);
	push->waiting[push->pool->graph->count - 1] = sink.expected;
	vec_release(&sink.outputs);
}

/* ---- all of it ------------------------------------------------------------------------ */

static bool
has_op(const struct anomaly *anomaly, uint32_t op)
{
	vec_each (uint32_t, i, &anomaly->ops)
		if (*i == op)
			return true;
	return op == OP_NEVER;
}

/* One of the faults that were found again is this one. */
static bool
is_found(const struct push *push, const struct stream_faults *faults,
	 const struct anomaly *anomaly)
{
	const struct history *history = push->pool->graph->history;
	val outputs = history->ops.items[push->collect].output;

	vec_each (struct stream_fault, fault, faults) {
		if (strcmp(fault->name, anomaly->name) != 0 ||
		    !has_op(anomaly, push->collect) || !has_op(anomaly, fault->send) ||
		    !has_op(anomaly, fault->second))
			continue;
		if (fault->output == OP_NEVER ||
		    val_equal(&history->values, anomaly->key,
			      fields_item(&history->values, outputs, fault->output)))
			return true;
	}
	return false;
}

static bool
are_states_different(const struct history *history, const struct anomaly *anomaly)
{
	const struct op *ops = history->ops.items;
	const uint32_t *of = anomaly->ops.items;

	if (anomaly->ops.count != 2)
		return false;
	const struct op *a = &ops[of[0]], *b = &ops[of[1]];
	return a->type == OP_OK && b->type == OP_OK && stream_is_state(history, a) &&
	       stream_is_state(history, b) &&
	       val_equal(&history->values, a->key, b->key) &&
	       !val_equal(&history->values, a->output, b->output);
}

/* Backwards: each state with the last one of its operator. */
static bool
do_states_agree(const struct history *history)
{
	struct value_ids operators;
	VEC(val) last = {0};
	bool agree = true;

	value_ids_init(&operators, &history->values);
	for (size_t i = history->ops.count; i-- > 0 && agree;) {
		const struct op *op = &history->ops.items[i];
		if (op->type != OP_OK || !stream_is_state(history, op))
			continue;
		uint32_t id = value_ids_add(&operators, op->key);
		if (id == last.count)
			vec_push(&last, op->output);
		agree = val_equal(&history->values, last.items[id], op->output);
	}
	value_ids_release(&operators);
	vec_release(&last);
	return agree;
}

/* What one collect shows. */
static void
judge_again(struct push *push, struct stream_faults *faults)
{
	const struct stream_graph *graph = push->pool->graph;

	push_all(push);
	if (graph->operators[graph->count - 1].function == STREAM_COUNT)
		push_judge_counts(push, faults);
	else
		judge_sorted(push, faults);
	if (graph->is_ordered)
		push_judge_order(push, faults);
}

/* Marks the anomalies that the collect shows; false, where valid is claimed and one is. */
static bool
prove_at(const struct stream_graph *graph, const struct check_options *options,
	 uint32_t collect, const struct check_result *result, bool *is_shown)
{
	struct stream_pool pool;
	struct stream_faults faults = {0};
	struct push push = {.pool = &pool, .collect = collect};

	stream_pool_init(&pool, graph);
	judge_again(&push, &faults);
	bool is_fine = faults.count == 0;
	enum stream_explained explained =
		is_fine ? stream_explain(&pool, collect, &options->budget)
			: STREAM_UNDECIDED;
	for (size_t i = 0; i < result->anomalies.count; i++) {
		const struct anomaly *anomaly = &result->anomalies.items[i];
		bool is_choice = strcmp(anomaly->name, "inconsistent-choice") == 0;
		is_shown[i] =
			is_shown[i] || (is_choice ? explained == STREAM_UNEXPLAINED &&
							    has_op(anomaly, collect)
						  : is_found(&push, &faults, anomaly));
	}
	push_release(&push);
	vec_release(&faults);
	stream_pool_release(&pool);
	return is_fine && explained != STREAM_UNEXPLAINED;
}

static bool
prove_anomalies(const struct history *history, const struct check_result *result,
		const bool *is_shown, struct err *err)
{
	for (size_t i = 0; i < result->anomalies.count; i++) {
		const struct anomaly *anomaly = &result->anomalies.items[i];
		bool is_state = strcmp(anomaly->name, "diverged-state") == 0;
		if (is_state ? !are_states_different(history, anomaly) : !is_shown[i])
			return err_set(err, "the output does not show '%s'",
				       anomaly->name);
	}
	return true;
}

bool
stream_certify(const struct history *history, const struct check_options *options,
	       const struct check_result *result, struct err *err)
{
	struct stream_graph graph;
	struct stream_collects collects;
	bool is_shown[ANOMALIES_MAX] = {0}, is_fine = true;

	stream_collects_find(&collects, history);
	if (!stream_graph_init(&graph, history, options, err))
		return false;
	for (size_t i = 0; i < collects.count; i++) {
		graph.is_partial = i > 0 || !collects.has_last;
		is_fine = prove_at(&graph, options, collects.of[i], result, is_shown) &&
			  is_fine;
	}
	if (!prove_anomalies(history, result, is_shown, err))
		return false;
	if (result->verdict != VERDICT_VALID)
		return true;
	if (!collects.has_last)
		return err_set(err, "the output was never collected");
	if (!is_fine)
		return err_set(err, "the output is not as promised");
	return do_states_agree(history) || err_set(err, "two states differ");
}
