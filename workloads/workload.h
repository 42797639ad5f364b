/* workload.h - what clients ask, what they ask at the end, and which checkers decide.
 *
 * One file a workload, one line in workloads.def. */
#ifndef WORKLOADS_WORKLOAD_H
#define WORKLOADS_WORKLOAD_H

#include "workloads/generator.h"

struct workload_options {
	int key_count;	  /* live at once; 0: the workload's default */
	int ops_per_key;  /* a key retires after so many; 0: default */
	int read_percent; /* of the mix; -1: default */
	int cas_percent; /* of the mix; -1: default; reads and cas at most 100 together */
};

struct workload {
	const char *name, *summary;
	unsigned supports;	     /* what the system must support (enum supports) */
	const char *const *checkers; /* NULL-terminated names */
	/* The operations of the main phase, without rate or time limit. */
	struct generator *(*main)(const struct workload_options *options);
	/* What must be asked when all has healed; NULL: nothing. It ends by itself, also
	 * when nothing is answered. */
	struct generator *(*final)(const struct workload_options *options);
};

/* All workloads, in the order of workloads.def. */
const struct workload *const *workloads_all(size_t *count);

/* The workload of a name; NULL with the nearest name as hint. */
const struct workload *workload_find(const char *name, struct err *err);

#endif
