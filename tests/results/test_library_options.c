/* libfaultline-check: options that do not fit the history are said, not taken silently. */
#include "include/faultline-check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LINE(type, f, value)                                                             \
	"{\"type\":\"" type "\",\"process\":0,\"f\":\"" f "\",\"value\":" value "}\n"

static const char numbers[] = LINE("invoke", "write", "1") LINE("ok", "write", "1")
	LINE("invoke", "read", "null") LINE("ok", "read", "1");
static const char texts[] =
	LINE("invoke", "write", "[\"a\"]") LINE("ok", "write", "[\"a\"]");
static const char counts[] = LINE("invoke", "add", "1") LINE("ok", "add", "1")
	LINE("invoke", "read", "null") LINE("ok", "read", "8");
static const char permits[] =
	LINE("invoke", "acquire", "null") LINE("ok", "acquire", "null")
		LINE("invoke", "acquire", "null") LINE("ok", "acquire", "null");
static const char pairs[] =
	LINE("invoke", "write", "[7, 1]") LINE("ok", "write", "[7, 1]")
		LINE("invoke", "read", "[7, null]") LINE("ok", "read", "[7, 1]");
static const char mixed[] =
	LINE("invoke", "write", "[7, 1]") LINE("ok", "write", "[7, 1]")
		LINE("invoke", "write", "2") LINE("ok", "write", "2");

static struct faultline_check *
read_lines(const char *lines)
{
	struct faultline_check *check = faultline_check_new();

	assert_true(faultline_check_read(check, lines, strlen(lines), "h", NULL));
	return check;
}

static void
expect(const char *lines, const char *init, enum faultline_verdict verdict,
       const char *error)
{
	struct faultline_check *check = read_lines(lines);

	assert_true(faultline_check_set(check, "init", init));
	assert_int_equal(faultline_check_run(check), verdict);
	assert_string_equal(faultline_check_error(check), error);
	faultline_check_free(check);
}

static void
what_looks_like_a_number_and_is_none_is_refused(void **state)
{
	static const char *const wrong[] = {"7x", "-7x", " 0x7f", "1/2", "1.5.2"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char error[128];
		snprintf(error, sizeof(error),
			 "init '%s' is no number\nhint: a text stands in quotes: "
			 "'\"%s\"'",
			 wrong[i], wrong[i]);
		expect(numbers, wrong[i], FAULTLINE_NONE, error);
	}
	expect(numbers, "7", FAULTLINE_VALID, "");
	expect(numbers, "\"7x\"", FAULTLINE_VALID, "");
	expect(numbers, ":7x", FAULTLINE_VALID, "");
	/* Longer than any number: the readers keep it as text, too. */
	expect(numbers, "99999999999999999999", FAULTLINE_VALID, "");
}

static void
what_the_checker_cannot_begin_with_is_refused(void **state)
{
	(void)state;
	expect(counts, "7", FAULTLINE_VALID, "");
	expect(counts, "x", FAULTLINE_NONE,
	       "init must be a number below 2^61 for the checker counter, not \"x\"");
	expect(permits, "2", FAULTLINE_VALID, "");
	expect(permits, "1", FAULTLINE_INVALID, "");
	expect(permits, "0", FAULTLINE_NONE,
	       "init must be a number of permits (1 to 1048576) for the checker "
	       "semaphore, not 0");
	expect(permits, "\"2\"", FAULTLINE_NONE,
	       "init must be a number of permits (1 to 1048576) for the checker "
	       "semaphore, not \"2\"");
}

static bool
is_noted(const char *lines, const char *init)
{
	struct faultline_check *check = read_lines(lines);

	assert_true(faultline_check_set(check, "init", init));
	assert_true(faultline_check_set(check, "checker", "register"));
	assert_int_equal(faultline_check_run(check), FAULTLINE_VALID);
	bool is_noted = strstr(faultline_check_conventions(check),
			       "is a text, and no value of the history is one") != NULL;
	faultline_check_free(check);
	return is_noted;
}

static void
a_text_among_numbers_is_noted(void **state)
{
	(void)state;
	assert_true(is_noted(numbers, "\"7\""));
	assert_true(is_noted(numbers, "empty"));
	assert_false(is_noted(numbers, "7"));
	assert_false(is_noted(texts, "\"7\""));
	assert_false(is_noted(numbers, NULL));
}

/* ---- keys ---- */

static bool
read_tuples(struct faultline_check *check, const char *lines)
{
	assert_true(faultline_check_set(check, "key", "tuple"));
	return faultline_check_read(check, lines, strlen(lines), "h", NULL);
}

static void
tuples_that_were_asked_for_must_be_there(void **state)
{
	struct faultline_check *check = faultline_check_new();

	(void)state;
	assert_false(read_tuples(check, numbers));
	assert_memory_equal(faultline_check_error(check),
			    "no operation of 'h' has a value [key value]\nhint: ", 50);
	assert_true(read_tuples(check, pairs));
	assert_int_equal(faultline_check_run(check), FAULTLINE_VALID);
	assert_non_null(strstr(faultline_check_conventions(check),
			       "taken apart as [key value];"));
	faultline_check_free(check);
}

static void
what_was_not_taken_apart_is_counted(void **state)
{
	struct faultline_check *check = faultline_check_new();

	(void)state;
	assert_true(read_tuples(check, mixed));
	assert_int_equal(faultline_check_run(check), FAULTLINE_VALID);
	assert_non_null(
		strstr(faultline_check_conventions(check),
		       "values taken apart as [key value] but for 1 that is no pair"));
	faultline_check_free(check);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_looks_like_a_number_and_is_none_is_refused),
		cmocka_unit_test(what_the_checker_cannot_begin_with_is_refused),
		cmocka_unit_test(a_text_among_numbers_is_noted),
		cmocka_unit_test(tuples_that_were_asked_for_must_be_there),
		cmocka_unit_test(what_was_not_taken_apart_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
