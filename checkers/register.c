#include "checkers/register.h"

#include "base/assert.h"
#include "base/parallel.h"
#include "checkers/certify.h"
#include "checkers/register_explain.h"
#include "checkers/zones.h"

#include <stdlib.h>

static const char *const complexity_zones =
	"zones: O(n log n), complete for unique written values";

/* What one key came to; filled by one worker, merged in the order of keys. */
struct outcome {
	enum verdict verdict;
	const char *complexity;
	char *reason; /* owned: why unknown; NULL */
	struct zones zones;
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

static void
judge_key(void *context, size_t i)
{
	struct run *run = context;
	uint32_t number = run->largest_first[i];
	struct outcome *outcome = &run->outcomes[number];
	struct key_ops key = partition_at(run->partition, number);

	outcome->complexity = complexity_zones;
	zones_judge(&key, run->options, !run->options->no_certify, &outcome->zones);
	if (outcome->zones.is_stopped) {
		outcome->verdict = VERDICT_UNKNOWN;
		outcome->reason = mem_string("the budget is used up");
	} else if (!outcome->zones.is_unique) {
		outcome->verdict = VERDICT_UNKNOWN;
		outcome->reason = mem_string("one value is written twice");
	} else {
		outcome->verdict = outcome->zones.conflict_count > 0 ? VERDICT_INVALID
								     : VERDICT_VALID;
	}
}

static void
merge_conflicts(const struct run *run, uint32_t number, struct check_result *result)
{
	struct outcome *outcome = &run->outcomes[number];
	struct key_ops key = partition_at(run->partition, number);

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

	if (outcome->zones.order == NULL)
		return;
	vec_push(&result->orders,
		 (struct order){.key = partition_at(run->partition, number).key,
				.ops = outcome->zones.order,
				.count = outcome->zones.order_count});
	outcome->zones.order = NULL;
}

static void
merge(const struct run *run, struct check_result *result)
{
	size_t key_count = partition_count(run->partition), invalid = 0, unknown = 0;

	result->verdict = VERDICT_VALID;
	result->complexity = complexity_zones;
	for (size_t number = 0; number < key_count; number++) {
		struct outcome *outcome = &run->outcomes[number];
		result->verdict = verdict_worse(result->verdict, outcome->verdict);
		result->complexity = outcome->complexity;
		invalid += outcome->verdict == VERDICT_INVALID;
		unknown += outcome->verdict == VERDICT_UNKNOWN;
		merge_conflicts(run, number, result);
		merge_order(run, number, result);
		if (outcome->reason != NULL && result->reason == NULL) {
			result->reason = outcome->reason;
			outcome->reason = NULL;
		}
		zones_release(&outcome->zones);
		free(outcome->reason);
	}
	buf_printf(&result->details,
		   "\"keys\":%zu,\"keys_invalid\":%zu,\"keys_unknown\":%zu", key_count,
		   invalid, unknown);
	if (result->verdict == VERDICT_INVALID) {
		free(result->reason);
		result->reason =
			mem_format("%s, in %zu of %zu keys",
				   result->anomalies.items[0].name, invalid, key_count);
	} else if (result->verdict == VERDICT_VALID) {
		result->reason = mem_format("linearizable, %zu keys", key_count);
	}
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

static bool
register_certify(const struct history *history, const struct check_options *options,
		 const struct check_result *result, struct err *err)
{
	if (result->verdict == VERDICT_VALID)
		return certify_orders(&model_register, history, options,
				      result->orders.items, result->orders.count, err);
	return true;
}

const struct checker checker_register = {
	.name = "register",
	.summary = "linearizable registers with compare-and-set, each key alone",
	.fits = register_fits,
	.check = register_check,
	.certify = register_certify,
};
