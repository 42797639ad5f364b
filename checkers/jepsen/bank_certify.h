/* bank_certify.h - what a bank's verdict claims, proven again from the operations: plain
 * sums, and for balances in real time each account alone. Shares only the reading of
 * operations with the decider. PURE. */
#ifndef CHECKERS_BANK_CERTIFY_H
#define CHECKERS_BANK_CERTIFY_H

#include "checkers/checker.h"

bool bank_certify(const struct history *history, const struct check_options *options,
		  const struct check_result *result, struct err *err);

#endif
