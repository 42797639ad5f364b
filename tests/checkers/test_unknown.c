/* An answer that is not known says why, and what is proven all the same. */
#include "base/mem.h"
#include "checkers/checker.h"
#include "checkers/generate/generate.h"
#include "tests/checkers/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const atomic_bool is_over = true;

static void
run(const struct history *history, const char *name, val init, size_t bytes_max,
    bool has_time, struct check_result *result)
{
	struct check_options options = {.threads = 1, .init = init};
	struct err err;

	options.budget.bytes_max = bytes_max;
	options.budget.stop = has_time ? NULL : &is_over;
	checker_run(checker_find(name, &err), history, &options, result);
}

static void
whose_time_is_over_says_so(void **state)
{
	size_t count, unknown = 0;
	const struct generate_type *const *types = generate_types(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct generate_type *type = types[i];
		struct generate_options options = {.type = type->name,
						   .operations = 6000,
						   .keys = 3,
						   .info_percent = 5};
		val init = type->init != NULL ? val_small(strtol(type->init, NULL, 10))
					      : VAL_OF_NIL;
		struct check_result result;
		struct history history;
		struct err err;
		history_init(&history);
		assert_true(generate_history(&history, &options, &err));
		run(&history, type->checker != NULL ? type->checker : type->name, init, 0,
		    false, &result);
		assert_int_not_equal(result.verdict, VERDICT_INVALID);
		unknown += result.verdict == VERDICT_UNKNOWN;
		if (result.verdict == VERDICT_UNKNOWN &&
		    strstr(result.reason, "budget") == NULL)
			fail_msg("%s: '%s'", type->name, result.reason);
		check_result_release(&result);
		history_release(&history);
	}
	assert_true(unknown * 2 > count);
}

/* Writes of one value by so many clients that crash, and reads that cannot be explained
 * by them in the end: much to search. */
static char *
hard_script(const char *before)
{
	struct buf script = {0};

	buf_string(&script, before);
	for (int i = 10; i < 34; i++)
		buf_printf(&script, " %d+c%d,%d", i, i % 6, (i * 7 + 3) % 6);
	for (int i = 0; i < 60; i++)
		buf_printf(&script, " 0+w%d 1+w%d 2+r 0=ok 1=ok 2=%d", i % 6,
			   (i * 5 + 1) % 6, i % 6);
	buf_string(&script, " 0+r 0=99");
	char *text = mem_string(buf_text(&script));
	buf_release(&script);
	return text;
}

static void
a_search_that_ends_says_up_to_where_it_came(void **state)
{
	char *script = hard_script("0+w1 0=ok");
	struct check_result result;
	struct history history;
	unsigned done, all;

	(void)state;
	script_play(&history, script);
	run(&history, "register", VAL_OF_NIL, 0, false, &result);
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	assert_int_equal(sscanf(result.reason,
				"the budget of time is used up; an order was found for "
				"the first %u of %u completed operations",
				&done, &all),
			 2);
	assert_true(done < all && all == 182);
	check_result_release(&result);
	history_release(&history);
	free(script);
}

static void
of_many_keys_those_that_hold_are_told(void **state)
{
	char *script = hard_script("@1 0+w1 0=ok 0+r 0=1 @2");
	struct check_result result;
	struct history history;

	(void)state;
	script_play(&history, script);
	run(&history, "register", VAL_OF_NIL, 0, false, &result);
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	assert_memory_equal(result.reason, "key 2: the budget of time", 25);
	assert_non_null(
		strstr(result.reason, "; 1 of 2 keys are linearizable, 1 undecided"));
	check_result_release(&result);
	history_release(&history);
	free(script);
}

/* Valid, or unknown for a reason that is no bug. */
static bool
is_decided_within(const struct generate_type *type, const struct history *history,
		  size_t bytes_max)
{
	val init =
		type->init != NULL ? val_small(strtol(type->init, NULL, 10)) : VAL_OF_NIL;
	struct check_result result;

	run(history, type->checker != NULL ? type->checker : type->name, init, bytes_max,
	    true, &result);
	enum verdict verdict = result.verdict;
	if (verdict == VERDICT_INVALID || strstr(result.reason, "bug") != NULL ||
	    (verdict == VERDICT_UNKNOWN && result.reason[0] == '\0'))
		fail_msg("%s with %zu bytes: %s: %s", type->name, bytes_max,
			 verdict_name(verdict), result.reason);
	check_result_release(&result);
	return verdict == VERDICT_VALID;
}

static void
whose_memory_is_small_is_unknown_and_never_wrong(void **state)
{
	size_t count, unknown = 0;
	const struct generate_type *const *types = generate_types(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct generate_options options = {.type = types[i]->name,
						   .operations = 3000,
						   .info_percent = 3,
						   .seed = 3};
		struct history history;
		struct err err;
		history_init(&history);
		assert_true(generate_history(&history, &options, &err));
		for (size_t bytes = 64; bytes < (size_t)16 << 20; bytes = bytes * 5 / 3)
			unknown += !is_decided_within(types[i], &history, bytes);
		history_release(&history);
	}
	assert_true(unknown > count * 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whose_time_is_over_says_so),
		cmocka_unit_test(a_search_that_ends_says_up_to_where_it_came),
		cmocka_unit_test(of_many_keys_those_that_hold_are_told),
		cmocka_unit_test(whose_memory_is_small_is_unknown_and_never_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
