/* The frontier engine against brute force: each driver alone and all together. */
#include "checkers/engine/frontier.h"

#include "checkers/engine/certify.h"
#include "checkers/engine/oracle.h"
#include "checkers/generate/generate.h"
#include "checkers/register/multi_register.h"
#include "checkers/register/register.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_history.h"
#include "tests/checkers/script.h"
#include "tests/checkers/typed_history.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

enum {
	COMPARED = 200000 /* with brute force; what takes more time has a share */
};

static size_t beam_valid, beam_unknown;

static void
compare_driver(const struct key_ops *key, const struct check_options *options,
	       unsigned drivers, enum verdict truth)
{
	struct frontier found;
	struct err err = {0};

	frontier_judge(&model_register, key, options, drivers, &found);
	bool may_be_unknown = drivers == FRONTIER_WINDOWS || drivers == FRONTIER_BEAM;
	if (found.verdict != truth &&
	    !(may_be_unknown && found.verdict == VERDICT_UNKNOWN)) {
		whole_history_print(key->history);
		fail_msg("drivers %u: %s (%s), truth %s", drivers,
			 verdict_name(found.verdict), found.reason ? found.reason : "",
			 verdict_name(truth));
	}
	beam_valid += drivers == FRONTIER_BEAM && found.verdict == VERDICT_VALID;
	beam_unknown += drivers == FRONTIER_BEAM && truth == VERDICT_VALID &&
			found.verdict == VERDICT_UNKNOWN;
	struct order order = {VAL_OF_NIL, found.order, found.order_count};
	if (found.verdict == VERDICT_VALID &&
	    !certify_orders(&model_register, key->history, options, &order, 1, &err)) {
		whole_history_print(key->history);
		fail_msg("drivers %u: %s", drivers, err.text);
	}
	frontier_release(&found);
}

static int
compare(const struct history *history, const struct check_options *options)
{
	uint32_t indexes[64];
	struct key_ops key = whole_history(history, indexes);
	enum verdict truth = oracle_judge_key(&model_register, &key, options);

	compare_driver(&key, options, FRONTIER_DEPTH, truth);
	compare_driver(&key, options, FRONTIER_BREADTH, truth);
	compare_driver(&key, options, FRONTIER_WINDOWS, truth);
	compare_driver(&key, options, FRONTIER_BEAM, truth);
	compare_driver(&key, options, FRONTIER_ALL, truth);
	return truth == VERDICT_INVALID;
}

static void
every_driver_agrees_with_brute_force(void **state)
{
	struct rng rng;
	size_t invalid = 0, count = random_count_slow(COMPARED);

	(void)state;
	rng_init(&rng, 7);
	for (size_t i = 0; i < count; i++) {
		struct random_register shape = {
			.ops = 2 + rng_below(&rng, 9),
			.processes = 1 + (uint32_t)rng_below(&rng, 5),
			.values = (uint32_t)rng_below(&rng, 4),
			.read_percent = 20 + (int)rng_below(&rng, 40),
			.cas_percent = (int)rng_below(&rng, 40),
			.info_percent = (int)rng_below(&rng, 50),
			.wrong_percent = (int)rng_below(&rng, 60),
			.fail_percent = (int)rng_below(&rng, 20)};
		struct check_options options = {.failed_cas_observes =
							rng_chance(&rng, 0.3),
						.nil_is_unknown = rng_chance(&rng, 0.2)};
		struct history history;
		random_register_play(&history, &shape, &rng);
		invalid += (size_t)compare(&history, &options);
		history_release(&history);
	}
	print_message("%zu of %zu are invalid\n", invalid, count);
	assert_true(invalid > count / 10 && invalid < count * 9 / 10);
	assert_true(beam_unknown * 1000 < beam_valid);
}

