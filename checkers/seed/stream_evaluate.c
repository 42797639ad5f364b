/* stream_evaluate.c - the operators one after the other, each on all that comes to it. */
#include "base/assert.h"
#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/jepsen/fields.h"
#include "checkers/seed/stream_flows.h"

#include <stdlib.h>

static void
put(struct flows *flows, const struct flow *flow)
{
	vec_push(flows, *flow);
}

/* ---- operators without state ---------------------------------------------------------- */

/* What became of the alternatives of one group: it is none any more when all became the
 * same tuple, and not certain any more when one was dropped. */
static void
settle_group(struct stream_run *run, struct flows *flows, size_t first, size_t asked)
{
	size_t made = flows->count - first;
	bool are_equal = true;

	for (size_t i = first; i < flows->count; i++) {
		struct flow *flow = &flows->items[i];
		flow->is_certain = flow->is_certain && made >= asked;
		are_equal = are_equal && val_equal(&run->pool->values, flow->tuple,
						   flows->items[first].tuple);
	}
	if (made > 0 && are_equal && made <= asked) {
		flows->count = first + 1;
		flows->items[first].group = 0;
	}
}

/* A group whose tuples became several each is nothing that can be told as bounds. */
static void
loosen(struct stream_run *run, struct flows *flows, size_t first)
{
	run->is_loose = true;
	for (size_t i = first; i < flows->count; i++) {
		flows->items[i].group = 0;
		flows->items[i].is_certain = false;
	}
}

static bool
apply(struct stream_run *run, size_t operator, const struct flows * in, struct flows *out)
{
	struct stream_tuples made = {0};
	size_t first = 0, asked = 0;
	bool has_spread = false;

	for (size_t i = 0; i < in->count && !run->is_over; i++) {
		struct flow flow = in->items[i];
		bool begins = i == 0 || in->items[i - 1].group != flow.group;
		bool ends = i + 1 == in->count || in->items[i + 1].group != flow.group;
		vec_clear(&made);
		stream_apply(run->pool, operator, flow.tuple, &made);
		if (begins) {
			first = out->count;
			asked = 0;
			has_spread = false;
		}
		asked++;
		has_spread = has_spread || made.count > 1;
		for (size_t k = 0; k < made.count; k++) {
			flow.tuple = made.items[k];
			put(out, &flow);
		}
		if (flow.group != 0 && ends && has_spread)
			loosen(run, out, first);
		else if (flow.group != 0 && ends)
			settle_group(run, out, first, asked);
		run->is_over = budget_ends_at(run->budget, i);
	}
	vec_release(&made);
	return !run->is_over;
}

/* ---- uniq ----------------------------------------------------------------------------- */

/* All tuples of one value of the field. */
struct bundle {
	VEC(struct flow) of;
	bool is_certain, differ;
	uint32_t send; /* of a certain one, the first; else of any */
};

static void
add_to_bundle(struct stream_run *run, struct bundle *bundle, const struct flow *flow)
{
	bool is_better =
		bundle->of.count == 0 || (flow->is_certain && !bundle->is_certain) ||
		(flow->is_certain == bundle->is_certain && flow->send < bundle->send);

	if (is_better)
		bundle->send = flow->send;
	bundle->is_certain = bundle->is_certain || flow->is_certain;
	bundle->differ =
		bundle->differ ||
		(bundle->of.count > 0 &&
		 !val_equal(&run->pool->values, bundle->of.items[0].tuple, flow->tuple));
	vec_push(&bundle->of, *flow);
}

static void
put_bundle(struct stream_run *run, const struct bundle *bundle, struct flows *out)
{
	uint32_t group = bundle->differ ? ++run->groups : 0;

	vec_each (struct flow, flow, &bundle->of) {
		struct flow kept = *flow;
		kept.group = group;
		kept.is_certain = bundle->is_certain;
		kept.send = bundle->send;
		kept.is_merged = true;
		put(out, &kept);
		if (group == 0)
			break;
	}
}

/* The tuples of the group that begins here have different values in the field. */
static bool
is_spread(const struct stream_run *run, const struct flows *in, size_t i, int64_t field)
{
	const struct values *values = &run->pool->values;
	uint32_t group = in->items[i].group;
	val first = stream_field(values, in->items[i].tuple, field);

	for (; group != 0 && i < in->count && in->items[i].group == group; i++)
		if (!val_equal(values, first,
			       stream_field(values, in->items[i].tuple, field)))
			return true;
	return false;
}

