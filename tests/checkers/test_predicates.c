/* Predicate reads of transactions on registers: every level that asks for an order is
 * compared with brute force on small histories, all levels with each other; every verdict
 * is proven, and forged proofs are refused. */
#include "base/rng.h"
#include "checkers/transaction/isolation.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/small_predicates.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

extern const struct checker checker_rw_register, checker_list_append;

static const struct ordered {
	const char *name;
	struct mini_level level; /* snapshot, items_only, process, realtime */
} ordered[] = {
	{"repeatable-read", {false, true, false, false}},
	{"snapshot-isolation", {true, false, false, false}},
	{"strong-session-snapshot-isolation", {true, false, true, false}},
	{"strong-snapshot-isolation", {true, false, true, true}},
	{"serializable", {false, false, false, false}},
	{"strong-session-serializable", {false, false, true, false}},
	{"strict-serializable", {false, false, true, true}},
};

/* Each is weaker than the one behind it, and the last than snapshot isolation. */
static const char *const weaker[] = {"read-uncommitted", "read-committed",
				     "monotonic-atomic-view", "read-atomic"};

enum {
	ORDERED = sizeof(ordered) / sizeof(ordered[0]),
	WEAKER = sizeof(weaker) / sizeof(weaker[0]),
	SNAPSHOT = 1, /* its place in `ordered` */
	OPS_MAX = 2 * MINI_TXNS_MAX
};

/* ---- verdicts ---- */

static void
fail_with(const struct history *history, const char *level, const char *what)
{
	whole_history_print(history);
	fail_msg("%s: %s", level, what);
}

/* What is decided is proven, and unknown only what nobody can know. */
static enum verdict
judged(const struct history *history, const char *level)
{
	struct check_options options = {.level = level, .threads = 1};
	struct check_result result;

	checker_run(&checker_rw_register, history, &options, &result);
	enum verdict verdict = result.verdict;
	if (verdict != VERDICT_UNKNOWN && !result.certified)
		fail_with(history, level, "decided, but not proven");
	if (verdict == VERDICT_UNKNOWN && strstr(result.reason, "is not known") == NULL &&
	    strstr(result.reason, "only its first reads are judged") == NULL)
		fail_with(history, level, result.reason);
	check_result_release(&result);
	return verdict;
}

static enum verdict
assert_agrees(const struct mini *h, const struct history *history,
	      const struct ordered *level)
{
	bool expected = mini_has_order(h, &level->level);
	enum verdict verdict = judged(history, level->name);

	if (verdict == (expected ? VERDICT_INVALID : VERDICT_VALID))
		fail_with(history, level->name,
			  expected ? "it has an order" : "it has no order");
	if (verdict == VERDICT_UNKNOWN && level->level.items_only)
		fail_with(history, level->name, "always decided, but not here");
	return verdict;
}

/* A level does not hold where a weaker one is broken. */
static void
assert_monotone(const struct history *history, enum verdict snapshot)
{
	enum verdict stronger = snapshot;

	for (size_t i = WEAKER; i-- > 0;) {
		enum verdict verdict = judged(history, weaker[i]);
		if (stronger == VERDICT_VALID && verdict != VERDICT_VALID)
			fail_with(history, weaker[i], "broken, and a stronger one holds");
		if (i < 2 && verdict == VERDICT_UNKNOWN)
			fail_with(history, weaker[i], "always decided, but not here");
		stronger = verdict;
	}
}

static int counts[ORDERED][VERDICT_UNKNOWN + 1];

static void
compare(const struct mini *h, bool has_strings)
{
	enum verdict verdicts[ORDERED];
	struct history history;

	mini_history(h, has_strings, &history);
	for (size_t k = 0; k < ORDERED; k++) {
		verdicts[k] = assert_agrees(h, &history, &ordered[k]);
		counts[k][verdicts[k]]++;
	}
	assert_monotone(&history, verdicts[SNAPSHOT]);
	history_release(&history);
}

static void
tell_counts(const char *which)
{
	for (size_t k = 0; k < ORDERED; k++)
		print_message("%s, %s: %d valid, %d invalid, %d unknown\n", which,
			      ordered[k].name, counts[k][VERDICT_VALID],
			      counts[k][VERDICT_INVALID], counts[k][VERDICT_UNKNOWN]);
}

/* Of two transactions; of three the first ones, where there is time for that. */
static void
levels_agree_with_brute_force_on_all_small_histories(void **state)
{
	size_t total = random_count(4000), limit = total >= 100000 ? total : 0;

	(void)state;
	memset(counts, 0, sizeof(counts));
	for (int txns = 1; txns <= 3; txns++) {
		struct choices choices = {.tries_all = true};
		bool goes_on = txns < 3 || limit > 0;
		for (size_t i = 0; goes_on && (txns < 3 || i < limit); i++) {
			struct mini h;
			mini_choose(&h, txns, &choices);
			compare(&h, false);
			goes_on = choices_next(&choices);
		}
		choices_release(&choices);
	}
	tell_counts("small");
}

