#include "checkers/engine/linearizable.h"

#include "checkers/budget.h"
#include "checkers/each_key.h"
#include "checkers/engine/certify.h"
#include "checkers/explain.h"
#include "checkers/engine/frontier.h"
#include "checkers/engine/oracle.h"
#include "checkers/engine/shrink.h"

#include <stdlib.h>
#include <string.h>

enum {
	CONTEXT_MAX = 5,
	OPS_FREE = 1024 /* so few fit any budget */
};

struct outcome {
	struct key_outcome key;
	struct linearizable_key found;
	struct frontier frontier;
};

struct run {
	const struct linearizable *type;
	const struct check_options *options;
};

void
linearizable_conflict(struct linearizable_key *found, const char *name, const char *why,
		      const uint32_t *ops)
{
	struct linearizable_conflict conflict = {.name = name, .why = why};

	found->verdict = VERDICT_INVALID;
	found->conflict_count++;
	if (found->conflicts.count >= ANOMALIES_MAX)
		return;
	for (; *ops != OP_NEVER && conflict.op_count < LINEARIZABLE_WITNESSES; ops++)
		conflict.ops[conflict.op_count++] = *ops;
	vec_push(&found->conflicts, conflict);
}

/* ---- one key ------------------------------------------------------------------------
 */

static void
judge_by_frontier(const struct model *model, const struct key_ops *key,
		  const struct check_options *options, struct outcome *outcome)
{
	struct frontier *frontier = &outcome->frontier;

	frontier_judge(model, key, options, FRONTIER_ALL, frontier);
	outcome->key.used_frontier = true;
	outcome->key.verdict = frontier->verdict;
	outcome->key.order = frontier->order;
	outcome->key.order_count = frontier->order_count;
	frontier->order = NULL;
	if (frontier->verdict == VERDICT_UNKNOWN)
		outcome->key.reason = mem_string(frontier->reason);
}

static void
judge_by_decider(const struct linearizable *type, const struct key_ops *key,
		 const struct check_options *options, struct outcome *outcome)
{
	struct linearizable_key *found = &outcome->found;

	type->decide(key, options, found);
	outcome->key.verdict = found->verdict;
	outcome->key.order = found->order;
	outcome->key.order_count = found->order_count;
	if (found->verdict == VERDICT_UNKNOWN)
		outcome->key.reason = mem_string("the budget of time is used up");
}

static void
judge_key(const void *context, const struct key_ops *key,
	  const struct check_options *options, void *filled)
{
	const struct run *run = context;
	struct outcome *outcome = filled;

	if (run->type->decide != NULL)
		judge_by_decider(run->type, key, options, outcome);
	if (outcome->key.verdict != VERDICT_NONE)
		return;
	free(outcome->key.order);
	judge_by_frontier(run->type->model, key, options, outcome);
}

/* ---- words --------------------------------------------------------------------------
 */

static void
tell(const struct run *run, const struct key_ops *key, struct anomaly *anomaly,
     const char *why)
{
	struct buf text = {0};

	buf_printf(&text, "%s:\n", why);
	explain_list(key->history, anomaly, &text);
	if (run->type->add_numbers != NULL)
		run->type->add_numbers(key, run->options, anomaly, &text);
	explain_finish(anomaly, &text);
}

static const char *
name_core(const struct run *run, const struct history *history, const uint32_t *ops,
	  size_t count, const char **why)
{
	const char *name = NULL;

	*why = "no order of these operations is possible";
	if (run->type->name_core != NULL)
		name = run->type->name_core(history, ops, count, why);
	return name != NULL ? name : "not-linearizable";
}

/* The engine's window is tried first: it is known to refute. */
static size_t
find_core(struct shrink *shrink, const struct outcome *outcome, uint32_t *ops)
{
	const struct frontier *frontier = &outcome->frontier;
	size_t count = 0;

	if (frontier->core_count > 0 && frontier->core_count <= ORACLE_CALLS_MAX) {
		memcpy(ops, frontier->core, frontier->core_count * sizeof(*ops));
		count = shrink_core(shrink, ops, frontier->core_count);
	}
	return count > 0 ? count : shrink_near(shrink, frontier->stuck_op, ops);
}

/* Reads, or one operation, would not be understood alone. */
static size_t
add_context(struct shrink *shrink, uint32_t *ops, size_t count)
{
	size_t room = count < EXPLAIN_OPS_MAX ? EXPLAIN_OPS_MAX - count : 0;

	if (count == 0 || (count > 1 && shrink_has_change(shrink, ops, count)))
		return count;
	return shrink_add_context(shrink, ops, count,
				  room < CONTEXT_MAX ? room : CONTEXT_MAX);
}

/* A few operations that are impossible. */
static void
tell_core(const struct run *run, const struct key_ops *key, const uint32_t *ops,
	  size_t count, size_t core_count, struct anomaly *anomaly)
{
	const char *why;

	for (size_t i = 0; i < count; i++)
		explain_add(anomaly, ops[i]);
	anomaly->name = name_core(run, key->history, ops, core_count, &why);
	tell(run, key, anomaly, why);
}

