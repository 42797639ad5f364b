/* Transactions on registers: every level is compared with brute force on small histories.
 */
#include "checkers/transaction/isolation.h"
#include "tests/checkers/long_txns.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_txns.h"
#include "tests/checkers/small_levels.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

extern const struct checker checker_rw_register;

enum {
	ROUNDS = 3000 /* of strangers */
};

static void
fail_with(const struct history *history, const char *level, bool expected,
	  const struct check_result *result, int number)
{
	struct buf text = {0};

	whole_history_print(history);
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		buf_printf(&text, "%s\n", anomaly->text);
	fail_msg("history %d, %s: expected %s, got %s, certified %d: %s\n%s", number,
		 level, expected ? "valid" : "invalid", verdict_name(result->verdict),
		 result->certified, result->reason, buf_text(&text));
}

static enum verdict
assert_same(const struct history *history, const struct small_txns *h,
	    const struct small_level *level, int number)
{
	struct check_options options = {.level = level->name, .threads = 1};
	struct check_result result;
	bool expected = small_level_holds(level, h);

	checker_run(&checker_rw_register, history, &options, &result);
	enum verdict verdict = result.verdict;
	if (verdict != (expected ? VERDICT_VALID : VERDICT_INVALID) ||
	    !(result.certified || result.is_unproven))
		fail_with(history, level->name, expected, &result, number);
	check_result_release(&result);
	return verdict;
}

static void
levels_agree_with_brute_force_on_random_histories(void **state)
{
	int total = (int)random_count(20000), counts[SMALL_LEVELS][4] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 11);
	for (int i = 0; i < total; i++) {
		struct small_txns h = {0};
		struct history history;
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		for (size_t l = 0; l < SMALL_LEVELS; l++)
			counts[l][assert_same(&history, &h, &small_levels[l], i)]++;
		history_release(&history);
	}
	for (size_t l = 0; l < SMALL_LEVELS; l++) {
		print_message("%s: %d valid, %d invalid\n", small_levels[l].name,
			      counts[l][VERDICT_VALID], counts[l][VERDICT_INVALID]);
		/* nothing that is read was never written: test_txn_levels.c */
		if (small_levels[l].way != SMALL_WRITTEN)
			assert_in_range(counts[l][VERDICT_INVALID], total / 200, total);
		assert_in_range(counts[l][VERDICT_VALID], total / 20, total);
	}
}

static void
reads_of_a_key_again_are_judged_each_for_itself(void **state)
{
	static const char *const apart[] = {"read-committed",
					    "strong-read-committed",
					    "cursor-stability",
					    "monotonic-atomic-view",
					    "strong-session-monotonic-atomic-view",
					    "read-atomic"};
	int total = (int)random_count(20000), held = 0, varied = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 14);
	for (int i = 0; i < total; i++) {
		struct small_txns h = {0};
		struct history history;
		bool varies;
		small_txns_make(&h, &rng);
		small_txns_read_again(&h, &rng);
		small_txns_history(&h, &history);
		for (size_t l = 0; l < sizeof(apart) / sizeof(apart[0]); l++)
			assert_same(&history, &h, small_level_find(apart[l]), i);
		history_release(&history);
		bool holds = small_txns_satisfy(&h, SMALL_MONOTONIC, false, &varies);
		held += holds && varies;
		varied += varies;
	}
	print_message("%d of %d histories with reads that differ have a monotonic view\n",
		      held, varied);
	assert_in_range(varied, total / 4, total);
	assert_in_range(held, total / 50, varied - total / 50);
}

static void
without_a_budget_a_long_history_is_unknown(void **state)
{
	struct random_txns shape = {.txns = 2000,
				    .processes = 20,
				    .keys = 10,
				    .mops_max = 4,
				    .write_percent = 50};
	atomic_bool stop = true;
	struct check_options options = {.budget = {.stop = &stop}};
	struct check_result result;
	struct history history;
	struct rng rng;

	(void)state;
	rng_init(&rng, 3);
	random_txns_play(&history, &shape, &rng);
	checker_run(&checker_rw_register, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(result.reason, "budget"));
	check_result_release(&result);
	stop = false;
	checker_run(&checker_rw_register, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_VALID);
	assert_true(result.certified || result.is_unproven);
	check_result_release(&result);
	history_release(&history);
}

/* What is known of each micro-operation is not laid out first and counted then. */
static void
in_too_little_memory_a_long_history_is_unknown(void **state)
{
	struct random_txns shape = {.txns = 20000,
				    .processes = 20,
				    .keys = 10,
				    .mops_max = 4,
				    .write_percent = 50};
	struct check_options options = {.budget = {.bytes_max = 1 << 20}};
	struct check_result result;
	struct history history;
	struct rng rng;

	(void)state;
	rng_init(&rng, 3);
	random_txns_play(&history, &shape, &rng);
	checker_run(&checker_rw_register, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(result.reason, "memory is too small"));
	check_result_release(&result);
	options.budget.bytes_max = 100 << 20;
	checker_run(&checker_rw_register, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_VALID);
	check_result_release(&result);
	history_release(&history);
}

