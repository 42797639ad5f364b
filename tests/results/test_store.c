/* The run store: what goes in comes out, and what was committed survives everything. */
#include "base/file.h"
#include "results/store/store.h"
#include "tests/base/scratch.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const struct store_run head = {
	.name = "demo",
	.system = "reference",
	.workload = "register",
	.faults = "kill",
	.command = "faultline run --seed 7",
	.version = "0.1.0",
	.seed = UINT64_MAX,
	.started_unix_ms = 1700000000000,
	.time_ns = 30000000000,
	.concurrency = 10,
	.node_count = 5,
};

static struct store *
create(void)
{
	struct err err;
	struct store *store = store_create(scratch, &head, &err);

	if (store == NULL)
		fail_msg("%s", err.text);
	return store;
}

static struct store *
reopen(const char *which)
{
	struct err err;
	struct store *store = store_open(scratch, which, &err);

	if (store == NULL)
		fail_msg("%s", err.text);
	return store;
}

static void
done(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s", err->text);
}

#define DO(call) done(call, &err)

static struct store_op
write_op(uint32_t i)
{
	return (struct store_op){
		.invoke_at = i * 2,
		.complete_at = i * 2 + 1,
		.invoke_ns = i * 1000,
		.complete_ns = i * 1000 + 500,
		.process = i % 7,
		.node = 1,
		.type = OP_OK,
		.f = "write",
		.key = {.kind = CELL_INT, .number = i % 3},
		.input = {.kind = CELL_INT, .number = i},
	};
}

static void
head_and_operations_come_back(void **state)
{
	struct err err;
	struct store *store = create();
	struct store_op open = write_op(1), odd = write_op(2);
	struct store_run run;
	struct history history;

	(void)state;
	open.type = OP_INFO;
	open.complete_at = OP_NEVER;
	open.complete_ns = -1;
	odd.f = "my-own";
	odd.type = OP_FAIL;
	odd.input = (struct cell){.kind = CELL_JSON,
				  .json = "[[\"append\",1,2],[\"r\",\"x\",null]]"};
	odd.output = (struct cell){.kind = CELL_JSON, .json = "\"gr\\u00fc\\\"n\""};
	odd.error = "timeout";
	DO(store_begin(store, &err));
	DO(store_put_op(store,
			&(struct store_op){.f = "read", .type = OP_OK, .complete_at = 7},
			&err));
	DO(store_put_op(store, &open, &err));
	DO(store_put_op(store, &odd, &err));
	DO(store_commit(store, &err));
	DO(store_close(store, &err));

	store = reopen("latest");
	DO(store_read_run(store, &run, &err));
	assert_string_equal(run.command, "faultline run --seed 7");
	assert_true(run.seed == UINT64_MAX);
	history_init(&history);
	DO(store_read_history(store, &history, &err));
	assert_int_equal(history.ops.count, 3);
	assert_int_equal(history.ops.items[0].f, F_READ);
	assert_int_equal(history.ops.items[1].type, OP_INFO);
	assert_int_equal(history.ops.items[1].complete_at, OP_NEVER);
	assert_int_equal(history.ops.items[1].complete_ns, -1);
	const struct op *op = &history.ops.items[2];
	struct buf text = {0};
	val_print(&history.values, op->input, &text);
	assert_string_equal(buf_text(&text), "[[\"append\",1,2],[\"r\",\"x\",null]]");
	assert_string_equal(val_text(&history.values, op->output).data, "grü\"n");
	assert_string_equal(history_error(&history, op), "timeout");
	assert_string_equal(history_f_name(&history, op->f), "my-own");
	/* Events 0, 2, 4, 5, 7 were left: they are numbered without gaps. */
	assert_int_equal(history.events, 5);
	assert_int_equal(op->invoke_at, 2);
	assert_int_equal(op->complete_at, 3);
	assert_int_equal(history.ops.items[0].complete_at, 4);
	buf_release(&text);
	history_release(&history);
	DO(store_close(store, &err));
}

static void
a_run_larger_than_its_bound_is_not_read(void **state)
{
	struct err err;
	struct store *store = create();
	struct history history;
	bool over_bound = true;

	(void)state;
	for (uint32_t i = 0; i < 20; i++) {
		struct store_op op = write_op(i);
		DO(store_put_op(store, &op, &err));
	}
	history_init(&history);
	DO(store_read_history_within(store, 1 << 20, &history, &over_bound, &err));
	assert_false(over_bound);
	assert_int_equal(history.ops.count, 20);
	history_release(&history);
	history_init(&history);
	assert_false(store_read_history_within(store, 10 * sizeof(struct op), &history,
					       &over_bound, &err));
	assert_true(over_bound);
	assert_true(history.ops.count <= 10);
	assert_non_null(strstr(err.text, "fill the memory"));
	history_release(&history);
	DO(store_close(store, &err));
}

