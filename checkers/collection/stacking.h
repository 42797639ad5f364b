/* stacking.h - a stack under judgement: what arrange_stack.c (which elements can be set
 * aside, and when) and stacking_order.c (the order that follows) share. Private to
 * these. */
#ifndef CHECKERS_STACKING_H
#define CHECKERS_STACKING_H

#include "checkers/collection/arrange.h"
#include "checkers/collection/min_tree.h"

#define NOT_YET UINT32_MAX

/* An operation and the spans it may happen in. */
struct step {
	uint32_t element, op;
	uint32_t gap_from, gap_to; /* gaps between events, both included */
	uint32_t span_to;
	uint32_t gap; /* where it happens; NOT_YET */
};

struct stacking {
	const struct elements *elements;
	uint32_t gap_count, span_count;
	uint32_t *span_of;    /* owned; by gap */
	uint32_t *span_first; /* owned; by span: its first gap */
	struct step *steps;   /* owned; by their first span */
	size_t step_count;
	uint32_t *step_starts;	 /* owned; by span */
	uint32_t *first_step;	 /* owned; by element: its steps, chained by next_step */
	uint32_t *next_step;	 /* owned; by step */
	uint32_t *waiting;	 /* owned; by element: steps that did not happen yet */
	struct min_tree counts;	 /* by span: stays */
	struct min_tree reaches; /* by step: minus the last span */
	int64_t *sums;	  /* owned; tree of sums: numbers of the elements that stay */
	uint32_t *parked; /* owned; by element: span + 1, chained by next_parked */
	uint32_t *next_parked; /* owned; by span */
	uint32_t *aside; /* owned; elements in the order in which they are set aside */
	size_t aside_count, stay_count;
};

/* All are set aside: writes the order. `gap_of_op` has the gaps of the misses, and is used
 * up. */
void stacking_write_order(const struct stacking *s, uint32_t *gap_of_op,
			  struct arrangement *out);

#endif
