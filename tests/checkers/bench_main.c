/* Measures the deciders: operations a second and working memory; for `make bench`. */
#include "base/clock.h"
#include "checkers/engine/frontier.h"
#include "checkers/register/register.h"
#include "checkers/register/zones.h"
#include "tests/checkers/random_history.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static struct key_ops
whole(const struct history *history, uint32_t *indexes)
{
	for (uint32_t i = 0; i < history->ops.count; i++)
		indexes[i] = i;
	return (struct key_ops){history, VAL_OF_NIL, indexes, history->ops.count};
}

static double
seconds_since(int64_t start)
{
	return (double)(clock_ns() - start) / 1e9;
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
	int64_t start = clock_ns();
	zones_judge(&key, &options, false, &zones);
	double seconds = seconds_since(start);
	printf("zones    %9zu ops  %8.3f s  %6.1f M ops/s  %5.1f B/op + 4  %s\n",
	       history.ops.count, seconds, (double)history.ops.count / seconds / 1e6,
	       (double)zones.bytes_peak / (double)history.ops.count,
	       zones.conflict_count == 0 ? "valid" : "invalid");
	zones_release(&zones);
	struct check_result result;
	start = clock_ns();
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
measure_frontier(size_t ops, int info_percent, uint32_t processes, int wrong_reads,
		 uint64_t seed)
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
	struct frontier found;
	struct rng rng;

	rng_init(&rng, seed);
	random_register_play(&history, &shape, &rng);
	for (size_t i = history.ops.count * 3 / 4; wrong_reads > 0; i++)
		if (history.ops.items[i].f == F_READ &&
		    history.ops.items[i].type == OP_OK) {
			history.ops.items[i].output =
				val_small(1 + (int64_t)rng_below(&rng, 5));
			wrong_reads--;
		}
	uint32_t *indexes = mem_new(ops + 1, sizeof(*indexes));
	struct key_ops key = whole(&history, indexes);
	int64_t start = clock_ns();
	frontier_judge(&model_register, &key, &options, FRONTIER_ALL, &found);
	double seconds = seconds_since(start);
	printf("frontier %9zu ops, %2u clients, %d %% info: %9.2f ms  %s by %d, work "
	       "%llu, %.1f MB\n",
	       history.ops.count, processes, info_percent, seconds * 1e3,
	       verdict_name(found.verdict), found.decided_by,
	       (unsigned long long)found.work, (double)found.bytes_peak / 1e6);
	frontier_release(&found);
	free(indexes);
	history_release(&history);
}

int
main(void)
{
	struct rusage usage;

	for (size_t ops = 1000000; ops <= 10000000; ops *= 10)
		measure_zones(ops);
	for (uint64_t seed = 1; seed <= 2; seed++)
		for (int infos = 0; infos <= 3; infos += 3) {
			measure_frontier(10000, infos, 10, 0, seed);
			measure_frontier(100000, infos, 10, 0, seed);
		}
	for (int infos = 0; infos <= 2; infos++)
		measure_frontier(2000, infos, 10, 30, 1);
	getrusage(RUSAGE_SELF, &usage);
	printf("peak memory of the process: %.0f MB (the 10 million operations "
	       "themselves: "
	       "640 MB)\n",
	       (double)usage.ru_maxrss / 1024);
	return 0;
}
