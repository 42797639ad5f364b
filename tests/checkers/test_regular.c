/* Regular and safe registers, staleness and convergence against brute force and examples. */
#include "base/rng.h"
#include "checkers/weak/observed.h"
#include "checkers/engine/oracle.h"
#include "checkers/register/register.h"
#include "checkers/weak/staleness.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_history.h"
#include "tests/checkers/script.h"
#include "tests/checkers/small_histories.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct check_result
run(const char *checker, const struct history *history, const char *level)
{
	struct check_options options = {.threads = 1, .level = level};
	struct check_result result;
	struct err err;

	checker_run(checker_find(checker, &err), history, &options, &result);
	if (result.verdict != VERDICT_UNKNOWN && !result.certified) {
		whole_history_print(history);
		fail_msg("%s", result.reason);
	}
	return result;
}

/* Expects a verdict and, unless NULL, the name of the first anomaly. */
static void
expect(const char *checker, const char *script, enum verdict verdict, const char *anomaly)
{
	struct history history;

	script_play(&history, script);
	struct check_result result = run(checker, &history, NULL);
	if (result.verdict != verdict)
		fail_msg("%s of '%s': %s, %s", checker, script,
			 verdict_name(result.verdict), result.reason);
	if (anomaly != NULL)
		assert_string_equal(result.anomalies.items[0].name, anomaly);
	check_result_release(&result);
	history_release(&history);
}

static bool
is_write(const struct op *op)
{
	return op->f == F_WRITE && op->type != OP_FAIL;
}

static bool
overlaps_write(const struct history *history, const struct op *read)
{
	vec_each (const struct op, op, &history->ops)
		if (is_write(op) && op->invoke_at < read->complete_at &&
		    op->complete_at > read->invoke_at)
			return true;
	return false;
}

/* The definition: this read and all writes, by the oracle of linearizability. */
static bool
is_read_linearizable(const struct history *history, uint32_t read)
{
	struct check_options options = {0};
	uint32_t ops[32];
	size_t count = 0;

	for (uint32_t i = 0; i < history->ops.count; i++)
		if (i == read || is_write(&history->ops.items[i]))
			ops[count++] = i;
	struct key_ops key = {history, VAL_OF_NIL, ops, count};
	return oracle_judge_key(&model_register, &key, &options) == VERDICT_VALID;
}

/* The smallest k by definition: `placed` writes are before, in any order that real time
 * allows; how many of them follow the source of the read. */
static uint32_t
fewest_between(const struct history *history, const uint32_t *writes, uint32_t count,
	       uint32_t placed, uint32_t since, bool has_source, uint32_t source,
	       const struct op *read)
{
	uint32_t best = UINT32_MAX;
	bool may_read = has_source;

	for (uint32_t i = 0; i < count && may_read; i++) {
		const struct op *op = &history->ops.items[writes[i]];
		if (placed >> i & 1
			    ? op->invoke_at > read->complete_at
			    : op->type == OP_OK && op->complete_at < read->invoke_at)
			may_read = false;
	}
	if (may_read)
		best = since;
	for (uint32_t i = 0; i < count; i++) {
		const struct op *op = &history->ops.items[writes[i]];
		bool is_next = !(placed >> i & 1);
		for (uint32_t j = 0; j < count; j++) {
			const struct op *other = &history->ops.items[writes[j]];
			if (!(placed >> j & 1) && j != i && other->type == OP_OK &&
			    other->complete_at < op->invoke_at)
				is_next = false;
		}
		if (!is_next)
			continue;
		bool is_source = writes[i] == source;
		uint32_t found = fewest_between(
			history, writes, count, placed | 1u << i,
			is_source ? 0 : since + (has_source && op->type == OP_OK),
			has_source || is_source, source, read);
		best = found < best ? found : best;
	}
	return best;
}

