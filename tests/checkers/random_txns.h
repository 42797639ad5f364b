/* random_txns.h - long histories of transactions on registers or lists from a seed, by
 * running a real store: serializable, or under snapshot isolation. */
#ifndef TESTS_CHECKERS_RANDOM_TXNS_H
#define TESTS_CHECKERS_RANDOM_TXNS_H

#include "base/history.h"
#include "base/rng.h"

struct random_txns {
	size_t txns;
	uint32_t processes;
	uint32_t keys;
	int mops_max;	   /* micro-operations of a transaction: 1 to this many */
	int write_percent; /* of the micro-operations */
	int info_percent;  /* of the transactions: the outcome is unknown */
	bool snapshot;	   /* snapshot isolation, first committer wins; else serial */
	/* > 0: lists, to which this many elements are appended before another key takes the
	 * place of theirs; 0: registers. */
	uint32_t list_length;
};

void random_txns_play(struct history *history, const struct random_txns *shape,
		      struct rng *rng);

#endif
