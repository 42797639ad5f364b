/* test_runner.c - whole runs, on systems that live in this process and behave as told. */
#include "base/clock.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "harness/judge.h"
#include "harness/run/runner.h"
#include "tests/base/scratch.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- systems that misbehave ---- */

struct client {
	const struct system *honest; /* what it asks */
	struct client *inner;	     /* owned: its client */
	uint64_t calls;
};

static struct client *
wrap_open(struct cluster *cluster, int node, int timeout_ms, struct err *err)
{
	struct client *client = mem_new(1, sizeof(*client));

	client->honest = system_find("null", err);
	client->inner = client->honest->client_open(cluster, node, timeout_ms, err);
	return client;
}

static void
wrap_close(struct client *client)
{
	client->honest->client_close(client->inner);
	free(client);
}

static bool
null_open(struct cluster *cluster, struct err *err)
{
	const struct system *actual = cluster->system;

	cluster->system = system_find("null", err);
	bool ok = cluster->system->open(cluster, err);
	cluster->system = actual;
	return ok;
}

static void
null_close(struct cluster *cluster)
{
	struct err err;

	system_find("null", &err)->close(cluster);
}

static void
invoke_honestly(struct client *client, struct call *call)
{
	client->honest->client_invoke(client->inner, call);
}

/* Every tenth write is acknowledged and forgotten. */
static void
invoke_forgetfully(struct client *client, struct call *call)
{
	if (call->f == F_WRITE && ++client->calls % 10 == 0)
		call->type = OP_OK;
	else
		invoke_honestly(client, call);
}

/* Every fifth operation has no known outcome; some of them did happen. */
static void
invoke_vaguely(struct client *client, struct call *call)
{
	static atomic_uint calls;
	unsigned number = atomic_fetch_add(&calls, 1);

	if (number % 2 == 0)
		invoke_honestly(client, call);
	if (number % 5 == 0) {
		call->type = OP_INFO;
		call->output = VAL_OF_NIL;
		snprintf(call->error, sizeof(call->error), "timed out");
	} else if (number % 2 != 0) {
		invoke_honestly(client, call);
	}
}

/* Takes its time, so that a kill finds operations open. */
static void
invoke_slowly(struct client *client, struct call *call)
{
	clock_sleep_ms(5);
	invoke_honestly(client, call);
}

static struct client *
refuse_to_open(struct cluster *cluster, int node, int timeout_ms, struct err *err)
{
	(void)cluster;
	(void)timeout_ms;
	err_set(err, "node %d: connection refused", node + 1);
	return NULL;
}

static struct system
system_like(void (*invoke)(struct client *client, struct call *call))
{
	return (struct system){
		.name = "null", /* as it stands in the command line */
		.supports = SUPPORTS_REGISTER | SUPPORTS_SET,
		.in_process = true,
		.open = null_open,
		.close = null_close,
		.client_open = wrap_open,
		.client_invoke = invoke,
		.client_close = wrap_close,
	};
}

/* ---- running ---- */

static void
prepare(struct test *test, const char *workload, int64_t ms, double rate)
{
	test_init(test);
	test->system_name = "null";
	test->workload_name = workload;
	test->runs_folder = scratch;
	test->time_ns = ms * NS_PER_MS;
	test->rate = rate;
	test->plots = false;
	test->quiet = true;
	test->seed = 11;
}

/* Runs on the given system, NULL: null itself. */
static bool
run(struct test *test, const struct system *system, struct run_outcome *outcome,
    struct err *err)
{
	if (!test_resolve(test, err))
		fail_msg("%s", err->text);
	if (system != NULL)
		test->system = test->cluster.system = system;
	return runner_run(test, outcome, err);
}

static enum verdict
verdict_of(struct test *test, const struct system *system)
{
	struct run_outcome outcome;
	struct err err;

	if (!run(test, system, &outcome, &err))
		fail_msg("%s", err.text);
	enum verdict verdict = outcome.verdict;
	size_t length = strlen(verdict_name(verdict));
	assert_int_equal(strncmp(buf_text(&outcome.words), verdict_name(verdict), length),
			 0);
	run_outcome_release(&outcome);
	test_release(test);
	return verdict;
}

static void
read_run(struct history *history)
{
	struct err err;
	struct store *store = store_open(scratch, "latest", &err);

	if (store == NULL)
		fail_msg("%s", err.text);
	history_init(history);
	assert_true(store_read_history(store, history, &err));
	assert_true(store_close(store, &err));
}

static void
short_run_with_null_is_valid(void **state)
{
	struct test test;

	(void)state;
	prepare(&test, "register", 300, 5000);
	assert_int_equal(verdict_of(&test, NULL), VERDICT_VALID);
	prepare(&test, "set", 300, 5000);
	assert_int_equal(verdict_of(&test, NULL), VERDICT_VALID);
}

static void
forgotten_writes_are_invalid(void **state)
{
	const struct system forgetful = system_like(invoke_forgetfully);
	struct test test;

	(void)state;
	prepare(&test, "register", 300, 5000);
	assert_int_equal(verdict_of(&test, &forgetful), VERDICT_INVALID);
}

