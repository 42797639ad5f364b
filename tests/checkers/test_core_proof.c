/* Proofs that transactions on registers have no order: found for every core however large,
 * accepted only when they prove it. */
#include "checkers/transaction/core_proof.h"
#include "checkers/transaction/rw_order.h"
#include "tests/checkers/long_txns.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/small_txns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

extern const struct checker checker_rw_register;

static const struct {
	const char *level;
	struct rw_claim claim;
} levels[] = {
	{"serializable", {.snapshot = false, .process = false, .realtime = false}},
	{"strong-session-serializable",
	 {.snapshot = false, .process = true, .realtime = false}},
	{"strict-serializable", {.snapshot = false, .process = true, .realtime = true}},
	{"snapshot-isolation", {.snapshot = true, .process = false, .realtime = false}},
	{"strong-session-snapshot-isolation",
	 {.snapshot = true, .process = true, .realtime = false}},
	{"strong-snapshot-isolation",
	 {.snapshot = true, .process = true, .realtime = true}},
};

enum {
	LEVELS = sizeof(levels) / sizeof(levels[0])
};

/* ---- sets of transactions -------------------------------------------------------------
 */

/* The committed transactions of the history with a proof that they have no order of the
 * claim, if there is one; the caller calls forget. */
static enum verdict
prove_all(const struct history *history, const struct rw_claim *claim,
	  struct anomaly *core)
{
	struct rw_question question = {.snapshot = claim->snapshot,
				       .process = claim->process,
				       .realtime = claim->realtime,
				       .parallel = claim->parallel};
	const struct check_options options = {0};
	struct budget budget = {0};
	struct dependencies d = {0};
	struct rw_answer answer;
	VEC(uint32_t) txns = {0};
	struct err err;

	*core = (struct anomaly){.is_core = true};
	assert_true(rw_register_read(&d, history, &options, &err));
	for (uint32_t t = 0; t < d.txns.of.count; t++)
		if (d.committed[t]) {
			vec_push(&txns, t);
			vec_push(&core->ops, d.txns.of.items[t].op);
		}
	rw_order_prove(&d, txns.items, (uint32_t)txns.count, &question, &budget, &answer);
	vec_each (const uint32_t, word, &answer.proof)
		vec_push(&core->proof, *word);
	enum verdict verdict = d.findings.count == 0 ? answer.verdict : VERDICT_NONE;
	rw_answer_release(&answer);
	vec_release(&txns);
	dependencies_release(&d);
	return verdict;
}

static void
forget(struct anomaly *core)
{
	vec_release(&core->ops);
	vec_release(&core->proof);
}

static void
assert_refused(const struct history *history, const struct anomaly *core,
	       const struct rw_claim *claim, const char *what)
{
	struct err err;

	if (core_proof_check(history, core, claim, &err))
		fail_msg("%s is accepted", what);
}

/* ---- proofs hold ----------------------------------------------------------------------
 */

static void
small_sets_have_a_proof_exactly_when_no_order_runs(void **state)
{
	int total = random_count(5000), proven = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 41);
	for (int i = 0; i < total; i++) {
		struct small_txns h = {0};
		struct history history;
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		for (size_t l = 0; l < LEVELS; l++) {
			const struct rw_claim *claim = &levels[l].claim;
			struct anomaly core;
			struct err err;
			enum verdict verdict = prove_all(&history, claim, &core);
			bool none = rw_certify_core(&history, core.ops.items,
						    core.ops.count, claim, &err);
			if (verdict == VERDICT_NONE) {
				forget(&core);
				continue;
			}
			assert_int_equal(verdict, none ? VERDICT_INVALID : VERDICT_VALID);
			if (none && !core_proof_check(&history, &core, claim, &err))
				fail_msg("history %d, %s: %s", i, levels[l].level,
					 err.text);
			proven += none;
			forget(&core);
		}
		history_release(&history);
	}
	assert_in_range(proven, total / 10, total * 5);
}

/* ---- long histories -------------------------------------------------------------------
 */

struct stale {
	uint32_t txns, keys, clients;
	uint64_t write_percent;
	uint64_t stale_percent; /* of the reads: not of the latest write */
};

enum {
	KEYS_MAX = 64,
	MOPS = 4
};

struct stale_run {
	const struct stale *shape;
	struct rng *rng;
	int64_t latest[KEYS_MAX], before[KEYS_MAX], next; /* values; 0: nil */
};

