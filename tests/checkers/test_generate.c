/* Generated histories: valid ones are valid, mutated ones invalid, whoever checks them. */
#include "base/text.h"
#include "checkers/checker.h"
#include "checkers/generate/generate.h"
#include "tests/checkers/random_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	SEEDS = 10, /* of each type, and so many of SEEDS_OF (random_count.h) */
	SEEDS_OF = 1000,
	OPERATIONS = 150,
	BYTES_MAX = 64 << 20 /* of a checker */
};

/* False: it has no place for the mutation, which happens in short ones. */
static bool
generate_mutated(struct history *history, const struct generate_options *options)
{
	struct err err;

	history_init(history);
	if (generate_history(history, options, &err))
		return true;
	if (options->mutate == NULL || strstr(err.text, "has no place") == NULL)
		fail_msg("%s %s: %s", options->type,
			 options->mutate != NULL ? options->mutate : "", err.text);
	return false;
}

static void
generate(struct history *history, const struct generate_options *options)
{
	assert_true(generate_mutated(history, options));
}

static void
judge(const struct generate_type *type, const struct history *history, const char *level,
      struct check_result *result)
{
	struct check_options options = {.threads = 1,
					.model = type->model,
					.level = level,
					.budget.bytes_max = BYTES_MAX};
	const char *name = type->checker != NULL ? type->checker : type->name;
	struct err err;

	if (type->init != NULL)
		options.init = val_small(strtol(type->init, NULL, 10));
	const struct checker *checker = checker_find(name, &err);
	if (checker == NULL)
		fail_msg("%s", err.text);
	checker_run(checker, history, &options, result);
}

/* One of the names, which have | between them, is that of an anomaly. */
static bool
names_anomaly(const struct check_result *result, const char *names)
{
	struct strings name = {0};
	bool found = strcmp(names, "*") == 0;

	strings_split(&name, names, '|');
	for (size_t i = 0; i < name.of.count; i++)
		vec_each (struct anomaly, anomaly, &result->anomalies)
			found |= strcmp(anomaly->name, name.of.items[i]) == 0;
	strings_release(&name);
	return found;
}

static void
fail_with(const struct generate_options *options, const struct check_result *result)
{
	fail_msg("%s, %s, seed %llu, %u keys, %u processes, %d %% info: %s%s: %s",
		 options->type, options->mutate != NULL ? options->mutate : "valid",
		 (unsigned long long)options->seed, options->keys, options->processes,
		 options->info_percent, verdict_name(result->verdict),
		 result->certified ? "" : ", not certified", result->reason);
}

/* The checker must say so, with proof (or give up, where it is invalid and memory is short).
 * True: an anomaly is called as expected. */
static bool
judge_one(const struct generate_type *type, const struct generate_options *options,
	  const struct generate_mutation *mutation)
{
	enum verdict expected = mutation != NULL ? VERDICT_INVALID : VERDICT_VALID;
	struct check_result result;
	struct history history;

	if (!generate_mutated(&history, options)) {
		history_release(&history);
		return false;
	}
	judge(type, &history, NULL, &result);
	bool is_given_up = result.verdict == VERDICT_UNKNOWN && mutation != NULL;
	if (!is_given_up &&
	    (result.verdict != expected || (!result.certified && !result.is_unproven)))
		fail_with(options, &result);
	bool is_named =
		mutation != NULL &&
		names_anomaly(&result, mutation->anomaly != NULL ? mutation->anomaly
								 : mutation->name);
	check_result_release(&result);
	history_release(&history);
	return is_named;
}

static struct generate_options
options_of(const struct generate_type *type, uint64_t seed)
{
	return (struct generate_options){.type = type->name,
					 .operations = OPERATIONS,
					 .keys = seed % 3 == 0 ? 0
							       : 1 + (uint32_t)(seed % 3),
					 .processes = 2 + (uint32_t)(seed % 4),
					 .info_percent = seed % 2 ? 5 : 0,
					 .fail_percent = 5,
					 .seed = seed};
}

static void
every_type_is_valid(void **state)
{
	size_t count;
	const struct generate_type *const *types = generate_types(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (uint64_t seed = 0; seed < random_share(SEEDS, SEEDS_OF); seed++) {
			struct generate_options options = options_of(types[i], seed);
			judge_one(types[i], &options, NULL);
		}
}

/* What is broken depends on the operations around, so that now and then another anomaly is
 * found instead of the planted one. */
static void
expect_mutation(const struct generate_type *type,
		const struct generate_mutation *mutation)
{
	uint64_t named = 0;

	for (uint64_t seed = 0; seed < random_share(SEEDS, SEEDS_OF); seed++) {
		struct generate_options options = options_of(type, seed);
		options.mutate = mutation->name;
		named += judge_one(type, &options, mutation);
	}
	if (named * 2 < random_share(SEEDS, SEEDS_OF))
		fail_msg("%s, %s: only %llu of %llu are called so", type->name,
			 mutation->name, (unsigned long long)named,
			 (unsigned long long)random_share(SEEDS, SEEDS_OF));
}

static void
every_mutation_is_invalid_and_called_by_its_name(void **state)
{
	size_t count;
	const struct generate_type *const *types = generate_types(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct generate_mutation *mutation = types[i]->mutations;
		for (; mutation->name != NULL; mutation++)
			expect_mutation(types[i], mutation);
		assert_true(mutation - types[i]->mutations >= 2);
	}
}

/* The checker that is chosen; NULL when the mutation has no place. */
static const struct checker *
chosen(const struct generate_options *options)
{
	const struct checker *checker = NULL;
	struct history history;

	if (generate_mutated(&history, options))
		checker = checker_choose(&history);
	history_release(&history);
	return checker;
}

static void
expect_choice(const struct generate_type *type, const char *mutation)
{
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct generate_options options = options_of(type, seed);
		const struct checker *before = chosen(&options);
		options.mutate = mutation;
		const struct checker *after = chosen(&options);
		if (before == NULL)
			fail_msg("%s, seed %llu: nobody judges it", type->name,
				 (unsigned long long)seed);
		if (after != NULL && after != before)
			fail_msg("%s, %s, seed %llu: %s, not %s", type->name, mutation,
				 (unsigned long long)seed, after->name, before->name);
		assert_true(after != NULL || strcmp(mutation, "nonmonotonic-order") != 0);
	}
}

