/* Daemons on hosts: what is started, stopped, killed and left alone. */
#include "base/clock.h"
#include "harness/hosts/ssh.h"
#include "tests/harness/own_hosts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static struct own_hosts own;

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
	struct host *host = own.hosts[0];

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
	struct host *host = own.hosts[1];
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
	struct host *host = own.hosts[1];
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
	own_hosts_expect(host, command, "0 1 2 1\n");
	must(host_daemon_stop(host, "sleeper", 2000, &err), &err);
	free(command);
	free(pid);
}

static void
pidfile_of_another_process_is_not_believed(void **state)
{
	struct err err = {0};
	struct host *host = own.hosts[0];

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
	struct host *host = own.hosts[0];

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
	struct host *host = own.hosts[0];
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
	struct host *host = own.hosts[0];

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
	struct host *host = own.hosts[2];
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
	must(host_daemon_install(own.hosts[0], &daemon, &err), &err);
	assert_false(host_daemon_start(own.hosts[0], "sleeper", &err));
	assert_string_equal(err.text,
			    "host n1: start daemon 'sleeper': exit code 127: there is "
			    "no program '/nowhere/program'");
}

/* ---- the group ---- */

static int
start(void **state)
{
	(void)state;
	return own_hosts_open(&own) ? 0 : -1;
}

static int
stop(void **state)
{
	struct err err = {0};

	(void)state;
	/* Daemons outlive sshd: none may stay when a test failed half way. */
	for (int i = 0; i < own.count; i++)
		if (!host_daemon_stop(own.hosts[i], "sleeper", 0, &err))
			err_print(&err);
	own_hosts_close(&own);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
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
		printf("test_daemon: skipped: %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests_name("daemon", tests, start, stop);
}
