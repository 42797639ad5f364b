/* guardian.h - a second process that heals when the agent cannot.
 *
 * Forked by the agent into a session of its own, with no descriptor but the undo record
 * and the reading end of a pipe. It heals when the pipe closes (the agent died, however)
 * or when no beat came for longer than any lease (the agent hangs: then it is killed
 * first). */
#ifndef CHAOS_AGENT_GUARDIAN_H
#define CHAOS_AGENT_GUARDIAN_H

#include "chaos/agent/undo.h"

#include <sys/types.h>

struct guardian {
	int pipe; /* writing end */
	pid_t pid;
};

bool guardian_start(struct guardian *guardian, const struct undo *undo,
		    const char *daemons, int silence_ms, struct err *err);

/* Tells it that the agent works. False when there is no guardian any more. */
bool guardian_beat(struct guardian *guardian);

/* Tells it that all is healed, and waits for its end. */
void guardian_stop(struct guardian *guardian);

#endif
