/* permits.h - how many permits of a semaphore may be out, while its history grows: all that
 * the operations so far leave open.
 *
 * Operations that ask for the same, the same number of permits acquired or released, are of
 * one *kind*. An operation takes effect when it ends, or *ahead* of that, where another one
 * that ends could not without it (just-in-time linearization, Lowe, "Testing for
 * linearizability", 2017). Nobody can tell which one of a kind it was that took effect, so
 * this is left open: an effect ahead is booked on the last one of its kind to have begun that
 * has none booked yet, and when an operation ends it may have been any of the effects since
 * it began; the earliest one is taken, so that those that began later keep theirs. Thus what
 * counts is how many of a kind took effect ahead, not which, and thousands of operations of
 * which nobody hears any more are no more than a few numbers.
 *
 * One state is let go for another, with as many permits out, from which what it did beyond
 * the other can still be done. Exact: when no state is left the history has no order. */
#ifndef CHECKERS_ONLINE_PERMITS_H
#define CHECKERS_ONLINE_PERMITS_H

#include "base/op.h"
#include "base/vec.h"

enum {
	PERMIT_KINDS_MAX = 32,	  /* that are open, or lost, at once */
	PERMIT_POOL_MAX = 64,	  /* operations of a kind with their begins */
	PERMIT_STATES_MAX = 1024, /* beyond these nobody can tell */
};

/* An operation that is open, or one of unknown outcome that began after an open one. */
struct permit_ask {
	int64_t began;
	bool is_open;
};

struct permit_kind {
	uint32_t permits;
	bool is_acquire;
	uint32_t open; /* of the pool */
	uint32_t lost; /* of unknown outcome, which began before all in the pool */
	VEC(struct permit_ask) pool; /* ascending; PERMIT_POOL_MAX at most */
};

struct permit_state {
	uint32_t out;
	uint64_t ahead[PERMIT_KINDS_MAX]; /* of the pool: a bit each */
	uint32_t lost[PERMIT_KINDS_MAX];  /* how many have taken effect */
};

struct permit_states {
	struct permit_state *items; /* a vec */
	size_t count, capacity;
};

struct permits {
	uint32_t most;	/* that may be out */
	size_t kinds;	/* used so far, each at its place */
	bool is_greedy; /* what can be done now may be left for later */
	bool is_over;	/* there were too many states */
	struct permit_kind kind[PERMIT_KINDS_MAX];
	struct permit_states now, seen, next;
};

enum permits_verdict {
	PERMITS_FINE,
	PERMITS_BROKEN,	 /* no order is left */
	PERMITS_UNKNOWN, /* nobody can tell any more */
	PERMITS_UNHEARD, /* it began too long ago, and counted as of unknown outcome */
};

void permits_start(struct permits *permits, uint32_t most);
void permits_release(struct permits *permits);
size_t permits_bytes(const struct permits *permits);

/* An operation begins. False: there are too many kinds. */
bool permits_begin(struct permits *permits, bool is_acquire, uint32_t count,
		   int64_t began, uint32_t *kind);

/* It ended, with OP_OK, OP_FAIL or OP_INFO. */
enum permits_verdict permits_end(struct permits *permits, uint32_t kind, int64_t began,
				 enum op_type type);

#endif
