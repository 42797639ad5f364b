/* status.h - the one live line on a terminal: time, rate, outcomes, the fault in force.
 *
 *	clients  12.3 s of 30 s  2,143/s  ok 24,001  fail 120  info 3  partition n1 / n2 n3 */
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
