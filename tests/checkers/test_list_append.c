/* Transactions on lists: every level that asks for an order is compared with brute force on
 * random histories (all small ones: test_small_txns.c). */
#include "checkers/transaction/isolation.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_txns.h"
#include "tests/checkers/small_lists.h"
#include "tests/checkers/small_txns.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

extern const struct checker checker_list_append;

static const struct {
	const char *name;
	bool snapshot, process, realtime;
} levels[] = {
	{"strict-serializable", false, true, true},
	{"strong-session-serializable", false, true, false},
	{"serializable", false, false, false},
	{"strong-snapshot-isolation", true, true, true},
	{"strong-session-snapshot-isolation", true, true, false},
	{"snapshot-isolation", true, false, false},
};

enum {
	LEVELS = sizeof(levels) / sizeof(levels[0])
};

static void
fail_with(const struct history *history, const char *level,
	  const struct check_result *result, bool expected)
{
	whole_history_print(history);
	fail_msg("%s: expected %s, got %s, certified %d: %s", level,
		 expected ? "valid" : "invalid", verdict_name(result->verdict),
		 result->certified, result->reason);
}

/* Snapshot isolation is left open when several writes of a key were never read. */
static enum verdict
assert_same(const struct history *history, const char *level, bool expected)
{
	struct check_options options = {.level = level};
	struct check_result result;

	checker_run(&checker_list_append, history, &options, &result);
	enum verdict verdict = result.verdict;
	bool left_open = verdict == VERDICT_UNKNOWN && strstr(level, "snapshot") != NULL;
	if (!left_open && (verdict != (expected ? VERDICT_VALID : VERDICT_INVALID) ||
			   !result.certified))
		fail_with(history, level, &result, expected);
	check_result_release(&result);
	return verdict;
}

static void
parallel_snapshots_agree_with_brute_force_on_random_histories(void **state)
{
	int total = (int)random_count(15000);
	int counts[VERDICT_UNKNOWN + 1] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 9);
	for (int i = 0; i < total; i++) {
		struct small_txns h;
		struct history history;
		bool varies;
		small_lists_make(&history, &rng);
		small_txns_of(&h, &history);
		bool expected = small_lists_satisfy(&h, SMALL_PARALLEL, false, &varies);
		counts[assert_same(&history, "parallel-snapshot-isolation", expected)]++;
		history_release(&history);
	}
	print_message("parallel-snapshot-isolation: %d valid, %d invalid, %d unknown\n",
		      counts[VERDICT_VALID], counts[VERDICT_INVALID],
		      counts[VERDICT_UNKNOWN]);
	assert_in_range(counts[VERDICT_VALID], total / 10, total);
	assert_in_range(counts[VERDICT_INVALID], total / 10, total);
	assert_in_range(counts[VERDICT_UNKNOWN], 0, total / 10);
}

static void
levels_agree_with_brute_force_on_random_histories(void **state)
{
	int total = (int)random_count(15000);
	int counts[LEVELS][VERDICT_UNKNOWN + 1] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 7);
	for (int i = 0; i < total; i++) {
		struct small_txns h;
		struct history history;
		small_lists_make(&history, &rng);
		small_txns_of(&h, &history);
		for (size_t k = 0; k < LEVELS; k++)
			counts[k]
			      [assert_same(&history, levels[k].name,
					   small_txns_have_order(&h, levels[k].snapshot,
								 levels[k].process,
								 levels[k].realtime))]++;
		history_release(&history);
	}
	for (size_t k = 0; k < LEVELS; k++) {
		print_message("%s: %d valid, %d invalid, %d unknown\n", levels[k].name,
			      counts[k][VERDICT_VALID], counts[k][VERDICT_INVALID],
			      counts[k][VERDICT_UNKNOWN]);
		assert_in_range(counts[k][VERDICT_VALID], total / 10, total);
		assert_in_range(counts[k][VERDICT_INVALID], total / 10, total);
		assert_in_range(counts[k][VERDICT_UNKNOWN], 0, total / 10);
	}
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
		cmocka_unit_test(
			parallel_snapshots_agree_with_brute_force_on_random_histories),
		cmocka_unit_test(two_threads_find_what_one_finds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
