#include "base/clock.h"
#include "base/file.h"
#include "base/parallel.h"
#include "harness/hosts/host.h"
#include "harness/hosts/ssh.h"
#include "tests/harness/own_sshd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct own_sshd sshd;
static struct inventory inventory;
static struct host **hosts;
static int host_count;

static void
add_host(struct inventory *to, const char *name)
{
	struct err err;
	struct inventory_host *host = inventory_add(to, name, &err);

	assert_non_null(host);
	host->ssh_address = strdup("127.0.0.1");
	host->user = strdup("root");
	host->port = sshd.port;
	host->identity = strdup(sshd.key);
	host->known_hosts = strdup(sshd.known);
	host->folder = mem_format("%s/daemons-%s", sshd.folder, name);
}

static void
expect_output(struct host *host, const char *command, const char *expected)
{
	struct buf output = {0};
	struct err err = {0};

	if (!host_exec(host, &output, 5000, &err, "%s", command))
		fail_msg("%s", err.text);
	assert_string_equal(buf_text(&output), expected);
	buf_release(&output);
}

/* ---- hosts ---- */

static void
hosts_know_their_address_and_size(void **state)
{
	(void)state;
	assert_int_equal(host_count, 3);
	for (int i = 0; i < host_count; i++) {
		assert_int_equal(hosts[i]->index, i);
		assert_string_equal(hosts[i]->address, "127.0.0.1");
		assert_int_equal(strncmp(hosts[i]->kernel, "Linux ", 6), 0);
		assert_true(hosts[i]->processors >= 1);
	}
	assert_string_equal(hosts[1]->name, "n2");
}

static void
one_unreachable_host_fails_all_and_is_named(void **state)
{
	struct inventory broken = {0};
	struct host **opened;
	int count;
	struct err err = {0};

	(void)state;
	add_host(&broken, "good");
	add_host(&broken, "down");
	broken.hosts.items[1].port = own_sshd_free_port();
	assert_false(hosts_open(&broken, &opened, &count, &err));
	assert_int_equal(strncmp(err.text, "host down: connect to ", 22), 0);
	assert_true(err.hint[0] != '\0');
	assert_null(opened);
	inventory_release(&broken);
	assert_false(hosts_open(&broken, &opened, &count, &err));
	assert_string_equal(err.text, "there are no hosts");
}

static void
address_of_the_inventory_must_be_numeric(void **state)
{
	struct inventory odd = {0};
	struct host **opened;
	int count;
	struct err err = {0};

	(void)state;
	add_host(&odd, "odd");
	odd.hosts.items[0].address = strdup("localhost");
	assert_false(hosts_open(&odd, &opened, &count, &err));
	assert_non_null(strstr(err.text, "'localhost' is not a numeric IPv4"));
	inventory_release(&odd);
}

static void
failing_command_is_one_sentence_with_its_last_words(void **state)
{
	struct err err = {0};

	(void)state;
	assert_false(host_exec(hosts[0], NULL, 5000, &err,
			       "echo one; echo 'disk is %s' >&2; exit 5", "full"));
	assert_string_equal(err.text, "host n1: run 'echo one; echo 'disk is full' >&2; "
				      "exit 5': exit code 5: disk is full");
	assert_false(host_exec(hosts[0], NULL, 5000, &err, "exit 1"));
	assert_non_null(strstr(err.text, "exit code 1: it says nothing"));
}

static void
command_dies_at_its_deadline_with_what_it_started(void **state)
{
	struct err err = {0};
	char *command = mem_format("echo $$ >%s/pids; sleep 60 & echo $! >>%s/pids; wait",
				   sshd.folder, sshd.folder);
	char *check =
		mem_format("for i in $(seq 200); do left=0; for p in $(cat %s/pids); do "
			   "kill -0 $p 2>/dev/null && left=1; done; "
			   "[ $left = 0 ] && exit 0; sleep 0.02; done; exit 1",
			   sshd.folder);

	(void)state;
	assert_false(host_exec(hosts[0], NULL, 300, &err, "%s", command));
	assert_non_null(strstr(err.text, "did not end within 300 ms"));
	assert_true(host_exec(hosts[0], NULL, 8000, &err, "%s", check));
	free(command);
	free(check);
}

