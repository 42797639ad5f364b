/* rw_register_check.c - the checker of transactions that write and read registers. */
#include "checkers/transaction/core_certify.h"
#include "checkers/transaction/rw_certify.h"
#include "checkers/transaction/predicate.h"
#include "checkers/transaction/predicates_certify.h"
#include "checkers/transaction/rw_initial.h"
#include "checkers/transaction/rw_judge.h"
#include "checkers/transaction/rw_misses.h"
#include "checkers/transaction/txn_certify.h"
#include "checkers/transaction/txn_orders.h"
#include "checkers/transaction/txn_sessions.h"
#include "checkers/transaction/weak_certify.h"

/* Anomalies that the reader of versions sees without fail, and cycles of writes alone: any
 * order of all transactions, also one of processes and time, is an order of the versions that
 * has none. */
static const enum isolation_anomaly seen_at_once[] = {
	ANOMALY_G0,	      ANOMALY_G0_PROCESS,  ANOMALY_G0_REALTIME,
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
	if (!rw_register_read(&j->d, history, j->options, err))
		return false;
	for (uint32_t t = 0; t < j->d.txns.of.count; t++)
		if (j->d.committed[t])
			vec_push(&j->txns, t);
	if (j->predicates != NULL)
		rw_predicates_find(j->predicates, &j->d);
	vec_each (const struct finding, finding, &j->d.findings)
		j->isolation.found |= anomaly_bit(finding->anomaly);
	for (size_t i = 0; i < sizeof(seen_at_once) / sizeof(seen_at_once[0]); i++) {
		uint64_t bit = anomaly_bit(seen_at_once[i]);
		if (!judge_leaves_out(j) || rw_predicates_may_be_left_out(bit))
			j->absent |= bit;
	}
	return true;
}

/* What proves a level below snapshot isolation, where there is no order of snapshots. Of
 * read uncommitted any order does. */
static void
keep_allowed(struct judge *j)
{
	const struct isolation *isolation = &j->isolation;
	bool is_any = isolation->allowed == NULL;
	const uint32_t *txns = is_any ? j->txns.items : isolation->allowed;
	struct order order = {.key = VAL_OF_NIL};

	if (j->result->orders.count > 0)
		return;
	order.count = is_any ? j->txns.count : isolation->allowed_count;
	order.ops = mem_new(order.count + 1, sizeof(*order.ops));
	for (size_t i = 0; i < order.count; i++)
		order.ops[i] = j->d.txns.of.items[txns[i]].op;
	vec_push(&j->result->orders, order);
	j->result->order_kind = ORDER_DEPENDENCIES;
}

