/* bank_path_parts.h - what the search for an order of a bank's operations consists of:
 * numbers and ways (bank_ways.c), and what happens when (bank_path.c). Private to these. */
#ifndef CHECKERS_BANK_PATH_PARTS_H
#define CHECKERS_BANK_PATH_PARTS_H

#include "base/rng.h"
#include "checkers/jepsen/bank_path.h"

enum {
	STEPS_MAX = 5,	/* transfers of a way */
	BANK_DARES = 2, /* one choice in so many is another one, where there are dice */
	BANK_PATH_WORK = 1 << 24 /* sums looked up */
};

#define NO_KIND UINT32_MAX

/* Balances as one number: sums of transfers are sums of numbers. Two that differ have the
 * same number once in 2 to the 64; an order is replayed anyway. */
struct kind {
	uint64_t sum;
	VEC(uint32_t) open; /* transfers of it, those that end first last */
};

struct pair {
	uint64_t sum;
	uint32_t a, b; /* kinds */
};

struct way {
	uint32_t kinds[STEPS_MAX + 1];
	size_t count, unsure; /* of its transfers so many are of unknown outcome */
};

struct path {
	const struct key_ops *key;
	struct linearizable_key *found;
	struct value_ids accounts;
	uint64_t factors[BANK_PATH_ACCOUNTS];
	uint64_t *number; /* owned; by operation: of a read's balances, or what it adds */
	uint32_t *kind_of;	 /* owned; by operation; NO_KIND: a read */
	bool *is_done, *is_used; /* owned; by operation: has happened; takes part */
	VEC(struct kind) kinds;
	VEC(struct pair) pairs; /* by their sums */
	VEC(uint32_t) reads;	/* that are open */
	VEC(uint32_t) usable;	/* kinds with an open transfer */
	uint64_t *events;	/* owned; position << 32 | operation << 1 | is an end */
	size_t event_count;
	uint32_t event;
	uint32_t *hold; /* owned; by transfer: the event before which it is not used */
	VEC(uint32_t) held; /* transfers */
	uint32_t *early;    /* owned; by read: the event before which it is served, + 1 */
	VEC(uint64_t) could; /* read << 32 | event before which a way led to it */
	uint32_t failed;     /* the read that was not reached */
	uint32_t stuck;	     /* the one for which longer ways are looked for early */
	uint64_t *salts;     /* owned; by event: of its dice; 0: none are thrown */
	struct rng dice;
	uint64_t now;
	size_t work;
};

static inline const struct op *
bank_path_op(const struct path *p, uint32_t i)
{
	return key_op(p->key, i);
}

/* Of operation `i`, when it was over at the latest. */
static inline uint32_t
bank_path_over_at(const struct path *p, uint32_t i)
{
	const struct op *op = bank_path_op(p, i);

	return op->type == OP_OK ? op->complete_at : OP_NEVER;
}

/* Whether to choose otherwise here than is best as far as one can see. */
static inline bool
bank_path_dares(struct path *p)
{
	return p->salts[p->event] != 0 && rng_below(&p->dice, BANK_DARES) == 0;
}

/* From the first balances, as the choices of the salts and of `early` go. False: the event
 * at which it ended is in `event`, the read that was not reached in `failed`. */
bool bank_path_attempt(struct path *p, uint64_t first,
		       const struct check_options *options);

/* Attempts until one succeeds, or enough was tried. */
bool bank_tries_find(struct path *p, const struct check_options *options);

/* Of the balances that a map shows. */
uint64_t bank_ways_number(struct path *p, val map);

/* Numbers the operations, names their kinds and makes the table of pairs. */
void bank_ways_prepare(struct path *p);

/* The shortest way from one number to another, of at most so many transfers that are open;
 * of those of one length the one with the fewest of unknown outcome. */
bool bank_ways_find(struct path *p, uint64_t from, uint64_t to, size_t most,
		    struct way *best);

#endif
