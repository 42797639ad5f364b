/* txn.h - transactions out of a history: micro-operations in columns, keys as dense ids.
 *
 * A transaction is an operation F_TXN whose value is a list of micro-operations [f key
 * value], f one of "r", "read", "w", "write", "append". What a committed (ok) transaction
 * did is its output; what an open (info) or failed one tried is its input.
 * Nodes of the graphs are transactions that may have committed: ok ones, and info ones of
 * which some write was seen (those certainly committed; the others are left out, which is
 * complete when written values are unique). */
#ifndef CHECKERS_TXN_H
#define CHECKERS_TXN_H

#include "base/history.h"
#include "checkers/checker.h"

enum mop_kind {
	MOP_READ = 1,
	MOP_WRITE,
	MOP_APPEND,
};

struct mop {
	uint32_t key;	      /* dense id */
	uint32_t kind : 2;    /* enum mop_kind */
	uint32_t length : 30; /* of the list that was read */
	val value; /* a read's answer (nil: nothing, or not known), a write's value */
};

struct txn {
	uint32_t op;	     /* index in history->ops */
	uint32_t first;	     /* micro-operation */
	uint32_t count : 30; /* of them */
	uint32_t type : 2;   /* enum op_type: here, since operations are too far apart */
};

struct txns {
	const struct history *history; /* borrowed */
	VEC(struct txn) of;	       /* in the order of invocation; all types */
	VEC(struct mop) mops;
	VEC(val) keys;		 /* the value of each dense key */
	struct map key_ids;	 /* value word -> dense id, for keys that are one word */
	VEC(uint32_t) small_ids; /* the same for small numbers: dense id + 1 */
	val names[4];		 /* by kind: the word of its name that was met last */
};

/* Reads all F_TXN operations; others are left out. False with the operation and what is
 * wrong with it when a value is not a list of micro-operations. */
bool txns_init(struct txns *txns, const struct history *history, struct err *err);

/* False, with the reason, when there are many micro-operations, and so many bytes for each do
 * not fit. */
bool txns_fit(const struct history *history, const struct budget *budget,
	      size_t bytes_each, struct err *err);
void txns_release(struct txns *txns);

static inline const struct op *
txn_op(const struct txns *txns, uint32_t txn)
{
	return &txns->history->ops.items[txns->of.items[txn].op];
}

#endif
