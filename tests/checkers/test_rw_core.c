/* Counterexamples of transactions on registers: few transactions, of which none can be left
 * out, and which have no order as brute force sees it. */
#include "checkers/generate/generate.h"
#include "checkers/transaction/rw_certify.h"
#include "checkers/transaction/rw_core.h"
#include "checkers/transaction/rw_shortest.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_txns.h"
#include "tests/checkers/small_txns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

extern const struct checker checker_rw_register;

enum {
	SHOWN = 12 /* a dozen is what a reader takes in */
};

static const struct rw_claim claims[] = {
	{0},
	{.process = true},
	{.process = true, .realtime = true},
	{.snapshot = true},
	{.snapshot = true, .process = true},
	{.snapshot = true, .process = true, .realtime = true},
};

enum {
	CLAIMS = sizeof(claims) / sizeof(claims[0])
};

static struct rw_question
question_of(const struct rw_claim *claim)
{
	return (struct rw_question){.snapshot = claim->snapshot,
				    .process = claim->process,
				    .realtime = claim->realtime};
}

typedef VEC(uint32_t) txn_list;

/* The committed transactions. False when single reads show what is wrong. */
static bool
read_txns(const struct history *history, struct dependencies *d, txn_list *txns)
{
	struct err err;

	assert_true(rw_register_read(d, history, &(struct check_options){0}, &err));
	for (uint32_t t = 0; t < d->txns.of.count; t++)
		if (d->committed[t])
			vec_push(txns, t);
	return d->findings.count == 0;
}

/* As brute force sees it. */
static bool
have_no_order(const struct history *history, const struct dependencies *d,
	      const uint32_t *txns, size_t count, const struct rw_claim *claim)
{
	uint32_t ops[RW_CORE_MAX];
	struct err err;

	assert_in_range(count, 0, RW_CORE_MAX);
	for (size_t i = 0; i < count; i++)
		ops[i] = d->txns.of.items[txns[i]].op;
	return rw_certify_core(history, ops, count, claim, &err);
}

/* ---- the shortest derivation ---------------------------------------------------------- */

static void
a_derivation_is_found_where_there_is_no_order(void **state)
{
	int total = (int)random_count(20000), found = 0, none = 0;
	struct budget budget = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 51);
	for (int i = 0; i < total; i++) {
		const struct rw_claim *claim = &claims[i % CLAIMS];
		struct rw_question question = question_of(claim);
		uint32_t core[SMALL_TXNS_MAX];
		struct dependencies d = {0};
		struct small_txns h = {0};
		struct history history;
		txn_list txns = {0};
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		if (read_txns(&history, &d, &txns)) {
			uint32_t count =
				rw_shortest_core(&d, &question, &budget, txns.items,
						 (uint32_t)txns.count, core);
			assert_in_range(count, 0, txns.count);
			assert_true(count == 0 ||
				    have_no_order(&history, &d, core, count, claim));
			found += count > 0;
			none += have_no_order(&history, &d, txns.items, txns.count,
					      claim);
		}
		vec_release(&txns);
		dependencies_release(&d);
		history_release(&history);
	}
	/* Only where sides must be tried it finds nothing, and that is rare. */
	assert_in_range(none, total / 20, total);
	assert_in_range(found, none * 95 / 100, none);
}

/* T1 writes x, T2 over it, T3 reads T1's x when T2 is over; T4 and T5 have nothing to do with
 * it, though they close a longer cycle. */
static void
the_shorter_of_two_cycles_is_taken(void **state)
{
	static const struct small_txns h = {
		.txns = {{{{true, 0, 1}}, 1, OP_OK, 0, 1, 0},
			 {{{true, 0, 2}, {true, 1, 3}}, 2, OP_OK, 2, 3, 1},
			 {{{false, 1, 3}, {true, 2, 4}}, 2, OP_OK, 4, 5, 2},
			 {{{false, 2, 4}, {false, 0, 1}}, 2, OP_OK, 6, 7, 3},
			 {{{false, 0, 2}}, 1, OP_OK, 8, 9, 4}},
		.count = 5,
		.keys = 3};
	struct rw_question strict = {.process = true, .realtime = true};
	struct dependencies d = {0};
	struct budget budget = {0};
	struct history history;
	txn_list txns = {0};
	uint32_t core[5];

	(void)state;
	small_txns_history(&h, &history);
	assert_true(read_txns(&history, &d, &txns));
	assert_int_equal(rw_shortest_core(&d, &strict, &budget, txns.items, 5, core), 3);
	assert_int_equal(core[0], 0);
	assert_int_equal(core[1], 1);
	assert_int_equal(core[2], 3);
	vec_release(&txns);
	dependencies_release(&d);
	history_release(&history);
}

/* ---- cores ---------------------------------------------------------------------------- */

static void
assert_minimal(const struct history *history, const struct dependencies *d,
	       const uint32_t *core, uint32_t count, const struct rw_claim *claim)
{
	uint32_t rest[SMALL_TXNS_MAX];

	assert_true(have_no_order(history, d, core, count, claim));
	for (uint32_t out = 0; out < count && count > 1; out++) {
		uint32_t left = 0;
		for (uint32_t i = 0; i < count; i++)
			if (i != out)
				rest[left++] = core[i];
		assert_false(have_no_order(history, d, rest, left, claim));
	}
}

