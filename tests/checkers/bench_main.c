/* Measures the deciders: operations a second and working memory; for `make bench`. */
#include "checkers/engine/frontier.h"
#include "checkers/register/register.h"
#include "checkers/register/zones.h"
#include "tests/checkers/random_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum {
	HARD_SEEDS = 21
};

static struct key_ops
whole(const struct history *history, uint32_t *indexes)
{
	for (uint32_t i = 0; i < history->ops.count; i++)
		indexes[i] = i;
	return (struct key_ops){history, VAL_OF_NIL, indexes, history->ops.count};
}

/* Time of this thread on a processor: what else runs on the machine counts less. */
static int64_t
cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
}

static double
seconds_since(int64_t start)
{
	return (double)(cpu_ns() - start) / 1e9;
}

static void
measure_zones(size_t ops)
{
	struct random_register shape = {.ops = ops,
					.processes = 10,
					.read_percent = 50,
					.cas_percent = 10,
					.info_percent = 1};
	struct check_options options = {.threads = 1};
	struct history history;
	struct zones zones;
	struct rng rng;

	rng_init(&rng, 1);
	random_register_play(&history, &shape, &rng);
	uint32_t *indexes = mem_new(ops + 1, sizeof(*indexes));
	struct key_ops key = whole(&history, indexes);
	int64_t start = cpu_ns();
	zones_judge(&key, &options, false, &zones);
	double seconds = seconds_since(start);
	printf("zones    %9zu ops  %8.3f s  %6.1f M ops/s (goal 20)  %5.1f B/op + 4  "
	       "%s\n",
	       history.ops.count, seconds, (double)history.ops.count / seconds / 1e6,
	       (double)zones.bytes_peak / (double)history.ops.count,
	       zones.conflict_count == 0 ? "valid" : "invalid");
	zones_release(&zones);
	struct check_result result;
	start = cpu_ns();
	checker_run(&checker_register, &history, &options, &result);
	seconds = seconds_since(start);
	printf("  the whole check, partition, order and its replay: %.3f s, %s, "
	       "certified %d\n",
	       seconds, verdict_name(result.verdict), result.certified);
	check_result_release(&result);
	free(indexes);
	history_release(&history);
}

static void
falsify_reads(struct history *history, int wrong_reads, struct rng *rng)
{
	for (size_t i = history->ops.count * 3 / 4;
	     wrong_reads > 0 && i < history->ops.count; i++) {
		struct op *op = &history->ops.items[i];
		if (op->f != F_READ || op->type != OP_OK)
			continue;
		op->output = val_small(1 + (int64_t)rng_below(rng, 5));
		wrong_reads--;
	}
}

/* Plays a history of a cas register of five values and judges it; the seconds that the
 * judgement took. */
static double
judge_register(size_t ops, uint32_t processes, int info_percent, int wrong_reads,
	       uint64_t seed, struct frontier *found)
{
	struct random_register shape = {.ops = ops,
					.processes = processes,
					.values = 5,
					.read_percent = 34,
					.cas_percent = 33,
					.info_percent = info_percent};
	struct check_options options = {.threads = 1,
					.budget = {.bytes_max = (size_t)2 << 30}};
	struct history history;
	struct rng rng;

	rng_init(&rng, seed);
	random_register_play(&history, &shape, &rng);
	falsify_reads(&history, wrong_reads, &rng);
	uint32_t *indexes = mem_new(ops + 1, sizeof(*indexes));
	struct key_ops key = whole(&history, indexes);
	int64_t start = cpu_ns();
	frontier_judge(&model_register, &key, &options, FRONTIER_ALL, found);
	double seconds = seconds_since(start);
	free(indexes);
	history_release(&history);
	return seconds;
}

static void
measure_frontier(size_t ops, int info_percent, uint64_t seed)
{
	struct frontier found;
	double seconds = judge_register(ops, 10, info_percent, 0, seed, &found);

	printf("frontier %9zu ops, 10 clients, %d %% crashed: %8.2f ms (goal %3zu)  %s "
	       "by "
	       "%d, work %llu, %.1f MB\n",
	       ops, info_percent, seconds * 1e3, ops < 20000 ? (size_t)5 : ops / 1000,
	       verdict_name(found.verdict), found.decided_by,
	       (unsigned long long)found.work, (double)found.bytes_peak / 1e6);
	frontier_release(&found);
}

static int
by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Thirty wrong reads in one place, and crashed operations that may explain them. */
static void
measure_hard(uint32_t processes, int info_percent)
{
	double times[HARD_SEEDS], most_bytes = 0;
	size_t verdicts[VERDICT_UNKNOWN + 1] = {0};

	for (uint64_t seed = 0; seed < HARD_SEEDS; seed++) {
		struct frontier found;
		times[seed] =
			judge_register(2000, processes, info_percent, 30, seed, &found);
		verdicts[found.verdict]++;
		if ((double)found.bytes_peak > most_bytes)
			most_bytes = (double)found.bytes_peak;
		frontier_release(&found);
	}
	qsort(times, HARD_SEEDS, sizeof(*times), by_time);
	printf("hard          2000 ops, %2u clients, %2d %% crashed, 30 wrong reads: "
	       "median "
	       "%7.2f ms, longest %7.2f (goal 1000)  %zu valid, %zu invalid, %zu "
	       "unknown, "
	       "%.1f MB\n",
	       processes, info_percent, times[HARD_SEEDS / 2] * 1e3,
	       times[HARD_SEEDS - 1] * 1e3, verdicts[VERDICT_VALID],
	       verdicts[VERDICT_INVALID], verdicts[VERDICT_UNKNOWN], most_bytes / 1e6);
}

/* Three thousand of ten thousand operations crashed. `values` 0: each is written once. */
static void
measure_crashed(uint32_t values)
{
	struct random_register shape = {.ops = 10000,
					.processes = 10,
					.values = values,
					.read_percent = 40,
					.cas_percent = 20,
					.info_percent = 30};
	struct check_options options = {.threads = 1};
	struct check_result result;
	struct history history;
	struct rng rng;

	rng_init(&rng, 3);
	random_register_play(&history, &shape, &rng);
	int64_t start = cpu_ns();
	checker_run(&checker_register, &history, &options, &result);
	printf("crashed      10000 ops, 30 %% crashed, %s: %.2f ms  %s, certified %d\n",
	       values == 0 ? "each value written once" : "5 values",
	       seconds_since(start) * 1e3, verdict_name(result.verdict),
	       result.certified);
	check_result_release(&result);
	history_release(&history);
}

int
main(void)
{
	struct rusage usage;

	for (size_t ops = 1250000; ops <= 10000000; ops *= 2)
		measure_zones(ops);
	for (uint64_t seed = 1; seed <= 2; seed++)
		for (int infos = 0; infos <= 3; infos += 3) {
			for (size_t ops = 10000; ops <= 80000; ops *= 2)
				measure_frontier(ops, infos, seed);
			measure_frontier(100000, infos, seed);
		}
	for (uint32_t clients = 5; clients <= 10; clients += 5)
		for (int infos = 0; infos <= 9; infos += 3)
			measure_hard(clients, infos);
	measure_crashed(0);
	measure_crashed(5);
	getrusage(RUSAGE_SELF, &usage);
	printf("peak memory of the process: %.0f MB (the 10 million operations "
	       "themselves: "
	       "640 MB)\n",
	       (double)usage.ru_maxrss / 1024);
	return 0;
}
