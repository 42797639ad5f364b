/* Predicate reads of transactions on registers: serializable and strict serializable are
 * compared with brute force on small histories, and the levels with each other. */
#include "base/rng.h"
#include "checkers/checker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct checker checker_rw_register, checker_list_append;

enum {
	TXNS_MAX = 5,
	KEYS = 3,
	MOPS_MAX = 3
};

struct mini_state {
	int value[KEYS]; /* 0: nil */
};

struct mini_mop {
	enum {
		MINI_READ,
		MINI_WRITE,
		MINI_PREDICATE
	} kind;
	int key, value;		 /* what a read showed, what was written */
	int predicate, a, b;	 /* which, and its numbers */
	struct mini_state shown; /* of a predicate read; 0: key not shown */
};

struct mini_txn {
	struct mini_mop mops[MOPS_MAX];
	int count;
	enum op_type type;
	uint32_t begin, end;
};

struct mini {
	struct mini_txn txns[TXNS_MAX];
	int count;
};

/* ---- meaning --------------------------------------------------------------------------
 */

static const char *const predicate_names[] = {"=", "<", ">", "between", "mod", "all"};

static bool
satisfies(const struct mini_mop *mop, int value)
{
	switch (value == 0 ? -1 : mop->predicate) {
	case 0:
		return value == mop->a;
	case 1:
		return value < mop->a;
	case 2:
		return value > mop->a;
	case 3:
		return value >= mop->a && value <= mop->b;
	case 4:
		return value % mop->a == mop->b;
	default:
		return value != 0;
	}
}

static struct mini_state
show(const struct mini_mop *mop, struct mini_state now)
{
	for (int k = 0; k < KEYS; k++)
		if (!satisfies(mop, now.value[k]))
			now.value[k] = 0;
	return now;
}

static bool
step_fits(const struct mini_txn *txn, struct mini_state *now)
{
	for (int i = 0; i < txn->count; i++) {
		const struct mini_mop *mop = &txn->mops[i];
		struct mini_state shown = show(mop, *now);
		if (mop->kind == MINI_WRITE)
			now->value[mop->key] = mop->value;
		else if (txn->type == OP_OK && mop->kind == MINI_READ &&
			 mop->value != now->value[mop->key])
			return false;
		else if (txn->type == OP_OK && mop->kind == MINI_PREDICATE &&
			 memcmp(&shown, &mop->shown, sizeof(shown)) != 0)
			return false;
	}
	return true;
}

/* All orders of the transactions that are left, of open ones also without. */
static bool
has_order(const struct mini *h, unsigned left, struct mini_state now, bool realtime)
{
	bool is_done = true;

	for (int t = 0; t < h->count; t++)
		is_done &= (left >> t & 1) == 0 || h->txns[t].type != OP_OK;
	for (int t = 0; t < h->count && !is_done; t++) {
		struct mini_state then = now;
		bool is_late = false;
		for (int u = 0; u < h->count; u++)
			is_late |= realtime && (left >> u & 1) != 0 &&
				   h->txns[u].type == OP_OK &&
				   h->txns[u].end < h->txns[t].begin;
		if ((left >> t & 1) != 0 && h->txns[t].type != OP_FAIL && !is_late &&
		    step_fits(&h->txns[t], &then) &&
		    has_order(h, left & ~(1u << t), then, realtime))
			return true;
	}
	return is_done;
}

/* ---- histories ------------------------------------------------------------------------
 */

static void
make_mop(struct mini_mop *mop, int *next_value, struct rng *rng)
{
	*mop = (struct mini_mop){.kind = rng_chance(rng, 0.5)	? MINI_WRITE
					 : rng_chance(rng, 0.6) ? MINI_PREDICATE
								: MINI_READ,
				 .key = (int)rng_below(rng, KEYS),
				 .predicate = (int)rng_below(rng, 6),
				 .a = 1 + (int)rng_below(rng, 8),
				 .b = (int)rng_below(rng, 9)};
	if (mop->kind == MINI_WRITE)
		mop->value = (*next_value)++;
	if (mop->kind == MINI_PREDICATE && rng_chance(rng, 0.5)) {
		mop->predicate = 2;
		mop->a = (int)rng_below(rng, 3);
	}
}

