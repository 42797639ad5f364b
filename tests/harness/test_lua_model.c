/* Models in Lua: the examples of the documentation decide, and whatever a file does wrong
 * ends as a sentence. */
#include "harness/model_library.h"

#include "base/file.h"
#include "base/mem.h"
#include "checkers/checker.h"
#include "results/formats/reader.h"
#include "tests/checkers/random_history.h"
#include "tests/checkers/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	RANDOM_HISTORIES = 2000,
	KEYS = 40
};

static char *
run(const struct faultline_model *model, const struct history *history, int threads,
    enum verdict *verdict)
{
	struct check_options options = {.user_model = model, .threads = threads};
	struct check_result result;
	struct err err;

	checker_run(checker_find("user-model", &err), history, &options, &result);
	*verdict = result.verdict;
	assert_true(result.verdict == VERDICT_UNKNOWN || result.certified);
	char *reason = mem_string(result.reason);
	check_result_release(&result);
	return reason;
}

static void
open_example(struct model_library *library, const char *path)
{
	struct err err;

	assert_true(model_library_is_file(path));
	if (!model_library_open(library, path, &err))
		fail_msg("%s", err.text);
}

/* ---- the examples ---- */

static void
the_register_decides_as_the_one_built_in(void **state)
{
	struct check_options options = {.threads = 1};
	struct model_library library;
	size_t counts[4] = {0};
	struct rng rng;
	struct err err;

	(void)state;
	rng_init(&rng, 5);
	open_example(&library, "docs/examples/register.lua");
	for (size_t i = 0; i < RANDOM_HISTORIES; i++) {
		struct random_register shape = {.ops = 2 + rng_below(&rng, 14),
						.processes = 3,
						.values = (uint32_t)rng_below(&rng, 4),
						.read_percent = 50,
						.cas_percent = 20,
						.info_percent = 15,
						.wrong_percent = 10};
		struct check_result result;
		struct history history;
		enum verdict verdict;
		random_register_play(&history, &shape, &rng);
		checker_run(checker_find("register", &err), &history, &options, &result);
		free(run(library.model, &history, 1, &verdict));
		assert_int_equal(verdict, result.verdict);
		counts[verdict]++;
		check_result_release(&result);
		history_release(&history);
	}
	assert_true(counts[VERDICT_VALID] > 100 && counts[VERDICT_INVALID] > 100);
	model_library_close(&library);
}

static void
read_lines(struct history *history, const char *lines)
{
	const struct reader_options options = {.format = "jsonl"};
	struct err err;

	history_init(history);
	if (!reader_read_bytes((struct bytes){lines, strlen(lines)}, "lines", &options,
			       history, NULL, &err))
		fail_msg("%s", err.text);
}

static void
expect_lines(const char *path, const char *lines, enum verdict expected)
{
	struct model_library library;
	struct history history;
	enum verdict verdict;

	open_example(&library, path);
	read_lines(&history, lines);
	char *reason = run(library.model, &history, 1, &verdict);
	if (verdict != expected)
		fail_msg("%s: %s", lines, reason);
	free(reason);
	history_release(&history);
	model_library_close(&library);
}

/* An operation of process 0, from its beginning to its end. */
#define DONE(f, input, output)                                                           \
	"{\"process\":0,\"type\":\"invoke\",\"f\":\"" f "\",\"value\":" input "}\n"      \
	"{\"process\":0,\"type\":\"ok\",\"f\":\"" f "\",\"value\":" output "}\n"

static void
the_bounded_queue_is_full_at_three(void **state)
{
	const char *path = "docs/examples/bounded_queue.lua";
#define THREE                                                                            \
	DONE("enqueue", "1", "true")                                                     \
	DONE("enqueue", "2", "true") DONE("enqueue", "3", "true")

	(void)state;
	expect_lines(path, THREE DONE("enqueue", "4", "false"), VERDICT_VALID);
	expect_lines(path, THREE DONE("enqueue", "4", "true"), VERDICT_INVALID);
	expect_lines(path,
		     THREE DONE("dequeue", "null", "1") DONE("enqueue", "4", "true"),
		     VERDICT_VALID);
	expect_lines(path, THREE DONE("dequeue", "null", "2"), VERDICT_INVALID);
	expect_lines(path, DONE("dequeue", "null", "null"), VERDICT_VALID);
	expect_lines(path, THREE DONE("dequeue", "null", "null"), VERDICT_INVALID);
	expect_lines(path, DONE("peek", "null", "null"), VERDICT_UNKNOWN);
}

