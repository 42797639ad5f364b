#include "checkers/transaction/rw_judge.h"

#include <stdlib.h>

const struct order_level judge_levels[JUDGE_LEVELS] = {
	{"strict-serializable",
	 ANOMALY_NO_SERIAL_REALTIME,
	 {.process = true, .realtime = true}},
	{"strong-snapshot-isolation",
	 ANOMALY_NO_SNAPSHOT_REALTIME,
	 {.snapshot = true, .process = true, .realtime = true}},
	{"strong-session-serializable", ANOMALY_NO_SERIAL_PROCESS, {.process = true}},
	{"strong-session-snapshot-isolation",
	 ANOMALY_NO_SNAPSHOT_PROCESS,
	 {.snapshot = true, .process = true}},
	{"serializable", ANOMALY_NO_SERIAL_ORDER, {0}},
	{"snapshot-isolation", ANOMALY_NO_SNAPSHOT_ORDER, {.snapshot = true}},
};

/* The two levels are one: lost updates are cycles with one anti-dependency. */
const struct order_level judge_parallel_level = {
	"consistent-view", ANOMALY_G_SINGLE, {.parallel = true}};

void
rw_judge_release(struct judge *j)
{
	vec_each (struct core_found, core, &j->cores)
		vec_release(&core->txns);
	vec_release(&j->cores);
	vec_release(&j->txns);
	isolation_release(&j->isolation);
	dependencies_release(&j->d);
}

/* Keeps the first order that was found. False when predicate reads do not allow it. */
static bool
keep_order(struct judge *j, const struct rw_question *question,
	   const struct rw_answer *answer)
{
	struct order order = {.key = VAL_OF_NIL, .count = answer->order.count};
	bool allowed;

	order.ops = mem_new(order.count, sizeof(*order.ops));
	for (size_t i = 0; i < order.count; i++)
		order.ops[i] = j->d.txns.of.items[answer->order.items[i]].op;
	allowed = j->predicates == NULL ||
		  rw_predicates_allow(j->predicates, &order, question->snapshot);
	if (!allowed || j->result->orders.count > 0) {
		free(order.ops);
		return allowed;
	}
	vec_push(&j->result->orders, order);
	j->result->order_kind = question->snapshot ? ORDER_SNAPSHOT : ORDER_SERIAL;
	return true;
}

void
judge_ask(struct judge *j, const uint32_t *txns, size_t count,
	  const struct rw_question *question, struct rw_answer *answer)
{
	rw_order_find(&j->d, txns, (uint32_t)count, question, &j->options->budget,
		      answer);
	j->choices = answer->choices > j->choices ? answer->choices : j->choices;
	j->conflicts += answer->conflicts;
}

static enum verdict
find_order(struct judge *j, const struct order_level *row)
{
	struct rw_answer answer;

	judge_ask(j, j->txns.items, j->txns.count, &row->question, &answer);
	enum verdict verdict = answer.verdict;
	if (verdict == VERDICT_VALID && !keep_order(j, &row->question, &answer)) {
		verdict = VERDICT_UNKNOWN;
		j->why_unknown = j->predicates->why;
	} else if (verdict == VERDICT_UNKNOWN)
		j->why_unknown = answer.reason;
	else if (verdict == VERDICT_INVALID)
		judge_keep_core(j, row, &answer);
	rw_answer_release(&answer);
	return verdict;
}

/* Asked for itself, or for repeatable read, which serial orders decide (and snapshot
 * isolation mostly at once), or since an order may show what predicate reads saw, where
 * the reads themselves do not tell. */
static bool
is_wanted(const struct judge *j, uint64_t forbids)
{
	return (forbids & ~j->asked) == 0 ||
	       (judge_leaves_out(j) && !rw_predicates_may_be_left_out(j->asked)) ||
	       ((j->asked & anomaly_bit(ANOMALY_NO_SNAPSHOT_ORDER)) != 0 &&
		(forbids & anomaly_bit(ANOMALY_CAUSALITY)) == 0);
}

/* What the lack of an order is: of a serial one it is G2 where only predicate reads stand in
 * the way, and then repeatable read may hold. */
static void
judge_no_order(struct judge *j, const struct order_level *row)
{
	enum isolation_anomaly anomaly = row->anomaly;
	size_t repeatable = 0;
	struct err err;

	if (j->predicates != NULL && anomaly == ANOMALY_NO_SERIAL_ORDER &&
	    !j->predicates->is_repeatable) {
		enum verdict items = rw_predicates_repeatable(j->predicates);
		anomaly = items == VERDICT_INVALID ? anomaly : ANOMALY_G2;
		level_find("repeatable-read", &repeatable, &err);
		if (items == VERDICT_VALID)
			j->absent |= level_forbids_of(repeatable, true);
	}
	j->isolation.found |= anomaly_bit(anomaly);
}

void
judge_orders(struct judge *j)
{
	for (size_t i = 0; i < JUDGE_LEVELS; i++) {
		const struct order_level *row = &judge_levels[i];
		uint64_t forbids = level_forbids_named(row->level);
		if (!is_wanted(j, forbids) || (forbids & j->isolation.found) != 0 ||
		    (forbids & ~j->absent) == 0)
			continue;
		enum verdict verdict = find_order(j, row);
		if (verdict == VERDICT_VALID)
			j->absent |= forbids;
		else if (verdict == VERDICT_INVALID)
			judge_no_order(j, row);
	}
}

/* ---- parallel snapshots --------------------------------------------------------------- */

static void
keep_parallel_order(struct judge *j, const struct rw_answer *answer)
{
	struct isolation *isolation = &j->isolation;

	free(isolation->allowed);
	isolation->allowed = mem_new(answer->order.count + 1, sizeof(uint32_t));
	isolation->allowed_count = answer->order.count;
	for (size_t i = 0; i < answer->order.count; i++)
		isolation->allowed[i] = answer->order.items[i];
}

void
judge_parallel(struct judge *j)
{
	uint64_t forbids = level_forbids_named(judge_parallel_level.level);
	struct rw_answer answer;

	if ((forbids & ~j->asked) != 0 || (forbids & j->isolation.found) != 0 ||
	    (forbids & ~j->absent) == 0)
		return;
	judge_ask(j, j->txns.items, j->txns.count, &judge_parallel_level.question,
		  &answer);
	if (answer.verdict == VERDICT_INVALID) {
		judge_keep_core(j, &judge_parallel_level, &answer);
		j->isolation.found |= anomaly_bit(judge_parallel_level.anomaly);
	} else if (answer.verdict == VERDICT_UNKNOWN) {
		j->why_unknown = answer.reason;
	} else if (judge_leaves_out(j)) {
		j->why_unknown = j->predicates->why;
	} else {
		j->absent |= forbids;
		keep_parallel_order(j, &answer);
	}
	rw_answer_release(&answer);
}
