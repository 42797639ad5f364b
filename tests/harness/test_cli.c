/* test_cli.c - the program at a shell: words, exit codes, bad input; no hosts. */
#include "tests/harness/cli.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"

#include <jansson.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Each test asks for the program first. */
static void
need_program(void)
{
	if (cli_missing() != NULL)
		cli_skip(cli_missing());
}

static void
need_root(void)
{
	need_program();
	if (geteuid() != 0)
		cli_skip("needs root");
}

#define SHORT_RUN "run --system null --time 200ms --rate 2000 --seed 5 --no-plots --quiet"

/* ---- words ---- */

static void
unknown_words_name_the_nearest_and_exit_254(void **state)
{
	static const struct {
		const char *words, *unknown, *nearest;
	} cases[] = {
		{"chek", "'chek'", "'faultline check'"},
		{"lab dwon", "'dwon'", "'faultline lab down'"},
		{"run --sytem etcd", "'--sytem'", "'--system'"},
		{"run --system ectd", "'ectd'", "'etcd'"},
		{"run --workload regster", "'regster'", "'register'"},
		{"run --faults partitoin", "'partitoin'", "'partition'"},
		{"run --faults kill:leadr", "'leadr'", "'kill:leader'"},
		{"run --bug stale-reeds", "'stale-reeds'", "'stale-read'"},
		{"list bugz", "'bugz'", "'bugs'"},
		{"check --format edm x", "'edm'", "'edn'"},
	};

	(void)state;
	need_program();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cli_expect(254, NULL, cases[i].unknown, "faultline %s", cases[i].words);
		cli_expect(254, NULL, cases[i].nearest, "faultline %s", cases[i].words);
	}
}

static void
values_that_make_no_sense_exit_254_and_are_named(void **state)
{
	static const struct {
		const char *words, *sentence;
	} cases[] = {
		{"run --time abc", "'abc' is not a duration"},
		{"run --time 0", "'--time'"},
		{"run --time 10y", "unknown unit 'y'"},
		{"run --timeout 2h", "'--timeout'"},
		{"run --nodes 0", "'--nodes'"},
		{"run --concurrency 0", "'--concurrency'"},
		{"run --reads 200", "between 0 and 100"},
		{"run --rate -1", "'--rate'"},
		{"run --seed 99999999999999999999", "'--seed'"},
		{"run --set foo=1", "no option 'foo'"},
		{"run --system etcd --bug stale-read", "no planted bugs"},
		{"run --system null --faults kill", "no fault can hit it"},
		{"run --hosts a,b --inventory c", "one of --hosts"},
		{"run --lab nosuch", "lab 'nosuch' is not up"},
		{"run again", "unexpected word 'again'"},
		{"lab up -n 0", "1 to 100 hosts"},
		{"lab up --name A_B", "'A_B'"},
		{"heal", "no hosts named"},
		{"check a b", "one history at a time"},
		{"check --budget 1x a", "--budget '1x'"},
	};

	(void)state;
	need_program();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cli_expect(254, NULL, cases[i].sentence, "faultline %s", cases[i].words);
}

static void
help_is_printed_by_every_command_and_by_none_at_all(void **state)
{
	(void)state;
	need_program();
	cli_expect(254, "usage: faultline COMMAND", NULL, "faultline");
	cli_expect(0, "usage: faultline COMMAND", NULL, "faultline help");
	cli_expect(
		0, "done", NULL,
		"for command in $(faultline help | sed -n 's/^  \\([a-z]*\\) .*/\\1/p')\n"
		"do\n"
		"	faultline $command --help | grep -q \"usage: faultline "
		"$command\" ||\n"
		"		exit 1\n"
		"done; echo done");
}

/* ---- verdicts ---- */

static const char one_write[] = /* and a read of what %d says */
	"{\"type\":\"invoke\",\"process\":0,\"f\":\"write\",\"key\":1,\"value\":1}\n"
	"{\"type\":\"ok\",\"process\":0,\"f\":\"write\",\"key\":1,\"value\":1}\n"
	"{\"type\":\"invoke\",\"process\":1,\"f\":\"read\",\"key\":1,\"value\":null}\n"
	"{\"type\":\"ok\",\"process\":1,\"f\":\"read\",\"key\":1,\"value\":%d}\n";

