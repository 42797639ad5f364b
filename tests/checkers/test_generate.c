/* Generated histories: valid ones are valid, mutated ones invalid, whoever checks them. */
#include "base/text.h"
#include "checkers/checker.h"
#include "checkers/generate/generate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	SEEDS = 12,
	OPERATIONS = 150
};

/* What a person would name where the choice by content is ambiguous; NULL: the choice. */
static const char *
checker_for(const char *type)
{
	static const struct {
		const char *type, *checker;
	} named[] = {{"bag", "bag"}, {"queue", "queue"}, {"ids", "unique-ids"}};

	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (strcmp(named[i].type, type) == 0)
			return named[i].checker;
	return NULL;
}

static const struct checker *
choose(const char *type, const struct history *history)
{
	const char *name = checker_for(type);
	struct err err;

	return name != NULL ? checker_find(name, &err) : checker_choose(history);
}

static void
generate(struct history *history, const struct generate_options *options)
{
	struct err err;

	history_init(history);
	if (!generate_history(history, options, &err))
		fail_msg("%s %s: %s", options->type,
			 options->mutate ? options->mutate : "", err.text);
}

/* The checker must say so, with proof. */
static bool
assert_verdict(const struct generate_options *options, enum verdict expected)
{
	const struct check_options check = {.threads = 1};
	struct check_result result;
	struct history history;

	generate(&history, options);
	const struct checker *checker = choose(options->type, &history);
	if (checker != NULL) {
		checker_run(checker, &history, &check, &result);
		if (result.verdict != expected)
			fail_msg("%s, seed %llu, %s, %d %% info: %s says %s: %s",
				 options->type, (unsigned long long)options->seed,
				 options->mutate ? options->mutate : "valid",
				 options->info_percent, checker->name,
				 verdict_name(result.verdict), result.reason);
		check_result_release(&result);
	}
	history_release(&history);
	return checker != NULL;
}

static void
every_type_is_valid_and_every_mutation_invalid(void **state)
{
	size_t count, judged = 0;
	const struct generate_type *const *types = generate_types(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (uint64_t seed = 0; seed < SEEDS; seed++) {
			struct generate_options options = {
				.type = types[i]->name,
				.operations = OPERATIONS,
				.keys = 1 + (uint32_t)(seed % 3),
				.processes = 2 + (uint32_t)(seed % 4),
				.info_percent = seed % 2 ? 5 : 0,
				.seed = seed};
			judged += assert_verdict(&options, VERDICT_VALID);
			for (size_t j = 0; types[i]->mutations[j] != NULL; j++) {
				options.mutate = types[i]->mutations[j];
				assert_verdict(&options, VERDICT_INVALID);
			}
		}
	assert_int_equal(judged, count * SEEDS);
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
		       "a lock has no mutation 'stale-read'", "it has: lock-held-twice");
	assert_refused(&(struct generate_options){.type = "queue",
						  .operations = 1,
						  .mutate = "out-of-order"},
		       "the history has no place for 'out-of-order'",
		       "more operations, or another seed");
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
		cmocka_unit_test(every_type_is_valid_and_every_mutation_invalid),
		cmocka_unit_test(the_same_seed_gives_the_same_history),
		cmocka_unit_test(unknown_words_and_bad_numbers_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
