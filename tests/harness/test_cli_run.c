/* test_cli_run.c - whole runs on hosts of a lab, as a person starts and ends them. */
#include "tests/harness/cli.h"
#include "tests/harness/own_sshd.h"

#include "base/clock.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LAB "test-cli"

/* LeakSanitizer never ends in the pid namespace of a host. */
#define INSIDE "ASAN_OPTIONS=detect_leaks=0 faultline lab exec --name " LAB

static const char *
missing(void)
{
	if (cli_missing() != NULL)
		return cli_missing();
	if (geteuid() != 0)
		return "needs root";
	if (access("/usr/sbin/nft", X_OK) != 0)
		return "needs /usr/sbin/nft (package nftables)";
	return own_sshd_missing();
}

static void
need_lab(void)
{
	if (missing() != NULL)
		cli_skip(missing());
}

/* The lab of all tests: three hosts. */
static int
lab_up_once(void **state)
{
	int code = cli_make_folder(state);

	if (code == 0 && missing() == NULL)
		code = cli("faultline lab up -n 3 --name " LAB)->code;
	return code | cli_remove_folder(state);
}

static int
lab_down_once(void **state)
{
	int code = cli_make_folder(state);

	if (code == 0 && missing() == NULL)
		code = cli("faultline lab down --name " LAB)->code;
	return code | cli_remove_folder(state);
}

/* Hosts where a table of nft stands, a process is stopped, or no node runs. */
static const char hurt_hosts[] =
	"for host in n1 n2 n3; do " INSIDE " $host -- sh -c '\n"
	"	nft list tables | grep -q . && exit 1\n"
	"	ps -eo stat= | grep -q ^T && exit 1\n"
	"	pgrep -x faultline-node >/dev/null' || echo $host; done";

/* Hosts with a fault in force; the store may have been stopped in order by then. */
static const char faulty_hosts[] =
	"for host in n1 n2 n3; do " INSIDE " $host -- sh -c '\n"
	"	nft list tables | grep -q . && exit 1\n"
	"	! ps -eo stat= | grep -q ^T' || echo $host; done";

static const char *const partitioned[] = {
	"run",	  "--lab", LAB,	     "--faults", "partition",  "--interval", "5s",
	"--time", "30",	   "--seed", "7",	 "--no-plots", NULL};

/* Starts a run and waits until its first fault is in force. */
static pid_t
start_and_await_fault(const char *const *words)
{
	pid_t pid = cli_start(words);

	cli_await("err", "fault 1: ");
	return pid;
}

static void
killed_controller_leaves_no_fault_on_hosts(void **state)
{
	(void)state;
	need_lab();
	pid_t pid = start_and_await_fault(partitioned);
	assert_string_not_equal(cli("%s", hurt_hosts)->out, "");
	int64_t deadline_ns = clock_ns() + 10 * NS_PER_S;
	kill(pid, SIGKILL);
	assert_int_equal(cli_wait(pid)->code, 128 + SIGKILL);
	while (strcmp(cli("%s", hurt_hosts)->out, "") != 0)
		assert_true(clock_left_ms(deadline_ns) > 0);
	cli_expect(0, "valid register", NULL, "faultline check");
	cli_expect(0, "not healed", NULL, "faultline show");
	cli_expect(0, "n3: ok", NULL, "faultline heal --lab " LAB);
}

static void
interrupted_run_heals_and_gives_its_verdict(void **state)
{
	(void)state;
	need_lab();
	pid_t pid = start_and_await_fault(partitioned);
	kill(pid, SIGINT);
	const struct answer *answer = cli_wait(pid);
	assert_int_equal(answer->code, 0);
	assert_non_null(strstr(answer->out, "interrupted"));
	assert_non_null(strstr(answer->err, "fault 1: healed"));
	cli_expect(0, "", NULL, INSIDE " n1 -- nft list ruleset");
	cli_expect(0, "interrupted;", NULL, "faultline show");
}

static void
second_interrupt_ends_at_once_and_hosts_heal_by_themselves(void **state)
{
	(void)state;
	need_lab();
	pid_t pid = start_and_await_fault(partitioned);
	int64_t start_ns = clock_ns(), deadline_ns = start_ns + 10 * NS_PER_S;
	kill(pid, SIGINT);
	cli_await("err", "once more ends at once");
	kill(pid, SIGINT);
	assert_int_equal(cli_wait(pid)->code, 255);
	assert_true(clock_ns() - start_ns < 3 * NS_PER_S);
	while (strcmp(cli("%s", faulty_hosts)->out, "") != 0)
		assert_true(clock_left_ms(deadline_ns) > 0);
}

