/* Models of sessions, from read-your-writes to sequential, on all histories of few operations
 * that overlap, fail and crash, and on random ones, against brute force. */
#include "checkers/weak/weak_oracle.h"
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* ---- registers with unique values ----------------------------------------------------- */

/* The how-manieth operation writes its number, so that values are unique. */
static void
ask_unique(struct history *history, struct choices *choices, struct op *op)
{
	op->f = choose_whether(choices, 0.5) ? F_WRITE : F_READ;
	if (op->f == F_WRITE)
		op->input = val_small((int64_t)history->ops.count + 1);
}

/* Nil, or what the first, second, ... operation may have written. */
static void
answer_unique(struct history *history, struct choices *choices, struct op *op)
{
	size_t number = op->f == F_READ ? choose(choices, history->ops.count + 1) : 0;

	if (number > 0)
		op->output = val_small((int64_t)number);
}

/* ---- sessions ------------------------------------------------------------------------- */

static enum weak_model asked_model;

static bool
holds_model(const struct history *history, bool strict)
{
	const struct check_options options = {.budget.bytes_max = (size_t)1 << 28};
	struct weak weak;
	struct err err;

	(void)strict;
	bool holds = weak_init(&weak, history, &options, &err) &&
		     weak.orphan_count == 0 &&
		     weak_oracle_judge(asked_model, &weak) == VERDICT_VALID;
	weak_release(&weak);
	return holds;
}

static void
sessions_agree_with_their_definitions(void **state)
{
	(void)state;
	for (int i = 0; i < WEAK_MODEL_COUNT; i++) {
		asked_model = (enum weak_model)i;
		definition_compare(&(struct definition){
			.checker = weak_model_name(asked_model),
			.ask = ask_unique,
			.answer = answer_unique,
			.is_allowed = holds_model,
			.has_sessions = true,
			.ops_all = 3,
			.ops_random = 7,
		});
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sessions_agree_with_their_definitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
