#include "checkers/transaction/txn_certify.h"

#include "checkers/transaction/cycle_certify.h"
#include "checkers/transaction/finding_certify.h"
#include "checkers/transaction/isolation.h"

bool
txn_anomaly_is_known(const struct anomaly *anomaly)
{
	return anomaly->steps.count > 0 ? cycle_is_known(anomaly->name)
					: finding_is_known(anomaly->name);
}

bool
txn_anomaly_certify(const struct history *history, const struct check_options *options,
		    const struct anomaly *anomaly, struct err *err)
{
	return anomaly->steps.count > 0 ? cycle_certify(history, options, anomaly, err)
					: finding_certify(history, options, anomaly, err);
}

bool
txn_level_is_broken(const struct check_options *options,
		    const struct check_result *result, struct err *err)
{
	size_t level = level_count() - 1;

	if (options->level != NULL && !level_find(options->level, &level, err))
		return false;
	vec_each (const struct anomaly, anomaly, &result->anomalies) {
		enum isolation_anomaly found = anomaly_find(anomaly->name);
		if (found < ANOMALY_COUNT &&
		    (level_forbids(level) & anomaly_bit(found)) != 0)
			return true;
	}
	return err_set(err, "no anomaly that was found breaks %s", level_name(level));
}
