/* rw_register_check.c - the checker of transactions that write and read registers. */
#include "checkers/transaction/isolation.h"
#include "checkers/transaction/core_certify.h"
#include "checkers/transaction/rw_certify.h"
#include "checkers/transaction/rw_core.h"
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
	const char *why_unknown; /* static */
	uint64_t choices, conflicts;
};

/* ---- which history fits ---------------------------------------------------------------
 */

static bool
is_register_txn(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;

	for (size_t i = 0; i < val_count(values, op->input); i++) {
		val mop = val_at(values, op->input, i);
		if (val_kind(mop) != VAL_LIST || val_count(values, mop) < 2 ||
		    val_kind(val_at(values, mop, 0)) != VAL_STRING)
			return false;
		struct bytes f = val_text(values, val_at(values, mop, 0));
		if (f.len == 0 || (f.data[0] != 'w' && f.data[0] != 'r'))
			return false;
	}
	return true;
}

static int
fits(const struct history *history)
{
	int fit = 0;

	vec_each (const struct op, op, &history->ops) {
		if (op->f != F_TXN)
			continue;
		if (val_kind(op->input) != VAL_LIST || !is_register_txn(history, op))
			return 0;
		fit = 80;
	}
	return fit;
}

/* ---- orders ---------------------------------------------------------------------------
 */

static void
keep_order(struct judge *j, const struct rw_question *question,
	   const struct rw_answer *answer)
{
	struct order order = {.key = VAL_OF_NIL, .count = answer->order.count};

	if (j->result->orders.count > 0)
		return;
	order.ops = mem_new(order.count, sizeof(*order.ops));
	for (size_t i = 0; i < order.count; i++)
		order.ops[i] = j->d.txns.of.items[answer->order.items[i]].op;
	vec_push(&j->result->orders, order);
	j->result->order_kind = question->snapshot ? ORDER_SNAPSHOT : ORDER_SERIAL;
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
	if (verdict == VERDICT_VALID)
		keep_order(j, &row->question, &answer);
	else if (verdict == VERDICT_UNKNOWN)
		j->why_unknown = answer.reason;
	else if (!keep_core(j, row, &answer))
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
			j->isolation.found |= anomaly_bit(row->anomaly);
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
		if (verdict == VERDICT_VALID && !reads_vary)
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
	ANOMALY_G1B,	      ANOMALY_LOST_UPDATE,
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
	vec_each (const struct finding, finding, &j->d.findings)
		j->isolation.found |= anomaly_bit(finding->anomaly);
	for (size_t i = 0; i < sizeof(seen_at_once) / sizeof(seen_at_once[0]); i++)
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

static void
check(const struct history *history, const struct check_options *options,
      struct check_result *result)
{
	struct judge j = {.options = options, .result = result};
	struct err err;

	result->complexity = "order of versions by conflict-driven search, NP-complete; "
			     "O(n width) when times nearly tell it";
	if (!begin(&j, history, &err)) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
		end(&j);
		return;
	}
	result->operations = j.d.txns.of.count;
	judge_orders(&j);
	judge_weak(&j);
	j.isolation.open = ~(j.absent | j.isolation.found);
	j.isolation.why_open = j.why_unknown;
	isolation_report(&j.d, &j.isolation, options->level, result);
	if (result->verdict == VERDICT_VALID)
		keep_allowed(&j);
	if (result->verdict == VERDICT_INVALID)
		report_cores(&j);
	buf_printf(&result->details, ",\"choices\":%llu,\"conflicts\":%llu",
		   (unsigned long long)j.choices, (unsigned long long)j.conflicts);
	result->is_unproven = !is_provable(history, options, result, j.asked);
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
	fits,
	check,
	certify,
};
