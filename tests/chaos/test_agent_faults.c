/* test_agent_faults.c - the real agent: what it cuts, stops and kills, and what it refuses. */
#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "tests/chaos/agent_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
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

/* ---- cuts ------------------------------------------------------------------------ */

static void
a_cut_drops_both_protocols_counts_and_heals(void **state)
{
	(void)state;
	NEEDS_ROOT();
	world_start_agent("8000");
	assert_true(world_hears_peers());
	world_ask("check network");
	world_cut();
	assert_true(world_arrives(AF_INET, "127.0.0.8",
				  "127.0.0.1")); /* only the peer is cut */
	world_ask("counts 1");
	assert_int_equal(world_replied("127.0.0.9"), 1);
	assert_int_equal(world_replied("fd77::9"), 1);
	world_ask("heal 1");
	assert_int_equal(world_replied("127.0.0.9"), 1);
	assert_true(world_hears_peers());
	world_ask("state");
	assert_int_equal(world_replied("faults"), 0);
	assert_int_equal(world_replied("table"), 0);
}

static void
renewal_keeps_the_cut_without_a_gap_and_its_counters(void **state)
{
	(void)state;
	NEEDS_ROOT();
	world_start_agent("600");
	world_cut();
	int64_t end = clock_ns() + 1500 * NS_PER_MS;
	int64_t sent = 1;
	while (clock_ns() < end) {
		world_ask("beat");
		assert_true(world_hears_no_peer());
		sent++;
	}
	world_ask("heal 1");
	/* What is dropped between reading a counter and writing it back is not counted.
	 */
	assert_in_range(world_replied("127.0.0.9"), sent * 9 / 10, sent);
}

static void
probes_raise_the_counter_of_the_receiver(void **state)
{
	(void)state;
	NEEDS_ROOT();
	world_start_agent("8000");
	world_ask("cut 1 127.0.0.1");
	world_ask("probe 127.0.0.1 127.0.0.2");
	assert_int_equal(world_replied("127.0.0.1"), 3);
	world_ask("counts 1");
	assert_true(world_replied("127.0.0.1") >= 3);
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
	world_start_agent("8000");
	assert_true(connects(2222));
	world_cut();
	assert_true(connects(22));
	assert_false(connects(2222));
}

static void
the_same_address_is_not_cut_twice_and_bad_ones_not_at_all(void **state)
{
	(void)state;
	NEEDS_ROOT();
	world_start_agent("8000");
	world_cut();
	world_refused("cut 2 127.0.0.9", "is cut already");
	world_refused("cut 1 127.0.0.7", "in force already");
	world_refused("cut 3 localhost", "is not a numeric address");
	world_refused("cut 3 127.0.0.7;flush", "is not a numeric address");
	world_refused("heal 3", "not in force");
	world_ask("cut 4 127.0.0.7");
	world_ask("heal 1");
	assert_true(world_hears_peers());
	assert_false(world_arrives(AF_INET, "127.0.0.7",
				   "127.0.0.1")); /* the other one stays */
}

/* ---- processes ------------------------------------------------------------------- */

static void
a_pause_stops_the_whole_tree_and_measures_it(void **state)
{
	(void)state;
	NEEDS_ROOT();
	world_write_daemon();
	world_start_agent("8000");
	struct processes tree = world_daemon_tree();
	world_ask("check process store");
	world_ask("pause 2 store");
	assert_true(processes_are_stopped(&tree));
	world_refused("pause 2 store", "in force already");
	world_ask("heal 2");
	assert_int_equal(world_replied("stayed"), 1);
	assert_int_equal(world_replied("cpu_ms"), 0);
	assert_true(world_replied("ms") >= 0);
	assert_true(world_daemon_runs());
	vec_release(&tree.of);
}

static void *
spin(void *unused)
{
	(void)unused;
	for (volatile unsigned turns = 0;; turns++)
		;
	return NULL;
}

/* A child with four busy threads, which ends by itself after ten seconds. */
static pid_t
start_busy_child(void)
{
	pid_t pid = fork();
	pthread_t thread;

	if (pid != 0)
		return pid;
	alarm(10);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, spin, NULL);
	spin(NULL);
	_exit(0);
}

