/* predicate_expand.h - predicate reads as the item reads that they imply.
 *
 * All values that were ever written to a key are known, so a predicate read says of each key
 * which version it saw: the value shown, or, where it shows none, the only version that does
 * not satisfy the predicate (Kingsbury and Alvaro, "Elle", VLDB 2020). Nil never satisfies,
 * so that is nil when all written values would; when some would it is not known, and left
 * out; and when none would, the predicate has nothing to do with the key (what changes no
 * match is no dependency of predicates: Adya 1999).
 *
 * The expanded history has the operations of the first by the same indexes, and its pool
 * begins with the same values, so that indexes and values of one mean the same in the other.
 * An expanded read is named "r where > 5". Those of one predicate read stand in its place:
 * first the keys that it does not show, in the order of the first writes, then what it shows.
 * A key that the transaction read or wrote before is known to it: it is left out where it is
 * rightly not shown, and nil where it should have been.
 *
 * For repeatable read (Adya's PL-2.99) what is shown are item reads, as rows that a query
 * returns are, and nothing is said of what is not shown: phantoms are allowed.
 * O(predicate reads * keys + different predicates * writes). PURE. */
#ifndef CHECKERS_PREDICATE_EXPAND_H
#define CHECKERS_PREDICATE_EXPAND_H

#include "checkers/checker.h"

struct predicate_mismatch {
	uint32_t op;
	val key, value;
};

struct expanded {
	struct history history; /* owned */
	bool leaves_out;	/* some predicate read saw versions that are not known */
	uint32_t unknown_op;	/* the first such operation, and the key */
	val unknown_key;
	VEC(struct predicate_mismatch) mismatches; /* shown values that do not satisfy */
};

/* False with the reason when an operation is malformed or the budget ends. The caller calls
 * expanded_release in both cases. */
bool predicate_expand(const struct history *history, const struct check_options *options,
		      bool items_only, struct expanded *expanded, struct err *err);
void expanded_release(struct expanded *expanded);

/* The name of an expanded read behind "r where ", of a micro-operation of an expanded
 * history; empty for every other. */
struct bytes expanded_predicate(const struct values *values, val mop);

#endif