/* Too many, of which only those are shown that lie where every order ends. */
static void
tell_nearest(const struct run *run, const struct key_ops *key,
	     const struct outcome *outcome, const uint32_t *ops, size_t count,
	     struct anomaly *anomaly)
{
	explain_add_nearest(anomaly, outcome->frontier.stuck_op, ops, count);
	char *why = mem_format("no order of these and others is possible; they are the "
			       "nearest to where every order ends, of %zu operations "
			       "that take part (no smaller part was found that shows it)",
			       count > anomaly->ops.count ? count : anomaly->ops.count);
	tell(run, key, anomaly, why);
	free(why);
}

static void
merge_stuck(const struct run *run, const struct key_ops *key,
	    const struct outcome *outcome, struct check_result *result)
{
	const struct frontier *frontier = &outcome->frontier;
	struct anomaly *anomaly =
		check_result_anomaly(result, "not-linearizable", key->key);
	uint32_t ops[ORACLE_CALLS_MAX + CONTEXT_MAX];
	struct shrink shrink;

	if (anomaly == NULL)
		return;
	shrink_init(&shrink, run->type->model, key, run->options);
	size_t core_count = find_core(&shrink, outcome, ops);
	size_t count = add_context(&shrink, ops, core_count);
	if (count > EXPLAIN_OPS_MAX)
		tell_nearest(run, key, outcome, ops, count, anomaly);
	else if (count > 0)
		tell_core(run, key, ops, count, core_count, anomaly);
	else
		tell_nearest(run, key, outcome, frontier->core, frontier->core_count,
			     anomaly);
	shrink_release(&shrink);
}

static void
merge_conflicts(const struct run *run, const struct key_ops *key,
		const struct outcome *outcome, struct check_result *result)
{
	const struct linearizable_key *found = &outcome->found;

	vec_each (struct linearizable_conflict, conflict, &found->conflicts) {
		struct anomaly *anomaly =
			check_result_anomaly(result, conflict->name, key->key);
		if (anomaly == NULL)
			continue;
		for (size_t i = 0; i < conflict->op_count; i++)
			explain_add(anomaly, conflict->ops[i]);
		tell(run, key, anomaly, conflict->why);
	}
	result->anomaly_count += found->conflict_count - found->conflicts.count;
}

/* ---- all keys -----------------------------------------------------------------------
 */

static void
tell_key(const void *context, const struct key_ops *key, void *filled,
	 struct check_result *result)
{
	struct outcome *outcome = filled;

	if (outcome->key.verdict == VERDICT_INVALID && outcome->key.used_frontier)
		merge_stuck(context, key, outcome, result);
	else if (outcome->key.verdict == VERDICT_INVALID)
		merge_conflicts(context, key, outcome, result);
	vec_release(&outcome->found.conflicts);
	frontier_release(&outcome->frontier);
}

static bool
has_room(const struct linearizable *type, const struct history *history,
	 const struct check_options *options, struct err *err)
{
	return type->op_bytes == 0 || history->ops.count <= OPS_FREE ||
	       budget_has_room(&options->budget, history->ops.count, type->op_bytes, err);
}

static bool
is_judgeable(const struct linearizable *type, const struct history *history,
	     const struct check_options *options, struct err *err)
{
	vec_each (struct op, op, &history->ops) {
		if (!type->understands(history, op, err))
			return false;
	}
	return (type->accepts == NULL || type->accepts(history, options, err)) &&
	       has_room(type, history, options, err);
}

void
linearizable_check(const struct linearizable *type, const struct history *history,
		   const struct check_options *options, struct check_result *result)
{
	static const struct each_key each = {.outcome_bytes = sizeof(struct outcome),
					     .judge = judge_key,
					     .tell = tell_key};
	const struct run run = {.type = type, .options = options};
	struct err err;

	result->operations = history->ops.count;
	result->complexity = type->complexity;
	if (!is_judgeable(type, history, options, &err)) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = err.hint[0] != '\0'
					 ? mem_format("%s (%s)", err.text, err.hint)
					 : mem_string(err.text);
		return;
	}
	each_key_judge(&each, &run, history, options, result);
}

int
linearizable_fits(const struct linearizable *type, const struct history *history, int fit)
{
	struct err err;

	vec_each (struct op, op, &history->ops) {
		if (!type->understands(history, op, &err))
			return 0;
	}
	return history->ops.count > 0 ? fit : 0;
}

/* ---- the proof ----------------------------------------------------------------------
 */

/* By the type's own short proof, by brute force on its operations alone or, where no small
 * core was found, by searching the whole key again breadth first. */
static bool
certify_anomaly(const struct run *run, const struct key_ops *key,
		const struct anomaly *anomaly, struct err *err)
{
	const struct linearizable *type = run->type;
	struct shrink shrink;

	if (type->contradicts != NULL && type->contradicts(key, run->options, anomaly))
		return true;
	shrink_init(&shrink, type->model, key, run->options);
	bool holds = shrink_refutes(&shrink, anomaly->ops.items, anomaly->ops.count);
	shrink_release(&shrink);
	return holds ||
	       frontier_refutes(type->model, key, run->options,
				FRONTIER_BREADTH | FRONTIER_WINDOWS, anomaly->name, err);
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

bool
linearizable_certify(const struct linearizable *type, const struct history *history,
		     const struct check_options *options,
		     const struct check_result *result, struct err *err)
{
	const struct run run = {.type = type, .options = options};

	if (result->verdict == VERDICT_VALID)
		return certify_orders(type->model, history, options, result->orders.items,
				      result->orders.count, err);
	return each_key_certify(history, result, certify_anomalies, &run, err);
}
