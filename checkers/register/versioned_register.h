/* versioned_register.h - linearizability of registers that tell versions: ETags,
 * revisions, modification counts; each key alone.
 *
 * Operations, as Jepsen's etcd tests write them:
 *	read	result [VERSION VALUE]
 *	write	input [nil VALUE], result [VERSION VALUE]
 *	cas	input [nil [EXPECTED NEW]], result [VERSION [EXPECTED NEW]]
 * Versions are numbers that increase with every change, with or without gaps. A version
 * of nil is not known. What failed did not happen and says nothing. At first the register
 * holds options->init, in a version lower than all others.
 *
 * Deciders: where every version that was seen belongs to one write, the stage lemma
 * (checkers/engine/stages.h), O(n log n), complete; else the frontier engine. Writes that
 * nobody saw have no stage, but those that a cas expected: one, or several cas in a row.
 *
 *	version-conflict     One version with two values, or given to two writes.
 *	                     write 1 -> version 3 | write 2 -> version 3
 *	unwritten-version    A value was read that nobody wrote.
 *	                     read -> version 3, value 7
 *	version-went-back    What began later met the older version.
 *	                     read -> version 3 | read -> version 2
 *	cas-mismatch         A cas succeeded on another value than the one before it.
 *	                     write 1 -> version 1 | cas [5 6] -> version 2
 *	not-linearizable     No order exists, for another reason. */
#ifndef CHECKERS_VERSIONED_REGISTER_H
#define CHECKERS_VERSIONED_REGISTER_H

#include "checkers/engine/linearizable.h"

#define VERSION_UNKNOWN INT64_MIN

/* What an operation that did not fail says: its version, the value after it, and for a cas
 * the value before it. */
struct versioned {
	int64_t version; /* VERSION_UNKNOWN: not told */
	val value, expected;
};

/* False for a read that told nothing. */
bool versioned_of(const struct history *history, const struct op *op,
		  struct versioned *versioned);

/* The version of the initial value: told by a read of it that is older than all writes;
 * VERSION_UNKNOWN when nobody read it. */
int64_t versioned_init_version(const struct key_ops *key,
			       const struct check_options *options);

/* The decider of versioned_decide.c. */
void versioned_decide(const struct key_ops *key, const struct check_options *options,
		      struct linearizable_key *found);

extern const struct checker checker_versioned_register;
extern const struct model model_versioned_register;

#endif