/* Reads that nobody waits for, of what was there in the beginning: they change no verdict. */
static void
open_idle_reads(struct history *history, val initial, uint32_t count)
{
	uint32_t last = 2 * (uint32_t)history->ops.count + count;
	size_t before = history->ops.count;

	vec_each (struct op, op, &history->ops) {
		op->invoke_at += count;
		if (op->complete_at != OP_NEVER)
			op->complete_at += count;
	}
	for (uint32_t i = 0; i < count; i++)
		vec_push(&history->ops, (struct op){.f = F_READ,
						    .type = OP_OK,
						    .process = 100 + i,
						    .output = initial,
						    .invoke_at = i,
						    .complete_at = last + i});
	struct op *ops = mem_new(before, sizeof(*ops));
	memcpy(ops, history->ops.items, before * sizeof(*ops));
	memmove(history->ops.items, history->ops.items + before, count * sizeof(*ops));
	memcpy(history->ops.items + count, ops, before * sizeof(*ops));
	free(ops);
}

/* Whether the verdicts of brute force stand when hundreds of calls are open at once. */
static void
many_open_calls_change_no_verdict(void **state)
{
	struct rng rng;
	size_t invalid = 0, count = random_share(2000, COMPARED);

	(void)state;
	rng_init(&rng, 11);
	for (size_t i = 0; i < count; i++) {
		struct random_register shape = {
			.ops = 2 + rng_below(&rng, 8),
			.processes = 1 + (uint32_t)rng_below(&rng, 4),
			.values = 1 + (uint32_t)rng_below(&rng, 3),
			.read_percent = 20 + (int)rng_below(&rng, 40),
			.cas_percent = (int)rng_below(&rng, 40),
			.info_percent = (int)rng_below(&rng, 50),
			.wrong_percent = (int)rng_below(&rng, 60)};
		struct check_options options = {.init = val_small(0)};
		struct history history;
		uint32_t indexes[512];
		random_register_play(&history, &shape, &rng);
		struct key_ops key = whole_history(&history, indexes);
		enum verdict truth = oracle_judge_key(&model_register, &key, &options);
		open_idle_reads(&history, options.init,
				60 + (uint32_t)rng_below(&rng, 300));
		key = whole_history(&history, indexes);
		compare_driver(&key, &options, FRONTIER_DEPTH, truth);
		compare_driver(&key, &options, FRONTIER_BREADTH, truth);
		compare_driver(&key, &options, FRONTIER_WINDOWS, truth);
		compare_driver(&key, &options, FRONTIER_ALL, truth);
		invalid += truth == VERDICT_INVALID;
		history_release(&history);
	}
	assert_true(invalid > count / 10 && invalid < count * 9 / 10);
}

static void
large_valid_histories_are_valid(void **state)
{
	struct random_register shape = {.ops = 20000,
					.processes = 10,
					.values = 5,
					.read_percent = 50,
					.cas_percent = 25,
					.info_percent = 1};
	struct history history;
	struct frontier found;
	struct check_options options = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 3);
	random_register_play(&history, &shape, &rng);
	uint32_t *indexes = mem_new(history.ops.count, sizeof(*indexes));
	struct key_ops key = whole_history(&history, indexes);
	frontier_judge(&model_register, &key, &options, FRONTIER_ALL, &found);
	assert_int_equal(found.verdict, VERDICT_VALID);
	frontier_release(&found);
	free(indexes);
	history_release(&history);
}

/* Three of ten operations crashed: searches that count them all apart do not end. */
static void
thousands_of_crashed_transactions_are_no_obstacle(void **state)
{
	struct typed_shape shape = {
		.ops = 3000, .processes = 10, .variety = 3, .info_percent = 30};
	struct history history;
	struct frontier found;
	struct check_options options = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 1);
	typed_play(&history, &typed_multi_register, &shape, &rng);
	uint32_t *indexes = mem_new(history.ops.count, sizeof(*indexes));
	struct key_ops key = whole_history(&history, indexes);
	frontier_judge(&model_multi_register, &key, &options, FRONTIER_ALL, &found);
	assert_int_equal(found.verdict, VERDICT_VALID);
	assert_int_equal(found.decided_by, FRONTIER_BEAM);
	frontier_release(&found);
	free(indexes);
	history_release(&history);
}

static void
assert_judged(const struct generate_options *planned, enum verdict verdict)
{
	struct check_options options = {.budget.bytes_max = 64 << 20};
	struct check_result result;
	struct history history;
	struct err err;

	history_init(&history);
	assert_true(generate_history(&history, planned, &err));
	checker_run(&checker_multi_register, &history, &options, &result);
	assert_int_equal(result.verdict, verdict);
	assert_true(result.certified);
	check_result_release(&result);
	history_release(&history);
}

