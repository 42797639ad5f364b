/* long-fork and monotonic against all orders of the operations. */
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
	KEYS = 3,
};

/* ---- orders found by trying all: long-fork, monotonic --------------------------------- */

/* What is known of the keys after some operations: one small number each, -1 none. */
struct keys {
	int of[KEYS];
};

struct search {
	const struct history *history;
	bool strict;
	bool (*apply)(const struct history *history, const struct op *op,
		      struct keys *keys);
	bool seen[1 << DEFINITION_OPS_MAX];
};

static bool
may_be_next(const struct search *search, unsigned placed, size_t next)
{
	const struct op *ops = search->history->ops.items;

	for (size_t i = 0; i < search->history->ops.count && search->strict; i++)
		if ((placed >> i & 1) == 0 && ops[i].type == OP_OK &&
		    ops[i].complete_at < ops[next].invoke_at)
			return false;
	return true;
}

/* Whether the rest can be placed; the keys follow from the set that is placed. */
static bool
can_finish(struct search *search, unsigned placed, struct keys keys)
{
	const struct op *ops = search->history->ops.items;
	bool is_complete = true;

	if (search->seen[placed])
		return false;
	search->seen[placed] = true;
	for (size_t i = 0; i < search->history->ops.count; i++)
		is_complete = is_complete && (ops[i].type != OP_OK || (placed >> i & 1));
	if (is_complete)
		return true;
	for (size_t i = 0; i < search->history->ops.count; i++) {
		struct keys after = keys;
		if ((placed >> i & 1) == 0 && ops[i].type != OP_FAIL &&
		    may_be_next(search, placed, i) &&
		    search->apply(search->history, &ops[i], &after) &&
		    can_finish(search, placed | 1u << i, after))
			return true;
	}
	return false;
}

static bool
has_order(const struct history *history, bool strict,
	  bool (*apply)(const struct history *history, const struct op *op,
			struct keys *keys))
{
	struct search search = {.history = history, .strict = strict, .apply = apply};
	struct keys keys;

	for (int key = 0; key < KEYS; key++)
		keys.of[key] = -1;
	return can_finish(&search, 0, keys);
}

static val
mop(struct history *history, const char *f, int key, val value)
{
	struct values *values = &history->values;

	return val_list(values, (val[]){val_string(values, f), val_small(key), value}, 3);
}

static bool
is_write(const struct values *values, val part)
{
	return val_text(values, val_at(values, part, 0)).data[0] == 'w';
}

/* A key is written by one transaction only: most of the time. */
static bool
is_free(const struct history *history, int key)
{
	const struct values *values = &history->values;

	vec_each (struct op, op, &history->ops)
		for (size_t i = 0;
		     op->type != OP_FAIL && i < val_count(values, op->input); i++) {
			val part = val_at(values, op->input, i);
			if (is_write(values, part) &&
			    val_at(values, part, 1) == val_small(key))
				return false;
		}
	return true;
}

/* Fewer where all histories are tried. */
static int
key_count(const struct choices *choices)
{
	return choices->tries_all ? 2 : KEYS;
}

/* A read of the key that was written last, behind all or in front. */
static size_t
read_own(struct history *history, struct choices *choices, val *mops, size_t count)
{
	val key = val_at(&history->values, mops[count - 1], 1);

	mops[count] =
		mop(history, "r", (int)val_number(&history->values, key), VAL_OF_NIL);
	if (choose_whether(choices, 0.3)) {
		val first = mops[0];
		mops[0] = mops[count];
		mops[count] = first;
	}
	return count + 1;
}

static void
ask_fork(struct history *history, struct choices *choices, struct op *op)
{
	val mops[KEYS];
	size_t count = 0;

	op->f = choose_whether(choices, 0.4) ? F_READ : F_WRITE;
	for (int key = 0; key < key_count(choices) && op->f == F_WRITE; key++)
		if (count < 2 && is_free(history, key) && choose_whether(choices, 0.3))
			mops[count++] = mop(history, "w", key, val_small(1));
	if (count > 0 && choose_whether(choices, 0.2)) {
		op->f = F_TXN;
		count = read_own(history, choices, mops, count);
	} else if (count == 0) {
		op->f = F_READ;
	}
	for (int key = 0; key < key_count(choices) && op->f == F_READ; key++)
		if (choices->tries_all || choose_whether(choices, 0.7))
			mops[count++] = mop(history, "r", key, VAL_OF_NIL);
	op->input = val_list(&history->values, mops, count);
}

