/* test_agent.c - the real agent, in a network namespace of this test's own: what it cuts,
 * stops and kills, and that everything is healed whoever dies.
 *
 * The "peers" are addresses on the loopback link (127.0.0.9 and fd77::9): the agent drops
 * what comes from them. The daemon is two sleeping processes in a scratch folder. */
#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "chaos/agent/process.h"
#include "chaos/agent/protocol.h"
#include "tests/chaos/agent_process.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	SOON_MS = 3000
};

/* One test's world. */
static char scratch[64], state_folder[96], daemons_folder[96];
static struct agent_process agent;
static bool is_root;

#define NEEDS_ROOT()                                                                     \
	do {                                                                             \
		if (!is_root) {                                                          \
			print_message("skipped: needs root for a network namespace\n");  \
			skip();                                                          \
		}                                                                        \
	} while (0)

/* ---- the world ------------------------------------------------------------------------
 */

static void
run(const char *command)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	struct child child = {.argv = argv, .timeout_ms = 10000};
	struct err err = {0};

	if (!child_run(&child, NULL, &err))
		fail_msg("%s: %s", command, err.text);
}

static int
make_network(void **state)
{
	(void)state;
	is_root = geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
	signal(SIGPIPE, SIG_IGN);
	if (is_root)
		run("ip link set lo up && ip -6 addr add fd77::9/128 dev lo nodad");
	return 0;
}

static void
start_agent(const char *lease_ms)
{
	const char *const options[] = {"--session",
				       "test",
				       "--state",
				       state_folder,
				       "--daemons",
				       daemons_folder,
				       "--lease-ms",
				       lease_ms,
				       "--connection",
				       "127.0.0.9 4000 127.0.0.1 22",
				       NULL};

	agent_process_start(&agent, options);
}

/* A daemon of two processes. It ends by itself after a minute, should this test die. */
static void
write_daemon(void)
{
	static const char script[] =
		"#!/bin/sh\n"
		"cd \"$(dirname \"$0\")\" || exit 1\n"
		"if [ -s pid ] && read -r pid start <pid && [ -e /proc/$pid ]; then\n"
		"	set -- $(cat /proc/$pid/stat)\n" /* a zombie does not run */
		"	[ \"$3\" = Z ] || [ \"${22}\" != \"$start\" ] || exit 0\n"
		"fi\n"
		"setsid sh -c 'sleep 60 & wait' </dev/null >>log 2>&1 &\n"
		"pid=$!\n"
		"echo \"$pid $(cut -d' ' -f22 /proc/$pid/stat)\" >pid.new && mv pid.new "
		"pid\n";
	char path[160];
	struct err err;

	snprintf(path, sizeof(path), "%s/store", daemons_folder);
	assert_true(file_make_folder(path, &err));
	strcat(path, "/start");
	assert_true(file_write(path, script, sizeof(script) - 1, &err));
	assert_int_equal(chmod(path, 0755), 0);
	run(path);
}

static int
make_world(void **state)
{
	struct err err;

	(void)state;
	strcpy(scratch, "/tmp/faultline-agent-XXXXXX");
	assert_non_null(mkdtemp(scratch));
	snprintf(state_folder, sizeof(state_folder), "%s/state", scratch);
	snprintf(daemons_folder, sizeof(daemons_folder), "%s/daemons", scratch);
	assert_true(file_make_folder(daemons_folder, &err));
	agent = (struct agent_process){0};
	return 0;
}

static int
end_world(void **state)
{
	struct process daemon;
	struct err err;

	(void)state;
	pid_t guardian = agent.pid > 0 ? agent_process_guardian(&agent) : 0;
	if (guardian > 0)
		kill(guardian, SIGKILL);
	agent_process_end(&agent);
	if (process_of_daemon(daemons_folder, "store", &daemon, &err)) {
		kill(-daemon.pid, SIGKILL); /* it leads a session and a group */
		kill(-daemon.pid, SIGCONT);
	}
	if (is_root)
		run("for t in $(nft list tables inet | awk '$3 ~ /^faultline_/ {print "
		    "$3}'); "
		    "do nft delete table inet $t; done");
	return file_remove_tree(scratch, &err) ? 0 : -1;
}

