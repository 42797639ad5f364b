/* Consistency below linearizability against its definitions: every small history and many
 * random ones, what implies what, and the smallest histories that tell models apart. */
#include "base/assert.h"
#include "base/rng.h"
#include "checkers/weak/weak_certify.h"
#include "checkers/weak/weak_keep.h"
#include "checkers/weak/weak_oracle.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_replicas.h"
#include "tests/checkers/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* A planned operation: kind 'w' writes a value of its own, 'r' reads what plan number
 * `source` wrote, or the initial value (-1). */
struct plan {
	char kind;
	int process, key, source;
};

static void
play(const struct plan *plans, int count, struct history *history)
{
	struct err err;

	history_init(history);
	for (int i = 0; i < count; i++) {
		const struct plan *plan = &plans[i];
		struct op op = {.process = (uint32_t)plan->process,
				.key = val_small(plan->key),
				.f = plan->kind == 'w' ? F_WRITE : F_READ,
				.invoke_ns = i * 2000000};
		if (plan->kind == 'w')
			op.input = val_small(i + 1);
		ASSERT(history_invoke(history, &op, &err));
		op.type = OP_OK;
		op.complete_ns = op.invoke_ns + 1000000;
		if (plan->kind == 'r' && plan->source >= 0)
			op.output = val_small(plan->source + 1);
		ASSERT(history_complete(history, &op, &err));
	}
}

static void
print_history(const struct history *history)
{
	struct buf text = {0};

	vec_each (struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_char(&text, '\n');
	}
	print_error("%s", buf_text(&text));
	buf_release(&text);
}

/* Decides by both; returns the verdicts as a mask of the models that hold. Valid ones
 * are certified. */
static unsigned
compare(const struct plan *plans, int count)
{
	static const struct weak_limits limits = {
		.budget = {.bytes_max = (size_t)1 << 28}};
	struct history history;
	struct check_options options = {0};
	struct weak weak;
	struct err err;
	unsigned holds = 0;

	play(plans, count, &history);
	assert_true(weak_init(&weak, &history, &options, &err));
	for (int i = 0; i < WEAK_MODEL_COUNT; i++) {
		enum weak_model model = (enum weak_model)i;
		struct weak_answer answer;
		struct check_result kept = {0};
		enum verdict truth = weak_oracle_judge(model, &weak);
		weak_decide_and_keep(model, &weak, &limits.budget, &answer, &kept);
		bool is_proven = truth != VERDICT_VALID ||
				 (weak_certify_kept(model, &weak, &kept, &err) &&
				  weak_certify_valid(model, &weak, &limits.budget, &err));
		check_result_release(&kept);
		if (truth != answer.verdict || !is_proven) {
			print_history(&history);
			fail_msg("%s: %s, but by its definition %s; %s",
				 weak_model_name(model), verdict_name(answer.verdict),
				 verdict_name(truth), is_proven ? "" : err.text);
		}
		holds |= truth == VERDICT_VALID ? 1u << i : 0;
	}
	weak_release(&weak);
	history_release(&history);
	return holds;
}

enum forgery {
	SEQUENCE_LEFT_OUT,
	OPERATION_LEFT_OUT,
	OPERATION_TWICE,
	OPERATION_OF_NOBODY,
	BACK_TO_FRONT,
	FORGERIES
};

/* The last sequence is that of a session with a read, or of all. */
static void
forge(struct check_result *result, enum forgery forgery)
{
	struct order *order = vec_last(&result->orders);

	if (forgery == SEQUENCE_LEFT_OUT) {
		free(order->ops);
		result->orders.count--;
	} else if (forgery == OPERATION_LEFT_OUT) {
		order->count--;
	} else if (forgery == OPERATION_TWICE) {
		order->ops[0] = order->ops[1];
	} else if (forgery == OPERATION_OF_NOBODY) {
		order->ops[0] = UINT32_MAX;
	} else {
		for (size_t i = 0; i < order->count / 2; i++) {
			uint32_t op = order->ops[i];
			order->ops[i] = order->ops[order->count - 1 - i];
			order->ops[order->count - 1 - i] = op;
		}
	}
}

