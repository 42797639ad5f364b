/* causal_reverse.h - what the decider of causal-reverse and the proof of its verdict both
 * read. */
#ifndef CHECKERS_CAUSAL_REVERSE_H
#define CHECKERS_CAUSAL_REVERSE_H

#include "checkers/checker.h"

/* It writes one value of the set; it read the set and was answered. */
bool causal_reverse_is_write(const struct op *op);
bool causal_reverse_is_read(const struct op *op);

/* Proves a verdict. Valid: for each read the first acknowledged write that it misses was
 * acknowledged after the last of its writes began. */
bool causal_reverse_certify(const struct history *history,
			    const struct check_options *options,
			    const struct check_result *result, struct err *err);

#endif
