/* small_predicates.h - small histories of register transactions with predicate reads, and
 * brute force over them: what the decider is compared with. */
#ifndef TESTS_CHECKERS_SMALL_PREDICATES_H
#define TESTS_CHECKERS_SMALL_PREDICATES_H

#include "base/history.h"
#include "base/rng.h"
#include "tests/checkers/small_histories.h"

enum {
	MINI_TXNS_MAX = 5,
	MINI_KEYS = 3,
	MINI_MOPS_MAX = 3
};

struct mini_state {
	int value[MINI_KEYS]; /* 0: nil */
};

struct mini_mop {
	enum {
		MINI_READ,
		MINI_WRITE,
		MINI_PREDICATE
	} kind;
	int key, value;		 /* what a read showed, what was written */
	int predicate, a, b;	 /* which, and its numbers */
	struct mini_state shown; /* of a predicate read; 0: key not shown */
};

struct mini_txn {
	struct mini_mop mops[MINI_MOPS_MAX];
	int count, process;
	enum op_type type;
	uint32_t begin, end;
};

struct mini {
	struct mini_txn txns[MINI_TXNS_MAX];
	int count;
};

/* A random history; some transactions see an older state than they should. */
void mini_make(struct mini *h, struct rng *rng);

/* One of all histories of so many transactions on two keys: each asks for a predicate, or
 * writes a key, or both. */
void mini_choose(struct mini *h, int count, struct choices *choices);

/* Keys of results are numbers, or strings as in JSON. */
void mini_history(const struct mini *h, bool strings, struct history *history);

struct mini_level {
	bool snapshot;
	bool items_only; /* repeatable read: keys that are not shown say nothing */
	bool process, realtime;
};

/* Tries all orders (and for snapshot isolation all snapshots). */
bool mini_has_order(const struct mini *h, const struct mini_level *level);

#endif