static val
random_mop(struct values *values, struct stale_run *run, uint32_t key)
{
	bool writes = rng_below(run->rng, 100) < run->shape->write_percent;
	bool is_stale = rng_below(run->rng, 100) < run->shape->stale_percent;
	int64_t value = is_stale ? run->before[key] : run->latest[key];

	if (writes) {
		value = ++run->next;
		run->before[key] = run->latest[key];
		run->latest[key] = value;
	}
	return val_list(values,
			(val[]){val_string(values, writes ? "w" : "r"), val_small(key),
				value == 0 ? VAL_OF_NIL : val_small(value)},
			3);
}

/* Of keys next to each other, each once. */
static val
random_mops(struct values *values, struct stale_run *run)
{
	uint32_t keys = run->shape->keys, first = (uint32_t)rng_below(run->rng, keys);
	uint32_t step = 1 + (uint32_t)rng_below(run->rng, keys / MOPS);
	val mops[MOPS];

	for (uint32_t i = 0; i < MOPS; i++)
		mops[i] = random_mop(values, run, (first + i * step) % keys);
	return val_list(values, mops, MOPS);
}

/* One transaction after the other on one copy, but that some reads are of the write before
 * the latest. Times overlap between as many as there are clients. */
static void
play_stale(struct history *history, const struct stale *shape, struct rng *rng)
{
	struct stale_run run = {.shape = shape, .rng = rng};

	history_init(history);
	for (uint32_t i = 0; i < shape->txns; i++) {
		val list = random_mops(&history->values, &run);
		struct op op = {.f = F_TXN,
				.type = OP_OK,
				.process = i % shape->clients,
				.invoke_at = 3 * i,
				.complete_at = 3 * (i + shape->clients - 1) + 1,
				.input = list,
				.output = list};
		history_add(history, &op);
	}
	history_sort(history);
}

/* However many transactions there are: the proof is about all of them. */
static void
long_histories_without_an_order_have_a_proof(void **state)
{
	int total = random_count(600) / 2, proven = 0, with_choices = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 42);
	for (int i = 0; i < total; i++) {
		struct stale shape = {.txns = 30 + (uint32_t)rng_below(&rng, 300),
				      .keys = MOPS +
					      (uint32_t)rng_below(&rng, KEYS_MAX - MOPS),
				      .clients = 2 + (uint32_t)rng_below(&rng, 20),
				      .write_percent = 50 + rng_below(&rng, 40),
				      .stale_percent = 1 + rng_below(&rng, 8)};
		const struct rw_claim *claim = &levels[rng_below(&rng, LEVELS)].claim;
		struct history history;
		struct anomaly core;
		struct err err;
		play_stale(&history, &shape, &rng);
		if (prove_all(&history, claim, &core) == VERDICT_INVALID) {
			if (!core_proof_check(&history, &core, claim, &err))
				fail_msg("history %d: %s", i, err.text);
			proven++;
			with_choices += core.proof.items[0] > 0;
		}
		forget(&core);
		history_release(&history);
	}
	assert_in_range(proven, total / 10, total * 19 / 20);
	assert_in_range(with_choices, total / 20, total);
}

/* A run under snapshot isolation, asked for an order one after the other. */
static void
runs_of_snapshots_are_refuted_with_a_certificate(void **state)
{
	struct random_txns shape = {.txns = 5000,
				    .processes = 20,
				    .keys = 50,
				    .mops_max = 6,
				    .write_percent = 50,
				    .info_percent = 1,
				    .snapshot = true};
	struct check_options options = {.level = "serializable"};

	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++)
		long_txns_expect(&shape, seed, &options, VERDICT_INVALID);
}

/* No order near the time is serial: only what follows without a choice leads to one. */
static void
a_serial_order_far_from_time_is_found(void **state)
{
	struct random_txns shape = {.txns = 30000,
				    .processes = 100,
				    .keys = 1000,
				    .mops_max = 6,
				    .write_percent = 50,
				    .info_percent = 1,
				    .snapshot = true};
	struct check_options options = {.level = "serializable"};

	(void)state;
	long_txns_expect(&shape, 2, &options, VERDICT_VALID);
}

/* ---- wrong proofs ---------------------------------------------------------------------
 */

