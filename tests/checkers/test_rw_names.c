/* What violations of transactions on registers are called: a miss has one name, the grossest,
 * and a core that is too large for a derivation is called after what it lacks. */
#include "checkers/transaction/isolation.h"
#include "checkers/transaction/rw_proof.h"
#include "tests/checkers/small_txns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

extern const struct checker checker_rw_register;

/* ---- misses ---- */

static bool
is_miss(const struct anomaly *anomaly)
{
	static const char *const names[] = {
		"non-monotonic-view", "fractured-read", "non-monotonic-view-process",
		"fractured-read-process", "causality-violation"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(anomaly->name, names[i]) == 0)
			return true;
	return false;
}

static bool
have_same_ops(const struct anomaly *a, const struct anomaly *b)
{
	return a->ops.count == b->ops.count && val_equal(NULL, a->key, b->key) &&
	       memcmp(a->ops.items, b->ops.items, a->ops.count * sizeof(uint32_t)) == 0;
}

static int
count_misses(const struct check_result *result)
{
	int count = 0;

	vec_each (const struct anomaly, a, &result->anomalies) {
		count += is_miss(a);
		vec_each (const struct anomaly, b, &result->anomalies)
			if (a != b && is_miss(a) && is_miss(b) && have_same_ops(a, b) &&
			    strncmp(a->name, b->name, strlen(b->name)) == 0)
				fail_msg("%s is told again as %s\n%s", b->name, a->name,
					 b->text);
	}
	return count;
}

static void
a_miss_is_told_once(void **state)
{
	int misses = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 41);
	for (int i = 0; i < 2000; i++) {
		struct check_options options = {0};
		struct check_result result;
		struct small_txns h = {0};
		struct history history;
		small_txns_make(&h, &rng);
		small_txns_history(&h, &history);
		checker_run(&checker_rw_register, &history, &options, &result);
		misses += count_misses(&result);
		check_result_release(&result);
		history_release(&history);
	}
	assert_true(misses > 100);
}

static void
a_miss_says_what_else_it_is(void **state)
{
	struct small_txns h = {.count = 2,
			       .keys = 2,
			       .txns = {{.mops = {{true, 0, 1}, {true, 1, 2}},
					 .mop_count = 2,
					 .type = OP_OK,
					 .end = 2},
					{.mops = {{false, 0, 1}, {false, 1, 0}},
					 .mop_count = 2,
					 .type = OP_OK,
					 .begin = 1,
					 .end = 3,
					 .process = 1}}};
	struct check_options options = {.level = "causal"};
	struct check_result result;
	struct history history;

	(void)state;
	small_txns_history(&h, &history);
	checker_run(&checker_rw_register, &history, &options, &result);
	assert_int_equal(result.anomalies.count, 1);
	assert_string_equal(result.anomalies.items[0].name, "non-monotonic-view");
	assert_non_null(strstr(result.anomalies.items[0].text,
			       ", and so fractured-read, non-monotonic-view-process, "
			       "fractured-read-process, causality-violation\n"));
	check_result_release(&result);
	history_release(&history);
}

/* ---- rings ---- */

enum {
	RING = PROOF_TXNS_MAX + 1,
	LONG_AGO = 0,
	LONG_AFTER = 10 * RING
};

static val
mop(struct history *history, const char *f, int key, int value)
{
	struct values *values = &history->values;

	return val_list(values,
			(val[]){val_string(values, f), val_small(key),
				value == 0 ? VAL_OF_NIL : val_small(value)},
			3);
}

/* A transaction of one or two micro-operations; it lasts from `begin` to `end`. */
static void
add_txn(struct history *history, int process, val first, val second, int begin, int end)
{
	val mops[] = {first, second};
	struct op op = {.f = F_TXN,
			.type = OP_OK,
			.process = (uint32_t)process,
			.invoke_at = (uint32_t)begin,
			.complete_at = (uint32_t)end};

	op.input = op.output =
		val_list(&history->values, mops, second == VAL_OF_NIL ? 1 : 2);
	history_add(history, &op);
}

/* How the last is tied to the first, besides by what they read. */
enum tie {
	TIE_NONE, /* by what they read */
	TIE_SESSION,
	TIE_TIME
};

/* Each misses what the one before it writes; the first misses the last, or was over before
 * the last began. */
static void
make_skews(struct history *history, enum tie tie)
{
	for (int i = 0; i < RING; i++) {
		bool is_first = tie != TIE_NONE && i == 0,
		     is_last = tie != TIE_NONE && i == RING - 1;
		add_txn(history, tie == TIE_SESSION && is_last ? 0 : i,
			mop(history, "r", i, 0),
			is_last ? VAL_OF_NIL : mop(history, "w", (i + 1) % RING, 1),
			is_last ? LONG_AFTER + 1 : LONG_AGO + i,
			is_first ? LONG_AFTER : LONG_AFTER + RING + i);
	}
}

/* Each reader sees one write and misses the next: a long fork of many. Nobody misses the
 * first write where it began when the last was over. */
static void
make_forks(struct history *history, enum tie tie)
{
	for (int i = 0; i < RING; i++) {
		bool is_first = tie != TIE_NONE && i == 0,
		     is_last = tie != TIE_NONE && i == RING - 1;
		add_txn(history, tie == TIE_SESSION && is_first ? 2 * RING - 2 : 2 * i,
			mop(history, "w", i, 1), VAL_OF_NIL,
			is_first ? LONG_AFTER + 2 : LONG_AGO + 2 * i,
			is_last ? LONG_AFTER + 1 : 2 * LONG_AFTER + 2 * i);
		if (is_last)
			continue;
		add_txn(history, 2 * i + 1, mop(history, "r", i, 1),
			mop(history, "r", (i + 1) % RING, 0), LONG_AGO + 2 * i + 1,
			2 * LONG_AFTER + 2 * i + 1);
	}
}

static void
assert_called(void (*make)(struct history *history, enum tie tie), enum tie tie,
	      const char *level, const char *name)
{
	struct check_options options = {.level = level};
	struct check_result result;
	struct history history;

	history_init(&history);
	make(&history, tie);
	history_sort(&history);
	checker_run(&checker_rw_register, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_INVALID);
	assert_int_equal(result.anomalies.count, 1);
	assert_string_equal(result.anomalies.items[0].name, name);
	assert_true(result.anomalies.items[0].ops.count > PROOF_TXNS_MAX);
	assert_true(result.certified);
	check_result_release(&result);
	history_release(&history);
}

static void
what_is_too_large_for_a_derivation_is_called_after_the_order_it_lacks(void **state)
{
	(void)state;
	assert_called(make_skews, TIE_NONE, "serializable", "no-serial-order");
	assert_called(make_skews, TIE_SESSION, "strong-session-serializable",
		      "no-serial-order-process");
	assert_called(make_skews, TIE_TIME, "strict-serializable",
		      "no-serial-order-realtime");
	assert_called(make_forks, TIE_NONE, "snapshot-isolation", "no-snapshot-order");
	assert_called(make_forks, TIE_SESSION, "strong-session-snapshot-isolation",
		      "no-snapshot-order-process");
	assert_called(make_forks, TIE_TIME, "strong-snapshot-isolation",
		      "no-snapshot-order-realtime");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_miss_is_told_once),
		cmocka_unit_test(a_miss_says_what_else_it_is),
		cmocka_unit_test(
			what_is_too_large_for_a_derivation_is_called_after_the_order_it_lacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
