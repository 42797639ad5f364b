/* The checkers of many types: the verdict is the brute-force one on random histories, and
 * each verdict is certified. */
#include "checkers/type/counter.h"
#include "checkers/type/lock.h"
#include "checkers/type/log.h"
#include "checkers/register/multi_register.h"
#include "checkers/engine/oracle.h"
#include "checkers/type/semaphore.h"
#include "checkers/collection/set_full.h"
#include "checkers/type/unique_ids.h"
#include "checkers/register/versioned_register.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/typed_history.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static void
fail_with(const struct history *history, const struct check_result *result,
	  enum verdict truth)
{
	struct buf text = {0};

	vec_each (struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_printf(&text, " [%u..%u]\n", op->invoke_at, op->complete_at);
	}
	fail_msg("%s: %s: %s, truth %s\n%s", result->checker,
		 verdict_name(result->verdict), result->reason, verdict_name(truth),
		 buf_text(&text));
}

static enum verdict
expect(const struct history *history, const struct checker *checker,
       const struct check_options *options, enum verdict truth)
{
	struct check_result result;

	checker_run(checker, history, options, &result);
	enum verdict verdict = result.verdict;
	if (verdict != truth || !result.certified)
		fail_with(history, &result, truth);
	check_result_release(&result);
	return verdict;
}

/* Brute force and the checker on random small histories; on long ones without lies the
 * truth is known. */
static void
differ(const struct typed *type, const struct checker *checker, const struct model *model,
       const char *model_name, int64_t init, uint64_t seed)
{
	struct check_options options = {.threads = 1,
					.model = model_name,
					.init = init == 0 ? VAL_OF_NIL : val_small(init)};
	size_t count = random_count_slow(15000), invalid = 0;
	struct history history;
	uint32_t indexes[64];
	struct rng rng;

	rng_init(&rng, seed);
	for (size_t i = 0; i < count; i++) {
		struct typed_shape shape = typed_some_shape(&rng, 10);
		typed_play(&history, type, &shape, &rng);
		struct key_ops key = whole_history(&history, indexes);
		enum verdict truth = oracle_judge_key(model, &key, &options);
		invalid += expect(&history, checker, &options, truth) == VERDICT_INVALID;
		history_release(&history);
	}
	print_message("%s: %zu of %zu invalid\n", type->name, invalid, count);
	assert_true(invalid > count / 20 && invalid < count * 19 / 20);
	for (size_t i = 0; i < 200; i++) {
		struct typed_shape shape = typed_some_shape(&rng, 200);
		shape.wrong_percent = 0;
		shape.info_percent /= 6;
		typed_play(&history, type, &shape, &rng);
		expect(&history, checker, &options, VERDICT_VALID);
		history_release(&history);
	}
}

static void
locks_agree_with_brute_force(void **state)
{
	(void)state;
	differ(&typed_lock, &checker_lock, &model_lock, NULL, 0, 1);
	differ(&typed_lock, &checker_lock, &model_lock, "mutex", 0, 2);
	differ(&typed_lock, &checker_lock, &model_lock, "reentrant", 0, 3);
	differ(&typed_fenced_lock, &checker_fenced_lock, &model_fenced_lock, NULL, 0, 4);
	differ(&typed_fenced_lock, &checker_fenced_lock, &model_fenced_lock, "reentrant",
	       0, 5);
}

static void
semaphores_agree_with_brute_force(void **state)
{
	(void)state;
	differ(&typed_semaphore, &checker_semaphore, &model_semaphore, NULL, 2, 6);
}

static void
counters_agree_with_brute_force(void **state)
{
	(void)state;
	differ(&typed_counter, &checker_counter, &model_counter, NULL, 0, 7);
	differ(&typed_unit_counter, &checker_counter, &model_counter, NULL, 0, 8);
	differ(&typed_fetch_counter, &checker_counter, &model_counter, NULL, 0, 9);
}

static val
enlarged(const struct history *history, val v)
{
	return val_small(val_number(&history->values, v) * ((int64_t)1 << 40));
}

static bool
is_number(val v)
{
	return v != VAL_OF_NIL && val_kind(v) == VAL_INT;
}

/* All numbers of a counter's history times 2^40; a bare change is one by 1. */
static void
enlarge(struct history *history)
{
	vec_each (struct op, op, &history->ops) {
		bool is_bare = op->f == F_INCREMENT || op->f == F_DECREMENT;
		if (is_bare && op->input == VAL_OF_NIL)
			op->input = val_small(1);
		if (is_number(op->input))
			op->input = enlarged(history, op->input);
		if (is_number(op->output))
			op->output = enlarged(history, op->output);
	}
}

