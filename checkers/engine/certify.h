/* certify.h - the proof of valid, verified: the orders are replayed.
 *
 * Separate small code on purpose: beside the model (the specification) it shares nothing
 * with the deciders. For the orders of all keys together it verifies that
 *	1. every operation that must have happened stands in the order of its key, once,
 *	   and nothing stands there that failed or belongs to another key;
 *	2. the model allows the operations one after the other;
 *	3. real time is respected: no operation completed before one ahead of it in the
 *	   order was invoked (a running maximum of invocations is enough). O(n) and one bit an
 *	   operation. */
#ifndef CHECKERS_CERTIFY_H
#define CHECKERS_CERTIFY_H

#include "checkers/engine/model.h"

bool certify_orders(const struct model *model, const struct history *history,
		    const struct check_options *options, const struct order *orders,
		    size_t count, struct err *err);

#endif
