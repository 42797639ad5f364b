/* Consistency below linearizability, final reads and transactions on all histories of few
 * operations, with operations that overlap, fail and crash, against brute force. */
#include "checkers/engine/oracle.h"
#include "checkers/register/multi_register.h"
#include "checkers/register/register.h"
#include "checkers/weak/weak_oracle.h"
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static bool
is_linearizable(const struct history *history, const struct model *model,
		const uint32_t *ops, size_t count)
{
	const struct check_options options = {.budget.bytes_max = (size_t)1 << 28};
	struct key_ops key = {history, VAL_OF_NIL, ops, count};

	return oracle_judge_key(model, &key, &options) == VERDICT_VALID;
}

/* ---- registers with unique values ----------------------------------------------------- */

/* The how-manieth operation writes its number, so that values are unique. */
static void
ask_unique(struct history *history, struct choices *choices, struct op *op)
{
	op->f = choose_whether(choices, 0.5) ? F_WRITE : F_READ;
	if (op->f == F_WRITE)
		op->input = val_small((int64_t)history->ops.count + 1);
}

/* Nil, or what the first, second, ... operation may have written. */
static void
answer_unique(struct history *history, struct choices *choices, struct op *op)
{
	size_t number = op->f == F_READ ? choose(choices, history->ops.count + 1) : 0;

	if (number > 0)
		op->output = val_small((int64_t)number);
}

static bool
is_write(const struct op *op)
{
	return op->f == F_WRITE && op->type != OP_FAIL;
}

/* A read alone, with all writes. */
static bool
is_read_fine(const struct history *history, uint32_t read)
{
	uint32_t ops[DEFINITION_OPS_MAX];
	size_t count = 0;

	for (uint32_t i = 0; i < history->ops.count; i++)
		if (i == read || is_write(&history->ops.items[i]))
			ops[count++] = i;
	return is_linearizable(history, &model_register, ops, count);
}

static bool
overlaps_write(const struct history *history, const struct op *read)
{
	vec_each (const struct op, op, &history->ops)
		if (is_write(op) && op->invoke_at < read->complete_at &&
		    op->complete_at > read->invoke_at)
			return true;
	return false;
}

static bool
are_reads_fine(const struct history *history, bool is_safe)
{
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (op->f == F_READ && op->type == OP_OK && !is_read_fine(history, i) &&
		    !(is_safe && overlaps_write(history, op)))
			return false;
	}
	return true;
}

static bool
is_regular(const struct history *history, bool strict)
{
	(void)strict;
	return are_reads_fine(history, false);
}

static bool
is_safe(const struct history *history, bool strict)
{
	(void)strict;
	return are_reads_fine(history, true);
}

static void
regular_and_safe_agree_with_brute_force(void **state)
{
	(void)state;
	definition_compare(&(struct definition){.checker = "regular",
						.ask = ask_unique,
						.answer = answer_unique,
						.is_allowed = is_regular,
						.ops_all = 3});
	definition_compare(&(struct definition){.checker = "safe",
						.ask = ask_unique,
						.answer = answer_unique,
						.is_allowed = is_safe,
						.ops_all = 3});
	/* One version back is what regular registers allow. */
	definition_compare(&(struct definition){.checker = "staleness",
						.ask = ask_unique,
						.answer = answer_unique,
						.is_allowed = is_regular,
						.level = "1",
						.ops_all = 3});
}

/* ---- sessions ------------------------------------------------------------------------- */

static enum weak_model asked_model;

static bool
holds_model(const struct history *history, bool strict)
{
	const struct check_options options = {.budget.bytes_max = (size_t)1 << 28};
	struct weak weak;
	struct err err;

	(void)strict;
	bool holds = weak_init(&weak, history, &options, &err) &&
		     weak.orphan_count == 0 &&
		     weak_oracle_judge(asked_model, &weak) == VERDICT_VALID;
	weak_release(&weak);
	return holds;
}

static void
sessions_agree_with_their_definitions(void **state)
{
	(void)state;
	for (int i = 0; i < WEAK_MODEL_COUNT; i++) {
		asked_model = (enum weak_model)i;
		definition_compare(&(struct definition){
			.checker = weak_model_name(asked_model),
			.ask = ask_unique,
			.answer = answer_unique,
			.is_allowed = holds_model,
			.has_sessions = true,
			.ops_all = 3,
			.ops_random = 7,
		});
	}
}

/* ---- transactions on registers --------------------------------------------------------- */

static val
micro_op(struct history *history, const char *f, size_t key, val v)
{
	struct values *values = &history->values;

	return val_list(values,
			(val[]){val_string(values, f), val_small((int64_t)key), v}, 3);
}

/* Reads both of two keys, or writes one and reads the other, or writes both. */
static void
ask_txn(struct history *history, struct choices *choices, struct op *op)
{
	val own = val_small((int64_t)history->ops.count + 1), micros[2];
	size_t kind = choose(choices, 4);

	op->f = F_TXN;
	for (size_t key = 0; key < 2; key++)
		micros[key] = kind == 3 || kind == key + 1
				      ? micro_op(history, "w", key, own)
				      : micro_op(history, "r", key, VAL_OF_NIL);
	op->input = val_list(&history->values, micros, 2);
}

static void
answer_txn(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	val micros[2];

	for (size_t key = 0; key < 2; key++) {
		micros[key] = val_at(values, op->input, key);
		if (val_at(values, micros[key], 2) != VAL_OF_NIL)
			continue;
		size_t seen = choose(choices, history->ops.count + 1);
		if (seen > 0)
			micros[key] =
				micro_op(history, "r", key, val_small((int64_t)seen));
	}
	op->output = val_list(values, micros, 2);
}

static bool
is_strict_serializable(const struct history *history, bool strict)
{
	uint32_t ops[DEFINITION_OPS_MAX];

	(void)strict;
	for (uint32_t i = 0; i < history->ops.count; i++)
		ops[i] = i;
	return is_linearizable(history, &model_multi_register, ops, history->ops.count);
}

static void
rw_register_agrees_with_brute_force(void **state)
{
	(void)state;
	definition_compare(&(struct definition){.checker = "rw-register",
						.ask = ask_txn,
						.answer = answer_txn,
						.is_allowed = is_strict_serializable,
						.level = "strict-serializable",
						.keeps_numbers = true, /* keys too */
						.ops_all = 2,
						.ops_random = 7});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regular_and_safe_agree_with_brute_force),
		cmocka_unit_test(sessions_agree_with_their_definitions),
		cmocka_unit_test(rw_register_agrees_with_brute_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
