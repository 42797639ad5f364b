/* Explanations of the general engine: small, found among crashed operations, and never of
 * what is valid. */
#include "checkers/engine/shrink.h"

#include "checkers/explain.h"
#include "checkers/generate/generate.h"
#include "checkers/register/multi_register.h"
#include "checkers/type/counter.h"
#include "checkers/type/lock.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/typed_history.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* What follows from unknown orders of writes takes as many transactions as its derivation
 * names. */
static size_t
most_shown(const struct generate_type *type)
{
	return strcmp(type->name, "rw-register") == 0 ? 24 : EXPLAIN_OPS_MAX;
}

static void
assert_small_explanation(const struct generate_type *type,
			 const struct generate_options *planted)
{
	struct check_options options = {.threads = 1, .model = type->model};
	struct check_result result;
	struct history history;
	struct err err;

	history_init(&history);
	if (type->init != NULL)
		options.init = val_small(strtol(type->init, NULL, 10));
	assert_true(generate_history(&history, planted, &err));
	checker_run(
		checker_find(type->checker != NULL ? type->checker : type->name, &err),
		&history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_INVALID);
	assert_true(result.certified);
	vec_each (struct anomaly, anomaly, &result.anomalies) {
		assert_in_range(anomaly->ops.count, 1, most_shown(type));
		assert_null(strstr(anomaly->text, "no small"));
	}
	check_result_release(&result);
	history_release(&history);
}

/* Of every type and mutation. */
static void
a_dozen_operations_among_crashed_ones_show_what_was_planted(void **state)
{
	size_t count;
	const struct generate_type *const *types = generate_types(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; types[i]->mutations[k].name != NULL; k++)
			for (uint64_t seed = 1; seed <= random_share(5, 320); seed++)
				assert_small_explanation(
					types[i],
					&(struct generate_options){
						.type = types[i]->name,
						.mutate = types[i]->mutations[k].name,
						.operations = 400,
						.info_percent = 5,
						.fail_percent = 5,
						.seed = seed});
}

/* Some operations that stand close to each other, or anywhere. */
static size_t
pick_some(const struct history *history, struct rng *rng, uint32_t *ops)
{
	size_t all = history->ops.count, count = 1 + rng_below(rng, 6);
	size_t near = rng_chance(rng, 0.7) && all > 12 ? 12 : all;
	size_t from = rng_below(rng, all - near + 1);

	for (size_t i = 0; i < count; i++)
		ops[i] = (uint32_t)(from + rng_below(rng, near));
	return count;
}

static void
assert_nothing_is_refuted(const struct history *history, const struct model *model,
			  const struct check_options *options, struct rng *rng)
{
	uint32_t indexes[128], ops[8];
	struct key_ops key = whole_history(history, indexes);
	struct shrink shrink;

	shrink_init(&shrink, model, &key, options);
	for (int i = 0; i < 10; i++) {
		size_t count = pick_some(history, rng, ops);
		if (!shrink_refutes(&shrink, ops, count))
			continue;
		whole_history_print(history);
		fail_msg("a part of a valid history of a %s is refuted", model->name);
	}
	shrink_release(&shrink);
}

static void
no_part_of_a_valid_history_is_refuted(void **state)
{
	static const struct {
		const struct typed *type;
		const struct model *model;
		const char *variant;
	} of[] = {{&typed_lock, &model_lock, NULL},
		  {&typed_fenced_lock, &model_fenced_lock, NULL},
		  {&typed_fenced_lock, &model_fenced_lock, "reentrant"},
		  {&typed_lock, &model_lock, "mutex"},
		  {&typed_counter, &model_counter, NULL},
		  {&typed_fetch_counter, &model_counter, NULL},
		  {&typed_unit_counter, &model_counter, NULL},
		  {&typed_multi_register, &model_multi_register, NULL}};
	struct rng rng;

	(void)state;
	rng_init(&rng, 11);
	for (size_t i = 0; i < random_count_slow(320); i++) {
		size_t at = i % (sizeof(of) / sizeof(of[0]));
		struct typed_shape shape = {.ops = 2 + rng_below(&rng, 100),
					    .processes = 1 + (uint32_t)rng_below(&rng, 5),
					    .variety = 1 + (uint32_t)rng_below(&rng, 3),
					    .has_unique = rng_chance(&rng, 0.5),
					    .info_percent = (int)rng_below(&rng, 60)};
		struct check_options options = {.model = of[at].variant};
		struct history history;
		typed_play(&history, of[at].type, &shape, &rng);
		assert_nothing_is_refuted(&history, of[at].model, &options, &rng);
		history_release(&history);
	}
}

/* Those that began last before it, and itself. */
static void
of_too_many_operations_the_nearest_are_shown(void **state)
{
	struct anomaly anomaly = {0};
	uint32_t ops[100];

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		ops[i] = (i * 37) % 100;
	explain_add_nearest(&anomaly, 50, ops, 100);
	assert_int_equal(anomaly.ops.count, EXPLAIN_OPS_MAX);
	vec_each (uint32_t, op, &anomaly.ops)
		assert_in_range(*op, 50 - EXPLAIN_OPS_MAX + 1, 50);
	vec_release(&anomaly.ops);
	explain_add_nearest(&anomaly, 7, ops, 3);
	assert_int_equal(anomaly.ops.count, 4);
	vec_release(&anomaly.ops);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_dozen_operations_among_crashed_ones_show_what_was_planted),
		cmocka_unit_test(no_part_of_a_valid_history_is_refuted),
		cmocka_unit_test(of_too_many_operations_the_nearest_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
