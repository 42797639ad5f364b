/* What is wrong with a history is shown by a dozen operations or fewer, whatever its type: of
 * a large core of transactions by its first layer. */
#include "checkers/choice.h"
#include "checkers/generate/generate.h"
#include "checkers/transaction/core_layers.h"
#include "tests/checkers/random_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

enum {
	DOZEN = 12
};

/* The operations that a reader is shown first. */
static size_t
shown_of(const struct anomaly *anomaly)
{
	struct core_list words = {anomaly->layers.items, anomaly->layers.count};
	struct core_layer first;

	return core_layers_take(&words, &first) ? first.txns.count : anomaly->ops.count;
}

/* The fewest of an answer; 0: no anomaly names one. */
static size_t
fewest_shown(const struct check_result *result)
{
	size_t fewest = 0;

	vec_each (const struct anomaly, anomaly, &result->anomalies) {
		size_t shown = shown_of(anomaly);
		if (shown > 0 && (fewest == 0 || shown < fewest))
			fewest = shown;
	}
	return fewest;
}

static int invalid;

/* By the checker that fits, or by another one; a history without room for the mutation is
 * passed over. */
static void
assert_shown(const struct generate_options *shape, const char *name, const char *level)
{
	struct check_options options = {.level = level, .no_certify = true};
	struct check_result result;
	struct history history;
	struct err err;

	history_init(&history);
	if (generate_history(&history, shape, &err)) {
		history_sort(&history);
		const struct checker *checker =
			name != NULL ? checker_find(name, &err)
				     : choice_of(&history, &options).checker;
		checker_run(checker, &history, &options, &result);
		size_t fewest = fewest_shown(&result);
		if (result.verdict == VERDICT_INVALID && (fewest == 0 || fewest > DOZEN))
			fail_msg("%s of %s, %llu operations, seed %llu: %zu operations, "
				 "%s",
				 shape->mutate, shape->type,
				 (unsigned long long)shape->operations,
				 (unsigned long long)shape->seed, fewest, result.reason);
		invalid += result.verdict == VERDICT_INVALID;
		check_result_release(&result);
	}
	history_release(&history);
}

static void
assert_all_shown(const struct generate_type *type, uint64_t seed)
{
	static const uint64_t sizes[] = {20, 100, 600, 2000};
	static const uint32_t processes[] = {3, 8, 20};

	for (const struct generate_mutation *m = type->mutations; m->name != NULL; m++) {
		struct generate_options shape = {
			.type = type->name,
			.mutate = m->name,
			.operations = sizes[seed % 4],
			.processes = processes[seed % 3],
			.info_percent = (int)(seed % 5) * 5,
			.fail_percent = strcmp(m->name, "aborted-read") == 0 ? 20 : 0,
			.seed = seed};
		assert_shown(&shape, NULL, NULL);
	}
}

static void
every_type_is_told_by_a_dozen(void **state)
{
	size_t count, seeds = random_share(6, 20000);
	const struct generate_type *const *types = generate_types(&count);

	(void)state;
	invalid = 0;
	for (uint64_t seed = 1; seed <= seeds; seed++)
		for (size_t t = 0; t < count; t++)
			assert_all_shown(types[t], seed);
	assert_in_range(invalid, 40 * seeds, 100 * seeds);
}

static void
every_level_of_transactions_is_told_by_a_dozen(void **state)
{
	static const char *const types[] = {"rw-register", "list-append"};
	static const char *const levels[] = {"read-committed",
					     "read-atomic",
					     "causal",
					     "consistent-view",
					     "snapshot-isolation",
					     "serializable",
					     "repeatable-read",
					     "strong-session-serializable"};
	size_t seeds = random_share(30, 20000);

	(void)state;
	invalid = 0;
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		struct generate_options shape = {.type = types[seed % 2],
						 .mutate = "stale-read",
						 .operations = 100 + seed % 7 * 150,
						 .processes =
							 5 + (uint32_t)(seed % 4) * 20,
						 .keys = 3 + (uint32_t)(seed % 5) * 10,
						 .info_percent = (int)(seed % 3) * 10,
						 .seed = seed};
		for (size_t l = 0; l < sizeof(levels) / sizeof(levels[0]); l++)
			assert_shown(&shape, NULL, levels[l]);
	}
	assert_in_range(invalid, seeds, 8 * seeds);
}

/* Many elements were in the way, hundreds of takes may have taken some: one that a known take
 * took later says it all. */
static void
many_takes_of_unknown_outcome_do_not_make_it_long(void **state)
{
	(void)state;
	invalid = 0;
	for (uint64_t seed = 1246; seed < 1251; seed++) {
		struct generate_options shape = {.type = "priority-queue",
						 .mutate = "false-empty",
						 .operations = 5000,
						 .processes = 20,
						 .info_percent = 20,
						 .seed = seed};
		assert_shown(&shape, NULL, NULL);
	}
	assert_in_range(invalid, 3, 5);
}

/* Twenty-four operations force an order that contradicts itself. */
static void
what_sessions_force_is_told_by_a_dozen_and_proven(void **state)
{
	const struct generate_options shape = {.type = "causal",
					       .mutate = "initial-read",
					       .operations = 300,
					       .processes = 5,
					       .keys = 3,
					       .info_percent = 20,
					       .seed = 60};
	const struct check_options options = {0};
	struct check_result result;
	struct history history;
	struct err err;

	(void)state;
	history_init(&history);
	assert_true(generate_history(&history, &shape, &err));
	history_sort(&history);
	const struct checker *checker = checker_find("sequential", &err);
	checker_run(checker, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_INVALID);
	assert_true(result.certified);
	struct anomaly *core = &result.anomalies.items[0];
	assert_in_range(core->ops.count, DOZEN + 1, 100);
	assert_in_range(shown_of(core), 2, DOZEN);
	assert_non_null(strstr(core->text, "which is a cycle: T"));
	for (size_t word = 0; word < core->layers.count; word++) {
		core->layers.items[word] ^= 1u << 20; /* names what is not there */
		assert_false(checker->certify(&history, &options, &result, &err));
		core->layers.items[word] ^= 1u << 20;
	}
	assert_true(checker->certify(&history, &options, &result, &err));
	check_result_release(&result);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_told_by_a_dozen),
		cmocka_unit_test(every_level_of_transactions_is_told_by_a_dozen),
		cmocka_unit_test(many_takes_of_unknown_outcome_do_not_make_it_long),
		cmocka_unit_test(what_sessions_force_is_told_by_a_dozen_and_proven),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