static void
nothing_can_be_left_out_of_a_core(void **state)
{
	int total = (int)random_count(10000), cores = 0;
	struct budget budget = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 52);
	for (int i = 0; i < total; i++) {
		const struct rw_claim *claim = &claims[i % CLAIMS];
		struct rw_question question = question_of(claim);
		struct dependencies d = {0};
		struct small_txns h = {0};
		struct history history;
		txn_list txns = {0};
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		if (read_txns(&history, &d, &txns) &&
		    have_no_order(&history, &d, txns.items, txns.count, claim)) {
			uint32_t core[SMALL_TXNS_MAX], count = (uint32_t)txns.count;
			struct rw_core_search search = {.d = &d,
							.question = &question,
							.budget = &budget,
							.all = txns.items,
							.all_count = count,
							.effort_max = 10000};
			memcpy(core, txns.items, count * sizeof(*core));
			rw_core_shrink(&search, core, &count);
			assert_minimal(&history, &d, core, count, claim);
			cores++;
		}
		vec_release(&txns);
		dependencies_release(&d);
		history_release(&history);
	}
	assert_in_range(cores, total / 20, total);
}

/* What the search says it needed, among it what was derived without a choice, suffices. */
static void
what_the_search_needed_has_no_order(void **state)
{
	int total = (int)random_count(20000), cores = 0, smaller = 0;
	struct budget budget = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 53);
	for (int i = 0; i < total; i++) {
		const struct rw_claim *claim = &claims[i % CLAIMS];
		struct rw_question question = question_of(claim);
		struct dependencies d = {0};
		struct small_txns h = {0};
		struct rw_answer answer;
		struct history history;
		txn_list txns = {0};
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		if (read_txns(&history, &d, &txns) && !claim->realtime) {
			rw_order_find(&d, txns.items, (uint32_t)txns.count, &question,
				      &budget, &answer);
			if (answer.verdict == VERDICT_INVALID) {
				assert_true(have_no_order(&history, &d, answer.core.items,
							  answer.core.count, claim));
				cores++;
				smaller += answer.core.count < txns.count;
			}
			rw_answer_release(&answer);
		}
		vec_release(&txns);
		dependencies_release(&d);
		history_release(&history);
	}
	assert_in_range(cores, total / 50, total);
	assert_in_range(smaller, cores / 4, cores);
}

/* A search over thousands of transactions, with windows that overlap. */
static void
what_long_searches_needed_has_no_order(void **state)
{
	struct rw_question serializable = {0};
	struct budget budget = {0};
	int cores = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct random_txns shape = {.txns = 5000,
					    .processes = 60,
					    .keys = 300,
					    .mops_max = 6,
					    .write_percent = 50,
					    .snapshot = true};
		struct rw_answer answer, again;
		struct dependencies d = {0};
		struct history history;
		txn_list txns = {0};
		struct rng rng;
		rng_init(&rng, seed);
		random_txns_play(&history, &shape, &rng);
		assert_true(read_txns(&history, &d, &txns));
		rw_order_find(&d, txns.items, (uint32_t)txns.count, &serializable,
			      &budget, &answer);
		if (answer.verdict == VERDICT_INVALID) {
			assert_in_range(answer.core.count, 1, txns.count / 2);
			rw_order_find(&d, answer.core.items, (uint32_t)answer.core.count,
				      &serializable, &budget, &again);
			assert_int_equal(again.verdict, VERDICT_INVALID);
			rw_answer_release(&again);
			cores++;
		}
		rw_answer_release(&answer);
		vec_release(&txns);
		dependencies_release(&d);
		history_release(&history);
	}
	assert_in_range(cores, 3, 6);
}

/* ---- long histories ------------------------------------------------------------------- */

/* The smallest of what is told, as the checker tells it. */
static size_t
smallest_told(const struct history *history, const char *level)
{
	struct check_options options = {.level = level};
	struct check_result result;
	size_t smallest = SIZE_MAX;

	checker_run(&checker_rw_register, history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_INVALID);
	assert_true(result.certified);
	vec_each (const struct anomaly, anomaly, &result.anomalies)
		if (anomaly->ops.count < smallest)
			smallest = anomaly->ops.count;
	check_result_release(&result);
	return smallest;
}

/* A read of what was overwritten before it began takes three transactions to show, however
 * long the way is that shows it without time. */
static void
a_stale_read_is_told_by_a_dozen_transactions_at_most(void **state)
{
	static const uint32_t clients[] = {3, 10, 60}, keys[] = {3, 30, 100};

	(void)state;
	for (uint64_t seed = 1; seed <= 54; seed++) {
		struct generate_options options = {.type = "rw-register",
						   .mutate = "stale-read",
						   .operations = 300 * (seed % 4 + 1),
						   .processes = clients[seed % 3],
						   .keys = keys[seed / 3 % 3],
						   .info_percent =
							   (int)(seed / 9 % 3) * 5,
						   .seed = seed};
		struct history history;
		struct err err;
		history_init(&history);
		assert_true(generate_history(&history, &options, &err));
		assert_in_range(smallest_told(&history, "strict-serializable"), 1, SHOWN);
		history_release(&history);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_derivation_is_found_where_there_is_no_order),
		cmocka_unit_test(the_shorter_of_two_cycles_is_taken),
		cmocka_unit_test(nothing_can_be_left_out_of_a_core),
		cmocka_unit_test(what_the_search_needed_has_no_order),
		cmocka_unit_test(what_long_searches_needed_has_no_order),
		cmocka_unit_test(a_stale_read_is_told_by_a_dozen_transactions_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
