/* What checkers say must be explained: every anomaly that any checker finds in any history
 * at hand (the corpus, and generated ones with a planted mutation, each judged by all
 * checkers) has a definition in a comment or table below checkers/, and a story in
 * tests/histories/. */
#include "base/file.h"
#include "base/mem.h"
#include "checkers/checker.h"
#include "checkers/generate/generate.h"
#include "results/formats/reader.h"

#include <ctype.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	GENERATED_OPS = 60,
	GENERATED_SEEDS = 4
};

/* Names that no small history is known for; the tests of their checkers meet them. */
static const char *const untold[] = {"no-serial-order",
				     "no-serial-order-process",
				     "no-serial-order-realtime",
				     "no-snapshot-order",
				     "no-snapshot-order-process",
				     "no-snapshot-order-realtime",
				     "not-sequential",
				     NULL};

static VEC(const char *) said;
static struct buf definitions, stories;

static void
note(const char *name)
{
	for (size_t i = 0; i < said.count; i++)
		if (strcmp(said.items[i], name) == 0)
			return;
	vec_push(&said, name);
}

/* ---- what is said -------------------------------------------------------------------------- */

static void
judge_by_all(const struct history *history)
{
	static const char *const variants[] = {NULL, "monotone", "exactly-once",
					       "ww-deps"};
	const struct check_options options = {.threads = 1, .no_certify = true};
	size_t count;
	const struct checker *const *checkers = checkers_all(&count);

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < sizeof(variants) / sizeof(variants[0]); k++) {
			struct check_options variant = options;
			struct check_result result;
			variant.model = variants[k];
			checker_run(checkers[i], history, &variant, &result);
			vec_each (struct anomaly, anomaly, &result.anomalies)
				note(anomaly->name);
			check_result_release(&result);
		}
}

static void
judge_corpus(void)
{
	const struct reader_options options = {0};
	struct history history;
	struct err err;
	glob_t files;

	assert_int_equal(glob("tests/histories/*.{jsonl,edn}", GLOB_BRACE, NULL, &files),
			 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		history_init(&history);
		if (!reader_read_file(files.gl_pathv[i], &options, &history, NULL, &err))
			fail_msg("%s", err.text);
		judge_by_all(&history);
		history_release(&history);
	}
	globfree(&files);
}

static void
judge_generated(void)
{
	size_t count;
	const struct generate_type *const *types = generate_types(&count);

	for (size_t i = 0; i < count * GENERATED_SEEDS; i++) {
		struct generate_options options = {.type = types[i % count]->name,
						   .mutate = "any",
						   .operations = GENERATED_OPS,
						   .seed = i};
		struct history history;
		struct err err;
		history_init(&history);
		if (generate_history(&history, &options, &err))
			judge_by_all(&history);
		history_release(&history);
	}
}

/* ---- where it is explained ----------------------------------------------------------------- */

static void
append_files(const char *pattern, struct buf *out)
{
	struct err err;
	glob_t files;

	assert_int_equal(glob(pattern, GLOB_BRACE, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		if (!file_read(files.gl_pathv[i], 0, out, &err))
			fail_msg("%s", err.text);
	globfree(&files);
}

static bool
is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '-';
}

/* The line begins as those of comments and tables do. */
static bool
is_definition(const char *line)
{
	return strncmp(line, " *", 2) == 0 || strncmp(line, "ANOMALY(", 8) == 0;
}

static bool
is_defined(const char *name)
{
	size_t bytes = strlen(name);
	const char *text = buf_text(&definitions), *line = text;

	for (const char *at = text; (at = strstr(at, name)) != NULL; at++) {
		for (const char *next; (next = strchr(line, '\n')) != NULL && next < at;)
			line = next + 1;
		if (is_definition(line) && !is_name_byte(at[-1]) &&
		    !is_name_byte(at[bytes]))
			return true;
	}
	return false;
}

/* The third word of an expectation. */
static bool
is_told(const char *name)
{
	char *verdict = mem_format(" invalid %s", name);
	size_t bytes = strlen(verdict);
	bool found = false;

	for (const char *at = buf_text(&stories);
	     !found && (at = strstr(at, verdict)) != NULL; at++)
		found = !is_name_byte(at[bytes]);
	free(verdict);
	return found;
}

static bool
may_be_untold(const char *name)
{
	for (size_t i = 0; untold[i] != NULL; i++)
		if (strcmp(untold[i], name) == 0)
			return true;
	return false;
}

static void
what_checkers_say_is_defined_and_has_a_story(void **state)
{
	size_t missing = 0;

	(void)state;
	append_files("checkers/*/*.{h,c,def}", &definitions);
	append_files("tests/histories/*.expect", &stories);
	judge_corpus();
	judge_generated();
	for (size_t i = 0; i < said.count; i++) {
		bool defined = is_defined(said.items[i]);
		bool told = is_told(said.items[i]) || may_be_untold(said.items[i]);
		missing += !defined || !told;
		if (!defined || !told)
			print_error("%s has no %s\n", said.items[i],
				    defined ? "story" : "definition");
	}
	print_message("%zu names\n", said.count);
	assert_true(said.count > 100);
	assert_int_equal(missing, 0);
	vec_release(&said);
	buf_release(&definitions);
	buf_release(&stories);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_checkers_say_is_defined_and_has_a_story),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
