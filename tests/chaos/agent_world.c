#include "tests/chaos/agent_world.h"

#include "base/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "chaos/agent/protocol.h"

#include <arpa/inet.h>
#include <dirent.h>
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
#include <unistd.h>

#include <cmocka.h>

char world_folder[64], world_state_folder[96], world_daemons_folder[96];
struct agent_process world_agent;
bool world_is_root;

/* ---- the world ------------------------------------------------------------------- */

void
world_run(const char *command)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	struct child child = {.argv = argv, .timeout_ms = 10000};
	struct err err = {0};

	if (!child_run(&child, NULL, &err))
		fail_msg("%s: %s", command, err.text);
}

int
world_make_network(void **state)
{
	(void)state;
	world_is_root = geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
	signal(SIGPIPE, SIG_IGN);
	if (world_is_root)
		world_run("ip link set lo up && ip -6 addr add fd77::9/128 dev lo nodad");
	return 0;
}

void
world_start_agent(const char *lease_ms)
{
	const char *const options[] = {"--session",
				       "test",
				       "--state",
				       world_state_folder,
				       "--daemons",
				       world_daemons_folder,
				       "--lease-ms",
				       lease_ms,
				       "--connection",
				       "127.0.0.9 4000 127.0.0.1 22",
				       NULL};

	agent_process_start(&world_agent, options);
}

/* A daemon of two processes. It ends by itself after a minute, should this test die. */
void
world_write_daemon(void)
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

	snprintf(path, sizeof(path), "%s/store", world_daemons_folder);
	assert_true(file_make_folder(path, &err));
	strcat(path, "/start");
	assert_true(file_write(path, script, sizeof(script) - 1, &err));
	assert_int_equal(chmod(path, 0755), 0);
	world_run(path);
}

int
world_make(void **state)
{
	struct err err;

	(void)state;
	strcpy(world_folder, "/tmp/faultline-agent-XXXXXX");
	assert_non_null(mkdtemp(world_folder));
	snprintf(world_state_folder, sizeof(world_state_folder), "%s/state",
		 world_folder);
	snprintf(world_daemons_folder, sizeof(world_daemons_folder), "%s/daemons",
		 world_folder);
	assert_true(file_make_folder(world_daemons_folder, &err));
	world_agent = (struct agent_process){0};
	return 0;
}

int
world_end(void **state)
{
	struct process daemon;
	struct err err;

	(void)state;
	pid_t guardian = world_agent.pid > 0 ? agent_process_guardian(&world_agent) : 0;
	if (guardian > 0)
		kill(guardian, SIGKILL);
	agent_process_end(&world_agent);
	if (process_of_daemon(world_daemons_folder, "store", &daemon, &err)) {
		kill(-daemon.pid, SIGKILL); /* it leads a session and a group */
		kill(-daemon.pid, SIGCONT);
	}
	if (world_is_root)
		world_run("for t in $(nft list tables inet | awk '$3 ~ /^faultline_/ "
			  "{print "
			  "$3}'); "
			  "do nft delete table inet $t; done");
	return file_remove_tree(world_folder, &err) ? 0 : -1;
}

/* ---- looking --------------------------------------------------------------------- */

void
world_ask(const char *request)
{
	if (!agent_process_ask(&world_agent, request))
		fail_msg("%s: %s", request, buf_text(&world_agent.reply));
}

int64_t
world_replied(const char *name)
{
	return reply_number(buf_text(&world_agent.reply), name, -1);
}

void
world_refused(const char *request, const char *text)
{
	assert_false(agent_process_ask(&world_agent, request));
	if (strstr(buf_text(&world_agent.reply), text) == NULL)
		fail_msg("%s: %s", request, buf_text(&world_agent.reply));
}

struct process
world_daemon(void)
{
	struct process process;
	struct err err = {0};

	if (!process_of_daemon(world_daemons_folder, "store", &process, &err))
		fail_msg("%s", err.text);
	return process;
}

struct processes
world_daemon_tree(void)
{
	struct process root = world_daemon();
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

bool
world_daemon_runs(void)
{
	struct process process;
	struct process_view view;
	struct err err;

	return process_of_daemon(world_daemons_folder, "store", &process, &err) &&
	       process_view(process.pid, &view) && view.state != 'T';
}

bool
world_table_stands(void)
{
	return system("nft list table inet faultline_test >/dev/null 2>&1") == 0;
}

/* Sends a datagram from one address to another port of this host; does it arrive? */
bool
world_arrives(int family, const char *from, const char *to)
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

bool
world_hears_peers(void)
{
	return world_arrives(AF_INET, "127.0.0.9", "127.0.0.1") &&
	       world_arrives(AF_INET6, "fd77::9", "::1");
}

bool
world_hears_no_peer(void)
{
	return !world_arrives(AF_INET, "127.0.0.9", "127.0.0.1") &&
	       !world_arrives(AF_INET6, "fd77::9", "::1");
}

bool
world_within(int timeout_ms, bool (*condition)(void))
{
	int64_t deadline = clock_ns() + timeout_ms * NS_PER_MS;

	while (!condition()) {
		if (clock_left_ms(deadline) == 0)
			return false;
		clock_sleep_ms(5);
	}
	return true;
}

bool
world_has_no_table(void)
{
	return !world_table_stands();
}

static bool
has_no_record(void)
{
	DIR *folder = opendir(world_state_folder);
	struct dirent *entry;
	bool none = true;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		none = none && strncmp(entry->d_name, "undo-", 5) != 0;
	if (folder != NULL)
		closedir(folder);
	return none;
}

/* Everything that inject_all did. */
bool
world_is_healed(void)
{
	return world_hears_peers() && world_daemon_runs() && world_has_no_table() &&
	       has_no_record();
}

void
world_cut(void)
{
	world_ask("cut 1 127.0.0.9 fd77::9");
	assert_true(world_hears_no_peer());
}

void
world_pause(void)
{
	world_ask("pause 2 store");
	assert_false(world_daemon_runs());
}
