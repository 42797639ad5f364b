/* runner.h - a run from its first host to its verdict.
 *
 *	hosts -> store -> install, start, ready -> agents -> clients and faults
 *	      -> heal, ready -> final reads -> logs -> stop -> check -> plots, report
 *
 * Every phase has a deadline. Whatever goes wrong: clients end, faults heal, the history
 * so far is kept. */
#ifndef HARNESS_RUNNER_H
#define HARNESS_RUNNER_H

#include "checkers/checker.h"
#include "harness/run/nemesis.h"
#include "harness/run/test.h"

/* What came out of it. */
struct run_outcome {
	enum verdict verdict;
	bool was_interrupted;
	bool has_report;
	char *folder;	       /* owned: of the run; NULL when it came to none */
	struct buf words;      /* each verdict with its explanation */
	struct buf throughput; /* in one line */
	struct buf traffic;    /* what clients did, which errors they met; a line each */
	struct buf summary; /* the verdict as first word, and the reasons, in one line */
	struct buf json;    /* the same verdict as one object */
	struct tally tally; /* of all clients */
	double rate;	    /* operations a second of the main phase */
	double quiet_rate;  /* acknowledged ones a second without a fault in force */
	struct quiet quiet;
};

/* Runs the test, which is resolved. False: the run broke; the outcome then holds what is
 * there. The caller calls run_outcome_release. To be called by the main thread, when no
 * other thread was started; the process is in the network of the hosts already. */
bool runner_run(struct test *test, struct run_outcome *outcome, struct err *err);

void run_outcome_release(struct run_outcome *outcome);

#endif
