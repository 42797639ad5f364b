/* online.h - histories judged while they grow, in memory bounded by what is live.
 *
 * An online decider hears of the events of a run one after the other, in the order of their
 * positions, and raises the first violation that no continuation of the run can mend. It
 * never says valid: that is for the checker of the same name at the end. Deciders stand in
 * online.def, one file each (checkers/online/decider.h tells how); what each finds on the
 * way and what it leaves to the end, in their files and in docs/CHECKERS.md.
 *
 * What may be forgotten is forgotten with the *watermark*: no operation that is still open
 * began before it. So that an operation which never ends does not hold it back for ever,
 * one that is open for ONLINE_PATIENCE events is let go: it counts as one of unknown
 * outcome, and what it answers later is not heard. That can hide a violation, but not make
 * one, and is said (online_gave_up). Where what it holds back makes a decider slow or takes
 * more than `bytes_max`, the oldest is let go sooner, but not before it was overtaken by
 * ONLINE_OVERTAKEN events.
 *
 * Values are kept as words: small numbers as they are, everything else as a hash of 61
 * bits. PURE; one thread. */
#ifndef CHECKERS_ONLINE_H
#define CHECKERS_ONLINE_H

#include "base/err.h"
#include "base/op.h"

enum {
	ONLINE_PATIENCE = 1 << 20,  /* events */
	ONLINE_OVERTAKEN = 1 << 12, /* events */
	ONLINE_KEYS_KEPT = 1 << 16, /* beyond these, idle keys are forgotten */
	ONLINE_IDLE = 1 << 17,	    /* events without the key: it is idle */
	ONLINE_OPEN_MAX = 1 << 20,  /* operations open at once; beyond: given up */
};

#define ONLINE_BYTES_DEFAULT ((size_t)1 << 30)

typedef uint64_t online_value; /* equal for equal values; 0: nil */

/* A value of a pool as a word that outlives the pool. */
online_value online_value_of(const struct values *values, val v);

/* Appends it in words: "5", "nil", or "value #1a2b" for one that is only known as a hash. */
void online_value_print(online_value value, struct buf *out);

/* Invocations (OP_NONE) and ends (OP_OK, OP_FAIL, OP_INFO). */
struct online_event {
	int64_t position; /* ascending; times of events to each other, nothing else */
	uint32_t process; /* sequential: one open operation at most */
	uint16_t f;
	uint8_t type;
	val key;   /* of invocations */
	val value; /* what the invocation asked, what the end answered */
};

struct online_options {
	online_value init;   /* first value of registers; permits of semaphores */
	size_t bytes_max;    /* of what is live; 0: 1 GiB */
	bool nil_is_unknown; /* a read of nil taught nothing */
	bool is_monotone;    /* ids must also grow (--model monotone) */
	bool least_first;    /* of priority queues (--model priority-queue-least) */
	bool is_mutex;	     /* anybody may release a lock (--model mutex) */
	bool is_reentrant;   /* who holds it may acquire it again (--model reentrant) */
	bool is_once;	     /* of total queues: nothing comes out twice (--model
				exactly-once) */
};

struct online_violation {
	const char *
		name; /* static: an anomaly of the checker, or the level that is broken */
	online_value key, value, other; /* `other`: what contradicts it; may be nil */
	int64_t invoke_at, at;		/* of the operation whose end showed it */
};

struct online_decider;
struct online;

/* All deciders, in the order of online.def; and the one for a checker; NULL: none, that
 * checker judges at the end only. */
const struct online_decider *const *online_deciders(size_t *count);
const struct online_decider *online_decider_find(const char *checker);
const char *online_decider_name(const struct online_decider *decider);
const char *online_decider_summary(const struct online_decider *decider);

struct online *online_new(const struct online_decider *decider,
			  const struct online_options *options);
void online_free(struct online *online);

/* Tells of the next event. `values` is the pool of its key and value, and may be cleared
 * afterwards. An end without an invocation is not heard. After a violation nothing is. */
void online_tell(struct online *online, const struct values *values,
		 const struct online_event *event);

/* The first violation; NULL: none so far. */
const struct online_violation *online_violation(const struct online *online);
void online_violation_print(const struct online_violation *violation, struct buf *out);

/* Why nothing, or not all, is judged any more, so that a violation may have been missed;
 * NULL: all is well. */
const char *online_gave_up(const struct online *online);

/* What is live now. */
struct online_size {
	size_t keys, values, open, bytes;
};
struct online_size online_size(const struct online *online);

#endif
