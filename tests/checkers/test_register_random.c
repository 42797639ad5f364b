/* The whole register checker on random histories: the verdict is the brute-force one, every
 * verdict is certified, and what cannot matter does not. */
#include "checkers/engine/oracle.h"
#include "checkers/register/register.h"
#include "checkers/register/register_core.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_history.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

enum {
	COMPARED = 60000 /* with brute force; what takes more time has a share */
};

static struct random_register
some_shape(struct rng *rng, size_t ops_max)
{
	return (struct random_register){.ops = 2 + rng_below(rng, ops_max - 1),
					.processes = 1 + (uint32_t)rng_below(rng, 5),
					.values = (uint32_t)rng_below(rng, 4),
					.read_percent = 20 + (int)rng_below(rng, 40),
					.cas_percent = (int)rng_below(rng, 40),
					.info_percent = (int)rng_below(rng, 30),
					.wrong_percent = (int)rng_below(rng, 40),
					.fail_percent = (int)rng_below(rng, 20)};
}

static enum verdict
verdict_of(const struct history *history, int threads)
{
	struct check_options options = {.threads = threads};
	struct check_result result;

	checker_run(&checker_register, history, &options, &result);
	enum verdict verdict = result.verdict;
	if (verdict == VERDICT_UNKNOWN || !result.certified) {
		whole_history_print(history);
		fail_msg("%s: %s", verdict_name(verdict), result.reason);
	}
	check_result_release(&result);
	return verdict;
}

static void
verdicts_are_true_and_certified(void **state)
{
	size_t invalid = 0, count = random_count_slow(COMPARED);
	struct rng rng;

	(void)state;
	rng_init(&rng, 11);
	for (size_t i = 0; i < count; i++) {
		struct random_register shape = some_shape(&rng, 10);
		struct check_options options = {0};
		struct history history;
		uint32_t indexes[16];
		random_register_play(&history, &shape, &rng);
		struct key_ops key = whole_history(&history, indexes);
		enum verdict truth = oracle_judge_key(&model_register, &key, &options);
		assert_int_equal(verdict_of(&history, 1), truth);
		history_release(&history);
		invalid += truth == VERDICT_INVALID;
	}
	print_message("%zu of %zu are invalid\n", invalid, count);
	assert_in_range(invalid, count / 10, count * 9 / 10);
}

static void
what_a_real_register_did_is_valid(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 12);
	for (size_t i = 0; i < random_share(2000, COMPARED); i++) {
		struct random_register shape = some_shape(&rng, 300);
		struct history history;
		shape.wrong_percent = 0;
		shape.info_percent /= 6;
		random_register_play(&history, &shape, &rng);
		assert_int_equal(verdict_of(&history, 1), VERDICT_VALID);
		history_release(&history);
	}
}

/* A value that was never written is planted in one read: invalid, always. */
static void
a_planted_value_is_always_found(void **state)
{
	struct rng rng;
	size_t planted = 0;

	(void)state;
	rng_init(&rng, 13);
	for (size_t i = 0; i < random_share(2000, COMPARED); i++) {
		struct random_register shape = some_shape(&rng, 200);
		struct history history;
		shape.wrong_percent = 0;
		shape.info_percent /= 6;
		random_register_play(&history, &shape, &rng);
		size_t at = rng_below(&rng, history.ops.count);
		struct op *op = &history.ops.items[at];
		if (op->f == F_READ && op->type == OP_OK) {
			op->output = val_small(-1);
			assert_int_equal(verdict_of(&history, 1), VERDICT_INVALID);
			planted++;
		}
		history_release(&history);
	}
	assert_true(planted > random_share(2000, COMPARED) / 10);
}

/* ---- what cannot matter ---------------------------------------------------------------- */

static val
renamed(struct history *history, val v)
{
	if (val_kind(v) == VAL_LIST)
		return val_pair(&history->values,
				renamed(history, val_at(&history->values, v, 0)),
				renamed(history, val_at(&history->values, v, 1)));
	if (v == VAL_OF_NIL)
		return v;
	struct buf text = {0};
	buf_printf(&text, "value %d", (int)val_number(&history->values, v));
	val name = val_string(&history->values, buf_text(&text));
	buf_release(&text);
	return name;
}

static void
rename_everything(struct history *history)
{
	val key = val_string(&history->values, "another key");

	for (size_t i = 0; i < history->ops.count; i++) {
		struct op *op = &history->ops.items[i];
		op->process = 1000 - op->process;
		op->key = key;
		op->input = renamed(history, op->input);
		op->output = renamed(history, op->output);
	}
}

static void
names_do_not_matter(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 14);
	for (size_t i = 0; i < random_share(5000, COMPARED); i++) {
		struct random_register shape = some_shape(&rng, 14);
		struct history history;
		random_register_play(&history, &shape, &rng);
		enum verdict before = verdict_of(&history, 1);
		rename_everything(&history);
		assert_int_equal(verdict_of(&history, 1), before);
		history_release(&history);
	}
}

