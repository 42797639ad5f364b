/* Levels below consistent view of lists, on small random histories, against the axioms word
 * by word; what is decided is proven. */
#include "checkers/transaction/isolation.h"
#include "checkers/transaction/txn_sessions.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/small_lists.h"
#include "tests/checkers/small_levels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

extern const struct checker checker_list_append;

enum {
	LEVELS = SMALL_STRONG_COMMITTED /* that one: test_txn_levels.c */
};

static int counts[LEVELS][4], forged, varied;

static void
fail_on(const struct history *history, size_t level, const struct check_result *result,
	const char *what)
{
	struct buf text = {0};

	vec_each (const struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_printf(&text, " process %u events %u..%u\n", op->process,
			   op->invoke_at, op->complete_at);
	}
	fail_msg("%s: %s %s: %s\n%s", what, small_levels[level].name,
		 verdict_name(result->verdict), result->reason, buf_text(&text));
}

/* What holds is not proven broken: each cycle that was found is told under the name of what
 * the level forbids. */
static void
forge_names(const struct history *history, size_t level)
{
	static const char *const names[] = {
		[1] = "non-monotonic-view",  [2] = "fractured-read",
		[3] = "non-monotonic-view",  [4] = "fractured-read-process",
		[5] = "causality-violation",
	};
	struct check_options options = {0};
	struct check_result result;
	struct err err;

	checker_run(&checker_list_append, history, &options, &result);
	options.level = small_levels[level].name;
	for (size_t i = 0; i < result.anomalies.count; i++) {
		struct anomaly *anomaly = &result.anomalies.items[i];
		const char *kept = anomaly->name;
		if (anomaly->steps.count == 0 || names[level] == NULL)
			continue;
		anomaly->name = names[level];
		forged++;
		struct check_result one = {.verdict = VERDICT_INVALID};
		vec_push(&one.anomalies, *anomaly);
		if (checker_list_append.certify(history, &options, &one, &err))
			fail_on(history, level, &result, kept);
		vec_release(&one.anomalies);
		anomaly->name = kept;
	}
	check_result_release(&result);
}

static void
compare(const struct history *history, size_t level)
{
	struct check_options options = {.level = small_levels[level].name};
	struct check_result result;
	struct small_txns h;
	bool varies;

	small_txns_of(&h, history);
	bool allowed = small_lists_satisfy(&h, small_levels[level].view,
					   small_levels[level].process, &varies);
	checker_run(&checker_list_append, history, &options, &result);
	counts[level][result.verdict]++;
	if (result.verdict != (allowed ? VERDICT_VALID : VERDICT_INVALID))
		fail_on(history, level, &result, "differs");
	if (!result.certified)
		fail_on(history, level, &result, "not proven");
	varied += varies && small_levels[level].view == SMALL_MONOTONIC && allowed;
	check_result_release(&result);
	if (allowed)
		forge_names(history, level);
}

/* In every second history many transactions read a key again. */
static void
make(struct history *history, int number, struct rng *rng)
{
	small_lists_make(history, rng);
	if (number % 2 == 1)
		small_lists_read_again(history, rng);
}

static void
weak_levels_of_lists_agree_with_the_axioms(void **state)
{
	int total = (int)random_count(4000);
	struct rng rng;

	(void)state;
	rng_init(&rng, 77);
	for (int i = 0; i < total; i++) {
		struct history history;
		make(&history, i, &rng);
		for (size_t level = 0; level < LEVELS; level++)
			compare(&history, level);
		history_release(&history);
	}
	for (size_t level = 0; level < LEVELS; level++) {
		print_message("%s: valid %d, invalid %d, unknown %d\n",
			      small_levels[level].name, counts[level][VERDICT_VALID],
			      counts[level][VERDICT_INVALID],
			      counts[level][VERDICT_UNKNOWN]);
		assert_in_range(counts[level][VERDICT_VALID], total / 20, total);
		assert_in_range(counts[level][VERDICT_INVALID], total / 20, total);
	}
	assert_true(forged > total / 10);
	print_message("levels of views that hold with reads that differ: %d\n", varied);
	assert_true(varied > total / 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weak_levels_of_lists_agree_with_the_axioms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
