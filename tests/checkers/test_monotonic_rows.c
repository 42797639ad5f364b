/* monotonic, of rows that are added and read, against its promises: row by row, read by
 * read. Rows are numbers, or maps as in Jepsen's tests of CockroachDB. */
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
	NUMBERS = 3
};

/* ---- what clients ask and see --------------------------------------------------------- */

static val
field(const struct values *values, val map, const char *name)
{
	for (size_t i = 0; i < val_count(values, map); i += 2)
		if (strcmp(val_text(values, val_at(values, map, i)).data, name) == 0)
			return val_at(values, map, i + 1);
	return VAL_OF_NIL;
}

static int64_t
number_in(const struct values *values, val row, const char *name)
{
	return val_number(values,
			  val_kind(row) == VAL_MAP ? field(values, row, name) : row);
}

/* The row of a number: in one of two tables, of one of two processes. */
static val
row_of(struct history *history, int64_t number, int64_t stamp, int64_t tables)
{
	struct values *values = &history->values;

	return val_map(values,
		       (val[]){val_string(values, "val"), val_small(number),
			       val_string(values, "sts"), val_small(stamp),
			       val_string(values, "tb"), val_small(number % tables),
			       val_string(values, "proc"), val_small(number / 2)},
		       8);
}

static void
ask(struct history *history, struct choices *choices, struct op *op)
{
	op->f = choose_whether(choices, 0.5) ? F_ADD : F_READ;
	if (op->f == F_ADD)
		op->input = val_small((int64_t)history->ops.count % NUMBERS);
}

static void
answer_numbers(struct history *history, struct choices *choices, struct op *op)
{
	val items[NUMBERS + 1];
	size_t count = 0;

	op->output = op->input;
	if (op->f == F_ADD)
		return;
	for (int64_t number = 0; number < NUMBERS; number++)
		if (choose_whether(choices, 0.7))
			items[count++] = val_small(number);
	if (count > 0 && choose_whether(choices, 0.1))
		items[count++] = val_small(choose(choices, NUMBERS));
	op->output = val_list(&history->values, items, count);
}

static void
answer_rows(struct history *history, struct choices *choices, struct op *op,
	    int64_t tables)
{
	val items[NUMBERS + 1];
	size_t count = 0;

	if (op->f == F_ADD) {
		op->output = row_of(history, choose(choices, NUMBERS), 7, tables);
		return;
	}
	for (int64_t number = 0; number < NUMBERS; number++)
		if (choose_whether(choices, 0.8))
			items[count++] = row_of(history, number, number, tables);
	if (count > 0 && choose_whether(choices, 0.2))
		items[count++] =
			row_of(history, (int64_t)choose(choices, NUMBERS),
			       choose_whether(choices, 0.7) ? NUMBERS : 0, tables);
	op->output = val_list(&history->values, items, count);
}

static void
answer_table(struct history *history, struct choices *choices, struct op *op)
{
	answer_rows(history, choices, op, 1);
}

static void
answer_tables(struct history *history, struct choices *choices, struct op *op)
{
	answer_rows(history, choices, op, 2);
}

/* ---- the promises --------------------------------------------------------------------- */

static bool
is_read(const struct op *op)
{
	return op->type == OP_OK && op->f == F_READ;
}

static bool
has_maps(const struct history *history)
{
	vec_each (struct op, op, &history->ops)
		if (op->type == OP_OK && op->f == F_ADD &&
		    val_kind(op->output) == VAL_MAP)
			return true;
	return false;
}

static bool
tells(const struct history *history, const struct op *op, int64_t number)
{
	const struct values *values = &history->values;

	if (op->type != OP_OK)
		return false;
	if (op->f == F_ADD)
		return number_in(values, op->output, "val") == number;
	for (size_t i = 0; i < val_count(values, op->output); i++)
		if (number_in(values, val_at(values, op->output, i), "val") == number)
			return true;
	return false;
}

