/* Models belong to checkers: what one has not is not passed over. */
#include "checkers/checker.h"
#include "checkers/model_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
assert_refused(const char *model, const char *checker, const char *hint)
{
	struct err err = {0};

	assert_false(model_suits(model, checker, &err));
	assert_non_null(strstr(err.text, checker));
	assert_non_null(strstr(err.text, model));
	assert_string_equal(err.hint, hint);
}

static void
a_model_of_another_checker_is_refused(void **state)
{
	struct err err = {0};

	(void)state;
	assert_refused("overdraft", "register", "that is a model of: bank");
	assert_refused("mutex", "rw-register", "that is a model of: lock fenced-lock");
	assert_refused("lock", "queue", "");
	assert_refused("cas-register", "queue", "");
	assert_refused("atomic/volatile", "bank",
		       "that is a model of: stream versions staleness");
	assert_true(model_suits("mutex", "fenced-lock", &err));
	assert_true(model_suits("mutex", "lock", &err));
	assert_true(model_suits("cas-register", "register", &err));
	assert_true(model_suits("queue", "queue", &err));
	assert_true(model_suits("atomic/volatile", "versions", &err));
	assert_true(model_suits("a model of my own", "user-model", &err));
}

static void
each_variant_suits_some_checker_and_not_all(void **state)
{
	size_t variants, checkers;
	const char *const *names = model_variants(&variants);
	const struct checker *const *all = checkers_all(&checkers);

	(void)state;
	for (size_t i = 0; i < variants; i++) {
		struct err err = {0};
		size_t suits = 0;
		for (size_t c = 0; c < checkers; c++)
			suits += model_suits(names[i], all[c]->name, &err);
		assert_in_range(suits, 1, 2);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_model_of_another_checker_is_refused),
		cmocka_unit_test(each_variant_suits_some_checker_and_not_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
