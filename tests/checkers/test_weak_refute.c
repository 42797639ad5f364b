/* Refuting by rules: the same as brute force on small histories, and at work where brute
 * force cannot be: rings through many sessions. */
#include "base/rng.h"
#include "checkers/weak/weak_oracle.h"
#include "checkers/weak/weak_refute.h"
#include "tests/checkers/random_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static const struct budget no_budget = {0};

static void
add(struct history *history, uint32_t process, bool reads, int64_t key, int64_t value)
{
	uint32_t at = 2 * (uint32_t)history->ops.count;
	val v = value == 0 ? VAL_OF_NIL : val_small(value);
	struct op op = {.f = reads ? F_READ : F_WRITE,
			.type = OP_OK,
			.process = process,
			.key = val_small(key),
			.invoke_at = at,
			.complete_at = at + 1,
			.input = reads ? VAL_OF_NIL : v,
			.output = reads ? v : VAL_OF_NIL};

	vec_push(&history->ops, op);
}

/* Reads guess among the writes of their key, also later ones. */
static void
play(struct history *history, struct rng *rng)
{
	size_t count = 3 + rng_below(rng, 7);
	uint32_t sessions = 1 + (uint32_t)rng_below(rng, 4);
	uint64_t keys = 1 + rng_below(rng, 3);

	history_init(history);
	for (size_t i = 0; i < count; i++) {
		uint32_t process = (uint32_t)rng_below(rng, sessions);
		add(history, process, rng_chance(rng, 0.55),
		    (int64_t)rng_below(rng, keys), (int64_t)i + 1);
	}
	vec_each (struct op, op, &history->ops) {
		const struct op *other =
			&history->ops.items[rng_below(rng, history->ops.count)];
		if (op->f == F_READ)
			op->output = other->f == F_WRITE && other->key == op->key
					     ? other->input
					     : VAL_OF_NIL;
	}
}

static void
show(const struct history *history)
{
	struct buf text = {0};

	vec_each (struct op, op, &history->ops) {
		history_describe(history, op, &text);
		buf_char(&text, '\n');
	}
	print_error("%s", buf_text(&text));
	buf_release(&text);
}

static void
rules_refute_what_brute_force_refutes(void **state)
{
	size_t invalid[WEAK_MODEL_COUNT] = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 5);
	for (size_t i = 0; i < random_count(8000); i++) {
		struct check_options options = {0};
		struct history history;
		struct weak weak;
		struct err err;
		play(&history, &rng);
		assert_true(weak_init(&weak, &history, &options, &err));
		for (int m = 0; m < WEAK_MODEL_COUNT; m++) {
			enum weak_model model = (enum weak_model)m;
			enum verdict truth = weak_oracle_judge(model, &weak);
			bool refuted = weak_refute(model, &weak, &no_budget);
			invalid[m] += truth == VERDICT_INVALID;
			if (truth != VERDICT_UNKNOWN &&
			    refuted != (truth == VERDICT_INVALID)) {
				show(&history);
				fail_msg("%s: brute force says %s",
					 weak_model_name(model), verdict_name(truth));
			}
		}
		weak_release(&weak);
		history_release(&history);
	}
	for (int m = 0; m < WEAK_MODEL_COUNT; m++)
		assert_true(invalid[m] > 0);
}

/* Each session reads what the one before wrote, and then writes: the first of the last. */
static void
play_ring(struct history *history, uint32_t sessions)
{
	history_init(history);
	for (uint32_t s = 0; s < sessions; s++) {
		add(history, s, true, (s + sessions - 1) % sessions,
		    1 + (s + sessions - 1) % sessions);
		add(history, s, false, s, 1 + s);
	}
}

/* Each session sees what the one before wrote; the last one misses what the first wrote. */
static void
play_chain(struct history *history, uint32_t sessions)
{
	history_init(history);
	add(history, 0, false, 1000, 1);
	for (uint32_t s = 0; s < sessions; s++) {
		if (s > 0)
			add(history, s, true, s - 1, 2 + s - 1);
		add(history, s, false, s, 2 + s);
	}
	add(history, sessions, true, sessions - 1, 2 + sessions - 1);
	add(history, sessions, true, 1000, 0);
}

static void
expect_certified(struct history *history, const char *const *names)
{
	for (size_t i = 0; names[i] != NULL; i++) {
		struct check_options options = {0};
		struct check_result result;
		struct err err;
		checker_run(checker_find(names[i], &err), history, &options, &result);
		assert_int_equal(result.verdict, VERDICT_INVALID);
		assert_true(result.certified);
		assert_true(result.anomalies.items[0].ops.count > WEAK_ORACLE_OPS_MAX);
		check_result_release(&result);
	}
	history_release(history);
}

static void
rings_through_many_sessions_are_certified(void **state)
{
	static const char *const names[] = {"causal-cc", "causal-ccv", "causal-cm",
					    "sequential", NULL};
	struct history history;

	(void)state;
	play_ring(&history, 30);
	expect_certified(&history, names);
	play_chain(&history, 30);
	expect_certified(&history, names);
}

static bool
is_claim_certified(const char *name, const struct history *history, size_t count)
{
	struct check_options options = {.budget.bytes_max = BUDGET_BYTES_DEFAULT};
	struct check_result lie = {.verdict = VERDICT_VALID};
	struct anomaly *anomaly = check_result_anomaly(&lie, "cyclic-co", VAL_OF_NIL);
	struct err err;

	for (uint32_t i = 0; i < count; i++)
		vec_push(&anomaly->ops, i);
	bool holds = checker_find(name, &err)->certify(history, &options, &lie, &err);
	check_result_release(&lie);
	return holds;
}

static void
a_ring_with_a_gap_is_not_certified(void **state)
{
	struct history history;

	(void)state;
	play_ring(&history, 30);
	assert_true(is_claim_certified("causal-cc", &history, 60));
	assert_false(is_claim_certified("causal-cc", &history, 59));
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_refute_what_brute_force_refutes),
		cmocka_unit_test(rings_through_many_sessions_are_certified),
		cmocka_unit_test(a_ring_with_a_gap_is_not_certified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
