/* dirty-reads against its definitions, value by value and read by read. */
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- what clients ask and see --------------------------------------------------------- */

static void
ask(struct history *history, struct choices *choices, struct op *op)
{
	uint16_t strong = history_f(history, "strong-read", strlen("strong-read"));

	op->f = choose_whether(choices, 0.4)   ? F_WRITE
		: choose_whether(choices, 0.3) ? F_READ
					       : strong;
	if (op->f == F_WRITE)
		op->input = val_small((int64_t)history->ops.count + 1);
}

/* Values are numbers of operations, from 1; a read rarely shows one that is no write. */
static void
answer(struct history *history, struct choices *choices, struct op *op)
{
	val items[DEFINITION_OPS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < history->ops.count && op->f != F_WRITE; i++) {
		const struct op *seen = &history->ops.items[i];
		double chance = seen->f != F_WRITE	? 0.02
				: seen->type == OP_FAIL ? 0.05
							: 0.8;
		if (choose_whether(choices, chance))
			items[count++] = val_small((int64_t)i + 1);
	}
	if (op->f != F_WRITE)
		op->output = val_list(&history->values, items, count);
}

/* Rows of one value, or of two, and strong reads as above. */
static void
answer_rows(struct history *history, struct choices *choices, struct op *op)
{
	int64_t first = 1 + (int64_t)choose(choices, history->ops.count);
	int64_t second = choose_whether(choices, 0.9)
				 ? first
				 : 1 + (int64_t)choose(choices, history->ops.count);

	if (op->f != F_READ)
		answer(history, choices, op);
	else
		op->output =
			val_pair(&history->values, val_small(first), val_small(second));
}

/* ---- the definitions ------------------------------------------------------------------ */

static bool
is_strong(const struct history *history, const struct op *op)
{
	return op->type == OP_OK &&
	       strcmp(history_f_name(history, op->f), "strong-read") == 0;
}

static bool
is_read(const struct history *history, const struct op *op)
{
	return (op->type == OP_OK && op->f == F_READ) || is_strong(history, op);
}

static bool
has(const struct history *history, const struct op *read, int64_t v)
{
	for (size_t i = 0; i < val_count(&history->values, read->output); i++)
		if (val_at(&history->values, read->output, i) == val_small(v))
			return true;
	return false;
}

/* It was acknowledged or seen before the read began. */
static bool
was_known(const struct history *history, int64_t v, const struct op *read)
{
	vec_each (struct op, op, &history->ops) {
		bool tells = (op->f == F_WRITE && op->type == OP_OK &&
			      op->input == val_small(v)) ||
			     (is_read(history, op) && has(history, op, v));
		if (tells && op->complete_at < read->invoke_at)
			return true;
	}
	return false;
}

static bool
is_clean(const struct history *history, bool strict)
{
	(void)strict;
	for (int64_t v = 1; v <= (int64_t)history->ops.count; v++) {
		const struct op *write = &history->ops.items[v - 1];
		vec_each (struct op, read, &history->ops) {
			if (!is_read(history, read))
				continue;
			if (has(history, read, v) &&
			    (write->f != F_WRITE || write->type == OP_FAIL ||
			     write->invoke_at > read->complete_at))
				return false;
			if (is_strong(history, read) && !has(history, read, v) &&
			    was_known(history, v, read))
				return false;
		}
	}
	return true;
}

/* The model "rows". */
static bool
is_clean_and_whole(const struct history *history, bool strict)
{
	const struct values *values = &history->values;

	vec_each (struct op, op, &history->ops)
		if (op->f == F_READ && op->type == OP_OK &&
		    val_at(values, op->output, 0) != val_at(values, op->output, 1))
			return false;
	return is_clean(history, strict);
}

static const char *const anomalies[] = {
	"aborted-read",	   "unwritten-read", "dirty-read", "lost-write",
	"divergent-reads", "fractured-read", NULL};

static void
dirty_reads_agree_with_the_definitions(void **state)
{
	static const struct definition definition = {
		.checker = "dirty-reads",
		.ask = ask,
		.answer = answer,
		.is_allowed = is_clean,
		.anomalies = anomalies,
		.ops_all = 3,
	};

	(void)state;
	definition_compare(&definition);
}

static void
rows_agree_with_the_definitions(void **state)
{
	static const struct definition definition = {
		.checker = "dirty-reads",
		.model = "rows",
		.ask = ask,
		.answer = answer_rows,
		.is_allowed = is_clean_and_whole,
		.anomalies = anomalies,
		.ops_all = 2,
	};

	(void)state;
	definition_compare(&definition);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dirty_reads_agree_with_the_definitions),
		cmocka_unit_test(rows_agree_with_the_definitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
