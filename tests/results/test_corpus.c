/* The corpus: every tests/histories/NAME.jsonl or NAME.edn is a small history with a story
 * and a known verdict, told by NAME.expect:
 *
 *	CHECKER valid|invalid|unknown ANOMALY|- [init=V] [model=NAME] [level=NAME]
 *		[key=none|tuple|FIELD] [nil=value|unknown]
 *	the story, any number of lines
 *
 * The verdict must be that one, its certificate must hold, and an anomaly of that name must
 * be among those that were found. SHOW=1 prints the explanations. */
#include "checkers/checker.h"
#include "results/formats/reader.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	WORDS_MAX = 8
};

struct expectation {
	char line[512]; /* cut into words */
	const char *words[WORDS_MAX];
	size_t count;
	bool has_story;
};

static char folder[PATH_MAX];

static bool
ends_with(const char *name, const char *end)
{
	size_t a = strlen(name), b = strlen(end);

	return a > b && strcmp(name + a - b, end) == 0;
}

/* The base name of a history, or false for another file. */
static bool
stem_of(const char *file, char *stem, size_t bytes)
{
	if (!ends_with(file, ".jsonl") && !ends_with(file, ".edn"))
		return false;
	snprintf(stem, bytes, "%s", file);
	*strrchr(stem, '.') = '\0';
	return true;
}

static bool
read_expectation(const char *stem, struct expectation *expectation)
{
	char path[PATH_MAX + 300], story[512], *rest;

	snprintf(path, sizeof(path), "%s/%s.expect", folder, stem);
	*expectation = (struct expectation){0};
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	bool has_line = fgets(expectation->line, sizeof(expectation->line), file) != NULL;
	expectation->has_story = fgets(story, sizeof(story), file) != NULL;
	fclose(file);
	for (char *word = strtok_r(expectation->line, " \n", &rest);
	     word != NULL && expectation->count < WORDS_MAX;
	     word = strtok_r(NULL, " \n", &rest))
		expectation->words[expectation->count++] = word;
	return has_line && expectation->count >= 3;
}

static bool
parse_init(const char *text, struct history *history, val *init)
{
	struct scan scan;

	scan_init(&scan, SCAN_EDN, &history->values,
		  (struct bytes){.data = text, .len = strlen(text)});
	bool ok = scan_value(&scan, init);
	scan_release(&scan);
	return ok;
}

/* The value of an option in the expectation, or NULL. */
static const char *
option(const struct expectation *expectation, const char *name)
{
	size_t bytes = strlen(name);

	for (size_t i = 3; i < expectation->count; i++)
		if (strncmp(expectation->words[i], name, bytes) == 0 &&
		    expectation->words[i][bytes] == '=')
			return expectation->words[i] + bytes + 1;
	return NULL;
}

/* A word that is no option would be a verdict that nobody checks. */
static bool
options_are_known(const struct expectation *expectation)
{
	static const char *const names[] = {"init=", "model=", "level=", "key=", "nil="};
	bool all = true;

	for (size_t i = 3; i < expectation->count; i++) {
		bool is_known = false;
		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			is_known |= strncmp(expectation->words[i], names[j],
					    strlen(names[j])) == 0;
		all = all && is_known;
	}
	return all;
}

static bool
apply_options(const struct expectation *expectation, struct history *history,
	      struct check_options *options)
{
	const char *init = option(expectation, "init");
	const char *nil = option(expectation, "nil");

	options->model = option(expectation, "model");
	options->level = option(expectation, "level");
	if (nil != NULL)
		options->nil_is_unknown = strcmp(nil, "unknown") == 0;
	return options_are_known(expectation) &&
	       (init == NULL || parse_init(init, history, &options->init));
}

static bool
has_anomaly(const struct check_result *result, const char *name)
{
	if (strcmp(name, "-") == 0)
		return result->anomalies.count == 0;
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (strcmp(anomaly->name, name) == 0)
			return true;
	return false;
}

