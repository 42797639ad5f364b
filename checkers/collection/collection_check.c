/* The five checkers: each key judged alone and in parallel, results merged in the order of
 * keys, and the verdict proven again. */
#include "checkers/collection/collection.h"

#include "base/assert.h"
#include "base/parallel.h"
#include "checkers/engine/certify.h"
#include "checkers/collection/collection_core.h"
#include "checkers/collection/collection_explain.h"
#include "checkers/collection/collection_judge.h"
#include "checkers/collection/collection_replay.h"
#include "checkers/collection/take_count.h"
#include "checkers/engine/frontier.h"
#include "checkers/key_tally.h"

#include <stdlib.h>
#include <string.h>

enum {
	OPS_MAX = 1 << 29
};

static const char *const complexities[COLLECTION_KINDS] = {
	[COLLECTION_QUEUE] = "peel of two interval orders: O(n) after sorting, complete "
			     "for values enqueued once",
	[COLLECTION_STACK] = "setting aside the bottom: O(n log n), complete for values "
			     "pushed once",
	[COLLECTION_PRIORITY_QUEUE] =
		"first free instants by falling priority: O(n) after "
		"sorting, complete for values inserted once",
	[COLLECTION_BAG] = "stays and gaps: O(n) after sorting, complete for values "
			   "enqueued once",
	[COLLECTION_TUPLE_SPACE] = "stays and gaps by pattern: O(n log n + matches), "
				   "complete for tuples written once",
};
static const char *const complexity_frontier =
	"frontier engine: exponential at worst in the operations open at once";
static const char *const complexity_mixed =
	"near-linear for keys whose values are put once; frontier engine for others";

struct run {
	enum collection collection;
	struct check_options options; /* of one worker */
	const struct partition *partition;
	const uint32_t *largest_first;
	struct collection_outcome *outcomes; /* by number of key */
};

/* ---- fits --------------------------------------------------------------------------- */

/* How many operations are only of this collection; SIZE_MAX: some are not of it. */
static size_t
count_own(const struct history *history, enum collection collection)
{
	struct err err;
	size_t own = 0;

	vec_each (struct op, op, &history->ops) {
		if (!collection_understands(collection, history, op, &err))
			return SIZE_MAX;
		own += op->f != F_READ && op->f != F_WRITE && op->f != F_PEEK;
	}
	return own;
}

/* Reads and writes without a take are those of a register. */
static int
fits(const struct history *history, enum collection collection)
{
	size_t own = count_own(history, collection);

	if (own == SIZE_MAX || own == 0)
		return 0;
	return collection == COLLECTION_BAG ? 5 : 12;
}

static bool
understands_all(enum collection collection, const struct history *history,
		struct check_result *result)
{
	struct err err;
	bool understood = history->ops.count < OPS_MAX;

	if (!understood)
		err_set(&err, "more than %d operations", OPS_MAX);
	for (size_t i = 0; i < history->ops.count && understood; i++)
		understood = collection_understands(collection, history,
						    &history->ops.items[i], &err);
	if (understood)
		return true;
	result->verdict = VERDICT_UNKNOWN;
	result->reason = mem_string(err.text);
	return false;
}

/* ---- check -------------------------------------------------------------------------- */

static void
judge_key(void *context, size_t i)
{
	struct run *run = context;
	uint32_t number = run->largest_first[i];
	struct key_ops key = partition_at(run->partition, number);

	collection_judge(run->collection, &key, &run->options, &run->outcomes[number]);
}

static void
merge_outcome(struct run *run, uint32_t number, struct check_result *result)
{
	struct collection_outcome *outcome = &run->outcomes[number];
	struct key_ops key = partition_at(run->partition, number);

	if (outcome->verdict == VERDICT_VALID) {
		vec_push(&result->orders, (struct order){.key = key.key,
							 .ops = outcome->order,
							 .count = outcome->order_count});
		outcome->order = NULL;
	}
	if (outcome->verdict == VERDICT_INVALID) {
		struct anomaly *anomaly =
			check_result_anomaly(result, outcome->name, key.key);
		if (anomaly != NULL)
			collection_explain(&key, anomaly, outcome);
	}
	collection_outcome_release(outcome);
}

static void
merge(struct run *run, struct check_result *result)
{
	size_t key_count = partition_count(run->partition);
	struct key_tally tally = {0};

	result->verdict = VERDICT_VALID;
	for (uint32_t number = 0; number < key_count; number++) {
		struct collection_outcome *outcome = &run->outcomes[number];
		key_tally_add(&tally, partition_at(run->partition, number).key,
			      outcome->verdict, outcome->used_frontier, &outcome->reason,
			      result);
		merge_outcome(run, number, result);
	}
	if (tally.by_frontier > 0)
		result->complexity = tally.by_frontier == key_count ? complexity_frontier
								    : complexity_mixed;
	key_tally_end(&tally, run->partition->history, result);
}

