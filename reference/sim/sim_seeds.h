/* sim_seeds.h - many simulations over several threads, each judged by the caller.
 *
 * The answer does not depend on the number of threads: it is about the least seed that
 * fails, however far the others came. */
#ifndef REFERENCE_SIM_SIM_SEEDS_H
#define REFERENCE_SIM_SIM_SEEDS_H

#include "reference/sim/sim.h"

struct sim_seeds {
	struct sim_options options; /* the seed is the first one */
	uint64_t count;
	int threads; /* 0: as many as processors */
	/* Judges one result that broke no invariant; false when clients saw what must not
	 * be, with the name of the anomaly and an explanation. Many threads call it. */
	bool (*judge)(void *context, const struct sim_result *result, char *anomaly,
		      size_t anomaly_bytes, struct buf *explanation);
	void *context;
	const char *wanted; /* only this anomaly ends the search; NULL: anything does */
};

struct sim_verdict {
	bool failed;
	uint64_t seed;	  /* the least that failed */
	char anomaly[32]; /* "invariant" when the cluster broke one of its own */
	struct buf explanation;
	struct sim_stats stats; /* summed over the seeds that ran */
	uint64_t ran;
	uint64_t hash; /* over all seeds that ran, in their order if none failed */
};

void sim_seeds_run(const struct sim_seeds *seeds, struct sim_verdict *verdict);
void sim_verdict_release(struct sim_verdict *verdict);

#endif
