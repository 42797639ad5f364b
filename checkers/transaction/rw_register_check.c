/* rw_register_check.c - the checker of transactions that write and read registers. */
#include "checkers/transaction/isolation.h"
#include "checkers/transaction/core_certify.h"
#include "checkers/transaction/rw_certify.h"
#include "checkers/transaction/predicate.h"
#include "checkers/transaction/rw_core.h"
#include "checkers/transaction/rw_predicates.h"
#include "checkers/transaction/rw_proof.h"
#include "checkers/transaction/rw_weak.h"
#include "checkers/transaction/steps.h"
#include "checkers/transaction/txn_certify.h"
#include "checkers/transaction/txn_orders.h"
#include "checkers/transaction/weak_certify.h"

#include <stdlib.h>
#include <string.h>

/* The levels that ask for an order of all transactions, from strong to weak. */
static const struct order_level {
	const char *level;
	enum isolation_anomaly anomaly; /* when there is no such order */
	struct rw_question question;
} order_levels[] = {
	{"strict-serializable", ANOMALY_NO_SERIAL_REALTIME, {false, true, true}},
	{"strong-snapshot-isolation", ANOMALY_NO_SNAPSHOT_REALTIME, {true, true, true}},
	{"strong-session-serializable", ANOMALY_NO_SERIAL_PROCESS, {false, true, false}},
	{"strong-session-snapshot-isolation",
	 ANOMALY_NO_SNAPSHOT_PROCESS,
	 {true, true, false}},
	{"serializable", ANOMALY_NO_SERIAL_ORDER, {false, false, false}},
	{"snapshot-isolation", ANOMALY_NO_SNAPSHOT_ORDER, {true, false, false}},
};

enum {
	ORDER_LEVELS = sizeof(order_levels) / sizeof(order_levels[0]),
	SHRINK_TRIES = 400,
	TXNS_SHOWN = 12
};

/* A core that shows why a level does not hold. */
struct core_found {
	const struct order_level *level;
	VEC(uint32_t) txns;
};

struct judge {
	struct dependencies d;
	const struct check_options *options;
	struct check_result *result;
	struct isolation isolation;
	uint64_t asked;	    /* what the level asked for forbids */
	uint64_t absent;    /* anomalies that there are certainly not */
	VEC(uint32_t) txns; /* the committed ones */
	VEC(struct core_found) cores;
	const char *why_unknown;	  /* borrowed */
	struct rw_predicates *predicates; /* borrowed; NULL: there are none */
	uint64_t choices, conflicts;
};

/* ---- orders ---------------------------------------------------------------------------
 */

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

/* What proves a level below snapshot isolation, where there is no order of snapshots. */
static void
keep_allowed(struct judge *j)
{
	const struct isolation *isolation = &j->isolation;
	struct order order = {.key = VAL_OF_NIL, .count = isolation->allowed_count};

	if (j->result->orders.count > 0 || isolation->allowed == NULL)
		return;
	order.ops = mem_new(order.count + 1, sizeof(*order.ops));
	for (size_t i = 0; i < order.count; i++)
		order.ops[i] = j->d.txns.of.items[isolation->allowed[i]].op;
	vec_push(&j->result->orders, order);
	j->result->order_kind = ORDER_DEPENDENCIES;
}

static void
ask(struct judge *j, const uint32_t *txns, size_t count,
    const struct rw_question *question, struct rw_answer *answer)
{
	rw_order_find(&j->d, txns, (uint32_t)count, question, &j->options->budget,
		      answer);
	j->choices = answer->choices > j->choices ? answer->choices : j->choices;
	j->conflicts += answer->conflicts;
}

static bool
have_no_order(struct judge *j, const struct order_level *row, const uint32_t *txns,
	      size_t count, struct rw_answer *answer)
{
	ask(j, txns, count, &row->question, answer);
	return answer->verdict == VERDICT_INVALID;
}

/* The core must prove it again by itself: it is what the search met, not the proof. The
 * smaller core of that second search is taken when it is one too. */
static bool
keep_core(struct judge *j, const struct order_level *row, const struct rw_answer *first)
{
	struct rw_answer second, third = {0};
	bool proven =
		have_no_order(j, row, first->core.items, first->core.count, &second);

	if (proven) {
		bool smaller = have_no_order(j, row, second.core.items, second.core.count,
					     &third);
		const struct rw_answer *best = smaller ? &second : first;
		vec_push(&j->cores, (struct core_found){.level = row});
		struct core_found *found = vec_last(&j->cores);
		for (size_t i = 0; i < best->core.count; i++)
			vec_push(&found->txns, best->core.items[i]);
	}
	rw_answer_release(&second);
	rw_answer_release(&third);
	return proven;
}

