/* cli.h - the built program `faultline` as a person uses it: commands in a shell, and what
 * they answer. The program is FAULTLINE of the environment, else that of the build which
 * the test belongs to. */
#ifndef TESTS_HARNESS_CLI_H
#define TESTS_HARNESS_CLI_H

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

/* NULL when it can run here, else the reason why not. */
const char *cli_missing(void);

/* Prints the line that tools/test.sh collects, and skips the test of cmocka. */
_Noreturn void cli_skip(const char *reason);

/* A scratch folder for a test, where its commands run: setup and teardown for cmocka. */
int cli_make_folder(void **state);
int cli_remove_folder(void **state);

/* The answer of the last command; valid until the next. */
struct answer {
	int code;	       /* 128 + N when a signal ended it */
	const char *out, *err; /* all of standard output and error */
};

/* Runs a shell script (printf format) in the scratch folder, `faultline` being in PATH. It
 * fails the test when it takes more than a minute. */
const struct answer *cli(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and fails the test unless it ended with this code; and unless each text that
 * is not NULL stands in the output, or in what it printed on standard error. */
void cli_expect(int code, const char *in_out, const char *in_err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Starts `faultline` with these words, its output going to the files `out` and `err` of the
 * scratch folder. */
pid_t cli_start(const char *const *words);

/* Waits until the text stands in a file of the scratch folder; fails the test after 30 s. */
void cli_await(const char *file, const char *text);

/* Waits for the end of one that was started, at most 30 s, and answers as cli(). */
const struct answer *cli_wait(pid_t pid);

#endif
