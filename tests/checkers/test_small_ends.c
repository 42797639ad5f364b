/* What is judged by its end, on all histories of few operations with operations that overlap,
 * fail and crash, against the definitions. */
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
	ELEMENTS = 2, /* 1 and 2 are added; 3 is in reads, too */
};

/* ---- sets by their final reads -------------------------------------------------------- */

static void
ask_set(struct history *history, struct choices *choices, struct op *op)
{
	(void)history;
	op->f = choose_whether(choices, 0.4) ? F_READ : F_ADD;
	if (op->f == F_ADD)
		op->input = val_small(1 + (int64_t)choose(choices, ELEMENTS));
}

static void
answer_set(struct history *history, struct choices *choices, struct op *op)
{
	val items[ELEMENTS + 2];
	size_t count = 0;

	for (int64_t element = 1; element <= ELEMENTS && op->f == F_READ; element++)
		if (choose_whether(choices, 0.7))
			items[count++] = val_small(element);
	if (op->f == F_READ && !choices->tries_all && choose_whether(choices, 0.05))
		items[count++] = val_small(1 + (int64_t)choose(choices, ELEMENTS + 1));
	if (op->f == F_READ)
		op->output = val_list(&history->values, items, count);
}

static size_t
times_in(const struct history *history, const struct op *read, int64_t element)
{
	size_t times = 0;

	for (size_t i = 0; i < val_count(&history->values, read->output); i++)
		times += val_at(&history->values, read->output, i) == val_small(element);
	return times;
}

static bool
is_answered_read(const struct op *op)
{
	return op->f == F_READ && op->type == OP_OK;
}

/* Somebody began to add it, with success for all that is known, before the read ended. */
static bool
may_be_in(const struct history *history, const struct op *read, int64_t element)
{
	vec_each (struct op, op, &history->ops)
		if (op->f == F_ADD && op->type != OP_FAIL &&
		    op->input == val_small(element) && op->invoke_at < read->complete_at)
			return true;
	return false;
}

/* Acknowledged, or seen, before the read began. */
static bool
is_known(const struct history *history, const struct op *read, int64_t element)
{
	vec_each (struct op, op, &history->ops) {
		bool tells = op->f == F_ADD ? op->type == OP_OK &&
						      op->input == val_small(element)
					    : is_answered_read(op) &&
						      times_in(history, op, element) > 0;
		if (tells && op->complete_at < read->invoke_at)
			return true;
	}
	return false;
}

static bool
is_behind_all_adds(const struct history *history, const struct op *read)
{
	vec_each (struct op, op, &history->ops)
		if (op->f == F_ADD && op->type == OP_OK &&
		    op->complete_at > read->invoke_at)
			return false;
	return true;
}

/* The reads behind all adds or, where there is none, the one that began last. */
static bool
is_final(const struct history *history, const struct op *read)
{
	bool is_last = true;

	if (is_behind_all_adds(history, read))
		return true;
	vec_each (struct op, op, &history->ops) {
		if (!is_answered_read(op))
			continue;
		if (is_behind_all_adds(history, op))
			return false;
		is_last = is_last && op->invoke_at <= read->invoke_at;
	}
	return is_last;
}

static bool
is_kept(const struct history *history, bool strict)
{
	(void)strict;
	vec_each (struct op, read, &history->ops)
		for (int64_t element = 1; element <= ELEMENTS + 1; element++) {
			if (!is_answered_read(read))
				continue;
			size_t times = times_in(history, read, element);
			if (times > 1 ||
			    (times > 0 && !may_be_in(history, read, element)) ||
			    (times == 0 && is_final(history, read) &&
			     is_known(history, read, element)))
				return false;
		}
	return true;
}

static void
sets_agree_with_their_final_reads(void **state)
{
	static const char *const anomalies[] = {"lost-element", "divergent-element",
						"unexpected-element", "duplicate-element",
						NULL};

	(void)state;
	definition_compare(&(struct definition){.checker = "set",
						.ask = ask_set,
						.answer = answer_set,
						.is_allowed = is_kept,
						.anomalies = anomalies,
						.judges_ends = true,
						.ops_all = 3});
}

/* ---- registers by their final reads --------------------------------------------------- */

static void
ask_register(struct history *history, struct choices *choices, struct op *op)
{
	op->f = choose_whether(choices, 0.5) ? F_WRITE : F_READ;
	if (op->f == F_WRITE)
		op->input = val_small((int64_t)history->ops.count + 1);
}

static void
answer_register(struct history *history, struct choices *choices, struct op *op)
{
	size_t number = op->f == F_READ ? choose(choices, history->ops.count + 1) : 0;

	if (number > 0)
		op->output = val_small((int64_t)number);
}

/* The last read of each process that began when all writes were over. */
static bool
is_final_read(const struct history *history, size_t index)
{
	const struct op *read = &history->ops.items[index];

	if (!is_answered_read(read))
		return false;
	vec_each (struct op, op, &history->ops)
		if ((op->f == F_WRITE && op->type == OP_OK &&
		     op->complete_at > read->invoke_at) ||
		    (is_answered_read(op) && op->process == read->process &&
		     op->invoke_at > read->invoke_at))
			return false;
	return true;
}

/* Nobody wrote it, or somebody who began later has certainly replaced it. */
static bool
is_gone(const struct history *history, val value)
{
	const struct op *write = NULL;

	vec_each (struct op, op, &history->ops)
		if (op->f == F_WRITE && op->type != OP_FAIL && op->input == value)
			write = op;
	if (write == NULL && value != VAL_OF_NIL)
		return true;
	vec_each (struct op, op, &history->ops)
		if (op->f == F_WRITE && op->type == OP_OK &&
		    (write == NULL || write->complete_at < op->invoke_at))
			return true;
	return false;
}

static bool
is_doubtful(const struct history *history, val value)
{
	vec_each (struct op, op, &history->ops)
		if (op->f == F_WRITE && op->type == OP_INFO && op->input == value)
			return true;
	return false;
}

static bool
converges(const struct history *history, bool strict)
{
	const struct op *ops = history->ops.items;

	(void)strict;
	for (size_t i = 0; i < history->ops.count; i++) {
		if (!is_final_read(history, i))
			continue;
		if (is_gone(history, ops[i].output))
			return false;
		for (size_t k = 0; k < i; k++)
			if (is_final_read(history, k) && ops[i].output != ops[k].output &&
			    !is_doubtful(history, ops[i].output) &&
			    !is_doubtful(history, ops[k].output))
				return false;
	}
	return true;
}

static void
convergence_agrees_with_its_definition(void **state)
{
	(void)state;
	definition_compare(&(struct definition){.checker = "convergence",
						.ask = ask_register,
						.answer = answer_register,
						.is_allowed = converges,
						.judges_ends = true,
						.has_sessions = true,
						.ops_all = 3});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_agree_with_their_final_reads),
		cmocka_unit_test(convergence_agrees_with_its_definition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