/* What the transaction sees in `seen`, and what it leaves in `now`. */
static void
run_mini(struct mini_txn *txn, struct mini_state seen, struct mini_state *now)
{
	for (int i = 0; i < txn->count; i++) {
		struct mini_mop *mop = &txn->mops[i];
		if (mop->kind == MINI_WRITE)
			seen.value[mop->key] = now->value[mop->key] = mop->value;
		else if (mop->kind == MINI_READ)
			mop->value = seen.value[mop->key];
		else
			mop->shown = show(mop, seen);
	}
}

static void
make_mini(struct mini *h, struct rng *rng)
{
	struct mini_state states[TXNS_MAX + 1] = {0};
	double odd = rng_chance(rng, 0.4) ? 0 : 0.6;
	int next_value = 1;
	uint32_t now = 0;

	h->count = 2 + (int)rng_below(rng, TXNS_MAX - 1);
	for (int t = 0; t < h->count; t++) {
		struct mini_txn *txn = &h->txns[t];
		int seen =
			rng_chance(rng, odd) ? (int)rng_below(rng, (uint64_t)t + 1) : t;
		*txn = (struct mini_txn){.type = OP_OK, .begin = now};
		txn->end = now + 1 + (uint32_t)rng_below(rng, 12);
		now += 1 + (uint32_t)rng_below(rng, 5);
		txn->count = 1 + (int)rng_below(rng, MOPS_MAX);
		for (int m = 0; m < txn->count; m++)
			make_mop(&txn->mops[m], &next_value, rng);
		states[t + 1] = states[t];
		run_mini(txn, states[seen], &states[t + 1]);
		if (rng_chance(rng, 0.1))
			txn->type = rng_chance(rng, 0.3) ? OP_FAIL : OP_INFO;
		if (txn->type == OP_FAIL && rng_chance(rng, 0.9))
			states[t + 1] = states[t];
	}
}

static val
predicate_value(struct values *values, const struct mini_mop *mop)
{
	val parts[3] = {val_string(values, predicate_names[mop->predicate]),
			val_small(mop->a), val_small(mop->b)};

	return val_list(values, parts,
			mop->predicate == 5  ? 1
			: mop->predicate < 3 ? 2
					     : 3);
}

/* Keys of maps are numbers in one half of the histories, and strings, as in JSON. */
static val
shown_value(struct values *values, const struct mini_mop *mop, bool has_strings)
{
	val entries[2 * KEYS];
	size_t count = 0;

	for (int k = 0; k < KEYS; k++) {
		if (mop->shown.value[k] == 0)
			continue;
		entries[count++] =
			has_strings ? val_string(values, (char[]){(char)('0' + k), '\0'})
				    : val_small(k);
		entries[count++] = val_small(mop->shown.value[k]);
	}
	return val_map(values, entries, count);
}

static val
mop_of(struct values *values, const struct mini_mop *mop, bool with_result, bool strings)
{
	bool taught = mop->kind == MINI_WRITE || (with_result && mop->value != 0);

	if (mop->kind == MINI_PREDICATE)
		return val_list(values,
				(val[]){val_string(values, "rp"),
					predicate_value(values, mop),
					with_result ? shown_value(values, mop, strings)
						    : VAL_OF_NIL},
				3);
	return val_list(values,
			(val[]){val_string(values, mop->kind == MINI_WRITE ? "w" : "r"),
				val_small(mop->key),
				taught ? val_small(mop->value) : VAL_OF_NIL},
			3);
}

static void
mini_history(const struct mini *h, bool strings, struct history *history)
{
	history_init(history);
	for (int t = 0; t < h->count; t++) {
		const struct mini_txn *txn = &h->txns[t];
		val input[MOPS_MAX], output[MOPS_MAX];
		struct values *values = &history->values;
		for (int m = 0; m < txn->count; m++) {
			input[m] = mop_of(values, &txn->mops[m], false, strings);
			output[m] = mop_of(values, &txn->mops[m], true, strings);
		}
		struct op op = {.f = F_TXN,
				.type = (uint8_t)txn->type,
				.process = (uint32_t)t,
				.invoke_at = txn->begin * 32 + (uint32_t)t};
		op.complete_at = txn->type == OP_INFO ? OP_NEVER
						      : txn->end * 32 + 16 + (uint32_t)t;
		op.input = val_list(values, input, (size_t)txn->count);
		op.output = txn->type == OP_OK
				    ? val_list(values, output, (size_t)txn->count)
				    : VAL_OF_NIL;
		history_add(history, &op);
	}
	history_sort(history);
}

