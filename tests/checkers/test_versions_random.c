/* versions against all pairs of operations. */
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- versions -------------------------------------------------------------------------- */

static void
ask_version(struct history *history, struct choices *choices, struct op *op)
{
	op->f = choose_whether(choices, 0.4) ? F_WRITE : F_READ;
	op->node = (uint8_t)(1 + choose(choices, 2));
	if (op->f == F_WRITE)
		op->input = val_small((int64_t)history->ops.count);
}

/* The version of write i is [i + 1, replica], mostly. */
static void
answer_version(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	size_t i = choose(choices, history->ops.count);
	const struct op *seen = &history->ops.items[i];
	int64_t number = 1 + (int64_t)i;

	if (op->f == F_WRITE) {
		number = val_number(values, op->input) + 1;
		number += choose_whether(choices, 0.05) ? (int64_t)choose(choices, 3) - 1
							: 0;
		op->output = val_pair(values, val_small(number), val_small(op->node));
	} else if (seen->f == F_WRITE) {
		val version = val_pair(values, val_small(number), val_small(seen->node));
		op->output = val_pair(values, val_small((int64_t)i), version);
	}
}

/* Number and replica, the newest first in order; 0 for nil. */
static int64_t
age(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;

	if (op->output == VAL_OF_NIL)
		return 0;
	val version = op->f == F_WRITE ? op->output : val_at(values, op->output, 1);
	return val_number(values, val_at(values, version, 0)) * 10 + 9 -
	       val_number(values, val_at(values, version, 1));
}

static bool
pair_is_sound(const struct history *history, const struct op *a, const struct op *b)
{
	const struct values *values = &history->values;
	bool is_past = a->complete_at < b->invoke_at;
	int64_t x = age(history, a), y = age(history, b);
	val v = a->f == F_WRITE || x == 0 ? a->input : val_at(values, a->output, 0);
	val w = b->f == F_WRITE || y == 0 ? b->input : val_at(values, b->output, 0);

	if (x == y && x != 0 && v != w)
		return false;
	if (x == y && x != 0 && a != b && a->f == F_WRITE && b->f == F_WRITE)
		return false;
	if (is_past && a->node == b->node && (b->f == F_WRITE ? y <= x : y < x))
		return false;
	return !is_past || b->f == F_WRITE || a->process != b->process || y >= x;
}

static bool
is_versioned(const struct history *history, bool strict)
{
	(void)strict;
	vec_each (struct op, b, &history->ops) {
		if (b->type != OP_OK)
			continue;
		if (b->f == F_READ && b->output != VAL_OF_NIL) {
			val v = val_at(&history->values, b->output, 0);
			const struct op *write =
				&history->ops.items[val_number(&history->values, v)];
			if (write->type == OP_FAIL ||
			    (write->type == OP_OK &&
			     age(history, write) != age(history, b)))
				return false;
		}
		vec_each (struct op, a, &history->ops)
			if (a->type == OP_OK && !pair_is_sound(history, a, b))
				return false;
	}
	return true;
}

static void
versions_agree_with_all_pairs(void **state)
{
	static const struct definition definition = {
		.checker = "versions",
		.ask = ask_version,
		.answer = answer_version,
		.is_allowed = is_versioned,
		.ops_all = 3,
	};

	(void)state;
	definition_compare(&definition);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_agree_with_all_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
