/* tell.h - reports what a checker found: an anomaly with its sentence and operations, and
 * numbers for the details.
 *
 * Lines of operations and values in sentences are cut at a bounded length, so that a read
 * of a million elements is told in one line. PURE. */
#ifndef CHECKERS_TELL_H
#define CHECKERS_TELL_H

#include "checkers/checker.h"

enum {
	TELL_VALUE_MAX = 60,
	TELL_OPS_MAX = 64,
};

/* Adds an anomaly: the sentence (taken over and released), then a line for each of the
 * operations in order of invocation, each once; OP_NEVER stands for none. */
void tell(const struct history *history, struct check_result *result, const char *name,
	  val key, struct buf *sentence, const uint32_t *ops, size_t count);

/* Appends a value as JSON, cut. */
void tell_value(const struct history *history, val v, struct buf *sentence);

/* Appends a member to the details: its name and colon, after a comma when needed; and a
 * whole member with a number. */
void tell_name(struct buf *details, const char *name);
void tell_number(struct buf *details, const char *name, uint64_t number);

/* Ends the check as unknown with a reason, unless it is invalid already; true when it
 * did. The reason is taken over. */
bool tell_unknown(struct check_result *result, char *reason);

/* Whether the budget is used up: its time is over, or `bytes` are more than it allows.
 * Then the check ends as unknown with the reason, unless it is invalid already. */
bool tell_over_budget(const struct check_options *options, size_t bytes,
		      struct check_result *result);

/* Ends a check that found nothing more: "no anomaly" words when valid, and for invalid
 * how many there were. The reason of an unknown one stays. The words are taken over. */
void tell_end(struct check_result *result, char *valid_reason);

#endif
