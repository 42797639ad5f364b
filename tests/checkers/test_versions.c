/* versions against its definitions, told by looking at all operations for each. */
#include "checkers/seed/versions.h"
#include "tests/checkers/budgets.h"
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const anomalies[] = {"version-conflict",
					"version-reused",
					"wrong-coordinator",
					"unwritten-version",
					"aborted-version",
					"replica-regression",
					"version-not-newer",
					"session-regression",
					"stale-read",
					"lost-update",
					"update-if-mismatch",
					"unjustified-refusal",
					"stale-after-update-if",
					"lost-version",
					"diverged",
					"stuck-lock",
					NULL};

/* What is promised, in the test that runs. */
static struct {
	bool is_volatile, is_sessionless, is_strict, is_atomic, names_coordinator;
} rules;

/* ---- what an operation says ----------------------------------------------------------- */

struct said {
	const struct op *op;
	int64_t age; /* of its version; 0: of no value; -1: not known */
	val value, expected;
	bool updates, reads;
};

static int64_t
age_of(const struct values *values, val version)
{
	return val_number(values, val_at(values, version, 0)) * 100000 + 99999 -
	       val_number(values, val_at(values, version, 1));
}

static struct said
said_by(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;
	struct said said = {.op = op, .age = -1};

	said.updates = op->f == F_WRITE || op->f == F_UPDATE_IF;
	said.reads = !said.updates;
	if (op->f == F_WRITE)
		said.value = op->input;
	if (op->f == F_UPDATE_IF) {
		said.expected = val_at(values, op->input, 0);
		said.value = val_at(values, op->input, 1);
	}
	if (op->type != OP_OK)
		return said;
	if (said.updates) {
		said.age = age_of(values, op->output);
	} else if (op->output == VAL_OF_NIL) {
		said.age = 0;
	} else {
		said.value = val_at(values, op->output, 0);
		said.age = age_of(values, val_at(values, op->output, 1));
	}
	return said;
}

static bool
is_final(const struct history *history, const struct op *op)
{
	return op->type == OP_OK && op->f != F_READ && op->f != F_WRITE &&
	       op->f != F_UPDATE_IF &&
	       strcmp(history_f_name(history, op->f), "final-read") == 0;
}

static bool
is_guarded(const struct history *history, val key)
{
	vec_each (struct op, op, &history->ops)
		if (op->f == F_WRITE && op->type != OP_FAIL && op->key == key)
			return false;
	return true;
}

/* ---- pairs ---------------------------------------------------------------------------- */

/* b, that began when a was over, is older than a; an update may not be as old either. */
static bool
is_behind(const struct said *a, const struct said *b)
{
	return a->op->complete_at < b->op->invoke_at &&
	       (b->updates ? b->age <= a->age : b->age < a->age);
}

static bool
is_pair_sound(const struct history *history, const struct said *a, const struct said *b)
{
	const struct op *x = a->op, *y = b->op;
	uint32_t replica_x = 99999 - (uint32_t)(a->age % 100000);
	uint32_t replica_y = 99999 - (uint32_t)(b->age % 100000);

	if (rules.names_coordinator && x->f == F_WRITE && y->f == F_WRITE &&
	    (x->node == y->node) != (replica_x == replica_y))
		return false;
	if (x->key != y->key || x == y)
		return true;
	if (a->age == b->age && a->age > 0 &&
	    (a->value != b->value || (a->updates && b->updates)))
		return false;
	if (is_behind(a, b) && !rules.is_volatile && x->node == y->node)
		return false;
	if (is_behind(a, b) && !rules.is_sessionless && x->process == y->process)
		return false;
	if (is_behind(a, b) && x->f == F_UPDATE_IF && b->reads)
		return false;
	if (is_behind(a, b) && rules.is_atomic && is_guarded(history, x->key))
		return false;
	if (!is_final(history, y))
		return true;
	if (is_final(history, x) && a->age != b->age)
		return false;
	return b->age >= a->age || (a->reads && x->complete_at > y->invoke_at);
}

/* ---- existence ------------------------------------------------------------------------ */

