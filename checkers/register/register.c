#include "checkers/register/register.h"

#include "base/assert.h"
#include "checkers/each_key.h"
#include "checkers/engine/certify.h"
#include "checkers/engine/frontier.h"
#include "checkers/register/register_core.h"
#include "checkers/register/register_explain.h"
#include "checkers/register/zones.h"

#include <stdlib.h>

static const char *const complexity_zones =
	"zones: O(n log n), complete for unique written values";
static const char *const complexity_frontier =
	"frontier engine: exponential at worst in the operations open at once";
static const char *const complexity_mixed = "zones, O(n log n), for keys with unique "
					    "written values; frontier engine for others";

struct outcome {
	struct key_outcome key;
	struct zones zones;
	uint32_t stuck_op; /* frontier, invalid */
};

/* A read that asks for something and is answered with a list of something else. */
static bool
is_query(const struct history *history, const struct op *op)
{
	return op->f == F_READ && op->type == OP_OK && op->input != VAL_OF_NIL &&
	       val_kind(op->output) == VAL_LIST &&
	       !val_equal(&history->values, op->input, op->output);
}

static int
register_fits(const struct history *history)
{
	struct err err;
	size_t writes = 0;

	vec_each (struct op, op, &history->ops) {
		if (!register_understands(history, op, &err) || is_query(history, op))
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
		result->reason = mem_string(err.text);
		return false;
	}
	return true;
}

static void
judge_by_frontier(const struct key_ops *key, const struct check_options *options,
		  struct outcome *outcome)
{
	struct frontier frontier;

	frontier_judge(&model_register, key, options, FRONTIER_ALL, &frontier);
	outcome->key = (struct key_outcome){.verdict = frontier.verdict,
					    .used_frontier = true,
					    .reason = frontier.reason,
					    .order = frontier.order,
					    .order_count = frontier.order_count};
	outcome->stuck_op = frontier.stuck_op;
	frontier.reason = NULL;
	frontier.order = NULL;
	frontier_release(&frontier);
}

static void
judge_by_zones(const struct key_ops *key, const struct check_options *options,
	       struct outcome *outcome)
{
	struct zones *zones = &outcome->zones;
	struct key_outcome *of_key = &outcome->key;

	zones_judge(key, options, !options->no_certify, zones);
	of_key->verdict = zones->conflict_count > 0 ? VERDICT_INVALID : VERDICT_VALID;
	if (zones->is_stopped) {
		of_key->verdict = VERDICT_UNKNOWN;
		of_key->reason =
			mem_format("the budget of %s is used up",
				   budget_is_over(&options->budget) ? "time" : "memory");
	}
	of_key->order = zones->order;
	of_key->order_count = zones->order_count;
	zones->order = NULL;
}

/* Zones first: linear, and what they refute without the failed cas is refuted with them. */
static void
judge_key(const void *context, const struct key_ops *key,
	  const struct check_options *options, void *filled)
{
	struct outcome *outcome = filled;

	(void)context;
	judge_by_zones(key, options, outcome);
	bool is_settled =
		outcome->zones.is_unique &&
		(outcome->key.verdict != VERDICT_VALID || !options->failed_cas_observes);
	if (is_settled)
		return;
	free(outcome->key.order);
	free(outcome->key.reason);
	judge_by_frontier(key, options, outcome);
}

static void
tell_conflicts(const struct check_options *options, const struct key_ops *key,
	       const struct outcome *outcome, struct check_result *result)
{
	const struct zones *zones = &outcome->zones;

	vec_each (struct zones_conflict, conflict, &zones->conflicts) {
		struct anomaly *anomaly =
			check_result_anomaly(result, "not-linearizable", key->key);
		if (anomaly != NULL)
			register_explain(key, options, conflict, anomaly);
	}
	result->anomaly_count += zones->conflict_count - zones->conflicts.count;
}

static void
tell_stuck(const struct check_options *options, const struct key_ops *key,
	   const struct outcome *outcome, struct check_result *result)
{
	struct anomaly *anomaly =
		check_result_anomaly(result, "not-linearizable", key->key);

	if (anomaly != NULL)
		register_explain_stuck(key, options, outcome->stuck_op, anomaly);
}

static void
tell_key(const void *context, const struct key_ops *key, void *filled,
	 struct check_result *result)
{
	struct outcome *outcome = filled;

	if (outcome->key.used_frontier && outcome->key.verdict == VERDICT_INVALID)
		tell_stuck(context, key, outcome, result);
	else
		tell_conflicts(context, key, outcome, result);
	zones_release(&outcome->zones);
}

static void
register_check(const struct history *history, const struct check_options *options,
	       struct check_result *result)
{
	static const struct each_key each = {.outcome_bytes = sizeof(struct outcome),
					     .judge = judge_key,
					     .tell = tell_key,
					     .complexity_frontier = complexity_frontier,
					     .complexity_mixed = complexity_mixed};

	result->operations = history->ops.count;
	result->complexity = complexity_zones;
	if (understands_all(history, result))
		each_key_judge(&each, options, history, options, result);
}

/* Each anomaly is refuted again: its operations alone by brute force or, where no small core
 * was found, the whole key by breadth-first search. */
static bool
certify_anomaly(const struct key_ops *key, const struct check_options *options,
		struct register_core *core, const struct anomaly *anomaly,
		struct err *err)
{
	return register_core_refutes(core, anomaly->ops.items, anomaly->ops.count) ||
	       frontier_refutes(&model_register, key, options,
				FRONTIER_BREADTH | FRONTIER_WINDOWS, anomaly->name, err);
}

static bool
certify_anomalies(const void *context, const struct key_ops *key,
		  const struct anomaly *anomalies, size_t count, struct err *err)
{
	const struct check_options *options = context;
	struct register_core core;
	bool holds = true;

	register_core_init(&core, key, options);
	for (size_t i = 0; i < count && holds; i++)
		holds = certify_anomaly(key, options, &core, &anomalies[i], err);
	register_core_release(&core);
	return holds;
}

static bool
register_certify(const struct history *history, const struct check_options *options,
		 const struct check_result *result, struct err *err)
{
	if (result->verdict == VERDICT_VALID)
		return certify_orders(&model_register, history, options,
				      result->orders.items, result->orders.count, err);
	return each_key_certify(history, result, certify_anomalies, options, err);
}

const struct checker checker_register = {
	.name = "register",
	.summary = "linearizable registers with compare-and-set, each key alone",
	.fits = register_fits,
	.check = register_check,
	.certify = register_certify,
};
