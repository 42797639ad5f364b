/* Measures queues, stacks, priority queues, bags and tuple spaces at n, 2n, 4n and 8n
 * operations: the decider with its order (one key, one thread, time of the processor), and
 * the whole check with the replay of the order. Tuple spaces with 2, 16 and 1000 classes of
 * tuples, so many patterns and others that ask for one tuple; then with takes and puts that
 * crashed. For `make bench`. */
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

static const struct row {
	const struct checker *checker;
	enum collection collection;
	double goal;		   /* million operations a second */
	uint32_t classes, crashes; /* tuple space; see random_collection.h */
} rows[] = {
	{&checker_queue, COLLECTION_QUEUE, 10, 0, 0},
	{&checker_stack, COLLECTION_STACK, 2, 0, 0},
	{&checker_priority_queue, COLLECTION_PRIORITY_QUEUE, 10, 0, 0},
	{&checker_bag, COLLECTION_BAG, 10, 0, 0},
	{&checker_tuple_space, COLLECTION_TUPLE_SPACE, 0.3, 2, 0},
	{&checker_tuple_space, COLLECTION_TUPLE_SPACE, 0.3, 16, 0},
	{&checker_tuple_space, COLLECTION_TUPLE_SPACE, 0.3, 1000, 0},
	{&checker_tuple_space, COLLECTION_TUPLE_SPACE, 0.3, 16, 20},
	{&checker_tuple_space, COLLECTION_TUPLE_SPACE, 0.3, 1000, 20},
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

static struct random_collection
shape_of(const struct row *row, size_t ops)
{
	return (struct random_collection){.collection = row->collection,
					  .ops = ops,
					  .processes = 10,
					  .take_percent = 48,
					  .look_percent = 4,
					  .classes = row->classes,
					  .crashes = row->crashes,
					  .shuffled = row->collection ==
						      COLLECTION_PRIORITY_QUEUE};
}

static void
describe(const struct row *row, const struct history *history)
{
	size_t misses = 0, crashed = 0;

	if (row->collection != COLLECTION_TUPLE_SPACE)
		return;
	vec_each (struct op, op, &history->ops) {
		val element;
		enum collection_role role =
			collection_role(row->collection, history, op, &element);
		misses += role == COLLECTION_MISS;
		crashed += role == COLLECTION_TAKE_SOME;
	}
	printf("  %u classes, %zu misses, %zu crashed takes\n", row->classes, misses,
	       crashed);
}

static void
measure(const struct row *row, size_t ops)
{
	struct random_collection shape = shape_of(row, ops);
	struct check_options options = {.threads = 1};
	struct check_result result;
	struct history history;
	enum verdict verdict;
	struct rng rng;

	rng_init(&rng, 1);
	random_collection_play(&history, &shape, &rng);
	double decider = measure_decider(row->collection, &history, &verdict);
	int64_t start = cpu_ns();
	checker_run(row->checker, &history, &options, &result);
	double whole = seconds_since(start);
	printf("%-14s %8zu ops  %7.1f ms  %5.1f M ops/s (goal %g)  %s; with partition "
	       "and replay %7.1f ms, certified %d\n",
	       row->checker->name, ops, decider * 1e3, (double)ops / decider / 1e6,
	       row->goal, verdict_name(verdict), whole * 1e3, result.certified);
	describe(row, &history);
	fflush(stdout);
	check_result_release(&result);
	history_release(&history);
}

static void
measure_sizes(const struct row *row)
{
	struct rusage usage;

	for (size_t ops = OPS_LEAST; ops <= OPS_MOST; ops *= 2)
		measure(row, ops);
	getrusage(RUSAGE_SELF, &usage);
	printf("peak memory of the process so far: %.0f MB\n",
	       (double)usage.ru_maxrss / 1024);
}

int
main(void)
{
	const char *only = getenv("BENCH_ONLY"); /* a number of enum collection */

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (only == NULL || atoi(only) == (int)rows[i].collection)
			measure_sizes(&rows[i]);
	return 0;
}
