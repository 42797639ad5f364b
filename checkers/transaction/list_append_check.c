/* list_append_check.c - the checker of transactions that append to lists and read them.
 */
#include "checkers/transaction/append_certify.h"
#include "checkers/transaction/core_certify.h"
#include "checkers/transaction/list_append.h"
#include "checkers/transaction/list_append_unread.h"
#include "checkers/transaction/list_append_weak.h"
#include "checkers/transaction/txn_certify.h"
#include "checkers/transaction/txn_orders.h"
#include "checkers/transaction/txn_sessions.h"
#include "checkers/transaction/weak_certify.h"

#include <stdlib.h>
#include <string.h>

static bool
is_append_txn(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;

	if (op->f != F_TXN || val_kind(op->input) != VAL_LIST)
		return false;
	for (size_t i = 0; i < val_count(values, op->input); i++) {
		val mop = val_at(values, op->input, i);
		if (val_kind(mop) != VAL_LIST || val_count(values, mop) < 2 ||
		    val_kind(val_at(values, mop, 0)) != VAL_STRING)
			return false;
		struct bytes f = val_text(values, val_at(values, mop, 0));
		if (f.len == 6 && memcmp(f.data, "append", 6) == 0)
			return true;
	}
	return false;
}

static int
fits(const struct history *history)
{
	vec_each (const struct op, op, &history->ops)
		if (is_append_txn(history, op))
			return 90;
	return 0;
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
		if (anomaly->is_core ? anomaly->proof.count == 0
				     : !txn_anomaly_is_known(anomaly))
			return false;
	return result->anomalies.count > 0;
}

/* What the level asked for forbids; 0 for a level that is none. */
static uint64_t
forbidden_by(const struct check_options *options)
{
	return options->level != NULL ? level_forbids_named(options->level)
				      : level_forbids(level_count() - 1);
}

/* Where the level asked for, or what proves it, hangs on the order of what nobody read, the
 * graph gets it. */
static void
judge_unread(struct judge *j)
{
	bool hangs = (j->isolation.open & j->asked) != 0;
	struct graph ordered;

	if (!list_append_order_unread(j, &ordered))
		return;
	if (hangs || txn_orders_take_snapshots(&j->isolation, j->asked)) {
		graph_release(&j->d.graph);
		j->d.graph = ordered;
	} else {
		graph_release(&ordered);
	}
}

static void
judge_dependencies(struct judge *j)
{
	const struct budget *budget = &j->options->budget;
	struct check_result *result = j->result;

	result->operations = j->d.txns.of.count;
	isolation_search(&j->d, budget, &j->isolation);
	list_append_judge_weak(&j->d, budget, &j->isolation);
	judge_unread(j);
	isolation_report(&j->d, &j->isolation, j->options->level, result);
	if (result->verdict == VERDICT_INVALID)
		judge_report_cores(j);
	if (result->verdict == VERDICT_VALID && !j->options->no_certify)
		txn_orders_make(&j->d, &j->isolation, j->asked, result);
	result->is_unproven = !is_provable(result, j->asked);
}

static void
check_sessions(const struct history *history, const struct check_options *options,
	       struct check_result *result)
{
	struct judge j = {.options = options,
			  .result = result,
			  .asked = forbidden_by(options),
			  .are_lists = true};
	struct err err;

	result->complexity = "dependency graph of list-append, O(n + elements read)";
	if (list_append_depend(&j.d, history, options, &err)) {
		judge_dependencies(&j);
	} else {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
	}
	rw_judge_release(&j);
}

static void
check(const struct history *history, const struct check_options *options,
      struct check_result *result)
{
	struct history split;

	check_sessions(txn_sessions_of(history, &split), options, result);
	history_release(&split);
}

/* ---- the certificate ------------------------------------------------------------------
 */

static bool
certify_valid(const struct history *history, const struct check_options *options,
	      const struct check_result *result, struct err *err)
{
	uint64_t forbidden = forbidden_by(options);
	const struct order *order = &result->orders.items[0];
	const struct append_claim claim = {
		.snapshot = result->order_kind == ORDER_SNAPSHOT,
		.process = level_has_process(forbidden),
		.realtime = level_has_realtime(forbidden),
	};

	if (result->order_kind == ORDER_DEPENDENCIES)
		return weak_certify(history, options, order, forbidden, err);
	return append_certify_order(history, order, &claim, err);
}

static bool
certify_sessions(const struct history *history, const struct check_options *options,
		 const struct check_result *result, struct err *err)
{
	struct check_options own = *options;

	own.nil_is_unknown = false; /* a list that is read as nil is empty */
	options = &own;
	if (result->is_unproven)
		return true;
	if (result->verdict == VERDICT_VALID)
		return certify_valid(history, options, result, err);
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (!(anomaly->is_core ? core_certify_lists : txn_anomaly_certify)(
			    history, options, anomaly, err))
			return false;
	return txn_level_is_broken(options, result, err);
}

static bool
certify(const struct history *history, const struct check_options *options,
	const struct check_result *result, struct err *err)
{
	struct history split;

	bool holds =
		certify_sessions(txn_sessions_of(history, &split), options, result, err);
	history_release(&split);
	return holds;
}

const struct checker checker_list_append = {
	.name = "list-append",
	.summary = "transactions that append to lists and read them: all levels of "
		   "isolation",
	.fits = fits,
	.check = check,
	.certify = certify,
};
