/* monotonic.c - values that only grow: there is one order of all operations in which no
 * value of a key goes down.
 *
 * Operations: any function whose answer is a map from keys to integers, as {x 3} of an
 * increment or {x 3, y 5} of a read of several; or a read whose answer is a list of
 * integers (or of maps with a field val), rows in the order of their timestamps; add, which
 * adds a row, and is answered with it or with the one before it.
 *
 *	nonmonotonic-cycle  each of some operations saw less of one key than the next.
 *	                    read {x 1, y 2} | read {x 2, y 1}
 *	nonmonotonic-order  a row has a smaller value than the row before it, or a smaller
 *	                    timestamp (field sts) where they tell theirs. Where rows are of
 *	                    several tables and tell their processes, only the order of the
 *	                    rows of one process is promised, as in Jepsen's test, unless the
 *	                    level asks for real time.
 *	                    read [1 3 2]
 *	duplicate-element   one read has two rows with the same value.
 *	lost-element        a row that was told by an add, or read, is in no read that ended
 *	                    after the last one began.
 *	                    add ok {val 1} | read []
 *	unexpected-element  a row was read whose add failed (where adds name their rows).
 *	nonmonotonic-time   (level "strict-serializable", asked for by name) an operation
 *	                    saw less than another that was over before it began. A row that
 *	                    was known before a read began and is not in it is lost then.
 *
 * Complete: the order of values of a key orders those who saw them (as in Elle's
 * monotonic keys), and the operations can be arranged iff these orders have no cycle.
 * Rows: each promise is looked up (monotonic_rows_judge.c); rows that were told after the
 * last read began make it unknown. Increments that are lost without a trace are not seen
 * here, nor rows that nobody added (some may have been there at first). Lemma of
 * docs/CHECKERS.md: real time. O(n log n), no edge for each pair: between neighbouring
 * values of a key stands one node. */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/transaction/cycles.h"
#include "checkers/jepsen/commit_order.h"
#include "checkers/jepsen/fields.h"
#include "checkers/jepsen/monotonic.h"
#include "checkers/jepsen/monotonic_rows.h"
#include "checkers/tell.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct sight {
	uint32_t part, key;
	int64_t number;
	uint32_t op;
};

struct growth {
	const struct history *history;
	struct check_result *result;
	struct value_ids parts, keys; /* of the operations; of their maps */
	VEC(struct sight) sights;
	struct graph graph; /* operations, then one node behind each value of a key */
	uint32_t steps;
	uint64_t cycles;
};

static bool
holds_numbers(const struct values *values, val answer)
{
	int64_t number;

	for (size_t i = 0; i < fields_count(values, answer); i++)
		if (fields_at(values, answer, i) != VAL_OF_NIL &&
		    !fields_number(values, fields_at(values, answer, i), &number))
			return false;
	for (size_t i = 0; i < fields_items(values, answer); i++)
		if (!monotonic_row(values, fields_item(values, answer, i), &number))
			return false;
	return true;
}

/* Adds that tell the row that they made, a map with a field val, and reads of rows. */
static bool
adds_rows(const struct history *history)
{
	const struct values *values = &history->values;
	bool some_add = false;
	int64_t number;

	vec_each (struct op, op, &history->ops) {
		if (op->f != F_ADD && op->f != F_READ)
			return false;
		if (op->type != OP_OK)
			continue;
		bool is_add = op->f == F_ADD && val_kind(op->output) == VAL_MAP &&
			      monotonic_row(values, op->output, &number);
		if (!is_add &&
		    (!monotonic_is_rows(op) || !holds_numbers(values, op->output)))
			return false;
		some_add |= is_add;
	}
	return some_add;
}

/* Increments that answer with maps; sets and banks have checkers of their own. */
static int
monotonic_fits(const struct history *history)
{
	bool some_increment = false;

	if (adds_rows(history))
		return 50;
	vec_each (struct op, op, &history->ops) {
		bool is_increment =
			op->f == F_INCREMENT || fields_is_f(history, op, "inc");
		bool is_answer = monotonic_is_map(op) || monotonic_is_rows(op);
		if (op->type == OP_OK &&
		    (!is_answer || !holds_numbers(&history->values, op->output)))
			return 0;
		if (!is_increment && op->f != F_READ)
			return 0;
		some_increment |= is_increment && op->type == OP_OK;
	}
	return some_increment ? 50 : 0;
}