/* Valid by an order, invalid by anomalies that can be proven. */
static bool
is_provable(const struct check_result *result, uint64_t forbidden)
{
	if (result->verdict == VERDICT_VALID)
		return result->orders.count > 0 &&
		       (result->order_kind != ORDER_DEPENDENCIES ||
			weak_is_provable(forbidden));
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (anomaly->is_core ? !core_is_provable(anomaly)
				     : !txn_anomaly_is_known(anomaly))
			return false;
	return result->anomalies.count > 0;
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

/* Whether what was found can be proven again; if not, the reason says why. */
static void
tell_unproven(struct judge *j)
{
	struct check_result *result = j->result;

	result->is_unproven = !is_provable(result, j->asked);
	if (!result->is_unproven || result->verdict != VERDICT_INVALID ||
	    j->why_unproven == NULL)
		return;
	char *reason =
		mem_format("%s; not certified: %s", result->reason, j->why_unproven);
	free(result->reason);
	result->reason = reason;
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
	judge_parallel(j);
	leave_open(j);
	isolation_report(&j->d, &j->isolation, j->options->level, result);
	if (result->verdict == VERDICT_VALID)
		keep_allowed(j);
	if (result->verdict == VERDICT_INVALID) {
		rw_misses_tell_once(history, j->options, j->asked, result);
		judge_report_cores(j);
	}
	buf_printf(&result->details, ",\"choices\":%llu,\"conflicts\":%llu",
		   (unsigned long long)j->choices, (unsigned long long)j->conflicts);
	tell_unproven(j);
}

static void
judge_predicates(struct judge *j, const struct history *history)
{
	struct rw_predicates predicates;
	struct err err;

	if (rw_predicates_init(&predicates, history, j->options, &err)) {
		j->predicates = &predicates;
		judge_history(j, &predicates.expanded.history);
	} else {
		j->result->verdict = VERDICT_UNKNOWN;
		j->result->reason = mem_string(err.text);
	}
	rw_judge_release(j);
	rw_predicates_release(&predicates);
}

static void
judge_told(const struct history *history, const struct check_options *options,
	   struct check_result *result)
{
	struct judge j = {.options = options, .result = result};

	if (predicates_are_in(history)) {
		judge_predicates(&j, history);
		return;
	}
	judge_history(&j, history);
	rw_judge_release(&j);
}

/* What the retold transactions look like is not what was recorded. */
static void
explain_nil(const struct history *history, const struct check_options *options,
	    struct check_result *result)
{
	vec_each (struct anomaly, anomaly, &result->anomalies) {
		struct buf text = {0};
		buf_printf(&text, "%s\n(null, or nothing, stands for the initial value ",
			   anomaly->text);
		val_print(&history->values, options->init, &text);
		buf_char(&text, ')');
		free(anomaly->text);
		anomaly->text = mem_string(buf_text(&text));
		buf_release(&text);
	}
}

static void
judge_initial(const struct history *history, const struct check_options *options,
	      struct check_result *result)
{
	struct check_options inner;
	struct history retold;
	struct err err;

	if (rw_initial_retell(history, options, &retold, &inner, &err)) {
		judge_told(&retold, &inner, result);
		explain_nil(history, options, result);
	} else {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
	}
	history_release(&retold);
}

static void
judge_sessions(const struct history *history, const struct check_options *options,
	       struct check_result *result)
{
	if (rw_initial_is_told(options))
		judge_initial(history, options, result);
	else
		judge_told(history, options, result);
}

static void
check(const struct history *history, const struct check_options *options,
      struct check_result *result)
{
	struct history split;

	result->complexity = "order of versions by conflict-driven search, NP-complete; "
			     "O(n width) when times nearly tell it";

	judge_sessions(txn_sessions_of(history, &split), options, result);
	history_release(&split);
}

/* ---- the certificate ---- */

static bool
certify_valid(const struct history *history, const struct check_options *options,
	      const struct check_result *result, uint64_t forbidden, struct err *err)
{
	const struct order *order = &result->orders.items[0];
	struct rw_claim claim = {.snapshot = result->order_kind == ORDER_SNAPSHOT,
				 .process = level_has_process(forbidden),
				 .realtime = level_has_realtime(forbidden),
				 .nil_is_unknown = options->nil_is_unknown};

	if (predicates_are_in(history))
		return predicates_certify_order(history, options, result, &claim,
						forbidden, err);
	if (result->order_kind == ORDER_DEPENDENCIES)
		return weak_certify(history, options, order, forbidden, err);
	return rw_certify_order(history, order, &claim, err);
}

static bool
certify_told(const struct history *history, const struct check_options *options,
	     const struct check_result *result, struct err *err)
{
	size_t level = level_count() - 1;

	if (options->level != NULL && !level_find(options->level, &level, err))
		return false;
	if (result->verdict == VERDICT_VALID)
		return certify_valid(history, options, result, level_forbids(level), err);
	if (predicates_are_in(history))
		return predicates_certify_anomalies(history, options, result, err);
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (!(anomaly->is_core ? core_certify : txn_anomaly_certify)(
			    history, options, anomaly, err))
			return false;
	return txn_level_is_broken(options, result, err);
}

static bool
certify_sessions(const struct history *history, const struct check_options *options,
		 const struct check_result *result, struct err *err)
{
	struct check_options inner;
	struct history retold;

	if (!rw_initial_is_told(options))
		return certify_told(history, options, result, err);
	bool holds = rw_initial_retell(history, options, &retold, &inner, err) &&
		     certify_told(&retold, &inner, result, err);
	history_release(&retold);
	return holds;
}

static bool
certify(const struct history *history, const struct check_options *options,
	const struct check_result *result, struct err *err)
{
	struct history split;

	if (result->is_unproven)
		return true;
	bool holds =
		certify_sessions(txn_sessions_of(history, &split), options, result, err);
	history_release(&split);
	return holds;
}

const struct checker checker_rw_register = {
	.name = "rw-register",
	.summary = "transactions that write and read registers: all levels of isolation",
	.fits = rw_register_fits,
	.check = check,
	.certify = certify,
};