static void
forged_sequences_are_refused(void **state)
{
	static const char *const names[] = {"sequential",      "causal", "causal-cc",
					    "causal-ccv",      "pram",	 "session",
					    "monotonic-writes"};
	struct check_options options = {.budget = {.bytes_max = (size_t)1 << 28}};
	struct history history;
	struct err err;

	(void)state;
	script_play(&history, "0+w1 0=ok 0+w2 0=ok 1+r 1=1 1+r 1=2 1+w3 1=ok 1+r 1=3");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (enum forgery forgery = 0; forgery < FORGERIES; forgery++) {
			const struct checker *checker = checker_find(names[i], &err);
			struct check_result result;
			checker_run(checker, &history, &options, &result);
			assert_true(result.certified);
			forge(&result, forgery);
			/* A result without any sequence is decided again. */
			if (result.orders.count > 0 &&
			    checker->certify(&history, &options, &result, &err))
				fail_msg("%s with forgery %d is certified", names[i],
					 forgery);
			check_result_release(&result);
		}
	history_release(&history);
}

static const struct {
	enum weak_model stronger, weaker;
} implications[] = {
	{WEAK_SEQUENTIAL, WEAK_CCV},
	{WEAK_SEQUENTIAL, WEAK_CM},
	{WEAK_CCV, WEAK_CC},
	{WEAK_CM, WEAK_CC},
	{WEAK_CCV, WEAK_SESSION},
	{WEAK_CM, WEAK_SESSION},
	{WEAK_CM, WEAK_PRAM},
	{WEAK_PRAM, WEAK_READ_YOUR_WRITES},
	{WEAK_PRAM, WEAK_MONOTONIC_READS},
	{WEAK_PRAM, WEAK_MONOTONIC_WRITES},
	{WEAK_CC, WEAK_READ_YOUR_WRITES},
	{WEAK_SESSION, WEAK_READ_YOUR_WRITES},
	{WEAK_SESSION, WEAK_MONOTONIC_READS},
	{WEAK_SESSION, WEAK_MONOTONIC_WRITES},
	{WEAK_SESSION, WEAK_WRITES_FOLLOW_READS},
};

static unsigned long apart[WEAK_MODEL_COUNT][WEAK_MODEL_COUNT];

static void
judge_lattice(const struct plan *plans, int count)
{
	unsigned holds = compare(plans, count);

	for (size_t i = 0; i < sizeof(implications) / sizeof(implications[0]); i++) {
		if (!(holds >> implications[i].stronger & 1) ||
		    holds >> implications[i].weaker & 1)
			continue;
		struct history history;
		play(plans, count, &history);
		print_history(&history);
		fail_msg("%s holds, but not %s",
			 weak_model_name(implications[i].stronger),
			 weak_model_name(implications[i].weaker));
	}
	for (int a = 0; a < WEAK_MODEL_COUNT; a++)
		for (int b = 0; b < WEAK_MODEL_COUNT; b++) {
			if (!(holds >> a & 1) || holds >> b & 1)
				continue;
			if (apart[a][b]++ == 0 && getenv("SHOW") != NULL) {
				struct history history;
				play(plans, count, &history);
				print_error("%s but not %s, %d ops\n", weak_model_name(a),
					    weak_model_name(b), count);
				print_history(&history);
				history_release(&history);
			}
		}
}

