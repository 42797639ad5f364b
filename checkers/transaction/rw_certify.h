/* rw_certify.h - proves verdicts about transactions on registers again, from the history
 * alone: an order is replayed, a core is tried in all orders. Predicate reads are passed over
 * (predicate_replay.h asks them). Shares nothing with the deciders; small on purpose. PURE. */
#ifndef CHECKERS_RW_CERTIFY_H
#define CHECKERS_RW_CERTIFY_H

#include "checkers/checker.h"

struct rw_claim {
	bool snapshot;	     /* snapshot isolation; else serializable */
	bool process;	     /* with the order within each process */
	bool realtime;	     /* with real time */
	bool nil_is_unknown; /* reads of nil taught nothing */
	bool are_lists; /* of cores alone: appends to lists, else writes of registers */
	bool parallel; /* of cores alone, instead of ->snapshot: parallel snapshot isolation,
			* no cycle with one anti-dependency or none */
};

enum {
	RW_CORE_MAX = 24 /* transactions of a core that can be tried in all orders */
};

/* The order runs: every read shows what is there. For snapshot isolation each operation
 * stands twice, for its snapshot and for its commit. */
bool rw_certify_order(const struct history *history, const struct order *order,
		      const struct rw_claim *claim, struct err *err);

/* Beside what was read: the commit of one transaction comes before the snapshot of another, or
 * one of the other ends of these. They are counted as they are listed. One after the other,
 * and by the words of parallel snapshots, whose ways go from commit to snapshot without an
 * anti-dependency and from snapshot to commit with one, the rest says nothing more. */
struct rw_given {
	uint32_t from, to;
	bool from_begin; /* from the snapshot, not the commit */
	bool to_commit;	 /* to the commit, not the snapshot */
};

/* No order of these operations runs, even when reads of what none of them wrote may show
 * anything. At most RW_CORE_MAX of them. */
bool rw_certify_core(const struct history *history, const uint32_t *ops, size_t count,
		     const struct rw_claim *claim, struct err *err);

/* The same of those orders that keep what is given; of parallel snapshots too, where the
 * writes of each key are put into all orders. */
bool rw_certify_given(const struct history *history, const uint32_t *ops, size_t count,
		      const struct rw_given *given, size_t given_count,
		      const struct rw_claim *claim, struct err *err);

#endif
