/* small_txns.h - small histories of transactions on registers or lists and brute force over
 * them: what the deciders are compared with. */
#ifndef TESTS_CHECKERS_SMALL_TXNS_H
#define TESTS_CHECKERS_SMALL_TXNS_H

#include "base/history.h"
#include "base/rng.h"

enum {
	SMALL_TXNS_MAX = 7,
	SMALL_KEYS_MAX = 3,
	SMALL_MOPS_MAX = 4,
	SMALL_LIST_MAX = SMALL_TXNS_MAX * SMALL_MOPS_MAX + 1
};

/* value 0: the initial value, nil. Written values are unique in the whole history. A read
 * of a list shows `length` elements; lists begin empty. */
struct small_mop {
	bool write;
	int key, value;
	int list[SMALL_LIST_MAX], length;
};

struct small_txn {
	struct small_mop mops[SMALL_MOPS_MAX];
	int mop_count;
	enum op_type type;
	uint32_t begin, end;
	int process;
};

struct small_txns {
	struct small_txn txns[SMALL_TXNS_MAX];
	int count, keys;
	bool are_lists; /* else registers */
};

/* A random history of registers; most reads are those of a run of some kind, some odd. */
void small_txns_make(struct small_txns *h, struct rng *rng);

/* Many transactions ask for one key again, and find whatever was written there. */
void small_txns_read_again(struct small_txns *h, struct rng *rng);

/* Each sees some of those before it, mostly with all that they saw and all whose writes it
 * overwrites: parallel snapshots, which often are no snapshots, and what is nearly so. */
void small_txns_scatter(struct small_txns *h, struct rng *rng);
void small_txns_history(const struct small_txns *h, struct history *history);

/* The transactions of a history: of lists when somebody appends or sees one. */
void small_txns_of(struct small_txns *h, const struct history *history);

bool small_txn_writes(const struct small_txn *txn, int key);

/* Both of one session, and `before` began first; a transaction of unknown outcome ends the
 * session of its process. */
bool small_txns_precedes(const struct small_txns *h, const struct small_txn *before,
			 const struct small_txn *after);

/* Tries all orders (and for snapshot isolation all snapshots). */
bool small_txns_have_order(const struct small_txns *h, bool snapshot, bool process,
			   bool realtime);

enum small_view {
	SMALL_TIMELY,	 /* as committed, and nobody reads from the future */
	SMALL_COMMITTED, /* reads only of committed, final writes, without a cycle */
	SMALL_MONOTONIC,
	SMALL_ATOMIC,
	SMALL_CAUSAL,
	SMALL_PARALLEL /* parallel snapshot isolation, or consistent view; without processes */
};

/* Who read which key from whom (-1: from nobody), and whose elements stand before whose. */
struct small_reads {
	struct {
		int reader, key, source;
	} of[SMALL_TXNS_MAX * SMALL_MOPS_MAX];
	int count;
	bool committed[SMALL_TXNS_MAX];
	bool before[SMALL_TXNS_MAX][SMALL_TXNS_MAX];
};

/* Some order of the transactions has no circle of writes, reads of writes and at most one
 * read of what was overwritten (Adya's PL-2+; Cerone and Gotsman 2016). */
bool small_txns_run_in_parallel(const struct small_txns *h,
				const struct small_reads *reads);

/* The axioms of Biswas and Enea for registers, word by word. *varies: some transaction
 * contradicts its own earlier reads or writes. */
bool small_txns_satisfy(const struct small_txns *h, enum small_view view, bool process,
			bool *varies);

/* The same for lists (small_list_axioms.c): the order also is that of the elements, of which
 * those come last that nobody read; a read is from who appended the last element. */
bool small_lists_satisfy(const struct small_txns *h, enum small_view view, bool process,
			 bool *varies);

/* Reads show what somebody wrote, who may have failed; of lists also each element once, and
 * writes have an order: all that read uncommitted promises. */
bool small_txns_were_written(const struct small_txns *h);
bool small_lists_were_written(const struct small_txns *h);

/* Transactions, each at most once. */
struct small_order {
	int txns[SMALL_TXNS_MAX], count;
};

/* The same axioms of one order: it holds all that committed, and what must stand before
 * another does. */
bool small_txns_allow(const struct small_txns *h, const struct small_order *order,
		      enum small_view view, bool process, bool *varies);

#endif