static void
compare_versions(const struct history *history)
{
	struct check_options options = {0};
	struct staleness staleness;
	struct observed observed;
	struct err err;
	uint32_t writes[16], count = 0;

	for (uint32_t i = 0; i < history->ops.count; i++)
		if (is_write(&history->ops.items[i]))
			writes[count++] = i;
	assert_true(observed_init(&observed, history, &options, &err));
	assert_true(staleness_measure(&observed, &options.budget, &staleness));
	for (uint32_t i = 0; i < history->ops.count; i++) {
		uint32_t source = observed.source[i];
		if (!observed_is_answer(&observed, i) || source == OBSERVED_UNWRITTEN)
			continue;
		uint32_t truth = fewest_between(history, writes, count, 0, 0,
						source == OBSERVED_INITIAL, source,
						&history->ops.items[i]);
		if (truth != UINT32_MAX && truth != staleness.versions[i]) {
			whole_history_print(history);
			fail_msg("read %u: %u versions between, but %u by definition", i,
				 staleness.versions[i], truth);
		}
	}
	staleness_release(&staleness);
	observed_release(&observed);
}

/* The definition of the smallest time: the oracle accepts the read when its beginning is
 * moved back by it, and not when by one nanosecond less. */
static bool
is_regular_when_earlier(const struct history *history, uint32_t read, int64_t ns)
{
	struct history moved;

	history_init(&moved);
	vec_each (const struct op, op, &history->ops) {
		struct op copy = *op;
		copy.invoke_at = (uint32_t)op->invoke_ns;
		if (op->type != OP_INFO)
			copy.complete_at = (uint32_t)op->complete_ns;
		if (op == &history->ops.items[read])
			copy.invoke_at =
				copy.invoke_at > ns ? copy.invoke_at - (uint32_t)ns : 0;
		vec_push(&moved.ops, copy);
	}
	bool ok = is_read_linearizable(&moved, read);
	history_release(&moved);
	return ok;
}

static void
compare_times(struct history *history)
{
	struct check_options options = {0};
	struct staleness staleness;
	struct observed observed;
	struct err err;

	vec_each (struct op, op, &history->ops) {
		op->invoke_ns = 10 * (int64_t)op->invoke_at + 10;
		op->complete_ns =
			op->type == OP_INFO ? -1 : 10 * (int64_t)op->complete_at + 10;
	}
	assert_true(observed_init(&observed, history, &options, &err));
	assert_true(staleness_measure(&observed, &options.budget, &staleness));
	for (uint32_t i = 0; i < history->ops.count; i++) {
		uint32_t source = observed.source[i];
		if (!observed_is_answer(&observed, i) || source == OBSERVED_UNWRITTEN ||
		    (source < OBSERVED_NOTHING &&
		     history->ops.items[source].invoke_at >
			     history->ops.items[i].complete_at))
			continue;
		int64_t ns = staleness_ns(&observed, &staleness, i);
		assert_true(is_regular_when_earlier(history, i, ns == 0 ? 0 : ns + 1));
		assert_true(ns == 0 || !is_regular_when_earlier(history, i, ns - 1));
	}
	staleness_release(&staleness);
	observed_release(&observed);
}

/* ---- atomicity ------------------------------------------------------------------------ */

/* Linearizable when all reads begin so much earlier. */
static bool
is_linearizable_when_earlier(const struct history *history, int64_t ns)
{
	struct check_options options = {0};
	struct history moved;
	uint32_t ops[32];

	history_init(&moved);
	vec_each (const struct op, op, &history->ops) {
		struct op copy = *op;
		copy.invoke_at = (uint32_t)op->invoke_ns;
		if (op->type != OP_INFO)
			copy.complete_at = (uint32_t)op->complete_ns;
		if (op->f == F_READ)
			copy.invoke_at =
				copy.invoke_at > ns ? copy.invoke_at - (uint32_t)ns : 0;
		ops[moved.ops.count] = (uint32_t)moved.ops.count;
		vec_push(&moved.ops, copy);
	}
	struct key_ops key = {&moved, VAL_OF_NIL, ops, moved.ops.count};
	bool ok = oracle_judge_key(&model_register, &key, &options) == VERDICT_VALID;
	history_release(&moved);
	return ok;
}

