/* The checkers of simple types on all histories of few operations, and on random ones with
 * other laws (tests/checkers/definition.h): the definition is the type's model, and brute
 * force over it. */
#include "checkers/engine/oracle.h"
#include "checkers/generate/generate.h"
#include "checkers/register/multi_register.h"
#include "checkers/register/register.h"
#include "checkers/register/versioned_register.h"
#include "checkers/type/counter.h"
#include "checkers/type/lock.h"
#include "checkers/type/log.h"
#include "checkers/type/semaphore.h"
#include "tests/checkers/definition.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

static bool
is_linearizable(const struct history *history, const struct model *model,
		const char *variant, val init)
{
	struct check_options options = {
		.model = variant, .init = init, .budget.bytes_max = (size_t)1 << 28};
	uint32_t indexes[DEFINITION_OPS_MAX];

	struct key_ops key = whole_history(history, indexes);
	enum verdict verdict = oracle_judge_key(model, &key, &options);
	assert_int_not_equal(verdict, VERDICT_UNKNOWN);
	return verdict == VERDICT_VALID;
}

#define LINEARIZABLE(name, model, variant, init)                                         \
	static bool name##_is_allowed(const struct history *history, bool strict)        \
	{                                                                                \
		(void)strict;                                                            \
		return is_linearizable(history, model, variant, init);                   \
	}

LINEARIZABLE(register, &model_register, NULL, VAL_OF_NIL)
LINEARIZABLE(versioned, &model_versioned_register, NULL, VAL_OF_NIL)
LINEARIZABLE(multi, &model_multi_register, NULL, VAL_OF_NIL)
LINEARIZABLE(counter, &model_counter, NULL, VAL_OF_NIL)
LINEARIZABLE(lock, &model_lock, NULL, VAL_OF_NIL)
LINEARIZABLE(mutex, &model_lock, "mutex", VAL_OF_NIL)
LINEARIZABLE(reentrant, &model_lock, "reentrant", VAL_OF_NIL)
LINEARIZABLE(fenced, &model_fenced_lock, NULL, VAL_OF_NIL)
LINEARIZABLE(fenced_reentrant, &model_fenced_lock, "reentrant", VAL_OF_NIL)
LINEARIZABLE(semaphore, &model_semaphore, NULL, val_small(2))
LINEARIZABLE(log, &model_log, NULL, VAL_OF_NIL)

static val
some_number(struct choices *choices)
{
	return val_small(1 + (int64_t)choose(choices, 2));
}

static val
number_or_nil(struct choices *choices)
{
	size_t number = choose(choices, 3);

	return number == 0 ? VAL_OF_NIL : val_small((int64_t)number);
}

static void
answer_nothing(struct history *history, struct choices *choices, struct op *op)
{
	(void)history, (void)choices, (void)op;
}

/* ---- registers ---------------------------------------------------------------------------- */

static void
register_ask(struct history *history, struct choices *choices, struct op *op)
{
	static const uint16_t fs[] = {F_READ, F_WRITE, F_CAS};

	op->f = fs[choose(choices, 3)];
	if (op->f == F_WRITE)
		op->input = some_number(choices);
	if (op->f == F_CAS)
		op->input = val_pair(&history->values, number_or_nil(choices),
				     some_number(choices));
}

static void
register_answer(struct history *history, struct choices *choices, struct op *op)
{
	(void)history;
	op->output = op->f == F_READ ? number_or_nil(choices) : op->input;
}

static void
versioned_ask(struct history *history, struct choices *choices, struct op *op)
{
	register_ask(history, choices, op);
	if (op->f != F_READ)
		op->input = val_pair(&history->values, VAL_OF_NIL, op->input);
}

static void
versioned_answer(struct history *history, struct choices *choices, struct op *op)
{
	val version = val_small((int64_t)choose(choices, 3));
	val content = op->f == F_READ ? number_or_nil(choices)
				      : val_at(&history->values, op->input, 1);

	op->output = val_pair(&history->values, version, content);
}

static void
multi_ask(struct history *history, struct choices *choices, struct op *op)
{
	size_t kind = choose(choices, 4), key = kind % 2;
	val micros[2];

	op->f = F_TXN;
	micros[0] = kind < 2 ? micro_op(history, "r", 0, VAL_OF_NIL)
			     : micro_op(history, "w", key, some_number(choices));
	micros[1] = kind < 2 ? micro_op(history, "r", 1, VAL_OF_NIL)
			     : micro_op(history, "r", 1 - key, VAL_OF_NIL);
	op->input = val_list(&history->values, micros, 2);
}

static void
multi_answer(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	val micros[2];

	for (size_t i = 0; i < 2; i++) {
		micros[i] = val_at(values, op->input, i);
		if (val_at(values, micros[i], 2) == VAL_OF_NIL)
			micros[i] = micro_op(
				history, "r",
				(size_t)val_number(values, val_at(values, micros[i], 1)),
				number_or_nil(choices));
	}
	op->output = val_list(values, micros, 2);
}