static void
each_thread_has_a_state_of_its_own(void **state)
{
	struct model_library library;
	struct history history;
	struct buf script = {0};
	enum verdict verdict;

	(void)state;
	for (int key = 0; key < KEYS; key++)
		buf_printf(&script, "%s@%d 0+w5 1+w6 0=ok 1=ok 0+r 0=%d",
			   key > 0 ? " " : "", key, 5 + key % 2);
	script_play(&history, buf_text(&script));
	open_example(&library, "docs/examples/register.lua");
	for (int threads = 1; threads <= 4; threads++) {
		free(run(library.model, &history, threads, &verdict));
		assert_int_equal(verdict, VERDICT_VALID);
	}
	model_library_close(&library);
	history_release(&history);
	buf_release(&script);
}

/* ---- files of all sorts ---- */

struct scratch {
	char folder[64], file[96];
};

static int
make_scratch(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	strcpy(scratch->folder, "/tmp/faultline-lua.XXXXXX");
	assert_non_null(mkdtemp(scratch->folder));
	snprintf(scratch->file, sizeof(scratch->file), "%s/my.lua", scratch->folder);
	*state = scratch;
	return 0;
}

static int
remove_scratch(void **state)
{
	struct scratch *scratch = *state;

	unlink(scratch->file);
	rmdir(scratch->folder);
	free(scratch);
	return 0;
}

static void
write_scratch(const struct scratch *scratch, const char *source)
{
	struct err err;

	assert_true(file_write(scratch->file, source, strlen(source), &err));
}

static void
what_is_no_model_is_refused_with_file_and_line(void **state)
{
	static const char *const cases[][2] = {
		{"return {\n init = }", "my.lua:2: unexpected symbol near '}'"},
		{"\033Lua", "attempt to load a binary chunk"},
		{"return 1", "my.lua: the file returns no table"},
		{"return {step = function() end}", "the model has no function 'init'"},
		{"return {init = function() end, step = 1}",
		 "'step' of the model is no function"},
		{"return {init = function() end, step = function() end, name = 1}",
		 "'name' of the model is no string"},
		{"return {init = function() end, step = function() end, stop = 1}",
		 "a model has no 'stop'"},
		{"local a\nreturn a.b", "my.lua:2: attempt to index a nil value"},
		{"while true do end", "my.lua:1: it ran for more than 10000000 instr"},
		{"local x = ('x'):rep(1 << 30)", "it needs more than 64 MB of memory"},
		{"local t = {}\nwhile true do t[#t + 1] = ('x'):rep(1 << 20) .. #t end",
		 "64 MB of memory"},
		{"local function f() return 1 + f() end\nf()",
		 "it needs more than 64 MB of memory"},
		{"error({})", "it raised an error that is no text"},
	};
	const struct scratch *scratch = *state;
	struct model_library library;
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_scratch(scratch, cases[i][0]);
		assert_false(model_library_open(&library, scratch->file, &err));
		if (strstr(err.text, cases[i][1]) == NULL)
			fail_msg("%s: %s", cases[i][0], err.text);
	}
	assert_false(model_library_open(&library, "/nonexistent/my.lua", &err));
	assert_non_null(strstr(err.text, "/nonexistent/my.lua"));
}

static void
what_could_differ_between_runs_is_not_there(void **state)
{
	static const char *const names[] = {"os",	    "io",
					    "package",	    "debug",
					    "require",	    "dofile",
					    "loadfile",	    "load",
					    "pcall",	    "xpcall",
					    "coroutine",    "print",
					    "warn",	    "collectgarbage",
					    "setmetatable", "getmetatable",
					    "math.random",  "math.randomseed",
					    "string.dump",  "string.gsub",
					    "string.match", "table.move"};
	const struct scratch *scratch = *state;
	struct model_library library;
	struct err err;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *source =
			mem_format("if %s == nil then error('there is no such', 0) "
				   "end",
				   names[i]);
		write_scratch(scratch, source);
		assert_false(model_library_open(&library, scratch->file, &err));
		if (strcmp(err.text, "load the model: there is no such") != 0)
			fail_msg("%s: %s", names[i], err.text);
		free(source);
	}
}

