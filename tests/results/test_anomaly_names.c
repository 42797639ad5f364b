/* What checkers say must be explained: every anomaly that stands in
 * checkers/anomalies.def has a definition in a comment or table below checkers/, and a
 * story in tests/histories/. What is said of any history at hand (the corpus, and
 * generated ones with a planted mutation, each judged by all checkers), and what the
 * tables of checkers define, must stand there. Each story of transactions that are
 * invalid has a twin that is valid, its name with a word more. */
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

/* Names without a story, and who meets them. */
static const char *const untold[] = {
	/* Cores of more than 200 transactions: tests/checkers/test_rw_names.c. */
	"no-serial-order", "no-serial-order-process", "no-serial-order-realtime",
	"no-snapshot-order-process", "no-snapshot-order-realtime",
	/* Lines of logs, which stand in no history: tests/checkers/test_log_pattern.c. */
	"log-match", NULL};

/* Words with a hyphen that begin a line of a table and are no anomalies. */
static const char *const other_words[] = {
	"causal-cc",	  "final-lookup", "final-read", "int-send-skip",
	"priority-queue", "tuple-space",  NULL};

/* The name of a checker, then what it says. */
static const char *const listed[][64] = {
#define SAYS(...) {__VA_ARGS__},
#include "checkers/anomalies.def"
#undef SAYS
};

enum {
	LISTED = sizeof(listed) / sizeof(listed[0])
};

static size_t said, missing;
static struct buf sources, stories;

static bool
is_among(const char *const *names, const char *name)
{
	for (size_t i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

static bool
is_listed(const char *checker, const char *name)
{
	for (size_t i = 0; i < LISTED; i++)
		if (checker == NULL || strcmp(listed[i][0], checker) == 0)
			if (is_among(listed[i] + 1, name))
				return true;
	return false;
}

static void
complain(const char *who, const char *name, const char *what)
{
	print_error("%s: %s %s\n", who, name, what);
	missing++;
}

static void
note(const char *checker, const char *name)
{
	said++;
	if (!is_listed(checker, name))
		complain(checker, name, "is said, but not in checkers/anomalies.def");
}

/* ---- what is said ---- */

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
				note(checkers[i]->name, anomaly->name);
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

/* ---- where it is explained ---- */

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
	const char *text = buf_text(&sources), *line = text;

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

/* ---- the tests ---- */

static void
what_is_said_is_listed(void **state)
{
	(void)state;
	missing = said = 0;
	judge_corpus();
	judge_generated();
	assert_true(said > 1000);
	assert_int_equal(missing, 0);
}

static void
what_is_listed_is_defined_and_has_a_story(void **state)
{
	(void)state;
	missing = 0;
	for (size_t i = 0; i < LISTED; i++)
		for (const char *const *name = listed[i] + 1; *name != NULL; name++) {
			if (!is_defined(*name))
				complain(listed[i][0], *name, "has no definition");
			if (!is_told(*name) && !is_among(untold, *name))
				complain(listed[i][0], *name, "has no story");
			if (is_told(*name) && is_among(untold, *name))
				complain(listed[i][0], *name, "has a story by now");
		}
	assert_int_equal(missing, 0);
}

static bool
is_in_sources_as_string(const char *name)
{
	char *literal = mem_format("\"%s\"", name);
	bool found = strstr(buf_text(&sources), literal) != NULL;

	free(literal);
	return found;
}

/* A line of a comment's table that begins with a word which is a string elsewhere. */
static void
what_tables_define_is_listed(void **state)
{
	const char *line = buf_text(&sources);
	char name[64];

	(void)state;
	missing = 0;
	for (; (line = strstr(line, "\n *\t")) != NULL; line++) {
		size_t bytes = 0;
		while (is_name_byte(line[4 + bytes]) && bytes + 1 < sizeof(name))
			bytes++;
		memcpy(name, line + 4, bytes);
		name[bytes] = '\0';
		if (strchr(name, '-') != NULL && is_in_sources_as_string(name) &&
		    !is_listed(NULL, name) && !is_among(other_words, name))
			complain("a table", name, "is not in checkers/anomalies.def");
	}
	assert_int_equal(missing, 0);
}

/* The first line of an expectation begins with these words. */
static bool
begins(const char *path, const char *checker, const char *verdict)
{
	char *wanted = mem_format("%s %s ", checker, verdict);
	struct buf text = {0};
	struct err err;
	bool ok = file_read(path, 0, &text, &err) &&
		  strncmp(buf_text(&text), wanted, strlen(wanted)) == 0;

	free(wanted);
	buf_release(&text);
	return ok;
}

static bool
has_twin(const char *path, const char *checker)
{
	char *pattern = mem_format("%.*s-*.expect",
				   (int)(strlen(path) - strlen(".expect")), path);
	bool found = false;
	glob_t files;

	if (glob(pattern, 0, NULL, &files) == 0) {
		for (size_t i = 0; i < files.gl_pathc; i++)
			found |= begins(files.gl_pathv[i], checker, "valid");
		globfree(&files);
	}
	free(pattern);
	return found;
}

static void
each_violation_of_transactions_has_a_valid_twin(void **state)
{
	static const char *const checkers[] = {"list-append", "rw-register"};
	size_t invalid = 0;
	glob_t files;

	(void)state;
	missing = 0;
	assert_int_equal(glob("tests/histories/*.expect", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		for (size_t k = 0; k < 2; k++) {
			if (!begins(files.gl_pathv[i], checkers[k], "invalid"))
				continue;
			invalid++;
			if (!has_twin(files.gl_pathv[i], checkers[k]))
				complain(checkers[k], files.gl_pathv[i],
					 "has no valid twin");
		}
	globfree(&files);
	assert_true(invalid > 50);
	assert_int_equal(missing, 0);
}

static int
read_files(void **state)
{
	(void)state;
	append_files("checkers/*/*.{h,c,def}", &sources);
	append_files("tests/histories/*.expect", &stories);
	return 0;
}

static int
release_files(void **state)
{
	(void)state;
	buf_release(&sources);
	buf_release(&stories);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_is_listed),
		cmocka_unit_test(what_is_listed_is_defined_and_has_a_story),
		cmocka_unit_test(what_tables_define_is_listed),
		cmocka_unit_test(each_violation_of_transactions_has_a_valid_twin),
	};

	return cmocka_run_group_tests(tests, read_files, release_files);
}