static void
lost_session_is_opened_anew_by_the_next_call(void **state)
{
	struct err err = {0};

	(void)state;
	/* The parent of timeout(1) is the sshd of this session. */
	assert_false(
		host_exec(hosts[2], NULL, 5000, &err,
			  "read -r _ _ _ p _ </proc/$PPID/stat; kill -KILL $p; sleep 3"));
	assert_non_null(strstr(err.text, "host n3: "));
	assert_non_null(strstr(err.text, "connection is lost"));
	expect_output(hosts[2], "echo again", "again\n");
}

static void
missing_program_names_its_package(void **state)
{
	struct err err = {0};

	(void)state;
	assert_true(host_needs(hosts[0], "sh", "dash", &err));
	assert_false(host_needs(hosts[0], "no-such-program", "no-such-package", &err));
	assert_non_null(
		strstr(err.text, "host n1: look for the program 'no-such-program'"));
	assert_non_null(strstr(err.hint, "apt-get install no-such-package"));
}

static void
input_reaches_the_command_and_any_exit_code_is_fine(void **state)
{
	struct buf output = {0};
	struct err err = {0};
	int code = -1;

	(void)state;
	assert_true(host_exec_input(hosts[0], "cat; exit 9", (struct bytes){"a'b\n", 4},
				    5000, &output, &code, &err));
	assert_string_equal(buf_text(&output), "a'b\n");
	assert_int_equal(code, 9);
	buf_release(&output);
}

static void
text_and_files_go_there_and_back(void **state)
{
	struct err err = {0};
	struct buf text = {0};
	char *remote = mem_format("%s/hello", sshd.folder);
	char *local = mem_format("%s/hello-back", sshd.folder);

	(void)state;
	assert_true(host_upload_text(hosts[0], "hello\n", remote, 0644, &err));
	assert_true(host_download(hosts[0], remote, local, &err));
	assert_true(file_read(local, 0, &text, &err));
	assert_string_equal(buf_text(&text), "hello\n");
	assert_true(host_upload(hosts[1], local, remote, 0600, &err));
	assert_false(host_download(hosts[0], "/nowhere/x", local, &err));
	assert_string_equal(err.text,
			    "host n1: download '/nowhere/x': open: no such file or "
			    "directory");
	assert_false(host_upload(hosts[0], "/nowhere/x", remote, 0600, &err));
	buf_release(&text);
	free(remote);
	free(local);
}

static void
stream_lives_beside_commands(void **state)
{
	struct err err = {0};
	struct buf line = {0};
	struct ssh_stream *stream = host_stream_open(hosts[0], "id -u; cat", 5000, &err);

	(void)state;
	assert_non_null(stream);
	assert_true(ssh_stream_line(stream, &line, 5000, &err));
	assert_string_equal(buf_text(&line), "0");
	expect_output(hosts[0], "echo beside", "beside\n");
	buf_clear(&line);
	assert_true(ssh_stream_write(stream, (struct bytes){"beat\n", 5}, 2000, &err));
	assert_true(ssh_stream_line(stream, &line, 2000, &err));
	assert_string_equal(buf_text(&line), "beat");
	buf_release(&line);
	ssh_stream_close(stream);
}

static void
user_who_is_not_root_works_by_sudo(void **state)
{
	struct inventory workers = {0};
	struct host **opened;
	int count;
	struct err err = {0};
	struct buf text = {0};
	char *remote = mem_format("%s/work/file", sshd.folder);
	char *local = mem_format("%s/from-worker", sshd.folder);

	(void)state;
	add_host(&workers, "w1");
	free(workers.hosts.items[0].user);
	workers.hosts.items[0].user = strdup("worker");
	if (!hosts_open(&workers, &opened, &count, &err))
		fail_msg("%s (%s)", err.text, err.hint);
	expect_output(opened[0], "echo \"it's $SUDO_USER\"", "it's worker\n");
	assert_true(host_upload_text(opened[0], "by worker\n", remote, 0640, &err));
	char *check =
		mem_format("stat -c %%a %s; ls /tmp | grep 'faultline-%d-.*part'; true",
			   remote, (int)getpid());
	expect_output(opened[0], check, "640\n");
	assert_true(host_download(opened[0], remote, local, &err));
	assert_true(file_read(local, 0, &text, &err));
	assert_string_equal(buf_text(&text), "by worker\n");
	assert_false(host_upload_text(opened[0], "x", "/nowhere/file", 0640, &err));
	hosts_close(opened, count);
	inventory_release(&workers);
	buf_release(&text);
	free(check);
	free(remote);
	free(local);
}

