/* counter.h - linearizability of counters, each key one of its own; options->init is the
 * first value (nil: 0).
 *
 * Operations: increment [N], decrement [N] (without a number: by one), add N (N of either
 * sign), fetch-add N (result: the value before), read (result: the value). What failed
 * did not happen; the results of increment, decrement and add say nothing.
 *
 * Deciders, in this order:
 *	bounds	what was acknowledged before a read began is in its result, what began
 *		after it completed is not: O(n log n), refutes only. Source: Jepsen's counter.
 *	greedy	where all changes are one and the same number: changes are applied only when
 *		a completion forces them. One that found a value has its place; of the
 *		others, those of unknown outcome too, the one that must complete first goes
 *		first: O(n log n), complete. Why there is no order: counter_span.h.
 *	the frontier engine for the rest (subset sums are hidden in it).
 *
 *	read-too-low       A value below all that is possible: acknowledged increments are
 *	                   missing.
 *	                   increment ok | read 0
 *	read-too-high      A value above all that is possible.
 *	                   increment ok | read 2
 *	counter-went-back  An earlier read, or changes that had completed, force more (or
 *	                   less) than was read.
 *	                   increment ... | read 1 | read 0
 *	duplicate-fetch    Two fetch-adds found the same value.
 *	                   fetch-add 1 -> 0 | fetch-add 1 -> 0
 *	not-linearizable   No order exists, for another reason. */
#ifndef CHECKERS_COUNTER_H
#define CHECKERS_COUNTER_H

#include "checkers/engine/linearizable.h"

extern const struct checker checker_counter;
extern const struct model model_counter;

/* What the operation adds (0 for a read); and the value that it saw, if it saw one. */
int64_t counter_delta(const struct history *history, const struct op *op);
bool counter_sees(const struct history *history, const struct op *op, int64_t *value);
int64_t counter_init(const struct history *history, const struct check_options *options);

/* The decider of counter_decide.c. */
void counter_decide(const struct key_ops *key, const struct check_options *options,
		    struct linearizable_key *found);

#endif
