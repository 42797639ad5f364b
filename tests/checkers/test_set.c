/* The set checker: stories with known verdicts, and the proof of each. */
#include "checkers/collection/set.h"

#include "tests/checkers/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>

static void
expect(const char *script, enum verdict verdict, const char *anomaly, const char *detail)
{
	struct check_options options = {0};
	struct history history;
	struct check_result result;

	script_play(&history, script);
	checker_run(&checker_set, &history, &options, &result);
	if (result.verdict != verdict)
		print_error("%s: %s, %s\n", script, verdict_name(result.verdict),
			    result.reason);
	assert_int_equal(result.verdict, verdict);
	assert_true(verdict == VERDICT_UNKNOWN || result.certified);
	if (anomaly != NULL)
		assert_string_equal(result.anomalies.items[0].name, anomaly);
	if (anomaly != NULL && getenv("SHOW") != NULL)
		print_message("%s: %s", anomaly, result.anomalies.items[0].text);
	if (detail != NULL && strstr(buf_text(&result.details), detail) == NULL)
		fail_msg("%s: no %s in %s", script, detail, buf_text(&result.details));
	check_result_release(&result);
	history_release(&history);
}

static void
sets_that_keep_everything_are_valid(void **state)
{
	(void)state;
	expect("0+a1 0=ok 1+a2 1=ok 0+r 0=[1 2]", VERDICT_VALID, NULL, "\"ok\":2");
	expect("0+a1 0=ok 1+r 1=[2 1] 0+a2 0=ok 0+r 0=[2 1]", VERDICT_INVALID,
	       "unexpected-element", NULL);
	expect("0+a1 0=? 1+r 1=[1]", VERDICT_VALID, NULL, "\"recovered\":1");
	expect("0+a1 0=? 1+r 1=[]", VERDICT_VALID, NULL, "\"never_read\":1");
	expect("0+a1 0=fail 1+r 1=[]", VERDICT_VALID, NULL, "\"attempts\":0");
	expect("0+a1 0=ok 1+r 1=[] 0+a1 0=ok 1+r 1=[1]", VERDICT_VALID, NULL,
	       "\"stale_reads\":1");
	expect("@1 0+a1 0=ok 0+r 0=[1] @2 0+a2 0=ok 0+r 0=[2]", VERDICT_VALID, NULL,
	       NULL);
}

static void
elements_that_are_gone_are_lost(void **state)
{
	(void)state;
	expect("0+a1 0=ok 0+a2 0=ok 1+r 1=[2]", VERDICT_INVALID, "lost-element",
	       "\"lost\":1");
	expect("0+a1 0=? 1+r 1=[1] 1+r 1=[]", VERDICT_INVALID, "divergent-element", NULL);
	expect("0+a1 1+r 1=[1] 0=ok 1+r 1=[]", VERDICT_INVALID, "lost-element", NULL);
}

static void
nodes_that_disagree_in_the_end_have_diverged(void **state)
{
	(void)state;
	expect("0+a1 0=ok 1+r 2+r 1=[1] 2=[]", VERDICT_INVALID, "divergent-element",
	       "\"divergent\":1");
}

static void
elements_from_nowhere_and_doubles_are_named(void **state)
{
	(void)state;
	expect("0+a1 0=ok 1+r 1=[1 7]", VERDICT_INVALID, "unexpected-element", NULL);
	expect("0+a1 0=fail 1+r 1=[1]", VERDICT_INVALID, "unexpected-element", NULL);
	expect("0+a1 0=ok 1+r 1=[1 1]", VERDICT_INVALID, "duplicate-element", NULL);
}

static void
nothing_is_said_of_what_nobody_looked_for(void **state)
{
	(void)state;
	expect("0+a1 0=ok", VERDICT_UNKNOWN, NULL, "\"reads\":0");
	expect("0+a1 0=ok 1+r 1=[1] 0+a2 0=ok", VERDICT_UNKNOWN, NULL, "\"unread\":1");
}

static void
stale_reads_on_the_way_are_counted(void **state)
{
	(void)state;
	expect("0+a1 0=ok 1+r 1=[] 0+a2 0=ok 1+r 1=[1 2]", VERDICT_VALID, NULL,
	       "\"stale_reads\":1");
}

/* A read that has all but the last of what was added. */
static void
a_long_read_is_cut_and_its_size_told(void **state)
{
	struct buf script = {0};
	struct history history;
	struct check_result result;

	(void)state;
	for (int i = 10000; i < 10060; i++)
		buf_printf(&script, "0+a%d 0=ok ", i);
	buf_string(&script, "1+r 1=[");
	for (int i = 10000; i < 10059; i++)
		buf_printf(&script, "%s%d", i > 10000 ? " " : "", i);
	buf_string(&script, "]");
	script_play(&history, buf_text(&script));
	checker_run(&checker_set, &history, &(struct check_options){0}, &result);
	const char *text = result.anomalies.items[0].text;
	assert_non_null(strstr(text, "process 0: add 10059 -> ok"));
	assert_non_null(strstr(text, " ... (59 in all) ("));
	assert_non_null(strstr(text, "[10000,10001,"));
	assert_null(strstr(text, "10050"));
	check_result_release(&result);
	history_release(&history);
	buf_release(&script);
}

/* A proof that looks through the whole history for each key takes minutes here. */
static void
many_keys_are_proven_in_one_pass(void **state)
{
	struct buf script = {0};
	clock_t start = clock();

	(void)state;
	for (int key = 0; key < 30000; key++)
		buf_printf(&script, "@%d 0+a1 0=ok 0+r 0=[1] ", key);
	expect(buf_text(&script), VERDICT_VALID, NULL, "\"ok\":30000");
	buf_string(&script, "@7 0+r 0=[]");
	expect(buf_text(&script), VERDICT_INVALID, "divergent-element", NULL);
	assert_true(clock() - start < 20 * (long)CLOCKS_PER_SEC);
	buf_release(&script);
}

static void
the_registry_finds_and_chooses(void **state)
{
	struct history history;
	struct err err;

	(void)state;
	script_play(&history, "0+a1 0=ok");
	assert_ptr_equal(checker_choose(&history), &checker_set);
	history_release(&history);
	script_play(&history, "0+w1 0=ok");
	assert_string_equal(checker_choose(&history)->name, "register");
	history_release(&history);
	assert_ptr_equal(checker_find("set", &err), &checker_set);
	assert_null(checker_find("registre", &err));
	assert_non_null(strstr(err.hint, "register"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_that_keep_everything_are_valid),
		cmocka_unit_test(elements_that_are_gone_are_lost),
		cmocka_unit_test(nodes_that_disagree_in_the_end_have_diverged),
		cmocka_unit_test(elements_from_nowhere_and_doubles_are_named),
		cmocka_unit_test(nothing_is_said_of_what_nobody_looked_for),
		cmocka_unit_test(stale_reads_on_the_way_are_counted),
		cmocka_unit_test(a_long_read_is_cut_and_its_size_told),
		cmocka_unit_test(many_keys_are_proven_in_one_pass),
		cmocka_unit_test(the_registry_finds_and_chooses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
