/* Transactions on registers and lists, every level, on all histories of few transactions that
 * overlap, fail and crash, against brute force; the strictest level also on random ones that
 * no store would make (those of stores: test_rw_register.c, test_list_append.c). */
#include "tests/checkers/definition.h"
#include "tests/checkers/small_levels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- what clients ask and see --------------------------------------------------------- */

static bool asks_lists;

/* Reads both of two keys, or writes one and reads the other, or writes both. */
static void
ask(struct history *history, struct choices *choices, struct op *op)
{
	val own = val_small((int64_t)history->ops.count + 1), micros[2];
	size_t kind = choose(choices, 4);

	op->f = F_TXN;
	for (size_t key = 0; key < 2; key++)
		micros[key] =
			kind == 3 || kind == key + 1
				? micro_op(history, asks_lists ? "append" : "w", key, own)
				: micro_op(history, "r", key, VAL_OF_NIL);
	op->input = val_list(&history->values, micros, 2);
}

/* Each of some elements once, in any order. */
static val
some_list(struct history *history, struct choices *choices)
{
	val left[SMALL_OPS_MAX], items[SMALL_OPS_MAX];
	size_t count = history->ops.count, kept = 0;

	for (size_t i = 0; i < count; i++)
		left[i] = val_small((int64_t)i + 1);
	for (size_t next; count > 0; count--) {
		next = choices->tries_all || !choose_whether(choices, 0.7)
			       ? choose(choices, count + 1)
			       : 0;
		if (next == count)
			break;
		items[kept++] = left[next];
		for (size_t i = next; i + 1 < count; i++)
			left[i] = left[i + 1];
	}
	return val_list(&history->values, items, kept);
}

static val
some_value(struct history *history, struct choices *choices)
{
	size_t seen = choose(choices, history->ops.count + 1);

	return seen == 0 ? VAL_OF_NIL : val_small((int64_t)seen);
}

static void
answer(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	val micros[2];

	for (size_t key = 0; key < 2; key++) {
		micros[key] = val_at(values, op->input, key);
		if (val_at(values, micros[key], 2) == VAL_OF_NIL)
			micros[key] = micro_op(history, "r", key,
					       asks_lists ? some_list(history, choices)
							  : some_value(history, choices));
	}
	op->output = val_list(values, micros, 2);
}

/* ---- levels --------------------------------------------------------------------------- */

static const struct small_level *asked_level;

static bool
is_allowed(const struct history *history, bool strict)
{
	struct small_txns h;

	(void)strict;
	small_txns_of(&h, history);
	return small_level_holds(asked_level, &h);
}

static void
compare_levels(const char *checker)
{
	for (size_t i = 0; i < SMALL_LEVELS; i++) {
		const struct small_level *level = &small_levels[i];
		bool is_strictest = i == SMALL_LEVELS - 1;
		asked_level = level;
		print_message("%s:\n", level->name);
		definition_compare(&(struct definition){
			.checker = checker,
			.ask = ask,
			.answer = answer,
			.is_allowed = is_allowed,
			.level = level->name,
			.has_sessions = level->process && !level->realtime,
			.keeps_numbers = true, /* keys too */
			.small_only = !is_strictest,
			.ops_all = is_strictest && !asks_lists ? 3 : 2,
			.ops_random = 6});
	}
}

static void
registers_agree_with_brute_force(void **state)
{
	(void)state;
	asks_lists = false;
	compare_levels("rw-register");
}

static void
lists_agree_with_brute_force(void **state)
{
	(void)state;
	asks_lists = true;
	compare_levels("list-append");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_agree_with_brute_force),
		cmocka_unit_test(lists_agree_with_brute_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
