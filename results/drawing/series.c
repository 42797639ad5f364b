#include "results/drawing/series.h"

#include "base/assert.h"
#include "base/clock.h"

#include <stdlib.h>

int64_t
series_end_ns(const struct history *history)
{
	int64_t end = NS_PER_S;

	vec_each (struct op, op, &history->ops) {
		if (op->invoke_ns > end)
			end = op->invoke_ns;
		if (op->complete_ns > end)
			end = op->complete_ns;
	}
	return end;
}

int64_t
series_bucket_ns(int64_t end_ns)
{
	static const int64_t widths_ms[] = {
		10,    20,    50,    100,    200,    500,    1000,    2000,   5000,
		10000, 20000, 60000, 120000, 300000, 600000, 1200000, 3600000};
	size_t count = sizeof(widths_ms) / sizeof(widths_ms[0]);

	for (size_t i = 0; i < count; i++)
		if (end_ns / (widths_ms[i] * NS_PER_MS) <= 150)
			return widths_ms[i] * NS_PER_MS;
	return end_ns / 100 + 1;
}

int64_t
series_latency_ns(const struct op *op, int64_t end_ns)
{
	int64_t end = op->complete_ns >= 0 ? op->complete_ns : end_ns;

	return end > op->invoke_ns ? end - op->invoke_ns : 0;
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

int64_t
series_quantile(int64_t *latencies, size_t count, double q)
{
	ASSERT(count > 0);
	qsort(latencies, count, sizeof(*latencies), by_number);
	size_t rank = (size_t)(q * (double)(count - 1) + 0.5);

	return latencies[rank];
}

static size_t
bucket_of(const struct series *series, const struct op *op)
{
	int64_t at = op->complete_ns >= 0 ? op->complete_ns : op->invoke_ns;
	size_t bucket = (size_t)((at < 0 ? 0 : at) / series->bucket_ns);

	return bucket < series->bucket_count ? bucket : series->bucket_count - 1;
}

static struct series_quantiles
summarize(int64_t *latencies, size_t count, int64_t at_ns)
{
	struct series_quantiles summary = {.at_ns = at_ns, .count = count};

	summary.p50_ns = series_quantile(latencies, count, 0.5);
	summary.p95_ns = latencies[(size_t)(0.95 * (double)(count - 1) + 0.5)];
	summary.p99_ns = latencies[(size_t)(0.99 * (double)(count - 1) + 0.5)];
	summary.max_ns = latencies[count - 1];
	return summary;
}

/* Counting sort of the ok operations by bucket, then a summary of each run. */
static void
make_quantiles(struct series *series, const struct history *history)
{
	size_t *starts = mem_new(series->bucket_count + 2, sizeof(*starts));
	int64_t *latencies = mem_new(history->ops.count + 1, sizeof(*latencies));

	vec_each (const struct op, op, &history->ops)
		if (op->type == OP_OK)
			starts[bucket_of(series, op) + 2]++;
	for (size_t b = 2; b < series->bucket_count + 2; b++)
		starts[b] += starts[b - 1];
	vec_each (const struct op, op, &history->ops)
		if (op->type == OP_OK)
			latencies[starts[bucket_of(series, op) + 1]++] =
				series_latency_ns(op, series->end_ns);
	for (size_t b = 0; b < series->bucket_count; b++) {
		size_t count = starts[b + 1] - starts[b];
		int64_t middle = (int64_t)b * series->bucket_ns + series->bucket_ns / 2;
		if (count > 0)
			vec_push(&series->quantiles,
				 summarize(latencies + starts[b], count, middle));
	}
	free(latencies);
	free(starts);
}

static struct series_rate *
rate_of(struct series *series, const struct op *op)
{
	vec_each (struct series_rate, rate, &series->rates)
		if (rate->f == op->f && rate->type == op->type)
			return rate;
	vec_push(&series->rates,
		 (struct series_rate){
			 .f = op->f,
			 .type = op->type,
			 .per_second = mem_new(series->bucket_count, sizeof(double))});
	return vec_last(&series->rates);
}

static int
by_f_and_type(const void *a, const void *b)
{
	const struct series_rate *x = a, *y = b;

	return x->f != y->f ? (x->f < y->f ? -1 : 1) : (int)x->type - (int)y->type;
}

static void
make_rates(struct series *series, const struct history *history)
{
	double share = (double)NS_PER_S / (double)series->bucket_ns;

	vec_each (const struct op, op, &history->ops)
		rate_of(series, op)->per_second[bucket_of(series, op)] += share;
	if (series->rates.count > 1)
		qsort(series->rates.items, series->rates.count,
		      sizeof(struct series_rate), by_f_and_type);
}

void
series_init(struct series *series, const struct history *history)
{
	*series = (struct series){.end_ns = series_end_ns(history)};
	series->bucket_ns = series_bucket_ns(series->end_ns);
	series->bucket_count = (size_t)(series->end_ns / series->bucket_ns) + 1;
	make_quantiles(series, history);
	make_rates(series, history);
}

void
series_release(struct series *series)
{
	vec_each (struct series_rate, rate, &series->rates)
		free(rate->per_second);
	vec_release(&series->rates);
	vec_release(&series->quantiles);
}
