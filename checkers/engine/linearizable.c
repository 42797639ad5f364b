#include "checkers/engine/linearizable.h"

#include "base/parallel.h"
#include "checkers/engine/certify.h"
#include "checkers/explain.h"
#include "checkers/key_tally.h"
#include "checkers/engine/frontier.h"
#include "checkers/engine/oracle.h"
#include "checkers/engine/shrink.h"

#include <stdlib.h>
#include <string.h>

enum {
	CONTEXT_MAX = 5
};

/* What one key came to; filled by one worker, merged in the order of keys. */
struct outcome {
	struct linearizable_key key;
	enum verdict verdict;
	bool used_frontier;
	uint32_t stuck_op; /* frontier, invalid: not passed */
	char *reason;	   /* owned; unknown */
	struct frontier frontier;
};

struct run {
	const struct linearizable *type;
	const struct check_options *options;
	const struct partition *partition;
	const uint32_t *largest_first;
	struct outcome *outcomes; /* by number of key */
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
judge_by_frontier(const struct run *run, const struct key_ops *key,
		  const struct check_options *options, struct outcome *outcome)
{
	struct frontier *frontier = &outcome->frontier;

	frontier_judge(run->type->model, key, options, FRONTIER_ALL, frontier);
	outcome->used_frontier = true;
	outcome->verdict = frontier->verdict;
	outcome->key.order = frontier->order;
	outcome->key.order_count = frontier->order_count;
	frontier->order = NULL;
	if (frontier->verdict == VERDICT_UNKNOWN)
		outcome->reason = mem_string(frontier->reason);
}

static void
judge_key(void *context, size_t i)
{
	struct run *run = context;
	uint32_t number = run->largest_first[i];
	struct outcome *outcome = &run->outcomes[number];
	struct key_ops key = partition_at(run->partition, number);
	struct check_options options = *run->options;
	int threads = options.threads > 0 ? options.threads : parallel_processors();

	options.budget.bytes_max /= (size_t)threads;
	if (run->type->decide != NULL)
		run->type->decide(&key, &options, &outcome->key);
	outcome->verdict = outcome->key.verdict;
	if (outcome->verdict == VERDICT_NONE)
		judge_by_frontier(run, &key, &options, outcome);
	else if (outcome->verdict == VERDICT_UNKNOWN)
		outcome->reason = mem_string("the budget of time is used up");
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
name_core(const struct run *run, const uint32_t *ops, size_t count, const char **why)
{
	const char *name = NULL;

	*why = "no order of these operations is possible";
	if (run->type->name_core != NULL)
		name = run->type->name_core(run->partition->history, ops, count, why);
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
	anomaly->name = name_core(run, ops, core_count, &why);
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
	const struct linearizable_key *found = &outcome->key;

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
merge_key(const struct run *run, uint32_t number, struct check_result *result)
{
	struct outcome *outcome = &run->outcomes[number];
	struct key_ops key = partition_at(run->partition, number);

	if (outcome->verdict == VERDICT_INVALID && outcome->used_frontier)
		merge_stuck(run, &key, outcome, result);
	else if (outcome->verdict == VERDICT_INVALID)
		merge_conflicts(run, &key, outcome, result);
	if (outcome->key.order != NULL && outcome->verdict == VERDICT_VALID) {
		vec_push(&result->orders, (struct order){key.key, outcome->key.order,
							 outcome->key.order_count});
		outcome->key.order = NULL;
	}
}

static void
outcome_release(struct outcome *outcome)
{
	vec_release(&outcome->key.conflicts);
	free(outcome->key.order);
	free(outcome->reason);
	frontier_release(&outcome->frontier);
}

static void
merge(const struct run *run, struct check_result *result)
{
	struct key_tally tally = {0};

	result->verdict = VERDICT_VALID;
	for (uint32_t number = 0; number < partition_count(run->partition); number++) {
		struct outcome *outcome = &run->outcomes[number];
		key_tally_add(&tally, partition_at(run->partition, number).key,
			      outcome->verdict, outcome->used_frontier, &outcome->reason,
			      result);
		merge_key(run, number, result);
		outcome_release(outcome);
	}
	key_tally_end(&tally, run->partition->history, result);
}

static bool
is_judgeable(const struct linearizable *type, const struct history *history,
	     const struct check_options *options, struct err *err)
{
	vec_each (struct op, op, &history->ops) {
		if (!type->understands(history, op, err))
			return false;
	}
	return type->accepts == NULL || type->accepts(history, options, err);
}

void
linearizable_check(const struct linearizable *type, const struct history *history,
		   const struct check_options *options, struct check_result *result)
{
	struct partition partition;
	struct run run = {.type = type, .options = options, .partition = &partition};
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
certify_anomaly(const struct linearizable *type, const struct key_ops *key,
		const struct check_options *options, const struct anomaly *anomaly,
		struct err *err)
{
	struct frontier frontier;
	struct shrink shrink;

	if (type->contradicts != NULL && type->contradicts(key, options, anomaly))
		return true;
	shrink_init(&shrink, type->model, key, options);
	bool holds = shrink_refutes(&shrink, anomaly->ops.items, anomaly->ops.count);
	shrink_release(&shrink);
	if (holds)
		return true;
	frontier_judge(type->model, key, options, FRONTIER_BREADTH | FRONTIER_WINDOWS,
		       &frontier);
	holds = frontier.verdict == VERDICT_INVALID;
	frontier_release(&frontier);
	return holds ||
	       err_set(err, "the operations of '%s' alone are possible", anomaly->name);
}

static bool
certify_invalid(const struct linearizable *type, const struct history *history,
		const struct check_options *options, const struct check_result *result,
		struct err *err)
{
	struct partition partition;
	bool holds = true;

	partition_init(&partition, history);
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		uint32_t number = value_ids_find(&partition.keys, anomaly->key);
		if (number == VALUE_ID_NONE) {
			holds = err_set(err, "an anomaly has a key of no operation");
			break;
		}
		struct key_ops key = partition_at(&partition, number);
		holds = certify_anomaly(type, &key, options, anomaly, err);
		if (!holds)
			break;
	}
	partition_release(&partition);
	return holds;
}

bool
linearizable_certify(const struct linearizable *type, const struct history *history,
		     const struct check_options *options,
		     const struct check_result *result, struct err *err)
{
	if (result->verdict == VERDICT_VALID)
		return certify_orders(type->model, history, options, result->orders.items,
				      result->orders.count, err);
	return certify_invalid(type, history, options, result, err);
}