static void
relaxing_never_makes_a_valid_history_invalid(void **state)
{
	struct rng rng;
	size_t valid = 0;

	(void)state;
	rng_init(&rng, 15);
	for (size_t i = 0; i < random_share(5000, COMPARED); i++) {
		struct random_register shape = some_shape(&rng, 14);
		struct history history;
		shape.wrong_percent /= 4;
		random_register_play(&history, &shape, &rng);
		enum verdict before = verdict_of(&history, 1);
		struct op *op = &history.ops.items[rng_below(&rng, history.ops.count)];
		if (op->type == OP_OK) {
			op->type = OP_INFO;
			op->complete_at = OP_NEVER;
			op->complete_ns = -1;
			op->output = VAL_OF_NIL;
		}
		if (before == VERDICT_VALID) {
			assert_int_equal(verdict_of(&history, 1), VERDICT_VALID);
			valid++;
		}
		history_release(&history);
	}
	assert_true(valid > random_share(5000, COMPARED) / 10);
}

/* The operations of a history, spread over keys at random: more keys, the same answers. */
static void
spread_over_keys(struct history *history, struct rng *rng, uint32_t keys)
{
	for (size_t i = 0; i < history->ops.count; i++)
		history->ops.items[i].key = val_small((int64_t)rng_below(rng, keys));
}

static void
print_result(const struct check_result *result, struct buf *out)
{
	buf_printf(out, "%s %s %s %s\n", verdict_name(result->verdict), result->reason,
		   result->complexity, buf_text(&result->details));
	for (size_t i = 0; i < result->anomalies.count; i++)
		buf_printf(out, "%s %s\n", result->anomalies.items[i].name,
			   result->anomalies.items[i].text);
	for (size_t i = 0; i < result->orders.count; i++)
		for (size_t k = 0; k < result->orders.items[i].count; k++)
			buf_printf(out, "%u ", result->orders.items[i].ops[k]);
}

static void
threads_do_not_change_a_byte(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 16);
	for (size_t i = 0; i < random_share(200, COMPARED); i++) {
		struct random_register shape = some_shape(&rng, 200);
		struct history history;
		struct buf outputs[2] = {{0}};
		shape.info_percent /= 6;
		random_register_play(&history, &shape, &rng);
		spread_over_keys(&history, &rng, 10);
		for (int t = 0; t < 2; t++) {
			struct check_options options = {.threads = t == 0 ? 1 : 4};
			struct check_result result;
			checker_run(&checker_register, &history, &options, &result);
			print_result(&result, &outputs[t]);
			check_result_release(&result);
		}
		assert_string_equal(buf_text(&outputs[0]), buf_text(&outputs[1]));
		buf_release(&outputs[0]);
		buf_release(&outputs[1]);
		history_release(&history);
	}
}

/* Any part of a history that a real register produced is possible. */
static void
parts_of_valid_histories_are_never_refuted(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 18);
	for (size_t i = 0; i < random_share(10000, COMPARED); i++) {
		struct random_register shape = some_shape(&rng, 60);
		struct check_options options = {.failed_cas_observes =
							rng_chance(&rng, 0.5)};
		struct register_core core;
		struct history history;
		uint32_t indexes[64], part[8];
		shape.wrong_percent = 0;
		random_register_play(&history, &shape, &rng);
		struct key_ops key = whole_history(&history, indexes);
		register_core_init(&core, &key, &options);
		for (int k = 0; k < 8; k++)
			part[k] = (uint32_t)rng_below(&rng, history.ops.count);
		assert_false(register_core_refutes(&core, part, 8));
		register_core_release(&core);
		history_release(&history);
	}
}

/* One wrong read in a history of a few hundred operations: the core is small. */
static void
explanations_have_at_most_a_dozen_operations(void **state)
{
	struct rng rng;
	size_t invalid = 0, small = 0;

	(void)state;
	rng_init(&rng, 17);
	for (size_t i = 0; i < random_share(200, COMPARED); i++) {
		struct random_register shape = {.ops = 300,
						.processes = 5,
						.values = 5,
						.read_percent = 50,
						.cas_percent = 20,
						.info_percent = 1,
						.wrong_percent = 2};
		struct check_options options = {.threads = 1};
		struct check_result result;
		struct history history;
		random_register_play(&history, &shape, &rng);
		checker_run(&checker_register, &history, &options, &result);
		assert_true(result.certified);
		if (result.verdict == VERDICT_INVALID) {
			size_t ops = result.anomalies.items[0].ops.count;
			invalid++;
			small += ops <= 12 && strstr(result.anomalies.items[0].text,
						     "no small part") == NULL;
			if (getenv("SHOW") != NULL && invalid < 4)
				print_message("%s: %s\n", result.anomalies.items[0].name,
					      result.anomalies.items[0].text);
		}
		check_result_release(&result);
		history_release(&history);
	}
	print_message("%zu of %zu explanations are small\n", small, invalid);
	assert_true(invalid > 0 && small * 10 >= invalid * 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_are_true_and_certified),
		cmocka_unit_test(what_a_real_register_did_is_valid),
		cmocka_unit_test(a_planted_value_is_always_found),
		cmocka_unit_test(names_do_not_matter),
		cmocka_unit_test(relaxing_never_makes_a_valid_history_invalid),
		cmocka_unit_test(threads_do_not_change_a_byte),
		cmocka_unit_test(parts_of_valid_histories_are_never_refuted),
		cmocka_unit_test(explanations_have_at_most_a_dozen_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
