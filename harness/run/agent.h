/* agent.h - the agent on one host of a run: put there, started, talked to.
 *
 * faultline-agent is uploaded to FOLDER/agent/ of the host and runs over an SSH session
 * of its own, so that commands on the host and requests to the agent do not wait for each
 * other. Its link takes one request at a time (chaos/chaos.h sees to that). */
#ifndef HARNESS_AGENT_H
#define HARNESS_AGENT_H

#include "chaos/chaos.h"
#include "harness/hosts/host.h"

struct agent;

/* Finds the program to upload: $FAULTLINE_AGENT, or `faultline-agent` beside this
 * program, or in ../lib/faultline. The caller frees; NULL with the places looked at. */
char *agent_program(struct err *err);

/* Uploads and starts it; `session` is unique among the runs that use the host. The host
 * must outlive it. */
struct agent *agent_open(struct host *host, const char *program, const char *session,
			 struct err *err);

/* For struct chaos_host; valid until agent_close. */
struct agent_link agent_link_of(struct agent *agent);

/* Ends the session; the agent heals what is in force, if anything. NULL is fine. */
void agent_close(struct agent *agent);

/* Uploads it and takes off whatever any agent has put on the host, also those of other
 * runs. Appends what was undone, as words. */
bool agent_heal(struct host *host, const char *program, struct buf *said,
		struct err *err);

#endif
