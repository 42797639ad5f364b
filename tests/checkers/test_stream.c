/* stream against processors that really run: every choice of what was taken, in every
 * order. */
#include "checkers/seed/stream.h"
#include "tests/checkers/budgets.h"
#include "tests/checkers/definition.h"
#include "tests/checkers/stream_processors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const anomalies[] = {
	"lost-tuple",	  "duplicate-tuple",	 "unknown-tuple",
	"count-reset",	  "count-gap",		 "reordered-tuple",
	"diverged-state", "inconsistent-choice", NULL};

/* What is promised, in the test that runs. */
static enum graph graph;
static const char *promise;

/* ---- the definition ------------------------------------------------------------------- */

static bool
is_f(const struct history *history, const struct op *op, const char *name)
{
	return strcmp(history_f_name(history, op->f), name) == 0;
}

struct trial {
	struct values *v;
	struct outs outputs; /* as they came; of counts, their keys */
	val tuples[DEFINITION_OPS_MAX], taken[DEFINITION_OPS_MAX];
	bool acked[DEFINITION_OPS_MAX];
	size_t count, taken_count;
	struct outs support; /* what can come out at all */
	val collected;
	bool loses, repeats, found;
	bool is_partial; /* another collect came later: more may come out */
};

static bool
is_counted(void)
{
	return graph == COUNT_KEY || graph == UNIQ_COUNT;
}

/* The counts of one key, in their order. */
static bool
are_counts_right(const struct trial *trial, val key, size_t most, size_t least)
{
	const struct values *v = trial->v;
	val list_of = trial->collected;
	int64_t last = 0;
	bool has_last = false;

	for (size_t i = 0; i < val_count(v, list_of); i++) {
		val out = val_at(v, list_of, i);
		bool has_key = graph == COUNT_KEY;
		if (has_key && val_at(v, out, 0) != key)
			continue;
		int64_t n = val_number(v, val_at(v, out, has_key));
		if (has_last && (n < last || (n == last && !trial->repeats)))
			return false;
		if (!trial->loses && !trial->repeats && n != last + 1)
			return false;
		has_last = true;
		last = n;
	}
	return (trial->loses || trial->is_partial || last >= (int64_t)least) &&
	       (trial->repeats ? last == 0 || most > 0 : last <= (int64_t)most);
}

static bool
is_possible(const struct trial *trial, const struct outs *expected)
{
	for (size_t i = 0; i < expected->count; i++)
		if (!trial->loses && !trial->is_partial &&
		    stream_times(trial->v, &trial->outputs, expected->items[i]) <
			    stream_times(trial->v, expected, expected->items[i]))
			return false;
	for (size_t i = 0; i < trial->outputs.count; i++) {
		val out = trial->outputs.items[i];
		if (trial->repeats ? stream_times(trial->v, &trial->support, out) == 0
				   : stream_times(trial->v, &trial->outputs, out) >
					     stream_times(trial->v, expected, out))
			return false;
	}
	return true;
}

/* All orders of what was taken. */
static void
try_orders(struct trial *trial, size_t from)
{
	struct outs expected;

	if (from == trial->taken_count) {
		stream_process(graph, trial->v, trial->taken, trial->taken_count,
			       &expected);
		trial->found = trial->found || is_possible(trial, &expected);
	}
	for (size_t i = from; i < trial->taken_count && !trial->found; i++) {
		val first = trial->taken[from];
		trial->taken[from] = trial->taken[i];
		trial->taken[i] = first;
		try_orders(trial, from + 1);
		trial->taken[i] = trial->taken[from];
		trial->taken[from] = first;
	}
}

/* All choices of what was taken; where tuples may be lost, also of what was acknowledged. */
static void
try_choices(struct trial *trial, size_t i)
{
	if (i == trial->count) {
		try_orders(trial, 0);
		return;
	}
	trial->taken[trial->taken_count++] = trial->tuples[i];
	try_choices(trial, i + 1);
	trial->taken_count--;
	if (!trial->found && (trial->loses || trial->is_partial || !trial->acked[i]))
		try_choices(trial, i + 1);
}

static bool
are_states_equal(const struct history *history)
{
	vec_each (struct op, a, &history->ops)
		vec_each (struct op, b, &history->ops)
			if (is_f(history, a, "state") && is_f(history, b, "state") &&
			    a->type == OP_OK && b->type == OP_OK &&
			    a->output != b->output)
				return false;
	return true;
}

