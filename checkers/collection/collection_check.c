/* The five checkers: each key judged alone and in parallel, results merged in the order of
 * keys, and the verdict proven again. */
#include "checkers/collection/collection.h"

#include "base/assert.h"
#include "checkers/each_key.h"
#include "checkers/engine/certify.h"
#include "checkers/collection/collection_core.h"
#include "checkers/collection/collection_explain.h"
#include "checkers/collection/collection_judge.h"
#include "checkers/collection/collection_replay.h"
#include "checkers/collection/take_count.h"
#include "checkers/engine/frontier.h"

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

struct judged {
	struct key_outcome key;
	struct collection_outcome of;
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

static bool
only_looks(const struct history *history)
{
	vec_each (struct op, op, &history->ops)
		if (op->f != F_PEEK)
			return false;
	return history->ops.count > 0;
}

/* Reads and writes without a take are those of a register. Looks alone may be of a queue. */
static int
fits(const struct history *history, enum collection collection)
{
	size_t own = count_own(history, collection);

	if (own == SIZE_MAX || own == 0)
		return collection == COLLECTION_QUEUE && only_looks(history)
			       ? FIT_POSSIBLE
			       : 0;
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
judge_key(const void *context, const struct key_ops *key,
	  const struct check_options *options, void *outcome)
{
	const enum collection *collection = context;
	struct judged *judged = outcome;
	struct collection_outcome *of = &judged->of;

	collection_judge(*collection, key, options, of);
	judged->key = (struct key_outcome){.verdict = of->verdict,
					   .used_frontier = of->used_frontier,
					   .reason = of->reason,
					   .order = of->order,
					   .order_count = of->order_count};
	of->reason = NULL;
	of->order = NULL;
}

static void
tell_key(const void *context, const struct key_ops *key, void *outcome,
	 struct check_result *result)
{
	struct judged *judged = outcome;
	struct anomaly *anomaly = NULL;

	(void)context;
	if (judged->key.verdict == VERDICT_INVALID)
		anomaly = check_result_anomaly(result, judged->of.name, key->key);
	if (anomaly != NULL)
		collection_explain(key, anomaly, &judged->of);
	collection_outcome_release(&judged->of);
}

static void
check(enum collection collection, const struct history *history,
      const struct check_options *options, struct check_result *result)
{
	static const struct each_key each = {.outcome_bytes = sizeof(struct judged),
					     .judge = judge_key,
					     .tell = tell_key,
					     .complexity_frontier = complexity_frontier,
					     .complexity_mixed = complexity_mixed};

	result->operations = history->ops.count;
	result->complexity = complexities[collection];
	if (understands_all(collection, history, result))
		each_key_judge(&each, &collection, history, options, result);
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

struct proving {
	enum collection collection;
	const struct check_options *options;
};

/* The operations alone, by brute force or by counting; or, where no small core was found,
 * the whole key. */
static bool
certify_anomaly(const struct proving *proving, const struct key_ops *key,
		const struct anomaly *anomaly, struct err *err)
{
	enum collection collection = proving->collection;
	const uint32_t *ops = anomaly->ops.items;
	size_t count = anomaly->ops.count;
	struct collection_core core;

	collection_core_init(&core, collection, key, proving->options, ops, count);
	bool holds = collection_core_refutes(&core);
	collection_core_release(&core);
	return holds ||
	       take_count_proves(collection, key, proving->options, ops, count) ||
	       frontier_refutes(model_of_collection(collection), key, proving->options,
				FRONTIER_BREADTH, anomaly->name, err);
}

static bool
certify_anomalies(const void *context, const struct key_ops *key,
		  const struct anomaly *anomalies, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (!certify_anomaly(context, key, &anomalies[i], err))
			return false;
	return true;
}

static bool
certify(enum collection collection, const struct history *history,
	const struct check_options *options, const struct check_result *result,
	struct err *err)
{
	const struct proving proving = {collection, options};

	if (result->verdict == VERDICT_VALID)
		return certify_valid(collection, history, options, result, err);
	return each_key_certify(history, result, certify_anomalies, &proving, err);
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