/* Asked for ten seconds, it ends in a fraction of them; the checker at the end decides, and
 * its explanation is in the report. */
static void
run_that_is_checked_online_ends_at_the_first_violation(void **state)
{
	const struct system forgetful = system_like(invoke_forgetfully);
	int64_t start_ns = clock_ns();
	struct run_outcome outcome;
	struct test test;
	struct err err;

	(void)state;
	prepare(&test, "register", 10000, 5000);
	test.check = "online";
	assert_true(run(&test, &forgetful, &outcome, &err));
	assert_int_equal(outcome.verdict, VERDICT_INVALID);
	assert_in_range(clock_ns() - start_ns, 0, 7000 * NS_PER_MS);
	/* Which of the two it is hangs on who still reads before all clients have ended. */
	assert_true(strstr(buf_text(&outcome.words), "stale-read") != NULL ||
		    strstr(buf_text(&outcome.words), "lost-write") != NULL);
	assert_non_null(strstr(buf_text(&outcome.words), "process "));
	run_outcome_release(&outcome);
	test_release(&test);
}

/* And one without a violation is judged to its end. */
static void
run_that_is_checked_online_and_valid_takes_its_time(void **state)
{
	struct test test;

	(void)state;
	prepare(&test, "register", 300, 5000);
	test.check = "online";
	assert_int_equal(verdict_of(&test, NULL), VERDICT_VALID);
	prepare(&test, "set", 300, 5000);
	test.check = "online";
	assert_int_equal(verdict_of(&test, NULL), VERDICT_VALID);
}

static void
nobody_acknowledging_is_unknown(void **state)
{
	struct system dead = system_like(invoke_honestly);
	struct test test;

	(void)state;
	dead.client_open = refuse_to_open;
	prepare(&test, "register", 300, 0);
	assert_int_equal(verdict_of(&test, &dead), VERDICT_UNKNOWN);
}

static void
dead_node_is_not_asked_in_a_loop(void **state)
{
	struct system dead = system_like(invoke_honestly);
	struct run_outcome outcome;
	struct test test;
	struct err err;

	(void)state;
	dead.client_open = refuse_to_open;
	prepare(&test, "register", 350, 0);
	test.concurrency_words = "5";
	assert_true(run(&test, &dead, &outcome, &err));
	assert_int_equal(outcome.tally.ok + outcome.tally.info, 0);
	assert_in_range(outcome.tally.fail, 5, 5 * 5);
	run_outcome_release(&outcome);
	test_release(&test);
}

static void
process_is_never_heard_of_again_after_info(void **state)
{
	const struct system vague = system_like(invoke_vaguely);
	struct map retired = {0};
	struct history history;
	struct test test;
	size_t info_count = 0;

	(void)state;
	prepare(&test, "register", 300, 2000);
	assert_int_equal(verdict_of(&test, &vague), VERDICT_VALID);
	read_run(&history);
	for (size_t i = 0; i < history.ops.count; i++) {
		const struct op *op = &history.ops.items[i];
		assert_null(map_find(&retired, op->process));
		assert_int_equal(op->node, op->process % 5 + 1);
		if (op->type != OP_INFO)
			continue;
		info_count++;
		map_at(&retired, op->process, NULL);
	}
	assert_true(info_count > 50);
	history_release(&history);
	map_release(&retired);
}

/* ---- runs that end early: each in a child, as a program of its own ---- */

/* In the child: a run; the exit code tells how it ended. */
_Noreturn static void
run_as_child(int64_t ms, void (*invoke)(struct client *client, struct call *call))
{
	const struct system system = system_like(invoke);
	struct run_outcome outcome;
	struct test test;
	struct err err;

	prepare(&test, "register", ms, 0);
	if (!test_resolve(&test, &err))
		_exit(99);
	test.system = test.cluster.system = &system;
	if (!runner_run(&test, &outcome, &err))
		_exit(strstr(err.text, "run.db") != NULL ? 55 : 54);
	_exit(outcome.was_interrupted && outcome.verdict == VERDICT_VALID ? 77 : 78);
}

/* Waits until the child has recorded something. */
static void
await_rows(int64_t wanted)
{
	int64_t deadline_ns = clock_ns() + 20 * NS_PER_S;
	struct history history;
	struct err err;
	size_t count = 0;

	while ((int64_t)count < wanted) {
		assert_true(clock_ns() < deadline_ns);
		struct store *store = store_open(scratch, "latest", &err);
		if (store == NULL)
			continue;
		history_init(&history);
		if (store_read_history(store, &history, &err))
			count = history.ops.count;
		history_release(&history);
		store_close(store, &err);
	}
}

