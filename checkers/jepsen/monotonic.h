/* monotonic.h - what the decider of monotonic and the proof of its verdict both read. */
#ifndef CHECKERS_MONOTONIC_H
#define CHECKERS_MONOTONIC_H

#include "checkers/checker.h"

/* It was answered with a map of keys to numbers (what adds a row is answered with its
 * fields); with a list of rows. */
bool monotonic_is_map(const struct op *op);
bool monotonic_is_rows(const struct op *op);

/* The number of a row, which is one or has it as its field `val`. */
bool monotonic_row(const struct values *values, val row, int64_t *number);

/* The level strict-serializable was asked for by name. */
bool monotonic_is_strict(const struct check_options *options);

/* Proves a verdict: the order is replayed, a circle of "saw less than" is followed. */
bool monotonic_certify(const struct history *history, const struct check_options *options,
		       const struct check_result *result, struct err *err);

#endif