static void
large_numbers_of_counters_are_judged_as_small_ones_are(void **state)
{
	static const struct typed *const types[] = {&typed_counter, &typed_unit_counter,
						    &typed_fetch_counter};
	struct check_options options = {.threads = 1};
	struct check_result small;
	struct history history;
	struct rng rng;
	size_t unlike_valid = 0, count = random_count_slow(6000);

	(void)state;
	rng_init(&rng, 13);
	for (size_t i = 0; i < count; i++) {
		struct typed_shape shape = typed_some_shape(&rng, 40);
		typed_play(&history, types[i % 3], &shape, &rng);
		checker_run(&checker_counter, &history, &options, &small);
		enlarge(&history);
		expect(&history, &checker_counter, &options, small.verdict);
		unlike_valid += small.verdict != VERDICT_VALID;
		check_result_release(&small);
		history_release(&history);
	}
	assert_in_range(unlike_valid, count / 20, count * 19 / 20);
}

static void
versioned_registers_agree_with_brute_force(void **state)
{
	(void)state;
	differ(&typed_versioned, &checker_versioned_register, &model_versioned_register,
	       NULL, 0, 10);
}

static void
logs_agree_with_brute_force(void **state)
{
	(void)state;
	differ(&typed_log, &checker_log, &model_log, NULL, 0, 11);
}

static void
several_registers_agree_with_brute_force(void **state)
{
	(void)state;
	differ(&typed_multi_register, &checker_multi_register, &model_multi_register,
	       NULL, 0, 12);
}

/* ---- types whose checkers need no model: the truth comes from one of the tests' own ---- */

/* A set of at most 32 elements as bits. */
struct small_set {
	const struct history *history;
	struct value_ids ids;
};

static void *
small_set_open(const struct key_ops *key, const struct check_options *options)
{
	struct small_set *self = mem_new(1, sizeof(*self));

	(void)options;
	self->history = key->history;
	value_ids_init(&self->ids, &key->history->values);
	return self;
}

static void
small_set_close(void *context)
{
	struct small_set *self = context;

	value_ids_release(&self->ids);
	free(self);
}

/* A read with an element twice: b is 1, and never possible. */
static bool
small_set_decode(void *context, const struct op *op, struct call *call)
{
	struct small_set *self = context;
	const struct values *values = &self->history->values;

	if (op->type == OP_FAIL || (op->f == F_READ && op->type != OP_OK))
		return false;
	call->kind = op->f;
	if (op->f == F_ADD)
		call->a = 1u << value_ids_add(&self->ids, op->input);
	for (size_t i = 0; op->f == F_READ && i < val_count(values, op->output); i++) {
		uint32_t bit =
			1u << value_ids_add(&self->ids, val_at(values, op->output, i));
		call->b |= (call->a & bit) != 0;
		call->a |= bit;
	}
	return true;
}

static uint32_t
small_first(void *context)
{
	(void)context;
	return 0;
}

static bool
small_set_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	(void)context;
	*next = call->kind == F_ADD ? state | call->a : state;
	return call->kind == F_ADD || (state == call->a && call->b == 0);
}

static const struct model model_small_set = {.name = "small set",
					     .open = small_set_open,
					     .close = small_set_close,
					     .decode = small_set_decode,
					     .init = small_first,
					     .step = small_set_step};

static void
whole_sets_agree_with_brute_force(void **state)
{
	(void)state;
	differ(&typed_set, &checker_set_full, &model_small_set, NULL, 0, 13);
}

/* Ids in increasing order: the state is the greatest; duplicates are no step. */
static bool
small_ids_decode(void *context, const struct op *op, struct call *call)
{
	struct small_set *self = context;

	if (op->type != OP_OK)
		return false;
	call->a = (uint32_t)val_number(&self->history->values, op->output);
	return true;
}

static bool
small_ids_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	(void)context;
	*next = call->a;
	return call->a > state;
}

static const struct model model_small_ids = {.name = "increasing ids",
					     .open = small_set_open,
					     .close = small_set_close,
					     .decode = small_ids_decode,
					     .init = small_first,
					     .step = small_ids_step};

static void
increasing_ids_agree_with_brute_force(void **state)
{
	(void)state;
	differ(&typed_ids, &checker_unique_ids, &model_small_ids, "monotone", 0, 14);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locks_agree_with_brute_force),
		cmocka_unit_test(semaphores_agree_with_brute_force),
		cmocka_unit_test(counters_agree_with_brute_force),
		cmocka_unit_test(large_numbers_of_counters_are_judged_as_small_ones_are),
		cmocka_unit_test(versioned_registers_agree_with_brute_force),
		cmocka_unit_test(logs_agree_with_brute_force),
		cmocka_unit_test(several_registers_agree_with_brute_force),
		cmocka_unit_test(whole_sets_agree_with_brute_force),
		cmocka_unit_test(increasing_ids_agree_with_brute_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
