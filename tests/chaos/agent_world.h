/* agent_world.h - the world of one test of the agent: a network namespace, a scratch
 * folder, a daemon, an agent.
 *
 * The "peers" are addresses on the loopback link (127.0.0.9 and fd77::9): the agent drops
 * what comes from them. The daemon "store" is two sleeping processes. All functions fail
 * the test when they cannot do what they say. */
#ifndef TESTS_CHAOS_AGENT_WORLD_H
#define TESTS_CHAOS_AGENT_WORLD_H

#include "chaos/agent/process.h"
#include "tests/chaos/agent_process.h"

enum {
	SOON_MS = 3000
};

extern char world_folder[64], world_state_folder[96], world_daemons_folder[96];
extern struct agent_process world_agent;
extern bool world_is_root;

#define NEEDS_ROOT()                                                                     \
	do {                                                                             \
		if (!world_is_root) {                                                    \
			print_message("skipped: needs root for a network namespace\n");  \
			skip();                                                          \
		}                                                                        \
	} while (0)

/* Group setup: moves this process into a network namespace of its own, when root. */
int world_make_network(void **state);

/* Setup and teardown of a test. */
int world_make(void **state);
int world_end(void **state);

/* Runs a shell command. */
void world_run(const char *command);

/* Makes and starts the daemon; it ends by itself after a minute. */
void world_write_daemon(void);
void world_start_agent(const char *lease_ms);

/* Asks the agent; its reply's numbers; asks for what must be refused with that text. */
void world_ask(const char *request);
int64_t world_replied(const char *name);
void world_refused(const char *request, const char *text);

struct process world_daemon(void);
struct processes world_daemon_tree(void);
bool world_daemon_runs(void);

/* Does a datagram from that address arrive at this host? */
bool world_arrives(int family, const char *from, const char *to);
bool world_hears_peers(void);
bool world_hears_no_peer(void);

bool world_table_stands(void);
bool world_has_no_table(void);

/* Peers are heard, the daemon runs, no table and no record is left. */
bool world_is_healed(void);

/* Waits for a condition. */
bool world_within(int timeout_ms, bool (*condition)(void));

/* Cut under lease 1, pause under lease 2; each proven here. */
void world_cut(void);
void world_pause(void);

#endif