static void
verdict_is_the_first_word_and_the_exit_code(void **state)
{
	(void)state;
	need_program();
	char *good = mem_format(one_write, 1), *bad = mem_format(one_write, 2);
	cli("printf '%%s' '%s' >good; printf '%%s' '%s' >bad", good, bad);
	cli_expect(0, "valid register", NULL, "faultline check good");
	cli_expect(1, "invalid register", NULL, "faultline check bad");
	cli_expect(0, "valid", NULL, "faultline " SHORT_RUN);
	cli_expect(2, "unknown history", NULL, "faultline check --budget ,1k latest");
	cli_expect(2, "unknown history: larger than the budget of memory: good:2:1", NULL,
		   "faultline check --budget 10s,10 good");
	cli_expect(0, "valid", NULL, "faultline check - <good");
	free(good);
	free(bad);
}

static void
check_answers_with_one_object_that_has_all_members(void **state)
{
	static const char *const names[] = {"verdict", "checker", "reason", "operations",
					    "seconds"};
	json_error_t error;

	(void)state;
	need_program();
	cli_expect(0, "valid", NULL, "faultline " SHORT_RUN);
	const struct answer *answer = cli("faultline check --json");
	assert_int_equal(answer->code, 0);
	json_t *object = json_loads(answer->out, 0, &error);
	assert_non_null(object);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_non_null(json_object_get(object, names[i]));
	assert_string_equal(json_string_value(json_object_get(object, "verdict")),
			    "valid");
	json_decref(object);
}

static void
run_answers_with_one_object_too(void **state)
{
	json_error_t error;

	(void)state;
	need_program();
	const struct answer *answer = cli("faultline " SHORT_RUN " --json");
	assert_int_equal(answer->code, 0);
	json_t *object = json_loads(answer->out, 0, &error);
	assert_non_null(object);
	json_decref(object);
}

static void
verdict_that_cannot_be_written_is_an_error(void **state)
{
	(void)state;
	need_program();
	cli_expect(0, "valid", NULL, "faultline " SHORT_RUN);
	cli_expect(255, NULL, "write the verdict", "faultline check >/dev/full");
}

/* ---- bad input ---- */

static void
nothing_to_check_is_said(void **state)
{
	(void)state;
	need_program();
	cli_expect(255, NULL, "no run 'latest' in 'runs'", "faultline check");
	cli_expect(255, NULL, "no file 'missing'", "faultline check missing");
	cli_expect(255, NULL, "'empty' is empty", ": >empty; faultline check empty");
	cli_expect(255, NULL, "no run 'folder'", "mkdir folder; faultline check folder");
}

/* A history that was cut ends with a verdict on what is whole, or with one sentence that
 * says where it was cut. */
static void
check_cut(const char *file, long bytes)
{
	const struct answer *answer =
		cli("head -c %ld %s >cut; faultline check cut", bytes, file);

	if (answer->code == 255)
		assert_non_null(strstr(answer->err, "faultline: cut:"));
	else if (answer->code > 2)
		fail_msg("%s cut to %ld bytes: exit code %d: %s", file, bytes,
			 answer->code, answer->err);
}

static void
truncated_histories_end_with_a_sentence_or_a_verdict(void **state)
{
	static const char *const files[] = {"register.jsonl", "register.edn", "set.jsonl",
					    "set.edn"};
	struct rng rng;

	(void)state;
	need_program();
	cli_expect(0, NULL, NULL,
		   "for workload in register set; do\n"
		   "	faultline " SHORT_RUN " --workload $workload >/dev/null || exit\n"
		   "	for format in jsonl edn; do\n"
		   "		faultline export --format $format >$workload.$format\n"
		   "	done\n"
		   "done");
	rng_init(&rng, 3);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		long size = atol(cli("wc -c <%s", files[i])->out);
		assert_true(size > 10000);
		for (int round = 0; round < 12; round++)
			check_cut(files[i], 1 + (long)rng_below(&rng, (uint64_t)size));
	}
}

static void
damaged_runs_end_with_a_sentence(void **state)
{
	(void)state;
	need_program();
	cli_expect(0, NULL, NULL, "faultline " SHORT_RUN);
	for (int i = 0; i < 8; i++) {
		const struct answer *answer = cli(
			"head -c %d runs/latest/run.db >cut.db; faultline check cut.db",
			17 << (2 * i));
		if (answer->code > 2 && answer->code != 255)
			fail_msg("cut to %d bytes: exit code %d", 17 << (2 * i),
				 answer->code);
		assert_true(answer->code != 255 ||
			    strncmp(answer->err, "faultline: ", 11) == 0);
	}
}

