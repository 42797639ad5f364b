/* random_replicas.h - histories of a replicated store played from a seed, each session at
 * a replica of its own. Same seed, same history. Written values are unique. */
#ifndef TESTS_CHECKERS_RANDOM_REPLICAS_H
#define TESTS_CHECKERS_RANDOM_REPLICAS_H

#include "base/history.h"
#include "base/rng.h"

enum replication {
	REPLICAS_ONE,	     /* no replicas: one store; linearizable */
	REPLICAS_CAUSAL,     /* causal broadcast, applied as delivered: causal memory */
	REPLICAS_CONVERGENT, /* the same, last writer wins: causal convergence */
	REPLICAS_FIFO,	     /* each sender in order: PRAM */
};

struct random_replicas {
	enum replication replication;
	size_t ops;
	uint32_t sessions, keys; /* at least 1 */
	int read_percent;
	int deliver_percent; /* of steps: another session's write arrives */
};

void random_replicas_play(struct history *history, const struct random_replicas *shape,
			  struct rng *rng);

#endif
