/* test_check_online.c - `faultline check --online` as a person uses it. */
#include "tests/harness/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
need_program(void)
{
	if (cli_missing() != NULL)
		cli_skip(cli_missing());
}

/* Types of `faultline generate`, and the checker where the best fit is another. */
static const struct {
	const char *type, *more;
} types[] = {
	{"register", ""},
	{"versioned-register", ""},
	{"log", ""},
	{"ids", ""},
	{"counter", ""},
	{"set", "--checker set-full"},
	{"bag", "--checker bag"},
	{"queue", ""},
	{"stack", ""},
	{"priority-queue", ""},
	{"list-append", ""},
	{"lock", ""},
	{"fenced-lock", ""},
	{"semaphore", "--checker semaphore --init 3"},
};

static void
planted_violations_are_found_and_confirmed_and_valid_files_stay_unknown(void **state)
{
	(void)state;
	need_program();
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		cli_expect(0, NULL, NULL, "faultline generate -t %s -n 2000 -o good",
			   types[i].type);
		cli_expect(2, "no violation on the way", NULL,
			   "faultline check --online %s good", types[i].more);
		cli_expect(0, NULL, NULL,
			   "faultline generate -t %s -n 2000 --mutate any -o bad",
			   types[i].type);
		cli_expect(1, "the checker on the file up to there: invalid", NULL,
			   "faultline check --online %s bad", types[i].more);
	}
}

static void
pipes_end_at_the_violation_with_the_events_of_the_key(void **state)
{
	(void)state;
	need_program();
	cli("faultline generate -t register -n 2000 --mutate stale-read -o bad");
	/* The writer stays: nobody waits for the end of the file. */
	cli_expect(1, "the last events of the key:", NULL,
		   "mkfifo pipe; (cat bad; exec sleep 20) >pipe & writer=$!\n"
		   "faultline check --online - <pipe; code=$?\n"
		   "kill $writer; exit $code");
	assert_int_equal(strncmp(cli("faultline check --online - <bad")->out,
				 "invalid: register: ", 19),
			 0);
}

static void
online_answers_with_one_object(void **state)
{
	(void)state;
	need_program();
	cli("faultline generate -t queue -n 2000 --mutate any -o bad");
	cli_expect(1, "\"verdict\":\"invalid\",\"checker\":\"queue\"", NULL,
		   "faultline check --online --json bad");
	cli_expect(1, "\"anomaly\":\"", NULL, "faultline check --online --json bad");
}

static void
what_cannot_be_judged_online_is_said(void **state)
{
	(void)state;
	need_program();
	cli("faultline generate -t rw-register -o txns");
	cli_expect(255, NULL, "judges whole histories only",
		   "faultline check --online txns");
	cli_expect(255, NULL, "online are: register",
		   "faultline check --online --checker bank txns");
	cli_expect(255, NULL, "nowhere", "faultline check --online nowhere");
	cli_expect(255, NULL, "is empty", "faultline check --online - </dev/null");
	cli_expect(255, NULL, "standard input:1:1",
		   "echo '[1]' | faultline check --online -");
}

/* Values that are written again end the judging of their key, and are no alarm. */
static void
values_that_are_not_unique_are_given_up(void **state)
{
	(void)state;
	need_program();
	cli("faultline generate -t cas-register -n 500 -o again");
	cli_expect(2, "not all was judged: a value was written twice", NULL,
		   "faultline check --online again");
}

static void
a_file_larger_than_the_memory_is_judged_by_what_is_live(void **state)
{
	(void)state;
	need_program();
	cli("faultline generate -t register -n 20000 -o good");
	cli("faultline generate -t register -n 20000 --mutate stale-read -o bad");
	cli_expect(2, "unknown history: larger than the budget of memory", NULL,
		   "faultline check --budget ,100k good");
	cli_expect(2, "no violation on the way", NULL,
		   "faultline check --online --budget ,100k good");
	cli_expect(1, "invalid: register: stale-read", NULL,
		   "faultline check --online --budget ,100k bad");
	cli_expect(1, "on the file up to there: unknown: larger than the budget", NULL,
		   "faultline check --online --budget ,100k bad");
	cli_expect(1, "\"anomaly\":\"stale-read\"", NULL,
		   "faultline check --online --json --budget ,100k bad");
}

static void
more_live_than_the_memory_is_unknown(void **state)
{
	(void)state;
	need_program();
	cli("faultline generate -t queue -n 2000 -o queue");
	cli_expect(2, "not all was judged: more was live than the budget of memory", NULL,
		   "faultline check --online --budget ,100 queue");
	cli_expect(2, "\"gave_up\":\"more was live than the budget of memory\"", NULL,
		   "faultline check --online --json --budget ,100 - <queue");
}

static void
a_pipe_that_stays_silent_ends_with_the_budget_of_time(void **state)
{
	(void)state;
	need_program();
	cli("faultline generate -t register -n 2000 -o good");
	cli_expect(2, "not all was judged: the budget of time ended", NULL,
		   "mkfifo pipe; (cat good; exec sleep 20) >pipe & writer=$!\n"
		   "faultline check --online --budget 100ms - <pipe; code=$?\n"
		   "kill $writer; exit $code");
}

int
main(void)
{
#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, cli_make_folder, cli_remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(planted_violations_are_found_and_confirmed_and_valid_files_stay_unknown),
		TEST(pipes_end_at_the_violation_with_the_events_of_the_key),
		TEST(online_answers_with_one_object),
		TEST(what_cannot_be_judged_online_is_said),
		TEST(values_that_are_not_unique_are_given_up),
		TEST(a_file_larger_than_the_memory_is_judged_by_what_is_live),
		TEST(more_live_than_the_memory_is_unknown),
		TEST(a_pipe_that_stays_silent_ends_with_the_budget_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