static void
ask_own_number(void *context, size_t i)
{
	atomic_int *right = context;
	struct buf output = {0};
	struct err err;

	if (host_exec(hosts[i % 2], &output, 10000, &err, "echo %zu", i) &&
	    (size_t)atoi(buf_text(&output)) == i)
		atomic_fetch_add(right, 1);
	buf_release(&output);
}

static void
threads_may_use_one_host_at_once(void **state)
{
	atomic_int right = 0;

	(void)state;
	parallel_for(64, 8, ask_own_number, &right);
	assert_int_equal(atomic_load(&right), 64);
}

static bool
fail_on_two(void *context, int i, struct err *err)
{
	((int *)context)[i] = 1;
	return i < 2 || err_set(err, "error %d", i);
}

static void
each_calls_all_and_gives_the_error_of_the_lowest(void **state)
{
	int called[5] = {0};
	struct err err = {0};

	(void)state;
	assert_false(hosts_each(5, fail_on_two, called, &err));
	assert_string_equal(err.text, "error 2");
	for (int i = 0; i < 5; i++)
		assert_int_equal(called[i], 1);
	assert_true(hosts_each(2, fail_on_two, called, &err));
}

/* ---- daemons ---- */

static const char *const sleeper[] = {
	"sh",
	"-c",
	"echo \"up in $(pwd) as $(id -un) with $(ulimit -n) $1\"; exec sleep 300",
	"it's",
	"a 'word'",
	NULL};
static const struct daemon sleeping = {.name = "sleeper", .argv = sleeper};

static char *
pidfile_of(struct host *host)
{
	struct buf text = {0};
	struct err err = {0};

	if (!host_exec(host, &text, 5000, &err, "cat %s/sleeper/pid", host->folder))
		fail_msg("%s", err.text);
	return text.data;
}

static bool
is_running(struct host *host)
{
	bool running = false;
	struct err err = {0};

	if (!host_daemon_is_running(host, "sleeper", &running, &err))
		fail_msg("%s", err.text);
	return running;
}

static void
must(bool ok, const struct err *err)
{
	if (!ok)
		fail_msg("%s", err->text);
}

static void
daemon_starts_once_stops_and_starts_again(void **state)
{
	struct err err = {0};
	struct host *host = hosts[0];

	(void)state;
	must(host_daemon_install(host, &sleeping, &err), &err);
	assert_false(is_running(host));
	must(host_daemon_start(host, "sleeper", &err), &err);
	assert_true(is_running(host));
	char *first = pidfile_of(host);
	must(host_daemon_start(host, "sleeper", &err), &err);
	char *second = pidfile_of(host);
	assert_string_equal(first, second);
	must(host_daemon_stop(host, "sleeper", 2000, &err), &err);
	assert_false(is_running(host));
	must(host_daemon_stop(host, "sleeper", 2000, &err), &err);
	must(host_daemon_start(host, "sleeper", &err), &err);
	char *third = pidfile_of(host);
	assert_string_not_equal(first, third);
	must(host_daemon_stop(host, "sleeper", 2000, &err), &err);
	free(first);
	free(second);
	free(third);
}

static void
daemon_logs_and_runs_in_its_folder_with_many_files(void **state)
{
	struct err err = {0};
	struct buf tail = {0}, expected = {0};
	struct host *host = hosts[1];
	int64_t deadline = clock_ns() + 5 * NS_PER_S;

	(void)state;
	/* 65536, or what the machine allows at most. */
	buf_printf(&expected, "up in %s/sleeper as root with ", host->folder);
	must(host_exec(host, &expected, 5000, &err,
		       "ulimit -n 65536 2>/dev/null || ulimit -n $(ulimit -H -n); "
		       "echo \"$(ulimit -n) a 'word'\""),
	     &err);
	must(host_daemon_install(host, &sleeping, &err), &err);
	must(host_daemon_start(host, "sleeper", &err), &err);
	while (tail.len == 0 && clock_left_ms(deadline) > 0)
		host_daemon_log_tail(host, "sleeper", 1, &tail);
	assert_string_equal(buf_text(&tail), buf_text(&expected));
	must(host_daemon_stop(host, "sleeper", 2000, &err), &err);
	must(host_daemon_remove(host, "sleeper", &err), &err);
	assert_false(is_running(host));
	buf_release(&tail);
	buf_release(&expected);
}

