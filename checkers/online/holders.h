/* holders.h - who may hold a lock while its history grows: all that the operations so far
 * leave open.
 *
 * A *holding* is what the lock is after some order of the operations that have ended: who
 * holds it how often, the last token, which of the open operations have taken effect
 * already, and how many of those of unknown outcome. An operation takes effect as late as
 * it can: when it ends, or when another that ends needs it (just-in-time linearization,
 * Lowe, "Testing for linearizability", 2017). Those of unknown outcome are taken right
 * before an operation that is not possible without them, and counted by who asked for what;
 * of two holdings that differ in these counts only, the one that used more is let go. When
 * none is left the history has no order.
 *
 * Exact, but for tokens of acquires that took effect before they ended: these are only
 * known to be greater than those before. */
#ifndef CHECKERS_ONLINE_HOLDERS_H
#define CHECKERS_ONLINE_HOLDERS_H

#include "base/vec.h"
#include "checkers/online/online.h"
#include "checkers/online/table.h"

enum {
	HOLDERS_OPEN_MAX = 64, /* operations on one lock open at once */
	HOLDINGS_MAX = 1024,   /* beyond these nobody can tell */
	HOLDING_KINDS_MAX = 6, /* of operations of unknown outcome that one has used, and
				   another has not */
};

struct holder_call {
	online_value owner; /* the same one for all where anybody may release */
	bool is_acquire, has_token;
	int64_t token;
};

struct holding {
	int64_t token;	    /* the last one, or the least that it can be */
	online_value owner; /* of what is out */
	uint64_t taken;	    /* open operations that have taken effect, a bit each */
	uint32_t out;	    /* how often it is held */
	bool is_exact;	    /* the token is known */
	uint8_t kinds;
	struct holding_use {
		uint32_t lost, count;
	} used[HOLDING_KINDS_MAX];
};

/* Operations of unknown outcome that ask for the same. */
struct holders_lost {
	struct holder_call call;
	uint32_t count;
};

struct holding_list {
	struct holding *items; /* a vec */
	size_t count, capacity;
};

struct holders {
	uint32_t deepest; /* how often one may hold it */
	bool has_tokens;
	bool has_one_owner; /* anybody may release */
	bool is_over;	    /* there were too many holdings */
	struct holding_list now, seen, next;
	VEC(struct holder_call) open; /* by number */
	uint64_t open_bits;
	VEC(struct holders_lost) lost;
	VEC(uint32_t) free_lost;
	struct table lost_ids; /* what was asked -> index in lost */
};

/* The fields of what is asked are set before: deepest, has_tokens, has_one_owner. */
void holders_start(struct holders *holders);
void holders_release(struct holders *holders);
size_t holders_bytes(const struct holders *holders);

/* An operation begins. False: too many are open. */
bool holders_begin(struct holders *holders, const struct holder_call *call,
		   uint32_t *number);

/* It ended (OP_OK with what the call says by now; OP_FAIL; OP_INFO). NULL: all is well; else
 * no order is left, and what is to be said of it: HOLDERS_BY_TOKEN where there is one but
 * for the tokens. is_over: nobody can tell any more. */
enum holders_state {
	HOLDERS_FINE,
	HOLDERS_BROKEN,
	HOLDERS_BROKEN_BY_TOKEN,
	HOLDERS_UNKNOWN,
};
enum holders_state holders_end(struct holders *holders, uint32_t number,
			       enum op_type type, const int64_t *token);

#endif
