/* Verdicts about transactions: each is proven by its certificate, at every level, and a
 * certificate that was tampered with is refused. */
#include "checkers/transaction/isolation.h"
#include "tests/checkers/small_lists.h"
#include "tests/checkers/small_txns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

extern const struct checker checker_list_append, checker_rw_register;

static int
random_count(int usual)
{
	const char *wanted = getenv("FAULTLINE_RANDOM_HISTORIES");

	return wanted != NULL ? atoi(wanted) : usual;
}

static void
fail_with(const struct history *history, const char *level,
	  const struct check_result *result, const char *what)
{
	struct buf text = {0};

	vec_each (const struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_printf(&text, " events %u..%u\n", op->invoke_at, op->complete_at);
	}
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		buf_printf(&text, "%s\n", anomaly->text);
	fail_msg("%s: %s %s: %s\n%s", what, level, verdict_name(result->verdict),
		 result->reason, buf_text(&text));
}

/* What was decided is proven; *counts: by verdict. */
static void
assert_proven(const struct checker *checker, const struct history *history,
	      const char *level, int *counts)
{
	struct check_options options = {.level = level};
	struct check_result result;

	checker_run(checker, history, &options, &result);
	if (result.verdict == VERDICT_UNKNOWN &&
	    strstr(result.reason, "certificate") != NULL)
		fail_with(history, level, &result, "refused");
	if (result.verdict != VERDICT_UNKNOWN && !result.certified)
		fail_with(history, level, &result, "not proven");
	counts[result.verdict]++;
	check_result_release(&result);
}

static void
every_verdict_on_lists_is_proven(void **state)
{
	int total = random_count(4000), counts[4] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 21);
	for (int i = 0; i < total; i++) {
		struct history history;
		small_lists_make(&history, &rng);
		for (size_t level = 0; level < level_count(); level++)
			assert_proven(&checker_list_append, &history, level_name(level),
				      counts);
		history_release(&history);
	}
	assert_in_range(counts[VERDICT_VALID], total, total * 30);
	assert_in_range(counts[VERDICT_INVALID], total, total * 30);
}

static void
every_verdict_on_registers_is_proven(void **state)
{
	int total = random_count(2000), counts[4] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 22);
	for (int i = 0; i < total; i++) {
		struct small_txns h = {0};
		struct history history;
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		for (size_t level = 0; level < level_count(); level++)
			assert_proven(&checker_rw_register, &history, level_name(level),
				      counts);
		history_release(&history);
	}
	assert_in_range(counts[VERDICT_VALID], total, total * 30);
	assert_in_range(counts[VERDICT_INVALID], total, total * 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_verdict_on_lists_is_proven),
		cmocka_unit_test(every_verdict_on_registers_is_proven),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