static void
daemon_survives_its_session_and_inherits_nothing(void **state)
{
	struct err err = {0};
	struct host *host = hosts[1];
	int64_t start = clock_ns();

	(void)state;
	must(host_daemon_install(host, &sleeping, &err), &err);
	must(host_daemon_start(host, "sleeper", &err), &err);
	assert_true(clock_ns() - start < 900 * NS_PER_MS); /* no channel had to linger */
	ssh_close(host->ssh);
	host->ssh = NULL;
	assert_true(is_running(host));
	char *pid = pidfile_of(host);
	*strchr(pid, ' ') = '\0';
	char *command =
		mem_format("ls /proc/%s/fd | tr '\\n' ' '; ps -o sid= -o pgid= -p %s | "
			   "awk '{print $1 == %s && $2 == %s}'",
			   pid, pid, pid, pid);
	expect_output(host, command, "0 1 2 1\n");
	must(host_daemon_stop(host, "sleeper", 2000, &err), &err);
	free(command);
	free(pid);
}

static void
pidfile_of_another_process_is_not_believed(void **state)
{
	struct err err = {0};
	struct host *host = hosts[0];

	(void)state;
	must(host_daemon_install(host, &sleeping, &err), &err);
	/* Process 1 is there, but it did not start at 12345. */
	must(host_exec(host, NULL, 5000, &err, "echo '1 12345' >%s/sleeper/pid",
		       host->folder),
	     &err);
	assert_false(is_running(host));
	must(host_daemon_stop(host, "sleeper", 100, &err), &err);
	for (int i = 0; i < 3; i++) {
		const char *const broken[] = {"", "garbage", "1"};
		must(host_exec(host, NULL, 5000, &err, "echo '%s' >%s/sleeper/pid",
			       broken[i], host->folder),
		     &err);
		assert_false(is_running(host));
	}
}

static void
daemon_that_ignores_term_is_killed_with_its_group(void **state)
{
	static const char *const stubborn[] = {
		"sh", "-c",
		"trap '' TERM; sleep 300 & echo $! >child; while :; do wait; done", NULL};
	const struct daemon daemon = {.name = "sleeper", .argv = stubborn};
	struct err err = {0};
	struct host *host = hosts[0];

	(void)state;
	must(host_daemon_install(host, &daemon, &err), &err);
	must(host_daemon_start(host, "sleeper", &err), &err);
	must(host_exec(host, NULL, 5000, &err,
		       "cd %s/sleeper; until [ -s child ]; do sleep 0.02; done",
		       host->folder),
	     &err);
	must(host_daemon_stop(host, "sleeper", 200, &err), &err);
	assert_false(is_running(host));
	must(host_exec(host, NULL, 5000, &err,
		       "cd %s/sleeper; i=0; while kill -0 $(cat child) 2>/dev/null; do "
		       "i=$((i+1)); [ $i -lt 100 ] || exit 1; sleep 0.02; done",
		       host->folder),
	     &err);
}

static void
stopped_daemon_ends_by_term(void **state)
{
	struct err err = {0};
	struct host *host = hosts[0];
	int64_t start = clock_ns();

	(void)state;
	must(host_daemon_install(host, &sleeping, &err), &err);
	must(host_daemon_start(host, "sleeper", &err), &err);
	must(host_exec(host, NULL, 5000, &err,
		       "read -r p s <%s/sleeper/pid; kill -STOP $p", host->folder),
	     &err);
	must(host_daemon_stop(host, "sleeper", 10000, &err), &err);
	assert_true(clock_ns() - start < 5 * NS_PER_S);
}

static void
killed_daemon_is_started_by_the_script_alone(void **state)
{
	struct err err = {0};
	struct host *host = hosts[0];

	(void)state;
	must(host_daemon_install(host, &sleeping, &err), &err);
	must(host_daemon_start(host, "sleeper", &err), &err);
	char *first = pidfile_of(host);
	must(host_exec(host, NULL, 5000, &err,
		       "cd /; read -r p s <%s/sleeper/pid; kill -KILL $p; "
		       "while kill -0 $p 2>/dev/null; do sleep 0.01; done; exec "
		       "%s/sleeper/start",
		       host->folder, host->folder),
	     &err);
	char *second = pidfile_of(host);
	assert_string_not_equal(first, second);
	assert_true(is_running(host));
	must(host_daemon_stop(host, "sleeper", 2000, &err), &err);
	free(first);
	free(second);
}

