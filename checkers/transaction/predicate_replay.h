/* predicate_replay.h - runs an order and asks every predicate again: each predicate read must
 * show exactly what satisfies it then. Reads the recorded history; shares only the meaning of
 * predicates with the decider. O(steps + predicate reads * keys). PURE. */
#ifndef CHECKERS_PREDICATE_REPLAY_H
#define CHECKERS_PREDICATE_REPLAY_H

#include "checkers/checker.h"

struct predicate_claim {
	bool snapshot; /* each stands twice: it sees its snapshot, its writes come later */
	/* Repeatable read: a key that is not shown says nothing, unless the transaction
	 * read or wrote it before. */
	bool items_only;
	bool nil_is_unknown; /* item reads of nil taught nothing */
};

/* False with the first predicate read that shows something else. Item reads are not
 * looked at: rw_certify_order does that. */
bool predicate_replay(const struct history *history, const struct order *order,
		      const struct predicate_claim *claim, struct err *err);

#endif