static void
values_written_once_need_no_search_of_states(void **state)
{
	struct generate_options planned = {.type = "multi-register",
					   .operations = 3000,
					   .processes = 30,
					   .info_percent = 10};

	(void)state;
	for (planned.seed = 1; planned.seed <= random_share(10, COMPARED);
	     planned.seed++) {
		planned.mutate = NULL;
		assert_judged(&planned, VERDICT_VALID);
		planned.mutate = "torn-read";
		assert_judged(&planned, VERDICT_INVALID);
		planned.mutate = "unwritten-read";
		assert_judged(&planned, VERDICT_INVALID);
	}
}

/* One micro-operation after the other; false when a read did not return what is there. */
static bool
play_txn(const struct values *values, val txn, val cells[3])
{
	for (size_t i = 0; i < val_count(values, txn); i++) {
		val micro = val_at(values, txn, i), v = val_at(values, micro, 2);
		val *cell = &cells[val_number(values, val_at(values, micro, 1))];
		if (val_text(values, val_at(values, micro, 0)).data[0] == 'w')
			*cell = v;
		else if (*cell != v)
			return false;
	}
	return true;
}

static bool
play_txns(const struct history *history)
{
	val cells[3] = {VAL_OF_NIL, VAL_OF_NIL, VAL_OF_NIL};

	vec_each (struct op, op, &history->ops) {
		if (!play_txn(&history->values, op->output, cells))
			return false;
	}
	return true;
}

/* The model knows transactions only by what they find and leave in sum. */
static void
transactions_one_by_one_do_what_their_parts_do(void **state)
{
	size_t valid = 0, count = random_share(20000, COMPARED);
	struct check_options options = {0};
	uint32_t indexes[64];
	struct rng rng;

	(void)state;
	rng_init(&rng, 5);
	for (size_t i = 0; i < count; i++) {
		struct typed_shape shape = {.ops = 1 + rng_below(&rng, 6),
					    .processes = 1,
					    .variety = 2,
					    .wrong_percent = 30};
		struct history history;
		struct frontier found;
		typed_play(&history, &typed_multi_register, &shape, &rng);
		struct key_ops key = whole_history(&history, indexes);
		bool truth = play_txns(&history);
		frontier_judge(&model_multi_register, &key, &options, FRONTIER_ALL,
			       &found);
		assert_int_equal(found.verdict, truth ? VERDICT_VALID : VERDICT_INVALID);
		valid += truth;
		frontier_release(&found);
		history_release(&history);
	}
	assert_true(valid > count / 10 && valid < count * 9 / 10);
}

static void
a_budget_that_is_over_gives_unknown_with_the_reason(void **state)
{
	atomic_bool stop = true;
	struct check_options over = {.budget = {.stop = &stop}};
	struct check_options tiny = {.budget = {.bytes_max = 64}};
	struct history history;
	struct frontier found;
	uint32_t indexes[64];

	(void)state;
	script_play(&history, "0+w1 0=ok 0+w1 0=ok 1+r 1=1");
	struct key_ops key = whole_history(&history, indexes);
	frontier_judge(&model_register, &key, &over, FRONTIER_ALL, &found);
	assert_int_equal(found.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(found.reason, "time"));
	frontier_release(&found);
	frontier_judge(&model_register, &key, &tiny, FRONTIER_ALL, &found);
	assert_int_equal(found.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(found.reason, "memory"));
	frontier_release(&found);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_driver_agrees_with_brute_force),
		cmocka_unit_test(many_open_calls_change_no_verdict),
		cmocka_unit_test(large_valid_histories_are_valid),
		cmocka_unit_test(thousands_of_crashed_transactions_are_no_obstacle),
		cmocka_unit_test(values_written_once_need_no_search_of_states),
		cmocka_unit_test(transactions_one_by_one_do_what_their_parts_do),
		cmocka_unit_test(a_budget_that_is_over_gives_unknown_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
