/* agent_process.h - a faultline-agent as a child of a test, talked to over pipes. */
#ifndef TESTS_CHAOS_AGENT_PROCESS_H
#define TESTS_CHAOS_AGENT_PROCESS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct agent_process {
	pid_t pid;
	int input, output; /* what it reads and what it writes; -1: closed */
	uint64_t number;   /* of the last request */
	struct buf reply;  /* the last one, without its number */
};

/* Starts build/.../faultline-agent, which is beside the folder of tests. `options` is
 * NULL-terminated. Asserts that it runs and says hello. */
void agent_process_start(struct agent_process *agent, const char *const *options);

/* Sends a request and waits for its reply; true for ok. Fails the test when none comes
 * within 15 s. */
bool agent_process_ask(struct agent_process *agent, const char *request);

/* Sends bytes as they are. */
void agent_process_write(struct agent_process *agent, const char *data, size_t bytes);

/* Waits until the agent has closed its output, as every reader behind an SSH channel
 * does. False when it is still open after timeout_ms. */
bool agent_process_await_eof(struct agent_process *agent, int timeout_ms);

/* Kills it if it lives, reaps it, closes everything. */
void agent_process_end(struct agent_process *agent);

/* The pid of its guardian: the child that leads a session of its own. 0: none. */
pid_t agent_process_guardian(const struct agent_process *agent);

/* Where the program is; valid until the next call. */
const char *agent_process_path(void);

#endif
