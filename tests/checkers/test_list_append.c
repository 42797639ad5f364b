/* Transactions on lists: every level that asks for an order is compared with brute force on
 * random histories (all small ones: test_small_txns.c). */
#include "checkers/transaction/core_certify.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_txns.h"
#include "tests/checkers/small_lists.h"
#include "tests/checkers/small_txns.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

extern const struct checker checker_list_append;

static const struct {
	const char *name, *anomaly; /* the anomaly: that there is no such order */
	bool snapshot, process, realtime, parallel;
} levels[] = {
	{"strict-serializable", "no-serial-order-realtime", false, true, true, false},
	{"strong-session-serializable", "no-serial-order-process", false, true, false,
	 false},
	{"serializable", "no-serial-order", false, false, false, false},
	{"strong-snapshot-isolation", "no-snapshot-order-realtime", true, true, true,
	 false},
	{"strong-session-snapshot-isolation", "no-snapshot-order-process", true, true,
	 false, false},
	{"snapshot-isolation", "no-snapshot-order", true, false, false, false},
	{"parallel-snapshot-isolation", "G-single", false, false, false, true},
};

enum {
	LEVELS = sizeof(levels) / sizeof(levels[0])
};

static int forgeries;

static void
fail_with(const struct history *history, const char *level,
	  const struct check_result *result, bool expected)
{
	whole_history_print(history);
	fail_msg("%s: expected %s, got %s, certified %d: %s", level,
		 expected ? "valid" : "invalid", verdict_name(result->verdict),
		 result->certified, result->reason);
}

/* Told under the name of a level that holds, or with words changed, what shows that a
 * stronger one is broken shows nothing. */
static void
assert_never_proven(const struct history *history, const char *level, const char *name,
		    const struct anomaly *core, struct rng *rng)
{
	struct anomaly forged = *core;
	struct err err;

	forged.name = name;
	for (int i = 0; i < 30; i++) {
		uint32_t *word = &core->proof.items[rng_below(rng, core->proof.count)];
		uint32_t kept = *word;
		if (i > 0)
			*word = (uint32_t)rng_below(rng, 8);
		if (core_certify_lists(history, &(struct check_options){0}, &forged,
				       &err)) {
			whole_history_print(history);
			fail_msg("%s holds, and yet a proof of %s is accepted", level,
				 name);
		}
		if (rng_below(rng, 4) > 0)
			*word = kept;
	}
	forgeries++;
}

static void
forge_cores(const struct history *history, struct check_result *result,
	    const bool *expected, struct rng *rng)
{
	vec_each (struct anomaly, core, &result->anomalies)
		for (size_t k = 0; core->is_core && k < LEVELS; k++)
			if (expected[k])
				assert_never_proven(history, levels[k].name,
						    levels[k].anomaly, core, rng);
}

static enum verdict
assert_same(const struct history *history, size_t level, const bool *expected,
	    struct rng *rng)
{
	struct check_options options = {.level = levels[level].name};
	struct check_result result;

	checker_run(&checker_list_append, history, &options, &result);
	enum verdict verdict = result.verdict;
	if (verdict != (expected[level] ? VERDICT_VALID : VERDICT_INVALID) ||
	    !result.certified)
		fail_with(history, levels[level].name, &result, expected[level]);
	forge_cores(history, &result, expected, rng);
	check_result_release(&result);
	return verdict;
}

static void
find_expected(const struct history *history, bool *expected)
{
	struct small_txns h;
	bool varies;

	small_txns_of(&h, history);
	for (size_t k = 0; k < LEVELS; k++)
		expected[k] =
			levels[k].parallel
				? small_lists_satisfy(&h, SMALL_PARALLEL, false, &varies)
				: small_txns_have_order(&h, levels[k].snapshot,
							levels[k].process,
							levels[k].realtime);
}

/* Of every second history many reads are left out. */
static void
levels_agree_with_brute_force_on_random_histories(void **state)
{
	int total = (int)random_count(15000);
	int counts[LEVELS][VERDICT_UNKNOWN + 1] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 7);
	for (int i = 0; i < total; i++) {
		struct history history;
		bool expected[LEVELS];
		small_lists_make(&history, &rng);
		if (i % 2 == 1)
			small_lists_forget_reads(&history, &rng);
		find_expected(&history, expected);
		for (size_t k = 0; k < LEVELS; k++)
			counts[k][assert_same(&history, k, expected, &rng)]++;
		history_release(&history);
	}
	for (size_t k = 0; k < LEVELS; k++) {
		print_message("%s: %d valid, %d invalid, %d unknown\n", levels[k].name,
			      counts[k][VERDICT_VALID], counts[k][VERDICT_INVALID],
			      counts[k][VERDICT_UNKNOWN]);
		assert_in_range(counts[k][VERDICT_VALID], total / 10, total);
		assert_in_range(counts[k][VERDICT_INVALID], total / 10, total);
		assert_int_equal(counts[k][VERDICT_UNKNOWN], 0);
	}
	print_message("forged: %d\n", forgeries);
	assert_true(forgeries > total / 1000);
}

/* ---- long histories: reads and edges are looked at side by side ------------------------
 */

/* Under snapshot isolation, and what some aborted transactions appended was read. */
static void
play_long(struct history *history)
{
	const struct random_txns shape = {.txns = 30000,
					  .processes = 20,
					  .keys = 30,
					  .mops_max = 4,
					  .write_percent = 50,
					  .info_percent = 1,
					  .snapshot = true,
					  .list_length = 16};
	struct rng rng;

	rng_init(&rng, 7);
	random_txns_play(history, &shape, &rng);
	for (size_t i = 0; i < history->ops.count; i += 3000)
		history->ops.items[i].type = OP_FAIL;
}

static void
two_threads_find_what_one_finds(void **state)
{
	struct check_options options = {.threads = 1};
	struct check_result alone, together;
	struct history history;

	(void)state;
	play_long(&history);
	checker_run(&checker_list_append, &history, &options, &alone);
	options.threads = 2;
	checker_run(&checker_list_append, &history, &options, &together);
	assert_int_equal(alone.verdict, VERDICT_INVALID);
	assert_int_equal(together.verdict, VERDICT_INVALID);
	assert_true(alone.certified && together.certified);
	assert_string_equal(buf_text(&alone.details), buf_text(&together.details));
	assert_int_equal(alone.anomalies.count, together.anomalies.count);
	for (size_t i = 0; i < alone.anomalies.count; i++)
		assert_string_equal(alone.anomalies.items[i].text,
				    together.anomalies.items[i].text);
	check_result_release(&alone);
	check_result_release(&together);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_agree_with_brute_force_on_random_histories),
		cmocka_unit_test(two_threads_find_what_one_finds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