/* ---- looking --------------------------------------------------------------------------
 */

static void
ask(const char *request)
{
	if (!agent_process_ask(&agent, request))
		fail_msg("%s: %s", request, buf_text(&agent.reply));
}

static int64_t
replied(const char *name)
{
	return reply_number(buf_text(&agent.reply), name, -1);
}

static void
assert_refused(const char *request, const char *text)
{
	assert_false(agent_process_ask(&agent, request));
	if (strstr(buf_text(&agent.reply), text) == NULL)
		fail_msg("%s: %s", request, buf_text(&agent.reply));
}

static struct process
daemon_process(void)
{
	struct process process;
	struct err err = {0};

	if (!process_of_daemon(daemons_folder, "store", &process, &err))
		fail_msg("%s", err.text);
	return process;
}

static struct processes
daemon_tree(void)
{
	struct process root = daemon_process();
	struct processes tree = {0};
	struct err err;
	int64_t deadline = clock_ns() + SOON_MS * NS_PER_MS;

	/* The second process appears a moment after the first. */
	do {
		vec_clear(&tree.of);
		assert_true(process_tree(&root, &tree, &err));
	} while (tree.of.count < 2 && clock_left_ms(deadline) > 0);
	assert_int_equal(tree.of.count, 2);
	return tree;
}

static bool
daemon_runs(void)
{
	struct process process;
	struct process_view view;
	struct err err;

	return process_of_daemon(daemons_folder, "store", &process, &err) &&
	       process_view(process.pid, &view) && view.state != 'T';
}

static bool
table_stands(void)
{
	return system("nft list table inet faultline_test >/dev/null 2>&1") == 0;
}

/* Sends a datagram from one address to another port of this host; does it arrive? */
static bool
arrives(int family, const char *from, const char *to)
{
	struct sockaddr_storage a = {.ss_family = (sa_family_t)family}, b = a;
	bool v6 = family == AF_INET6;
	socklen_t bytes = v6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	int sender = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int receiver = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(family, from,
		  v6 ? (void *)&((struct sockaddr_in6 *)&a)->sin6_addr
		     : (void *)&((struct sockaddr_in *)&a)->sin_addr);
	inet_pton(family, to,
		  v6 ? (void *)&((struct sockaddr_in6 *)&b)->sin6_addr
		     : (void *)&((struct sockaddr_in *)&b)->sin_addr);
	assert_int_equal(bind(sender, (struct sockaddr *)&a, bytes), 0);
	assert_int_equal(bind(receiver, (struct sockaddr *)&b, bytes), 0);
	assert_int_equal(getsockname(receiver, (struct sockaddr *)&b, &bytes), 0);
	assert_int_equal(sendto(sender, "x", 1, 0, (struct sockaddr *)&b, bytes), 1);
	/* On the loopback link it is there when sendto returns, or never. */
	struct pollfd fd = {.fd = receiver, .events = POLLIN};
	bool came = poll(&fd, 1, 20) == 1;
	close(sender);
	close(receiver);
	return came;
}

static bool
hears_peers(void)
{
	return arrives(AF_INET, "127.0.0.9", "127.0.0.1") &&
	       arrives(AF_INET6, "fd77::9", "::1");
}

static bool
hears_no_peer(void)
{
	return !arrives(AF_INET, "127.0.0.9", "127.0.0.1") &&
	       !arrives(AF_INET6, "fd77::9", "::1");
}

static bool
within(int timeout_ms, bool (*condition)(void))
{
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;

	while (!condition()) {
		if (clock_left_ms(deadline) == 0)
			return false;
		clock_sleep_ms(5);
	}
	return true;
}

static bool
no_table(void)
{
	return !table_stands();
}