static void
a_completed_operation_replaces_the_open_one(void **state)
{
	struct err err;
	struct store *store = create();
	struct store_op op = write_op(4);
	struct history history;

	(void)state;
	op.type = OP_INFO;
	op.complete_at = OP_NEVER;
	DO(store_put_op(store, &op, &err));
	op = write_op(4);
	DO(store_put_op(store, &op, &err));
	history_init(&history);
	DO(store_read_history(store, &history, &err));
	assert_int_equal(history.ops.count, 1);
	assert_int_equal(history.ops.items[0].type, OP_OK);
	history_release(&history);
	DO(store_close(store, &err));
}

static bool
keep_first(void *context, int columns, const char *const *texts)
{
	char *kept = context;

	(void)columns;
	snprintf(kept, 200, "%s", texts[0] != NULL ? texts[0] : "NULL");
	return false;
}

static void
assert_query(struct store *store, const char *sql, const char *expected)
{
	struct err err;
	char found[200] = "no row";

	DO(store_query(store, sql, keep_first, found, &err));
	assert_string_equal(found, expected);
}

static void
faults_hosts_notes_and_verdicts_can_be_queried(void **state)
{
	struct err err;
	struct store *store = create();
	struct store_fault fault = {.fault = "partition",
				    .target = "majority",
				    .start_ns = 5,
				    .end_ns = -1,
				    .injected = true,
				    .evidence = "{\"packets\":12}"};
	struct store_verdict verdict = {.checker = "register",
					.verdict = "invalid",
					.reason = "it's stale",
					.operations = 9,
					.details = "\"keys\":3"};

	(void)state;
	DO(store_put_fault(store, &fault, &err));
	assert_true(fault.id > 0);
	fault.end_ns = 50;
	fault.healed = true;
	DO(store_put_fault(store, &fault, &err));
	assert_query(store, "SELECT count(*) || ' ' || end_ns FROM fault", "1 50");
	assert_query(store, "SELECT name || '=' || value FROM evidence", "packets=12");
	DO(store_put_host(store, &(struct store_host){.index = 0, .name = "n1"}, &err));
	assert_query(store, "SELECT name FROM host WHERE id = 0", "n1");
	DO(store_put_note(store, 3, "phase", "final", &err));
	assert_query(store, "SELECT kind || text FROM log", "phasefinal");

	DO(store_put_verdict(store, &verdict, &err));
	DO(store_put_anomaly(store, "register", "stale-read", "1", "text", "[1,2]",
			     &err));
	verdict.verdict = "valid";
	DO(store_put_verdict(store, &verdict, &err));
	assert_query(store, "SELECT count(*) FROM anomaly", "0");
	assert_query(store, "SELECT verdict || details FROM verdict",
		     "valid{\"keys\":3}");
	struct store_op op = write_op(1);
	DO(store_put_op(store, &op, &err));
	DO(store_finish(store, "done", "valid", &err));
	DO(store_finish(store, NULL, "invalid", &err));
	assert_query(store, "SELECT status || verdict || operations FROM run",
		     "doneinvalid1");
	assert_query(store, "SELECT group_concat(type) FROM history", "invoke,ok");
	assert_query(store, "SELECT operations FROM series", "1");
	DO(store_close(store, &err));
}

static void
a_run_is_found_by_name_folder_file_and_latest(void **state)
{
	struct err err;
	struct store *store = create();
	char folder[300], path[400], named[200];

	(void)state;
	snprintf(folder, sizeof(folder), "%s", store_folder(store));
	snprintf(path, sizeof(path), "%s/run.db", folder);
	snprintf(named, sizeof(named), "demo/%s", strrchr(folder, '/') + 1);
	DO(store_close(store, &err));
	const char *const words[] = {
		"demo", "latest", NULL, folder, path, named, named + strlen("demo/")};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		store = reopen(words[i]);
		assert_string_equal(strrchr(store_folder(store), '/'),
				    strrchr(folder, '/'));
		DO(store_close(store, &err));
	}
	assert_null(store_open(scratch, "nothing", &err));
	assert_non_null(strstr(err.text, "no run 'nothing'"));
	assert_true(err.hint[0] != '\0');
}

static void
what_is_no_run_is_refused_with_a_sentence(void **state)
{
	struct err err;
	char path[200];
	struct store_run bad = head;

	(void)state;
	snprintf(path, sizeof(path), "%s/text", scratch);
	DO(file_write(path, "hello", 5, &err));
	assert_null(store_open(scratch, "text", &err));
	assert_non_null(strstr(err.text, "no run"));
	DO(file_write(path, "SQLite format 3\0garbage after the head", 38, &err));
	assert_null(store_open(scratch, "text", &err));
	assert_true(err.text[0] != '\0');
	bad.name = "../escape";
	assert_null(store_create(scratch, &bad, &err));
	assert_non_null(strstr(err.text, "cannot be named"));
}