static void
killed_run_takes_its_private_lab_with_it(void **state)
{
	const char *const words[] = {"run", "--nodes", "3", "--time", "30", NULL};
	char folder[64];

	(void)state;
	need_lab();
	pid_t pid = cli_start(words);
	cli_await("err", "clients: ");
	snprintf(folder, sizeof(folder), "/var/lib/faultline/labs/run-%d", (int)pid);
	assert_int_equal(access(folder, F_OK), 0);
	kill(pid, SIGKILL);
	assert_int_equal(cli_wait(pid)->code, 128 + SIGKILL);
	cli_expect(
		0, NULL, NULL,
		"for i in $(seq 100); do test -e %s || exit 0; sleep 0.1; done; exit 1",
		folder);
}

/* While it comes up, so that the lab is half there. */
static void
run_that_is_stopped_while_hosts_come_up_leaves_nothing(void **state)
{
	const char *const words[] = {"run", "--nodes", "3", "--time", "30", NULL};
	char folder[64];

	(void)state;
	need_lab();
	for (int ms = 20; ms <= 320; ms *= 4) {
		pid_t pid = cli_start(words);
		clock_sleep_ms(ms);
		kill(pid, SIGTERM);
		int code = cli_wait(pid)->code;
		assert_true(code == 255 || code == 128 + SIGTERM);
		snprintf(folder, sizeof(folder), "/var/lib/faultline/labs/run-%d",
			 (int)pid);
		cli_expect(0, NULL, NULL,
			   "for i in $(seq 100); do test -e %s || exit 0; sleep 0.1\n"
			   "done; exit 1",
			   folder);
	}
}

/* ---- hosts that do not do as they should ---- */

static void
host_that_is_down_is_named_with_step_and_remedy(void **state)
{
	(void)state;
	need_lab();
	const char *words = "faultline run --inventory hosts --time 1";
	cli("echo 'gone address=127.0.0.1 ssh-address=127.0.0.1 port=%d' >hosts",
	    own_sshd_free_port());
	cli_expect(255, NULL, "host gone: connect to '127.0.0.1'", "%s", words);
	cli_expect(255, NULL, "hint: check that the host is up", "%s", words);
}

static void
wrong_keys_are_refused_with_a_remedy(void **state)
{
	struct own_sshd sshd;
	const char *words = "faultline run --inventory hosts --time 1";

	(void)state;
	need_lab();
	assert_true(own_sshd_start(&sshd));
	cli("echo 'own ssh-address=127.0.0.1 port=%d user=root identity=%s "
	    "known-hosts=%s' >hosts",
	    sshd.port, sshd.stranger, sshd.known);
	cli_expect(255, NULL, "host own: ", "%s", words);
	cli_expect(255, NULL, "hint: ", "%s", words);
	cli("echo '[127.0.0.1]:%d '$(cat %s.pub) >known\n"
	    "echo 'own ssh-address=127.0.0.1 port=%d user=root identity=%s "
	    "known-hosts='$PWD/known >hosts",
	    sshd.port, sshd.stranger, sshd.port, sshd.key);
	cli_expect(255, NULL, "host key", "%s", words);
	cli_expect(255, NULL, "hint: ", "%s", words);
	own_sshd_stop(&sshd);
}

static void
tool_that_a_host_lacks_is_named_with_its_package(void **state)
{
	(void)state;
	need_lab();
	if (access("/usr/bin/etcd", X_OK) != 0)
		cli_skip("needs /usr/bin/etcd (package etcd-server)");
	const char *words = "faultline run --lab " LAB " --system etcd --time 1";
	cli(INSIDE " n2 -- mv /usr/bin/etcd /usr/bin/was-etcd");
	cli_expect(255, NULL, "host n2: ", "%s", words);
	cli_expect(255, NULL, "apt-get install etcd-server", "%s", words);
	cli(INSIDE " n2 -- mv /usr/bin/was-etcd /usr/bin/etcd");
}

int
main(void)
{
#define TEST(name)                                                                       \
	cmocka_unit_test_setup_teardown(name, cli_make_folder, cli_remove_folder)
	const struct CMUnitTest tests[] = {
		TEST(killed_controller_leaves_no_fault_on_hosts),
		TEST(interrupted_run_heals_and_gives_its_verdict),
		TEST(second_interrupt_ends_at_once_and_hosts_heal_by_themselves),
		TEST(killed_run_takes_its_private_lab_with_it),
		TEST(run_that_is_stopped_while_hosts_come_up_leaves_nothing),
		TEST(host_that_is_down_is_named_with_step_and_remedy),
		TEST(wrong_keys_are_refused_with_a_remedy),
		TEST(tool_that_a_host_lacks_is_named_with_its_package),
	};
#undef TEST

	return cmocka_run_group_tests(tests, lab_up_once, lab_down_once);
}
