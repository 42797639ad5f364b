/* libfaultline-check: its functions, and the example program as a stranger builds it. */
#include "base/child.h"
#include "base/file.h"
#include "base/mem.h"
#include "include/faultline-check.h"

#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
write_value(struct faultline_check *check, const char *value)
{
	assert_true(faultline_check_invoke(check, 0, "write", "\"x\"", value, 1));
	assert_true(faultline_check_complete(check, 0, FAULTLINE_OK, value, 2));
}

static void
read_value(struct faultline_check *check, const char *value)
{
	assert_true(faultline_check_invoke(check, 1, "read", "\"x\"", NULL, 3));
	assert_true(faultline_check_complete(check, 1, FAULTLINE_OK, value, 4));
}

static void
histories_built_event_by_event_are_judged(void **state)
{
	struct faultline_check *check = faultline_check_new();

	(void)state;
	write_value(check, "1");
	read_value(check, "1");
	assert_int_equal(faultline_check_run(check), FAULTLINE_VALID);
	assert_true(faultline_check_certified(check));
	assert_int_equal(faultline_check_anomalies(check), 0);
	write_value(check, "2");
	read_value(check, "1");
	assert_int_equal(faultline_check_run(check), FAULTLINE_INVALID);
	assert_true(faultline_check_anomalies(check) >= 1);
	assert_string_equal(faultline_check_anomaly(check, 0), "lost-write");
	assert_non_null(strstr(faultline_check_explanation(check, 0), "process 1"));
	assert_null(faultline_check_anomaly(check, 99));
	assert_int_equal(strncmp(faultline_check_words(check), "invalid register: ", 18),
			 0);
	assert_int_equal(
		strncmp(faultline_check_json(check), "{\"verdict\":\"invalid\"", 20), 0);
	faultline_check_free(check);
}

static void
histories_in_memory_are_read_in_any_format(void **state)
{
	static const char plume[] = "w(1,5,0,0)\nr(1,5,1,1)\nr(1,6,1,2)\n";
	struct faultline_check *check = faultline_check_new();

	(void)state;
	assert_true(faultline_check_read(check, plume, sizeof(plume) - 1, "p", NULL));
	assert_int_equal(faultline_check_run(check), FAULTLINE_INVALID);
	assert_string_equal(faultline_check_anomaly(check, 0), "garbage-read");
	assert_false(faultline_check_read(check, plume, sizeof(plume) - 1, "p", NULL));
	assert_string_equal(faultline_check_error(check), "there is a history already");
	faultline_check_free(check);
}

static void
assert_fails(struct faultline_check *check, bool ok, const char *sentence)
{
	assert_false(ok);
	assert_string_equal(faultline_check_error(check), sentence);
}

static void
what_is_wrong_is_said_and_nothing_is_judged(void **state)
{
	struct faultline_check *check = faultline_check_new();

	(void)state;
	assert_fails(check, faultline_check_read(check, "w(1,5,0,0)\nw(", 13, "p", NULL),
		     "p:2:3: expected a key");
	assert_int_equal(faultline_check_run(check), FAULTLINE_NONE);
	assert_string_equal(faultline_check_error(check),
			    "there is no history to judge, reading it failed: "
			    "p:2:3: expected a key");
	assert_string_equal(faultline_check_words(check), "");
	assert_fails(check, faultline_check_invoke(check, 0, "write", NULL, "{", 1),
		     "value:1:2: expected a value, found the end");
	assert_fails(check, faultline_check_complete(check, 7, FAULTLINE_OK, NULL, 1),
		     "process 7 has no operation open");
	assert_fails(check, faultline_check_set(check, "colour", "red"),
		     "unknown option 'colour'");
	assert_fails(check, faultline_check_set(check, "model", "regster"),
		     "unknown model 'regster'\nhint: did you mean 'register'?");
	assert_fails(check, faultline_check_set(check, "time", "soon"),
		     "'soon' is not a duration (like 250ms, 30s, 5m)");
	assert_fails(check, faultline_check_set(check, "nil", "maybe"),
		     "nil must be 'unknown' or 'value', not 'maybe'");
	write_value(check, "1");
	assert_true(faultline_check_set(check, "checker", "registr"));
	assert_int_equal(faultline_check_run(check), FAULTLINE_NONE);
	assert_string_equal(faultline_check_error(check),
			    "no checker is called 'registr'\n"
			    "hint: did you mean 'register'?");
	assert_true(faultline_check_set(check, "checker", NULL));
	assert_int_equal(faultline_check_run(check), FAULTLINE_VALID);
	faultline_check_free(check);
}

