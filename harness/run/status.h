/* status.h - the one live line on a terminal: time, the fault in force, rate, outcomes, and
 * how far the online decider came.
 *
 *	clients  12.3 s of 30 s  [partition n1 / n2 n3]  2,143/s  ok 24,001  fail 120  info 3
 *	checked 24,110 */
#ifndef HARNESS_STATUS_H
#define HARNESS_STATUS_H

#include "harness/run/recorder.h"

enum {
	STATUS_PERIOD_MS = 200,
	STATUS_SAMPLES = 6, /* the rate is that of the last second */
};

struct status {
	int64_t start_ns, time_ns; /* of the phase; its length as planned */
	struct {
		int64_t at_ns;
		uint64_t count;
	} samples[STATUS_SAMPLES]; /* a ring */
	unsigned sample_count;
	bool is_hidden;
	bool is_judged; /* --check online: the caller sets how far, in operations */
	uint64_t judged;
};

void status_init(struct status *status, int64_t start_ns, int64_t time_ns,
		 bool is_hidden);

/* Composes the line of now; public for its test. */
void status_line(struct status *status, int64_t now_ns, const char *phase,
		 struct tally tally, const char *fault, struct buf *line);

/* Shows it, if standard error is a terminal. */
void status_show(struct status *status, const char *phase, struct tally tally,
		 const char *fault);

#endif