static bool
no_record(void)
{
	DIR *folder = opendir(state_folder);
	struct dirent *entry;
	bool none = true;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		none = none && strncmp(entry->d_name, "undo-", 5) != 0;
	if (folder != NULL)
		closedir(folder);
	return none;
}

/* Everything that inject_all did. */
static bool
all_healed(void)
{
	return hears_peers() && daemon_runs() && no_table() && no_record();
}

static void
inject_cut(void)
{
	ask("cut 1 127.0.0.9 fd77::9");
	assert_true(hears_no_peer());
}

static void
inject_pause(void)
{
	ask("pause 2 store");
	assert_false(daemon_runs());
}

/* ---- cuts -----------------------------------------------------------------------------
 */

static void
a_cut_drops_both_protocols_counts_and_heals(void **state)
{
	(void)state;
	NEEDS_ROOT();
	start_agent("8000");
	assert_true(hears_peers());
	ask("check network");
	inject_cut();
	assert_true(
		arrives(AF_INET, "127.0.0.8", "127.0.0.1")); /* only the peer is cut */
	ask("counts 1");
	assert_int_equal(replied("127.0.0.9"), 1);
	assert_int_equal(replied("fd77::9"), 1);
	ask("heal 1");
	assert_int_equal(replied("127.0.0.9"), 1);
	assert_true(hears_peers());
	ask("state");
	assert_int_equal(replied("faults"), 0);
	assert_int_equal(replied("table"), 0);
}

static void
renewal_keeps_the_cut_without_a_gap_and_its_counters(void **state)
{
	(void)state;
	NEEDS_ROOT();
	start_agent("600");
	inject_cut();
	int64_t end = clock_ns() + 1500 * NS_PER_MS;
	int64_t sent = 1;
	while (clock_ns() < end) {
		ask("beat");
		assert_true(hears_no_peer());
		sent++;
	}
	ask("heal 1");
	/* What is dropped between reading a counter and writing it back is not counted.
	 */
	assert_in_range(replied("127.0.0.9"), sent * 9 / 10, sent);
}

static void
probes_raise_the_counter_of_the_receiver(void **state)
{
	(void)state;
	NEEDS_ROOT();
	start_agent("8000");
	ask("cut 1 127.0.0.1");
	ask("probe 127.0.0.1 127.0.0.2");
	assert_int_equal(replied("127.0.0.1"), 3);
	ask("counts 1");
	assert_true(replied("127.0.0.1") >= 3);
}