/* Sums of subsets: see test_cli. */
static void
write_long_judgement(struct faultline_check *check)
{
	char value[32];

	for (uint32_t i = 1; i <= 64; i++) {
		snprintf(value, sizeof(value), "%u", i * i * 2654 + i * 46);
		faultline_check_invoke(check, i, "add", NULL, value, i);
	}
	faultline_check_invoke(check, 99, "read", NULL, NULL, 100);
	faultline_check_complete(check, 99, FAULTLINE_OK, "5555555", 101);
}

static void
what_is_larger_than_the_memory_is_unknown(void **state)
{
	static const char lines[] =
		"{\"type\":\"invoke\",\"process\":0,\"f\":\"write\",\"value\":1}\n"
		"{\"type\":\"ok\",\"process\":0,\"f\":\"write\",\"value\":1}\n"
		"{\"type\":\"invoke\",\"process\":0,\"f\":\"read\",\"value\":null}\n"
		"{\"type\":\"ok\",\"process\":0,\"f\":\"read\",\"value\":1}\n";
	struct faultline_check *check = faultline_check_new();

	(void)state;
	assert_true(faultline_check_set(check, "memory", "64"));
	assert_false(faultline_check_read(check, lines, strlen(lines), "h", NULL));
	assert_int_equal(faultline_check_run(check), FAULTLINE_UNKNOWN);
	assert_memory_equal(faultline_check_reason(check),
			    "larger than the budget of memory: h:2:1: ", 41);
	assert_memory_equal(faultline_check_words(check), "unknown history: ", 17);
	assert_memory_equal(faultline_check_json(check), "{\"verdict\":\"unknown\"", 20);
	assert_true(faultline_check_set(check, "memory", "1m"));
	assert_true(faultline_check_read(check, lines, strlen(lines), "h", NULL));
	assert_int_equal(faultline_check_run(check), FAULTLINE_VALID);
	faultline_check_free(check);
}

static void *
stop_soon(void *check)
{
	usleep(20000);
	faultline_check_stop(check);
	return NULL;
}

static void
another_thread_can_end_a_run(void **state)
{
	struct faultline_check *check = faultline_check_new();
	pthread_t thread;

	(void)state;
	write_long_judgement(check);
	assert_true(faultline_check_set(check, "checker", "counter"));
	assert_int_equal(pthread_create(&thread, NULL, stop_soon, check), 0);
	assert_int_equal(faultline_check_run(check), FAULTLINE_UNKNOWN);
	assert_int_equal(pthread_join(thread, NULL), 0);
	faultline_check_free(check);
}

static const char edn[] = "{:type :invoke, :f :read, :process 0}\n"
			  "{:type :ok, :f :read, :process 0, :value [1]}\n";

static void
initial_value_is_json_or_edn_and_conventions_are_told(void **state)
{
	static const char *const inits[] = {"[1]", "{\"a\": 1}", "{:a 1}"};
	struct faultline_check *check = faultline_check_new();

	(void)state;
	assert_string_equal(faultline_check_conventions(check), "");
	assert_true(faultline_check_read(check, edn, strlen(edn), "h", NULL));
	assert_true(faultline_check_set(check, "checker", "register"));
	for (size_t i = 0; i < 3; i++) {
		assert_true(faultline_check_set(check, "init", inits[i]));
		assert_int_equal(faultline_check_run(check),
				 i == 0 ? FAULTLINE_VALID : FAULTLINE_INVALID);
	}
	assert_non_null(strstr(faultline_check_conventions(check),
			       "read as edn: 2 events; no times"));
	assert_non_null(strstr(faultline_check_conventions(check), "--nil value"));
	faultline_check_free(check);
}

static void
checkers_can_be_listed(void **state)
{
	const char *name, *summary;
	size_t count = 0;

	(void)state;
	for (; (name = faultline_check_checker(count, &summary)) != NULL; count++)
		assert_true(name[0] != '\0' && summary[0] != '\0');
	assert_true(count >= 3);
}

/* ---- the example ---- */

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZE "-fsanitize=address,undefined"
#elif defined(__SANITIZE_THREAD__)
#define SANITIZE "-fsanitize=thread"
#else
#define SANITIZE "-O1"
#endif

/* The folder of the build: three levels above this program. */
static void
find_build(char *path, size_t bytes)
{
	ssize_t length = readlink("/proc/self/exe", path, bytes - 1);

	assert_true(length > 0);
	path[length] = '\0';
	for (int i = 0; i < 3; i++)
		*strrchr(path, '/') = '\0';
}

static bool
run_child(const char *const *argv, struct buf *output)
{
	const struct child child = {.argv = argv, .timeout_ms = 60000};
	struct err err;

	return child_run(&child, output, &err);
}

