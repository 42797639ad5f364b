/* total-queue against counting, value by value. */
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- queues ---------------------------------------------------------------------------- */

/* Fewer where all histories are tried. */
static val
some_element(struct choices *choices)
{
	return val_small((int64_t)choose(choices, choices->tries_all ? 2 : 4));
}

static void
ask_queue(struct history *history, struct choices *choices, struct op *op)
{
	op->f = choose_whether(choices, 0.5)   ? F_ENQUEUE
		: choose_whether(choices, 0.6) ? F_DEQUEUE
					       : F_DRAIN;
	if (op->f == F_ENQUEUE)
		op->input = some_element(choices);
	(void)history;
}

static void
answer_queue(struct history *history, struct choices *choices, struct op *op)
{
	val items[2];
	size_t count = op->f == F_DRAIN ? choose(choices, 3) : 0;

	for (size_t i = 0; i < count; i++)
		items[i] = some_element(choices);
	if (op->f == F_DEQUEUE && !choose_whether(choices, 0.2))
		op->output = some_element(choices);
	if (op->f == F_DRAIN)
		op->output = val_list(&history->values, items, count);
}

struct flow {
	int acked, offered, outs;
	uint32_t begun_at, acked_at, out_at;
};

static struct flow
flow_of(const struct history *history, val v)
{
	struct flow flow = {.begun_at = OP_NEVER, .out_at = OP_NEVER};

	vec_each (struct op, op, &history->ops) {
		int outs = 0;
		if (op->f == F_ENQUEUE && op->input == v && op->type != OP_FAIL) {
			flow.offered++;
			flow.begun_at = op->invoke_at < flow.begun_at ? op->invoke_at
								      : flow.begun_at;
			flow.acked += op->type == OP_OK;
			if (op->type == OP_OK && op->complete_at > flow.acked_at)
				flow.acked_at = op->complete_at;
		}
		if (op->type != OP_OK)
			continue;
		outs += op->f == F_DEQUEUE && op->output == v;
		for (size_t i = 0;
		     op->f == F_DRAIN && i < val_count(&history->values, op->output); i++)
			outs += val_at(&history->values, op->output, i) == v;
		flow.outs += outs;
		if (outs > 0 && op->complete_at < flow.out_at)
			flow.out_at = op->complete_at;
	}
	return flow;
}

/* The latest look at an empty queue; 0: none. Failed dequeues have no error here. */
static uint32_t
empty_at(const struct history *history)
{
	uint32_t at = 0;

	vec_each (struct op, op, &history->ops) {
		bool is_empty = (op->f == F_DRAIN && op->type == OP_OK) ||
				(op->f == F_DEQUEUE && op->type == OP_FAIL) ||
				(op->f == F_DEQUEUE && op->type == OP_OK &&
				 op->output == VAL_OF_NIL);
		if (is_empty && op->invoke_at + 1 > at)
			at = op->invoke_at + 1;
	}
	return at;
}

static bool is_exact; /* the model exactly-once: nothing comes out again */

static bool
is_total(const struct history *history, bool strict)
{
	uint32_t looked_at = empty_at(history);
	int missing = 0, takers = 0;

	(void)strict;
	for (int64_t v = 0; v < 4; v++) {
		struct flow flow = flow_of(history, val_small(v));
		if (flow.outs > 0 && flow.out_at < flow.begun_at)
			return false;
		if (is_exact && flow.outs > flow.offered)
			return false;
		if (flow.acked > flow.outs && flow.acked_at + 1 < looked_at)
			missing += flow.acked - flow.outs;
	}
	vec_each (struct op, op, &history->ops) {
		if (op->type == OP_INFO && op->f == F_DRAIN)
			return true;
		takers += op->type == OP_INFO && op->f == F_DEQUEUE;
	}
	return missing <= takers;
}

static void
compare(const char *model)
{
	static const char *const anomalies[] = {"lost-element", "unexpected-element",
						"duplicate-element", NULL};
	const struct definition definition = {
		.checker = "total-queue",
		.model = model,
		.ask = ask_queue,
		.answer = answer_queue,
		.is_allowed = is_total,
		.anomalies = anomalies,
		.ops_all = 3,
	};

	is_exact = model != NULL;
	definition_compare(&definition);
}

static void
total_queue_agrees_with_counting(void **state)
{
	(void)state;
	compare(NULL);
}

static void
what_comes_out_exactly_once_agrees_with_counting(void **state)
{
	(void)state;
	compare("exactly-once");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(total_queue_agrees_with_counting),
		cmocka_unit_test(what_comes_out_exactly_once_agrees_with_counting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
