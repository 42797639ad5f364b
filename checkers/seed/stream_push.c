#include "checkers/seed/stream_push.h"

#include "base/search.h"
#include "checkers/jepsen/fields.h"

#include <stdlib.h>

static void push_to_readers(struct push *push, uint8_t operator,
			    const struct flows * batch);

/* What is left of a group behind an operator: see stream_evaluate.c. */
static void
push_group(struct push *push, size_t operator, struct flows * made, size_t asked,
	   bool has_spread)
{
	bool are_equal = true;

	for (size_t i = 0; i < made->count; i++) {
		struct flow *flow = &made->items[i];
		are_equal = are_equal && val_equal(&push->pool->values, flow->tuple,
						   made->items[0].tuple);
		flow->is_certain =
			flow->is_certain && made->count >= asked && !has_spread;
	}
	if (!has_spread && !are_equal) {
		push_to_readers(push, (uint8_t) operator, made);
		return;
	}
	for (size_t i = 0; i < made->count && (has_spread || i == 0); i++) {
		struct flow alone = made->items[i];
		alone.group = 0;
		push_to_readers(push, (uint8_t) operator, &(struct flows){&alone, 1, 1});
	}
}

static void
push_through(struct push *push, size_t operator, const struct flows * batch)
{
	struct stream_tuples tuples = {0};
	struct flows made = {0};
	bool has_spread = false;

	for (size_t i = 0; i < batch->count; i++) {
		struct flow flow = batch->items[i];
		vec_clear(&tuples);
		stream_apply(push->pool, operator, flow.tuple, &tuples);
		has_spread = has_spread || tuples.count > 1;
		for (size_t k = 0; k < tuples.count; k++) {
			flow.tuple = tuples.items[k];
			vec_push(&made, flow);
		}
	}
	if (batch->items[0].group != 0)
		push_group(push, operator, & made, batch->count, has_spread);
	for (size_t i = 0; i < made.count && batch->items[0].group == 0; i++)
		push_to_readers(
			push, (uint8_t) operator, &(struct flows){&made.items[i], 1, 1});
	vec_release(&tuples);
	vec_release(&made);
}

/* A batch is one tuple, or all of one group. */
static void
push_to(struct push *push, size_t operator, const struct flows * batch)
{
	enum stream_function function = push->pool->graph->operators[operator].function;

	if (function != STREAM_UNIQ && function != STREAM_COUNT) {
		push_through(push, operator, batch);
		return;
	}
	for (size_t i = 0; i < batch->count; i++)
		vec_push(&push->waiting[operator], batch->items[i]);
}

/* What comes out of the last operator waits behind all others. */
static void
push_to_readers(struct push *push, uint8_t operator, const struct flows * batch)
{
	const struct stream_graph *graph = push->pool->graph;

	if (operator== graph->count - 1)
		for (size_t i = 0; i < batch->count; i++)
			vec_push(&push->waiting[operator], batch->items[i]);
	for (size_t i = 0; i < graph->count; i++)
		for (size_t k = 0; k < graph->operators[i].input_count; k++)
			if (graph->operators[i].inputs[k] == operator)
				push_to(push, i, batch);
}

static void
push_send(struct push *push, uint32_t send)
{
	const struct stream_graph *graph = push->pool->graph;
	const struct history *history = graph->history;
	const struct op *op = &history->ops.items[send];
	struct flow flow = {.send = send,
			    .is_certain = stream_was_acked(history, op, push->collect)};

	flow.tuple = val_copy(&push->pool->values, &history->values, op->input);
	for (size_t i = 0; i < graph->count; i++)
		for (size_t k = 0; k < graph->operators[i].input_count; k++)
			if (graph->operators[i].inputs[k] == STREAM_SOURCE &&
			    val_equal(&history->values, op->key,
				      graph->operators[i].sources[k]))
				push_to(push, i, &(struct flows){&flow, 1, 1});
}

/* ---- uniq ----------------------------------------------------------------------------- */

struct sorting {
	const struct values *values;
	int64_t field; /* -1: the whole tuple */
};

static int
by_tuple(const void *a, const void *b, void *context)
{
	const struct sorting *sorting = context;
	const struct flow *x = a, *y = b;
	bool is_whole = sorting->field < 0;
	val v = is_whole ? x->tuple
			 : stream_field(sorting->values, x->tuple, sorting->field);
	val w = is_whole ? y->tuple
			 : stream_field(sorting->values, y->tuple, sorting->field);
	int order = val_compare(sorting->values, v, w);

	if (order != 0)
		return order;
	return x->send < y->send ? -1 : x->send > y->send;
}

