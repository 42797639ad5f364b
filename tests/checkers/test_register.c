/* The register checker: stories with known verdicts, each anomaly by its name. */
#include "checkers/register/register.h"

#include "tests/checkers/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static void
run_with(const char *script, const struct check_options *options, enum verdict verdict,
	 const char *anomaly)
{
	struct history history;
	struct check_result result;

	script_play(&history, script);
	checker_run(&checker_register, &history, options, &result);
	if (result.verdict != verdict)
		print_error("%s: %s, %s\n", script, verdict_name(result.verdict),
			    result.reason);
	assert_int_equal(result.verdict, verdict);
	assert_true(verdict == VERDICT_UNKNOWN || result.certified);
	if (anomaly != NULL) {
		assert_string_equal(result.anomalies.items[0].name, anomaly);
		assert_true(result.anomalies.items[0].ops.count > 0);
		assert_true(result.anomalies.items[0].ops.count <= 12);
		if (getenv("SHOW") != NULL)
			print_message("%s: %s", anomaly, result.anomalies.items[0].text);
	}
	check_result_release(&result);
	history_release(&history);
}

static void
expect(const char *script, enum verdict verdict, const char *anomaly)
{
	run_with(script, &(struct check_options){0}, verdict, anomaly);
}

static void
orders_that_exist_are_found(void **state)
{
	(void)state;
	expect("", VERDICT_VALID, NULL);
	expect("0+r 0=nil", VERDICT_VALID, NULL);
	expect("0+w1 0=ok 1+r 1=1", VERDICT_VALID, NULL);
	expect("0+w1 1+r 1=1 2+r 0=ok 2=1", VERDICT_VALID, NULL);
	expect("0+w1 1+w2 0=ok 1=ok 2+r 2=1", VERDICT_VALID, NULL);
	expect("0+w1 0=ok 1+c1,2 1=ok 2+r 2=2", VERDICT_VALID, NULL);
}

static void
operations_of_unknown_outcome_may_have_happened_late_or_never(void **state)
{
	(void)state;
	expect("0+w1 0=? 1+r 1=nil 1+r 1=1", VERDICT_VALID, NULL);
	expect("0+w1 0=? 1+r 1=nil 1+r 1=nil", VERDICT_VALID, NULL);
	expect("0+w1 0=ok 1+c1,2 1=? 2+r 2=1 2+r 2=2", VERDICT_VALID, NULL);
	expect("0+w1 0=? 1+r 1=1 1+r 1=nil", VERDICT_INVALID, "stale-read");
}

static void
old_values_are_stale_reads_when_others_see_newer_ones(void **state)
{
	(void)state;
	expect("0+w1 0=ok 0+w2 0=ok 1+r 1=2 2+r 2=1 1+r 1=2", VERDICT_INVALID,
	       "stale-read");
	expect("0+w1 0=ok 0+w2 0=ok 1+r 1=1 2+r 2=2", VERDICT_INVALID, "stale-read");
	expect("0+w1 0=ok 1+c1,2 1=ok 2+r 2=1", VERDICT_INVALID, "stale-read");
}

static void
acknowledged_writes_that_nobody_sees_again_are_lost(void **state)
{
	(void)state;
	expect("0+w1 0=ok 0+w2 0=ok 1+r 1=1 2+r 2=1", VERDICT_INVALID, "lost-write");
	expect("0+w1 0=ok 0+w2 0=ok 1+c1,3 1=ok 2+r 2=3", VERDICT_INVALID, "lost-write");
	expect("0+w2 0=ok 1+r 1=nil 2+r 2=nil", VERDICT_INVALID, "lost-write");
}

static void
values_that_come_back_while_their_write_is_open_ran_twice(void **state)
{
	(void)state;
	expect("0+w1 1+r 1=1 1+w2 1=ok 2+r 2=2 1+r 1=1 2+r 2=1 0=ok", VERDICT_INVALID,
	       "duplicate-write");
}

static void
values_from_nowhere_are_named(void **state)
{
	(void)state;
	expect("0+w1 0=ok 1+r 1=7", VERDICT_INVALID, "unwritten-read");
	expect("0+w1 0=fail 1+r 1=1", VERDICT_INVALID, "failed-write-read");
	expect("1+r 1=1 0+w1 0=ok", VERDICT_INVALID, "future-read");
	expect("0+c5,6 0=ok", VERDICT_INVALID, "unwritten-read");
}

static void
two_cas_from_one_value_are_forked(void **state)
{
	(void)state;
	expect("0+w1 0=ok 1+c1,2 2+c1,3 1=ok 2=ok", VERDICT_INVALID, "forked-cas");
	expect("1+c1,2 2+c2,1 1=ok 2=ok", VERDICT_INVALID, "not-linearizable");
}

static void
keys_are_judged_alone(void **state)
{
	(void)state;
	expect("@1 0+w1 0=ok @2 1+r 1=nil @1 2+r 2=1", VERDICT_VALID, NULL);
	expect("@1 0+w1 0=ok @2 1+r 1=nil @1 2+r 2=nil 2+r 2=1", VERDICT_INVALID,
	       "stale-read");
}

static void
nil_is_the_initial_value_or_nothing_as_asked(void **state)
{
	struct check_options unknown = {.nil_is_unknown = true};
	struct check_options seven = {.init = val_small(7)};

	(void)state;
	run_with("0+w1 0=ok 1+r 1=nil", &unknown, VERDICT_VALID, NULL);
	run_with("1+r 1=7 0+w1 0=ok 1+r 1=1", &seven, VERDICT_VALID, NULL);
	run_with("0+w1 0=ok 1+r 1=7 2+r 2=7", &seven, VERDICT_INVALID, "lost-write");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_that_exist_are_found),
		cmocka_unit_test(
			operations_of_unknown_outcome_may_have_happened_late_or_never),
		cmocka_unit_test(old_values_are_stale_reads_when_others_see_newer_ones),
		cmocka_unit_test(acknowledged_writes_that_nobody_sees_again_are_lost),
		cmocka_unit_test(
			values_that_come_back_while_their_write_is_open_ran_twice),
		cmocka_unit_test(values_from_nowhere_are_named),
		cmocka_unit_test(two_cas_from_one_value_are_forked),
		cmocka_unit_test(keys_are_judged_alone),
		cmocka_unit_test(nil_is_the_initial_value_or_nothing_as_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
