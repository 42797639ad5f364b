/* kafka_certify.h - the verdict on a log, proven again by raw offsets and sorted lists.
 *
 * Valid: every value stands at one offset and every offset has one value; what was polled
 * had been sent by somebody else, what was acknowledged was polled; each consumer and
 * producer is followed once more; and in the kept order every sender stands ahead of who
 * polled. Invalid: each anomaly is derived again from its operations. Shares the reading
 * of operations with the decider, nothing else. PURE, O(n + r log r) for r records that
 * were seen n times. */
#ifndef CHECKERS_KAFKA_CERTIFY_H
#define CHECKERS_KAFKA_CERTIFY_H

#include "checkers/checker.h"

bool kafka_certify(const struct history *history, const struct check_options *options,
		   const struct check_result *result, struct err *err);

#endif