static bool
may_come_from(const struct history *history, const struct op *op, val value, int64_t age)
{
	vec_each (struct op, other, &history->ops) {
		struct said said = said_by(history, other);
		if (said.updates && other->key == op->key && other->type != OP_FAIL &&
		    said.value == value && other->invoke_at < op->complete_at &&
		    (other->type == OP_INFO || said.age == age))
			return true;
	}
	return false;
}

/* A version of this age, older than the update-if, is replaced by one between that was over
 * when the update-if began. */
static bool
is_replaced(const struct history *history, const struct said *update, int64_t age)
{
	bool is_strict = rules.is_strict ||
			 (rules.is_atomic && is_guarded(history, update->op->key));

	vec_each (struct op, other, &history->ops) {
		struct said said = said_by(history, other);
		if (other->key == update->op->key && said.age > age &&
		    said.age < update->age &&
		    (is_strict || other->complete_at < update->op->invoke_at))
			return true;
	}
	return false;
}

static bool
is_explained(const struct history *history, const struct said *update)
{
	if (may_come_from(history, update->op, update->expected, -2))
		return true;
	if (update->expected == VAL_OF_NIL && !is_replaced(history, update, -1))
		return true;
	vec_each (struct op, other, &history->ops) {
		struct said said = said_by(history, other);
		if (other->key == update->op->key && said.age >= 0 &&
		    said.age < update->age && said.value == update->expected &&
		    !is_replaced(history, update, said.age))
			return true;
	}
	return false;
}

static bool
is_taken_too_often(const struct history *history, const struct said *update)
{
	size_t taken = 0, written = update->expected == VAL_OF_NIL;

	vec_each (struct op, other, &history->ops) {
		struct said said = said_by(history, other);
		if (other->key != update->op->key || !said.updates)
			continue;
		taken += other->type == OP_OK && other->f == F_UPDATE_IF &&
			 said.expected == update->expected;
		written += other->type != OP_FAIL && said.value == update->expected;
	}
	return written > 0 && taken > written;
}

static bool
is_refusal(const struct history *history, const struct op *op)
{
	return op->f == F_UPDATE_IF && op->type == OP_FAIL &&
	       strstr(history_error(history, op), "mismatch") != NULL;
}

static bool
is_refusal_justified(const struct history *history, const struct op *op)
{
	struct said refused = said_by(history, op), floor = {.age = 0};

	vec_each (struct op, other, &history->ops) {
		struct said said = said_by(history, other);
		if (!rules.is_volatile && other->type == OP_OK && other->key == op->key &&
		    other->node == op->node && other->complete_at < op->invoke_at &&
		    said.age > floor.age)
			floor = said;
	}
	if (floor.value != refused.expected)
		return true;
	vec_each (struct op, other, &history->ops) {
		struct said said = said_by(history, other);
		if (said.updates && other->type != OP_FAIL && other->key == op->key &&
		    other->invoke_at < op->complete_at &&
		    (said.age > floor.age || said.age == -1) &&
		    said.value != refused.expected)
			return true;
	}
	return false;
}

static bool
is_sound(const struct history *history, const struct op *op)
{
	struct said said = said_by(history, op);

	if (is_refusal(history, op))
		return is_refusal_justified(history, op);
	if (op->type != OP_OK)
		return true;
	if (op->f == F_UPDATE_IF &&
	    (!is_explained(history, &said) || is_taken_too_often(history, &said)))
		return false;
	return said.updates || said.age == 0 ||
	       may_come_from(history, op, said.value, said.age);
}

static bool
is_allowed(const struct history *history, bool strict)
{
	(void)strict;
	vec_each (struct op, b, &history->ops) {
		struct said y = said_by(history, b);
		if (!is_sound(history, b))
			return false;
		vec_each (struct op, a, &history->ops) {
			struct said x = said_by(history, a);
			if (a->type == OP_OK && b->type == OP_OK &&
			    !is_pair_sound(history, &x, &y))
				return false;
		}
	}
	return true;
}

/* ---- histories ------------------------------------------------------------------------ */

