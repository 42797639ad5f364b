/* exclusion.h - operations on a collection that need an instant at which certain elements
 * are not in it: the one idea behind online queues, stacks, priority queues and bags.
 *
 *	nothing was found	no element at all
 *	queue, e taken or seen	none whose put was over when the put of e began
 *	stack			none whose put began when e was certainly in it
 *	priority queue		none that goes before e
 *
 * Instants are candidates: the moments within the operation after which things can only get
 * worse. At one of them an element is *surely* inside while it stays for certain. One that
 * is certain and that nobody took may have been taken by a take that is open or of unknown
 * outcome, and each of those takes one: as many must have begun before the candidate as
 * there are such elements. Candidates that fail are struck out; an operation without any
 * is a violation. An operation is settled, and forgotten, when a candidate is free of all
 * elements and no look is open that might still have met one there.
 *
 * When all that was open at its candidates has ended, only takes of unknown outcome are
 * left to have taken the elements in the way at the first candidate, and thus at all. These
 * elements are gone, and so are as many of those takes: neither is kept any longer. */
#ifndef CHECKERS_ONLINE_EXCLUSION_H
#define CHECKERS_ONLINE_EXCLUSION_H

#include "checkers/online/asks.h"
#include "checkers/online/contents.h"
#include "checkers/online/decider.h"

enum exclusion_class {
	EXCLUDES_ALL,
	EXCLUDES_EARLIER, /* certain before `bound` */
	EXCLUDES_LATER,	  /* put after `bound` */
	EXCLUDES_HIGHER,  /* of a rank above `bound` */
};

enum {
	EXCLUSIONS_CROWD = 256, /* undecided ones of a key: each of them costs time */
	EXCLUSIONS_MAX = 1024	/* beyond: the oldest are let go */
};

struct candidate {
	int64_t at;	    /* the instant right after this event */
	uint32_t elements;  /* untaken ones that must have been taken by then */
	uint32_t takes;	    /* open or of unknown outcome that had begun by then */
	int64_t free_since; /* when `elements` became 0; ONLINE_NEVER: it is not */
};

struct exclusion {
	enum exclusion_class class;
	int64_t bound;
	int64_t from; /* it took effect after this event: when it, and its put, had begun */
	online_value value;	 /* what was taken or seen; nil: nothing was found */
	struct candidate *items; /* owned, ascending; a vec of candidates */
	size_t count, capacity;
};

struct exclusions {
	VEC(struct exclusion) undecided;
	VEC(int64_t) certain; /* scratch */
	VEC(uint32_t) gone;   /* scratch: elements */
};

/* The operation of the call, which is no longer among the asks, needs an instant without the
 * class. False: there is none. Else *first is the first candidate, and the exclusion is
 * kept if it is not settled: exclusions_keep, false: others were let go for it. */
bool exclusion_make(struct exclusion *exclusion, struct exclusions *scratch,
		    const struct contents *contents, const struct asks *asks,
		    const struct online_call *call);
bool exclusions_keep(struct exclusions *exclusions, struct exclusion *exclusion,
		     const struct asks *asks);

/* What becomes of the undecided ones when a take or look ended: `element` was met (NULL:
 * none), having been certain since `certain_at`, and stays at least until stays_until; a
 * take that began at `began` is no longer open (ONLINE_NEVER: it was a look). The first
 * exclusion that cannot hold any more, or NULL. */
struct met {
	const struct element *element;
	int64_t certain_at, began, at;
};
const struct exclusion *exclusions_update(struct exclusions *exclusions,
					  const struct met *met);

/* Settles what can be; what lost takes must have taken leaves with them. */
void exclusions_settle(struct exclusions *exclusions, struct contents *contents,
		       struct asks *asks, int64_t watermark);

void exclusion_release(struct exclusion *exclusion);
void exclusions_release(struct exclusions *exclusions);
size_t exclusions_bytes(const struct exclusions *exclusions);

#endif
