/* online.h - registers judged while the run goes on, in memory bounded by what is live.
 *
 * The zones of checkers/register/zones.h, one value at a time, for operations that are told about
 * when they have ended. Of a value v it keeps f(v), the first completion of an operation
 * that wrote or saw it, and s(v), the last invocation of one. A value whose f is before the
 * s of another one precedes it. Two values that precede each other are a violation: each
 * holds the register during one unbroken period, and a cas that ends one and begins the
 * other does not change that.
 *
 * v is dead when f(v) < s(u) and f(u) < w for another value u, where no operation that
 * began before w is still to end: whoever sees v from then on is wrong. A dead value is
 * forgotten, and so is a key that nobody asked for during ONLINE_IDLE positions (one bit
 * each remains, so that it is never judged by half). A key with more than ONLINE_LIVE_MAX
 * live values is given up.
 *
 * Sound where written values are unique for each key: what it calls a violation is one in
 * every order. Not complete: rings of cas, forks and values of given-up keys are left to
 * the checker that runs at the end. O(live values of the key) an operation. PURE; one
 * thread. */
#ifndef CHECKERS_ONLINE_H
#define CHECKERS_ONLINE_H

#include "base/op.h"
#include "base/vec.h"

enum {
	ONLINE_IDLE = 1 << 17,
	ONLINE_LIVE_MAX = 4096,
};

#define ONLINE_NIL INT64_MIN /* the initial value; no key */

/* An operation as it is told: open (type OP_NONE), or ended. */
struct online_op {
	int64_t key, written, seen; /* numbers, or ONLINE_NIL */
	uint32_t invoke_at, complete_at;
	uint8_t type;
	bool writes; /* write, cas */
	bool sees;   /* read, cas; what, only when ok */
};

struct online_violation {
	const char *
		name; /* static: "stale-read", "stale-or-unwritten-read", "failed-write-read" */
	int64_t key, value,
		other;	    /* `other`: the value that replaced it, or ONLINE_NIL */
	uint32_t invoke_at; /* of the operation that showed it */
};

struct online;

struct online *online_new(void);
void online_free(struct online *online);

/* Tells of an operation that is open, at most once each. */
void online_open(struct online *online, const struct online_op *op);

/* Tells of one that ended, told as open before or not. */
void online_end(struct online *online, const struct online_op *op);

/* Every operation that was invoked before the position has been told, as open or ended. */
void online_advance(struct online *online, uint32_t position);

/* The first violation; NULL: none so far. */
const struct online_violation *online_violation(const struct online *online);

/* Why nothing is judged any more (values that are not unique); NULL: all is well. */
const char *online_gave_up(const struct online *online);

/* Live keys and values now, and bytes taken. */
struct online_size {
	size_t keys, values, bytes;
};
struct online_size online_size(const struct online *online);

#endif
