/* rw_weak_clocks.h - who lies in whose causal past, while transactions are gone through in
 * an order of causality.
 *
 * Each transaction has a clock: how much of each chain it has seen. Chains rather than
 * processes, because each crash begins a process: one that has ended lends its chain to
 * whoever has seen its end, so there are about as many chains as clients. A clock lives as
 * long as somebody still has to read from its transaction, which keeps about as many as
 * there are keys. And a transaction that nobody still to come can see is dead: what it
 * wrote needs no place in anybody's memory. PURE. */
#ifndef CHECKERS_RW_WEAK_CLOCKS_H
#define CHECKERS_RW_WEAK_CLOCKS_H

#include "checkers/transaction/rw_weak_parts.h"

struct chain {
	uint32_t length;
	uint32_t end; /* the last transaction of it; TXN_NONE */
	bool is_idle; /* that one's process has ended, or gone to another chain */
};

struct clocks {
	const struct weak *w;	  /* borrowed */
	uint32_t *chain, *number; /* owned, by transaction: its chain, place in it from 1;
				   * 0: not gone through yet, or dead */
	uint32_t
		*chain_before; /* owned, by transaction: the one before it in its chain */
	VEC(struct chain) chains;
	uint32_t *waiting; /* owned, by transaction: who still has to use its clock */
	uint32_t *seers;   /* owned, by transaction: who uses it and is not dead */
	uint32_t *slot;	   /* owned, by transaction: where its clock is */
	uint32_t *words;   /* owned: the clocks, stride words each */
	uint32_t stride, slot_count, slot_room;
	VEC(uint32_t) free_slots, dying;
	size_t bytes_max;
};

void clocks_init(struct clocks *clocks, const struct weak *w);
void clocks_release(struct clocks *clocks);

/* Begins with the next transaction: its clock is that of its past. False when the budget
 * has no memory for it. clocks_leave ends with it. */
bool clocks_enter(struct clocks *clocks, uint32_t txn);
bool clocks_leave(struct clocks *clocks, uint32_t txn);

static inline const uint32_t *
clock_of(const struct clocks *clocks, uint32_t txn)
{
	return &clocks->words[(size_t)clocks->slot[txn] * clocks->stride];
}

/* Whether the other one lies in the past that the clock tells; dead ones do not. */
static inline bool
clock_sees(const struct clocks *clocks, const uint32_t *clock, uint32_t other)
{
	return clocks->number[other] != 0 &&
	       clock[clocks->chain[other]] >= clocks->number[other];
}

#endif
