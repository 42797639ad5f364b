/* deploy.h - the hosts of a run and the system on them: opened, installed, started,
 * handed to the agents; and all of it undone. For systems that live in this process there
 * is nothing to deploy and every call is done at once. */
#ifndef HARNESS_DEPLOY_H
#define HARNESS_DEPLOY_H

#include "harness/run/test.h"
#include "results/store/store.h"

struct deployment {
	struct test *test;   /* borrowed */
	struct host **hosts; /* owned; NULL when there are none */
	int host_count;
	struct agent **agents;		/* owned: one a host, or NULL */
	struct chaos_host *chaos_hosts; /* owned: one a host, or NULL */
	struct chaos_hooks hooks;
	struct chaos *chaos; /* owned; NULL when the plan is empty */
	bool is_installed;
};

/* Sessions to all hosts; they become the cluster's. */
bool deploy_hosts(struct deployment *deployment, struct err *err);
/* Puts each host into the store. */
bool deploy_record(struct deployment *deployment, struct store *store, struct err *err);
/* Installs and starts the system on all hosts, and waits until it serves. */
bool deploy_system(struct deployment *deployment, int timeout_ms, struct err *err);
/* Starts the agents and probes the plan's faults. Nothing when the plan is empty. */
bool deploy_chaos(struct deployment *deployment, struct err *err);

/* Heals every fault, starts what does not run and waits until the system serves. */
bool deploy_heal(struct deployment *deployment, int timeout_ms, struct err *err);
/* Copies the system's log files into FOLDER/hosts/NAME/. Those that are missing are named
 * as warnings. */
void deploy_collect(struct deployment *deployment, const char *folder);
/* Ends agents, system and sessions; says what did not work as warnings. */
void deploy_close(struct deployment *deployment);

#endif