/* No two tuples of one sender and key that came out once have changed places. */
static bool
is_order_kept(const struct trial *trial, const struct history *history)
{
	const struct outs *outs = &trial->outputs;

	vec_each (struct op, a, &history->ops)
		vec_each (struct op, b, &history->ops) {
			size_t at_a = 0, at_b = 0;
			if (a >= b || a->f != F_SEND || b->f != F_SEND ||
			    a->type == OP_FAIL || b->type == OP_FAIL ||
			    a->process != b->process ||
			    val_at(trial->v, a->input, 1) !=
				    val_at(trial->v, b->input, 1) ||
			    stream_times(trial->v, outs, a->input) != 1 ||
			    stream_times(trial->v, outs, b->input) != 1)
				continue;
			for (size_t i = 0; i < outs->count; i++) {
				at_a = val_equal(trial->v, outs->items[i], a->input)
					       ? i
					       : at_a;
				at_b = val_equal(trial->v, outs->items[i], b->input)
					       ? i
					       : at_b;
			}
			if (at_b < at_a)
				return false;
		}
	return true;
}

static bool
is_counting_right(struct trial *trial)
{
	struct outs most, least;
	val acked[DEFINITION_OPS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < trial->count; i++)
		if (trial->acked[i])
			acked[count++] = trial->tuples[i];
	stream_process(graph, trial->v, trial->tuples, trial->count, &most);
	stream_process(graph, trial->v, acked, count, &least);
	for (size_t i = 0; i < trial->outputs.count; i++)
		if (stream_times(trial->v, &most, trial->outputs.items[i]) == 0)
			return false;
	for (size_t i = 0; i < most.count; i++) {
		val tuple = most.items[i];
		if (!are_counts_right(trial, val_at(trial->v, tuple, 0),
				      stream_times(trial->v, &most, tuple),
				      stream_times(trial->v, &least, tuple)))
			return false;
	}
	return true;
}

static void
read_trial(struct trial *trial, const struct history *history, const struct op *collect)
{
	struct values *v = trial->v;

	vec_each (struct op, op, &history->ops)
		if (op->f == F_SEND && op->type != OP_FAIL &&
		    op->invoke_at < collect->complete_at) {
			trial->acked[trial->count] =
				op->type == OP_OK && op->complete_at < collect->invoke_at;
			trial->tuples[trial->count++] = op->input;
		}
	for (size_t i = 0; i < val_count(v, collect->output); i++) {
		val out = val_at(v, collect->output, i);
		if (graph == COUNT_KEY)
			out = stream_list(v, 1, val_at(v, out, 0));
		if (graph == UNIQ_COUNT)
			out = stream_list(v, 1, VAL_OF_NIL);
		stream_put(&trial->outputs, out);
	}
}

/* Each tuple alone, whatever was before it. */
static void
find_support(struct trial *trial)
{
	for (size_t i = 0; i < trial->count; i++) {
		struct outs alone;
		stream_process(graph, trial->v, &trial->tuples[i], 1, &alone);
		for (size_t k = 0; k < alone.count; k++)
			stream_put(&trial->support, alone.items[k]);
	}
}

static bool
is_output_allowed(const struct history *history, const struct op *collect,
		  bool is_partial)
{
	struct trial trial = {.v = (struct values *)&history->values,
			      .collected = collect->output,
			      .is_partial = is_partial,
			      .loses = strstr(promise, "at-most") != NULL,
			      .repeats = strstr(promise, "at-least") != NULL};

	read_trial(&trial, history, collect);
	find_support(&trial);
	if (is_counted())
		return is_counting_right(&trial);
	try_choices(&trial, 0);
	if (strstr(promise, "ordered") != NULL && !is_order_kept(&trial, history))
		return false;
	return trial.found;
}

/* Of all collects only the very last one drained everything, if it was answered. */
static bool
is_allowed(const struct history *history, bool strict)
{
	bool is_partial = false;

	(void)strict;
	for (size_t i = history->ops.count; i-- > 0;) {
		const struct op *op = &history->ops.items[i];
		if (!is_f(history, op, "collect"))
			continue;
		if (op->type == OP_OK && !is_output_allowed(history, op, is_partial))
			return false;
		is_partial = true;
	}
	return are_states_equal(history);
}

/* ---- histories ------------------------------------------------------------------------ */

static void
ask(struct history *history, struct choices *choices, struct op *op)
{
	struct values *v = &history->values;
	size_t i = history->ops.count;

	if (i == 0 && stream_description(v, graph) != VAL_OF_NIL) {
		op->f = history_f(history, "pipeline", 8);
		op->input = stream_description(v, graph);
		return;
	}
	if (!choices->tries_all && choose_whether(choices, 0.05)) {
		op->f = history_f(history, "state", 5);
		return;
	}
	op->f = F_SEND;
	/* Without a last collect there is little to judge. */
	if (choose_whether(choices, i + 1 == choices->ops ? 0.95 : 0.2))
		op->f = history_f(history, "collect", 7);
	else
		op->input = stream_list(
			v, 3, val_small((int64_t)i),
			val_string(v, choose(choices, 2) ? "a" : "b"),
			stream_list(v, 2, val_string(v, "x"), val_string(v, "y")));
}