static void
daemon_runs_as_another_user(void **state)
{
	const struct daemon daemon = {
		.name = "sleeper", .argv = sleeper, .user = "nobody"};
	struct err err = {0};
	struct host *host = hosts[2];
	struct buf tail = {0};
	int64_t deadline = clock_ns() + 5 * NS_PER_S;

	(void)state;
	must(host_daemon_install(host, &daemon, &err), &err);
	must(host_daemon_start(host, "sleeper", &err), &err);
	while (tail.len == 0 && clock_left_ms(deadline) > 0)
		host_daemon_log_tail(host, "sleeper", 1, &tail);
	assert_non_null(strstr(buf_text(&tail), " as nobody with "));
	assert_true(is_running(host));
	must(host_daemon_stop(host, "sleeper", 2000, &err), &err);
	buf_release(&tail);
}

static void
daemon_whose_program_is_missing_says_so(void **state)
{
	static const char *const missing[] = {"/nowhere/program", NULL};
	const struct daemon daemon = {.name = "sleeper", .argv = missing};
	struct err err = {0};

	(void)state;
	must(host_daemon_install(hosts[0], &daemon, &err), &err);
	assert_false(host_daemon_start(hosts[0], "sleeper", &err));
	assert_string_equal(err.text,
			    "host n1: start daemon 'sleeper': exit code 127: there is "
			    "no program '/nowhere/program'");
}

/* ---- the group ---- */

static int
start(void **state)
{
	struct err err = {0};

	(void)state;
	if (!own_sshd_start(&sshd))
		return -1;
	add_host(&inventory, "n1");
	add_host(&inventory, "n2");
	add_host(&inventory, "n3");
	if (hosts_open(&inventory, &hosts, &host_count, &err))
		return 0;
	err_print(&err);
	return -1;
}

static int
stop(void **state)
{
	struct err err = {0};

	(void)state;
	/* Daemons outlive sshd: none may stay when a test failed half way. */
	for (int i = 0; i < host_count; i++)
		if (!host_daemon_stop(hosts[i], "sleeper", 0, &err))
			err_print(&err);
	hosts_close(hosts, host_count);
	inventory_release(&inventory);
	own_sshd_stop(&sshd);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_know_their_address_and_size),
		cmocka_unit_test(one_unreachable_host_fails_all_and_is_named),
		cmocka_unit_test(address_of_the_inventory_must_be_numeric),
		cmocka_unit_test(failing_command_is_one_sentence_with_its_last_words),
		cmocka_unit_test(command_dies_at_its_deadline_with_what_it_started),
		cmocka_unit_test(lost_session_is_opened_anew_by_the_next_call),
		cmocka_unit_test(missing_program_names_its_package),
		cmocka_unit_test(input_reaches_the_command_and_any_exit_code_is_fine),
		cmocka_unit_test(text_and_files_go_there_and_back),
		cmocka_unit_test(stream_lives_beside_commands),
		cmocka_unit_test(user_who_is_not_root_works_by_sudo),
		cmocka_unit_test(threads_may_use_one_host_at_once),
		cmocka_unit_test(each_calls_all_and_gives_the_error_of_the_lowest),
		cmocka_unit_test(daemon_starts_once_stops_and_starts_again),
		cmocka_unit_test(daemon_logs_and_runs_in_its_folder_with_many_files),
		cmocka_unit_test(daemon_survives_its_session_and_inherits_nothing),
		cmocka_unit_test(pidfile_of_another_process_is_not_believed),
		cmocka_unit_test(daemon_that_ignores_term_is_killed_with_its_group),
		cmocka_unit_test(stopped_daemon_ends_by_term),
		cmocka_unit_test(killed_daemon_is_started_by_the_script_alone),
		cmocka_unit_test(daemon_runs_as_another_user),
		cmocka_unit_test(daemon_whose_program_is_missing_says_so),
	};
	const char *missing = own_sshd_missing();

	if (missing != NULL) {
		printf("test_host: skipped: %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests_name("host", tests, start, stop);
}
