/* cmd_run.c - `faultline run`: one test, from hosts to verdict. */
#include "harness/command.h"
#include "harness/judge.h"
#include "harness/lab/lab.h"
#include "harness/lab/private_lab.h"
#include "harness/run/runner.h"
#include "reference/protocol/protocol.h"

#include <stdio.h>
#include <string.h>

static int run_main(int argc, char **argv);

const struct command command_run = {
	"run", "[OPTIONS]",
	"deploy a system, drive it under faults, decide, draw, report", run_main};

/* The explanation where there is something to explain (it ends with what clients did; else
 * that stands alone), where all is kept, and the verdict in one line at the end, where a
 * person looks. */
static void
print_words(const struct test *test, const struct run_outcome *outcome)
{
	struct buf command = {0};

	test_command(test, &command);
	if (outcome->verdict != VERDICT_VALID)
		printf("%s\n", buf_text(&outcome->words));
	if (!test->quiet) {
		if (outcome->verdict == VERDICT_VALID)
			fputs(buf_text(&outcome->traffic), stdout);
		fputs(buf_text(&outcome->throughput), stdout);
		printf("run:        %s\n", outcome->folder);
		if (outcome->has_report)
			printf("report:     %s/report.html\n", outcome->folder);
		printf("once more:  %s\n", buf_text(&command));
	}
	if (outcome->was_interrupted)
		printf("interrupted: this is the verdict on what was there\n");
	fputs(buf_text(&outcome->summary), stdout);
	buf_release(&command);
}

static int
print_outcome(const struct test *test, const struct run_outcome *outcome, bool json)
{
	struct err err;

	if (json)
		fputs(buf_text(&outcome->json), stdout);
	else
		print_words(test, outcome);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return judge_exit_code(outcome->verdict);
	err_errno(&err, "write the verdict");
	return command_broke(&err);
}

/* Into the network where the hosts are: that of a lab, private or not, or our own. */
static bool
go_to_hosts(struct test *test, struct private_lab *lab, struct err *err)
{
	if (!test->needs_private_lab)
		return test->lab == NULL || lab_join(test->lab, err);
	return private_lab_open(lab, test->node_count, err) && lab_join(lab->name, err) &&
	       lab_inventory(lab->name, &test->inventory, err);
}

static int
run_resolved(struct test *test, bool json)
{
	struct private_lab lab = {0};
	struct run_outcome outcome = {0};
	struct err err, lab_err;

	bool ok = go_to_hosts(test, &lab, &err) && runner_run(test, &outcome, &err);
	int code = ok ? print_outcome(test, &outcome, json) : command_broke(&err);
	if (!ok && outcome.folder != NULL)
		fprintf(stderr, "the run so far is in %s\n", outcome.folder);
	if (!private_lab_close(&lab, &lab_err))
		code = command_broke(&lab_err);
	run_outcome_release(&outcome);
	return code;
}

static bool
check_bugs(const struct test *test, struct err *err)
{
	const char *names[BUG_COUNT];

	for (int i = 1; i < BUG_COUNT; i++)
		names[i - 1] = bug_table[i].name;
	vec_each (char *, bug, &test->bugs.of) {
		if (bug_bit(*bug) != 0)
			continue;
		const char *nearest = text_nearest(*bug, names, BUG_COUNT - 1);
		err_set(err, "unknown planted bug '%s'", *bug);
		if (nearest != NULL)
			return err_hint(err, "did you mean '%s'?", nearest);
		return err_hint(err, "'faultline list bugs' shows them");
	}
	return true;
}

static int
run_parsed(struct test *test, int argc, char **argv, bool json)
{
	struct err err;
	bool ok = argc <= 1 || err_set(&err, "unexpected word '%s'", argv[1]);

	ok = ok && check_bugs(test, &err) && test_resolve(test, &err);
	int code = ok ? run_resolved(test, json) : command_usage(&command_run, &err);
	test_release(test);
	return code;
}

