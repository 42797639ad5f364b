/* unknown_takes.h - which elements did the takes of unknown outcome take?
 *
 * A guess, made to be right nearly always: every element that nobody took and that was in
 * the way has a deadline (when it must be out at the latest), and the earliest take of
 * unknown outcome goes to the earliest deadline. For queues without looks and misses, and
 * for bags, the guess succeeds whenever any does. What is guessed is then arranged like any
 * other take, so that a wrong guess costs time but never a wrong verdict. */
#ifndef CHECKERS_UNKNOWN_TAKES_H
#define CHECKERS_UNKNOWN_TAKES_H

#include "checkers/collection/arrange.h"

/* Gives elements to takes of unknown outcome and arranges; true: `out` is an order of all
 * but those that stayed without. False: the finding says what was impossible with the last
 * guess. The elements have changed. */
bool arrange_with_unknown(struct elements *elements, struct arrangement *out,
			  struct finding *finding);

#endif