static val
counted(struct values *v, val tuple, size_t count)
{
	return graph == UNIQ_COUNT ? stream_list(v, 1, val_small((int64_t)count))
				   : stream_list(v, 2, val_at(v, tuple, 0),
						 val_small((int64_t)count));
}

/* What a processor gives, mostly; something is lost, doubled or out of place. */
static void
answer(struct history *history, struct choices *choices, struct op *op)
{
	struct values *v = &history->values;
	val tuples[DEFINITION_OPS_MAX], items[OUTS_MAX];
	struct outs outs;
	size_t count = 0, kept = 0;

	if (is_f(history, op, "state"))
		op->output = val_small((int64_t)choose_whether(choices, 0.1));
	if (!is_f(history, op, "collect"))
		return;
	vec_each (struct op, send, &history->ops)
		if (send->f == F_SEND &&
		    choose_whether(choices, send->type == OP_OK ? 0.95 : 0.4))
			tuples[count++] = send->input;
	stream_process(graph, v, tuples, count, &outs);
	for (size_t i = 0; i < outs.count; i++) {
		val out = outs.items[i];
		if (is_counted())
			out = counted(v, out,
				      stream_times(v, &(struct outs){.count = 0}, out) +
					      i + 1);
		if (is_counted() && graph == COUNT_KEY) {
			struct outs before = outs;
			before.count = i + 1;
			out = counted(v, outs.items[i],
				      stream_times(v, &before, outs.items[i]));
		}
		if (choices->tries_all || !choose_whether(choices, 0.05))
			items[kept++] = out;
		if (!choices->tries_all && kept < OUTS_MAX - 2 &&
		    choose_whether(choices, 0.05))
			items[kept++] = out;
	}
	if (!is_counted() && kept > 1 && !choices->tries_all &&
	    choose_whether(choices, 0.1)) {
		val first = items[0];
		items[0] = items[kept - 1];
		items[kept - 1] = first;
	}
	op->output = val_list(v, items, kept);
}

static void
compare(enum graph tested, const char *model)
{
	struct definition stream = {.checker = "stream",
				    .model = model,
				    .ask = ask,
				    .answer = answer,
				    .is_allowed = is_allowed,
				    .anomalies = anomalies,
				    .ends_answered = true,
				    .keeps_numbers = true,
				    .has_sessions = true,
				    .ops_all = 3,
				    .no_more = true, /* for 30 graphs and promises */
				    .ops_random = 6};

	graph = tested;
	promise = model;
	definition_compare(&stream);
}

static void
compare_promises(enum graph tested, const char *operator)
{
	static const char *const promises[] = {"exactly-once", "at-least-once",
					       "at-most-once"};

	for (size_t i = 0; i < 3; i++) {
		char model[64];
		snprintf(model, sizeof(model), "%s/%s", promises[i], operator);
		compare(tested, model);
	}
}

static void
one_operator_agrees_with_processors(void **state)
{
	(void)state;
	compare_promises(PASS, "pass");
	compare_promises(PASS, "pass/ordered");
	compare_promises(UNIQ_KEY, "uniq");
	compare_promises(COUNT_KEY, "count");
}

static void
graphs_agree_with_processors(void **state)
{
	(void)state;
	compare_promises(SPLIT_MERGE, "");
	compare_promises(FLATTEN, "");
	compare_promises(TABLE, "");
	compare_promises(UNIQ_COUNT, "");
}

static void
choices_of_uniq_agree_with_processors(void **state)
{
	(void)state;
	compare_promises(UNIQ_LAST, "");
	compare_promises(UNIQ_FILTER, "");
}

/* ---- budgets -------------------------------------------------------------------------- */

static void
a_budget_that_is_over_means_unknown(void **state)
{
	struct history history;

	(void)state;
	history_init(&history);
	for (uint32_t i = 0; i < 500; i++) {
		struct op op = {.f = F_SEND,
				.type = OP_OK,
				.process = i,
				.invoke_at = 2 * i,
				.complete_at = 2 * i + 1};
		op.input = val_pair(&history.values, val_small(i), val_small(1));
		if (i == 499) {
			op.f = history_f(&history, "collect", 7);
			op.output = val_list(&history.values, NULL, 0);
		}
		history_add(&history, &op);
	}
	budgets_bind(&checker_stream, &history, (struct check_options){0}, 4096);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_operator_agrees_with_processors),
		cmocka_unit_test(graphs_agree_with_processors),
		cmocka_unit_test(choices_of_uniq_agree_with_processors),
		cmocka_unit_test(a_budget_that_is_over_means_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
