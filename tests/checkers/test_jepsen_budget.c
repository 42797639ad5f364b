/* Jepsen's checkers stop when their budget does, and then say so. */
#include "checkers/checker.h"
#include "tests/checkers/long_histories.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	SMALL = 20000,
	LARGE = 50000,
	LARGEST = 4000000,
};

/* ---- budgets -------------------------------------------------------------------------- */

static void
run(const struct long_history *kind, const struct history *history, struct budget budget,
    struct check_result *result)
{
	struct check_options options = {.budget = budget};
	struct err err;
	const struct checker *checker = checker_find(kind->checker, &err);

	assert_non_null(checker);
	checker_run(checker, history, &options, result);
}

static void
assert_unknown(const struct long_history *kind, const struct check_result *result,
	       const char *reason)
{
	if (result->verdict != VERDICT_UNKNOWN || strstr(result->reason, reason) == NULL)
		fail_msg("%s: %s, %s", kind->checker, verdict_name(result->verdict),
			 result->reason);
}

static void
with_enough_of_everything_they_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < LONG_HISTORY_KINDS; i++) {
		struct check_result result;
		struct history history;
		long_history_play(&long_histories[i], &history, SMALL);
		run(&long_histories[i], &history, (struct budget){0}, &result);
		if (result.verdict != VERDICT_VALID || !result.certified)
			fail_msg("%s: %s", long_histories[i].checker, result.reason);
		check_result_release(&result);
		history_release(&history);
	}
}

static void
a_check_without_memory_is_unknown(void **state)
{
	(void)state;
	for (size_t i = 0; i < LONG_HISTORY_KINDS; i++) {
		struct check_result result;
		struct history history;
		long_history_play(&long_histories[i], &history, SMALL);
		run(&long_histories[i], &history, (struct budget){.bytes_max = 4096},
		    &result);
		assert_unknown(&long_histories[i], &result, "memory");
		check_result_release(&result);
		history_release(&history);
	}
}

static void
a_check_whose_time_is_up_is_unknown(void **state)
{
	atomic_bool stop = true;

	(void)state;
	for (size_t i = 0; i < LONG_HISTORY_KINDS; i++) {
		struct check_result result;
		struct history history;
		long_history_play(&long_histories[i], &history, SMALL);
		run(&long_histories[i], &history, (struct budget){.stop = &stop},
		    &result);
		assert_unknown(&long_histories[i], &result, "time");
		check_result_release(&result);
		history_release(&history);
	}
}

static void *
stop_soon(void *context)
{
	atomic_bool *stop = context;

	usleep(500);
	atomic_store(stop, true);
	return NULL;
}

/* False: it was over before it could be stopped. */
static bool
is_stopped(const struct long_history *kind, const struct history *history)
{
	atomic_bool stop = false;
	struct check_result result;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop), 0);
	run(kind, history, (struct budget){.stop = &stop}, &result);
	pthread_join(thread, NULL);
	bool stopped = result.verdict == VERDICT_UNKNOWN;
	if (stopped)
		assert_unknown(kind, &result, "time");
	check_result_release(&result);
	return stopped;
}

static void
a_check_is_stopped_on_the_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < LONG_HISTORY_KINDS; i++) {
		bool stopped = false;
		for (int64_t ops = LARGE; !stopped && ops <= LARGEST; ops *= 4) {
			struct history history;
			long_history_play(&long_histories[i], &history, ops);
			stopped = is_stopped(&long_histories[i], &history);
			history_release(&history);
		}
		if (!stopped)
			fail_msg("%s cannot be stopped", long_histories[i].checker);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_enough_of_everything_they_answer),
		cmocka_unit_test(a_check_without_memory_is_unknown),
		cmocka_unit_test(a_check_whose_time_is_up_is_unknown),
		cmocka_unit_test(a_check_is_stopped_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
