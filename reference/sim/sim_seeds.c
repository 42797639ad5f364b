#include "reference/sim/sim_seeds.h"

#include "base/parallel.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct work {
	const struct sim_seeds *seeds;
	struct sim_verdict *verdict;
	pthread_mutex_t lock; /* guards the verdict */
};

static void
add_stats(struct sim_stats *sum, const struct sim_stats *stats)
{
#define SIM_COUNTER(name, words) sum->name += stats->name;
#include "reference/sim/sim_stats.def"
#undef SIM_COUNTER
}

static bool
is_settled(struct work *work, uint64_t seed)
{
	pthread_mutex_lock(&work->lock);
	bool settled = work->verdict->failed && work->verdict->seed < seed;
	pthread_mutex_unlock(&work->lock);
	return settled;
}

static bool
judge(const struct sim_seeds *seeds, const struct sim_result *result, char *anomaly,
      size_t bytes, struct buf *explanation)
{
	if (result->violation[0] == '\0')
		return seeds->judge(seeds->context, result, anomaly, bytes, explanation);
	snprintf(anomaly, bytes, "invariant");
	buf_string(explanation, result->violation);
	return false;
}

/* Takes over the explanation if this is the least seed so far. */
static void
note_failure(struct sim_verdict *verdict, uint64_t seed, const char *anomaly,
	     struct buf *explanation)
{
	if (verdict->failed && verdict->seed < seed)
		return;
	verdict->failed = true;
	verdict->seed = seed;
	snprintf(verdict->anomaly, sizeof(verdict->anomaly), "%s", anomaly);
	buf_release(&verdict->explanation);
	verdict->explanation = *explanation;
	*explanation = (struct buf){0};
}

static void
run_one(void *context, size_t i)
{
	struct work *work = context;
	const struct sim_seeds *seeds = work->seeds;
	struct sim_options options = seeds->options;
	struct sim_result result;
	struct buf explanation = {0};
	char anomaly[32] = "";

	options.seed += i;
	if (is_settled(work, options.seed))
		return;
	sim_run(&options, &result);
	bool ok = judge(seeds, &result, anomaly, sizeof(anomaly), &explanation);
	bool counts = seeds->wanted == NULL || strcmp(anomaly, seeds->wanted) == 0;
	pthread_mutex_lock(&work->lock);
	add_stats(&work->verdict->stats, &result.stats);
	work->verdict->ran++;
	work->verdict->hash ^= result.hash * (2 * options.seed + 1);
	if (!ok && counts)
		note_failure(work->verdict, options.seed, anomaly, &explanation);
	pthread_mutex_unlock(&work->lock);
	buf_release(&explanation);
	sim_result_release(&result);
}

void
sim_seeds_run(const struct sim_seeds *seeds, struct sim_verdict *verdict)
{
	struct work work = {.seeds = seeds, .verdict = verdict};

	*verdict = (struct sim_verdict){0};
	pthread_mutex_init(&work.lock, NULL);
	parallel_for(seeds->count, seeds->threads, run_one, &work);
	pthread_mutex_destroy(&work.lock);
}

void
sim_verdict_release(struct sim_verdict *verdict)
{
	buf_release(&verdict->explanation);
}
