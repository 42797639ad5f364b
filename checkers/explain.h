/* explain.h - the words of an explanation: a sentence, the operations that it talks about
 * in the order of time, and why they cannot be. */
#ifndef CHECKERS_EXPLAIN_H
#define CHECKERS_EXPLAIN_H

#include "checkers/checker.h"

/* Adds the operation to those that the anomaly talks about, once. OP_NEVER: none. */
void explain_add(struct anomaly *anomaly, uint32_t op);

/* As many are shown at most, where a few do not say it all. */
enum {
	EXPLAIN_OPS_MAX = 12,
	EXPLAIN_LINE_MAX = 200, /* bytes of a line, without its times */
};

/* Adds the operation that could not be placed and, of those that take part, the last ones
 * that began before it did or soon after: EXPLAIN_OPS_MAX in all. */
void explain_add_nearest(struct anomaly *anomaly, uint32_t stuck_op, const uint32_t *ops,
			 size_t count);

/* Cuts what was appended since `from`, not within a character of UTF-8. */
void explain_cut(struct buf *text, size_t from, size_t bytes_max);

/* Appends a line for an operation: what it did is cut where that is long, and the size of
 * the list that it was answered told instead; when it happened is not cut. */
void explain_op(const struct history *history, const struct op *op, struct buf *text);

/* Sorts the anomaly's operations by invocation and appends a line for each. */
void explain_list(const struct history *history, struct anomaly *anomaly,
		  struct buf *text);

/* Appends a value as JSON, and a moment as "1203.125 ms". */
void explain_value(const struct history *history, val v, struct buf *text);
void explain_ms(int64_t ns, struct buf *text);

/* Moves the text into the anomaly. */
void explain_finish(struct anomaly *anomaly, struct buf *text);

#endif