/* Values are few, so that update-ifs meet; most are the number of the operation. */
static val
some_value(struct history *history, struct choices *choices)
{
	size_t count = history->ops.count;

	if (choices->tries_all || choose_whether(choices, 0.8))
		return val_small((int64_t)count + 1);
	return val_small(1 + (int64_t)choose(choices, count + 1));
}

static void
ask(struct history *history, struct choices *choices, struct op *op)
{
	static const uint16_t fs[] = {F_READ, F_UPDATE_IF, F_WRITE, F_READ};
	size_t dice = choose(choices, choices->tries_all ? 2 : 5);

	op->node = (uint8_t)(1 + (choices->tries_all ? 0 : choose(choices, 2)));
	op->f = dice < 4 ? fs[dice] : history_f(history, "final-read", 10);
	if (!choices->tries_all && choose_whether(choices, 0.1))
		op->key = val_small(7);
	if (op->f == F_WRITE)
		op->input = some_value(history, choices);
	if (op->f != F_UPDATE_IF)
		return;
	int64_t expected = (int64_t)choose(choices, history->ops.count + 1);
	op->input = val_pair(&history->values,
			     expected == 0 ? VAL_OF_NIL : val_small(expected),
			     some_value(history, choices));
	if (choose_whether(choices, 0.7))
		op->error = history_error_id(history, "mismatch");
}

/* The operation of the history that is told here. */
static size_t
index_of(const struct history *history, const struct op *op)
{
	size_t i = history->ops.count;

	while (i-- > 0)
		if (history->ops.items[i].process == op->process)
			return i;
	return 0;
}

static val
version(struct history *history, size_t i, uint8_t node)
{
	return val_pair(&history->values, val_small((int64_t)i + 1), val_small(node));
}

/* The version of update i is [i + 1, its node], mostly. */
static void
answer(struct history *history, struct choices *choices, struct op *op)
{
	size_t mine = index_of(history, op), i = choose(choices, history->ops.count);
	const struct op *seen = &history->ops.items[i];
	bool is_update = seen->f == F_WRITE || seen->f == F_UPDATE_IF;

	op->error = 0;
	if (op->f == F_WRITE || op->f == F_UPDATE_IF) {
		if (!choices->tries_all && choose_whether(choices, 0.05))
			mine = choose(choices, history->ops.count + 1);
		uint8_t node = op->node;
		if (!choices->tries_all && choose_whether(choices, 0.02))
			node = 3;
		op->output = version(history, mine, node);
	} else if (is_update) {
		val value = seen->f == F_WRITE ? seen->input
					       : val_at(&history->values, seen->input, 1);
		if (!choices->tries_all && choose_whether(choices, 0.03))
			value = val_small(1 + (int64_t)choose(choices, 3));
		op->output = val_pair(&history->values, value,
				      version(history, i, seen->node));
	}
}

static void
compare(const char *model)
{
	struct definition versions = {.checker = "versions",
				      .model = model,
				      .ask = ask,
				      .answer = answer,
				      .is_allowed = is_allowed,
				      .anomalies = anomalies,
				      .has_sessions = true,
				      .ops_all = 3};

	rules.is_volatile = model != NULL && strstr(model, "volatile") != NULL;
	rules.is_sessionless = model != NULL && strstr(model, "sessionless") != NULL;
	rules.is_strict = model != NULL && strstr(model, "strict") != NULL;
	rules.is_atomic = model != NULL && strstr(model, "atomic") != NULL;
	rules.names_coordinator = model != NULL && strstr(model, "coordinator") != NULL;
	definition_compare(&versions);
}

static void
versions_agree_with_the_definitions(void **state)
{
	(void)state;
	compare(NULL);
}

static void
other_promises_agree_with_the_definitions(void **state)
{
	(void)state;
	compare("volatile/sessionless");
	compare("strict/coordinator");
	compare("atomic/sessionless");
}

/* ---- locks and lag -------------------------------------------------------------------- */

