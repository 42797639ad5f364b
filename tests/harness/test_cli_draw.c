/* test_cli_draw.c - pictures of violations, at a shell and in a report. */
#include "tests/harness/cli.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A write skew: each reads what the other appends to. */
#define HISTORY                                                                          \
	"cat > skew.jsonl <<'END'\n"                                                     \
	"{\"type\":\"invoke\",\"process\":0,\"f\":\"txn\",\"value\":[[\"r\",\"x\","      \
	"null],[\"append\",\"y\",1]]}\n"                                                 \
	"{\"type\":\"invoke\",\"process\":1,\"f\":\"txn\",\"value\":[[\"r\",\"y\","      \
	"null],[\"append\",\"x\",1]]}\n"                                                 \
	"{\"type\":\"ok\",\"process\":0,\"f\":\"txn\",\"value\":[[\"r\",\"x\",[]],"      \
	"[\"append\",\"y\",1]]}\n"                                                       \
	"{\"type\":\"ok\",\"process\":1,\"f\":\"txn\",\"value\":[[\"r\",\"y\",[]],"      \
	"[\"append\",\"x\",1]]}\n"                                                       \
	"END\n"

static void
need_program(void)
{
	if (cli_missing() != NULL)
		cli_skip(cli_missing());
	if (cli("command -v dot")->code != 0)
		cli_skip("Graphviz is not installed");
}

static void
a_cycle_is_drawn_where_asked(void **state)
{
	(void)state;
	need_program();
	cli_expect(1, "pictures/list-append-1-G2-item.svg", NULL,
		   HISTORY "faultline check --draw pictures skew.jsonl");
	cli_expect(0, "was not seen", NULL, "cat pictures/list-append-1-G2-item.svg");
}

static void
a_missing_dot_is_said_and_changes_no_verdict(void **state)
{
	(void)state;
	need_program();
	cli_expect(1, "G2-item", "graphviz",
		   HISTORY "program=$(command -v faultline); mkdir -p none; "
			   "PATH=$PWD/none $program check --draw pictures skew.jsonl");
	cli_expect(0, "class='timeline'", NULL, "cat pictures/list-append-1-G2-item.svg");
}

static void
a_folder_that_cannot_be_made_changes_no_verdict(void **state)
{
	(void)state;
	need_program();
	cli_expect(1, "G2-item", "/proc/none",
		   HISTORY "faultline check --draw /proc/none skew.jsonl");
}

static void
a_valid_history_leaves_no_folder(void **state)
{
	(void)state;
	need_program();
	cli_expect(0, "valid", NULL,
		   HISTORY "faultline check --level snapshot-isolation --draw pictures "
			   "skew.jsonl && test ! -e pictures");
}

static void
the_report_of_a_run_shows_the_cycle(void **state)
{
	(void)state;
	need_program();
	cli_expect(0, "class=\"graph\"", NULL,
		   HISTORY "faultline import skew.jsonl && ! faultline check latest && "
			   "faultline report latest && cat runs/latest/report.html");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_cycle_is_drawn_where_asked,
						cli_make_folder, cli_remove_folder),
		cmocka_unit_test_setup_teardown(
			a_missing_dot_is_said_and_changes_no_verdict, cli_make_folder,
			cli_remove_folder),
		cmocka_unit_test_setup_teardown(
			a_folder_that_cannot_be_made_changes_no_verdict, cli_make_folder,
			cli_remove_folder),
		cmocka_unit_test_setup_teardown(a_valid_history_leaves_no_folder,
						cli_make_folder, cli_remove_folder),
		cmocka_unit_test_setup_teardown(the_report_of_a_run_shows_the_cycle,
						cli_make_folder, cli_remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