/* A proof of a core, for the core without one of its transactions. */
static void
leave_out(const struct anomaly *core, uint32_t left_out, struct anomaly *rest)
{
	*rest = (struct anomaly){.is_core = true};
	for (uint32_t i = 0; i < core->ops.count; i++)
		if (i != left_out)
			vec_push(&rest->ops, core->ops.items[i]);
	vec_each (const uint32_t, word, &core->proof)
		vec_push(&rest->proof, *word);
}

static void
assert_mutations_refused(const struct history *history, struct anomaly *rest,
			 const struct rw_claim *claim, struct rng *rng)
{
	assert_refused(history, rest, claim, "a proof about something else");
	for (int i = 0; i < 40; i++) {
		uint32_t *word = &rest->proof.items[rng_below(rng, rest->proof.count)];
		uint32_t kept = *word;
		*word = rng_below(rng, 8) == 0 ? UINT32_MAX - (uint32_t)rng_below(rng, 3)
					       : (uint32_t)rng_below(rng, 8);
		assert_refused(history, rest, claim, "a forged proof");
		if (rng_below(rng, 4) > 0)
			*word = kept;
	}
}

/* What has an order has no proof, whatever is written there. */
static void
sets_with_an_order_are_never_refuted(void **state)
{
	int total = random_count(4000), orders = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 43);
	for (int i = 0; i < total; i++) {
		const struct rw_claim *claim = &levels[rng_below(&rng, LEVELS)].claim;
		struct small_txns h = {0};
		struct history history;
		struct anomaly core, rest;
		struct err err;
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		enum verdict verdict = prove_all(&history, claim, &core);
		for (uint32_t o = 0; verdict == VERDICT_INVALID && o < core.ops.count;
		     o++) {
			leave_out(&core, o, &rest);
			if (!rw_certify_core(&history, rest.ops.items, rest.ops.count,
					     claim, &err)) {
				assert_mutations_refused(&history, &rest, claim, &rng);
				orders++;
			}
			forget(&rest);
		}
		forget(&core);
		history_release(&history);
	}
	assert_in_range(orders, total / 20, total * 5);
}

static void
a_proof_that_is_cut_short_is_refused(void **state)
{
	struct stale shape = {.txns = 60,
			      .keys = 8,
			      .clients = 8,
			      .write_percent = 75,
			      .stale_percent = 10};
	const struct rw_claim *claim = &levels[0].claim;
	int cut = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 44);
	for (int i = 0; i < 40; i++) {
		struct history history;
		struct anomaly core;
		play_stale(&history, &shape, &rng);
		bool is_proven = prove_all(&history, claim, &core) == VERDICT_INVALID;
		size_t whole = core.proof.count;
		for (size_t words = 0; is_proven && words < whole; words++, cut++) {
			core.proof.count = words;
			assert_refused(&history, &core, claim, "a part of a proof");
		}
		forget(&core);
		history_release(&history);
	}
	assert_in_range(cut, 100, 1000000);
}

/* The edges of one level prove nothing about another: real time, and two anti-dependencies in
 * a row under snapshot isolation. */
static void
a_proof_of_a_stronger_level_is_refused(void **state)
{
	int total = random_count(5000), stronger = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 45);
	for (int i = 0; i < total; i++) {
		size_t level = rng_below(&rng, LEVELS);
		struct small_txns h = {0};
		struct history history;
		struct anomaly core;
		struct err err;
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		enum verdict verdict = prove_all(&history, &levels[level].claim, &core);
		for (size_t l = 0; verdict == VERDICT_INVALID && l < LEVELS; l++) {
			if (rw_certify_core(&history, core.ops.items, core.ops.count,
					    &levels[l].claim, &err))
				continue;
			assert_refused(&history, &core, &levels[l].claim,
				       "a proof of another level");
			stronger++;
		}
		forget(&core);
		history_release(&history);
	}
	assert_in_range(stronger, total / 20, total * 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_sets_have_a_proof_exactly_when_no_order_runs),
		cmocka_unit_test(long_histories_without_an_order_have_a_proof),
		cmocka_unit_test(runs_of_snapshots_are_refuted_with_a_certificate),
		cmocka_unit_test(a_serial_order_far_from_time_is_found),
		cmocka_unit_test(sets_with_an_order_are_never_refuted),
		cmocka_unit_test(a_proof_that_is_cut_short_is_refused),
		cmocka_unit_test(a_proof_of_a_stronger_level_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