static int
status_of(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
killed_run_leaves_a_history_that_can_be_judged(void **state)
{
	static const char *const checkers[] = {"register", NULL};
	const struct judge_options options = {.checkers = checkers};
	struct judgement judgement;
	struct history history;
	struct err err;
	size_t open_count = 0;

	(void)state;
	pid_t child = fork();
	if (child == 0)
		run_as_child(20000, invoke_slowly);
	await_rows(300);
	kill(child, SIGKILL);
	assert_true(WIFSIGNALED(status_of(child)));
	read_run(&history);
	for (size_t i = 0; i < history.ops.count; i++)
		open_count += history.ops.items[i].complete_ns < 0;
	assert_true(history.ops.count >= 300);
	assert_in_range(open_count, 1, 10); /* at most one for each of ten clients */
	assert_true(judge_history(&history, &options, &judgement, &err));
	assert_int_equal(judgement.verdict, VERDICT_VALID);
	judge_release(&judgement);
	history_release(&history);
}

static void
interrupted_run_judges_what_is_there(void **state)
{
	(void)state;
	int64_t start_ns = clock_ns();
	pid_t child = fork();
	if (child == 0)
		run_as_child(60000, invoke_slowly);
	await_rows(300);
	kill(child, SIGINT);
	int status = status_of(child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 77);
	assert_true(clock_ns() - start_ns < 20 * NS_PER_S);
}

static void
full_disk_ends_the_run_in_order_with_a_sentence(void **state)
{
	const struct rlimit limit = {2 << 20, 2 << 20};
	struct history history;

	(void)state;
	pid_t child = fork();
	if (child == 0) {
		setrlimit(RLIMIT_FSIZE, &limit);
		run_as_child(60000, invoke_honestly);
	}
	int status = status_of(child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 55);
	read_run(&history);
	assert_true(history.ops.count > 100);
	history_release(&history);
}

/* ---- what a test asks ---- */

static void
refused(struct test *test, const char *sentence, const char *hint)
{
	struct err err;

	assert_false(test_resolve(test, &err));
	if (strstr(err.text, sentence) == NULL)
		fail_msg("'%s' is not in '%s'", sentence, err.text);
	if (hint != NULL && strstr(err.hint, hint) == NULL)
		fail_msg("'%s' is not in the hint '%s'", hint, err.hint);
	test_release(test);
}

static void
unknown_words_name_the_nearest(void **state)
{
	struct test test;

	(void)state;
	prepare(&test, "registre", 300, 0);
	refused(&test, "'registre'", "'register'");
	prepare(&test, "register", 300, 0);
	test.system_name = "ectd";
	refused(&test, "'ectd'", "'etcd'");
	prepare(&test, "register", 30000, 0);
	test.system_name = "etcd";
	test.faults = "partitoin";
	refused(&test, "'partitoin'", "'partition'");
}

static void
numbers_out_of_range_are_refused(void **state)
{
	struct test test;

	(void)state;
	prepare(&test, "register", 300, 0);
	test.concurrency_words = "0";
	refused(&test, "--concurrency", NULL);
	prepare(&test, "register", 300, 0);
	test.concurrency_words = "n";
	refused(&test, "--concurrency", NULL);
	prepare(&test, "register", 300, 0);
	test.read_percent = 70;
	test.cas_percent = 40;
	refused(&test, "70 % reads and 40 % cas", NULL);
	prepare(&test, "register", 1, 0);
	refused(&test, "--time", NULL);
}

static void
faults_and_hosts_are_refused_for_a_system_in_this_process(void **state)
{
	struct test test;

	(void)state;
	prepare(&test, "register", 30000, 0);
	test.faults = "kill";
	refused(&test, "no fault can hit it", NULL);
	prepare(&test, "register", 300, 0);
	test.hosts = "a,b,c";
	refused(&test, "needs no hosts", NULL);
}

static void
command_line_repeats_every_choice(void **state)
{
	struct test test;
	struct err err;
	struct buf command = {0};

	(void)state;
	prepare(&test, "set", 1500, 250);
	test.concurrency_words = "3n";
	test.keys = 7;
	test.timeout_ns = 750 * NS_PER_MS;
	assert_true(test_resolve(&test, &err));
	assert_int_equal(test.concurrency, 15);
	test_command(&test, &command);
	assert_string_equal(buf_text(&command),
			    "faultline run --system null --workload set --faults none "
			    "--time 1500ms --concurrency 3n --rate 250 --keys 7 "
			    "--timeout 750ms --seed 11");
	buf_release(&command);
	test_release(&test);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)
	const struct CMUnitTest tests[] = {
		/* First those that fork, while this process has one thread. */
		TEST(killed_run_leaves_a_history_that_can_be_judged),
		TEST(interrupted_run_judges_what_is_there),
		TEST(full_disk_ends_the_run_in_order_with_a_sentence),
		TEST(short_run_with_null_is_valid),
		TEST(forgotten_writes_are_invalid),
		TEST(run_that_is_checked_online_ends_at_the_first_violation),
		TEST(run_that_is_checked_online_and_valid_takes_its_time),
		TEST(nobody_acknowledging_is_unknown),
		TEST(dead_node_is_not_asked_in_a_loop),
		TEST(process_is_never_heard_of_again_after_info),
		TEST(unknown_words_name_the_nearest),
		TEST(numbers_out_of_range_are_refused),
		TEST(faults_and_hosts_are_refused_for_a_system_in_this_process),
		TEST(command_line_repeats_every_choice),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