static bool
uniq(struct stream_run *run, size_t operator, const struct flows * in, struct flows *out)
{
	int64_t field = run->pool->graph->operators[operator].field;
	VEC(struct bundle) bundles = {0};
	struct value_ids ids;
	bool spreads = false;

	value_ids_init(&ids, &run->pool->values);
	for (size_t i = 0; i < in->count && !run->is_over; i++) {
		struct flow flow = in->items[i];
		val value = stream_field(&run->pool->values, flow.tuple, field);
		uint32_t id = value_ids_add(&ids, value);
		if (id == bundles.count)
			vec_push(&bundles, (struct bundle){0});
		if (i == 0 || in->items[i - 1].group != flow.group)
			spreads = is_spread(run, in, i, field);
		run->is_loose = run->is_loose || spreads;
		flow.is_certain = flow.is_certain && !spreads;
		add_to_bundle(run, &bundles.items[id], &flow);
		run->is_over = budget_ends_at(run->budget, i);
	}
	vec_each (struct bundle, bundle, &bundles) {
		put_bundle(run, bundle, out);
		vec_release(&bundle->of);
	}
	vec_release(&bundles);
	value_ids_release(&ids);
	return !run->is_over;
}

/* ---- the graph ------------------------------------------------------------------------ */

static void
take_source(struct stream_run *run, val source, const val *copies, struct flows *in)
{
	const struct history *history = run->pool->graph->history;

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (!stream_was_offered(history, op, run->collect) ||
		    !val_equal(&history->values, op->key, source))
			continue;
		struct flow flow = {.tuple = copies[i],
				    .send = i,
				    .is_certain =
					    stream_was_acked(history, op, run->collect)};
		put(in, &flow);
	}
}

/* A choice that comes by two ways is one choice, and is told as two. */
static void
take_stream(struct stream_run *run, const struct flows *from, struct flows *in,
	    bool is_first)
{
	for (size_t i = 0; i < from->count; i++) {
		run->is_loose = run->is_loose || (!is_first && from->items[i].group != 0);
		put(in, &from->items[i]);
	}
}

/* Whether a send of unknown outcome comes to uniq or count more than once. */
static void
watch_doubts(struct stream_run *run, const struct flows *in, bool *has_come)
{
	const struct stream_graph *graph = run->pool->graph;

	for (size_t i = 0; i < in->count; i++) {
		const struct flow *flow = &in->items[i];
		if (flow->is_certain || flow->is_merged || graph->may_lose ||
		    graph->may_repeat || graph->is_partial)
			continue;
		run->is_loose = run->is_loose || has_come[flow->send];
		has_come[flow->send] = true;
	}
}

static bool
run_operator(struct stream_run *run, size_t i, const val *copies, bool *has_come)
{
	const struct stream_operator *operator= & run->pool->graph->operators[i];
	struct flows in = {0};
	bool is_done = true;

	for (size_t k = 0; k < operator->input_count; k++) {
		if (operator->inputs[k] == STREAM_SOURCE)
			take_source(run, operator->sources[k], copies, &in);
		else
			take_stream(run, &run->streams[operator->inputs[k]], &in, k == 0);
	}
	if (operator->function == STREAM_COUNT || operator->function == STREAM_UNIQ)
		watch_doubts(run, &in, has_come);
	if (operator->function == STREAM_COUNT) {
		run->streams[i] = in;
		return true;
	}
	is_done = operator->function == STREAM_UNIQ
			  ? uniq(run, i, &in, &run->streams[i])
			  : apply(run, i, &in, &run->streams[i]);
	vec_release(&in);
	size_t bytes = stream_pool_bytes(run->pool);
	for (size_t k = 0; k <= i; k++)
		bytes += run->streams[k].capacity * sizeof(struct flow);
	run->is_too_large = bytes > run->bytes_max / 2;
	return is_done && !run->is_too_large;
}

/* At the end a send may come several times, if that is its only way (stream_judge.c). */
static void
watch_end(struct stream_run *run, const bool *has_come)
{
	const struct stream_graph *graph = run->pool->graph;
	const struct flows *flows = &run->streams[graph->count - 1];
	bool is_count = graph->operators[graph->count - 1].function == STREAM_COUNT;

	for (size_t i = 0; i < flows->count && !is_count; i++) {
		const struct flow *flow = &flows->items[i];
		run->is_loose = run->is_loose || (!flow->is_certain && !flow->is_merged &&
						  has_come[flow->send]);
	}
}

bool
stream_evaluate(struct stream_run *run)
{
	const struct history *history = run->pool->graph->history;
	val *copies = mem_new(history->ops.count + 1, sizeof(*copies));
	bool *has_come = mem_new(history->ops.count + 1, sizeof(*has_come));
	bool is_done = true;

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (stream_was_offered(history, op, run->collect)) {
			copies[i] =
				val_copy(&run->pool->values, &history->values, op->input);
			run->sends++;
		}
	}
	for (size_t i = 0; i < run->pool->graph->count && is_done; i++)
		is_done = run_operator(run, i, copies, has_come);
	if (is_done)
		watch_end(run, has_come);
	free(has_come);
	free(copies);
	return is_done;
}

void
stream_run_release(struct stream_run *run)
{
	for (size_t i = 0; i < run->pool->graph->count; i++)
		vec_release(&run->streams[i]);
}
