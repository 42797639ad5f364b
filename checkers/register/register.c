#include "checkers/register/register.h"

#include "base/assert.h"
#include "base/parallel.h"
#include "checkers/engine/certify.h"
#include "checkers/engine/frontier.h"
#include "checkers/register/register_core.h"
#include "checkers/register/register_explain.h"
#include "checkers/register/zones.h"
#include "checkers/key_tally.h"

#include <stdlib.h>

static const char *const complexity_zones =
	"zones: O(n log n), complete for unique written values";
static const char *const complexity_frontier =
	"frontier engine: exponential at worst in the operations open at once";
static const char *const complexity_mixed = "zones, O(n log n), for keys with unique "
					    "written values; frontier engine for others";

/* What one key came to; filled by one worker, merged in the order of keys. */
struct outcome {
	enum verdict verdict;
	const char *complexity;
	char *reason; /* owned: why unknown; NULL */
	struct zones zones;
	bool used_frontier;
	uint32_t stuck_op; /* frontier, invalid */
	uint32_t *order;   /* owned; valid */
	size_t order_count;
};

struct run {
	const struct check_options *options;
	const struct partition *partition;
	const uint32_t *largest_first;
	struct outcome *outcomes; /* by number of key */
};

static int
register_fits(const struct history *history)
{
	struct err err;
	size_t writes = 0;

	vec_each (struct op, op, &history->ops) {
		if (!register_understands(history, op, &err))
			return 0;
		writes += op->f != F_READ;
	}
	return writes > 0 ? 10 : 1;
}

static bool
understands_all(const struct history *history, struct check_result *result)
{
	struct err err;

	vec_each (struct op, op, &history->ops) {
		if (register_understands(history, op, &err))
			continue;
		result->verdict = VERDICT_UNKNOWN;
		result->complexity = complexity_zones;
		result->reason = mem_string(err.text);
		return false;
	}
	return true;
}

/* A worker's share of the memory. */
static struct check_options
options_of_worker(const struct run *run)
{
	struct check_options options = *run->options;
	int threads = options.threads > 0 ? options.threads : parallel_processors();

	options.budget.bytes_max /= (size_t)threads;
	return options;
}

static void
judge_by_frontier(const struct key_ops *key, const struct check_options *options,
		  struct outcome *outcome)
{
	struct frontier frontier;

	frontier_judge(&model_register, key, options, FRONTIER_ALL, &frontier);
	outcome->used_frontier = true;
	outcome->complexity = complexity_frontier;
	outcome->verdict = frontier.verdict;
	outcome->stuck_op = frontier.stuck_op;
	outcome->reason = frontier.reason;
	outcome->order = frontier.order;
	outcome->order_count = frontier.order_count;
	frontier.reason = NULL;
	frontier.order = NULL;
	frontier_release(&frontier);
}

static void
judge_by_zones(const struct key_ops *key, const struct check_options *options,
	       struct outcome *outcome)
{
	struct zones *zones = &outcome->zones;

	outcome->complexity = complexity_zones;
	zones_judge(key, options, !options->no_certify, zones);
	outcome->verdict = zones->conflict_count > 0 ? VERDICT_INVALID : VERDICT_VALID;
	if (zones->is_stopped) {
		outcome->verdict = VERDICT_UNKNOWN;
		outcome->reason =
			mem_format("the budget of %s is used up",
				   budget_is_over(&options->budget) ? "time" : "memory");
	}
	outcome->order = zones->order;
	outcome->order_count = zones->order_count;
	zones->order = NULL;
}

/* Zones first: linear, and what they refute without the failed cas is refuted with them. */
static void
judge_key(void *context, size_t i)
{
	struct run *run = context;
	uint32_t number = run->largest_first[i];
	struct outcome *outcome = &run->outcomes[number];
	struct key_ops key = partition_at(run->partition, number);
	struct check_options options = options_of_worker(run);

	judge_by_zones(&key, &options, outcome);
	bool is_settled =
		outcome->zones.is_unique &&
		(outcome->verdict != VERDICT_VALID || !options.failed_cas_observes);
	if (is_settled)
		return;
	free(outcome->order);
	free(outcome->reason);
	judge_by_frontier(&key, &options, outcome);
}

