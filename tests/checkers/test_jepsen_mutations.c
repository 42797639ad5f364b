/* Long valid histories with one planted change: each must be found, under its name. */
#include "checkers/checker.h"
#include "tests/checkers/long_histories.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	OPS = 400,
	SEEDS = 20,
};

/* ---- changes: op is one in the middle, of the parity that the mutation asks for ------- */

static void
forget_write(struct history *history, struct op *op)
{
	(void)history;
	op->type = OP_FAIL;
	op->output = VAL_OF_NIL;
}

static void
answer_another_element(struct history *history, struct op *op)
{
	op->output = val_small(val_number(&history->values, op->output) + 100000);
}

static void
answer_that_it_is_empty(struct history *history, struct op *op)
{
	(void)history;
	op->output = VAL_OF_NIL;
}

static val
mop(struct values *values, const char *f, val key, val value)
{
	val part = val_list(values, (val[]){val_string(values, f), key, value}, 3);

	return val_list(values, &part, 1);
}

static val
part_of(const struct history *history, val txn, size_t i)
{
	return val_at(&history->values, val_at(&history->values, txn, 0), i);
}

static void
see_another_value(struct history *history, struct op *op)
{
	op->output = mop(&history->values, "r", part_of(history, op->output, 1),
			 val_small(77));
}

static void
see_less(struct history *history, struct op *op)
{
	val key = val_at(&history->values, op->output, 0);

	op->output = val_map(&history->values, (val[]){key, val_small(0)}, 2);
}

/* The record of a send or of a poll stands elsewhere. */
static void
send_to(struct history *history, struct op *op, int64_t by)
{
	struct values *values = &history->values;
	val record = part_of(history, op->output, 2);
	int64_t offset = val_number(values, val_at(values, record, 0));

	op->output =
		mop(values, "send", val_small(0),
		    val_pair(values, val_small(offset + by), val_at(values, record, 1)));
}

static void
send_behind_the_next(struct history *history, struct op *op)
{
	send_to(history, op, 100000);
}

static void
send_where_another_is(struct history *history, struct op *op)
{
	send_to(history, op, 1);
}

static val
poll_of(struct values *values, val records)
{
	val polled = val_map(values, (val[]){val_small(0), records}, 2);
	val part = val_pair(values, val_string(values, "poll"), polled);

	return val_list(values, &part, 1);
}

static void
poll_nothing(struct history *history, struct op *op)
{
	op->output = poll_of(&history->values, val_list(&history->values, NULL, 0));
}

static void
poll_what_nobody_sent(struct history *history, struct op *op)
{
	struct values *values = &history->values;
	val record = val_pair(values, val_small(500000), val_small(500000));

	op->output = poll_of(values, val_list(values, &record, 1));
}

static void
read_another_row(struct history *history, struct op *op)
{
	op->output = val_list(&history->values, (val[]){val_small(-5)}, 1);
}

/* The last write that was over, without those before it. */
static void
read_only_the_last(struct history *history, struct op *op)
{
	const struct op *write = op - 1;

	op->output = val_list(&history->values, &write->input, 1);
}

static int64_t
balance(const struct history *history, const struct op *op, size_t i)
{
	return val_number(&history->values,
			  val_at(&history->values, op->output, 2 * i + 1));
}

static void
read_balances(struct history *history, struct op *op, int64_t first, int64_t second)
{
	op->output = val_map(
		&history->values,
		(val[]){val_small(0), val_small(first), val_small(1), val_small(second)},
		4);
}

static void
read_half_a_transfer(struct history *history, struct op *op)
{
	read_balances(history, op, balance(history, op, 0) + 1, balance(history, op, 1));
}

static void
read_the_past(struct history *history, struct op *op)
{
	(void)history;
	op->output = (op - 2)->output;
}

static void
insert_the_same_key(struct history *history, struct op *op)
{
	(void)history;
	op->key = (op - 1)->key;
}

static const struct mutation {
	const char *checker, *anomaly;
	int parity; /* of the operation: 0 or 1 */
	void (*apply)(struct history *history, struct op *op);
} mutations[] = {
	{"total-queue", "unexpected-element", 0, forget_write},
	{"total-queue", "unexpected-element", 1, answer_another_element},
	{"total-queue", "lost-element", 1, answer_that_it_is_empty},
	{"long-fork", "aborted-read", 0, forget_write},
	{"long-fork", "unwritten-read", 1, see_another_value},
	{"monotonic", "nonmonotonic-time", 1, see_less},
	{"kafka", "G1a", 0, forget_write},
	{"kafka", "duplicate", 0, send_behind_the_next},
	{"kafka", "inconsistent-offsets", 0, send_where_another_is},
	{"kafka", "lost-write", 1, poll_nothing},
	{"kafka", "unsent", 1, poll_what_nobody_sent},
	{"dirty-reads", "aborted-read", 0, forget_write},
	{"dirty-reads", "unwritten-read", 1, read_another_row},
	{"causal-reverse", "unexpected-element", 1, read_another_row},
	{"causal-reverse", "causal-reverse", 1, read_only_the_last},
	{"bank", "wrong-total", 1, read_half_a_transfer},
	{"bank", "impossible-balance", 1, read_the_past},
	{"g2", "G2-predicate", 1, insert_the_same_key},
};

/* ---- the test ------------------------------------------------------------------------- */

static void
judge(const struct mutation *mutation, const struct history *history,
      struct check_result *result)
{
	struct check_options options = {.level = "strict-serializable"};
	struct err err;
	const struct checker *checker = checker_find(mutation->checker, &err);

	assert_non_null(checker);
	checker_run(checker, history, &options, result);
}

static bool
has_anomaly(const struct check_result *result, const char *name)
{
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (strcmp(anomaly->name, name) == 0)
			return true;
	return false;
}

static void
try_mutation(const struct mutation *mutation, struct rng *rng)
{
	struct check_result result;
	struct history history;

	long_history_play(long_history_of(mutation->checker), &history, OPS);
	judge(mutation, &history, &result);
	assert_int_equal(result.verdict, VERDICT_VALID);
	assert_true(result.certified);
	check_result_release(&result);
	size_t i = 10 + 2 * (size_t)rng_below(rng, OPS / 2 - 20);
	mutation->apply(&history, &history.ops.items[i + (size_t)mutation->parity]);
	judge(mutation, &history, &result);
	if (result.verdict != VERDICT_INVALID || !result.certified ||
	    !has_anomaly(&result, mutation->anomaly))
		fail_msg("%s at %zu: %s, %s", mutation->anomaly, i,
			 verdict_name(result.verdict), result.reason);
	check_result_release(&result);
	history_release(&history);
}

static void
every_planted_change_is_found_by_its_name(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 1);
	for (size_t m = 0; m < sizeof(mutations) / sizeof(mutations[0]); m++)
		for (int seed = 0; seed < SEEDS; seed++)
			try_mutation(&mutations[m], &rng);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_planted_change_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