static void
random_plans(struct rng *rng, struct plan *plans, int *count)
{
	int processes = (int)rng_between(rng, 1, 3), keys = (int)rng_between(rng, 1, 2);

	*count = (int)rng_between(rng, 2, 9);
	int write_percent = (int)rng_between(rng, 30, 70);
	for (int i = 0; i < *count; i++)
		plans[i] = (struct plan){
			.kind = rng_below(rng, 100) < (uint64_t)write_percent ? 'w' : 'r',
			.process = (int)rng_below(rng, (uint64_t)processes),
			.key = (int)rng_below(rng, (uint64_t)keys),
			.source = -1};
	bool may_see_future = rng_below(rng, 4) == 0;
	for (int i = 0; i < *count; i++) {
		int choices[16], n = 0;
		for (int j = 0; j < (may_see_future ? *count : i); j++)
			if (plans[j].kind == 'w' && plans[j].key == plans[i].key)
				choices[n++] = j;
		if (plans[i].kind == 'r' && n > 0 && rng_below(rng, 8) != 0)
			plans[i].source = choices[rng_below(rng, (uint64_t)n)];
	}
}

/* Calls judge_lattice for every history of `count` operations, each of one of `processes`
 * on one of `keys`. Names are used in order, so that no history comes twice renamed. */
static void
judge_all(int count, int processes, int keys)
{
	int kinds = count + 2; /* a write, a read of nothing, of plan 0, 1, ... */
	int options = kinds * processes * keys;
	struct plan plans[8];
	long total = 1;

	for (int i = 0; i < count; i++)
		total *= options;
	for (long number = 0; number < total; number++) {
		long rest = number;
		int processes_met = 0, keys_met = 0;
		bool is_history = true;
		for (int i = 0; i < count; i++, rest /= options) {
			int option = (int)(rest % options), kind = option % kinds;
			plans[i] = (struct plan){.kind = kind == 0 ? 'w' : 'r',
						 .process = option / kinds % processes,
						 .key = option / kinds / processes,
						 .source = kind - 2};
			is_history = is_history && plans[i].process <= processes_met &&
				     plans[i].key <= keys_met;
			processes_met += plans[i].process == processes_met;
			keys_met += plans[i].key == keys_met;
		}
		for (int i = 0; i < count; i++)
			if (plans[i].kind == 'r' && plans[i].source >= 0)
				is_history = is_history &&
					     plans[plans[i].source].kind == 'w' &&
					     plans[plans[i].source].key == plans[i].key;
		if (is_history)
			judge_lattice(plans, count);
	}
}

static void
deciders_agree_with_definitions_on_all_small_histories(void **state)
{
	bool is_long = random_count_is_set();

	(void)state;
	for (int count = 1; count <= 3; count++)
		judge_all(count, 3, 2);
	judge_all(4, 2, 1);
	if (!is_long)
		return;
	judge_all(4, 3, 2);
	judge_all(5, 2, 1);
}

static void
deciders_agree_with_definitions_on_random_histories(void **state)
{
	struct rng rng;
	struct plan plans[16];
	int count;

	(void)state;
	rng_init(&rng, 20);
	for (size_t i = 0; i < random_count_slow(8000); i++) {
		random_plans(&rng, plans, &count);
		judge_lattice(plans, count);
	}
}

/* The verdicts of a script as one letter a model, in the order of weak_models.h. */
static void
expect_verdicts(const char *script, const char *expected)
{
	static const char letters[] = "SCVMPrmwfg";
	char got[WEAK_MODEL_COUNT + 1] = "";
	struct check_options options = {.threads = 1};
	struct history history;
	struct err err;

	script_play(&history, script);
	for (int i = 0; i < WEAK_MODEL_COUNT; i++) {
		struct check_result result;
		const struct checker *checker =
			checker_find(weak_model_name((enum weak_model)i), &err);
		checker_run(checker, &history, &options, &result);
		got[i] = result.verdict == VERDICT_VALID ? letters[i] : '-';
		if (!result.certified)
			fail_msg("%s of '%s': %s", checker->name, script, result.reason);
		assert_true(result.verdict != VERDICT_INVALID ||
			    result.anomalies.items[0].ops.count <= history.ops.count);
		check_result_release(&result);
	}
	history_release(&history);
	if (strcmp(got, expected) != 0)
		fail_msg("'%s': %s, expected %s", script, got, expected);
}

