/* Checkers that know no keys judge the history of each key alone. */
#include "checkers/checker.h"
#include "checkers/generate/generate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const types[] = {"bank", "dirty-reads", "long-fork", "kafka"};

enum {
	TYPES = sizeof(types) / sizeof(types[0]),
	SEEDS = 12,
};

/* The operations of another history as those of a key, between those that are there. */
static void
add_key(struct history *to, const struct history *from, int64_t key)
{
	vec_each (struct op, op, &from->ops) {
		struct op copy = *op;
		bool ends = op->complete_at != OP_NEVER;
		copy.key = val_small(key);
		copy.process = 100 * (uint32_t)key + op->process;
		copy.f = history_f(to, history_f_name(from, op->f),
				   strlen(history_f_name(from, op->f)));
		copy.invoke_at = 2 * op->invoke_at + (uint32_t)key;
		copy.complete_at = ends ? 2 * op->complete_at + (uint32_t)key : OP_NEVER;
		copy.input = val_copy(&to->values, &from->values, op->input);
		copy.output = val_copy(&to->values, &from->values, op->output);
		copy.error = history_error_id(to, history_error(from, op));
		history_add(to, &copy);
	}
}

static void
play(struct history *history, const char *type, const char *mutate, uint64_t seed)
{
	struct generate_options how = {.type = type,
				       .mutate = mutate,
				       .operations = 60,
				       .info_percent = 3,
				       .seed = seed};
	struct err err;

	history_init(history);
	assert_true(generate_history(history, &how, &err));
}

/* The verdict of one history, without keys. */
static enum verdict
judge_one(const struct checker *checker, const struct history *history)
{
	struct check_result result;

	checker_run(checker, history, &(struct check_options){0}, &result);
	enum verdict verdict = result.verdict;
	check_result_release(&result);
	return verdict;
}

static void
assert_ops_of(const struct history *history, const struct check_result *result,
	      int64_t key)
{
	assert_true(result->anomalies.count > 0);
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		assert_true(anomaly->ops.count > 0);
		vec_each (uint32_t, op, &anomaly->ops)
			assert_true(history->ops.items[*op].key == val_small(key));
	}
}

/* A history of two keys, of which the second may be invalid, against its parts. */
static void
compare(const char *type, const char *mutate, uint64_t seed, size_t *invalid)
{
	struct history first, second, both;
	struct check_result result;
	struct err err;
	const struct checker *checker = checker_find(type, &err);

	play(&first, type, NULL, seed);
	play(&second, type, mutate, seed + 1000);
	history_init(&both);
	add_key(&both, &first, 0);
	add_key(&both, &second, 1);
	history_sort(&both);
	checker_run(checker, &both, &(struct check_options){0}, &result);
	assert_int_equal(result.verdict, verdict_worse(judge_one(checker, &first),
						       judge_one(checker, &second)));
	assert_int_equal(result.operations, both.ops.count);
	if (result.verdict == VERDICT_INVALID) {
		assert_true(result.certified);
		assert_non_null(strstr(result.reason, ", in 1 of 2 keys"));
		assert_ops_of(&both, &result, 1);
		++*invalid;
	}
	check_result_release(&result);
	history_release(&first);
	history_release(&second);
	history_release(&both);
}

static void
each_key_is_judged_alone_and_the_worst_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < TYPES; i++) {
		size_t invalid = 0;
		for (uint64_t seed = 1; seed <= SEEDS; seed++)
			compare(types[i], seed % 2 == 0 ? "any" : NULL, seed, &invalid);
		assert_true(invalid > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_is_judged_alone_and_the_worst_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
