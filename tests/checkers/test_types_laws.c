/* What holds for the checkers of all types, on histories that are too long for brute force:
 * relaxing, threads, budgets, and explanations that stay small. */
#include "checkers/checker.h"
#include "tests/checkers/typed_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

struct law {
	const struct typed *type;
	const char *checker, *model;
	int64_t init;
};

static const struct law laws[] = {
	{&typed_lock, "lock", NULL, 0},
	{&typed_fenced_lock, "fenced-lock", NULL, 0},
	{&typed_semaphore, "semaphore", NULL, 2},
	{&typed_counter, "counter", NULL, 0},
	{&typed_unit_counter, "counter", NULL, 0},
	{&typed_fetch_counter, "counter", NULL, 0},
	{&typed_versioned, "versioned-register", NULL, 0},
	{&typed_log, "log", NULL, 0},
	{&typed_multi_register, "multi-register", NULL, 0},
	{&typed_set, "set-full", NULL, 0},
	{&typed_ids, "unique-ids", "monotone", 0},
};

enum {
	LAWS = sizeof(laws) / sizeof(laws[0])
};

static struct check_options
options_of(const struct law *law)
{
	return (struct check_options){.threads = 1,
				      .model = law->model,
				      .init = law->init == 0 ? VAL_OF_NIL
							     : val_small(law->init)};
}

static void
run(const struct law *law, const struct history *history,
    const struct check_options *options, struct check_result *result)
{
	struct err err;

	checker_run(checker_find(law->checker, &err), history, options, result);
}

static enum verdict
verdict_of(const struct law *law, const struct history *history)
{
	struct check_options options = options_of(law);
	struct check_result result;

	run(law, history, &options, &result);
	enum verdict verdict = result.verdict;
	if (verdict == VERDICT_UNKNOWN || !result.certified)
		fail_msg("%s: %s: %s", law->type->name, verdict_name(verdict),
			 result.reason);
	check_result_release(&result);
	return verdict;
}

static void
play(struct history *history, const struct law *law, struct rng *rng, size_t ops,
     int wrong_percent)
{
	struct typed_shape shape = typed_some_shape(rng, ops);

	shape.ops = ops;
	shape.info_percent /= 10;
	shape.wrong_percent = wrong_percent;
	typed_play(history, law->type, &shape, rng);
}

static void
relaxing_never_makes_a_valid_history_invalid(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 21);
	for (size_t i = 0; i < 100 * LAWS; i++) {
		const struct law *law = &laws[i % LAWS];
		struct history history;
		play(&history, law, &rng, 60, 0);
		for (int k = 0; k < 3; k++) {
			struct op *op =
				&history.ops.items[rng_below(&rng, history.ops.count)];
			if (op->type != OP_OK)
				continue;
			op->type = OP_INFO;
			op->complete_at = OP_NEVER;
			op->complete_ns = -1;
			op->output = VAL_OF_NIL;
		}
		assert_int_equal(verdict_of(law, &history), VERDICT_VALID);
		history_release(&history);
	}
}

static void
print_result(const struct check_result *result, struct buf *out)
{
	buf_printf(out, "%s %s %s\n", verdict_name(result->verdict), result->reason,
		   buf_text(&result->details));
	for (size_t i = 0; i < result->anomalies.count; i++)
		buf_printf(out, "%s %s\n", result->anomalies.items[i].name,
			   result->anomalies.items[i].text);
	for (size_t i = 0; i < result->orders.count; i++)
		for (size_t k = 0; k < result->orders.items[i].count; k++)
			buf_printf(out, "%u ", result->orders.items[i].ops[k]);
}

static void
threads_do_not_change_a_byte(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 22);
	for (size_t i = 0; i < 10 * LAWS; i++) {
		const struct law *law = &laws[i % LAWS];
		struct history history;
		struct buf outputs[2] = {{0}};
		play(&history, law, &rng, 100, 2);
		for (size_t k = 0; k < history.ops.count; k++)
			history.ops.items[k].key = val_small((int64_t)rng_below(&rng, 5));
		for (int t = 0; t < 2; t++) {
			struct check_options options = options_of(law);
			struct check_result result;
			options.threads = t == 0 ? 1 : 4;
			run(law, &history, &options, &result);
			print_result(&result, &outputs[t]);
			check_result_release(&result);
		}
		assert_string_equal(buf_text(&outputs[0]), buf_text(&outputs[1]));
		buf_release(&outputs[0]);
		buf_release(&outputs[1]);
		history_release(&history);
	}
}

/* It may have been decided before anybody looked at the clock, but never wrongly. */
static void
a_budget_that_is_over_never_gives_a_wrong_answer(void **state)
{
	atomic_bool stop = true;
	struct rng rng;
	size_t unknown = 0;

	(void)state;
	rng_init(&rng, 23);
	for (size_t i = 0; i < 20 * LAWS; i++) {
		const struct law *law = &laws[i % LAWS];
		struct check_options over = options_of(law), tiny = options_of(law);
		struct history history;
		struct check_result result;
		over.budget.stop = &stop;
		tiny.budget.bytes_max = 4096;
		play(&history, law, &rng, 300, 0);
		run(law, &history, &over, &result);
		assert_int_not_equal(result.verdict, VERDICT_INVALID);
		unknown += result.verdict == VERDICT_UNKNOWN;
		assert_true(result.verdict != VERDICT_UNKNOWN ||
			    strstr(result.reason, "budget") != NULL);
		check_result_release(&result);
		run(law, &history, &tiny, &result);
		assert_int_not_equal(result.verdict, VERDICT_INVALID);
		unknown += result.verdict == VERDICT_UNKNOWN;
		check_result_release(&result);
		history_release(&history);
	}
	assert_true(unknown > 10 * LAWS);
}

/* A few false answers in a history of a few hundred operations. */
static void
explanations_have_at_most_a_dozen_operations(void **state)
{
	struct rng rng;
	size_t invalid[LAWS] = {0}, small[LAWS] = {0};

	(void)state;
	rng_init(&rng, 24);
	for (size_t i = 0; i < 30 * LAWS; i++) {
		const struct law *law = &laws[i % LAWS];
		struct check_options options = options_of(law);
		struct history history;
		struct check_result result;
		play(&history, law, &rng, 300, 1);
		run(law, &history, &options, &result);
		assert_true(result.certified);
		if (result.verdict == VERDICT_INVALID) {
			const struct anomaly *first = &result.anomalies.items[0];
			invalid[i % LAWS]++;
			small[i % LAWS] += first->ops.count <= 12 &&
					   strstr(first->text, "no small part") == NULL;
		}
		check_result_release(&result);
		history_release(&history);
	}
	for (size_t i = 0; i < LAWS; i++) {
		print_message("%s: %zu of %zu explanations are small\n",
			      laws[i].type->name, small[i], invalid[i]);
		assert_true(invalid[i] > 0 && small[i] * 4 >= invalid[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relaxing_never_makes_a_valid_history_invalid),
		cmocka_unit_test(threads_do_not_change_a_byte),
		cmocka_unit_test(a_budget_that_is_over_never_gives_a_wrong_answer),
		cmocka_unit_test(explanations_have_at_most_a_dozen_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
