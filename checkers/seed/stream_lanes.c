/* stream_lanes.c - proofs of what comes in an order: the counts of each key, and the tuples
 * of each sender and field. */
#include "checkers/jepsen/fields.h"
#include "checkers/seed/stream_push.h"

#include <stdlib.h>

/* ---- counts --------------------------------------------------------------------------- */

/* What is wrong with the counts of one key: the flows that were counted, and the outputs in
 * their order. */
static void
judge_key(const struct push *push, const struct flow *run, size_t count,
	  const struct flow *outs, size_t out_count, struct stream_faults *faults)
{
	const struct stream_graph *graph = push->pool->graph;
	bool has_key = graph->operators[graph->count - 1].field >= 0;
	uint64_t certain = 0;
	int64_t last = 0, number = 0;
	bool has_last = false;
	uint32_t send = push_first(run, count)->send;

	for (size_t i = 0; i < count; i++)
		certain += run[i].is_certain;
	for (size_t i = 0; i < out_count; i++) {
		bool is_number = fields_number(
			&push->pool->values,
			stream_field(&push->pool->values, outs[i].tuple, has_key),
			&number);
		bool is_same = number == last && !graph->may_repeat;
		if (!is_number) {
			push_fault(faults, "unknown-tuple", OP_NEVER, outs[i].send);
			continue;
		}
		if (has_last && (number < last || is_same))
			push_fault(faults, "count-reset", send, outs[i].send);
		else if (!graph->may_lose && !graph->may_repeat && number != last + 1)
			push_fault(faults, "count-gap", send, outs[i].send);
		has_last = true;
		last = number;
	}
	struct stream_bounds bounds = stream_promise(graph, certain, count);
	uint64_t reached = last > 0 ? (uint64_t)last : 0;
	if (reached < bounds.least)
		push_fault(faults, "lost-tuple", send, OP_NEVER);
	if (reached > bounds.most)
		push_fault(faults, "duplicate-tuple", send, outs[out_count - 1].send);
}

/* Of a group one tuple counts: certain when all have one key, else each perhaps. */
static void
thin_groups(const struct push *push, struct flows *flows, int64_t field)
{
	const struct values *values = &push->pool->values;
	size_t kept = 0;

	if (flows->count > 0)
		qsort(flows->items, flows->count, sizeof(*flows->items), push_by_group);
	for (size_t i = 0, end; i < flows->count; i = end) {
		uint32_t group = flows->items[i].group;
		bool spreads = false;
		for (end = i; end < flows->count && flows->items[end].group == group;
		     end++)
			spreads = spreads ||
				  !val_equal(values,
					     stream_field(values, flows->items[i].tuple,
							  field),
					     stream_field(values, flows->items[end].tuple,
							  field));
		for (size_t k = i; k < end; k++) {
			if (group != 0 && !spreads && k > i)
				continue;
			flows->items[kept] = flows->items[k];
			flows->items[kept++].is_certain =
				flows->items[k].is_certain && (group == 0 || !spreads);
		}
	}
	flows->count = kept;
}

static val
key_of(const struct push *push, const struct flow *flow, int64_t field)
{
	return stream_field(&push->pool->values, flow->tuple, field);
}

void
push_judge_counts(struct push *push, struct stream_faults *faults)
{
	const struct stream_graph *graph = push->pool->graph;
	const struct values *values = &push->pool->values;
	int64_t field = graph->operators[graph->count - 1].field;
	struct flows *flows = &push->waiting[graph->count - 1], outs = {0};
	size_t o = 0;

	thin_groups(push, flows, field);
	push_sort(push, flows, field < 0 ? INT64_MAX : field);
	push_outputs(push, &outs);
	push_sort(push, &outs, field < 0 ? INT64_MAX : 0);
	for (size_t i = 0, end; i < flows->count; i = end) {
		val key = key_of(push, &flows->items[i], field);
		for (end = i;
		     end < flows->count &&
		     val_equal(values, key, key_of(push, &flows->items[end], field));
		     end++)
			;
		for (; o < outs.count && field >= 0 &&
		       val_compare(values, key_of(push, &outs.items[o], 0), key) < 0;
		     o++)
			push_fault(faults, "unknown-tuple", OP_NEVER, outs.items[o].send);
		size_t first = o;
		while (o < outs.count &&
		       (field < 0 ||
			val_equal(values, key_of(push, &outs.items[o], 0), key)))
			o++;
		judge_key(push, &flows->items[i], end - i, &outs.items[first], o - first,
			  faults);
	}
	for (; o < outs.count; o++)
		push_fault(faults, "unknown-tuple", OP_NEVER, outs.items[o].send);
	vec_release(&outs);
}

/* ---- order ---------------------------------------------------------------------------- */

/* A tuple that came out once, as it was sent. */
struct passed {
	uint64_t lane; /* sender << 32 | field 1 */
	uint32_t send, place;
};

static int
by_lane_and_place(const void *a, const void *b)
{
	const struct passed *x = a, *y = b;

	if (x->lane != y->lane)
		return x->lane < y->lane ? -1 : 1;
	return x->place < y->place ? -1 : x->place > y->place;
}

/* The flows are of the outputs, by tuple. */
static void
judge_lanes(struct push *push, const struct flows *outputs, struct stream_faults *faults)
{
	const struct history *history = push->pool->graph->history;
	VEC(struct passed) all = {0};
	struct value_ids fields;
	uint32_t newest = 0;
	size_t count;

	value_ids_init(&fields, &history->values);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (!stream_was_offered(history, op, push->collect))
			continue;
		val tuple = val_copy(&push->pool->values, &history->values, op->input);
		const struct flow *run = push_run(push, outputs, tuple, &count);
		val field = fields_item(&history->values, op->input, 1);
		if (count == 1)
			vec_push(&all,
				 (struct passed){(uint64_t)op->process << 32 |
							 value_ids_add(&fields, field),
						 i, run->send});
	}
	if (all.count > 0)
		qsort(all.items, all.count, sizeof(*all.items), by_lane_and_place);
	for (size_t i = 0; i < all.count; i++) {
		bool is_first = i == 0 || all.items[i - 1].lane != all.items[i].lane;
		if (is_first || all.items[i].send > newest)
			newest = all.items[i].send;
		else
			vec_push(faults,
				 (struct stream_fault){.name = "reordered-tuple",
						       .send = all.items[i].send,
						       .second = newest,
						       .output = all.items[i].place});
	}
	vec_release(&all);
	value_ids_release(&fields);
}

void
push_judge_order(struct push *push, struct stream_faults *faults)
{
	struct flows outputs = {0};

	push_outputs(push, &outputs);
	push_sort(push, &outputs, -1);
	judge_lanes(push, &outputs, faults);
	vec_release(&outputs);
}