static void
note_sights(struct growth *growth, uint32_t index)
{
	const struct op *op = &growth->history->ops.items[index];
	const struct values *values = &growth->history->values;
	struct sight sight = {.op = index};

	if (monotonic_is_map(op))
		sight.part = value_ids_add(&growth->parts, op->key);
	for (size_t i = 0; monotonic_is_map(op) && i < fields_count(values, op->output);
	     i++) {
		val number = fields_at(values, op->output, i);
		sight.number = INT64_MIN; /* nil is before all numbers */
		fields_number(values, number, &sight.number);
		sight.key =
			value_ids_add(&growth->keys, fields_name(values, op->output, i));
		vec_push(&growth->sights, sight);
	}
}

static int
by_key_and_number(const void *a, const void *b)
{
	const struct sight *x = a, *y = b;

	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->op < y->op ? -1 : x->op > y->op;
}

static bool
is_first_value(const struct growth *growth, size_t i)
{
	const struct sight *sight = &growth->sights.items[i];

	return i == 0 || sight[-1].part != sight->part || sight[-1].key != sight->key;
}

static bool
is_next_value(const struct growth *growth, size_t i)
{
	const struct sight *sight = &growth->sights.items[i];

	return !is_first_value(growth, i) && sight[-1].number < sight->number;
}

/* All who saw a value come before the step behind it, and that before all who saw the
 * next one, and before the next step. */
static void
add_edges(struct growth *growth)
{
	uint32_t step = (uint32_t)growth->history->ops.count, behind = 0;

	for (size_t i = 0; i < growth->sights.count; i++) {
		const struct sight *sight = &growth->sights.items[i];
		if (is_first_value(growth, i))
			behind = UINT32_MAX;
		if (is_next_value(growth, i)) {
			uint32_t previous = behind;
			behind = step - 1;
			if (previous != UINT32_MAX)
				graph_add(&growth->graph, previous, behind, EDGE_ORDER);
		}
		if (is_first_value(growth, i) || is_next_value(growth, i))
			step++;
		if (behind != UINT32_MAX)
			graph_add(&growth->graph, behind, sight->op, EDGE_ORDER);
		graph_add(&growth->graph, sight->op, step - 1, EDGE_ORDER);
	}
}

static void
build_graph(struct growth *growth)
{
	if (growth->sights.count > 0)
		qsort(growth->sights.items, growth->sights.count, sizeof(struct sight),
		      by_key_and_number);
	for (size_t i = 0; i < growth->sights.count; i++)
		growth->steps += is_first_value(growth, i) || is_next_value(growth, i);
	graph_init(&growth->graph, (uint32_t)growth->history->ops.count + growth->steps);
	add_edges(growth);
	graph_build(&growth->graph);
}

/* Without the steps. */
static size_t
only_ops(const struct growth *growth, const uint32_t *nodes, size_t count, uint32_t *ops)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (nodes[i] < growth->history->ops.count)
			ops[kept++] = nodes[i];
	return kept;
}

/* Those who were answered, in place. */
static size_t
only_answers(const struct growth *growth, uint32_t *nodes, size_t count)
{
	size_t kept = 0;

	count = only_ops(growth, nodes, count, nodes);
	for (size_t i = 0; i < count; i++)
		if (monotonic_is_map(&growth->history->ops.items[nodes[i]]))
			nodes[kept++] = nodes[i];
	return kept;
}

static void
report_cycle(void *self, const uint32_t *nodes, size_t count)
{
	struct growth *growth = self;
	uint32_t ops[CYCLE_NODES_MAX + 1];
	struct buf text = {0};

	growth->cycles++;
	if (count == 0) {
		tell_unknown(growth->result, mem_string("the values contradict each "
							"other in a cycle too long to "
							"show"));
		return;
	}
	size_t kept = only_ops(growth, nodes, count, ops);
	buf_string(&text, "each of these saw less of some key than another of them, in "
			  "a circle: no order of them lets all values grow");
	tell(growth->history, growth->result, "nonmonotonic-cycle", VAL_OF_NIL, &text,
	     ops, kept);
}