static void
the_smallest_histories_tell_models_apart(void **state)
{
	(void)state;
	/* stale for others only */
	expect_verdicts("0+w1 0=ok 1+r 1=nil", "SCVMPrmwfg");
	/* store buffers */
	expect_verdicts("@1 0+w1 0=ok @2 0+r 0=nil 1+w1 1=ok @1 1+r 1=nil", "-CVMPrmwfg");
	/* two last writers for ever */
	expect_verdicts("0+w1 0=ok 1+w2 1=ok 0+r 0=2 1+r 1=1", "-C-MPrmwfg");
	/* POPL 2017, figure 3 */
	expect_verdicts("@3 0+w1 0=ok @1 0+w1 0=ok @2 0+w1 0=ok @1 1+w2 1=ok @3 1+r "
			"1=nil @2 1+r 1=1 @1 1+r 1=2",
			"-CV--rmwfg");
	/* back and forth between concurrent writes */
	expect_verdicts("0+w1 0=ok 1+w2 1=ok 2+r 2=1 2+r 2=2 2+r 2=1", "-C---r-wf-");
	/* the effect without the cause, through a third */
	expect_verdicts("@1 0+w1 0=ok 1+r 1=1 @2 1+w1 1=ok 2+r 2=1 @1 2+r 2=nil",
			"----Prmw--");
	/* the same, on one key */
	expect_verdicts("0+w1 0=ok 1+r 1=1 1+w2 1=ok 2+r 2=2 2+r 2=1", "----Prmwf-");
	/* a second write without the first */
	expect_verdicts("@1 0+w1 0=ok @2 0+w1 0=ok 1+r 1=1 @1 1+r 1=nil", "-----rm-f-");
	/* an own write is not seen */
	expect_verdicts("0+w1 0=ok 0+r 0=nil", "------mwf-");
	/* a read that goes back */
	expect_verdicts("0+w1 0=ok 1+r 1=1 1+r 1=nil", "-----r-wf-");
	/* what was seen before an own write comes back */
	expect_verdicts("@2 0+w1 0=ok @1 0+w3 0=ok 1+r 1=3 @2 1+w5 1=ok 1+r 1=1",
			"-----rmwfg");
}

static void
a_write_of_unknown_outcome_ends_its_session(void **state)
{
	(void)state;
	expect_verdicts("0+w1 0=? 0+r 0=nil 1+r 1=1", "SCVMPrmwfg");
	expect_verdicts("0+w1 0=? 0+r 0=nil 1+r 1=1 1+r 1=nil", "-----r-wf-");
	expect_verdicts("0+w1 0=fail 0+r 0=nil", "SCVMPrmwfg");
	expect_verdicts("0+w1 0=fail 1+r 1=1", "----------");
	expect_verdicts("1+r 1=7", "----------");
}

static enum verdict
check_replicas(const char *checker, const struct history *history)
{
	struct check_options options = {.threads = 1};
	struct check_result result;
	struct err err;

	checker_run(checker_find(checker, &err), history, &options, &result);
	if (!result.certified)
		fail_msg("%s: %s", checker, result.reason);
	enum verdict verdict = result.verdict;
	if (verdict == VERDICT_INVALID)
		assert_in_range(result.anomalies.items[0].ops.count, 1, 12);
	check_result_release(&result);
	return verdict;
}

/* What replicas promise holds; then one read of an own write is made to return what the
 * session had written before it. */
