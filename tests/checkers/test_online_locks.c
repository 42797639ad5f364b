/* Locks and semaphores fed while a history grows. */
#include "checkers/generate/generate.h"
#include "tests/checkers/online_feed.h"
#include "tests/checkers/online_typed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct check_options plain_check = {
	.threads = 1, .no_certify = true, .budget = {.bytes_max = 64 << 20}};

/* Acquires and releases that fail say nothing: falsified ones succeed. */
static void
locks_raise_the_first_prefix_that_is_not_linearizable(void **state)
{
	static const char *const models[] = {NULL, "mutex", "reentrant"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct online_options options = {.is_mutex = i == 1,
						 .is_reentrant = i == 2};
		struct check_options check = plain_check;
		check.model = models[i];
		online_compare_typed("lock", &typed_lock, true, &options, &check, true,
				     100);
	}
}

/* Complete but for tokens of what took effect before it ended: where anybody may release, a
 * few are left to the end. */
static void
tokens_are_never_blamed_wrongly(void **state)
{
	static const char *const models[] = {NULL, "mutex", "reentrant"};
	static const int found_percent[] = {99, 90, 99};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct online_options options = {.is_mutex = i == 1,
						 .is_reentrant = i == 2};
		struct check_options check = plain_check;
		check.model = models[i];
		online_compare_typed("fenced-lock", &typed_fenced_lock, true, &options,
				     &check, false, found_percent[i]);
	}
}

static void
semaphores_raise_the_first_prefix_that_is_not_linearizable(void **state)
{
	const struct online_options options = {.init = val_small(2)};
	struct check_options check = plain_check;

	(void)state;
	check.init = val_small(2);
	online_compare_typed("semaphore", &typed_semaphore, true, &options, &check, true,
			     100);
}

/* Of one, two or three permits, one of a hundred of unknown outcome: what these may have
 * done must not pile up. */
static void
long_histories_of_semaphores_are_never_given_up(void **state)
{
	const struct generate_options shape = {.type = "semaphore",
					       .operations = 100000,
					       .processes = 10,
					       .keys = 2,
					       .info_percent = 1,
					       .seed = 1};
	const struct online_options options = {.init = val_small(3)};
	struct history history;
	struct err err;

	(void)state;
	history_init(&history);
	assert_true(generate_history(&history, &shape, &err));
	struct online *online = online_new(online_decider_find("semaphore"), &options);
	assert_int_equal(online_feed(online, &history, 100), -1);
	assert_null(online_gave_up(online));
	online_free(online);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_raise_the_first_prefix_that_is_not_linearizable),
		cmocka_unit_test(tokens_are_never_blamed_wrongly),
		cmocka_unit_test(
			semaphores_raise_the_first_prefix_that_is_not_linearizable),
		cmocka_unit_test(long_histories_of_semaphores_are_never_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
