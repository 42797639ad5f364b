/* fault.h - one fault: one file, one line in faults.def.
 *
 * A fault turns a target into requests to agents, proves that it is in force, and reads
 * its evidence when it heals. */
#ifndef CHAOS_FAULT_H
#define CHAOS_FAULT_H

#include "chaos/chaos.h"

/* One injection as its fault sees it. The links of `hosts` may be used from several
 * threads at once, one a host. */
struct fault_scene {
	const struct chaos_host *hosts;
	int host_count;
	int leader;	    /* index of the host that leads, or -1 */
	uint64_t draw;	    /* the step's random word */
	const char *target; /* as in the step */
	uint64_t lease;	    /* id of this injection, unique in the run */
	/* The fault's own from inject to heal: one block from mem_new, or NULL. The
	 * caller frees it. */
	void *state;
};

struct fault {
	const char *name, *summary;
	/* NULL-terminated. A plan that names none takes them in turn. */
	const char *const *targets;
	/* How many hosts the target needs to be different from no fault at all. */
	int (*hosts_min)(const char *target);
	/* Asks one host whether the fault can be had there. */
	bool (*probe)(const struct chaos_host *host, struct err *err);
	/* Injects and verifies; fills target, injected, verified, evidence. On failure
	 * the caller heals the lease on all hosts. */
	bool (*inject)(struct fault_scene *scene, struct chaos_outcome *outcome,
		       struct err *err);
	/* Heals, proves it, completes the evidence. */
	bool (*heal)(struct fault_scene *scene, struct chaos_outcome *outcome,
		     struct err *err);
};

#endif
