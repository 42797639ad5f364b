/* zones.h - linearizability of one register whose written values are unique, in
 * O(n log n) at worst and linear where operations come nearly in order.
 *
 * Source: Gibbons and Korach, "Testing shared memories", SIAM J. Comput. 26 (1997),
 * section 4 (zones), extended here to compare-and-set and to operations of unknown
 * outcome.
 *
 * With unique values a register holds each value during one unbroken period.
 *	1. An info write or cas is known to have happened iff its value was seen by an
 *	   operation that happened; otherwise it can be left out. No doubt remains.
 *	2. A block is a plain write and the chain of cas that follows it (v0 -> v1 ->
 *	   ...), with all reads of these values. In chain order every operation must be able to
 *	   follow all those before it: no completion before an invocation of an earlier one.
 *	3. f is the first completion in a block, s its last invocation. f < s: a forward
 *	   zone, [f, s] belongs to the block alone. Otherwise a backward zone: the whole block can
 *	   happen at any one instant of [s, f].
 *	4. Linearizable iff forward zones are disjoint and no backward zone lies strictly
 *	   within a forward one. The initial value is a block whose write lies before everything.
 *
 * Complete for these histories, and the order that it finds is a proof. 24 bytes a
 * written value and 8 a forward zone of working memory; no other allocation grows with the
 * history. */
#ifndef CHECKERS_ZONES_H
#define CHECKERS_ZONES_H

#include "checkers/checker.h"
#include "checkers/partition.h"

enum zones_conflict_kind {
	ZONES_UNWRITTEN = 1, /* `late` saw a value that nobody wrote */
	ZONES_FORKED,	     /* `early` and `late` are cas from the same value */
	ZONES_CYCLE, /* the cas `late` stands in a ring of cas without a beginning */
	ZONES_CHAIN, /* `late` follows `early` in its block but completed before it began
		      */
	ZONES_OVERLAP, /* two periods that cannot be disjoint */
};

/* Where a block is known to hold the register. */
struct zone {
	uint32_t first; /* op that completes first (f); OP_NEVER: the initial write */
	uint32_t last;	/* op that is invoked last (s); OP_NEVER: the initial write */
	uint32_t root;	/* op of the plain write; OP_NEVER: the initial write */
};

struct zones_conflict {
	enum zones_conflict_kind kind;
	uint32_t early, late; /* indexes into history->ops; OP_NEVER: none */
	struct zone outer,
		inner; /* ZONES_OVERLAP: outer.first completes before inner's */
};

struct zones {
	bool is_unique;	 /* false: two operations write one value, nothing was decided */
	bool is_stopped; /* the budget is over, nothing was decided */
	VEC(struct zones_conflict)
	conflicts; /* at most ANOMALIES_MAX; empty: linearizable */
	uint64_t conflict_count;
	uint32_t *order; /* owned; the proof: indexes into history->ops; NULL unless asked
			    for */
	size_t order_count;
	size_t bytes_peak; /* working memory */
};

/* Judges one key. The operations must be reads, writes and well-formed cas
 * (register_understands). The caller calls zones_release. */
void zones_judge(const struct key_ops *key, const struct check_options *options,
		 bool want_order, struct zones *zones);
void zones_release(struct zones *zones);

#endif