/* ---- tests ----------------------------------------------------------------------------
 */

static enum verdict
judged(const struct history *history, const char *level, int number)
{
	struct check_options options = {.level = level};
	struct check_result result;

	checker_run(&checker_rw_register, history, &options, &result);
	enum verdict verdict = result.verdict;
	if (!result.certified && !result.is_unproven && verdict != VERDICT_UNKNOWN)
		fail_msg("history %d, %s: %s is not certified", number, level,
			 result.reason);
	if (verdict == VERDICT_UNKNOWN && strstr(result.reason, "is not known") == NULL)
		fail_msg("history %d, %s: %s", number, level, result.reason);
	check_result_release(&result);
	return verdict;
}

static void
fail_with(const struct history *history, const char *level, bool expected, int number)
{
	struct buf text = {0};

	vec_each (const struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_printf(&text, " events %u..%u\n", op->invoke_at, op->complete_at);
	}
	fail_msg("history %d, %s: expected %s\n%s", number, level,
		 expected ? "valid" : "invalid", buf_text(&text));
}

static enum verdict
assert_agrees(const struct history *history, const char *level, bool expected, int number)
{
	enum verdict verdict = judged(history, level, number);

	if (verdict == (expected ? VERDICT_INVALID : VERDICT_VALID))
		fail_with(history, level, expected, number);
	return verdict;
}

/* Repeatable read is weaker than serializable. */
static void
assert_weaker(const struct history *history, enum verdict serializable, int number)
{
	enum verdict repeatable = judged(history, "repeatable-read", number);

	if ((serializable == VERDICT_VALID && repeatable == VERDICT_INVALID) ||
	    (serializable == VERDICT_UNKNOWN && repeatable == VERDICT_INVALID))
		fail_with(history, "repeatable-read", true, number);
}

static void
levels_agree_with_brute_force_on_random_histories(void **state)
{
	const char *wanted = getenv("FAULTLINE_RANDOM_HISTORIES");
	int total = wanted != NULL ? atoi(wanted) : 8000;
	int counts[VERDICT_UNKNOWN + 1] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 23);
	for (int i = 0; i < total; i++) {
		const struct mini_state none = {0};
		struct mini h = {0};
		struct history history;
		make_mini(&h, &rng);
		mini_history(&h, rng_chance(&rng, 0.5), &history);
		unsigned all = (1u << h.count) - 1;
		enum verdict serializable = assert_agrees(
			&history, "serializable", has_order(&h, all, none, false), i);
		assert_agrees(&history, "strict-serializable",
			      has_order(&h, all, none, true), i);
		assert_weaker(&history, serializable, i);
		counts[serializable]++;
		history_release(&history);
	}
	assert_in_range(counts[VERDICT_VALID], total / 5, total);
	assert_in_range(counts[VERDICT_INVALID], total / 100, total);
	assert_in_range(counts[VERDICT_UNKNOWN], 0, total / 5);
	if (getenv("SHOW") != NULL)
		printf("serializable: %d valid, %d invalid, %d unknown\n",
		       counts[VERDICT_VALID], counts[VERDICT_INVALID],
		       counts[VERDICT_UNKNOWN]);
}

/* T0 [rp > 5 {}] [w x 7], T1 [rp > 5 {}] [w y 8]: each misses what the other wrote. */
static void
make_phantoms(struct mini *h)
{
	for (int t = 0; t < 2; t++)
		h->txns[t] = (struct mini_txn){
			.mops = {{.kind = MINI_PREDICATE, .predicate = 2, .a = 5},
				 {.kind = MINI_WRITE, .key = t, .value = 7 + t}},
			.count = 2,
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
	assert_int_equal(judged(&history, "repeatable-read", 0), VERDICT_VALID);
	assert_int_equal(judged(&history, "snapshot-isolation", 0), VERDICT_VALID);
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
	assert_int_equal(judged(&history, "repeatable-read", 0), VERDICT_INVALID);
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
		cmocka_unit_test(levels_agree_with_brute_force_on_random_histories),
		cmocka_unit_test(repeatable_read_holds_where_only_g2_is_broken),
		cmocka_unit_test(item_reads_break_repeatable_read_next_to_predicates),
		cmocka_unit_test(predicates_of_no_known_form_are_refused_with_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