static void
garbage_is_no_history(void **state)
{
	(void)state;
	need_program();
	for (int i = 0; i < 8; i++)
		cli_expect(255, NULL, "faultline: ",
			   "awk 'BEGIN { srand(%d); for (i = 0; i < 3000; i++)\n"
			   "	printf \"%%c\", 33 + int(rand() * 90) }' >garbage\n"
			   "faultline check garbage",
			   i);
}

static void
missing_gnuplot_costs_the_plots_only(void **state)
{
	(void)state;
	need_program();
	cli_expect(
		0, "report:", "gnuplot",
		"mkdir bin; PATH=$PWD/bin \"$faultline\" run --system null --time 200ms "
		"--rate 1000");
	cli_expect(0, NULL, NULL, "test -s runs/latest/report.html");
}

static void
folder_that_cannot_be_made_is_named(void **state)
{
	(void)state;
	need_program();
	cli_expect(255, NULL, "'file/null-register'",
		   ": >file; faultline " SHORT_RUN " --runs file");
}

/* In a mount namespace of its own, so that nothing is left when it ends. */
static void
full_disk_keeps_what_was_recorded(void **state)
{
	(void)state;
	need_root();
	cli_expect(0, "valid register", "run.db",
		   "unshare -m --propagation private sh -c '\n"
		   "mkdir small && mount -t tmpfs -o size=3m faultline-test small\n"
		   "\"$0\" run --system null --time 20 --runs small --no-plots --quiet\n"
		   "[ $? = 255 ] && exec \"$0\" check --runs small' \"$faultline\"");
}

/* ---- who runs it, and where ---- */

static void
without_root_a_run_asks_for_hosts(void **state)
{
	const char *as_nobody =
		geteuid() == 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups"
			       : "";

	(void)state;
	need_program();
	if (cli("%s \"$faultline\" --version", as_nobody)->code != 0)
		cli_skip("the program cannot be read by others");
	cli_expect(255, NULL, "labs need root", "%s \"$faultline\" run --time 1",
		   as_nobody);
	cli_expect(255, NULL, "--hosts", "%s \"$faultline\" run --time 1", as_nobody);
	cli_expect(255, NULL, "labs need root", "%s \"$faultline\" lab up", as_nobody);
}

static void
run_of_somebody_else_can_be_judged_and_shown(void **state)
{
	const char *as_nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";

	(void)state;
	need_root();
	if (cli("%s \"$faultline\" --version", as_nobody)->code != 0)
		cli_skip("the program cannot be read by others");
	cli_expect(0, NULL, NULL, "faultline " SHORT_RUN " && chmod 755 .");
	cli_expect(0, "valid register", "not kept", "%s \"$faultline\" check", as_nobody);
	cli_expect(0, "null-register", NULL, "%s \"$faultline\" show", as_nobody);
}

static void
kill_in_the_middle_leaves_a_run_that_can_be_judged(void **state)
{
	const char *const words[] = {"run", "--system", "null", "--time",
				     "60",  "--rate",	"2000", NULL};

	(void)state;
	need_program();
	pid_t pid = cli_start(words);
	cli_await("err", "clients:");
	cli_expect(0, NULL, NULL,
		   "for i in $(seq 100); do faultline check >/dev/null 2>&1 && exit 0\n"
		   "sleep 0.1; done; exit 1");
	kill(pid, SIGKILL);
	assert_int_equal(cli_wait(pid)->code, 128 + SIGKILL);
	cli_expect(0, "valid register", NULL, "faultline check");
	cli_expect(0, "not finished", NULL, "faultline show");
}

/* Sixty-four additions that nobody knows of, all even, and a sum that is odd: for a search
 * that adds up subsets this takes for ever. */
static void
write_long_judgement(void)
{
	cli_expect(0, NULL, NULL,
		   "for i in $(seq 64); do for t in invoke info; do\n"
		   "echo '{\"type\":\"'$t'\",\"process\":'$i',\"f\":\"add\",'"
		   "'\"value\":'$((i * i * 2654 + i * 46))'}'; done; done > long.jsonl\n"
		   "for t in '\"invoke\"' '\"ok\",\"value\":5555555'; do\n"
		   "echo '{\"process\":99,\"f\":\"read\",\"type\":'$t'}'; done"
		   " >> long.jsonl");
}

