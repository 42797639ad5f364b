#include "tests/harness/cli.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	WAIT_MS = 30000,
	OUTPUT_BYTES_MAX = 16 << 20
};

static char folder[64];
static struct buf out, err_out; /* of the last command */
static struct answer last;

/* The folder of the build: this test is BUILD/tests/harness/NAME. */
static const char *
program(void)
{
	static char path[PATH_MAX];
	const char *named = getenv("FAULTLINE");

	if (named != NULL)
		return named;
	ssize_t bytes = readlink("/proc/self/exe", path, sizeof(path) - 32);
	assert_true(bytes > 0);
	path[bytes] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(path, '/') = '\0';
	strcat(path, "/faultline");
	return path;
}

const char *
cli_missing(void)
{
	return access(program(), X_OK) == 0 ? NULL
					    : "the program 'faultline' is not built";
}

void
cli_skip(const char *reason)
{
	printf("skip: %s\n", reason);
	skip();
	abort(); /* skip() does not return */
}

int
cli_make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/faultline-test-XXXXXX");
	return mkdtemp(folder) == NULL || chmod(folder, 0777) != 0;
}

int
cli_remove_folder(void **state)
{
	struct err err;

	(void)state;
	buf_release(&out);
	buf_release(&err_out);
	return !file_remove_tree(folder, &err);
}

static const char *
path_of(const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return path;
}

static void
read_output(const char *file, struct buf *into)
{
	struct err err;

	buf_clear(into);
	if (!file_read(path_of(file), OUTPUT_BYTES_MAX, into, &err))
		fail_msg("%s", err.text);
}

static const struct answer *
answer_of(int code)
{
	read_output("out", &out);
	read_output("err", &err_out);
	last = (struct answer){code, buf_text(&out), buf_text(&err_out)};
	return &last;
}

static const struct answer *
run_script(const char *commands)
{
	struct buf script = {0}, code = {0};
	struct err err;

	buf_printf(&script,
		   "faultline() { '%s' \"$@\"; }\n"
		   "faultline='%s'\n"
		   "(%s\n) >out 2>err </dev/null; echo $?",
		   program(), program(), commands);
	const char *const argv[] = {"sh", "-c", buf_text(&script), NULL};
	if (!child_run(&(struct child){.argv = argv, .folder = folder}, &code, &err))
		fail_msg("%s: %s", commands, err.text);
	answer_of(atoi(buf_text(&code)));
	buf_release(&script);
	buf_release(&code);
	return &last;
}

const struct answer *
cli(const char *format, ...)
{
	char commands[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(commands, sizeof(commands), format, args);
	va_end(args);
	return run_script(commands);
}

void
cli_expect(int code, const char *in_out, const char *in_err, const char *format, ...)
{
	char commands[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(commands, sizeof(commands), format, args);
	va_end(args);
	const struct answer *answer = run_script(commands);
	if (answer->code != code ||
	    (in_out != NULL && strstr(answer->out, in_out) == NULL) ||
	    (in_err != NULL && strstr(answer->err, in_err) == NULL))
		fail_msg(
			"%s: exit code %d, not %d, or '%s' or '%s' is missing in\n%s\n%s",
			commands, answer->code, code, in_out ? in_out : "",
			in_err ? in_err : "", answer->out, answer->err);
}

static _Noreturn void
become_program(const char *const *words)
{
	const char *argv[32] = {program()};
	int null = open("/dev/null", O_RDONLY);
	int to = open(path_of("out"), O_WRONLY | O_CREAT | O_TRUNC, 0666);
	int errors = open(path_of("err"), O_WRONLY | O_CREAT | O_TRUNC, 0666);

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (int i = 0; words[i] != NULL && i < 30; i++)
		argv[i + 1] = words[i];
	dup2(null, STDIN_FILENO);
	dup2(to, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	if (chdir(folder) == 0)
		execv(argv[0], (char *const *)argv);
	_exit(99);
}

pid_t
cli_start(const char *const *words)
{
	fflush(NULL);
	unlink(path_of("out"));
	unlink(path_of("err"));
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become_program(words);
	return pid;
}

void
cli_await(const char *file, const char *text)
{
	int64_t deadline_ns = clock_ns() + WAIT_MS * NS_PER_MS;
	struct buf content = {0};
	struct err err;

	while (strstr(buf_text(&content), text) == NULL) {
		if (clock_left_ms(deadline_ns) == 0)
			fail_msg("'%s' did not come in '%s': %s", text, file,
				 buf_text(&content));
		clock_sleep_ms(20);
		buf_clear(&content);
		(void)file_read(path_of(file), OUTPUT_BYTES_MAX, &content, &err);
	}
	buf_release(&content);
}

const struct answer *
cli_wait(pid_t pid)
{
	int64_t deadline_ns = clock_ns() + WAIT_MS * NS_PER_MS;
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_left_ms(deadline_ns) == 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			fail_msg("faultline did not end within %d ms", WAIT_MS);
		}
		clock_sleep_ms(10);
	}
	return answer_of(WIFEXITED(status) ? WEXITSTATUS(status)
					   : 128 + WTERMSIG(status));
}
