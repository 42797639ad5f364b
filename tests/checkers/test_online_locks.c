/* Locks and semaphores fed while a history grows. */
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_raise_the_first_prefix_that_is_not_linearizable),
		cmocka_unit_test(tokens_are_never_blamed_wrongly),
		cmocka_unit_test(
			semaphores_raise_the_first_prefix_that_is_not_linearizable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
