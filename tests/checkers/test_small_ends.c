/* What is judged by its end, and transactions on lists, on all histories of few operations
 * with operations that overlap, fail and crash, against the definitions. */
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

/* ---- transactions on lists ------------------------------------------------------------ */

static val
micro_op(struct history *history, const char *f, size_t key, val v)
{
	struct values *values = &history->values;

	return val_list(values,
			(val[]){val_string(values, f), val_small((int64_t)key), v}, 3);
}

/* Reads both of two lists, or appends to one and reads the other, or appends to both. */
static void
ask_txn(struct history *history, struct choices *choices, struct op *op)
{
	val own = val_small((int64_t)history->ops.count + 1), micros[2];
	size_t kind = choose(choices, 4);

	op->f = F_TXN;
	for (size_t key = 0; key < 2; key++)
		micros[key] = kind == 3 || kind == key + 1
				      ? micro_op(history, "append", key, own)
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

static void
answer_txn(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	val micros[2];

	for (size_t key = 0; key < 2; key++) {
		micros[key] = val_at(values, op->input, key);
		if (val_at(values, micros[key], 2) == VAL_OF_NIL)
			micros[key] =
				micro_op(history, "r", key, some_list(history, choices));
	}
	op->output = val_list(values, micros, 2);
}

struct lists {
	val of[2][SMALL_OPS_MAX];
	size_t counts[2];
};

static bool
shows(const struct values *values, val read, const struct lists *lists, size_t key)
{
	if (val_count(values, read) != lists->counts[key])
		return false;
	for (size_t i = 0; i < lists->counts[key]; i++)
		if (val_at(values, read, i) != lists->of[key][i])
			return false;
	return true;
}

static bool
run_txn(const struct history *history, const struct op *op, struct lists *lists)
{
	const struct values *values = &history->values;

	for (size_t key = 0; key < 2; key++) {
		val asked = val_at(values, val_at(values, op->input, key), 2);
		if (asked != VAL_OF_NIL)
			lists->of[key][lists->counts[key]++] = asked;
		else if (op->type == OP_OK &&
			 !shows(values,
				val_at(values, val_at(values, op->output, key), 2), lists,
				key))
			return false;
	}
	return true;
}

/* All orders in real time; `done` are the transactions that were run. */
static bool
can_go_on(const struct history *history, unsigned done, struct lists lists)
{
	const struct op *ops = history->ops.items;
	uint32_t soonest = OP_NEVER;

	for (size_t i = 0; i < history->ops.count; i++)
		if (!(done >> i & 1) && ops[i].type == OP_OK &&
		    ops[i].complete_at < soonest)
			soonest = ops[i].complete_at;
	for (size_t i = 0; i < history->ops.count && soonest != OP_NEVER; i++) {
		struct lists after = lists;
		if (!(done >> i & 1) && ops[i].type != OP_FAIL &&
		    ops[i].invoke_at < soonest && run_txn(history, &ops[i], &after) &&
		    can_go_on(history, done | 1u << i, after))
			return true;
	}
	return soonest == OP_NEVER;
}

static bool
has_order(const struct history *history, bool strict)
{
	(void)strict;
	return can_go_on(history, 0, (struct lists){.counts = {0}});
}

static void
list_append_agrees_with_all_orders(void **state)
{
	(void)state;
	definition_compare(&(struct definition){.checker = "list-append",
						.ask = ask_txn,
						.answer = answer_txn,
						.is_allowed = has_order,
						.level = "strict-serializable",
						.keeps_numbers = true, /* keys too */
						.ops_all = 2,
						.ops_random = 6});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_agree_with_their_final_reads),
		cmocka_unit_test(convergence_agrees_with_its_definition),
		cmocka_unit_test(list_append_agrees_with_all_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
