/* timeline.h - a handful of operations as bars over time, one lane a process, as SVG.
 *
 * PURE. The horizontal axis is the order of events, not the clock: each invocation and
 * completion has a place of its own, so that what overlaps and what precedes can be seen;
 * the clock's milliseconds stand below. An operation without a known end runs off to the
 * right, dashed. */
#ifndef RESULTS_TIMELINE_H
#define RESULTS_TIMELINE_H

#include "base/history.h"

enum {
	TIMELINE_OPS_MAX = 40
}; /* more are left out */

/* Appends an <svg> element for the operations with these indexes. */
void timeline_print(const struct history *history, const uint32_t *ops, size_t count,
		    struct buf *out);

/* Appends text with &, <, > and quotes escaped, for HTML and SVG. */
void html_print(const char *text, struct buf *out);

#endif