static void
levels_agree_with_brute_force_on_random_histories(void **state)
{
	int total = random_count(4000);
	struct rng rng;

	(void)state;
	memset(counts, 0, sizeof(counts));
	rng_init(&rng, 23);
	for (int i = 0; i < total; i++) {
		struct mini h = {0};
		mini_make(&h, &rng);
		compare(&h, rng_chance(&rng, 0.5));
	}
	tell_counts("random");
	for (size_t k = 0; k < ORDERED; k++) {
		assert_in_range(counts[k][VERDICT_VALID], total / 6, total);
		assert_in_range(counts[k][VERDICT_INVALID], total / 100, total);
		assert_in_range(counts[k][VERDICT_UNKNOWN], 0, total / 5);
	}
}

/* ---- forgeries ---- */

static void
assert_refused(const struct history *history, const char *level,
	       const struct check_result *forged, const char *what)
{
	struct check_options options = {.level = level};
	struct err err;

	if (checker_rw_register.certify(history, &options, forged, &err)) {
		vec_each (const struct anomaly, anomaly, &forged->anomalies)
			print_error("%s: %s\n", anomaly->name, anomaly->text);
		fail_with(history, level, what);
	}
}

/* Of a history that has no order: any order. */
static void
forge_order(const struct history *history, const struct ordered *level,
	    enum order_kind kind, struct rng *rng)
{
	struct check_result forged = {.verdict = VERDICT_VALID, .order_kind = kind};
	struct order order = {.ops = mem_new(OPS_MAX, sizeof(*order.ops))};
	size_t times = kind == ORDER_SNAPSHOT ? 2 : 1;

	for (uint32_t op = 0; op < history->ops.count; op++)
		for (size_t i = 0;
		     i < times && history->ops.items[op].type != OP_FAIL &&
		     (history->ops.items[op].type == OP_OK || rng_chance(rng, 0.5));
		     i++)
			order.ops[order.count++] = op;
	for (size_t i = order.count; i-- > 1;) {
		size_t other = rng_below(rng, i + 1);
		uint32_t op = order.ops[i];
		order.ops[i] = order.ops[other];
		order.ops[other] = op;
	}
	vec_push(&forged.orders, order);
	assert_refused(history, level->name, &forged, "a forged order is accepted");
	check_result_release(&forged);
}

/* Of a history that has an order: that all of it has none, under every name. */
static void
forge_cores(const struct history *history, const struct ordered *level)
{
	for (int a = 0; a < ANOMALY_COUNT; a++) {
		struct check_result forged = {.verdict = VERDICT_INVALID};
		struct anomaly *anomaly = check_result_anomaly(
			&forged, anomaly_name((enum isolation_anomaly)a), val_small(0));
		anomaly->subject = val_small(1);
		for (uint32_t op = 0; op < history->ops.count; op++)
			if (history->ops.items[op].type == OP_OK)
				vec_push(&anomaly->ops, op);
		anomaly->is_core = true;
		assert_refused(history, level->name, &forged,
			       "a forged core is accepted");
		anomaly->is_core = false;
		assert_refused(history, level->name, &forged,
			       "a forged finding is accepted");
		check_result_release(&forged);
	}
}

/* What proves that one level is broken, told of another one that holds. */
static void
borrow_proof(const struct history *history, const char *broken, const char *holds)
{
	struct check_options options = {.level = broken};
	struct check_result result;

	checker_run(&checker_rw_register, history, &options, &result);
	if (result.verdict == VERDICT_INVALID)
		assert_refused(history, holds, &result,
			       "the proof of another level is accepted");
	check_result_release(&result);
}

static void
forged_proofs_are_refused(void **state)
{
	int total = random_count(4000) / 8;
	struct rng rng;

	(void)state;
	rng_init(&rng, 29);
	for (int i = 0; i < total; i++) {
		bool holds[ORDERED];
		struct mini h = {0};
		struct history history;
		mini_make(&h, &rng);
		mini_history(&h, rng_chance(&rng, 0.5), &history);
		for (size_t k = 0; k < ORDERED; k++) {
			holds[k] = mini_has_order(&h, &ordered[k].level);
			if (holds[k]) {
				forge_cores(&history, &ordered[k]);
				continue;
			}
			forge_order(&history, &ordered[k], ORDER_SERIAL, &rng);
			if (ordered[k].level.snapshot)
				forge_order(&history, &ordered[k], ORDER_SNAPSHOT, &rng);
			for (size_t weak = 0; weak < k; weak++)
				if (holds[weak])
					borrow_proof(&history, ordered[k].name,
						     ordered[weak].name);
		}
		history_release(&history);
	}
}

/* ---- cases ---- */

/* T0 [rp > 5 {}] [w x 7], T1 [rp > 5 {}] [w y 8]: each misses what the other wrote. */
static void
make_phantoms(struct mini *h)
{
	for (int t = 0; t < 2; t++)
		h->txns[t] = (struct mini_txn){
			.mops = {{.kind = MINI_PREDICATE, .predicate = 2, .a = 5},
				 {.kind = MINI_WRITE, .key = t, .value = 7 + t}},
			.count = 2,
			.process = t,
			.type = OP_OK,
			.end = 10};
	h->count = 2;
}

