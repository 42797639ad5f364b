/* Jepsen's checkers stop when their budget does, and then say so. */
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- budgets and names ----------------------------------------------------------------- */

static void
a_check_whose_time_is_up_is_never_valid(void **state)
{
	static const char *const names[] = {"causal-reverse", "bank"};
	atomic_bool stop = true;
	struct check_options options = {.budget = {.stop = &stop}};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct check_result result;
		struct history history;
		struct err err;
		history_init(&history);
		struct op op = {.f = F_READ};
		assert_true(history_invoke(&history, &op, &err));
		op.type = OP_OK;
		op.output = i == 0 ? val_list(&history.values, NULL, 0)
				   : val_map(&history.values, NULL, 0);
		assert_true(history_complete(&history, &op, &err));
		checker_run(checker_find(names[i], &err), &history, &options, &result);
		assert_int_equal(result.verdict, VERDICT_UNKNOWN);
		check_result_release(&result);
		history_release(&history);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_whose_time_is_up_is_never_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