static void
add(struct history *history, uint32_t at_ms, uint16_t f, enum op_type type, val input,
    val output, const char *error)
{
	uint32_t position = 2 * (uint32_t)history->ops.count;
	struct op op = {.f = f,
			.type = (uint8_t)type,
			.process = position,
			.invoke_at = position,
			.complete_at = position + 1,
			.invoke_ns = at_ms * 1000000LL,
			.complete_ns = at_ms * 1000000LL + 100000,
			.input = input,
			.output = output};

	if (error != NULL)
		op.error = history_error_id(history, error);
	history_add(history, &op);
}

/* Refused at 1 s and at 4 s. */
static void
play_locked(struct history *history, bool has_update, int64_t healed_ms)
{
	struct values *values = &history->values;

	history_init(history);
	val version_1 = val_pair(values, val_small(1), val_small(1));
	val swap = val_pair(values, VAL_OF_NIL, val_small(1));
	add(history, 1000, F_UPDATE_IF, OP_FAIL, swap, VAL_OF_NIL, "the key is locked");
	if (has_update)
		add(history, 2000, F_WRITE, OP_OK, val_small(5), version_1, NULL);
	add(history, 4000, F_UPDATE_IF, OP_FAIL, swap, VAL_OF_NIL, "the key is locked");
	add(history, 5000, F_READ, OP_OK, VAL_OF_NIL,
	    has_update ? val_pair(values, val_small(5), version_1) : VAL_OF_NIL, NULL);
	if (healed_ms > 0)
		vec_push(&history->nemesis,
			 (struct op){.complete_ns = healed_ms * 1000000});
}

static void
expect_lock(bool has_update, int64_t healed_ms, const char *level, const char *anomaly)
{
	struct check_options options = {.level = level};
	struct check_result result;
	struct history history;

	play_locked(&history, has_update, healed_ms);
	checker_run(&checker_versions, &history, &options, &result);
	assert_true(result.certified);
	assert_int_equal(result.verdict, anomaly ? VERDICT_INVALID : VERDICT_VALID);
	if (anomaly != NULL)
		assert_string_equal(result.anomalies.items[0].name, anomaly);
	check_result_release(&result);
	history_release(&history);
}

static void
a_key_must_not_stay_locked_after_the_last_fault(void **state)
{
	(void)state;
	expect_lock(false, 0, "2s", "stuck-lock");
	expect_lock(false, 0, "3s", NULL);
	expect_lock(false, 0, NULL, NULL);
	expect_lock(true, 0, "1s", NULL);
	expect_lock(false, 3000, "2s", NULL);
	expect_lock(false, 1500, "2s", "stuck-lock");
}

static void
reads_behind_are_measured_in_versions_and_in_time(void **state)
{
	struct check_options options = {.model = "sessionless"};
	struct check_result result;
	struct history history;
	struct values *values = &history.values;

	(void)state;
	history_init(&history);
	for (int64_t i = 1; i <= 3; i++)
		add(&history, (uint32_t)i * 10, F_WRITE, OP_OK, val_small(i),
		    val_pair(values, val_small(i), val_small(1)), NULL);
	add(&history, 50, F_READ, OP_OK, VAL_OF_NIL,
	    val_pair(values, val_small(1), val_pair(values, val_small(1), val_small(1))),
	    NULL);
	checker_run(&checker_versions, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_VALID);
	assert_non_null(strstr(buf_text(&result.details),
			       "\"stale-reads\":1,\"versions-behind-max\":2,"
			       "\"time-behind-max-ns\":29900000"));
	check_result_release(&result);
	history_release(&history);
}

static void
a_budget_that_is_over_means_unknown(void **state)
{
	struct history history;

	(void)state;
	play_locked(&history, true, 0);
	budgets_bind(&checker_versions, &history, (struct check_options){0}, 256);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_agree_with_the_definitions),
		cmocka_unit_test(other_promises_agree_with_the_definitions),
		cmocka_unit_test(a_key_must_not_stay_locked_after_the_last_fault),
		cmocka_unit_test(reads_behind_are_measured_in_versions_and_in_time),
		cmocka_unit_test(a_budget_that_is_over_means_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
