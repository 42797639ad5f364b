/* simulation.h - plays a generator with a fake clock: threads that ask, operations that
 * take their time, the nemesis as one more thread. */
#ifndef TESTS_WORKLOADS_SIMULATION_H
#define TESTS_WORKLOADS_SIMULATION_H

#include "workloads/generator.h"

#define MS ((int64_t)1000000)

/* An operation as it was sent. */
struct sent {
	int64_t at_ns;
	int thread;
	uint16_t f;
	int64_t key;	  /* 0: none */
	int64_t input;	  /* the number, or the second of a pair; 0: none */
	int64_t expected; /* the first of a pair */
};

struct simulation {
	struct generator *generator; /* borrowed */
	int thread_count;
	bool has_nemesis;
	int64_t duration_ns; /* of every operation */
	int64_t until_ns;    /* gives up then */
	/* Answers a call; NULL: ok, without output. */
	void (*answer)(void *context, struct call *call);
	void *context;
	/* Found: */
	VEC(struct sent) ops;
	int64_t end_ns; /* when everybody was told that it is over, -1: never */
};

void simulate(struct simulation *simulation);
void simulation_release(struct simulation *simulation);

#endif
