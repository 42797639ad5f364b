#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "harness/command.h"
#include "harness/lab/lab.h"
#include "harness/lab/lab_inside.h"
#include "harness/lab/lab_state.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

extern const struct command command_lab;

/* Two labs of this test; one is up during all tests, the other is each test's own. */
static char lab[32], other[32];

/* ---- what tests ask with ---- */

static void
expect_up(const char *name, int count)
{
	struct err err;

	if (!lab_up(name, count, &err))
		fail_msg("%s (%s)", err.text, err.hint);
}

static void
expect_down(const char *name)
{
	struct err err;

	if (!lab_down(name, &err))
		fail_msg("%s", err.text);
}

/* What the shell of the machine prints; empty when the command fails. */
static char *
machine_says(const char *script)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct buf output = {0};
	struct err err;

	if (!child_run(&(struct child){.argv = argv}, &output, &err))
		buf_clear(&output);
	char *text = strdup(buf_text(&output));
	buf_release(&output);
	return text;
}

/* Runs a script of bash on a host, in a child since that moves into the host. Returns its
 * exit code; what it printed goes to `said`. */
static int
on_host(const char *name, const char *host, const char *script, char *said, size_t bytes)
{
	char *const argv[] = {"bash", "-c", (char *)script, NULL};
	int output[2], status, code = 255;
	size_t length = 0;
	ssize_t got;

	assert_int_equal(pipe(output), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct err err;
		dup2(output[1], STDOUT_FILENO);
		close(output[0]);
		close(output[1]);
		if (!lab_run_inside(name, host, argv, &code, &err))
			fprintf(stderr, "%s\n", err.text);
		_exit(code);
	}
	close(output[1]);
	while ((got = read(output[0], said + length, bytes - 1 - length)) > 0)
		length += (size_t)got;
	said[length] = '\0';
	close(output[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void
expect_on_host(const char *host, const char *script, const char *expected)
{
	char said[4096];

	assert_int_equal(on_host(lab, host, script, said, sizeof(said)), 0);
	assert_string_equal(said, expected);
}

/* Nothing of the lab is left: folder, processes that have its files as root. */
static void
expect_nothing_left(const char *name)
{
	char *script = mem_format("grep -l 'upperdir=" LAB_FOLDER "/%s/' "
				  "/proc/[0-9]*/mounts 2>/dev/null; true",
				  name);
	char *processes = machine_says(script);

	assert_string_equal(processes, "");
	assert_false(file_exists(lab_path(name, "").text));
	assert_false(lab_is_up(name));
	free(script);
	free(processes);
}

/* ---- tests ---- */

static void
every_host_knows_its_name_and_addresses(void **state)
{
	(void)state;
	expect_on_host("n1", "hostname; cat /etc/hostname", "n1\nn1\n");
	expect_on_host("n3",
		       "ip -4 -o addr show dev eth0 | grep -o '10[.0-9]*/16'; "
		       "ip -6 -o addr show dev eth0 | grep -o 'fd77::3/64'",
		       "10.77.0.3/16\nfd77::3/64\n");
}

static void
hosts_reach_each_other_by_name(void **state)
{
	(void)state;
	expect_on_host("n1", "exec 3<>/dev/tcp/n2/22; head -c 4 <&3", "SSH-");
	expect_on_host("n2",
		       "a=$(getent ahostsv6 n3 | head -n 1 | cut -d ' ' -f 1); echo $a; "
		       "exec 3<>/dev/tcp/$a/22; head -c 4 <&3",
		       "fd77::3\nSSH-");
	expect_on_host("n3", "getent ahostsv4 n1 | head -n 1 | cut -d ' ' -f 1",
		       "10.77.0.1\n");
}

static void
inventory_leads_to_a_login_by_ssh(void **state)
{
	struct inventory inventory = {0};
	struct err err;
	int status;

	(void)state;
	assert_true(lab_inventory(lab, &inventory, &err));
	assert_int_equal(inventory.hosts.count, 3);
	struct inventory_host *second = &inventory.hosts.items[1];
	assert_string_equal(second->name, "n2");
	assert_string_equal(second->address6, "fd77::2");
	char *target = mem_format("root@%s", second->ssh_address);
	char *known = mem_format("UserKnownHostsFile=%s", second->known_hosts);
	const char *const argv[] = {"ssh",
				    "-F",
				    "none",
				    "-i",
				    second->identity,
				    "-o",
				    known,
				    "-o",
				    "StrictHostKeyChecking=yes",
				    target,
				    "hostname; ls -A $HOME; tty -s || echo no terminal",
				    NULL};
	/* In a child, since the test itself stays in the machine's network. */
	pid_t pid = fork();
	if (pid == 0) {
		struct buf output = {0};
		bool ok = lab_join(lab, &err) &&
			  child_run(&(struct child){.argv = argv}, &output, &err);
		if (!ok)
			fprintf(stderr, "%s\n", err.text);
		ok = ok && strcmp(buf_text(&output), "n2\n.bashrc\n.hushlogin\n.profile\n"
						     "no terminal\n") == 0;
		_exit(!ok);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	free(target);
	free(known);
	inventory_release(&inventory);
}

static void
host_writes_stay_on_the_host(void **state)
{
	(void)state;
	expect_on_host("n1",
		       "echo mine > /usr/faultline-test && rm /etc/debian_version && "
		       "cat /usr/faultline-test; ls /etc/debian_version 2>/dev/null || "
		       "echo gone",
		       "mine\ngone\n");
	assert_false(file_exists("/usr/faultline-test"));
	assert_true(file_exists("/etc/debian_version"));
	expect_on_host("n2", "test -e /usr/faultline-test || echo not here",
		       "not here\n");
}

static void
hosts_see_neither_other_labs_nor_other_hosts(void **state)
{
	(void)state;
	expect_on_host("n2", "ls -A /var/lib/faultline; ls -A /tmp", "");
	/* Process 1 is the host's own init, and the only cable is its own. */
	expect_on_host("n2", "cat /proc/1/comm; ls /proc/1/fd",
		       "faultline-host\n0\n1\n2\n");
	expect_on_host("n2",
		       "ls /sys/class/net | grep -x -e hub -e lo -e 'eth.*' -e 'n[0-9]*'",
		       "eth0\nlo\n");
}

static void
daemon_folder_lies_on_the_disk_of_the_machine(void **state)
{
	struct stat folder;
	char expected[64];

	(void)state;
	assert_int_equal(stat(lab_path(lab, "n1/data").text, &folder), 0);
	snprintf(expected, sizeof(expected), "%llu %llu\n",
		 (unsigned long long)folder.st_dev, (unsigned long long)folder.st_ino);
	expect_on_host("n1", "stat -c '%d %i' /var/lib/faultline", expected);
}

static void
clock_and_kernel_settings_cannot_be_changed(void **state)
{
	char said[256];
	uint64_t bounding = ~0ull;

	(void)state;
	assert_int_equal(on_host(lab, "n1", "grep CapBnd /proc/self/status | cut -f 2",
				 said, sizeof(said)),
			 0);
	assert_int_equal(sscanf(said, "%lx", &bounding), 1);
	/* sys_module 16, sys_rawio 17, sys_boot 22, sys_time 25, wake_alarm 35 */
	assert_int_equal(bounding & (1ull << 16 | 1ull << 17 | 1ull << 22 | 1ull << 25 |
				     1ull << 35),
			 0);
	/* Only now is it safe to try; and it asks for the time that it is. */
	assert_int_not_equal(on_host(lab, "n1", "date -s \"$(date -Ins)\" 2>/dev/null",
				     said, sizeof(said)),
			     0);
	assert_int_not_equal(on_host(lab, "n1",
				     "echo 0 2>/dev/null > /proc/sys/kernel/panic", said,
				     sizeof(said)),
			     0);
	expect_on_host("n1", "sysctl -n -w net.ipv4.ip_default_ttl=63", "63\n");
}

static void
sshd_comes_back_when_it_is_killed(void **state)
{
	(void)state;
	expect_on_host("n3",
		       "kill -9 $(pgrep -xo sshd); for i in $(seq 300); do "
		       "exec 3<>/dev/tcp/n3/22 && head -c 4 <&3 && break; sleep 0.01; "
		       "done 2>/dev/null",
		       "SSH-");
}

static void
init_reaps_orphans(void **state)
{
	(void)state;
	expect_on_host(
		"n2",
		"(true & true); for i in $(seq 300); do "
		"grep -qs '^State:.Z' /proc/[0-9]*/status || break; sleep 0.01; done; "
		"grep -s '^State:.Z' /proc/[0-9]*/status; true",
		"");
}

static void
exit_codes_come_through(void **state)
{
	char said[16];

	(void)state;
	assert_int_equal(on_host(lab, "n1", "exit 7", said, sizeof(said)), 7);
	assert_int_equal(on_host(lab, "n1", "kill -9 $$", said, sizeof(said)), 137);
}

static void
exec_passes_just_the_words_behind_the_dashes(void **state)
{
	char *argv[] = {"lab",	"exec", "--name", lab,	"n1", "--",
			"test", "n1",	"=",	  "n1", NULL};
	int status;

	(void)state;
	pid_t pid = fork();
	if (pid == 0)
		_exit(command_lab.main(10, argv));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
second_lab_stands_beside_the_first(void **state)
{
	char said[64];

	(void)state;
	expect_up(other, 2);
	expect_on_host("n1", "echo first > /tmp/which; hostname", "n1\n");
	assert_int_equal(on_host(other, "n1", "ls /tmp/which 2>/dev/null; hostname", said,
				 sizeof(said)),
			 0);
	assert_string_equal(said, "n1\n");
	expect_down(other);
	expect_nothing_left(other);
	expect_on_host("n1", "cat /tmp/which", "first\n");
}

static void
up_refuses_a_lab_that_is_up(void **state)
{
	struct err err;

	(void)state;
	assert_false(lab_up(lab, 2, &err));
	assert_non_null(strstr(err.text, "is up already"));
	assert_non_null(strstr(err.hint, "lab down --name"));
	assert_true(lab_is_up(lab));
}

static void
up_refuses_odd_names_and_counts(void **state)
{
	static const char *const names[] = {
		"",    "-a",  "a/b",
		"..",  "a b", "A",
		"a,b", "a:b", "abcdefghijklmnopqrstuvwxyzabcdefg"};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(lab_up(names[i], 1, &err));
	assert_false(lab_up(other, 0, &err));
	assert_false(lab_up(other, LAB_HOSTS_MAX + 1, &err));
	assert_false(file_exists(lab_path(other, "").text));
}

static void
death_of_one_process_ends_a_lab(void **state)
{
	struct lab_state found;
	struct err err;

	(void)state;
	expect_up(other, 2);
	assert_true(lab_state_read(other, &found, &err));
	assert_int_equal(kill(found.pid, SIGKILL), 0);
	int64_t deadline = clock_ns() + 5 * NS_PER_S;
	while (process_start(found.pid) != 0 && clock_left_ms(deadline) > 0)
		clock_sleep_ms(1);
	for (int i = 0; i < found.count; i++)
		assert_int_equal(process_start(found.hosts[i]), 0);
	assert_false(lab_is_up(other));
	assert_false(lab_join(other, &err));
	assert_true(file_exists(lab_path(other, "n1").text));
	expect_down(other);
	expect_nothing_left(other);
}

static void
up_takes_the_place_of_a_dead_lab(void **state)
{
	struct lab_state found;
	struct err err;

	(void)state;
	/* A pid that lives, but started at another time: another process has it now. */
	found = (struct lab_state){.pid = getpid(), .start = process_start(getpid()) + 1};
	assert_true(file_make_folder(lab_path(other, "n9/data/old").text, &err));
	assert_true(lab_state_write(other, &found, &err));
	assert_false(lab_is_up(other));
	expect_up(other, 1);
	assert_false(file_exists(lab_path(other, "n9").text));
	expect_down(other);
	expect_nothing_left(other);
}

/* In a mount namespace of its own, where ip is there but fails. */
static void
failed_up_cleans_up_after_itself(void **state)
{
	int status;

	(void)state;
	pid_t pid = fork();
	if (pid == 0) {
		struct err err = {0};
		bool ready = unshare(CLONE_NEWNS) == 0 &&
			     mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
			     mount("/bin/false", "/sbin/ip", NULL, MS_BIND, NULL) == 0;
		bool up = lab_up(other, 2, &err);
		bool said = strstr(err.text, "network of the lab") != NULL;
		if (!said)
			fprintf(stderr, "%s\n", err.text);
		_exit(!(ready && !up && said));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	expect_nothing_left(other);
}

static void
down_of_a_lab_that_is_not_there_is_no_error(void **state)
{
	(void)state;
	expect_down(other);
	expect_nothing_left(other);
}

static void
thirty_hosts_answer_within_five_seconds(void **state)
{
	int64_t started = clock_ns();

	(void)state;
	expect_up(other, 30);
	int64_t up_ns = clock_ns() - started;
	expect_down(other);
	assert_true(up_ns < 5 * NS_PER_S);
	expect_nothing_left(other);
}

static void
machine_sees_no_link_mount_or_namespace(void **state)
{
	static const char question[] = "cat /proc/mounts; ip -o link | cut -d '<' -f 1; "
				       "ip netns list; losetup -a 2>/dev/null; true";
	char *before = machine_says(question);

	(void)state;
	expect_up(other, 3);
	char *during = machine_says(question);
	expect_down(other);
	char *after = machine_says(question);
	assert_non_null(strstr(before, " / "));
	assert_string_equal(before, during);
	assert_string_equal(before, after);
	free(before);
	free(during);
	free(after);
}

static int
bring_up(void **state)
{
	struct err err;

	(void)state;
	snprintf(lab, sizeof(lab), "test-%d-a", (int)getpid());
	snprintf(other, sizeof(other), "test-%d-b", (int)getpid());
	if (lab_up(lab, 3, &err))
		return 0;
	err_print(&err);
	return -1;
}

static int
take_down(void **state)
{
	struct err err;

	(void)state;
	bool ok = lab_down(other, &err) && lab_down(lab, &err);
	return ok ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_host_knows_its_name_and_addresses),
		cmocka_unit_test(hosts_reach_each_other_by_name),
		cmocka_unit_test(inventory_leads_to_a_login_by_ssh),
		cmocka_unit_test(host_writes_stay_on_the_host),
		cmocka_unit_test(hosts_see_neither_other_labs_nor_other_hosts),
		cmocka_unit_test(daemon_folder_lies_on_the_disk_of_the_machine),
		cmocka_unit_test(clock_and_kernel_settings_cannot_be_changed),
		cmocka_unit_test(sshd_comes_back_when_it_is_killed),
		cmocka_unit_test(init_reaps_orphans),
		cmocka_unit_test(exit_codes_come_through),
		cmocka_unit_test(exec_passes_just_the_words_behind_the_dashes),
		cmocka_unit_test(second_lab_stands_beside_the_first),
		cmocka_unit_test(up_refuses_a_lab_that_is_up),
		cmocka_unit_test(up_refuses_odd_names_and_counts),
		cmocka_unit_test(death_of_one_process_ends_a_lab),
		cmocka_unit_test(up_takes_the_place_of_a_dead_lab),
		cmocka_unit_test(failed_up_cleans_up_after_itself),
		cmocka_unit_test(down_of_a_lab_that_is_not_there_is_no_error),
		cmocka_unit_test(thirty_hosts_answer_within_five_seconds),
		cmocka_unit_test(machine_sees_no_link_mount_or_namespace),
	};
	const char *missing = geteuid() != 0 ? "labs need root"
			      : !file_exists("/usr/sbin/sshd")
				      ? "labs need openssh-server"
				      : NULL;

	if (missing != NULL) {
		printf("skip: %s\n", missing);
		return 0;
	}
	return cmocka_run_group_tests_name("lab", tests, bring_up, take_down);
}