/* The smallest k for which brute force finds an order. */
static uint32_t
least_k(const struct history *history)
{
	struct check_options options = {.budget.bytes_max = BUDGET_BYTES_DEFAULT};
	uint32_t ops[32], k = 0;
	char level[16];

	for (uint32_t i = 0; i < history->ops.count; i++)
		ops[i] = i;
	struct key_ops key = {history, VAL_OF_NIL, ops, history->ops.count};
	do {
		snprintf(level, sizeof(level), "%u", ++k);
		options.level = level;
	} while (oracle_judge_key(&model_k_register, &key, &options) != VERDICT_VALID);
	return k;
}

static void
compare_atomicity(const struct history *history)
{
	struct check_options options = {.budget.bytes_max = BUDGET_BYTES_DEFAULT};
	struct atomicity atomicity;
	struct observed observed;
	struct age_zones zones;
	struct err err;

	assert_true(observed_init(&observed, history, &options, &err));
	age_zones_init(&zones, &observed);
	assert_true(atomicity_measure(&observed, &zones, &options, 1, &atomicity));
	if (atomicity.has_delta) {
		int64_t ns = atomicity.delta_ns;
		bool is_right =
			is_linearizable_when_earlier(history, ns == 0 ? 0 : ns + 1) &&
			(ns == 0 || !is_linearizable_when_earlier(history, ns - 1));
		if (!is_right || atomicity.k_most != least_k(history)) {
			whole_history_print(history);
			fail_msg("delta %d, k %u, by definition %u", (int)ns,
				 atomicity.k_most, least_k(history));
		}
	}
	age_zones_release(&zones);
	observed_release(&observed);
}

static size_t counts[2][VERDICT_UNKNOWN + 1]; /* of regular and safe registers */

static void
judge(struct history *history)
{
	bool regular = true, safe = true;
	static const char *const names[] = {"regular", "safe", "register"};
	enum verdict verdicts[3];

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (op->f != F_READ || op->type != OP_OK)
			continue;
		bool ok = is_read_linearizable(history, i);
		regular = regular && ok;
		safe = safe && (ok || overlaps_write(history, op));
	}
	for (int i = 0; i < 3; i++) {
		struct check_result result = run(names[i], history, NULL);
		verdicts[i] = result.verdict;
		check_result_release(&result);
	}
	counts[0][verdicts[0]]++;
	counts[1][verdicts[1]]++;
	if (verdicts[0] != (regular ? VERDICT_VALID : VERDICT_INVALID) ||
	    verdicts[1] != (safe ? VERDICT_VALID : VERDICT_INVALID)) {
		whole_history_print(history);
		fail_msg("regular %s, safe %s; by definition %d, %d",
			 verdict_name(verdicts[0]), verdict_name(verdicts[1]), regular,
			 safe);
	}
	assert_true(verdicts[2] != VERDICT_VALID || regular);
	compare_versions(history);
	compare_times(history);
	compare_atomicity(history);
	struct check_result result = run("staleness", history, NULL);
	check_result_release(&result);
}

static void
print_counts(void)
{
	for (size_t i = 0; i < 2; i++)
		print_message("%s so far: %zu valid, %zu invalid\n",
			      i == 0 ? "regular" : "safe", counts[i][VERDICT_VALID],
			      counts[i][VERDICT_INVALID]);
}

/* Operation i writes i + 1, or reads. */
static void
begin_op(void *context, struct history *history, struct choices *choices, struct op *op)
{
	(void)context, (void)history;
	op->f = choose(choices, 2) == 0 ? F_WRITE : F_READ;
	if (op->f == F_WRITE)
		op->input = val_small((int64_t)op->process + 1);
}

/* Nil, or what the first, second, ... operation may write. */
static void
end_op(void *context, struct history *history, struct choices *choices, struct op *op)
{
	size_t ops = *(const size_t *)context;
	size_t number = op->f == F_READ ? choose(choices, ops + 1) : 0;

	(void)history;
	op->type = op->f == F_WRITE && choose(choices, 2) == 0 ? OP_FAIL : OP_OK;
	if (number > 0)
		op->output = val_small((int64_t)number);
}

