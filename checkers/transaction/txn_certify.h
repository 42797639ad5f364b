/* txn_certify.h - proves verdicts about transactions again, whatever the data type: every
 * anomaly that was reported, and for invalid at least one that the level forbids. PURE. */
#ifndef CHECKERS_TXN_CERTIFY_H
#define CHECKERS_TXN_CERTIFY_H

#include "checkers/checker.h"

/* Whether an anomaly of this name can be proven from its operations and steps. */
bool txn_anomaly_is_known(const struct anomaly *anomaly);

/* Proves an anomaly again. */
bool txn_anomaly_certify(const struct history *history,
			 const struct check_options *options,
			 const struct anomaly *anomaly, struct err *err);

/* Whether the level asked for forbids an anomaly among those of the result. */
bool txn_level_is_broken(const struct check_options *options,
			 const struct check_result *result, struct err *err);

#endif
