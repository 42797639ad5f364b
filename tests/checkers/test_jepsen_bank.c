/* bank against its definition: some order of the transfers that happened explains every
 * read. */
#include "checkers/generate/generate.h"
#include "checkers/jepsen/bank_path.h"
#include "tests/checkers/definition.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	ACCOUNTS = 2,
	TOTAL = 100,
	SUBSETS = 1 << DEFINITION_OPS_MAX,
};

static const int64_t amounts[] = {10, 60}; /* one of them overdraws */

/* ---- what clients ask and see --------------------------------------------------------- */

static void
ask(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	int64_t from = (int64_t)choose(choices, ACCOUNTS);

	op->f = F_READ;
	if (choose_whether(choices, 0.4))
		return;
	op->f = F_TRANSFER;
	op->input = val_map(values,
			    (val[]){val_string(values, "from"), val_small(from),
				    val_string(values, "to"),
				    val_small((from + 1) % ACCOUNTS),
				    val_string(values, "amount"),
				    val_small(amounts[choose(choices, 2)])},
			    6);
}

static int64_t
field(const struct values *values, val map, size_t i)
{
	return val_number(values, val_at(values, map, 2 * i + 1));
}

/* What a transfer does to the first account. */
static int64_t
change_of(const struct history *history, const struct op *op)
{
	int64_t amount = field(&history->values, op->input, 2);

	return field(&history->values, op->input, 0) == 0 ? -amount : amount;
}

/* Mostly what some of the transfers make of 50 and 50. */
static void
answer(struct history *history, struct choices *choices, struct op *op)
{
	int64_t first = TOTAL / 2, second;

	if (op->f != F_READ)
		return;
	vec_each (struct op, other, &history->ops)
		if (other->f == F_TRANSFER && other->type != OP_FAIL &&
		    choose_whether(choices, other->type == OP_OK ? 0.9 : 0.4))
			first += change_of(history, other);
	second = TOTAL - first;
	if (!choices->tries_all && choose_whether(choices, 0.03))
		second += 5;
	op->output = val_map(
		&history->values,
		(val[]){val_small(0), val_small(first), val_small(1), val_small(second)},
		4);
}

/* ---- the definition ------------------------------------------------------------------- */

struct search {
	const struct history *history;

	bool seen[SUBSETS];
};

static bool may_overdraw; /* the model overdraft */

static bool
adds_up(const struct history *history)
{
	vec_each (struct op, op, &history->ops) {
		if (op->f != F_READ || op->type != OP_OK)
			continue;
		int64_t first = field(&history->values, op->output, 0);
		int64_t second = field(&history->values, op->output, 1);
		bool is_overdrawn = first < 0 || second < 0;
		if ((is_overdrawn && !may_overdraw) || first + second != TOTAL)
			return false;
	}
	return true;
}

static bool
may_be_next(const struct history *history, unsigned placed, size_t next)
{
	const struct op *ops = history->ops.items;

	for (size_t i = 0; i < history->ops.count; i++)
		if ((placed >> i & 1) == 0 && ops[i].type == OP_OK &&
		    ops[i].complete_at < ops[next].invoke_at)
			return false;
	return (placed >> next & 1) == 0 && ops[next].type != OP_FAIL;
}

static bool
is_complete(const struct history *history, unsigned placed)
{
	for (size_t i = 0; i < history->ops.count; i++)
		if (history->ops.items[i].type == OP_OK && (placed >> i & 1) == 0)
			return false;
	return true;
}

/* Whether the rest can be placed behind `placed`; the balance follows from it. */
static bool
can_finish(struct search *search, unsigned placed, int64_t balance)
{
	const struct history *history = search->history;

	if (is_complete(history, placed))
		return true;
	if (search->seen[placed])
		return false;
	search->seen[placed] = true;
	for (size_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		int64_t after = balance;
		if (!may_be_next(history, placed, i))
			continue;
		if (op->f == F_TRANSFER)
			after += change_of(history, op);
		else if (op->type == OP_OK &&
			 field(&history->values, op->output, 0) != balance)
			continue;
		if (can_finish(search, placed | 1u << i, after))
			return true;
	}
	return false;
}

