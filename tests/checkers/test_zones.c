/* Zones against brute force: every small history, and many random ones. */
#include "checkers/register/zones.h"

#include "checkers/engine/certify.h"
#include "checkers/engine/oracle.h"
#include "checkers/register/register.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_history.h"
#include "tests/checkers/script.h"
#include "tests/checkers/small_histories.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

/* Returns 1 when it was invalid. */
static int
compare(const struct history *history)
{
	struct check_options options = {0};
	uint32_t indexes[64];
	struct key_ops key = whole_history(history, indexes);
	struct zones zones;
	struct err err = {0};

	enum verdict truth = oracle_judge_key(&model_register, &key, &options);
	zones_judge(&key, &options, true, &zones);
	assert_false(zones.is_stopped);
	if (zones.is_unique) {
		bool is_valid = zones.conflict_count == 0;
		if (is_valid != (truth == VERDICT_VALID))
			whole_history_print(history);
		assert_int_equal(is_valid, truth == VERDICT_VALID);
		struct order order = {VAL_OF_NIL, zones.order, zones.order_count};
		if (is_valid && !certify_orders(&model_register, history, &options,
						&order, 1, &err)) {
			whole_history_print(history);
			fail_msg("%s", err.text);
		}
	}
	zones_release(&zones);
	return truth == VERDICT_INVALID;
}

static void
zones_agree_with_brute_force_on_random_histories(void **state)
{
	struct rng rng;
	size_t invalid = 0, count = random_count_slow(200000);

	(void)state;
	rng_init(&rng, 2026);
	for (size_t i = 0; i < count; i++) {
		struct random_register shape = {
			.ops = 2 + rng_below(&rng, 8),
			.processes = 1 + (uint32_t)rng_below(&rng, 4),
			.read_percent = 30 + (int)rng_below(&rng, 40),
			.cas_percent = (int)rng_below(&rng, 30),
			.info_percent = (int)rng_below(&rng, 40),
			.wrong_percent = (int)rng_below(&rng, 40),
			.fail_percent = (int)rng_below(&rng, 20)};
		struct history history;
		random_register_play(&history, &shape, &rng);
		invalid += (size_t)compare(&history);
		history_release(&history);
	}
	print_message("%zu of %zu are invalid\n", invalid, count);
	assert_true(invalid > count / 10 && invalid < count * 9 / 10);
}

/* ---- every small history ---- */

static val
any_value(struct choices *choices, size_t ops)
{
	size_t number = choose(choices, ops + 1);

	return number == 0 ? VAL_OF_NIL : val_small((int64_t)number);
}

/* Operation i writes i + 1, reads, or takes any value to i + 1. */
static void
begin_op(void *context, struct history *history, struct choices *choices, struct op *op)
{
	static const uint16_t fs[] = {F_READ, F_WRITE, F_CAS};
	size_t ops = *(const size_t *)context;
	val own = val_small(op->process + 1);

	op->f = fs[choose(choices, 3)];
	if (op->f == F_WRITE)
		op->input = own;
	if (op->f == F_CAS)
		op->input = val_pair(&history->values, any_value(choices, ops), own);
}

static void
end_op(void *context, struct history *history, struct choices *choices, struct op *op)
{
	size_t ops = *(const size_t *)context;

	(void)history;
	op->type = OP_OK;
	if (op->f == F_READ)
		op->output = any_value(choices, ops);
}

static void
zones_agree_with_brute_force_on_every_small_history(void **state)
{
	size_t total = 0;

	(void)state;
	for (size_t ops = 1; ops <= 3; ops++) {
		const struct small_player player = {begin_op, end_op, &ops};
		struct choices choices = {.tries_all = true};
		do {
			struct history history;
			small_history_play(&history, &choices, ops, &player);
			compare(&history);
			history_release(&history);
			total++;
		} while (choices_next(&choices));
		choices_release(&choices);
	}
	assert_true(total > 1000);
	print_message("%zu histories\n", total);
}

static void
a_tiny_budget_of_memory_stops_with_nothing_decided(void **state)
{
	struct check_options options = {.budget = {.bytes_max = 16}};
	struct history history;
	uint32_t indexes[64];
	struct zones zones;

	(void)state;
	script_play(&history, "0+w1 0=ok 1+r 1=nil");
	struct key_ops key = whole_history(&history, indexes);
	zones_judge(&key, &options, true, &zones);
	assert_true(zones.is_stopped);
	zones_release(&zones);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones_agree_with_brute_force_on_every_small_history),
		cmocka_unit_test(zones_agree_with_brute_force_on_random_histories),
		cmocka_unit_test(a_tiny_budget_of_memory_stops_with_nothing_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