static int
run_main(int argc, char **argv)
{
	struct test test;
	bool help = false, json = false;
	struct err err;

	test_init(&test);
	const struct option_row rows[] = {
		{"system", 's', OPTION_TEXT, &test.system_name, "NAME",
		 "the system under test [reference]"},
		{"workload", 'w', OPTION_TEXT, &test.workload_name, "NAME",
		 "what clients ask [register]"},
		{"faults", 'f', OPTION_TEXT, &test.faults, "LIST",
		 "FAULT or FAULT:TARGET, separated by commas [none]"},
		{"time", 't', OPTION_DURATION, &test.time_ns, "TIME",
		 "how long clients ask [30s]"},
		{"concurrency", 'c', OPTION_TEXT, &test.concurrency_words, "N",
		 "clients; 2n is two for each node [2n]"},
		{"rate", 'r', OPTION_REAL, &test.rate, "N",
		 "operations a second in all; 0: as fast as they come [0]"},
		{"keys", 'k', OPTION_INT, &test.keys, "N", "keys live at once"},
		{"ops-per-key", 0, OPTION_INT, &test.ops_per_key, "N",
		 "a key retires after so many operations"},
		{"reads", 0, OPTION_INT, &test.read_percent, "PERCENT",
		 "how many operations read"},
		{"cas", 0, OPTION_INT, &test.cas_percent, "PERCENT",
		 "how many compare and set"},
		{"seed", 0, OPTION_INT, &test.seed, "N",
		 "of all random choices [drawn, and printed]"},
		{"nodes", 'n', OPTION_INT, &test.nodes_wanted, "N",
		 "nodes, and hosts of a private lab [5]"},
		{"hosts", 0, OPTION_TEXT, &test.hosts, "A,B,...",
		 "hosts by name, [USER@]HOST[:PORT]"},
		{"inventory", 0, OPTION_TEXT, &test.inventory_path, "FILE",
		 "hosts from a file, one a line"},
		{"lab", 0, OPTION_TEXT, &test.lab, "NAME",
		 "hosts of a lab that is up [a lab for this run]"},
		{"bug", 0, OPTION_TEXTS, &test.bugs, "NAME",
		 "switch a planted bug of the reference store on"},
		{"log-pattern", 0, OPTION_TEXTS, &test.log_patterns, "REGEX",
		 "a line of a node's log that must not be there"},
		{"set", 0, OPTION_TEXTS, &test.options, "NAME=VALUE",
		 "an option of the system"},
		{"interval", 0, OPTION_DURATION, &test.interval_ns, "TIME",
		 "mean length of a fault, and of a pause [5s or less]"},
		{"timeout", 0, OPTION_DURATION, &test.timeout_ns, "TIME",
		 "of one operation [2s]"},
		{"check", 0, OPTION_TEXT, &test.check, "WHEN",
		 "end; or online: also on the way, and stop at a violation [end]"},
		{"check-time", 0, OPTION_DURATION, &test.check_time_ns, "TIME",
		 "bound on checking; unknown beyond [5m]"},
		{"runs", 0, OPTION_TEXT, &test.runs_folder, "FOLDER",
		 "where runs are kept [runs]"},
		{"name", 0, OPTION_TEXT, &test.name, "NAME",
		 "of the run [SYSTEM-WORKLOAD]"},
		{"plots", 0, OPTION_FLAG, &test.plots, NULL,
		 "draw plots (--no-plots: do not) [yes]"},
		{"json", 0, OPTION_FLAG, &json, NULL, "print the verdict as one object"},
		{"quiet", 'q', OPTION_FLAG, &test.quiet, NULL,
		 "print warnings and the verdict only"},
		{"help", 'h', OPTION_FLAG, &help, NULL, "show this"},
		{0}};

	if (!options_parse(rows, &argc, &argv, &err)) {
		test_release(&test);
		return command_usage(&command_run, &err);
	}
	if (!help)
		return run_parsed(&test, argc, argv, json);
	test_release(&test);
	return command_help(&command_run, rows);
}
