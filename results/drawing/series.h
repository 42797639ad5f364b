/* series.h - numbers for plots out of a history: points, quantiles and rates over time.
 *
 * PURE. Buckets adapt to the length of the run (30 s as well as 3 h give about a
 * hundred). O(n log n) for the quantiles, else O(n). */
#ifndef RESULTS_SERIES_H
#define RESULTS_SERIES_H

#include "base/history.h"

/* The moment of the last event, in ns since the start; at least 1 s. */
int64_t series_end_ns(const struct history *history);

/* A bucket width of the row 1, 2, 5 (then minutes and hours) that cuts the time into 60
 * to 150 buckets. */
int64_t series_bucket_ns(int64_t end_ns);

/* The latency of an operation: until its completion, or until `end_ns` when it has none.
 */
int64_t series_latency_ns(const struct op *op, int64_t end_ns);

/* One bucket of latencies of operations that ended ok, by completion time. */
struct series_quantiles {
	int64_t at_ns; /* the middle of the bucket */
	uint64_t count;
	int64_t p50_ns, p95_ns, p99_ns, max_ns;
};

struct series_rate {
	uint16_t f;
	uint8_t type;	    /* enum op_type */
	double *per_second; /* owned: one for each bucket */
};

struct series {
	int64_t end_ns, bucket_ns;
	size_t bucket_count;
	VEC(struct series_quantiles) quantiles; /* buckets with operations only */
	VEC(struct series_rate) rates; /* one for each function and outcome met */
};

void series_init(struct series *series, const struct history *history);
void series_release(struct series *series);

/* Quantile q of `count` latencies in place: 0.5 is the median. They get partly sorted. */
int64_t series_quantile(int64_t *latencies, size_t count, double q);

#endif