static void
registers_agree_with_brute_force(void **state)
{
	(void)state;
	definition_compare(&(struct definition){.checker = "register",
						.ask = register_ask,
						.answer = register_answer,
						.is_allowed = register_is_allowed,
						.ops_all = 3});
	definition_compare(&(struct definition){.checker = "versioned-register",
						.ask = versioned_ask,
						.answer = versioned_answer,
						.is_allowed = versioned_is_allowed,
						.keeps_numbers = true, /* gaps count */
						.ops_all = 2});
	definition_compare(&(struct definition){.checker = "multi-register",
						.ask = multi_ask,
						.answer = multi_answer,
						.is_allowed = multi_is_allowed,
						.keeps_numbers = true, /* keys too */
						.ops_all = 2});
}

/* ---- counters, semaphores, locks, logs ---------------------------------------------------- */

static void
counter_ask(struct history *history, struct choices *choices, struct op *op)
{
	static const uint16_t fs[] = {F_READ, F_ADD, F_INCREMENT, F_DECREMENT,
				      F_FETCH_ADD};

	(void)history;
	op->f = fs[choose(choices, 5)];
	if (op->f != F_READ)
		op->input = some_number(choices);
}

static void
counter_answer(struct history *history, struct choices *choices, struct op *op)
{
	(void)history;
	if (op->f == F_READ || op->f == F_FETCH_ADD)
		op->output = val_small((int64_t)choose(choices, 5) - 1);
}

static void
permit_ask(struct history *history, struct choices *choices, struct op *op)
{
	(void)history;
	op->f = choose_whether(choices, 0.5) ? F_ACQUIRE : F_RELEASE;
}

static void
token_answer(struct history *history, struct choices *choices, struct op *op)
{
	(void)history;
	if (op->f == F_ACQUIRE)
		op->output = some_number(choices);
}

static val
two_permits(struct values *values, int64_t factor)
{
	(void)values, (void)factor;
	return val_small(2);
}

static void
log_ask(struct history *history, struct choices *choices, struct op *op)
{
	(void)history;
	op->f = choose_whether(choices, 0.5) ? F_APPEND : F_READ;
	op->input = val_small((int64_t)choose(choices, 2));
}

static void
log_answer(struct history *history, struct choices *choices, struct op *op)
{
	size_t dice = choose(choices, 3);

	(void)history;
	op->output = op->f == F_READ && dice == 2 ? VAL_OF_NIL : val_small((int64_t)dice);
}

static void
counters_agree_with_brute_force(void **state)
{
	(void)state;
	definition_compare(&(struct definition){.checker = "counter",
						.ask = counter_ask,
						.answer = counter_answer,
						.is_allowed = counter_is_allowed,
						.ops_all = 3});
	definition_compare(&(struct definition){.checker = "semaphore",
						.ask = permit_ask,
						.answer = answer_nothing,
						.is_allowed = semaphore_is_allowed,
						.init = two_permits,
						.ops_all = 3});
}

/* Of which the decider is complete. */
static void
one_step_ask(struct history *history, struct choices *choices, struct op *op)
{
	static const uint16_t fs[] = {F_READ, F_ADD, F_FETCH_ADD, F_FETCH_ADD};

	(void)history;
	op->f = fs[choose(choices, 4)];
	if (op->f != F_READ)
		op->input = val_small(1);
}

static void
counters_of_one_step_agree_with_brute_force(void **state)
{
	(void)state;
	definition_compare(&(struct definition){.checker = "counter",
						.ask = one_step_ask,
						.answer = counter_answer,
						.is_allowed = counter_is_allowed,
						.ops_all = 3});
}

/* Thousands of operations of which many crashed, and one that found what another found. */
static void
crashed_changes_of_one_step_are_judged_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct generate_options how = {.type = "fetch-add",
					       .operations = 3000,
					       .processes = 10,
					       .info_percent = 15 + (int)(seed % 3) * 10,
					       .mutate = seed % 2 == 0 ? "fetched-twice"
								       : NULL,
					       .seed = seed};
		struct linearizable_key found = {0};
		struct check_options options = {0};
		struct history history;
		struct err err;
		history_init(&history);
		assert_true(generate_history(&history, &how, &err));
		struct key_ops key = {.history = &history, .count = history.ops.count};
		uint32_t *ops = mem_new(key.count + 1, sizeof(*ops));
		for (uint32_t i = 0; i < key.count; i++)
			ops[i] = i;
		key.ops = ops;
		counter_decide(&key, &options, &found);
		assert_int_equal(found.verdict,
				 how.mutate == NULL ? VERDICT_VALID : VERDICT_INVALID);
		assert_true(how.mutate == NULL || found.conflicts.items[0].op_count <= 2);
		vec_release(&found.conflicts);
		free(found.order);
		free(ops);
		history_release(&history);
	}
}

