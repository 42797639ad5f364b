/* set_full.h - linearizability of a set that only grows and is read as a whole; each key a
 * set of its own.
 *
 * Operations: add ELEMENT; read (result: the list of all elements). What failed did not
 * happen; an add of unknown outcome counts when somebody read its element.
 *
 * Complete: reads must form a chain by inclusion; an element enters between the last read
 * without it and the first one with it, which gives stages, and one pass propagates the
 * earliest moment of each. Kept beside it, for each element, what Jepsen's set-full tells:
 * O(total size of the reads), plus one bit a known element and read.
 *
 *	lost-element        Known (acknowledged or read), then missing in a read, and in no
 *	                    read that began later.
 *	                    add 1 ok | read []
 *	stale-read          Known, then missing in a read, then there again.
 *	                    add 1 ok | read [] | read [1]
 *	duplicate-element   More than once in one read.
 *	                    read [1 1]
 *	unexpected-element  Read, but never added, or read before its add began.
 *	                    read [7]
 *	incomparable-reads  Each of two reads has an element that the other lacks.
 *	                    read [1] and read [2], at the same time
 *	adds-reordered      A read has an element and lacks one whose add was over before
 *	                    the add of the other began.
 *	                    read ... | add 1 ok | add 2 ok | ... read [2]
 *
 * In the details, by elements: attempts, stable (in every read from some moment on), lost,
 * never_read, stale (stable, but only after a read missed what was known), duplicated,
 * unexpected; and the stable latencies in ms (from known to stable) at 0, 0.5, 0.95, 0.99
 * and 1. */
#ifndef CHECKERS_SET_FULL_H
#define CHECKERS_SET_FULL_H

#include "checkers/checker.h"
#include "checkers/partition.h"

extern const struct checker checker_set_full;

/* The order that proves valid, and the two-operation proofs of anomalies. */
bool set_full_certify(const struct history *history, const struct check_options *options,
		      const struct check_result *result, struct err *err);

#endif
