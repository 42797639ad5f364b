/* Consistent view and parallel snapshot isolation of registers: compared with brute force on
 * small histories that mostly lie between them and snapshot isolation; certificates that
 * claim what is not so are refused. */
#include "checkers/transaction/core_certify.h"
#include "checkers/transaction/isolation.h"
#include "checkers/transaction/weak_certify.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/small_txns.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

extern const struct checker checker_rw_register;

static const char *const levels[] = {"consistent-view", "parallel-snapshot-isolation"};

enum {
	TRIES = 20
};

static bool
has_snapshots(const struct history *history)
{
	struct check_options options = {.level = "snapshot-isolation"};
	struct check_result result;

	checker_run(&checker_rw_register, history, &options, &result);
	bool has = result.verdict == VERDICT_VALID;
	check_result_release(&result);
	return has;
}

/* One of four as others make it; of the rest most have no snapshots. Whether it has. */
static bool
make(struct small_txns *h, struct history *history, int number, struct rng *rng)
{
	bool is_scattered = number % 4 != 0, has = true;

	for (int tries = 0; tries < (is_scattered ? TRIES : 1) && has; tries++) {
		if (tries > 0)
			history_release(history);
		*h = (struct small_txns){0};
		(is_scattered ? small_txns_scatter : small_txns_make)(h, rng);
		small_txns_history(h, history);
		has = has_snapshots(history);
	}
	return has;
}

static bool
run_in_parallel(const struct small_txns *h)
{
	bool varies;

	return small_txns_satisfy(h, SMALL_PARALLEL, false, &varies);
}

static void
fail_on(const struct history *history, const char *what,
	const struct check_result *result)
{
	whole_history_print(history);
	fail_msg("%s: %s, certified %d: %s", what, verdict_name(result->verdict),
		 result->certified, result->reason);
}

/* By the cycles that are derived, without what the search left. */
static bool
is_derived(const struct history *history, struct anomaly *core)
{
	struct check_options options = {0};
	size_t words = core->proof.count;
	struct err err;

	core->proof.count = 0;
	bool holds = core_certify(history, &options, core, &err);
	core->proof.count = words;
	return holds;
}

/* Of those that certainly took place, or of a core: all orders of the writes are tried. */
static bool
is_refuted_by_brute_force(const struct history *history, const uint32_t *ops,
			  size_t count)
{
	const struct rw_claim claim = {.parallel = true};
	struct err err;

	return rw_certify_given(history, ops, count, NULL, 0, &claim, &err);
}

static void
try_all_orders(const struct history *history, const struct check_result *result)
{
	uint32_t ops[SMALL_TXNS_MAX];
	size_t count = 0;

	for (uint32_t op = 0; op < history->ops.count; op++)
		if (history->ops.items[op].type == OP_OK)
			ops[count++] = op;
	if (result->verdict == VERDICT_VALID &&
	    is_refuted_by_brute_force(history, ops, count))
		fail_on(history, "no order of the writes", result);
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (anomaly->is_core &&
		    !is_refuted_by_brute_force(history, anomaly->ops.items,
					       anomaly->ops.count))
			fail_on(history, "an order of the writes", result);
}

/* ---- verdicts -------------------------------------------------------------------------
 */

static int counts[VERDICT_UNKNOWN + 1], between, by_choices;

static void
compare(const struct history *history, const char *level, bool expected)
{
	struct check_options options = {.level = level};
	struct check_result result;

	checker_run(&checker_rw_register, history, &options, &result);
	counts[result.verdict]++;
	if (result.verdict != (expected ? VERDICT_VALID : VERDICT_INVALID) ||
	    result.is_unproven || !result.certified)
		fail_on(history, expected ? "valid" : "invalid", &result);
	try_all_orders(history, &result);
	vec_each (struct anomaly, anomaly, &result.anomalies) {
		if (!anomaly->is_core)
			continue;
		by_choices += anomaly->proof.items[0] > 0;
		if (!is_derived(history, anomaly))
			fail_on(history, "not derived", &result);
	}
	check_result_release(&result);
}

