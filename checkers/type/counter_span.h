/* counter_span.h - what a counter saw twice, and which changes lie between: a proof that no
 * order exists, from the history alone.
 *
 * Where all changes have one sign every value is passed once. A change of which we know what
 * it found covers the values from there on, and no other change covers them. Between two
 * operations that saw a value (or from the first value on) must lie all changes that began
 * after the one and were over before the other, and those that found a value between; and
 * only changes can lie there that had begun before the second was over, were not over before
 * the first began, and did not find another value. Shares nothing with the decider. O(n). */
#ifndef CHECKERS_COUNTER_SPAN_H
#define CHECKERS_COUNTER_SPAN_H

#include "checkers/type/counter.h"

enum counter_span_kind {
	COUNTER_SPAN_FITS = 0,
	COUNTER_SPAN_OVERLAP,  /* both changed the same value, or one saw what it skips */
	COUNTER_SPAN_TOO_MANY, /* more must lie between than the values leave room for */
	COUNTER_SPAN_TOO_FEW,  /* less can lie between than the values ask for */
};

struct counter_span {
	enum counter_span_kind kind;
	int64_t from, to; /* the value after the first, and what the second found */
	int64_t sum;	  /* of the changes that must, or can, lie between */
};

/* Both saw a value; `first` NULL: the counter at its beginning. */
struct counter_span counter_span(const struct key_ops *key,
				 const struct check_options *options,
				 const struct op *first, const struct op *second);

/* The change is among those that were summed up. */
bool counter_span_counts(const struct key_ops *key, const struct counter_span *span,
			 const struct op *first, const struct op *second,
			 const struct op *change);

/* Looks for a span that shows why the operation (by its number in the key) has no place: of
 * it and others that saw a value, near it; the fewer changes lie between the better. Adds it
 * as a conflict; false: none was found. */
bool counter_conflict(const struct key_ops *key, const struct check_options *options,
		      size_t op, struct linearizable_key *found);

#endif