static void
replicas_keep_their_promise_until_a_read_is_falsified(void **state)
{
	static const struct {
		enum replication replication;
		const char *promise;
	} rows[] = {{REPLICAS_ONE, "sequential"},
		    {REPLICAS_ONE, "regular"},
		    {REPLICAS_CAUSAL, "causal"},
		    {REPLICAS_CAUSAL, "session"},
		    {REPLICAS_CONVERGENT, "causal-ccv"},
		    {REPLICAS_CONVERGENT, "causal-cc"},
		    {REPLICAS_FIFO, "pram"},
		    {REPLICAS_FIFO, "read-your-writes"}};
	struct rng rng;

	(void)state;
	rng_init(&rng, 22);
	for (size_t i = 0; i < 8 * sizeof(rows) / sizeof(rows[0]); i++) {
		size_t row = i / 8;
		struct random_replicas shape = {.replication = rows[row].replication,
						.ops = 300,
						.sessions = 4,
						.keys = 3,
						.read_percent = 50,
						.deliver_percent = 70};
		struct history history;
		random_replicas_play(&history, &shape, &rng);
		assert_int_equal(check_replicas(rows[row].promise, &history),
				 VERDICT_VALID);
		struct op write = {.process = 9, .key = val_small(1), .f = F_WRITE};
		for (int step = 0; step < 3; step++) {
			struct op op = write;
			op.f = step < 2 ? F_WRITE : F_READ;
			op.input = step < 2 ? val_small(1000 + step) : VAL_OF_NIL;
			op.output = step < 2 ? VAL_OF_NIL : val_small(1000);
			op.type = OP_OK;
			op.invoke_at = history.events++;
			op.complete_at = history.events++;
			history_add(&history, &op);
		}
		assert_int_equal(check_replicas(rows[row].promise, &history),
				 VERDICT_INVALID);
		history_release(&history);
	}
}

static void
renaming_and_unrelated_keys_change_no_verdict(void **state)
{
	struct rng rng;
	struct plan plans[24];
	int count;

	(void)state;
	rng_init(&rng, 23);
	for (int i = 0; i < 300; i++) {
		random_plans(&rng, plans, &count);
		unsigned holds = compare(plans, count);
		for (int j = 0; j < count; j++) {
			plans[j].process = 7 - plans[j].process;
			plans[j].key = 5 - plans[j].key;
		}
		plans[count] = (struct plan){'w', 1, 9, -1};
		plans[count + 1] = (struct plan){'r', 1, 9, count};
		assert_int_equal(compare(plans, count + 2), holds);
	}
}

static void
a_budget_that_is_used_up_gives_unknown(void **state)
{
	atomic_bool stop = true;
	struct random_replicas shape = {REPLICAS_CAUSAL, 3000, 4, 3, 50, 70};
	struct history history;
	struct rng rng;
	struct err err;

	(void)state;
	rng_init(&rng, 24);
	random_replicas_play(&history, &shape, &rng);
	for (int i = 0; i < WEAK_MODEL_COUNT; i++)
		for (int is_time = 0; is_time < 2; is_time++) {
			struct check_options options = {.threads = 1};
			struct check_result result;
			const char *name = weak_model_name((enum weak_model)i);
			if (is_time)
				options.budget.stop = &stop;
			else
				options.budget.bytes_max = 1000;
			if (!is_time && i >= WEAK_READ_YOUR_WRITES)
				continue; /* their memory is linear and small */
			checker_run(checker_find(name, &err), &history, &options,
				    &result);
			assert_int_not_equal(result.verdict, VERDICT_VALID);
			check_result_release(&result);
		}
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deciders_agree_with_definitions_on_all_small_histories),
		cmocka_unit_test(deciders_agree_with_definitions_on_random_histories),
		cmocka_unit_test(the_smallest_histories_tell_models_apart),
		cmocka_unit_test(forged_sequences_are_refused),
		cmocka_unit_test(a_write_of_unknown_outcome_ends_its_session),
		cmocka_unit_test(replicas_keep_their_promise_until_a_read_is_falsified),
		cmocka_unit_test(renaming_and_unrelated_keys_change_no_verdict),
		cmocka_unit_test(a_budget_that_is_used_up_gives_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