static void
check(enum collection collection, const struct history *history,
      const struct check_options *options, struct check_result *result)
{
	struct partition partition;
	struct run run = {
		.collection = collection, .options = *options, .partition = &partition};
	int threads = options->threads > 0 ? options->threads : parallel_processors();

	result->operations = history->ops.count;
	result->complexity = complexities[collection];
	run.options.budget.bytes_max /= (size_t)threads;
	if (!understands_all(collection, history, result))
		return;
	partition_init(&partition, history);
	size_t key_count = partition_count(&partition);
	uint32_t *largest_first = partition_largest_first(&partition);
	run.largest_first = largest_first;
	run.outcomes = mem_new(key_count + 1, sizeof(*run.outcomes));
	parallel_for(key_count, options->threads, judge_key, &run);
	merge(&run, result);
	free(run.outcomes);
	free(largest_first);
	partition_release(&partition);
}

/* ---- certify ------------------------------------------------------------------------ */

/* The replay keeps one state only and may choose wrongly what a take of unknown outcome
 * took; then the model that keeps all possibilities decides. */
static bool
certify_valid(enum collection collection, const struct history *history,
	      const struct check_options *options, const struct check_result *result,
	      struct err *err)
{
	return certify_orders(replay_of_collection(collection), history, options,
			      result->orders.items, result->orders.count, err) ||
	       certify_orders(model_of_collection(collection), history, options,
			      result->orders.items, result->orders.count, err);
}

/* The operations alone, by brute force or by counting; or, where no small core was found,
 * the whole key. */
static bool
certify_anomaly(enum collection collection, const struct key_ops *key,
		const struct check_options *options, const struct anomaly *anomaly,
		struct err *err)
{
	struct collection_core core;
	struct frontier frontier;

	collection_core_init(&core, collection, key, options, anomaly->ops.items,
			     anomaly->ops.count);
	bool holds = collection_core_refutes(&core);
	collection_core_release(&core);
	if (holds || take_count_proves(collection, key, options, anomaly->ops.items,
				       anomaly->ops.count))
		return true;
	frontier_judge(model_of_collection(collection), key, options, FRONTIER_BREADTH,
		       &frontier);
	holds = frontier.verdict == VERDICT_INVALID;
	frontier_release(&frontier);
	return holds ||
	       err_set(err, "the operations of '%s' alone are possible", anomaly->name);
}

/* Anomalies come in the order of keys, at most one each. */
static bool
certify_invalid(enum collection collection, const struct history *history,
		const struct check_options *options, const struct check_result *result,
		struct err *err)
{
	struct partition partition;
	size_t next = 0;
	bool holds = true;

	partition_init(&partition, history);
	for (size_t number = 0; number < partition_count(&partition) && holds; number++) {
		struct key_ops key = partition_at(&partition, number);
		if (next == result->anomalies.count ||
		    !val_equal(&history->values, key.key,
			       result->anomalies.items[next].key))
			continue;
		holds = certify_anomaly(collection, &key, options,
					&result->anomalies.items[next++], err);
	}
	if (holds && next < result->anomalies.count)
		holds = err_set(err, "anomalies are not in the order of keys");
	partition_release(&partition);
	return holds;
}

static bool
certify(enum collection collection, const struct history *history,
	const struct check_options *options, const struct check_result *result,
	struct err *err)
{
	if (result->verdict == VERDICT_VALID)
		return certify_valid(collection, history, options, result, err);
	return certify_invalid(collection, history, options, result, err);
}

#define COLLECTION_CHECKER(id, COLLECTION, checker_name, text)                           \
	static int id##_fits(const struct history *history)                              \
	{                                                                                \
		return fits(history, COLLECTION);                                        \
	}                                                                                \
	static void id##_check(const struct history *history,                            \
			       const struct check_options *options,                      \
			       struct check_result *result)                              \
	{                                                                                \
		check(COLLECTION, history, options, result);                             \
	}                                                                                \
	static bool id##_certify(const struct history *history,                          \
				 const struct check_options *options,                    \
				 const struct check_result *result, struct err *err)     \
	{                                                                                \
		return certify(COLLECTION, history, options, result, err);               \
	}                                                                                \
	const struct checker checker_##id = {                                            \
		.name = checker_name,                                                    \
		.summary = text,                                                         \
		.fits = id##_fits,                                                       \
		.check = id##_check,                                                     \
		.certify = id##_certify,                                                 \
	}

COLLECTION_CHECKER(queue, COLLECTION_QUEUE, "queue",
		   "linearizable FIFO queues with peeks and empty dequeues");
COLLECTION_CHECKER(stack, COLLECTION_STACK, "stack",
		   "linearizable stacks with peeks and empty pops");
COLLECTION_CHECKER(priority_queue, COLLECTION_PRIORITY_QUEUE, "priority-queue",
		   "linearizable priority queues with peeks and empty polls");
COLLECTION_CHECKER(bag, COLLECTION_BAG, "bag",
		   "linearizable bags: queues that promise no order");
COLLECTION_CHECKER(tuple_space, COLLECTION_TUPLE_SPACE, "tuple-space",
		   "linearizable tuple spaces: write, read and take by pattern");
