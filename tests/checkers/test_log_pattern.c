/* Patterns in logs: what matches, what is kept, what is refused. */
#include "checkers/jepsen/log_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool
look(struct log_patterns *patterns, uint64_t number, const char *line)
{
	return log_patterns_line(patterns, "n1", number,
				 (struct bytes){.data = line, .len = strlen(line)});
}

static void
lines_that_match_are_told(void **state)
{
	struct log_patterns patterns = {0};
	struct check_result result;
	struct err err;

	(void)state;
	assert_true(log_patterns_add(&patterns, "panic|assert.*failed", &err));
	assert_false(look(&patterns, 1, "all is well"));
	assert_true(look(&patterns, 2, "raft: assert(x) failed"));
	assert_true(log_patterns_line(&patterns, "n2", 9,
				      (struct bytes){.data = "\0\0panic", .len = 7}));
	log_patterns_result(&patterns, &result);
	assert_int_equal(result.verdict, VERDICT_INVALID);
	assert_int_equal(result.anomaly_count, 2);
	assert_string_equal(result.anomalies.items[0].text,
			    "n1, line 2: raft: assert(x) failed\n");
	assert_non_null(strstr(buf_text(&result.details), "\"count\":2"));
	check_result_release(&result);
	log_patterns_release(&patterns);
}

static void
clean_logs_are_valid_and_no_logs_are_unknown(void **state)
{
	struct log_patterns patterns = {0};
	struct check_result result;
	struct err err;

	(void)state;
	assert_true(log_patterns_add(&patterns, "panic", &err));
	log_patterns_result(&patterns, &result);
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	check_result_release(&result);
	assert_false(look(&patterns, 1, "fine"));
	log_patterns_result(&patterns, &result);
	assert_int_equal(result.verdict, VERDICT_VALID);
	check_result_release(&result);
	log_patterns_release(&patterns);
}

static void
many_matches_are_counted_and_some_kept(void **state)
{
	struct log_patterns patterns = {0};
	struct check_result result;
	struct err err;

	(void)state;
	assert_true(log_patterns_add(&patterns, "x", &err));
	for (uint64_t i = 1; i <= 1000; i++)
		assert_true(look(&patterns, i, "x"));
	assert_int_equal(patterns.matches.count, LOG_MATCHES_MAX);
	log_patterns_result(&patterns, &result);
	assert_int_equal(result.anomaly_count, 1000);
	check_result_release(&result);
	log_patterns_release(&patterns);
}

static void
what_is_no_expression_is_refused(void **state)
{
	struct log_patterns patterns = {0};
	struct err err;

	(void)state;
	assert_false(log_patterns_add(&patterns, "a(b", &err));
	assert_non_null(strstr(err.text, "a(b"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_match_are_told),
		cmocka_unit_test(clean_logs_are_valid_and_no_logs_are_unknown),
		cmocka_unit_test(many_matches_are_counted_and_some_kept),
		cmocka_unit_test(what_is_no_expression_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
