/* unknown_takes.h - which elements did the takes of unknown outcome take?
 *
 * Queues, priority queues and bags: those of owed_takes.h, which is right whenever any
 * answer is. Stacks: a guess, made to be right nearly always: what was in the way has a
 * deadline (when it must be out at the latest), and the earliest take of unknown outcome goes
 * to the earliest deadline; see take_search.h for what else can be tried. Tuple spaces:
 * tuple_takes.h. What is still in the way goes one after the other. All is then arranged
 * like other takes, so that a wrong guess costs time but never a wrong verdict. */
#ifndef CHECKERS_UNKNOWN_TAKES_H
#define CHECKERS_UNKNOWN_TAKES_H

#include "checkers/collection/arrange.h"

/* Gives elements to takes of unknown outcome and arranges; true: `out` is an order of all
 * but those that stayed without. False: the finding says what was impossible with the last
 * guess. The elements have changed. */
bool arrange_with_unknown(struct elements *elements, struct arrangement *out,
			  struct finding *finding);

/* The take of unknown outcome, which began then, took the element. */
void element_give(const struct elements *elements, struct element *e, uint32_t phantom,
		  uint32_t begin);

#endif