/* When no smaller core proves it again, all transactions are the core. */
static void
keep_all(struct judge *j, const struct order_level *row)
{
	vec_push(&j->cores, (struct core_found){.level = row});
	vec_each (uint32_t, txn, &j->txns)
		vec_push(&vec_last(&j->cores)->txns, *txn);
}

static enum verdict
find_order(struct judge *j, const struct order_level *row)
{
	struct rw_answer answer;

	ask(j, j->txns.items, j->txns.count, &row->question, &answer);
	enum verdict verdict = answer.verdict;
	if (verdict == VERDICT_VALID && !keep_order(j, &row->question, &answer)) {
		verdict = VERDICT_UNKNOWN;
		j->why_unknown = j->predicates->why;
	} else if (verdict == VERDICT_UNKNOWN)
		j->why_unknown = answer.reason;
	else if (verdict == VERDICT_INVALID && !keep_core(j, row, &answer))
		keep_all(j, row);
	rw_answer_release(&answer);
	return verdict;
}

/* Asked for itself, or as the nearest stronger level of one that has no decider. */
static bool
is_wanted(const struct judge *j, uint64_t forbids)
{
	return (forbids & ~j->asked) == 0 ||
	       ((j->asked & anomaly_bit(ANOMALY_G_SINGLE)) != 0 &&
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

static void
judge_orders(struct judge *j)
{
	struct err err;

	for (size_t i = 0; i < ORDER_LEVELS; i++) {
		const struct order_level *row = &order_levels[i];
		size_t level = 0;
		level_find(row->level, &level, &err);
		uint64_t forbids = level_forbids(level);
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

/* The levels below, from strong to weak. */
static const struct weak_level {
	const char *level;
	struct weak_question question;
} weak_levels[] = {
	{"causal", {WEAK_CAUSAL, true, ANOMALY_CAUSALITY, ANOMALY_G1C_PROCESS}},
	{"strong-session-read-atomic",
	 {WEAK_ATOMIC, true, ANOMALY_FRACTURED_PROCESS, ANOMALY_G1C_PROCESS}},
	{"strong-session-monotonic-atomic-view",
	 {WEAK_MONOTONIC, true, ANOMALY_NON_MONOTONIC_PROCESS, ANOMALY_G1C_PROCESS}},
	{"read-atomic", {WEAK_ATOMIC, false, ANOMALY_FRACTURED_READ, ANOMALY_G1C}},
	{"monotonic-atomic-view",
	 {WEAK_MONOTONIC, false, ANOMALY_NON_MONOTONIC_VIEW, ANOMALY_G1C}},
	{"read-committed", {WEAK_COMMITTED, false, ANOMALY_G1C, ANOMALY_G1C}},
};

static bool
leaves_out(const struct judge *j)
{
	return j->predicates != NULL && j->predicates->expanded.leaves_out;
}

static void
judge_weak(struct judge *j)
{
	struct err err;

	for (size_t i = 0; i < sizeof(weak_levels) / sizeof(weak_levels[0]); i++) {
		const struct weak_level *row = &weak_levels[i];
		size_t level = 0;
		level_find(row->level, &level, &err);
		uint64_t forbids = level_forbids(level);
		if ((forbids & ~j->asked) != 0 || (forbids & j->isolation.found) != 0 ||
		    (forbids & ~j->absent) == 0)
			continue;
		enum verdict verdict = rw_weak_judge(&j->d, &row->question,
						     &j->options->budget, &j->isolation);
		bool reads_vary = row->question.view == WEAK_MONOTONIC &&
				  (j->isolation.found & anomaly_bit(ANOMALY_INTERNAL));
		if (verdict == VERDICT_VALID && leaves_out(j))
			j->why_unknown = j->predicates->why;
		else if (verdict == VERDICT_VALID && !reads_vary)
			j->absent |= forbids;
		else if (verdict == VERDICT_VALID)
			j->why_unknown =
				"a transaction read a key twice and differently, "
				"and only its first reads are judged";
		else if (verdict == VERDICT_UNKNOWN)
			j->why_unknown = "the clocks of so many processes need more "
					 "memory than the budget";
	}
}

/* ---- words ----------------------------------------------------------------------------
 */

static struct rw_claim
claim_of(const struct order_level *row, const struct check_options *options)
{
	return (struct rw_claim){row->question.snapshot, row->question.process,
				 row->question.realtime, options->nil_is_unknown};
}

static void
print_txns(const struct history *history, const uint32_t *ops, size_t count,
	   bool with_times, struct buf *text)
{
	for (size_t i = 0; i < count && i < TXNS_SHOWN; i++) {
		const struct op *op = &history->ops.items[ops[i]];
		step_print_txn(history, ops[i], text);
		if (with_times)
			buf_printf(text, " (events %u to %u)", op->invoke_at,
				   op->complete_at);
		buf_char(text, '\n');
	}
	if (count > TXNS_SHOWN)
		buf_printf(text, "and %zu more\n", count - TXNS_SHOWN);
}

/* The core in words: its transactions, and the cycles that all orders of the writes have,
 * as far as they were found. */
static void
describe_core(struct judge *j, const struct order_level *row, const struct proof *proof,
	      struct anomaly *anomaly)
{
	struct buf text = {0};

	buf_printf(&text, "%s%s\n", anomaly_definition(anomaly_find(anomaly->name)),
		   proof->holds && !proof->is_plain ? ", whatever the order of the writes"
						    : "");
	print_txns(j->d.txns.history, anomaly->ops.items, anomaly->ops.count,
		   row->question.realtime, &text);
	buf_string(&text, proof->holds ? proof->text : "");
	buf_printf(&text, "so these %zu have no order that is %s", anomaly->ops.count,
		   row->level);
	anomaly->text = text.data;
	anomaly->is_core = true;
	vec_each (const struct anomaly_step, step, &proof->steps)
		vec_push(&anomaly->steps, *step);
}

static bool
is_reported(const struct check_result *result, const char *name)
{
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (strcmp(anomaly->name, name) == 0)
			return true;
	return false;
}

static void
report_core(struct judge *j, struct core_found *core)
{
	const struct order_level *row = core->level;
	struct rw_claim claim = claim_of(row, j->options);
	uint32_t *ops = core->txns.items, count = (uint32_t)core->txns.count;
	struct proof proof;

	rw_core_shrink(&j->d, &row->question, &j->options->budget, SHRINK_TRIES, ops,
		       &count);
	for (uint32_t i = 0; i < count; i++)
		ops[i] = j->d.txns.of.items[ops[i]].op;
	proof_find(j->d.txns.history, ops, count, &claim, &proof);
	const char *name = proof.holds ? proof.anomaly : anomaly_name(row->anomaly);
	if (j->predicates != NULL)
		name = rw_predicates_name(j->predicates, name, ops, count, &claim);
	struct anomaly *anomaly =
		is_reported(j->result, name)
			? NULL
			: check_result_anomaly(j->result, name, VAL_OF_NIL);
	for (uint32_t i = 0; anomaly != NULL && i < count; i++)
		vec_push(&anomaly->ops, ops[i]);
	if (anomaly != NULL)
		describe_core(j, row, &proof, anomaly);
	proof_release(&proof);
}

/* Of the cores, those of the weakest serializable and the weakest snapshot level tell
 * most. */
static void
report_cores(struct judge *j)
{
	for (size_t i = j->cores.count; i-- > 0;) {
		struct core_found *core = &j->cores.items[i];
		bool told = (j->asked & anomaly_bit(core->level->anomaly)) == 0;
		for (size_t k = i + 1; k < j->cores.count; k++)
			told |= j->cores.items[k].level->question.snapshot ==
				core->level->question.snapshot;
		if (!told)
			report_core(j, core);
	}
}

/* ---- the check ------------------------------------------------------------------------
 */

/* Anomalies that the reader of versions sees without fail. */
static const enum isolation_anomaly seen_at_once[] = {
	ANOMALY_GARBAGE_READ, ANOMALY_DUPLICATE,   ANOMALY_INCOMPATIBLE_ORDER,
	ANOMALY_DIRTY_UPDATE, ANOMALY_INTERNAL,	   ANOMALY_G1A,
	ANOMALY_G1B,	      ANOMALY_LOST_UPDATE, ANOMALY_PREDICATE_MISMATCH,
};

static bool
begin(struct judge *j, const struct history *history, struct err *err)
{
	size_t level = level_count() - 1;

	if (j->options->level != NULL && !level_find(j->options->level, &level, err))
		return false;
	j->asked = level_forbids(level);
	if (!rw_register_read(&j->d, history, j->options->nil_is_unknown, err))
		return false;
	for (uint32_t t = 0; t < j->d.txns.of.count; t++)
		if (j->d.committed[t])
			vec_push(&j->txns, t);
	if (j->predicates != NULL)
		rw_predicates_find(j->predicates, &j->d);
	vec_each (const struct finding, finding, &j->d.findings)
		j->isolation.found |= anomaly_bit(finding->anomaly);
	for (size_t i = 0;
	     !leaves_out(j) && i < sizeof(seen_at_once) / sizeof(seen_at_once[0]); i++)
		j->absent |= anomaly_bit(seen_at_once[i]);
	return true;
}

static void
end(struct judge *j)
{
	vec_each (struct core_found, core, &j->cores)
		vec_release(&core->txns);
	vec_release(&j->cores);
	vec_release(&j->txns);
	isolation_release(&j->isolation);
	dependencies_release(&j->d);
}

/* Valid by an order, invalid by anomalies that can be proven. */
static bool
is_provable(const struct history *history, const struct check_options *options,
	    const struct check_result *result, uint64_t forbidden)
{
	if (result->verdict == VERDICT_VALID)
		return result->orders.count > 0 &&
		       (result->order_kind != ORDER_DEPENDENCIES ||
			weak_is_provable(history, options, forbidden));
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (anomaly->is_core ? !core_is_provable(anomaly)
				     : !txn_anomaly_is_known(anomaly))
			return false;
	return result->anomalies.count > 0;
}

/* With predicate reads only serial orders are proven. */
static bool
is_proven(const struct judge *j, const struct history *history)
{
	const struct check_result *result = j->result;

	if (j->predicates == NULL)
		return is_provable(history, j->options, result, j->asked);
	return result->verdict == VERDICT_VALID && result->orders.count > 0 &&
	       result->order_kind == ORDER_SERIAL && !j->predicates->is_repeatable;
}

/* What is open, and for repeatable read with predicates: all that other levels forbid, and
 * whatever item reads alone break. */
static void
leave_open(struct judge *j)
{
	struct isolation *isolation = &j->isolation;
	size_t level = 0;
	struct err err;

	isolation->has_predicates = j->predicates != NULL;
	isolation->why_open = j->why_unknown;
	isolation->open = ~(j->absent | isolation->found);
	if (j->predicates == NULL || !j->predicates->is_repeatable)
		return;
	if ((isolation->found & j->asked) != 0)
		isolation->found |= anomaly_bit(ANOMALY_NO_SERIAL_ORDER);
	level_find("repeatable-read", &level, &err);
	isolation->open |= ~level_forbids_of(level, true);
	isolation->open &= ~isolation->found;
}

static void
judge_history(struct judge *j, const struct history *history)
{
	struct check_result *result = j->result;
	struct err err;

	if (!begin(j, history, &err)) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
		return;
	}
	result->operations = j->d.txns.of.count;
	judge_orders(j);
	judge_weak(j);
	leave_open(j);
	isolation_report(&j->d, &j->isolation, j->options->level, result);
	if (result->verdict == VERDICT_VALID)
		keep_allowed(j);
	if (result->verdict == VERDICT_INVALID)
		report_cores(j);
	buf_printf(&result->details, ",\"choices\":%llu,\"conflicts\":%llu",
		   (unsigned long long)j->choices, (unsigned long long)j->conflicts);
	result->is_unproven = !is_proven(j, history);
}

static void
judge_predicates(struct judge *j, const struct history *history)
{
	struct rw_predicates predicates;
	struct err err;

	if (rw_predicates_init(&predicates, history, j->options, &err)) {
		j->predicates = &predicates;
		judge_history(j, &predicates.expanded.history);
		rw_predicates_clean(&predicates, j->result);
	} else {
		j->result->verdict = VERDICT_UNKNOWN;
		j->result->reason = mem_string(err.text);
	}
	end(j);
	rw_predicates_release(&predicates);
}

static void
check(const struct history *history, const struct check_options *options,
      struct check_result *result)
{
	struct judge j = {.options = options, .result = result};

	result->complexity = "order of versions by conflict-driven search, NP-complete; "
			     "O(n width) when times nearly tell it";
	if (predicates_are_in(history)) {
		judge_predicates(&j, history);
		return;
	}
	judge_history(&j, history);
	end(&j);
}

/* ---- the certificate ------------------------------------------------------------------
 */

static bool
certify_valid(const struct history *history, const struct check_options *options,
	      const struct check_result *result, uint64_t forbidden, struct err *err)
{
	const struct order *order = &result->orders.items[0];
	struct rw_claim claim = {.snapshot = result->order_kind == ORDER_SNAPSHOT,
				 .process = level_has_process(forbidden),
				 .realtime = level_has_realtime(forbidden),
				 .nil_is_unknown = options->nil_is_unknown};

	if (result->order_kind == ORDER_DEPENDENCIES)
		return weak_certify(history, options, order, forbidden, err);
	if (predicates_are_in(history))
		return rw_predicates_certify(history, options, order, &claim, err);
	return rw_certify_order(history, order, &claim, err);
}

static bool
certify(const struct history *history, const struct check_options *options,
	const struct check_result *result, struct err *err)
{
	size_t level = level_count() - 1;

	if (result->is_unproven)
		return true;
	if (options->level != NULL && !level_find(options->level, &level, err))
		return false;
	if (result->verdict == VERDICT_VALID)
		return certify_valid(history, options, result, level_forbids(level), err);
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (!(anomaly->is_core ? core_certify : txn_anomaly_certify)(
			    history, options, anomaly, err))
			return false;
	return txn_level_is_broken(options, result, err);
}

const struct checker checker_rw_register = {
	"rw-register",
	"transactions that write and read registers: all levels of isolation",
	rw_register_fits,
	check,
	certify,
};