static void
report_late(struct growth *growth, uint32_t late, uint32_t early)
{
	uint32_t path[CYCLE_NODES_MAX], ops[CYCLE_NODES_MAX];
	struct buf text = {0};
	size_t length = graph_path(&growth->graph, EDGE_ORDER, early, late, NULL, 0, path,
				   CYCLE_NODES_MAX);

	length = only_ops(growth, path, length, ops);
	buf_string(&text, "what was over before the other began saw more than it");
	tell(growth->history, growth->result, "nonmonotonic-time", VAL_OF_NIL, &text, ops,
	     length);
}

static void
take_times(const struct growth *growth, struct commit_times *times)
{
	commit_times_init(times, growth->graph.node_count);
	for (size_t i = 0; i < growth->history->ops.count; i++) {
		const struct op *op = &growth->history->ops.items[i];
		if (!monotonic_is_map(op))
			continue;
		times->begin[i] = op->invoke_at;
		times->end[i] = op->complete_at;
	}
}

/* An order of those who saw something, in real time when that is asked for: the
 * certificate of valid. */
static void
find_order(struct growth *growth, bool in_time)
{
	uint32_t count = growth->graph.node_count, late, early;
	struct order order = {.ops = mem_new((size_t)count + 1, sizeof(uint32_t))};
	struct commit_times times = {0};

	if (in_time)
		take_times(growth, &times);
	if (commit_order_find(&growth->graph, EDGE_ORDER, in_time ? &times : NULL,
			      order.ops, &late, &early)) {
		order.count = only_answers(growth, order.ops, count);
		vec_push(&growth->result->orders, order);
	} else {
		report_late(growth, late, early);
		free(order.ops);
	}
	commit_times_release(&times);
}

static size_t
bytes_of(const struct growth *growth)
{
	return value_ids_bytes(&growth->parts) + value_ids_bytes(&growth->keys) +
	       growth->sights.capacity * sizeof(struct sight);
}

static bool
take_all(struct growth *growth, const struct check_options *options)
{
	const struct history *history = growth->history;

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (tell_over_budget(options, bytes_of(growth), growth->result))
			return false;
		if (!holds_numbers(&history->values,
				   monotonic_is_map(op) || monotonic_is_rows(op)
					   ? op->output
					   : VAL_OF_NIL))
			return !tell_unknown(growth->result,
					     mem_string("an answer holds what is no "
							"integer"));
		note_sights(growth, i);
	}
	return true;
}

/* Three edges a sight, once as added and once as rows. */
static void
judge(struct growth *growth, const struct check_options *options)
{
	size_t sights = growth->sights.count, nodes = growth->history->ops.count + sights;
	size_t bytes = bytes_of(growth) + 6 * sights * sizeof(struct edge) +
		       nodes * (4 * sizeof(uint32_t) + 2 * sizeof(uint64_t));

	if (tell_over_budget(options, bytes, growth->result))
		return;
	build_graph(growth);
	if (!tell_over_budget(options, bytes, growth->result))
		cycles_find(&growth->graph, EDGE_ORDER, report_cycle, growth);
	if (growth->result->verdict == VERDICT_NONE)
		find_order(growth, monotonic_is_strict(options));
	graph_release(&growth->graph);
}

static void
monotonic_check(const struct history *history, const struct check_options *options,
		struct check_result *result)
{
	struct growth growth = {.history = history, .result = result};
	size_t row_reads = 0;

	result->complexity = "O(n log n)";
	result->operations = history->ops.count;
	value_ids_init(&growth.parts, &history->values);
	value_ids_init(&growth.keys, &history->values);
	if (take_all(&growth, options)) {
		judge(&growth, options);
		row_reads = monotonic_rows_judge(history, options, result);
	}
	tell_number(&result->details, "sights", growth.sights.count);
	tell_number(&result->details, "cycles", growth.cycles);
	if (growth.sights.count == 0 && row_reads == 0)
		tell_unknown(result, mem_string("nothing was ever read"));
	tell_end(result, mem_string("one order of the operations lets all values grow"));
	value_ids_release(&growth.parts);
	value_ids_release(&growth.keys);
	vec_release(&growth.sights);
}

const struct checker checker_monotonic = {
	.name = "monotonic",
	.summary = "values that only grow never shrink in the eyes of anybody",
	.fits = monotonic_fits,
	.check = monotonic_check,
	.certify = monotonic_certify,
};
