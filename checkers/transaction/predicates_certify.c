#include "checkers/transaction/predicates_certify.h"

#include "checkers/transaction/core_certify.h"
#include "checkers/transaction/expanded_certify.h"
#include "checkers/transaction/finding_certify.h"
#include "checkers/transaction/predicate_replay.h"
#include "checkers/transaction/rw_predicates.h"
#include "checkers/transaction/txn_certify.h"
#include "checkers/transaction/weak_certify.h"

#include <string.h>

static bool
certify_dependencies(const struct history *history, const struct check_options *options,
		     const struct order *order, uint64_t forbidden, struct err *err)
{
	struct expanded expanded;
	bool ok = predicate_expand(history, options, false, &expanded, err) &&
		  expanded_certify(history, options, false, &expanded, err);

	if (ok && expanded.leaves_out && !rw_predicates_may_be_left_out(forbidden))
		ok = err_set(err, "which versions the predicate reads saw is not known");
	ok = ok && weak_certify(&expanded.history, options, order, forbidden, err);
	expanded_release(&expanded);
	return ok;
}

bool
predicates_certify_order(const struct history *history,
			 const struct check_options *options,
			 const struct check_result *result, const struct rw_claim *claim,
			 uint64_t forbidden, struct err *err)
{
	const struct order *order = &result->orders.items[0];
	const struct predicate_claim about = {.snapshot = claim->snapshot,
					      .items_only =
						      rw_predicates_are_items(options),
					      .nil_is_unknown = options->nil_is_unknown};

	if (result->order_kind == ORDER_DEPENDENCIES)
		return certify_dependencies(history, options, order, forbidden, err);
	return rw_certify_order(history, order, claim, err) &&
	       predicate_replay(history, order, &about, err);
}

/* The transactions have an order without what predicate reads do not show. */
static bool
needs_predicates(const struct history *items, const struct check_options *options,
		 const struct anomaly *core, struct err *err)
{
	const struct rw_claim claim = {.process = strcmp(core->name, "G2") != 0,
				       .realtime = strcmp(core->name, "G2-realtime") == 0,
				       .nil_is_unknown = options->nil_is_unknown};
	struct err has_order;

	return core->ops.count > RW_CORE_MAX ||
	       !rw_certify_core(items, core->ops.items, core->ops.count, &claim,
				&has_order) ||
	       err_set(err, "the item reads of %s break it already", core->name);
}

static bool
is_of_predicates(const char *name)
{
	return strcmp(name, "G2") == 0 || strcmp(name, "G2-process") == 0 ||
	       strcmp(name, "G2-realtime") == 0;
}

struct views {
	struct expanded all, items;
};

static bool
certify_anomaly(const struct history *history, const struct check_options *options,
		const struct views *views, const struct anomaly *anomaly, struct err *err)
{
	const struct history *judged = rw_predicates_are_items(options)
					       ? &views->items.history
					       : &views->all.history;

	if (is_of_predicates(anomaly->name) &&
	    !needs_predicates(&views->items.history, options, anomaly, err))
		return false;
	if (anomaly->is_core)
		return core_certify(judged, options, anomaly, err);
	if (strcmp(anomaly->name, "predicate-mismatch") == 0)
		return finding_certify(history, options, anomaly, err);
	return txn_anomaly_certify(judged, options, anomaly, err);
}

bool
predicates_certify_anomalies(const struct history *history,
			     const struct check_options *options,
			     const struct check_result *result, struct err *err)
{
	struct views views = {0};
	bool ok = predicate_expand(history, options, false, &views.all, err) &&
		  predicate_expand(history, options, true, &views.items, err) &&
		  expanded_certify(history, options, false, &views.all, err) &&
		  expanded_certify(history, options, true, &views.items, err);

	vec_each (const struct anomaly, anomaly, &result->anomalies)
		ok = ok && certify_anomaly(history, options, &views, anomaly, err);
	expanded_release(&views.all);
	expanded_release(&views.items);
	return ok && txn_level_is_broken(options, result, err);
}