static void
deciders_agree_with_definitions_on_all_small_histories(void **state)
{
	size_t total = 0, ops_max = random_count(0) >= 100000 ? 4 : 3;

	(void)state;
	for (size_t ops = 1; ops <= ops_max; ops++) {
		const struct small_player player = {begin_op, end_op, &ops};
		struct choices choices = {.tries_all = true};
		do {
			struct history history;
			small_history_play(&history, &choices, ops, &player);
			judge(&history);
			history_release(&history);
			total++;
		} while (choices_next(&choices));
		choices_release(&choices);
	}
	print_message("%zu small histories\n", total);
	print_counts();
	assert_true(total > 1000);
}

static void
deciders_agree_with_definitions_on_random_histories(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 21);
	for (size_t i = 0; i < random_count_slow(6000); i++) {
		struct random_register shape = {
			.ops = 2 + rng_below(&rng, 7),
			.processes = 1 + (uint32_t)rng_below(&rng, 4),
			.read_percent = 50,
			.info_percent = rng_below(&rng, 2) ? 15 : 0,
			.wrong_percent = rng_below(&rng, 2) ? 60 : 0,
			.fail_percent = 5};
		struct history history;
		random_register_play(&history, &shape, &rng);
		judge(&history);
		history_release(&history);
	}
	print_counts();
}

static void
new_then_old_is_regular_but_not_linearizable(void **state)
{
	const char *script = "0+w1 0=ok 0+w2 1+r 1=2 1+r 1=1 0=ok";

	(void)state;
	expect("register", script, VERDICT_INVALID, NULL);
	expect("regular", script, VERDICT_VALID, NULL);
	expect("regular", "0+w1 0=ok 0+w2 0=ok 1+r 1=1", VERDICT_INVALID, "stale-read");
	expect("regular", "1+r 1=1 0+w1 0=ok", VERDICT_INVALID, "future-read");
	expect("regular", "0+w1 0=fail 1+r 1=1", VERDICT_INVALID, "failed-write-read");
}

static void
anything_may_be_read_during_a_write_of_a_safe_register(void **state)
{
	(void)state;
	expect("safe", "0+w1 0=ok 0+w2 1+r 1=7 0=ok", VERDICT_VALID, NULL);
	expect("regular", "0+w1 0=ok 0+w2 1+r 1=7 0=ok", VERDICT_INVALID,
	       "unwritten-read");
	expect("safe", "0+w1 0=ok 0+w2 0=ok 1+r 1=1", VERDICT_INVALID, "stale-read");
	expect("safe", "0+w1 0=? 1+r 1=7", VERDICT_VALID, NULL);
}

static void
staleness_is_a_figure_and_a_verdict_only_when_asked(void **state)
{
	struct history history;
	static const struct {
		const char *level, *anomaly;
	} rows[] = {{NULL, NULL},   {"3", NULL},	{"2", "too-many-versions"},
		    {"4ms", NULL},  {"1ms", "too-old"}, {"3,1ms", "too-old"},
		    {"3,4ms", NULL}};

	(void)state;
	script_play(&history, "0+w1 0=ok 0+w2 0=ok 0+w3 0=ok 1+r 1=1");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct check_result result = run("staleness", &history, rows[i].level);
		assert_int_equal(result.verdict,
				 rows[i].anomaly ? VERDICT_INVALID : VERDICT_VALID);
		if (rows[i].anomaly != NULL)
			assert_string_equal(result.anomalies.items[0].name,
					    rows[i].anomaly);
		assert_non_null(strstr(buf_text(&result.details),
				       "\"versions_max\":3,\"time_max_ns\":3000000"));
		check_result_release(&result);
	}
	struct check_result result = run("staleness", &history, "0");
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	check_result_release(&result);
	history_release(&history);
}

