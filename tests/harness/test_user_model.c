/* A user's own model: the example of the documentation, compiled, loaded and asked. */
#include "harness/model_library.h"

#include "base/child.h"
#include "checkers/engine/user_model.h"
#include "tests/checkers/script.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture {
	char folder[64], library[128];
};

static bool
compile(const char *source, const char *library, struct err *err)
{
	const char *const argv[] = {"cc",      "-shared", "-fPIC",   "-Wall",
				    "-Werror", "-I",	  "include", "-o",
				    library,   source,	  NULL};
	struct child child = {.argv = argv};
	struct buf output = {0};

	bool done = child_run(&child, &output, err);
	if (!done)
		print_error("%s", buf_text(&output));
	buf_release(&output);
	return done;
}

static int
compile_the_example(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct err err;

	strcpy(fixture->folder, "/tmp/faultline-model.XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->library, sizeof(fixture->library), "%s/max.so",
		 fixture->folder);
	*state = fixture;
	return compile("docs/examples/max_register.c", fixture->library, &err) ? 0 : -1;
}

static int
clean(void **state)
{
	struct fixture *fixture = *state;

	unlink(fixture->library);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static void
expect(const struct model_library *library, const char *script, enum verdict verdict,
       size_t told)
{
	struct check_options options = {.user_model = library->model};
	struct check_result result;
	struct history history;

	script_play(&history, script);
	checker_run(&checker_user_model, &history, &options, &result);
	if (result.verdict != verdict)
		print_error("%s: %s\n", script, result.reason);
	assert_int_equal(result.verdict, verdict);
	assert_true(verdict == VERDICT_UNKNOWN || result.certified);
	if (told > 0)
		assert_int_equal(result.anomalies.items[0].ops.count, told);
	check_result_release(&result);
	history_release(&history);
}

static void
the_example_judges_a_register_that_only_grows(void **state)
{
	struct fixture *fixture = *state;
	struct model_library library;
	struct err err;

	assert_true(model_library_is_file(fixture->library));
	assert_false(model_library_is_file("mutex"));
	assert_true(model_library_open(&library, fixture->library, &err));
	assert_string_equal(library.model->name, "max-register");
	expect(&library, "0+w5 0=ok 1+w3 1=ok 0+r 0=5", VERDICT_VALID, 0);
	expect(&library, "0+w5 0=ok 1+w3 1=ok 0+r 0=3", VERDICT_INVALID, 2);
	expect(&library, "0+w3 0=ok 1+w5 1=? 0+r 0=5 0+r 0=5", VERDICT_VALID, 0);
	expect(&library, "0+w3 0=ok 1+w5 1=? 0+r 0=5 0+r 0=3", VERDICT_INVALID, 4);
	expect(&library, "@1 0+w5 0=ok @2 0+r 0=0", VERDICT_VALID, 0);
	model_library_close(&library);
}

static void
a_model_in_this_folder_needs_no_slash_and_is_told_by_its_name(void **state)
{
	struct fixture *fixture = *state;
	int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct check_result result;
	struct model_library library;
	struct history history;
	struct err err;

	assert_true(before >= 0);
	assert_int_equal(chdir(fixture->folder), 0);
	assert_true(model_library_open(&library, "max.so", &err));
	assert_int_equal(fchdir(before), 0);
	close(before);
	script_play(&history, "0+w5 0=ok 0+r 0=5");
	checker_run(&checker_user_model, &history,
		    &(struct check_options){.user_model = library.model}, &result);
	assert_string_equal(result.reason, "linearizable as 'max-register'");
	check_result_release(&result);
	history_release(&history);
	model_library_close(&library);
}

static void
what_is_no_model_is_refused_with_the_reason(void **state)
{
	struct fixture *fixture = *state;
	struct model_library library;
	struct err err;

	(void)fixture;
	assert_false(model_library_open(&library, "/nonexistent/model.so", &err));
	assert_non_null(strstr(err.text, "/nonexistent/model.so"));
	struct faultline_model old = {.version = 99, .name = "old"};
	assert_false(user_model_is_sound(&old, &err));
	assert_non_null(strstr(err.text, "version 99"));
}

static void
without_a_model_nothing_is_said(void **state)
{
	struct model_library none = {0};

	(void)state;
	expect(&none, "0+w5 0=ok 0+r 0=5", VERDICT_UNKNOWN, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_judges_a_register_that_only_grows),
		cmocka_unit_test(
			a_model_in_this_folder_needs_no_slash_and_is_told_by_its_name),
		cmocka_unit_test(what_is_no_model_is_refused_with_the_reason),
		cmocka_unit_test(without_a_model_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, compile_the_example, clean);
}
