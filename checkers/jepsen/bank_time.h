/* bank_time.h - balances that the transfers cannot explain, though they add up.
 *
 * In real time a read must show what the transfers that were over before it began did,
 * and may show what those did that began before it was over. For an account that leaves
 * a range:
 *
 *	balance = initial + transfers that were over + some of those that were not
 *
 * so that each read bounds the initial balance from below and from above; two reads (or a
 * read and the known initial balance) whose bounds exclude each other are the violation.
 * Where nothing is under way the range is one number: a transfer that was lost, done
 * twice, or not yet to be seen shows in the next read. Necessary, not sufficient: which
 * of the transfers under way happened is asked for each account alone (bank_order.h asks
 * for all together). PURE, O(n log n + reads * accounts). */
#ifndef CHECKERS_BANK_TIME_H
#define CHECKERS_BANK_TIME_H

#include "checkers/checker.h"

/* Adds an anomaly "impossible-balance" (its subject: the account) for each read whose
 * bounds exclude those before it. Every transfer must say what it moved. Returns how
 * many; stops when the budget is over, and says so in the result. */
uint64_t bank_time_judge(const struct history *history,
			 const struct check_options *options,
			 struct check_result *result);

#endif
