/* Transcripts of the commands that work on runs and files: transcripts/NAME.txt holds cases
 *
 *	$ shell commands, any number of lines
 *	----
 *	what they print, and [exit N] when N is not 0
 *
 * run one after the other in one scratch folder. `first COMMAND` prints the first line only.
 * Times are masked. FAULTLINE_BLESS=1 writes what is printed into the files. */
#include "base/child.h"
#include "base/file.h"
#include "base/text.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char program[PATH_MAX]; /* of faultline; "" when it was not built */
static char folder[PATH_MAX];  /* of the transcripts */

/* FAULTLINE names the program; else it is the one of the build that this test is in. */
static void
find_program(void)
{
	char self[PATH_MAX] = "";
	const char *named = getenv("FAULTLINE");
	ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(bytes > 0);
	self[bytes] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(self, '/') = '\0';
	snprintf(program, sizeof(program), "%s", named != NULL ? named : self);
	if (named == NULL)
		strncat(program, "/faultline", sizeof(program) - strlen(program) - 1);
	if (access(program, X_OK) != 0)
		program[0] = '\0';
}

static const struct {
	const char *pattern, *mask;
} masks[] = {
	{"[0-9]{8}T[0-9]{6}\\.[0-9]{3}", "TIME"},
	{"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC", "DATE"},
	{"\"seconds\":[0-9.]+", "\"seconds\":T"},
	{" in [0-9]+\\.[0-9]{3} s", " in T s"},
};

static void
replace_all(struct buf *text, const char *pattern, const char *mask)
{
	struct buf masked = {0};
	regmatch_t match;
	regex_t regex;
	const char *at = buf_text(text);

	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED), 0);
	while (regexec(&regex, at, 1, &match, 0) == 0) {
		buf_append(&masked, at, (size_t)match.rm_so);
		buf_string(&masked, mask);
		at += match.rm_eo;
	}
	buf_string(&masked, at);
	regfree(&regex);
	buf_release(text);
	*text = masked;
}

/* Runs one case as `sh` would from a file. */
static void
run_case(const char *scratch, struct bytes commands, struct buf *output)
{
	struct buf script = {0};
	struct err err;

	buf_printf(
		&script,
		"faultline() { '%s' \"$@\"; }\n"
		"first() { \"$@\" >.out 2>&1; code=$?; head -n 1 .out; return $code; }\n"
		"run() {\n%.*s\n}\n"
		"run 2>&1; code=$?; [ $code = 0 ] || echo \"[exit $code]\"\n",
		program, (int)commands.len, commands.data);
	const char *const argv[] = {"sh", "-c", buf_text(&script), NULL};
	const struct child child = {.argv = argv, .folder = scratch, .timeout_ms = 60000};
	if (!child_run(&child, output, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++)
		replace_all(output, masks[i].pattern, masks[i].mask);
	replace_all(output, scratch, "SCRATCH");
	buf_release(&script);
}

/* Replays a transcript: the same cases with what is printed now. */
static void
replay(const char *text, struct buf *replayed)
{
	char scratch[] = "/tmp/faultline-transcript-XXXXXX";
	struct err err;

	assert_non_null(mkdtemp(scratch));
	while (*text != '\0') {
		const char *dashes = strstr(text, "\n----\n");
		if (strncmp(text, "$ ", 2) != 0 || dashes == NULL)
			fail_msg("a case starts with '$ ' and has a line '----': %.40s",
				 text);
		struct bytes commands = {.data = text + 2,
					 .len = (size_t)(dashes - text - 2)};
		struct buf output = {0};
		run_case(scratch, commands, &output);
		buf_append(replayed, text, (size_t)(dashes - text));
		buf_printf(replayed, "\n----\n%s", buf_text(&output));
		buf_release(&output);
		const char *next = strstr(dashes, "\n\n$ ");
		if (next == NULL)
			break;
		buf_char(replayed, '\n');
		text = next + 2;
	}
	assert_true(file_remove_tree(scratch, &err));
}

static void
replay_file(const char *name)
{
	struct buf expected = {0}, replayed = {0};
	char *path = mem_format("%s/%s", folder, name);
	struct err err;

	assert_true(file_read(path, 0, &expected, &err));
	replay(buf_text(&expected), &replayed);
	if (getenv("FAULTLINE_BLESS") != NULL)
		assert_true(file_write(path, replayed.data, replayed.len, &err));
	else if (strcmp(buf_text(&expected), buf_text(&replayed)) != 0)
		fail_msg("%s is not what is printed now:\n%s", name, buf_text(&replayed));
	buf_release(&expected);
	buf_release(&replayed);
	free(path);
}

static void
commands_print_what_the_transcripts_say(void **state)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int count = 0;

	(void)state;
	if (program[0] == '\0') {
		print_message("faultline is not built: the transcripts are skipped\n");
		skip();
	}
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		replay_file(entry->d_name);
		count++;
	}
	closedir(dir);
	assert_true(count > 0);
}

int
main(void)
{
	char source[] = __FILE__;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_print_what_the_transcripts_say),
	};

	find_program();
	snprintf(folder, sizeof(folder), "%s/transcripts", dirname(source));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
