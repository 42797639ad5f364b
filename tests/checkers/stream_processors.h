/* stream_processors.h - processors of streams that really run, one for each graph: what comes
 * out of tuples [number key [x y]] taken in some order. */
#ifndef TESTS_CHECKERS_STREAM_PROCESSORS_H
#define TESTS_CHECKERS_STREAM_PROCESSORS_H

#include "base/value.h"

#include <stdbool.h>

enum graph {
	PASS,
	UNIQ_KEY,
	COUNT_KEY,
	SPLIT_MERGE,
	UNIQ_LAST,
	UNIQ_FILTER,
	FLATTEN,
	UNIQ_COUNT,
	TABLE,
};

enum {
	OUTS_MAX = 40
};

struct outs {
	val items[OUTS_MAX];
	size_t count;
};

val stream_list(struct values *values, size_t count, ...);

/* The description of the graph; nil: the model tells it. */
val stream_description(struct values *v, enum graph graph);

/* Runs over the tuples in this order. Counts are judged apart: here each gives its key. */
void stream_process(enum graph graph, struct values *v, const val *tuples, size_t count,
		    struct outs *outs);

/* Beyond OUTS_MAX nothing is put. */
void stream_put(struct outs *outs, val tuple);

size_t stream_times(const struct values *v, const struct outs *outs, val tuple);

#endif