enum {
	BATCH = 1000
};

/* Writes batches until killed, saying after each commit how many rows are safe. */
static void
write_for_ever(int report)
{
	struct err err;
	struct store *store = create();
	uint32_t rows = 0;

	for (;;) {
		store_begin(store, &err);
		for (int i = 0; i < BATCH; i++) {
			struct store_op op = write_op(rows++);
			store_put_op(store, &op, &err);
		}
		if (!store_commit(store, &err) || write(report, &rows, sizeof(rows)) < 0)
			_exit(1);
	}
}

static void
kill_in_the_middle_leaves_every_committed_row(void **state)
{
	struct err err;
	int pipe_ends[2];
	uint32_t safe = 0;
	struct history history;

	(void)state;
	assert_int_equal(pipe(pipe_ends), 0);
	pid_t child = fork();
	if (child == 0)
		write_for_ever(pipe_ends[1]);
	close(pipe_ends[1]);
	while (safe < 50 * BATCH)
		assert_int_equal(read(pipe_ends[0], &safe, sizeof(safe)), sizeof(safe));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	while (read(pipe_ends[0], &safe, sizeof(safe)) == sizeof(safe))
		;
	close(pipe_ends[0]);

	struct store *store = reopen("demo");
	history_init(&history);
	DO(store_read_history(store, &history, &err));
	assert_true(history.ops.count >= safe);
	assert_int_equal(history.ops.count % BATCH, 0);
	for (size_t i = 0; i < history.ops.count; i++)
		assert_int_equal(val_number(&history.values, history.ops.items[i].input),
				 i);
	assert_query(store, "SELECT status FROM run", "running");
	history_release(&history);
	DO(store_close(store, &err));
}

/* Fills the store until a write is refused with `words`; then counts what stayed. */
static int
write_until_refused(const char *words)
{
	struct err err;
	struct store *store = create();
	uint32_t rows = 0, safe = 0;
	bool ok = true;

	while (ok && rows < 1000000) {
		ok = store_begin(store, &err);
		for (int i = 0; ok && i < BATCH; i++) {
			struct store_op op = write_op(rows++);
			ok = store_put_op(store, &op, &err);
		}
		if (ok && (ok = store_commit(store, &err)))
			safe = rows;
	}
	if (ok || strstr(err.text, words) == NULL || err.hint[0] == '\0') {
		fprintf(stderr, "full disk said: %s\n", err.text);
		return 1;
	}
	struct history history;
	history_init(&history);
	store_commit(store, &err);
	store_close(store, &err);
	store = reopen("latest");
	DO(store_read_history(store, &history, &err));
	return history.ops.count == safe && safe > 0 ? 0 : 2;
}

/* The child's end: limits and mounts are for ever, so they are made in a child. */
static void
assert_child_succeeds(int (*body)(void))
{
	int status;

	fflush(NULL);
	pid_t child = fork();
	if (child == 0)
		_exit(body());
	waitpid(child, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int
with_limited_file(void)
{
	struct rlimit limit = {.rlim_cur = 2 << 20, .rlim_max = 2 << 20};

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	return write_until_refused("the file system refused");
}

static void
a_file_size_limit_is_a_sentence_and_keeps_what_was_committed(void **state)
{
	(void)state;
	assert_child_succeeds(with_limited_file);
}

/* A file system of 3 MiB that only the child sees. */
static int
on_small_disk(void)
{
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", scratch, "tmpfs", 0, "size=3m"))
		return 3;
	return write_until_refused("no space left");
}

static void
a_full_disk_is_a_sentence_and_keeps_what_was_committed(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_child_succeeds(on_small_disk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(head_and_operations_come_back),
		cmocka_unit_test(a_run_larger_than_its_bound_is_not_read),
		cmocka_unit_test(a_completed_operation_replaces_the_open_one),
		cmocka_unit_test(faults_hosts_notes_and_verdicts_can_be_queried),
		cmocka_unit_test(a_run_is_found_by_name_folder_file_and_latest),
		cmocka_unit_test(what_is_no_run_is_refused_with_a_sentence),
		cmocka_unit_test(kill_in_the_middle_leaves_every_committed_row),
		cmocka_unit_test(
			a_file_size_limit_is_a_sentence_and_keeps_what_was_committed),
		cmocka_unit_test(a_full_disk_is_a_sentence_and_keeps_what_was_committed),
	};

	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
