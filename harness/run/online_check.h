/* online_check.h - registers judged on a thread of its own while the recorder writes.
 *
 * The recorder hands over what is new, batch by batch; it never waits. When more than
 * ONLINE_WAITING_MAX operations wait to be judged, judging is given up: the checker at the
 * end of the run decides alone, as it does anyway. */
#ifndef HARNESS_ONLINE_CHECK_H
#define HARNESS_ONLINE_CHECK_H

#include "base/buf.h"
#include "base/err.h"
#include "checkers/online/online.h"

enum {
	ONLINE_WAITING_MAX = 1 << 18
};

struct online_check;

struct online_check *online_check_new(struct err *err);

/* Of the recorder's thread: what is new, in the order of invocations, and the position
 * before which every invocation has been told. */
void online_check_tell(struct online_check *check, const struct online_op *ops,
		       size_t count, uint32_t position);

/* Of any thread: an operation cannot be judged online, with the reason (static). */
void online_check_give_up(struct online_check *check, const char *reason);

/* Of any thread: a violation was found. */
bool online_check_found(const struct online_check *check);

/* Waits until all that was told is judged, and appends in words what came of it. Call
 * once, when nobody tells any more. */
void online_check_end(struct online_check *check, struct buf *words);

/* After online_check_end or without it; NULL is fine. */
void online_check_free(struct online_check *check);

#endif