/* Neither mending nor the search of the certificate pays here: there are clocks for both,
 * those of the certificate for one process at a time in so small a budget. */
static void
readers_far_behind_are_causal_until_they_see_what_they_miss(void **state)
{
	struct check_options options = {.level = "causal",
					.budget = {.bytes_max = 64 << 10}};

	(void)state;
	for (int meet = 0; meet < 2; meet++) {
		struct check_result result;
		struct history history;
		long_txns_play_strangers(&history, ROUNDS);
		if (meet) {
			long_txns_add(&history, 1, "r", 1, val_small(ROUNDS - 1));
			long_txns_add(&history, 1, "r", 0, VAL_OF_NIL);
		}
		history_sort(&history);
		checker_run(&checker_rw_register, &history, &options, &result);
		assert_int_equal(result.verdict, meet ? VERDICT_INVALID : VERDICT_VALID);
		assert_true(result.certified);
		check_result_release(&result);
		history_release(&history);
	}
}

static void
crashed_transactions_are_causal_and_proven(void **state)
{
	struct random_txns shape = {.txns = 20000,
				    .processes = 50,
				    .keys = 1000,
				    .mops_max = 6,
				    .write_percent = 50,
				    .info_percent = 5};
	struct check_options options = {.level = "causal",
					.budget = {.bytes_max = 16 << 20}};

	(void)state;
	long_txns_expect(&shape, 1, &options, VERDICT_VALID);
}

/* Reads of nil show 0 instead. */
static void
begin_with_zero(struct history *history)
{
	struct values *values = &history->values;

	vec_each (struct op, op, &history->ops) {
		val mops[SMALL_MOPS_MAX];
		size_t count = op->type == OP_OK ? val_count(values, op->output) : 0;
		for (size_t i = 0; i < count; i++) {
			mops[i] = val_at(values, op->output, i);
			val parts[] = {val_at(values, mops[i], 0),
				       val_at(values, mops[i], 1), val_small(0)};
			if (val_at(values, mops[i], 2) == VAL_OF_NIL)
				mops[i] = val_list(values, parts, 3);
		}
		if (count > 0)
			op->output = val_list(values, mops, count);
	}
}

static enum verdict
judge_from(const struct history *history, const char *level, val init)
{
	struct check_options options = {.level = level, .init = init};
	struct check_result result;

	checker_run(&checker_rw_register, history, &options, &result);
	enum verdict verdict = result.verdict;
	assert_true(result.certified || result.is_unproven);
	check_result_release(&result);
	return verdict;
}

static void
another_initial_value_than_nil_changes_no_verdict(void **state)
{
	static const char *const levels[] = {"strict-serializable", "serializable",
					     "snapshot-isolation",  "causal",
					     "read-atomic",	    "read-committed"};
	size_t counts[4] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 12);
	for (int i = 0; i < 3000; i++) {
		struct small_txns h = {0};
		struct history history;
		enum verdict verdicts[6];
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		for (size_t k = 0; k < 6; k++)
			verdicts[k] = judge_from(&history, levels[k], VAL_OF_NIL);
		begin_with_zero(&history);
		for (size_t k = 0; k < 6; k++) {
			assert_int_equal(judge_from(&history, levels[k], val_small(0)),
					 verdicts[k]);
			counts[verdicts[k]]++;
		}
		history_release(&history);
	}
	assert_true(counts[VERDICT_VALID] > 900 && counts[VERDICT_INVALID] > 900);
}

static void
a_value_written_twice_is_unknown(void **state)
{
	struct small_txns h = {.count = 2, .keys = 1};
	struct check_options options = {0};
	struct check_result result;
	struct history history;

	(void)state;
	for (int t = 0; t < 2; t++)
		h.txns[t] = (struct small_txn){.mops = {{true, 0, 5}},
					       .mop_count = 1,
					       .type = OP_OK,
					       .begin = (uint32_t)(2 * t),
					       .end = (uint32_t)(2 * t + 1)};
	small_txns_history(&h, &history);
	checker_run(&checker_rw_register, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(result.reason, "write the same value"));
	check_result_release(&result);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_agree_with_brute_force_on_random_histories),
		cmocka_unit_test(reads_of_a_key_again_are_judged_each_for_itself),
		cmocka_unit_test(without_a_budget_a_long_history_is_unknown),
		cmocka_unit_test(in_too_little_memory_a_long_history_is_unknown),
		cmocka_unit_test(another_initial_value_than_nil_changes_no_verdict),
		cmocka_unit_test(a_value_written_twice_is_unknown),
		cmocka_unit_test(
			readers_far_behind_are_causal_until_they_see_what_they_miss),
		cmocka_unit_test(crashed_transactions_are_causal_and_proven),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