static void
a_mutation_changes_nothing_of_the_choice(void **state)
{
	size_t count;
	const struct generate_type *const *types = generate_types(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (const struct generate_mutation *mutation = types[i]->mutations;
		     mutation->name != NULL; mutation++)
			expect_choice(types[i], mutation->name);
}

static const char *const levels[] = {
#define ANOMALY(id, name, definition)
#define LEVEL(id, name, forbids) name,
#include "checkers/transaction/isolation.def"
#undef ANOMALY
#undef LEVEL
};

enum {
	LEVELS = sizeof(levels) / sizeof(levels[0])
};

static const struct generate_type *
find_type(const char *name)
{
	size_t count, i = 0;
	const struct generate_type *const *types = generate_types(&count);

	while (i < count && strcmp(types[i]->name, name) != 0)
		i++;
	assert_true(i < count);
	return types[i];
}

static void
expect_at(const struct generate_options *options, const char *level,
	  enum verdict expected)
{
	const struct generate_type *type = find_type(options->type);
	struct check_result result;
	struct history history;

	generate(&history, options);
	judge(type, &history, level, &result);
	if (result.verdict != expected || !result.certified) {
		print_message("at level %s:\n", level);
		fail_with(options, &result);
	}
	check_result_release(&result);
	history_release(&history);
}

static void
transactions_are_valid_at_every_level(void **state)
{
	static const char *const names[] = {"list-append", "rw-register",
					    "rw-predicates"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (uint64_t seed = 0; seed < random_share(SEEDS, SEEDS_OF); seed++) {
			struct generate_options options =
				options_of(find_type(names[i]), seed);
			for (size_t k = 0; k < LEVELS; k++)
				expect_at(&options, levels[k], VERDICT_VALID);
		}
}

/* Each of the two has its snapshot, and all rows that it was shown are right. */
static void
a_phantom_skew_breaks_only_what_is_serializable(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < random_share(SEEDS, SEEDS_OF); seed++) {
		struct generate_options options =
			options_of(find_type("rw-predicates"), seed);
		options.mutate = "phantom-skew";
		for (size_t k = 0; k < LEVELS; k++)
			expect_at(&options, levels[k],
				  strstr(levels[k], "serializable") != NULL
					  ? VERDICT_INVALID
					  : VERDICT_VALID);
	}
}

static void
tell(const struct history *history, struct buf *out)
{
	vec_each (struct op, op, &history->ops) {
		history_describe(history, op, out);
		buf_char(out, '\n');
	}
}

static void
the_same_seed_gives_the_same_history(void **state)
{
	const struct generate_options options = {.type = "list-append",
						 .mutate = "any",
						 .operations = 300,
						 .info_percent = 10,
						 .seed = 7};
	struct generate_options other = options;
	struct history a, b, c;
	struct buf text_a = {0}, text_b = {0}, text_c = {0};

	(void)state;
	other.seed = 8;
	generate(&a, &options);
	generate(&b, &options);
	generate(&c, &other);
	tell(&a, &text_a);
	tell(&b, &text_b);
	tell(&c, &text_c);
	assert_string_equal(buf_text(&text_a), buf_text(&text_b));
	assert_string_not_equal(buf_text(&text_a), buf_text(&text_c));
	history_release(&a);
	history_release(&b);
	history_release(&c);
	buf_release(&text_a);
	buf_release(&text_b);
	buf_release(&text_c);
}

static void
assert_refused(const struct generate_options *options, const char *sentence,
	       const char *hint)
{
	struct history history;
	struct err err;

	history_init(&history);
	assert_false(generate_history(&history, options, &err));
	assert_string_equal(err.text, sentence);
	assert_string_equal(err.hint, hint);
	history_release(&history);
}

static void
unknown_words_and_bad_numbers_are_refused(void **state)
{
	(void)state;
	assert_refused(&(struct generate_options){.type = "registr", .operations = 1},
		       "no history of type 'registr' can be generated",
		       "did you mean 'register'?");
	assert_refused(&(struct generate_options){.type = "lock",
						  .operations = 9,
						  .mutate = "stale-read"},
		       "a lock has no mutation 'stale-read'",
		       "it has: lock-held-twice, release-without-hold");
	assert_refused(&(struct generate_options){.type = "queue",
						  .operations = 1,
						  .mutate = "out-of-order"},
		       "the history has no place for 'out-of-order'",
		       "more operations, another seed, or operations that fail (--fail)");
	assert_refused(&(struct generate_options){.type = "queue"},
		       "the number of operations must be 1 .. 1073741824, not 0", "");
	assert_refused(&(struct generate_options){.type = "queue",
						  .operations = 1,
						  .info_percent = 101},
		       "a percentage must be 0 .. 100, not 101", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_valid),
		cmocka_unit_test(every_mutation_is_invalid_and_called_by_its_name),
		cmocka_unit_test(a_mutation_changes_nothing_of_the_choice),
		cmocka_unit_test(transactions_are_valid_at_every_level),
		cmocka_unit_test(a_phantom_skew_breaks_only_what_is_serializable),
		cmocka_unit_test(the_same_seed_gives_the_same_history),
		cmocka_unit_test(unknown_words_and_bad_numbers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
