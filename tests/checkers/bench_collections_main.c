/* Measures queues, stacks, priority queues, bags and tuple spaces at n, 2n, 4n and 8n
 * operations: the decider with its order (one key, one thread, time of the processor), and
 * the whole check with the replay of the order. For `make bench`. */
#include "checkers/collection/collection_judge.h"
#include "tests/checkers/random_collection.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum {
	OPS_LEAST = 125000,
	OPS_MOST = 1000000,
	TURNS = 3
};

static const struct {
	const struct checker *checker;
	double goal; /* million operations a second; 0: none */
} rows[COLLECTION_KINDS] = {
	[COLLECTION_QUEUE] = {&checker_queue, 10},
	[COLLECTION_STACK] = {&checker_stack, 2},
	[COLLECTION_PRIORITY_QUEUE] = {&checker_priority_queue, 10},
	[COLLECTION_BAG] = {&checker_bag, 10},
	[COLLECTION_TUPLE_SPACE] = {&checker_tuple_space, 0},
};

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

static double
measure_decider(enum collection collection, const struct history *history,
		enum verdict *verdict)
{
	struct check_options options = {.threads = 1,
					.budget = {.bytes_max = (size_t)2 << 30}};
	uint32_t *indexes = mem_new(history->ops.count + 1, sizeof(*indexes));
	double best = 1e9;

	for (uint32_t i = 0; i < history->ops.count; i++)
		indexes[i] = i;
	struct key_ops key = {history, VAL_OF_NIL, indexes, history->ops.count};
	for (int turn = 0; turn < TURNS; turn++) {
		struct collection_outcome outcome;
		int64_t start = cpu_ns();
		collection_judge(collection, &key, &options, &outcome);
		double seconds = seconds_since(start);
		best = seconds < best ? seconds : best;
		*verdict = outcome.verdict;
		collection_outcome_release(&outcome);
	}
	free(indexes);
	return best;
}

static void
measure(enum collection collection, size_t ops)
{
	struct random_collection shape = {.collection = collection,
					  .ops = ops,
					  .processes = 10,
					  .take_percent = 48,
					  .look_percent = 4,
					  .shuffled = collection ==
						      COLLECTION_PRIORITY_QUEUE};
	struct check_options options = {.threads = 1};
	struct check_result result;
	struct history history;
	enum verdict verdict;
	struct rng rng;

	rng_init(&rng, 1);
	random_collection_play(&history, &shape, &rng);
	double decider = measure_decider(collection, &history, &verdict);
	int64_t start = cpu_ns();
	checker_run(rows[collection].checker, &history, &options, &result);
	double whole = seconds_since(start);
	printf("%-14s %8zu ops  %7.1f ms  %5.1f M ops/s (goal %2.0f)  %s; with partition "
	       "and replay %7.1f ms, certified %d\n",
	       rows[collection].checker->name, ops, decider * 1e3,
	       (double)ops / decider / 1e6, rows[collection].goal, verdict_name(verdict),
	       whole * 1e3, result.certified);
	check_result_release(&result);
	history_release(&history);
}

int
main(void)
{
	struct rusage usage;

	const char *only = getenv("BENCH_ONLY"); /* a number of enum collection */
	for (enum collection collection = 1; collection < COLLECTION_KINDS; collection++)
		for (size_t ops = OPS_LEAST;
		     ops <= OPS_MOST && (only == NULL || atoi(only) == (int)collection);
		     ops *= 2)
			measure(collection, ops);
	getrusage(RUSAGE_SELF, &usage);
	printf("peak memory of the process: %.0f MB\n", (double)usage.ru_maxrss / 1024);
	return 0;
}
