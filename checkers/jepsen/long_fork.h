/* long_fork.h - what the decider of long-fork and the proof of its verdict both read. */
#ifndef CHECKERS_LONG_FORK_H
#define CHECKERS_LONG_FORK_H

#include "checkers/checker.h"

/* A micro-operation [f key value]. */
struct fork_part {
	bool is_write;
	val key, value;
};

/* Part i of a transaction; false when it is neither a read nor a write. */
bool fork_part_at(const struct values *values, val txn, size_t i, struct fork_part *part);

/* What it did when that is known, else what it tried. */
val fork_body(const struct op *op);

/* The level strict-serializable was asked for by name. */
bool fork_is_strict(const struct check_options *options);

/* Proves a verdict: the order is replayed, a cycle is followed through its operations. */
bool long_fork_certify(const struct history *history, const struct check_options *options,
		       const struct check_result *result, struct err *err);

#endif
