/* stream_push.h - the graph evaluated again for proofs: each tuple is pushed through it on
 * its own and waits at uniq, at count and at the end; choices are found by sorting. Shares
 * what an operator makes of a tuple with stream_evaluate.c, nothing else. Private. */
#ifndef CHECKERS_STREAM_PUSH_H
#define CHECKERS_STREAM_PUSH_H

#include "checkers/seed/stream_flows.h"

struct push {
	struct stream_pool *pool;
	uint32_t collect, groups;
	struct flows
		waiting[STREAM_OPERATORS_MAX]; /* at uniq, at count, and at the end */
};

void push_all(struct push *push);
void push_release(struct push *push);

/* By a field (-1: the whole tuple), then by send. */
void push_sort(const struct push *push, struct flows *flows, int64_t field);

/* The first certain one of a run, or its first. */
const struct flow *push_first(const struct flow *run, size_t count);

/* By group, then by send; for qsort. */
int push_by_group(const void *a, const void *b);

/* The output as tuples; `send` is the place in it. */
void push_outputs(struct push *push, struct flows *outputs);

/* Of flows sorted by tuple, those with this one: where they begin and, in *count, how many
 * they are. */
const struct flow *push_run(const struct push *push, const struct flows *sorted,
			    val tuple, size_t *count);

void push_fault(struct stream_faults *faults, const char *name, uint32_t send,
		uint32_t output);

/* What is wrong with the counts; with the order. */
void push_judge_counts(struct push *push, struct stream_faults *faults);
void push_judge_order(struct push *push, struct stream_faults *faults);

#endif
