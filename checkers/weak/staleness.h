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
 * Both are exact for these definitions, which look at each read alone. Delta-atomicity and
 * k-atomicity, which also compare reads with each other, stand beside them
 * (checkers/weak/atomicity.h): the time is exact too, k is exact or known to be at least
 * so much ("k_atomic_most" 0 in the details).
 *
 * No bound asked: figures, and valid. options->level asks for one: "2" (versions), "50ms"
 * (time) or "2,50ms": of reads alone or, with the model "atomic", of k- and
 * delta-atomicity. Then the anomalies are
 *	too-many-versions  A read returned a version older than the k last.
 *	                   k = 1: w1 ok | w2 ok | read 1
 *	too-old            A read returned what had been replaced longer ago than d.
 *	not-k-atomic       (atomic) No order has all reads within the k last writes.
 *	                   k = 1: w1 ok | w2 open: read 2 | read 1
 *	not-delta-atomic   (atomic) Nor when reads are taken to have begun d earlier.
 * and always unwritten-read and future-read (checkers/weak/regular.h).
 *
 * Two sweeps over the events, O(n + writes open at once for each read). */
#ifndef CHECKERS_STALENESS_H
#define CHECKERS_STALENESS_H

#include "checkers/checker.h"
#include "checkers/weak/atomicity.h"
#include "checkers/weak/observed.h"

extern const struct checker checker_staleness;

/* By operation, of reads: versions between (0: fresh), and the write whose completion made
 * the value stale first, or OP_NEVER. The caller frees both. */
struct staleness {
	uint32_t *versions;
	uint32_t *replacer;
};

/* False: the time is over. */
bool staleness_measure(const struct observed *observed, const struct budget *budget,
		       struct staleness *staleness);
void staleness_release(struct staleness *staleness);

/* Nanoseconds from the replacer's completion to the read's beginning; 0: none. */
int64_t staleness_ns(const struct observed *observed, const struct staleness *staleness,
		     uint32_t read);

struct staleness_bounds {
	uint32_t versions; /* UINT32_MAX: not asked */
	int64_t ns;	   /* INT64_MAX: not asked */
	bool is_atomic;
};

bool staleness_bounds_init(struct staleness_bounds *bounds,
			   const struct check_options *options, struct err *err);

struct staleness_figures {
	uint64_t reads, stale;
	uint32_t versions_max;
	int64_t ns_max, ns_sum;
};

void staleness_sum(const struct observed *observed, const struct staleness *staleness,
		   struct staleness_figures *figures);
void staleness_print(const struct staleness_figures *figures,
		     const struct atomicity *atomicity, struct buf *details);

/* Measures everything again, in another way. */
bool staleness_certify(const struct history *history, const struct check_options *options,
		       const struct check_result *result, struct err *err);

#endif
