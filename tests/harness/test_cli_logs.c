/* test_cli_logs.c - patterns in logs, and what the clients of a history did, at a shell. */
#include "tests/harness/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SHORT_RUN "run --system null --time 200ms --rate 2000 --seed 5 --no-plots --quiet"
#define ONLY_LOGS "check --checker log-pattern"

static void
need_program(void)
{
	if (cli_missing() != NULL)
		cli_skip(cli_missing());
}

/* ---- files and folders ---------------------------------------------------------------- */

static void
a_line_of_a_folder_is_told_by_file_and_number(void **state)
{
	(void)state;
	need_program();
	cli("mkdir -p logs/n1 logs/n2; printf 'a\\nb\\npanic: x\\n' > logs/n1/log; "
	    "printf 'all well' > logs/n2/log");
	cli_expect(1, "n1/log, line 3: panic: x", NULL,
		   "faultline " ONLY_LOGS " --log-pattern panic logs");
	cli_expect(1, "n2/log, line 1: all well", NULL,
		   "faultline " ONLY_LOGS
		   " --log-pattern panic --log-pattern 'll$' logs");
	cli_expect(0, "none of 4 lines", NULL,
		   "faultline " ONLY_LOGS " --log-pattern nowhere logs");
}

static void
a_line_without_end_and_bytes_of_no_text_are_looked_at(void **state)
{
	(void)state;
	need_program();
	cli("head -c 3000000 /dev/zero > dark; printf 'panic' >> dark; "
	    "printf '\\n\\377\\376 oops\\n' >> dark");
	cli_expect(1, "dark, line 2", NULL,
		   "faultline " ONLY_LOGS " --log-pattern oops dark");
	cli_expect(0, NULL, NULL, "faultline " ONLY_LOGS " --log-pattern 'panic' dark");
}

static void
no_line_proves_nothing(void **state)
{
	(void)state;
	need_program();
	cli_expect(2, "no line of a log", NULL,
		   "mkdir empty; faultline " ONLY_LOGS " --log-pattern x empty");
}

static void
what_cannot_be_searched_is_refused(void **state)
{
	(void)state;
	need_program();
	cli("echo x > file");
	cli_expect(254, NULL, "'a(b'",
		   "faultline " ONLY_LOGS " --log-pattern 'a(b' file");
	cli_expect(254, NULL, "--log-pattern", "faultline " ONLY_LOGS " file");
	cli_expect(254, NULL, "'a(b'", "faultline run --log-pattern 'a(b'");
	cli_expect(255, NULL, "'nothing'",
		   "faultline " ONLY_LOGS " --log-pattern x nothing");
	cli("echo '{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}' > history.jsonl");
	cli_expect(254, NULL, "has no logs",
		   "faultline check --log-pattern x history.jsonl");
}

/* ---- runs ----------------------------------------------------------------------------- */

static void
the_logs_of_a_run_belong_to_its_verdict(void **state)
{
	(void)state;
	need_program();
	cli_expect(0, NULL, NULL, "faultline " SHORT_RUN);
	cli("mkdir -p runs/latest/hosts/n1; echo 'assertion failed' > "
	    "runs/latest/hosts/n1/log");
	cli_expect(0, NULL, NULL, "faultline check");
	cli_expect(1, "invalid log-pattern", NULL,
		   "faultline check --log-pattern 'assert.*fail'");
	cli_expect(1, "n1/log, line 1", NULL,
		   "faultline " ONLY_LOGS " --log-pattern assert latest");
	cli_expect(1, "n1/log, line 1", NULL,
		   "faultline " ONLY_LOGS " --log-pattern assert runs/latest/");
}

static void
a_run_that_is_to_have_logs_and_has_none_is_unknown(void **state)
{
	(void)state;
	need_program();
	cli_expect(2, "no line of a log", NULL,
		   "faultline " SHORT_RUN " --log-pattern panic");
}

/* ---- what clients did ----------------------------------------------------------------- */

static void
a_verdict_tells_what_was_done_and_which_errors_there_were(void **state)
{
	static const char history[] =
		"{\"process\":0,\"type\":\"invoke\",\"f\":\"write\",\"value\":1}\n"
		"{\"process\":0,\"type\":\"ok\",\"f\":\"write\",\"value\":1}\n"
		"{\"process\":0,\"type\":\"invoke\",\"f\":\"cas\",\"value\":[1,2]}\n"
		"{\"process\":0,\"type\":\"fail\",\"f\":\"cas\",\"error\":\"lost 7\"}\n"
		"{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\n"
		"{\"process\":0,\"type\":\"ok\",\"f\":\"read\",\"value\":1}\n";

	(void)state;
	need_program();
	cli("cat > history.jsonl <<'END'\n%sEND", history);
	cli_expect(0, "stats: 2 ok, 1 fail; read 1 ok, write 1 ok, cas 0 of 1 ok", NULL,
		   "faultline check history.jsonl");
	cli_expect(0, "errors: 1 lost #", NULL, "faultline check history.jsonl");
	cli_expect(0, "\"cas\":{\"count\":1,\"ok-count\":0", NULL,
		   "faultline check --json history.jsonl");
	cli_expect(2, "none of 1 cas succeeded", NULL,
		   "faultline check --checker stats history.jsonl");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_line_of_a_folder_is_told_by_file_and_number, cli_make_folder,
			cli_remove_folder),
		cmocka_unit_test_setup_teardown(
			a_line_without_end_and_bytes_of_no_text_are_looked_at,
			cli_make_folder, cli_remove_folder),
		cmocka_unit_test_setup_teardown(no_line_proves_nothing, cli_make_folder,
						cli_remove_folder),
		cmocka_unit_test_setup_teardown(what_cannot_be_searched_is_refused,
						cli_make_folder, cli_remove_folder),
		cmocka_unit_test_setup_teardown(the_logs_of_a_run_belong_to_its_verdict,
						cli_make_folder, cli_remove_folder),
		cmocka_unit_test_setup_teardown(
			a_run_that_is_to_have_logs_and_has_none_is_unknown,
			cli_make_folder, cli_remove_folder),
		cmocka_unit_test_setup_teardown(
			a_verdict_tells_what_was_done_and_which_errors_there_were,
			cli_make_folder, cli_remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