static void
merge_conflicts(const struct run *run, uint32_t number, struct check_result *result)
{
	struct outcome *outcome = &run->outcomes[number];
	struct key_ops key = partition_at(run->partition, number);

	if (outcome->used_frontier && outcome->verdict == VERDICT_INVALID) {
		struct anomaly *anomaly =
			check_result_anomaly(result, "not-linearizable", key.key);
		if (anomaly != NULL)
			register_explain_stuck(&key, run->options, outcome->stuck_op,
					       anomaly);
		return;
	}
	vec_each (struct zones_conflict, conflict, &outcome->zones.conflicts) {
		struct anomaly *anomaly =
			check_result_anomaly(result, "not-linearizable", key.key);
		if (anomaly != NULL)
			register_explain(&key, run->options, conflict, anomaly);
	}
	result->anomaly_count +=
		outcome->zones.conflict_count - outcome->zones.conflicts.count;
}

static void
merge_order(const struct run *run, uint32_t number, struct check_result *result)
{
	struct outcome *outcome = &run->outcomes[number];

	if (outcome->order == NULL)
		return;
	vec_push(&result->orders,
		 (struct order){.key = partition_at(run->partition, number).key,
				.ops = outcome->order,
				.count = outcome->order_count});
	outcome->order = NULL;
}

static void
merge(const struct run *run, struct check_result *result)
{
	size_t key_count = partition_count(run->partition);
	struct key_tally tally = {0};

	result->verdict = VERDICT_VALID;
	result->complexity = complexity_zones;
	for (size_t number = 0; number < key_count; number++) {
		struct outcome *outcome = &run->outcomes[number];
		key_tally_add(&tally, partition_at(run->partition, number).key,
			      outcome->verdict, outcome->used_frontier, &outcome->reason,
			      result);
		merge_conflicts(run, number, result);
		merge_order(run, number, result);
		zones_release(&outcome->zones);
		free(outcome->reason);
	}
	if (tally.by_frontier > 0)
		result->complexity = tally.by_frontier == key_count ? complexity_frontier
								    : complexity_mixed;
	key_tally_end(&tally, run->partition->history, result);
}

static void
register_check(const struct history *history, const struct check_options *options,
	       struct check_result *result)
{
	struct partition partition;
	struct run run = {.options = options, .partition = &partition};

	result->operations = history->ops.count;
	if (!understands_all(history, result))
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

/* Each anomaly is refuted again: its operations alone by brute force or, where no small core
 * was found, the whole key by breadth-first search. */
static bool
certify_anomaly(const struct key_ops *key, const struct check_options *options,
		struct register_core *core, const struct anomaly *anomaly,
		struct err *err)
{
	struct frontier frontier;

	if (register_core_refutes(core, anomaly->ops.items, anomaly->ops.count))
		return true;
	frontier_judge(&model_register, key, options, FRONTIER_BREADTH | FRONTIER_WINDOWS,
		       &frontier);
	bool holds = frontier.verdict == VERDICT_INVALID;
	frontier_release(&frontier);
	return holds ||
	       err_set(err, "the operations of '%s' alone are possible", anomaly->name);
}

/* Anomalies come in the order of keys: each key is decoded once. */
static bool
certify_invalid(const struct history *history, const struct check_options *options,
		const struct check_result *result, struct err *err)
{
	struct partition partition;
	size_t next = 0;
	bool holds = true;

	partition_init(&partition, history);
	for (size_t number = 0; number < partition_count(&partition) && holds; number++) {
		struct key_ops key = partition_at(&partition, number);
		struct register_core core;
		if (next == result->anomalies.count ||
		    !val_equal(&history->values, key.key,
			       result->anomalies.items[next].key))
			continue;
		register_core_init(&core, &key, options);
		for (; holds && next < result->anomalies.count &&
		       val_equal(&history->values, key.key,
				 result->anomalies.items[next].key);
		     next++)
			holds = certify_anomaly(&key, options, &core,
						&result->anomalies.items[next], err);
		register_core_release(&core);
	}
	if (holds && next < result->anomalies.count)
		holds = err_set(err, "anomalies are not in the order of keys");
	partition_release(&partition);
	return holds;
}

static bool
register_certify(const struct history *history, const struct check_options *options,
		 const struct check_result *result, struct err *err)
{
	if (result->verdict == VERDICT_VALID)
		return certify_orders(&model_register, history, options,
				      result->orders.items, result->orders.count, err);
	return certify_invalid(history, options, result, err);
}

const struct checker checker_register = {
	.name = "register",
	.summary = "linearizable registers with compare-and-set, each key alone",
	.fits = register_fits,
	.check = register_check,
	.certify = register_certify,
};