/* New, then old, while the write is open: fresh for each read alone, but not together. */
static void
reads_are_compared_with_each_other_for_atomicity(void **state)
{
	static const struct {
		const char *level, *anomaly;
	} rows[] = {{"1", "not-k-atomic"},
		    {"2", NULL},
		    {"3ms", NULL},
		    {"1ms", "not-delta-atomic"},
		    {NULL, NULL}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct check_options options = {
			.threads = 1, .level = rows[i].level, .model = "atomic"};
		struct check_result result;
		struct history history;
		struct err err;
		script_play(&history, "0+w1 0=ok 0+w2 1+r 1=2 2+r 2=1 2+r 2=1 0=ok");
		checker_run(checker_find("staleness", &err), &history, &options, &result);
		assert_true(result.certified);
		assert_int_equal(result.verdict, rows[i].anomaly == NULL
							 ? VERDICT_VALID
							 : VERDICT_INVALID);
		if (rows[i].anomaly != NULL)
			assert_string_equal(result.anomalies.items[0].name,
					    rows[i].anomaly);
		assert_non_null(strstr(buf_text(&result.details),
				       "\"k_atomic_least\":2,\"k_atomic_most\":2"));
		check_result_release(&result);
		history_release(&history);
	}
}

/* Any figure that is told wrongly is refused. */
static void
a_changed_figure_is_not_certified(void **state)
{
	static const char *const names[] = {
		"\"stale_reads\":",	"\"versions_max\":",   "\"time_max_ns\":",
		"\"delta_atomic_ns\":", "\"k_atomic_least\":", "\"k_atomic_most\":"};
	struct check_options options = {.budget.bytes_max = BUDGET_BYTES_DEFAULT};
	struct check_result result;
	struct history history;
	struct err err;

	(void)state;
	script_play(&history, "0+w1 0=ok 0+w2 0=ok 0+w3 0=ok 1+r 1=1 1+r 1=3");
	checker_run(&checker_staleness, &history, &options, &result);
	assert_true(result.certified);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *digit = strstr(buf_text(&result.details), names[i]);
		assert_non_null(digit);
		digit += strlen(names[i]);
		char before = *digit;
		*digit = before == '1' ? '2' : '1';
		assert_false(
			checker_staleness.certify(&history, &options, &result, &err));
		*digit = before;
	}
	check_result_release(&result);
	history_release(&history);
}

static void
nodes_must_end_alike_on_what_nothing_replaced(void **state)
{
	(void)state;
	expect("convergence", "0+w1 0=ok 1+r 1=1 2+r 2=1", VERDICT_VALID, NULL);
	expect("convergence", "0+w1 1+w2 0=ok 1=ok 0+r 0=2 1+r 1=2", VERDICT_VALID, NULL);
	expect("convergence", "0+w1 1+w2 0=ok 1=ok 0+r 0=1 1+r 1=2", VERDICT_INVALID,
	       "divergent-read");
	expect("convergence", "0+w1 0=ok 0+w2 0=ok 1+r 1=1", VERDICT_INVALID,
	       "lost-update");
	expect("convergence", "0+w1 0=ok 1+r 1=nil", VERDICT_INVALID, "lost-update");
	expect("convergence", "0+w1 0=ok 1+r 1=9", VERDICT_INVALID, "unwritten-read");
	expect("convergence", "0+w1 0=ok 1+w2 1=? 0+r 0=1 2+r 2=2", VERDICT_UNKNOWN,
	       NULL);
	expect("convergence", "1+r 1=nil 0+w1 0=ok", VERDICT_UNKNOWN, NULL);
	expect("convergence", "0+w1 0=ok 1+r 1=nil 1+r 1=1", VERDICT_VALID, NULL);
}

static void
values_written_twice_are_not_decided(void **state)
{
	static const char *const names[] = {"regular",	   "safe",	 "staleness",
					    "convergence", "sequential", "causal",
					    "session"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		expect(names[i], "0+w1 0=ok 0+w1 0=ok 1+r 1=1", VERDICT_UNKNOWN, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deciders_agree_with_definitions_on_all_small_histories),
		cmocka_unit_test(deciders_agree_with_definitions_on_random_histories),
		cmocka_unit_test(new_then_old_is_regular_but_not_linearizable),
		cmocka_unit_test(anything_may_be_read_during_a_write_of_a_safe_register),
		cmocka_unit_test(staleness_is_a_figure_and_a_verdict_only_when_asked),
		cmocka_unit_test(reads_are_compared_with_each_other_for_atomicity),
		cmocka_unit_test(a_changed_figure_is_not_certified),
		cmocka_unit_test(nodes_must_end_alike_on_what_nothing_replaced),
		cmocka_unit_test(values_written_twice_are_not_decided),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