static void
answer_fork(struct history *history, struct choices *choices, struct op *op)
{
	val mops[KEYS];
	size_t count = val_count(&history->values, op->input);

	for (size_t i = 0; i < count; i++) {
		val asked = val_at(&history->values, op->input, i);
		mops[i] = asked;
		if (is_write(&history->values, asked))
			continue;
		int key = (int)val_number(&history->values,
					  val_at(&history->values, asked, 1));
		bool sees = choose_whether(choices, is_free(history, key) ? 0.05 : 0.6);
		mops[i] = mop(history, "r", key, sees ? val_small(1) : VAL_OF_NIL);
	}
	op->output = val_list(&history->values, mops, count);
}

static bool
apply_fork(const struct history *history, const struct op *op, struct keys *keys)
{
	const struct values *values = &history->values;
	val txn = op->type == OP_OK ? op->output : op->input;

	for (size_t i = 0; i < val_count(values, txn); i++) {
		val part = val_at(values, txn, i);
		int key = (int)val_number(values, val_at(values, part, 1));
		if (is_write(values, part))
			keys->of[key] = 1;
		else if (op->type == OP_OK &&
			 (val_at(values, part, 2) != VAL_OF_NIL) != (keys->of[key] == 1))
			return false;
	}
	return true;
}

static bool
is_one_order(const struct history *history, bool strict)
{
	return has_order(history, strict, apply_fork);
}

static void
long_fork_agrees_with_all_orders(void **state)
{
	static const char *const anomalies[] = {"long-fork",
						"fractured-read",
						"aborted-read",
						"unwritten-read",
						"stale-read",
						"internal",
						NULL};
	static const struct definition definition = {
		.checker = "long-fork",
		.anomalies = anomalies,
		.ask = ask_fork,
		.answer = answer_fork,
		.is_allowed = is_one_order,
		.has_levels = true,
		.ops_all = 3,
	};

	(void)state;
	definition_compare(&definition);
}

static void
ask_growth(struct history *history, struct choices *choices, struct op *op)
{
	(void)history;
	(void)choices;
	op->f = F_READ;
}

static void
answer_growth(struct history *history, struct choices *choices, struct op *op)
{
	val entries[2 * KEYS];
	size_t count = 0;
	int64_t base = (int64_t)history->ops.count / 3;

	for (int key = 0; key < key_count(choices); key++) {
		if (choose_whether(choices, 0.4))
			continue;
		size_t more = choose(choices, choices->tries_all ? 2 : 3);
		entries[count++] = val_small(key);
		entries[count++] = val_small(base + (int64_t)more);
	}
	op->output = val_map(&history->values, entries, count);
}

static bool
apply_growth(const struct history *history, const struct op *op, struct keys *keys)
{
	for (size_t i = 0;
	     op->type == OP_OK && i < val_count(&history->values, op->output); i += 2) {
		int key = (int)val_number(&history->values,
					  val_at(&history->values, op->output, i));
		int number = (int)val_number(&history->values,
					     val_at(&history->values, op->output, i + 1));
		if (number < keys->of[key])
			return false;
		keys->of[key] = number;
	}
	return true;
}

static bool
can_grow(const struct history *history, bool strict)
{
	return has_order(history, strict, apply_growth);
}

static void
monotonic_agrees_with_all_orders(void **state)
{
	static const char *const anomalies[] = {"nonmonotonic-cycle",
						"nonmonotonic-order", "duplicate-element",
						"nonmonotonic-time", NULL};
	static const struct definition definition = {
		.checker = "monotonic",
		.anomalies = anomalies,
		.ask = ask_growth,
		.answer = answer_growth,
		.is_allowed = can_grow,
		.has_levels = true,
		.ops_all = 3,
	};

	(void)state;
	definition_compare(&definition);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_fork_agrees_with_all_orders),
		cmocka_unit_test(monotonic_agrees_with_all_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
