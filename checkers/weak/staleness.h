/* staleness.h - how old the values were that registers returned: in versions and in time.
 *
 * versions  The smallest k such that every read alone, with all writes, has an order that
 *           respects real time in which it returns one of the k last writes: k-regular,
 *           Aiyer, Alvisi and Bazzi, "On the availability of non-strict quorum systems",
 *           DISC 2005. 1: regular. Each read counts the writes that certainly lie between
 *           its value's write and it, and one more.
 * time      The smallest d such that the history is regular when every read is taken to
 *           have begun d earlier: after Golab, Li and Shah's delta-atomicity (PODC 2011).
 *           A read's is the time from the first completion of a write that replaced its
 *           value to its own beginning.
 * Both are exact for these definitions, and lower bounds of k-atomicity and
 * delta-atomicity, which also compare reads with each other.
 *
 * No bound asked: figures, and valid. options->level asks for one: "2" (versions), "50ms"
 * (time) or "2,50ms". Then the anomalies are
 *	too-many-versions  A read returned a version older than the k last.
 *	                   k = 1: w1 ok | w2 ok | read 1
 *	too-old            A read returned what had been replaced longer ago than d.
 * and always unwritten-read and future-read (checkers/weak/regular.h).
 *
 * Two sweeps over the events, O(n + writes open at once for each read). */
#ifndef CHECKERS_STALENESS_H
#define CHECKERS_STALENESS_H

#include "checkers/checker.h"
#include "checkers/weak/observed.h"

extern const struct checker checker_staleness;

/* By operation, of reads: versions between (0: fresh), and the write whose completion made
 * the value stale first, or OP_NEVER. The caller frees both. */
struct staleness {
	uint32_t *versions;
	uint32_t *replacer;
};

void staleness_measure(const struct observed *observed, struct staleness *staleness);
void staleness_release(struct staleness *staleness);

/* Nanoseconds from the replacer's completion to the read's beginning; 0: none. */
int64_t staleness_ns(const struct observed *observed, const struct staleness *staleness,
		     uint32_t read);

#endif
