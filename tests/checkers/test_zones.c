/* Zones against brute force: every small history, and many random ones. */
#include "checkers/register/zones.h"

#include "checkers/engine/certify.h"
#include "checkers/engine/oracle.h"
#include "checkers/register/register.h"
#include "tests/checkers/random_history.h"
#include "tests/checkers/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* How many random histories; FUZZ=n multiplies. */
static size_t
rounds(size_t base)
{
	const char *factor = getenv("FUZZ");

#ifdef __SANITIZE_ADDRESS__
	base /= 10;
#endif
	return factor == NULL ? base : base * strtoul(factor, NULL, 10);
}

static struct key_ops
whole(const struct history *history, uint32_t *indexes)
{
	for (uint32_t i = 0; i < history->ops.count; i++)
		indexes[i] = i;
	return (struct key_ops){history, VAL_OF_NIL, indexes, history->ops.count};
}

static void
print_history(const struct history *history)
{
	struct buf text = {0};

	vec_each (struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_printf(&text, " [%u..%u]\n", op->invoke_at, op->complete_at);
	}
	print_error("%s", buf_text(&text));
	buf_release(&text);
}

/* Returns 1 when it was invalid. */
static int
compare(const struct history *history)
{
	struct check_options options = {0};
	uint32_t indexes[64];
	struct key_ops key = whole(history, indexes);
	struct zones zones;
	struct err err = {0};

	enum verdict truth = oracle_judge_key(&model_register, &key, &options);
	zones_judge(&key, &options, true, &zones);
	assert_false(zones.is_stopped);
	if (zones.is_unique) {
		bool is_valid = zones.conflict_count == 0;
		if (is_valid != (truth == VERDICT_VALID))
			print_history(history);
		assert_int_equal(is_valid, truth == VERDICT_VALID);
		struct order order = {VAL_OF_NIL, zones.order, zones.order_count};
		if (is_valid && !certify_orders(&model_register, history, &options,
						&order, 1, &err)) {
			print_history(history);
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
	size_t invalid = 0, count = rounds(200000);

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
	assert_true(invalid > count / 10 && invalid < count * 9 / 10);
}

/* ---- every small history ---- */

/* A history of `ops` operations as digits: which events come next, what each does. */
struct enumeration {
	uint32_t digits[32], bounds[32];
	size_t count, at;
};

static uint32_t
digit(struct enumeration *e, uint32_t bound)
{
	size_t i = e->at++;

	if (i >= e->count) {
		e->digits[i] = 0;
		e->bounds[i] = bound;
		e->count = i + 1;
	}
	return e->digits[i];
}

/* The next combination of digits; false after the last. */
static bool
advance(struct enumeration *e)
{
	while (e->count > 0 && e->digits[e->count - 1] + 1 == e->bounds[e->count - 1])
		e->count--;
	if (e->count == 0)
		return false;
	e->digits[e->count - 1]++;
	e->at = 0;
	return true;
}

/* Operation i: writes i + 1, reads any value, or takes any value to i + 1. */
static struct op
choose_op(struct enumeration *e, struct history *history, uint32_t i, uint32_t ops)
{
	uint32_t kind = digit(e, 5);
	struct op op = {.process = i, .type = kind >= 3 ? OP_INFO : OP_OK};
	uint32_t seen = kind == 1 || kind == 2 || kind == 4 ? digit(e, ops + 1) : 0;
	val value = seen == 0 ? VAL_OF_NIL : val_small(seen);

	op.f = kind == 0 || kind == 3 ? F_WRITE : kind == 1 ? F_READ : F_CAS;
	if (op.f == F_READ)
		op.output = value;
	else
		op.input = op.f == F_WRITE
				   ? val_small(i + 1)
				   : val_pair(&history->values, value, val_small(i + 1));
	return op;
}

/* Chooses the interleaving: at every step the next invocation or one open completion. */
static void
play(struct enumeration *e, struct history *history, uint32_t ops)
{
	struct op chosen[8];
	uint32_t open[8], open_count = 0, invoked = 0;
	struct err err;

	history_init(history);
	for (uint32_t i = 0; i < ops; i++)
		chosen[i] = choose_op(e, history, i, ops);
	while (invoked < ops || open_count > 0) {
		uint32_t choices = open_count + (invoked < ops ? 1 : 0);
		uint32_t choice = choices > 1 ? digit(e, choices) : 0;
		if (choice == open_count) {
			assert_true(history_invoke(history, &chosen[invoked], &err));
			if (chosen[invoked].type == OP_OK)
				open[open_count++] = invoked;
			invoked++;
			continue;
		}
		assert_true(history_complete(history, &chosen[open[choice]], &err));
		open[choice] = open[--open_count];
	}
}

static void
zones_agree_with_brute_force_on_every_small_history(void **state)
{
	size_t total = 0;
	const uint32_t ops_max = 3;

	(void)state;
	for (uint32_t ops = 1; ops <= ops_max; ops++) {
		struct enumeration e = {0};
		do {
			struct history history;
			play(&e, &history, ops);
			compare(&history);
			history_release(&history);
			total++;
		} while (advance(&e));
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
	struct key_ops key = whole(&history, indexes);
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