static void
locks_agree_with_brute_force(void **state)
{
	static const struct {
		const char *checker, *model;
		bool (*is_allowed)(const struct history *history, bool strict);
	} locks[] = {
		{"lock", NULL, lock_is_allowed},
		{"lock", "mutex", mutex_is_allowed},
		{"lock", "reentrant", reentrant_is_allowed},
		{"fenced-lock", NULL, fenced_is_allowed},
		{"fenced-lock", "reentrant", fenced_reentrant_is_allowed},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++)
		definition_compare(&(struct definition){
			.checker = locks[i].checker,
			.model = locks[i].model,
			.ask = permit_ask,
			.answer = i < 3 ? answer_nothing : token_answer,
			.is_allowed = locks[i].is_allowed,
			.keeps_numbers = true, /* one token is lost where none fits */
			.has_sessions = true,  /* the holder is a process */
			.ops_all = 3});
}

static void
logs_agree_with_brute_force(void **state)
{
	(void)state;
	definition_compare(&(struct definition){.checker = "log",
						.ask = log_ask,
						.answer = log_answer,
						.is_allowed = log_is_allowed,
						.ops_all = 3});
}

/* ---- sets and ids: the definition by counting --------------------------------------------- */

static void
set_ask(struct history *history, struct choices *choices, struct op *op)
{
	(void)history;
	op->f = choose_whether(choices, 0.5) ? F_ADD : F_READ;
	if (op->f == F_ADD)
		op->input = some_number(choices);
}

/* A subset of 1 and 2. */
static void
set_answer(struct history *history, struct choices *choices, struct op *op)
{
	size_t bits = op->f == F_READ ? choose(choices, 4) : 0, count = 0;
	val items[2];

	for (int64_t number = 1; number <= 2; number++)
		if (bits >> (number - 1) & 1)
			items[count++] = val_small(number);
	if (op->f == F_READ)
		op->output = val_list(&history->values, items, count);
}

/* The elements of a read, or the one that is added, as bits. */
static unsigned
bits_of(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;
	unsigned bits = 0;

	if (op->f == F_ADD)
		return 1u << val_number(values, op->input);
	for (size_t i = 0; i < val_count(values, op->output); i++)
		bits |= 1u << val_number(values, val_at(values, op->output, i));
	return bits;
}

static uint32_t
soonest_end(const struct history *history, unsigned done)
{
	uint32_t soonest = OP_NEVER;

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (!(done >> i & 1) && op->type == OP_OK && op->complete_at < soonest)
			soonest = op->complete_at;
	}
	return soonest;
}

/* A grow-only set by trying each order: `done` are the operations that were placed. */
static bool
can_go_on(const struct history *history, unsigned done, unsigned set)
{
	uint32_t soonest = soonest_end(history, done);

	for (uint32_t i = 0; soonest != OP_NEVER && i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if ((done >> i & 1) || op->type == OP_FAIL || op->invoke_at > soonest ||
		    (op->f == F_READ &&
		     (op->type != OP_OK || bits_of(history, op) != set)))
			continue;
		unsigned after = op->f == F_ADD ? set | bits_of(history, op) : set;
		if (can_go_on(history, done | 1u << i, after))
			return true;
	}
	return soonest == OP_NEVER;
}

static bool
set_is_allowed(const struct history *history, bool strict)
{
	(void)strict;
	return can_go_on(history, 0, 0);
}

static void
ids_ask(struct history *history, struct choices *choices, struct op *op)
{
	(void)history, (void)choices;
	op->f = F_GENERATE;
}

static void
ids_answer(struct history *history, struct choices *choices, struct op *op)
{
	(void)history;
	op->output = val_small((int64_t)choose(choices, 12));
}

static bool
ids_are_allowed(const struct history *history, bool is_monotone)
{
	vec_each (struct op, a, &history->ops)
		vec_each (struct op, b, &history->ops)
			if (a != b && a->type == OP_OK && b->type == OP_OK &&
			    (a->output == b->output ||
			     (is_monotone && a->complete_at < b->invoke_at &&
			      val_compare(&history->values, a->output, b->output) > 0)))
				return false;
	return true;
}

static bool
unique_is_allowed(const struct history *history, bool strict)
{
	(void)strict;
	return ids_are_allowed(history, false);
}

static bool
monotone_is_allowed(const struct history *history, bool strict)
{
	(void)strict;
	return ids_are_allowed(history, true);
}

static void
sets_and_ids_agree_with_brute_force(void **state)
{
	(void)state;
	definition_compare(&(struct definition){.checker = "set-full",
						.ask = set_ask,
						.answer = set_answer,
						.is_allowed = set_is_allowed,
						.ops_all = 3});
	definition_compare(&(struct definition){.checker = "unique-ids",
						.ask = ids_ask,
						.answer = ids_answer,
						.is_allowed = unique_is_allowed,
						.ops_all = 3});
	definition_compare(&(struct definition){.checker = "unique-ids",
						.model = "monotone",
						.ask = ids_ask,
						.answer = ids_answer,
						.is_allowed = monotone_is_allowed,
						.ops_all = 3});
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_agree_with_brute_force),
		cmocka_unit_test(counters_agree_with_brute_force),
		cmocka_unit_test(counters_of_one_step_agree_with_brute_force),
		cmocka_unit_test(crashed_changes_of_one_step_are_judged_at_once),
		cmocka_unit_test(locks_agree_with_brute_force),
		cmocka_unit_test(logs_agree_with_brute_force),
		cmocka_unit_test(sets_and_ids_agree_with_brute_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
