/* chaos.h - faults on the hosts of a run: a plan made from a seed, and its execution.
 *
 * Every fault is a lease held by the agent on each host (chaos/agent): renewed by
 * heartbeats, healed by the agent when the controller is gone, by nft timeouts and by a
 * guardian process when the agent is gone. Every fault leaves evidence. */
#ifndef CHAOS_CHAOS_H
#define CHAOS_CHAOS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/rng.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

/* The harness's connection to the agent on one host: one line there, one line back. */
struct agent_link {
	bool (*request)(void *context, const char *line, struct buf *reply,
			int timeout_ms, struct err *err);
	void *context;
};

struct chaos_host {
	const char *name;     /* all borrowed */
	const char *address;  /* numeric IPv4 */
	const char *address6; /* numeric IPv6 or NULL */
	const char
		*daemon; /* name of the daemon under test: HOST_FOLDER/NAME/{pid,start} */
	struct agent_link link;
};

struct chaos_hooks {
	int (*leader)(void *context); /* index of the host that leads now, or -1 */
	void *context;
};

/* ---- the plan (schedule.c, PURE) ------------------------------------------------- */

enum {
	CHAOS_TARGET_BYTES = 32,
	CHAOS_FAULTS_MAX = 16
};

/* One interval: inject at start_ns, heal at end_ns. */
struct chaos_step {
	const struct fault *fault;
	char target[CHAOS_TARGET_BYTES]; /* "one", "leader", "minority", "halves", "ring",
					    ... */
	int64_t start_ns, end_ns;	 /* since the start of the main phase */
	uint64_t draw; /* the random word by which the target is resolved */
};

struct chaos_plan {
	VEC(struct chaos_step) steps; /* by start_ns; steps of one plan do not overlap */
};

struct chaos_plan_options {
	/* A comma list of FAULT or FAULT:TARGET: "partition,kill:leader,pause:one";
	 * "none" or
	 * "": no faults. Without a target the fault's targets are taken in turn, in an
	 * order drawn from the seed. */
	const char *faults;
	int64_t time_ns; /* length of the main phase; the last 10 % stay quiet */
	/* Mean length of a fault, and of the quiet phase before each; 0: 5 s, or less so
	 * that each fault comes at least once. */
	int64_t interval_ns;
	int host_count;
	uint64_t seed;
};

/* Makes the plan; every fault named comes at least once (fails when the time is too
 * short, names unknown faults and targets and the nearest known ones). What one fault of
 * the list draws does not depend on the others. */
bool chaos_plan_make(struct chaos_plan *plan, const struct chaos_plan_options *options,
		     struct err *err);
void chaos_plan_release(struct chaos_plan *plan);

/* ---- its execution --------------------------------------------------------------- */

/* What became of one step. */
struct chaos_outcome {
	char target[160]; /* resolved, in words: "n3", "n1 n2 | n3 n4 n5", "n2 (leader)"
			   */
	bool injected;	  /* the agents took it */
	bool verified;	  /* shown to be in force after injecting */
	bool healed;	  /* shown to be gone after healing */
	struct buf
		evidence;  /* JSON object: packets dropped, ms frozen, pids killed, ... */
	bool has_evidence; /* something was measured that only the fault can cause, on
			    * every host and edge that it was to hit */
	char error[256];   /* what failed, "" when nothing */
};

struct chaos;

/* Greets every agent and probes that each fault of the plan can be had on each host
 * (fails now, with host and reason, rather than later); the daemon under test must run.
 * Starts the heartbeat thread. All that is pointed at must outlive it; the links are used
 * from several threads, but each by one at a time. */
struct chaos *chaos_open(const struct chaos_host *hosts, int count,
			 const struct chaos_plan *plan, const struct chaos_hooks *hooks,
			 struct err *err);

/* Injects step i / heals it. Called by one thread, in the order of time; the same outcome
 * (zeroed before inject, released after heal) is given to both. A failed injection leaves
 * nothing in force and needs no heal. A failed heal is made good by chaos_heal_all. */
bool chaos_inject(struct chaos *chaos, size_t step, struct chaos_outcome *outcome,
		  struct err *err);
bool chaos_heal(struct chaos *chaos, size_t step, struct chaos_outcome *outcome,
		struct err *err);

void chaos_outcome_release(struct chaos_outcome *outcome);

/* Heals whatever is in force on all hosts and proves that nothing is left. A host that
 * cannot be reached is named in the error; the others are healed all the same. */
bool chaos_heal_all(struct chaos *chaos, struct err *err);

/* Ends heartbeats and agents (which heal what is left). */
void chaos_close(struct chaos *chaos);

/* All faults, in the order of faults.def: for plans and for `faultline list`. */
const struct fault *const *faults_all(size_t *count);

#endif
