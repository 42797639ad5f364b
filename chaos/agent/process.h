/* process.h - the daemon under test as processes: found by pidfile, never by name.
 *
 * A process is a pid together with its start time (field 22 of /proc/PID/stat), so that a
 * pid which was given to another process is never taken for it; signals go through a
 * pidfd for the same reason. Process 1, this program and its ancestors (the sshd that
 * carries the controller) are never signalled. */
#ifndef CHAOS_AGENT_PROCESS_H
#define CHAOS_AGENT_PROCESS_H

#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct process {
	pid_t pid;
	uint64_t start; /* clock ticks since boot */
};

/* What /proc says about a process at one moment. */
struct process_view {
	pid_t parent, session;
	char state; /* R, S, D, T, Z, ... */
	uint64_t start;
	uint64_t cpu_ticks; /* user and system time together */
};

struct processes {
	VEC(struct process) of;
};

enum {
	PROCESS_TREE_MAX = 4096
};

/* False when there is no such process. */
bool process_view(pid_t pid, struct process_view *view);

/* Is it there, still the same one, and no zombie? */
bool process_is_alive(const struct process *process);

/* Sends a signal; true when it was sent or the process is gone (then nothing is sent). */
bool process_signal(const struct process *process, int signal, struct err *err);

/* Reads FOLDER/NAME/pid ("PID START"); fails when the process does not live. */
bool process_of_daemon(const char *folder, const char *name, struct process *process,
		       struct err *err);

/* Appends those processes of the daemon's tree that are not in `tree` yet: the root, all
 * descendants, and members of its session when it leads one. Refused when a protected
 * process would be among them, or more than PROCESS_TREE_MAX. */
bool process_tree(const struct process *root, struct processes *tree, struct err *err);

/* Waits until all are gone / are stopped / run again. False at the deadline. */
bool processes_await_gone(const struct processes *tree, int timeout_ms);
bool processes_await_stopped(const struct processes *tree, int timeout_ms);
bool processes_await_running(const struct processes *tree, int timeout_ms);

/* Are all of them stopped now, with every thread? The dead do not count. */
bool processes_are_stopped(const struct processes *tree);

/* CPU time that they used in all, in milliseconds. */
int64_t processes_cpu_ms(const struct processes *tree);

/* Is there a FOLDER/NAME/start that can be run? */
bool process_can_start(const char *folder, const char *name, struct err *err);

/* Runs FOLDER/NAME/start fully detached from this program's descriptors and signals,
 * waits for its end, then until the pidfile names a living process. */
bool process_start_daemon(const char *folder, const char *name, int timeout_ms,
			  struct process *started, struct err *err);

#endif