static void
the_example_builds_with_the_archive_and_tells_the_verdict(void **state)
{
	char build[PATH_MAX], folder[] = "/tmp/faultline-library-XXXXXX";
	struct buf output = {0};
	struct err err;

	(void)state;
	find_build(build, sizeof(build));
	char *archive = mem_format("%s/libfaultline-check.a", build);
	if (access(archive, R_OK) != 0) {
		print_message("no '%s'\n", archive);
		free(archive);
		skip();
	}
	assert_non_null(mkdtemp(folder));
	char *program = mem_format("%s/check", folder);
	const char *const compile[] = {"cc",
				       "-Wall",
				       "-Wextra",
				       "-Werror",
				       SANITIZE,
				       "-Iinclude",
				       "docs/examples/check.c",
				       archive,
				       "-lm",
				       "-pthread",
				       "-o",
				       program,
				       NULL};
	const char *const run[] = {program, NULL};
	run_child(compile, &output);
	assert_string_equal(buf_text(&output), "");
	assert_false(run_child(run, &output)); /* exit code 1: invalid */
	assert_int_equal(strncmp(buf_text(&output), "invalid register: lost-write", 28),
			 0);
	assert_non_null(strstr(buf_text(&output), "certified"));
	const char *const misread[] = {program, "absent.edn", NULL};
	buf_clear(&output);
	assert_false(run_child(misread, &output));
	assert_non_null(strstr(buf_text(&output), "absent.edn"));
	assert_non_null(strstr(buf_text(&output), "No such file or directory\n"));
	buf_release(&output);
	free(program);
	free(archive);
	assert_true(file_remove_tree(folder, &err));
}

static void
calls_in_a_wrong_order_or_without_arguments_are_told(void **state)
{
	static const char plume[] = "w(1,5,0,0)\n";
	struct faultline_check *check = faultline_check_new();

	(void)state;
	assert_int_equal(faultline_check_run(check), FAULTLINE_NONE);
	assert_string_equal(faultline_check_error(check),
			    "there is no operation to judge");
	assert_fails(check, faultline_check_read(check, NULL, 0, NULL, NULL),
		     "there is no history to read");
	assert_fails(check, faultline_check_read_file(check, NULL, NULL),
		     "there is no file to read");
	assert_fails(check, faultline_check_invoke(check, 0, NULL, NULL, "1", 1),
		     "the operation has no function (read, write, ...)");
	assert_fails(check, faultline_check_set(check, NULL, "1"),
		     "an option has no name");
	assert_fails(check, faultline_check_set(check, "time", NULL),
		     "option 'time' needs a value");
	assert_true(faultline_check_read(check, plume, sizeof(plume) - 1, NULL, NULL));
	assert_fails(check, faultline_check_set(check, "key", "tuple"),
		     "there is a history already: the option 'key' comes before it");
	assert_int_equal(faultline_check_run(check), FAULTLINE_VALID);
	faultline_check_free(check);
}

/* What failed is forgotten with the next history. */
static void
after_a_reading_that_failed_another_history_is_judged(void **state)
{
	static const char plume[] = "w(1,5,0,0)\n";
	struct faultline_check *check = faultline_check_new();

	(void)state;
	assert_false(faultline_check_read(check, "w(1,5,0,0)\nw(", 13, "p", NULL));
	assert_true(faultline_check_read(check, plume, sizeof(plume) - 1, "p", NULL));
	assert_int_equal(faultline_check_run(check), FAULTLINE_VALID);
	faultline_check_free(check);
	check = faultline_check_new();
	assert_false(faultline_check_read(check, "w(1,5,0,0)\nw(", 13, "p", NULL));
	write_value(check, "1");
	assert_int_equal(faultline_check_run(check), FAULTLINE_VALID);
	faultline_check_free(check);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(histories_built_event_by_event_are_judged),
		cmocka_unit_test(histories_in_memory_are_read_in_any_format),
		cmocka_unit_test(what_is_wrong_is_said_and_nothing_is_judged),
		cmocka_unit_test(calls_in_a_wrong_order_or_without_arguments_are_told),
		cmocka_unit_test(after_a_reading_that_failed_another_history_is_judged),
		cmocka_unit_test(what_is_larger_than_the_memory_is_unknown),
		cmocka_unit_test(another_thread_can_end_a_run),
		cmocka_unit_test(initial_value_is_json_or_edn_and_conventions_are_told),
		cmocka_unit_test(checkers_can_be_listed),
		cmocka_unit_test(
			the_example_builds_with_the_archive_and_tells_the_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