/* A history of one write, judged by a file with this source. */
static void
expect_source(const struct scratch *scratch, const char *source, enum verdict expected,
	      const char *words)
{
	struct model_library library;
	struct history history;
	enum verdict verdict;

	write_scratch(scratch, source);
	open_example(&library, scratch->file);
	script_play(&history, "0+w5 0=ok 1+w6 1=ok 0+r 0=[1 2]");
	char *reason = run(library.model, &history, 1, &verdict);
	if (verdict != expected || strstr(reason, words) == NULL)
		fail_msg("%s: %s: %s", source, verdict_name(verdict), reason);
	free(reason);
	history_release(&history);
	model_library_close(&library);
}

#define MODEL(init, step)                                                                \
	"return {init = function(initial) " init " end,\nstep = function(s, op) " step   \
	" end}"

static void
a_step_that_fails_makes_the_verdict_unknown_with_the_line(void **state)
{
	static const char *const cases[][2] = {
		{MODEL("return 0", "return op.f + 1"), "my.lua:2: attempt to add"},
		{MODEL("return 0", "if op.f == 'read' then while true do end end "
				   "return s"),
		 "my.lua:2: it ran for more than 10000000 instructions; an order was "
		 "found for the first 2 of 3"},
		{MODEL("return 0", "return ('x'):rep(1 << 30)"), "64 MB of memory"},
		{MODEL("return 0", "return ('x'):rep(1 << 17)"),
		 "'step' returned what cannot be kept: a state holds a string of"},
		{MODEL("return 0", "return function() end"), "a state holds a function"},
		{MODEL("return 0", "return 0/0"), "a number that is none (nan)"},
		{MODEL("return {}", "s.s = s return s"), "or a cycle"},
		{MODEL("return {}", "for i = 1, 9999 do s[i] = i end return s"),
		 "more than 65536 bytes"},
		{MODEL("", "return s"), "'init' returned nil"},
		{MODEL("return tostring({})", "return s"), "a table has no text"},
		{MODEL("return ('%s'):format(error)", "return s"),
		 "a function has no text"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_source(*state, cases[i][0], VERDICT_UNKNOWN, cases[i][1]);
}

static void
states_are_the_same_by_content(void **state)
{
	(void)state;
	/* The order of filling, 3.0 and 3, and what was taken away again, do not matter:
	 * the survey finds one state, so that every call is a read. */
	expect_source(*state,
		      MODEL("return {a = 1, b = {true, 3}}",
			    "local t = {x = 1, b = {true, 3.0}, a = 1} t.x = nil "
			    "for i = 1, 9 do t[i] = i end for i = 1, 9 do t[i] = nil end "
			    "for k, v in pairs(s) do assert(k == 'a' or k == 'b') end "
			    "assert(s.b[2] == 3 and #s == 0 and s.a == 1) return t"),
		      VERDICT_VALID, "linearizable");
	expect_source(*state,
		      MODEL("return null", "assert(s == null) "
					   "assert(op.f ~= 'read' or op.output[2] == 2) "
					   "return null"),
		      VERDICT_VALID, "linearizable");
	expect_source(
		*state,
		MODEL("return {1.5, -2, 'x\\0y', false, null, [true] = {[7] = 1}}",
		      "assert(s[1] == 1.5 and s[2] == -2 and s[3] == 'x\\0y' and "
		      "s[4] == false and s[5] == null and s[true][7] == 1) return s"),
		VERDICT_VALID, "linearizable");
}

static void
tables_are_walked_in_the_order_of_their_keys(void **state)
{
	expect_source(
		*state,
		MODEL("local t, all = {z = 1, [3] = 1, y = 1, [-1] = 1, [2.5] = 1, "
		      "[true] = 1}, {} "
		      "for k in pairs(t) do all[#all + 1] = tostring(k) end "
		      "local k = next(t) "
		      "while k ~= nil do all[#all + 1] = tostring(k) k = next(t, k) "
		      "end return table.concat(all, ' ')",
		      "if s == 'true -1 2.5 3 y z true -1 2.5 3 y z' then return s "
		      "end"),
		VERDICT_VALID, "linearizable");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_register_decides_as_the_one_built_in),
		cmocka_unit_test(the_bounded_queue_is_full_at_three),
		cmocka_unit_test(each_thread_has_a_state_of_its_own),
		cmocka_unit_test(what_is_no_model_is_refused_with_file_and_line),
		cmocka_unit_test(what_could_differ_between_runs_is_not_there),
		cmocka_unit_test(
			a_step_that_fails_makes_the_verdict_unknown_with_the_line),
		cmocka_unit_test(states_are_the_same_by_content),
		cmocka_unit_test(tables_are_walked_in_the_order_of_their_keys),
	};

	return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