/* Of the same process, where rows stand in two tables. */
static bool
must_be_in_order(const struct values *values, val a, val b, bool is_split)
{
	return !is_split || number_in(values, a, "proc") == number_in(values, b, "proc");
}

static bool
is_in_order(const struct values *values, val rows, bool is_split)
{
	for (size_t i = 0; i < val_count(values, rows); i++)
		for (size_t j = i + 1; j < val_count(values, rows); j++) {
			val a = val_at(values, rows, i), b = val_at(values, rows, j);
			int64_t x = number_in(values, a, "val"),
				y = number_in(values, b, "val");
			if (x == y || (x > y && must_be_in_order(values, a, b, is_split)))
				return false;
			if (val_kind(a) == VAL_MAP &&
			    number_in(values, a, "sts") > number_in(values, b, "sts"))
				return false;
		}
	return true;
}

static bool
is_split(const struct history *history)
{
	const struct values *values = &history->values;
	bool in[4] = {false};

	vec_each (struct op, op, &history->ops)
		for (size_t i = 0; is_read(op) && i < val_count(values, op->output);
		     i++) {
			val row = val_at(values, op->output, i);
			if (val_kind(row) == VAL_MAP)
				in[number_in(values, row, "tb")] = true;
		}
	return in[0] + in[1] + in[3] > 1; /* numbers may have been tripled */
}

static bool
is_seen_since(const struct history *history, int64_t number, uint32_t moment)
{
	vec_each (struct op, op, &history->ops)
		if (is_read(op) && op->complete_at > moment && tells(history, op, number))
			return true;
	return false;
}

static bool
stays(const struct history *history, int64_t number, bool strict)
{
	vec_each (struct op, teller, &history->ops)
		vec_each (struct op, read, &history->ops)
			if (tells(history, teller, number) && is_read(read) &&
			    teller->complete_at < read->invoke_at &&
			    !tells(history, read, number) &&
			    (strict || !is_seen_since(history, number, read->invoke_at)))
				return false;
	return true;
}

/* An add of numbers that failed, and nobody else's add. */
static bool
is_revived(const struct history *history, int64_t number)
{
	bool has_failed = false;

	if (has_maps(history))
		return false;
	vec_each (struct op, op, &history->ops) {
		if (op->f != F_ADD || op->input != val_small(number))
			continue;
		if (op->type != OP_FAIL)
			return false;
		has_failed = true;
	}
	return has_failed && is_seen_since(history, number, 0);
}

static bool
keep_their_promises(const struct history *history, bool strict)
{
	bool split = !strict && is_split(history);

	vec_each (struct op, op, &history->ops)
		if (is_read(op) && !is_in_order(&history->values, op->output, split))
			return false;
	for (int64_t number = 0; number < 3 * NUMBERS; number++)
		if (!stays(history, number, strict) || is_revived(history, number))
			return false;
	return true;
}

static void
compare(void (*answer)(struct history *, struct choices *, struct op *), size_t ops_all)
{
	static const char *const anomalies[] = {"nonmonotonic-cycle",
						"nonmonotonic-order",
						"nonmonotonic-time",
						"duplicate-element",
						"lost-element",
						"unexpected-element",
						NULL};
	const struct definition definition = {.checker = "monotonic",
					      .anomalies = anomalies,
					      .ask = ask,
					      .answer = answer,
					      .is_allowed = keep_their_promises,
					      .has_levels = true,
					      .judges_ends = true,
					      .ops_all = ops_all};

	definition_compare(&definition);
}

static void
rows_that_are_numbers_agree_with_the_promises(void **state)
{
	(void)state;
	compare(answer_numbers, 2);
}

static void
rows_of_one_table_agree_with_the_promises(void **state)
{
	(void)state;
	compare(answer_table, 2);
}

static void
rows_of_two_tables_agree_with_the_promises(void **state)
{
	(void)state;
	compare(answer_tables, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_that_are_numbers_agree_with_the_promises),
		cmocka_unit_test(rows_of_one_table_agree_with_the_promises),
		cmocka_unit_test(rows_of_two_tables_agree_with_the_promises),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