static void
repeatable_read_holds_where_only_g2_is_broken(void **state)
{
	struct check_options options = {.level = "serializable"};
	struct check_result result;
	struct mini h = {0};
	struct history history;

	(void)state;
	make_phantoms(&h);
	mini_history(&h, false, &history);
	assert_int_equal(judged(&history, "repeatable-read"), VERDICT_VALID);
	assert_int_equal(judged(&history, "snapshot-isolation"), VERDICT_VALID);
	checker_run(&checker_rw_register, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_INVALID);
	assert_string_equal(result.anomalies.items[0].name, "G2");
	assert_non_null(
		strstr(result.anomalies.items[0].text,
		       "T0's predicate > 5 did not match key 1, where T1 wrote 8"));
	assert_non_null(strstr(buf_text(&result.details), "repeatable-read"));
	check_result_release(&result);
	history_release(&history);
}

static void
item_reads_break_repeatable_read_next_to_predicates(void **state)
{
	struct mini h = {0};
	struct history history;

	(void)state;
	make_phantoms(&h);
	for (int t = 0; t < 2; t++)
		h.txns[t].mops[2] = (struct mini_mop){.kind = MINI_READ, .key = 1 - t};
	h.txns[0].count = h.txns[1].count = 3;
	mini_history(&h, true, &history);
	assert_int_equal(judged(&history, "repeatable-read"), VERDICT_INVALID);
	history_release(&history);
}

/* What both show, each replaces: a row that a query returned is an item that was read. */
static void
rows_that_a_predicate_shows_are_item_reads(void **state)
{
	struct mini h = {0};
	struct history history;

	(void)state;
	h.txns[0] =
		(struct mini_txn){.mops = {{.kind = MINI_WRITE, .key = 0, .value = 6},
					   {.kind = MINI_WRITE, .key = 1, .value = 7}},
				  .count = 2,
				  .type = OP_OK,
				  .end = 1};
	for (int t = 1; t < 3; t++)
		h.txns[t] = (struct mini_txn){
			.mops = {{.kind = MINI_PREDICATE,
				  .predicate = 2,
				  .a = 5,
				  .shown = {{6, 7, 0}}},
				 {.kind = MINI_WRITE, .key = t - 1, .value = t}},
			.count = 2,
			.process = t,
			.type = OP_OK,
			.begin = 2,
			.end = 10};
	h.count = 3;
	mini_history(&h, true, &history);
	assert_int_equal(judged(&history, "repeatable-read"), VERDICT_INVALID);
	assert_int_equal(judged(&history, "snapshot-isolation"), VERDICT_VALID);
	history_release(&history);
}

static void
what_items_break_already_is_not_called_g2(void **state)
{
	struct check_options options = {.level = "serializable"};
	struct check_result result;
	struct mini h = {0};
	struct history history;

	(void)state;
	make_phantoms(&h);
	for (int t = 0; t < 2; t++)
		h.txns[t].mops[0] = (struct mini_mop){.kind = MINI_READ, .key = 1 - t};
	h.txns[2] = (struct mini_txn){.mops = {{.kind = MINI_PREDICATE, .predicate = 1}},
				      .count = 1,
				      .process = 2,
				      .type = OP_OK,
				      .end = 1};
	h.count = 3;
	mini_history(&h, true, &history);
	checker_run(&checker_rw_register, &history, &options, &result);
	assert_true(result.certified);
	assert_string_equal(result.anomalies.items[0].name, "G2-item");
	result.anomalies.items[0].name = "G2";
	assert_refused(&history, "serializable", &result, "item reads are called G2");
	check_result_release(&result);
	history_release(&history);
}

static void
predicates_of_no_known_form_are_refused_with_a_sentence(void **state)
{
	struct check_options options = {0};
	struct check_result result;
	struct history history;

	(void)state;
	history_init(&history);
	struct values *values = &history.values;
	val like = val_list(values, (val[]){val_string(values, "like"), val_small(1)}, 2);
	val rp = val_list(values, (val[]){val_string(values, "rp"), like, VAL_OF_NIL}, 3);
	struct op op = {.f = F_TXN, .type = OP_OK, .complete_at = 1};
	op.input = op.output = val_list(values, &rp, 1);
	history_add(&history, &op);
	history_sort(&history);
	checker_run(&checker_rw_register, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(result.reason, "is not a predicate"));
	check_result_release(&result);
	checker_run(&checker_list_append, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(result.reason, "is not a micro-operation"));
	check_result_release(&result);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_agree_with_brute_force_on_all_small_histories),
		cmocka_unit_test(levels_agree_with_brute_force_on_random_histories),
		cmocka_unit_test(forged_proofs_are_refused),
		cmocka_unit_test(repeatable_read_holds_where_only_g2_is_broken),
		cmocka_unit_test(item_reads_break_repeatable_read_next_to_predicates),
		cmocka_unit_test(rows_that_a_predicate_shows_are_item_reads),
		cmocka_unit_test(what_items_break_already_is_not_called_g2),
		cmocka_unit_test(predicates_of_no_known_form_are_refused_with_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
