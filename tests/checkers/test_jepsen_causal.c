/* causal-reverse against its definition. */
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- writes and full reads: causal-reverse -------------------------------------------- */

static void
ask_element(struct history *history, struct choices *choices, struct op *op)
{
	op->f = choose_whether(choices, 0.6) ? F_WRITE : F_READ;
	if (op->f == F_WRITE)
		op->input = val_small((int64_t)history->ops.count);
}

static void
answer_element(struct history *history, struct choices *choices, struct op *op)
{
	val items[DEFINITION_OPS_MAX];
	size_t count = 0;

	for (size_t v = 0; v < history->ops.count && op->f == F_READ; v++)
		if (choose_whether(choices,
				   history->ops.items[v].f == F_WRITE ? 0.7 : 0.02))
			items[count++] = val_small((int64_t)v);
	op->output =
		op->f == F_READ ? val_list(&history->values, items, count) : op->input;
}

static bool
has_item(const struct history *history, val list, val v)
{
	for (size_t i = 0; i < val_count(&history->values, list); i++)
		if (val_at(&history->values, list, i) == v)
			return true;
	return false;
}

/* All pairs of writes, and each value of each read. */
static bool
is_causal(const struct history *history, bool strict)
{
	(void)strict;
	vec_each (struct op, read, &history->ops) {
		if (read->f != F_READ || read->type != OP_OK)
			continue;
		for (size_t i = 0; i < val_count(&history->values, read->output); i++) {
			val v = val_at(&history->values, read->output, i);
			bool is_written = false;
			vec_each (struct op, op, &history->ops)
				is_written |= op->f == F_WRITE && op->type != OP_FAIL &&
					      op->input == v &&
					      op->invoke_at < read->complete_at;
			if (!is_written)
				return false;
		}
		vec_each (struct op, a, &history->ops)
			vec_each (struct op, b, &history->ops)
				if (a->f == F_WRITE && b->f == F_WRITE &&
				    a->type == OP_OK && a->complete_at < b->invoke_at &&
				    has_item(history, read->output, b->input) &&
				    !has_item(history, read->output, a->input))
					return false;
	}
	return true;
}

static void
causal_reverse_agrees_with_the_definition(void **state)
{
	static const char *const anomalies[] = {"causal-reverse", "unexpected-element",
						NULL};
	static const struct definition definition = {
		.checker = "causal-reverse",
		.ask = ask_element,
		.answer = answer_element,
		.is_allowed = is_causal,
		.anomalies = anomalies,
		.ops_all = 3,
	};

	(void)state;
	definition_compare(&definition);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(causal_reverse_agrees_with_the_definition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