static bool
connects(int port)
{
	struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1, error = -1;
	socklen_t bytes = sizeof(error);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	inet_pton(AF_INET, "127.0.0.9", &from.sin_addr);
	inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
	to.sin_port = htons((uint16_t)port);
	assert_int_equal(bind(listener, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(bind(client, (struct sockaddr *)&from, sizeof(from)), 0);
	connect(client, (struct sockaddr *)&to, sizeof(to));
	struct pollfd fd = {.fd = client, .events = POLLOUT};
	bool ok = poll(&fd, 1, 200) == 1 &&
		  getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0 &&
		  error == 0;
	close(client);
	close(listener);
	return ok;
}

/* The agent was told that the controller came from 127.0.0.9 to port 22; the namespace is
 * our own, so the port is free. */
static void
the_controllers_connection_survives_a_cut_of_its_own_host(void **state)
{
	(void)state;
	NEEDS_ROOT();
	start_agent("8000");
	assert_true(connects(2222));
	inject_cut();
	assert_true(connects(22));
	assert_false(connects(2222));
}

static void
the_same_address_is_not_cut_twice_and_bad_ones_not_at_all(void **state)
{
	(void)state;
	NEEDS_ROOT();
	start_agent("8000");
	inject_cut();
	assert_refused("cut 2 127.0.0.9", "is cut already");
	assert_refused("cut 1 127.0.0.7", "in force already");
	assert_refused("cut 3 localhost", "is not a numeric address");
	assert_refused("cut 3 127.0.0.7;flush", "is not a numeric address");
	assert_refused("heal 3", "not in force");
	ask("cut 4 127.0.0.7");
	ask("heal 1");
	assert_true(hears_peers());
	assert_false(
		arrives(AF_INET, "127.0.0.7", "127.0.0.1")); /* the other one stays */
}

/* ---- processes ------------------------------------------------------------------------
 */

static void
a_pause_stops_the_whole_tree_and_measures_it(void **state)
{
	(void)state;
	NEEDS_ROOT();
	write_daemon();
	start_agent("8000");
	struct processes tree = daemon_tree();
	ask("check process store");
	ask("pause 2 store");
	assert_true(processes_are_stopped(&tree));
	assert_refused("pause 2 store", "in force already");
	ask("heal 2");
	assert_int_equal(replied("stayed"), 1);
	assert_int_equal(replied("cpu_ms"), 0);
	assert_true(replied("ms") >= 0);
	assert_true(daemon_runs());
	vec_release(&tree.of);
}

static void
a_pause_that_somebody_ended_is_told(void **state)
{
	(void)state;
	NEEDS_ROOT();
	write_daemon();
	start_agent("8000");
	inject_pause();
	kill(daemon_process().pid, SIGCONT);
	assert_true(within(SOON_MS, daemon_runs));
	ask("heal 2");
	assert_int_equal(replied("stayed"), 0);
}

static void
a_kill_takes_the_whole_tree_and_heal_starts_another(void **state)
{
	(void)state;
	NEEDS_ROOT();
	write_daemon();
	start_agent("8000");
	struct processes tree = daemon_tree();
	ask("kill 3 store");
	assert_true(processes_await_gone(&tree, 0));
	assert_false(daemon_runs());
	assert_refused("check process store", "does not run");
	ask("heal 3");
	assert_int_equal(replied("pid"), daemon_process().pid);
	assert_true(replied("pid") != tree.of.items[0].pid);
	vec_release(&tree.of);
}

/* A daemon that held the agent's descriptors would keep the controller's channel open. */
static void
a_restarted_daemon_does_not_hold_the_channel(void **state)
{
	char path[64];
	struct stat own, other;

	(void)state;
	NEEDS_ROOT();
	write_daemon();
	start_agent("8000");
	ask("kill 3 store");
	ask("heal 3");
	assert_int_equal(fstat(agent.output, &own), 0);
	for (int fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", daemon_process().pid, fd);
		if (stat(path, &other) == 0)
			assert_false(S_ISFIFO(other.st_mode) &&
				     other.st_ino == own.st_ino);
	}
	ask("bye");
	assert_true(agent_process_await_eof(&agent, SOON_MS));
	assert_true(daemon_runs());
}

static void
write_pidfile(const char *text)
{
	char path[160];
	struct err err;

	snprintf(path, sizeof(path), "%s/store/pid", daemons_folder);
	assert_true(file_write(path, text, strlen(text), &err));
}

static void
no_process_is_touched_that_is_not_the_daemon(void **state)
{
	char text[64];
	struct process_view own;

	(void)state;
	NEEDS_ROOT();
	write_daemon();
	struct process daemon = daemon_process();
	start_agent("8000");
	assert_true(process_view(getpid(), &own));
	snprintf(text, sizeof(text), "%d %llu\n", getpid(),
		 (unsigned long long)own.start);
	write_pidfile(text); /* the agent's own parent */
	assert_refused("kill 3 store", "must not be touched");
	write_pidfile("1 0\n");
	assert_refused("kill 3 store", "does not hold a pid");
	write_pidfile("garbage\n");
	assert_refused("pause 3 store", "does not hold a pid");
	snprintf(text, sizeof(text), "%d 12345\n", daemon.pid); /* a pid given anew */
	write_pidfile(text);
	assert_refused("kill 3 store", "does not run");
	assert_refused("kill 3 ../store", "no name of a daemon");
	assert_refused("kill 3 other", "find daemon 'other'");
	assert_true(process_is_alive(&daemon));
	snprintf(text, sizeof(text), "%d %llu\n", daemon.pid,
		 (unsigned long long)daemon.start);
	write_pidfile(text);
}

static void
a_start_that_fails_is_told_and_tried_again(void **state)
{
	char path[160], aside[170];

	(void)state;
	NEEDS_ROOT();
	write_daemon();
	start_agent("8000");
	ask("kill 3 store");
	snprintf(path, sizeof(path), "%s/store/start", daemons_folder);
	snprintf(aside, sizeof(aside), "%s.aside", path);
	assert_int_equal(rename(path, aside), 0);
	struct err err;
	static const char broken[] = "#!/bin/sh\necho the disk is gone\nexit 3\n";
	assert_true(file_write(path, broken, sizeof(broken) - 1, &err));
	assert_int_equal(chmod(path, 0755), 0);
	assert_refused("heal 3", "failed with status 3: the disk is gone");
	assert_int_equal(rename(aside, path), 0);
	ask("heal-all");
	assert_int_equal(replied("healed"), 1);
	assert_true(daemon_runs());
}

/* ---- everybody may die ----------------------------------------------------------------
 */

static void
inject_all(const char *lease_ms)
{
	write_daemon();
	start_agent(lease_ms);
	inject_cut();
	inject_pause();
}

static void
the_end_of_the_input_heals_everything(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	close(agent.input);
	agent.input = -1;
	assert_true(agent_process_await_eof(&agent, SOON_MS));
	assert_true(within(SOON_MS, all_healed));
}

static void
a_signal_to_end_heals_everything(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	kill(agent.pid, SIGTERM);
	assert_true(agent_process_await_eof(&agent, SOON_MS));
	assert_true(within(SOON_MS, all_healed));
}

static void
silence_of_the_controller_heals_everything_at_the_end_of_the_lease(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("500");
	int64_t start = clock_ns();
	assert_true(within(SOON_MS, hears_peers));
	assert_true(within(SOON_MS, daemon_runs));
	assert_true(clock_ns() - start < 1500 * NS_PER_MS);
	ask("beat");
	assert_int_equal(replied("faults"), 0);
	assert_int_equal(replied("lapsed"), 2);
	assert_true(no_table());
}

static void
the_guardian_heals_when_the_agent_is_killed(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	kill(agent.pid, SIGKILL);
	assert_true(within(SOON_MS, all_healed));
}

static void
the_guardian_starts_what_was_killed(void **state)
{
	(void)state;
	NEEDS_ROOT();
	write_daemon();
	start_agent("8000");
	ask("kill 3 store");
	kill(agent.pid, SIGKILL);
	assert_true(within(SOON_MS, all_healed));
}

static void
without_agent_and_guardian_the_kernel_ends_the_cut(void **state)
{
	(void)state;
	NEEDS_ROOT();
	start_agent("1000");
	inject_cut();
	kill(agent_process_guardian(&agent), SIGKILL);
	kill(agent.pid, SIGKILL);
	assert_true(hears_no_peer());
	assert_true(within(1500, hears_peers));
	assert_true(table_stands()); /* it was the timeout, not we */
}

static void
the_next_agent_undoes_what_dead_ones_left(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	kill(agent_process_guardian(&agent), SIGKILL);
	agent_process_end(&agent);
	assert_true(table_stands() && !daemon_runs());
	start_agent("8000");
	ask("hello");
	assert_int_equal(replied("replayed"), 3); /* the table and two processes */
	assert_true(hears_peers() && daemon_runs());
	ask("bye");
	assert_true(within(SOON_MS, all_healed));
}

static void
without_a_guardian_nothing_stays_in_force(void **state)
{
	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	kill(agent_process_guardian(&agent), SIGKILL);
	int64_t deadline = clock_ns() + SOON_MS * NS_PER_MS;
	while (agent_process_ask(&agent, "beat") && clock_left_ms(deadline) > 0)
		;
	assert_non_null(strstr(buf_text(&agent.reply), "guardian"));
	assert_true(hears_peers() && daemon_runs());
	assert_refused("cut 5 127.0.0.9", "guardian");
}

static void
heal_takes_off_what_a_living_agent_holds(void **state)
{
	char command[400];

	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	run("nft add table inet faultline_of_nobody");
	snprintf(command, sizeof(command), "%s --heal --state %s --daemons %s",
		 agent_process_path(), state_folder, daemons_folder);
	run(command);
	assert_true(all_healed());
	assert_true(system("nft list table inet faultline_of_nobody 2>/dev/null") != 0);
	assert_true(agent_process_await_eof(&agent, SOON_MS));
	run(command); /* nothing to heal is no error */
}

static void
nobodys_firewall_is_touched(void **state)
{
	(void)state;
	NEEDS_ROOT();
	run("nft add table inet theirs; nft add chain inet theirs c "
	    "'{ type filter hook input priority 0; }'; nft add rule inet theirs c "
	    "accept");
	inject_all("8000");
	ask("heal-all");
	ask("bye");
	run("nft list table inet theirs | grep -q accept");
	run("nft delete table inet theirs");
}

/* ---- the protocol, live ---------------------------------------------------------------
 */

static void
garbage_is_answered_and_changes_nothing(void **state)
{
	struct rng rng;
	char junk[200];

	(void)state;
	NEEDS_ROOT();
	start_agent("8000");
	rng_init(&rng, 5);
	for (int i = 0; i < 300; i++) {
		size_t length = rng_below(&rng, sizeof(junk) - 1);
		for (size_t j = 0; j < length; j++)
			junk[j] = (char)rng_below(&rng, 256);
		junk[length] = '\n';
		agent_process_write(&agent, junk, length + 1);
	}
	ask("state");
	assert_int_equal(replied("faults"), 0);
}

static void
an_endless_line_ends_the_session_healed(void **state)
{
	static char junk[65536];

	(void)state;
	NEEDS_ROOT();
	inject_all("8000");
	memset(junk, 'x', sizeof(junk));
	file_write_all(agent.input, junk, sizeof(junk));
	assert_true(agent_process_await_eof(&agent, SOON_MS));
	assert_true(within(SOON_MS, all_healed));
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_cut_drops_both_protocols_counts_and_heals),
		WORLD_TEST(renewal_keeps_the_cut_without_a_gap_and_its_counters),
		WORLD_TEST(probes_raise_the_counter_of_the_receiver),
		WORLD_TEST(the_controllers_connection_survives_a_cut_of_its_own_host),
		WORLD_TEST(the_same_address_is_not_cut_twice_and_bad_ones_not_at_all),
		WORLD_TEST(a_pause_stops_the_whole_tree_and_measures_it),
		WORLD_TEST(a_pause_that_somebody_ended_is_told),
		WORLD_TEST(a_kill_takes_the_whole_tree_and_heal_starts_another),
		WORLD_TEST(a_restarted_daemon_does_not_hold_the_channel),
		WORLD_TEST(no_process_is_touched_that_is_not_the_daemon),
		WORLD_TEST(a_start_that_fails_is_told_and_tried_again),
		WORLD_TEST(the_end_of_the_input_heals_everything),
		WORLD_TEST(a_signal_to_end_heals_everything),
		WORLD_TEST(
			silence_of_the_controller_heals_everything_at_the_end_of_the_lease),
		WORLD_TEST(the_guardian_heals_when_the_agent_is_killed),
		WORLD_TEST(the_guardian_starts_what_was_killed),
		WORLD_TEST(without_agent_and_guardian_the_kernel_ends_the_cut),
		WORLD_TEST(the_next_agent_undoes_what_dead_ones_left),
		WORLD_TEST(without_a_guardian_nothing_stays_in_force),
		WORLD_TEST(heal_takes_off_what_a_living_agent_holds),
		WORLD_TEST(nobodys_firewall_is_touched),
		WORLD_TEST(garbage_is_answered_and_changes_nothing),
		WORLD_TEST(an_endless_line_ends_the_session_healed),
	};

	return cmocka_run_group_tests(tests, make_network, NULL);
}