/* Until it has taken over the signal; while it starts a thread all of them are blocked, also
 * SIGQUIT, which it never takes. */
static void
await_watch_of(pid_t pid, int number)
{
	cli_expect(0, NULL, NULL,
		   "for i in $(seq 100); do\n"
		   "blocked=0x$(sed -n 's/^SigBlk:.*\\(....\\)$/\\1/p' /proc/%d/status)\n"
		   "[ $((blocked & 4)),$((blocked >> %d & 1)) = 0,1 ] && exit 0\n"
		   "sleep 0.1; done; exit 1",
		   (int)pid, number - 1);
}

static void
interrupted_judgement_says_what_was_proven(void **state)
{
	const char *const words[] = {"check", "--checker", "counter", "long.jsonl", NULL};

	(void)state;
	need_program();
	write_long_judgement();
	pid_t pid = cli_start(words);
	await_watch_of(pid, SIGINT);
	kill(pid, SIGINT);
	const struct answer *answer = cli_wait(pid);
	assert_int_equal(answer->code, 2);
	assert_non_null(strstr(answer->out, "unknown counter: "));
	assert_non_null(strstr(answer->err, "the verdict is what was proven by then"));
}

static void
status_line_stays_away_from_pipes(void **state)
{
	(void)state;
	need_program();
	const struct answer *answer = cli("faultline run --system null --time 700ms "
					  "--rate 2000 --no-plots");
	assert_int_equal(answer->code, 0);
	assert_null(strchr(answer->err, '\r'));
	assert_null(strstr(answer->err, "/s  ok"));
}

/* All that the program prints on a terminal of 80 columns. */
static void
read_terminal(struct buf *screen)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	char bytes[4096];
	ssize_t got;
	int fd, status;

	cli("printf '#!/bin/sh\\ncd %%s\\nexec %%s run --system null --time 900ms "
	    "--rate 2000 --no-plots\\n' \"$PWD\" \"$faultline\" >go; chmod +x go; pwd");
	char *go = mem_format("%.*s/go", (int)strcspn(cli("pwd")->out, "\n"),
			      cli("pwd")->out);
	fflush(NULL);
	pid_t pid = forkpty(&fd, NULL, NULL, &size);
	if (pid == 0) {
		execl(go, go, NULL);
		_exit(99);
	}
	assert_true(pid > 0);
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		buf_append(screen, bytes, (size_t)got);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	free(go);
}

static void
terminal_shows_one_status_line_that_fits(void **state)
{
	struct buf screen = {0};
	int count = 0;

	(void)state;
	need_program();
	read_terminal(&screen);
	for (const char *at = buf_text(&screen); (at = strstr(at, "\rclients ")) != NULL;
	     at++) {
		size_t columns = strcspn(at + 1, "\r\n\033");
		assert_in_range(columns, 20, 79);
		count++;
	}
	assert_in_range(count, 2, 20);
	assert_non_null(strstr(buf_text(&screen), "\nvalid: register"));
	buf_release(&screen);
}

int
main(void)
{
#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, cli_make_folder, cli_remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(unknown_words_name_the_nearest_and_exit_254),
		TEST(values_that_make_no_sense_exit_254_and_are_named),
		TEST(help_is_printed_by_every_command_and_by_none_at_all),
		TEST(verdict_is_the_first_word_and_the_exit_code),
		TEST(check_answers_with_one_object_that_has_all_members),
		TEST(run_answers_with_one_object_too),
		TEST(verdict_that_cannot_be_written_is_an_error),
		TEST(nothing_to_check_is_said),
		TEST(truncated_histories_end_with_a_sentence_or_a_verdict),
		TEST(damaged_runs_end_with_a_sentence),
		TEST(garbage_is_no_history),
		TEST(missing_gnuplot_costs_the_plots_only),
		TEST(folder_that_cannot_be_made_is_named),
		TEST(full_disk_keeps_what_was_recorded),
		TEST(without_root_a_run_asks_for_hosts),
		TEST(run_of_somebody_else_can_be_judged_and_shown),
		TEST(kill_in_the_middle_leaves_a_run_that_can_be_judged),
		TEST(interrupted_judgement_says_what_was_proven),
		TEST(status_line_stays_away_from_pipes),
		TEST(terminal_shows_one_status_line_that_fits),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