static bool
has_order_from(const struct history *history, int64_t first)
{
	struct search search = {.history = history};

	return can_finish(&search, 0, first);
}

static bool
is_bank(const struct history *history, bool strict)
{
	return adds_up(history) && (!strict || has_order_from(history, TOTAL / 2));
}

/* The accounts' own initial balances may be anything that a first read allows. */
static bool
is_bank_of_total(const struct history *history, bool strict)
{
	bool some_read = false;

	if (!adds_up(history))
		return false;
	vec_each (struct op, op, &history->ops)
		some_read |= op->f == F_READ && op->type == OP_OK;
	if (!strict || !some_read)
		return true;
	for (int64_t first = -2 * TOTAL; first <= 3 * TOTAL; first += 5)
		if (has_order_from(history, first))
			return true;
	return false;
}

/* ---- the comparison ------------------------------------------------------------------- */

static val
both_balances(struct values *values, int64_t factor)
{
	val half = val_small(factor * TOTAL / 2);

	return val_map(values, (val[]){val_small(0), half, val_small(factor), half}, 4);
}

static val
only_total(struct values *values, int64_t factor)
{
	(void)values;
	return val_small(factor * TOTAL);
}

static const char *const anomalies[] = {
	"wrong-total",	   "negative-balance",	 "nil-balance",	     "unexpected-account",
	"missing-account", "impossible-balance", "impossible-order", NULL};

static void
compare(const char *model)
{
	const struct definition definition = {
		.checker = "bank",
		.model = model,
		.ask = ask,
		.answer = answer,
		.is_allowed = is_bank,
		.has_levels = true,
		.weak_level = "serializable",
		.init = both_balances,
		.anomalies = anomalies,
		.says_less_without_order = true,
		.ops_all = 3,
	};

	may_overdraw = model != NULL;
	definition_compare(&definition);
	may_overdraw = false;
}

static void
bank_agrees_with_all_orders(void **state)
{
	(void)state;
	compare(NULL);
}

static void
a_bank_that_may_be_overdrawn_agrees_with_all_orders(void **state)
{
	(void)state;
	compare("overdraft");
}

static void
a_bank_of_which_only_the_total_is_known_agrees_with_all_orders(void **state)
{
	static const struct definition definition = {
		.checker = "bank",
		.ask = ask,
		.answer = answer,
		.is_allowed = is_bank_of_total,
		.has_levels = true,
		.weak_level = "serializable",
		.init = only_total,
		.anomalies = anomalies,
		.says_less_without_order = true,
		.ops_all = 3,
	};

	(void)state;
	definition_compare(&definition);
}

/* How many of the histories have an order of which we know. */
static size_t
count_found(uint64_t operations, uint64_t histories)
{
	size_t found_count = 0;

	for (uint64_t seed = 1; seed <= histories; seed++) {
		struct generate_options how = {.type = "bank",
					       .operations = operations,
					       .processes = 10,
					       .keys = 5,
					       .info_percent = 30,
					       .seed = seed};
		struct check_options options = {0};
		struct linearizable_key found = {0};
		struct history history;
		struct err err;
		history_init(&history);
		assert_true(generate_history(&history, &how, &err));
		uint32_t *ops = mem_new(history.ops.count + 1, sizeof(*ops));
		struct key_ops key = whole_history(&history, ops);
		bank_path_decide(&key, &options, &found);
		assert_int_not_equal(found.verdict, VERDICT_INVALID);
		found_count += found.verdict == VERDICT_VALID;
		free(found.order);
		free(ops);
		history_release(&history);
	}
	return found_count;
}

/* Among crashed transfers, without trying all that were under way. */
static void
ways_from_read_to_read_make_an_order(void **state)
{
	(void)state;
	assert_true(count_found(300, 20) >= 19);
	assert_true(count_found(1000, 5) >= 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bank_agrees_with_all_orders),
		cmocka_unit_test(a_bank_that_may_be_overdrawn_agrees_with_all_orders),
		cmocka_unit_test(
			a_bank_of_which_only_the_total_is_known_agrees_with_all_orders),
		cmocka_unit_test(ways_from_read_to_read_make_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