void
push_sort(const struct push *push, struct flows *flows, int64_t field)
{
	struct sorting sorting = {&push->pool->values, field};

	if (flows->count > 0)
		qsort_r(flows->items, flows->count, sizeof(*flows->items), by_tuple,
			&sorting);
}

int
push_by_group(const void *a, const void *b)
{
	const struct flow *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->send < y->send ? -1 : x->send > y->send;
}

/* The groups whose tuples have different values in the field are certain for none. */
static void
doubt_spread_groups(struct push *push, struct flows *flows, int64_t field)
{
	const struct values *values = &push->pool->values;

	if (flows->count > 0)
		qsort(flows->items, flows->count, sizeof(*flows->items), push_by_group);
	for (size_t i = 0, end; i < flows->count; i = end) {
		bool spreads = false;
		for (end = i; end < flows->count &&
			      flows->items[end].group == flows->items[i].group;
		     end++)
			spreads = spreads ||
				  !val_equal(values,
					     stream_field(values, flows->items[i].tuple,
							  field),
					     stream_field(values, flows->items[end].tuple,
							  field));
		for (size_t k = i; k < end && flows->items[i].group != 0 && spreads; k++)
			flows->items[k].is_certain = false;
	}
}

const struct flow *
push_first(const struct flow *run, size_t count)
{
	const struct flow *first = &run[0];

	for (size_t i = 0; i < count; i++)
		if ((run[i].is_certain && !first->is_certain) ||
		    (run[i].is_certain == first->is_certain && run[i].send < first->send))
			first = &run[i];
	return first;
}

/* One run of one value leaves uniq. */
static void
leave_uniq(struct push *push, size_t operator, struct flow * run, size_t count)
{
	struct flow first = *push_first(run, count);
	bool differ = false;

	for (size_t i = 1; i < count; i++)
		differ = differ ||
			 !val_equal(&push->pool->values, run[0].tuple, run[i].tuple);
	uint32_t group = differ ? ++push->groups : 0;
	for (size_t i = 0; i < count; i++) {
		run[i].group = group;
		run[i].send = first.send;
		run[i].is_certain = first.is_certain;
		run[i].is_merged = true;
	}
	push_to_readers(push, (uint8_t) operator, &(struct flows){run, differ ? count : 1,
								  count});
}

static void
flush_uniq(struct push *push, size_t operator)
{
	int64_t field = push->pool->graph->operators[operator].field;
	const struct values *values = &push->pool->values;
	struct flows flows = push->waiting[operator];

	push->waiting[operator] = (struct flows){0};
	doubt_spread_groups(push, &flows, field);
	push_sort(push, &flows, field);
	for (size_t i = 0, end; i < flows.count; i = end) {
		val value = stream_field(values, flows.items[i].tuple, field);
		for (end = i + 1; end < flows.count; end++)
			if (!val_equal(
				    values, value,
				    stream_field(values, flows.items[end].tuple, field)))
				break;
		leave_uniq(push, operator, & flows.items[i], end - i);
	}
	vec_release(&flows);
}

void
push_all(struct push *push)
{
	const struct stream_graph *graph = push->pool->graph;

	for (uint32_t i = 0; i < graph->history->ops.count; i++)
		if (stream_was_offered(graph->history, &graph->history->ops.items[i],
				       push->collect))
			push_send(push, i);
	for (size_t i = 0; i < graph->count; i++)
		if (graph->operators[i].function == STREAM_UNIQ)
			flush_uniq(push, i);
}

void
push_release(struct push *push)
{
	for (size_t i = 0; i < push->pool->graph->count; i++)
		vec_release(&push->waiting[i]);
}

/* ---- the output ----------------------------------------------------------------------- */

void
push_outputs(struct push *push, struct flows *outputs)
{
	const struct history *history = push->pool->graph->history;
	val list = history->ops.items[push->collect].output;

	for (uint32_t i = 0; i < fields_items(&history->values, list); i++)
		vec_push(outputs,
			 (struct flow){.tuple = stream_output(
					       push->pool,
					       fields_item(&history->values, list, i)),
				       .send = i});
}

const struct flow *
push_run(const struct push *push, const struct flows *sorted, val tuple, size_t *count)
{
	const struct values *values = &push->pool->values;
	size_t at, end;

	search_first(at, 0, sorted->count,
		     val_compare(values, sorted->items[at].tuple, tuple) < 0);
	for (end = at;
	     end < sorted->count && val_equal(values, sorted->items[end].tuple, tuple);
	     end++)
		;
	*count = end - at;
	return sorted->items + at;
}

void
push_fault(struct stream_faults *faults, const char *name, uint32_t send, uint32_t output)
{
	vec_push(faults, (struct stream_fault){.name = name,
					       .send = send,
					       .second = OP_NEVER,
					       .output = output});
}
