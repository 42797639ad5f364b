/* frontier.h - linearizability of any sequential data type, by searching configurations.
 *
 * Sources: Wing and Gong 1993; Lowe, "Testing for linearizability", CCPE 2017 (memoised
 * configurations, just-in-time linearization). Departures: layers are completions only;
 * reads that fit are taken at once; of configurations that differ in the crashed
 * operations they used, only those with the fewest are kept; crashed operations that do
 * the same are used in one order only, only while somebody can still notice, and only
 * right before somebody does.
 *
 * A configuration at layer e (the e-th completion) is: the state, which of the open calls
 * have taken effect (one bit a slot), and how many crashed calls of each class were used.
 * Four drivers share the steps and take turns with doubling budgets of work:
 *	depth-first	finds an order soon where there is one
 *	beam		layer by layer, only the ways that used the fewest crashed calls:
 *			finds orders where crashed calls are many; refutes nothing
 *	breadth-first	layer by layer, in a beam that becomes wider as long as nothing is
 *			found. Crashed calls are counted all together; a way that needs more of
 *			a class than there are has that class counted apart (refinement of an
 *			abstraction by counterexamples: Clarke et al., CAV 2000)
 *	windows		refutes: from w completions before the furthest layer reached, with
 *			any state and any open calls done, nothing reaches beyond it. Needs a
 *			model whose states are known beforehand. Crashed calls as above
 * Exact configurations are compared, never fingerprints. Exponential at worst in the
 * calls open at once; linear in the length of histories that are easy. At most
 * 1024 calls open at once (crashed ones do not count), else unknown. */
#ifndef CHECKERS_FRONTIER_H
#define CHECKERS_FRONTIER_H

#include "checkers/engine/model.h"

enum frontier_driver {
	FRONTIER_DEPTH = 1,
	FRONTIER_BREADTH = 2,
	FRONTIER_WINDOWS = 4,
	FRONTIER_BEAM = 8,
	FRONTIER_ALL = 15,
};

struct frontier {
	enum verdict verdict;
	enum frontier_driver decided_by;
	char *reason;	 /* owned; why unknown, and up to where an order was found */
	uint32_t *order; /* owned; valid: indexes into history->ops */
	size_t order_count;
	uint32_t stuck_op; /* invalid, unknown: the completion that could not be passed */
	uint32_t *core;	   /* owned; invalid: operations of the refuted window */
	size_t core_count;
	uint64_t work; /* configurations looked at */
	size_t bytes_peak;
};

/* Judges one key with the drivers asked for (tests force single ones). The caller calls
 * frontier_release. */
void frontier_judge(const struct model *model, const struct key_ops *key,
		    const struct check_options *options, unsigned drivers,
		    struct frontier *result);
void frontier_release(struct frontier *result);

/* The drivers find that the whole key has no order; else an error about `name`, an anomaly
 * that was said of some of its operations. */
bool frontier_refutes(const struct model *model, const struct key_ops *key,
		      const struct check_options *options, unsigned drivers,
		      const char *name, struct err *err);

#endif
