/* stream_flows.h - what stands before the output, as far as the history tells: tuples that
 * certainly come, may come, or come instead of others. Private to stream. */
#ifndef CHECKERS_STREAM_FLOWS_H
#define CHECKERS_STREAM_FLOWS_H

#include "checkers/seed/stream.h"

/* One tuple at one place of the graph. Of those with one group (not 0) exactly one comes,
 * or at most one when they are not certain. */
struct flow {
	val tuple; /* in the pool */
	uint32_t send;
	uint32_t group;
	bool is_certain;
	bool is_merged; /* it stands for several sends: behind a uniq */
};

struct flows {
	struct flow *items; /* a vec */
	size_t count, capacity;
};

/* Something that the output shows to be wrong. Two of them are the same when name, send and
 * output are. */
struct stream_fault {
	const char *name, *sentence;
	val tuple;     /* in the pool: told in words */
	uint32_t send; /* the first of what makes it, acknowledged ones first; OP_NEVER */
	uint32_t second; /* another send; OP_NEVER */
	uint32_t output; /* place in the output; OP_NEVER: something is missing there */
};

struct stream_faults {
	struct stream_fault *items; /* a vec */
	size_t count, capacity;
};

/* The evaluation operator by operator. */
struct stream_run {
	struct stream_pool *pool;
	const struct budget *budget;
	size_t bytes_max;
	uint32_t collect;
	struct flows streams[STREAM_OPERATORS_MAX];
	uint32_t groups; /* used so far */
	bool is_loose;	 /* a choice of uniq mattered to what stood behind it */
	bool is_too_large, is_over;
	uint64_t sends, outputs;
};

/* False: the budget is used up. */
bool stream_evaluate(struct stream_run *run);
void stream_run_release(struct stream_run *run);

/* Compares the output with what the last operator gives. */
void stream_judge_output(struct stream_run *run, struct stream_faults *faults);
void stream_judge_counts(struct stream_run *run, struct stream_faults *faults);
void stream_judge_order(struct stream_run *run, struct stream_faults *faults);

#endif
