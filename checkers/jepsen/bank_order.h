/* bank_order.h - all accounts together: one order of transfers and reads in which every
 * read shows exactly what the transfers ahead of it did, and real time is respected.
 *
 * Which of the transfers under way a read saw is a question of subset sums, NP-hard in
 * general (Papadimitriou 1979). A way from read to read is looked for first (bank_path.h);
 * where none is found this is asked of the frontier engine. Only where a history is
 * small: up to BANK_ORDER_OPS operations, BANK_ORDER_ACCOUNTS accounts and a bounded
 * memory. PURE. */
#ifndef CHECKERS_BANK_ORDER_H
#define CHECKERS_BANK_ORDER_H

#include "checkers/engine/model.h"

enum {
	BANK_ORDER_OPS = 20000,
	BANK_ORDER_ACCOUNTS = 32,
	BANK_ORDER_BYTES = 128 << 20,
	BANK_ORDER_BYTES_MIN = 1 << 20,
};

/* The balances as a state. Without initial balances the first read sets them. */
extern const struct model model_bank;

/* Valid: the order is kept in the result's orders. Invalid: anomalies are added. Unknown:
 * nothing is, and *why (owned by the caller) says why the order was not found. The result
 * must be without anomalies. */
enum verdict bank_order_judge(const struct history *history,
			      const struct check_options *options,
			      struct check_result *result, char **why);

/* Proves an order or anomalies again. */
bool bank_order_certify(const struct history *history,
			const struct check_options *options,
			const struct check_result *result, struct err *err);

#endif
