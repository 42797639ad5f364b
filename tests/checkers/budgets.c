#include "tests/checkers/budgets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void
is_unknown_for(const struct checker *checker, const struct history *history,
	       const struct check_options *options, const char *budget)
{
	struct check_result result;

	checker_run(checker, history, options, &result);
	if (result.verdict != VERDICT_UNKNOWN || strstr(result.reason, budget) == NULL)
		fail_msg("%s: %s, %s", checker->name, verdict_name(result.verdict),
			 result.reason);
	check_result_release(&result);
}

void
budgets_bind(const struct checker *checker, const struct history *history,
	     struct check_options options, size_t bytes_max)
{
	atomic_bool is_over = true;

	options.budget.stop = &is_over;
	is_unknown_for(checker, history, &options, "budget of time");
	options.budget = (struct budget){.bytes_max = bytes_max};
	is_unknown_for(checker, history, &options, "budget of memory");
}