static bool
complain(const char *file, const char *format, const char *detail)
{
	fprintf(stderr, "%s: ", file);
	fprintf(stderr, format, detail); /* NOLINT: formats are ours */
	fputc('\n', stderr);
	return false;
}

static bool
judge(const char *file, const struct expectation *expectation, struct history *history,
      const struct check_options *options)
{
	struct check_result result;
	struct err err;
	const struct checker *checker = checker_find(expectation->words[0], &err);
	bool ok = true;

	if (checker == NULL)
		return complain(file, "%s", err.text);
	checker_run(checker, history, options, &result);
	const char *verdict = verdict_name(result.verdict);
	if (strcmp(verdict, expectation->words[1]) != 0) {
		fprintf(stderr, "%s: %s (%s), not %s\n", file, verdict, result.reason,
			expectation->words[1]);
		ok = false;
	} else if (!has_anomaly(&result, expectation->words[2])) {
		ok = complain(file, "no anomaly %s", expectation->words[2]);
	} else if (result.verdict != VERDICT_UNKNOWN && checker->certify != NULL &&
		   !result.certified && !result.is_unproven) {
		ok = complain(file, "%s", "not certified");
	}
	if (getenv("SHOW") != NULL) {
		print_message("-- %s: %s %s: %s {%s}\n", file, checker->name, verdict,
			      result.reason, buf_text(&result.details));
		vec_each (struct anomaly, anomaly, &result.anomalies)
			print_message("%s: %s", anomaly->name, anomaly->text);
	}
	check_result_release(&result);
	return ok;
}

static bool
check_file(const char *file, const char *stem)
{
	struct reader_options reader = {0};
	struct check_options options = {0};
	struct expectation expectation;
	struct reader_facts facts;
	struct history history;
	char path[PATH_MAX + 300];
	struct err err;
	bool ok;

	if (!read_expectation(stem, &expectation))
		return complain(file, "%s", "no .expect of at least three words");
	if (!expectation.has_story)
		return complain(file, "%s", "the .expect tells no story");
	reader.key = option(&expectation, "key");
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	history_init(&history);
	if (!reader_read_file(path, &reader, &history, &facts, &err)) {
		ok = complain(file, "%s", err.text);
	} else {
		options.nil_is_unknown = facts.nil_is_unknown;
		ok = apply_options(&expectation, &history, &options)
			     ? judge(file, &expectation, &history, &options)
			     : complain(file, "%s", "an option is not understood");
	}
	history_release(&history);
	return ok;
}

static int
all_files(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
every_story_ends_as_told(void **state)
{
	struct dirent **entries;
	char stem[NAME_MAX + 1];
	int count = scandir(folder, &entries, all_files, alphasort);
	int failed = 0, checked = 0;

	(void)state;
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		if (stem_of(entries[i]->d_name, stem, sizeof(stem))) {
			checked++;
			failed += !check_file(entries[i]->d_name, stem);
		}
		free(entries[i]);
	}
	free(entries);
	print_message("%d histories\n", checked);
	assert_true(checked > 0);
	assert_int_equal(failed, 0);
}

static void
no_expectation_is_without_history(void **state)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, all_files, alphasort);
	int orphans = 0;

	(void)state;
	for (int i = 0; i < count; i++) {
		char path[2][PATH_MAX + 300];
		const char *name = entries[i]->d_name;
		if (ends_with(name, ".expect")) {
			int length = (int)strlen(name) - 7;
			snprintf(path[0], sizeof(path[0]), "%s/%.*s.jsonl", folder,
				 length, name);
			snprintf(path[1], sizeof(path[1]), "%s/%.*s.edn", folder, length,
				 name);
			if (access(path[0], R_OK) != 0 && access(path[1], R_OK) != 0) {
				orphans++;
				complain(name, "%s", "has no history");
			}
		}
		free(entries[i]);
	}
	free(entries);
	assert_int_equal(orphans, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_story_ends_as_told),
		cmocka_unit_test(no_expectation_is_without_history),
	};
	char source[] = __FILE__;

	snprintf(folder, sizeof(folder), "%s/../histories", dirname(source));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
