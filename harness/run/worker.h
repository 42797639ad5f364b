/* worker.h - the clients of a phase: one blocking thread for each logical process.
 *
 * Thread i talks to node i modulo the number of nodes, through a client of its own. A
 * process whose operation ended in info is never heard of again: the thread goes on as
 * another process, with a new client. */
#ifndef HARNESS_WORKER_H
#define HARNESS_WORKER_H

#include "harness/run/recorder.h"
#include "harness/run/turns.h"

struct crew_plan {
	struct cluster *cluster; /* all borrowed */
	struct turns *turns;
	struct recorder *recorder; /* has a ring for each thread */
	int thread_count;
	uint32_t first_process; /* of thread 0; the others follow */
	int timeout_ms;		/* of one operation, and of opening a client */
};

struct crew;

/* Starts the threads. NULL, and none is left, when the machine refuses one. */
struct crew *crew_new(const struct crew_plan *plan, struct err *err);

/* Waits until all have ended, at most so long; false when some are still at work. */
bool crew_await(struct crew *crew, int timeout_ms);

/* A number above those of all processes. After all have ended. */
uint32_t crew_next_process(const struct crew *crew);

/* Joins the threads; all must have ended. NULL is fine. */
void crew_free(struct crew *crew);

#endif
