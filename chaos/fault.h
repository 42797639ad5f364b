/* fault.h - one fault: one file, one line in faults.def.
 *
 * A fault turns a target into requests to agents, proves that it is in force, and reads
 * its evidence when it heals. */
#ifndef CHAOS_FAULT_H
#define CHAOS_FAULT_H

#include "chaos/chaos.h"

struct fault_scene {
	const struct chaos_host *hosts;
	int host_count;
	int leader; /* index, or -1 */
	struct rng *rng;	/* seeded by the step's draw */
	const char *target;	/* as in the step */
	uint64_t lease;		/* id of this injection, unique in the run */
	void *state;		/* the fault's own, from inject to heal; freed by heal */
};

struct fault {
	const char *name, *summary;
	const char *const *targets; /* NULL-terminated; the first is the default */
	/* Asks one host whether the fault can be had there. */
	bool (*probe)(const struct chaos_host *host, struct err *err);
	/* Injects and verifies; fills target, injected, verified, evidence. */
	bool (*inject)(struct fault_scene *scene, struct chaos_outcome *outcome,
		       struct err *err);
	/* Heals, proves it, completes the evidence. */
	bool (*heal)(struct fault_scene *scene, struct chaos_outcome *outcome,
		     struct err *err);
};

#endif
