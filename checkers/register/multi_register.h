/* multi_register.h - linearizability of several registers that are read and written at
 * once, one small transaction an operation.
 *
 * Operations: txn [[f KEY VALUE] ...] with f "r" or "read" (the result has the values),
 * "w" or "write"; or read and write of a map {KEY VALUE ...}. Micro-operations happen in
 * their order, all at one moment. A read of nil returned the initial value, or nothing was
 * learned with options->nil_is_unknown. What failed did not happen.
 *
 * All keys are one object here, so histories cannot be cut by key. Where every value is
 * written once the search of rw-register is asked first, and proven; else, and where that
 * leaves it open, the frontier engine decides, exponential at worst: complete for any
 * values.
 *
 *	not-linearizable   No order of the transactions exists.
 *	                   txn w x 1, w y 1 ok | txn r x 1, r y nil */
#ifndef CHECKERS_MULTI_REGISTER_H
#define CHECKERS_MULTI_REGISTER_H

#include "checkers/engine/linearizable.h"

extern const struct checker checker_multi_register;
extern const struct model model_multi_register;

/* How many registers the operations name. */
size_t multi_register_keys(const struct history *history,
			   const struct check_options *options);

/* How many of them an operation reads and writes. */
size_t multi_register_micros(const struct values *values, const struct op *op);

/* The decider of multi_register_decide.c. */
void multi_register_decide(const struct key_ops *key, const struct check_options *options,
			   struct linearizable_key *found);

#endif
