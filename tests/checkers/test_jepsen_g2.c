/* g2 against its definition: no two inserts of a key succeeded. */
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
	KEYS = 3,
};

/* Half of the histories have their keys in the values. */
static void
ask(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	val key = val_small((int64_t)choose(choices, KEYS));
	val row = val_small((int64_t)history->ops.count);
	bool is_first = choose_whether(choices, 0.5);
	bool has_key = history->ops.count > 0 ? history->ops.items[0].key != VAL_OF_NIL
					      : choose_whether(choices, 0.5);

	op->f = F_INSERT;
	op->input = val_pair(values, is_first ? row : VAL_OF_NIL,
			     is_first ? VAL_OF_NIL : row);
	if (has_key)
		op->key = key;
	else
		op->input = val_pair(values, key, op->input);
}

static void
answer(struct history *history, struct choices *choices, struct op *op)
{
	(void)history;
	(void)choices;
	op->output = op->input;
}

static val
key_of(const struct history *history, const struct op *op)
{
	return op->key != VAL_OF_NIL ? op->key : val_at(&history->values, op->input, 0);
}

static bool
all_pairs_differ(const struct history *history, bool strict)
{
	(void)strict;
	vec_each (struct op, a, &history->ops)
		vec_each (struct op, b, &history->ops)
			if (a != b && a->type == OP_OK && b->type == OP_OK &&
			    key_of(history, a) == key_of(history, b))
				return false;
	return true;
}

static void
g2_agrees_with_all_pairs(void **state)
{
	static const char *const anomalies[] = {"G2-predicate", NULL};
	static const struct definition definition = {
		.checker = "g2",
		.ask = ask,
		.answer = answer,
		.is_allowed = all_pairs_differ,
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
		cmocka_unit_test(g2_agrees_with_all_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