static void
verdicts_agree_with_brute_force_and_are_proven(void **state)
{
	int total = (int)random_count(3000);
	struct rng rng;

	(void)state;
	rng_init(&rng, 2016);
	for (int i = 0; i < total; i++) {
		struct small_txns h;
		struct history history;
		bool has = make(&h, &history, i, &rng);
		bool expected = run_in_parallel(&h);
		between += expected && !has;
		for (int level = 0; level < 2; level++)
			compare(&history, levels[level], expected);
		history_release(&history);
	}
	print_message("valid %d, invalid %d, unknown %d; %d histories without snapshots "
		      "valid, %d proofs with choices\n",
		      counts[VERDICT_VALID], counts[VERDICT_INVALID],
		      counts[VERDICT_UNKNOWN], between, by_choices);
	assert_true(between > total / 20);
	assert_true(by_choices > total / 100);
	assert_in_range(counts[VERDICT_INVALID], total / 4, 2 * total);
}

/* ---- certificates that lie ------------------------------------------------------------
 */

/* An order that another level allows, or any other. */
static void
forge_order(const struct history *history, struct order *order, struct rng *rng)
{
	order->count = 0;
	for (uint32_t op = 0; op < history->ops.count; op++)
		if (history->ops.items[op].type != OP_FAIL)
			order->ops[order->count++] = op;
	for (size_t i = order->count; i > 1 && rng_chance(rng, 0.9); i--) {
		size_t j = (size_t)rng_below(rng, i);
		uint32_t swapped = order->ops[i - 1];
		order->ops[i - 1] = order->ops[j];
		order->ops[j] = swapped;
	}
}

static void
no_order_proves_what_does_not_hold(void **state)
{
	int total = (int)random_count(3000), refused = 0, accepted = 0;
	uint64_t forbidden = level_forbids_named("consistent-view");
	struct rng rng;

	(void)state;
	rng_init(&rng, 15);
	for (int i = 0; i < total; i++) {
		uint32_t ops[SMALL_TXNS_MAX];
		struct order order = {.key = VAL_OF_NIL, .ops = ops};
		struct check_options options = {0};
		struct small_txns h;
		struct history history;
		struct err err;
		make(&h, &history, i, &rng);
		bool expected = run_in_parallel(&h);
		for (int tries = 0; tries < 8; tries++) {
			forge_order(&history, &order, &rng);
			bool holds =
				weak_certify(&history, &options, &order, forbidden, &err);
			accepted += holds;
			refused += !holds && !expected;
			if (holds && !expected)
				fail_msg("history %d: a forged order is accepted", i);
		}
		history_release(&history);
	}
	assert_true(refused > total && accepted > total / 10);
}

/* What has no snapshots, and says it is a G-single. */
static void
no_snapshots_prove_no_cycle_with_one_anti_dependency(void **state)
{
	struct check_options options = {.level = "snapshot-isolation"};
	int total = (int)random_count(3000), forged = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 16);
	for (int i = 0; i < total; i++) {
		struct check_result result;
		struct small_txns h;
		struct history history;
		struct err err;
		make(&h, &history, i, &rng);
		checker_run(&checker_rw_register, &history, &options, &result);
		bool expected = run_in_parallel(&h);
		for (size_t a = 0; a < result.anomalies.count && expected; a++) {
			static const char *const names[] = {"G-single", "G1c", "G0"};
			struct anomaly *anomaly = &result.anomalies.items[a];
			const char *kept = anomaly->name;
			for (int n = 0; n < 3 && anomaly->is_core; n++) {
				anomaly->name = names[n];
				forged++;
				if (core_certify(&history, &options, anomaly, &err) ||
				    is_derived(&history, anomaly))
					fail_on(&history, names[n], &result);
			}
			anomaly->name = kept;
		}
		check_result_release(&result);
		history_release(&history);
	}
	assert_true(forged > total / 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_agree_with_brute_force_and_are_proven),
		cmocka_unit_test(no_order_proves_what_does_not_hold),
		cmocka_unit_test(no_snapshots_prove_no_cycle_with_one_anti_dependency),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