static void
a_stopped_process_has_no_thread_that_runs(void **state)
{
	struct process_view view;
	struct err err;

	(void)state;
	pid_t pid = start_busy_child();
	assert_true(pid > 0 && process_view(pid, &view));
	struct process busy = {.pid = pid, .start = view.start};
	struct processes tree = {.of = {.items = &busy, .count = 1}};
	for (int round = 0; round < 5; round++) {
		assert_false(processes_are_stopped(&tree));
		assert_true(process_signal(&busy, SIGSTOP, &err));
		assert_true(processes_await_stopped(&tree, SOON_MS));
		int64_t cpu_ms = processes_cpu_ms(&tree);
		clock_sleep_ms(30);
		assert_int_equal(processes_cpu_ms(&tree), cpu_ms);
		assert_true(process_signal(&busy, SIGCONT, &err));
		assert_true(processes_await_running(&tree, SOON_MS));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void
a_pause_that_somebody_ended_is_told(void **state)
{
	(void)state;
	NEEDS_ROOT();
	world_write_daemon();
	world_start_agent("8000");
	world_pause();
	kill(world_daemon().pid, SIGCONT);
	assert_true(world_within(SOON_MS, world_daemon_runs));
	world_ask("heal 2");
	assert_int_equal(world_replied("stayed"), 0);
}

static void
a_kill_takes_the_whole_tree_and_heal_starts_another(void **state)
{
	(void)state;
	NEEDS_ROOT();
	world_write_daemon();
	world_start_agent("8000");
	struct processes tree = world_daemon_tree();
	world_ask("kill 3 store");
	assert_true(processes_await_gone(&tree, 0));
	assert_false(world_daemon_runs());
	world_refused("check process store", "does not run");
	world_ask("heal 3");
	assert_int_equal(world_replied("pid"), world_daemon().pid);
	assert_true(world_replied("pid") != tree.of.items[0].pid);
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
	world_write_daemon();
	world_start_agent("8000");
	world_ask("kill 3 store");
	world_ask("heal 3");
	assert_int_equal(fstat(world_agent.output, &own), 0);
	for (int fd = 0; fd < 64; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", world_daemon().pid, fd);
		if (stat(path, &other) == 0)
			assert_false(S_ISFIFO(other.st_mode) &&
				     other.st_ino == own.st_ino);
	}
	world_ask("bye");
	assert_true(agent_process_await_eof(&world_agent, SOON_MS));
	assert_true(world_daemon_runs());
}

static void
write_pidfile(const char *text)
{
	char path[160];
	struct err err;

	snprintf(path, sizeof(path), "%s/store/pid", world_daemons_folder);
	assert_true(file_write(path, text, strlen(text), &err));
}

static void
no_process_is_touched_that_is_not_the_daemon(void **state)
{
	char text[64];
	struct process_view own;

	(void)state;
	NEEDS_ROOT();
	world_write_daemon();
	struct process daemon = world_daemon();
	world_start_agent("8000");
	assert_true(process_view(getpid(), &own));
	snprintf(text, sizeof(text), "%d %llu\n", getpid(),
		 (unsigned long long)own.start);
	write_pidfile(text); /* the agent's own parent */
	world_refused("kill 3 store", "must not be touched");
	write_pidfile("1 0\n");
	world_refused("kill 3 store", "does not hold a pid");
	write_pidfile("garbage\n");
	world_refused("pause 3 store", "does not hold a pid");
	snprintf(text, sizeof(text), "%d 12345\n", daemon.pid); /* a pid given anew */
	write_pidfile(text);
	world_refused("kill 3 store", "does not run");
	world_refused("kill 3 ../store", "no name of a daemon");
	world_refused("kill 3 other", "find daemon 'other'");
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
	world_write_daemon();
	world_start_agent("8000");
	world_ask("kill 3 store");
	snprintf(path, sizeof(path), "%s/store/start", world_daemons_folder);
	snprintf(aside, sizeof(aside), "%s.aside", path);
	assert_int_equal(rename(path, aside), 0);
	struct err err;
	static const char broken[] = "#!/bin/sh\necho the disk is gone\nexit 3\n";
	assert_true(file_write(path, broken, sizeof(broken) - 1, &err));
	assert_int_equal(chmod(path, 0755), 0);
	world_refused("heal 3", "failed with status 3: the disk is gone");
	assert_int_equal(rename(aside, path), 0);
	world_ask("heal-all");
	assert_int_equal(world_replied("healed"), 1);
	assert_true(world_daemon_runs());
}

/* ---- the protocol, live ---------------------------------------------------------- */

static void
garbage_is_answered_and_changes_nothing(void **state)
{
	struct rng rng;
	char junk[200];

	(void)state;
	NEEDS_ROOT();
	world_start_agent("8000");
	rng_init(&rng, 5);
	for (int i = 0; i < 300; i++) {
		size_t length = rng_below(&rng, sizeof(junk) - 1);
		for (size_t j = 0; j < length; j++)
			junk[j] = (char)rng_below(&rng, 256);
		junk[length] = '\n';
		agent_process_write(&world_agent, junk, length + 1);
	}
	world_ask("state");
	assert_int_equal(world_replied("faults"), 0);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, world_make, world_end)

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
		WORLD_TEST(a_stopped_process_has_no_thread_that_runs),
		WORLD_TEST(a_pause_that_somebody_ended_is_told),
		WORLD_TEST(a_kill_takes_the_whole_tree_and_heal_starts_another),
		WORLD_TEST(a_restarted_daemon_does_not_hold_the_channel),
		WORLD_TEST(no_process_is_touched_that_is_not_the_daemon),
		WORLD_TEST(a_start_that_fails_is_told_and_tried_again),
		WORLD_TEST(garbage_is_answered_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, world_make_network, NULL);
}
