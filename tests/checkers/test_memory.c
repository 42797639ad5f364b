/* Whatever is checked, checker and proof stay within the memory that they may take, or say
 * unknown. Measured as the operating system sees it: in a process of its own, beside what
 * the same process takes that checks nothing. */
#include "base/text.h"
#include "checkers/checker.h"
#include "checkers/generate/generate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <malloc.h>

enum {
	OPERATIONS = 40000,
	MARGIN = 3 << 20, /* of code, stacks, and what the heap keeps between two sizes */
};

static void
check(const struct generate_type *type, const struct history *history, size_t bytes_max)
{
	struct check_options options = {
		.threads = 1, .model = type->model, .budget.bytes_max = bytes_max};
	struct check_result result;
	struct err err;

	if (type->init != NULL)
		options.init = val_small(strtol(type->init, NULL, 10));
	checker_run(
		checker_find(type->checker != NULL ? type->checker : type->name, &err),
		history, &options, &result);
	check_result_release(&result);
}

/* The most memory that a process takes which checks with this bound; 0: it does not check. */
static size_t
peak_of(const struct generate_type *type, const struct history *history, size_t bytes_max)
{
	struct rusage usage;
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (bytes_max > 0)
			check(type, history, bytes_max);
		_exit(0);
	}
	assert_int_equal(wait4(child, &status, 0, &usage), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return (size_t)usage.ru_maxrss * 1024;
}

static void
stay_within(const struct generate_type *type, const struct history *history)
{
	static const size_t bounds[] = {1 << 20, 4 << 20, 12 << 20};

	malloc_trim(0); /* what is free would be there already */
	size_t idle = peak_of(type, history, 0);

	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		size_t peak = peak_of(type, history, bounds[i]);
		size_t taken = peak > idle ? peak - idle : 0;
		if (taken > bounds[i] + MARGIN)
			fail_msg("%s of %d operations: %zu KB with a budget of %zu KB",
				 type->name, OPERATIONS, taken >> 10, bounds[i] >> 10);
	}
}

static void
no_check_takes_more_memory_than_its_budget(void **state)
{
	size_t count;
	const struct generate_type *const *types = generate_types(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct generate_options options = {.type = types[i]->name,
							 .operations = OPERATIONS,
							 .processes = 10,
							 .info_percent = 3,
							 .seed = 1};
		struct history history;
		struct err err;
		history_init(&history);
		assert_true(generate_history(&history, &options, &err));
		stay_within(types[i], &history);
		history_release(&history);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_check_takes_more_memory_than_its_budget),
	};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return 0; /* sanitizers take memory of their own */
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
