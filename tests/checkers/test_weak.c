/* Consistency below linearizability against its definitions: every small history and many
 * random ones, what implies what, and the smallest histories that tell models apart. */
#include "base/assert.h"
#include "base/rng.h"
#include "checkers/weak_certify.h"
#include "checkers/weak_oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static size_t
rounds(size_t base)
{
	const char *wanted = getenv("FAULTLINE_RANDOM_HISTORIES");

#ifdef __SANITIZE_ADDRESS__
	base /= 10;
#endif
	return wanted == NULL ? base : strtoul(wanted, NULL, 10);
}

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
		enum verdict truth = weak_oracle_judge(model, &weak);
		weak_decide(model, &weak, &limits, &answer);
		bool is_proven = truth != VERDICT_VALID ||
				 weak_certify_valid(model, &weak, &limits.budget, &err);
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

static void
deciders_agree_with_definitions_on_random_histories(void **state)
{
	struct rng rng;
	struct plan plans[16];
	int count;

	(void)state;
	rng_init(&rng, 20);
	for (size_t i = 0; i < rounds(8000); i++) {
		random_plans(&rng, plans, &count);
		judge_lattice(plans, count);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deciders_agree_with_definitions_on_random_histories),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
