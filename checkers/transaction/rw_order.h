/* rw_order.h - is there an order of the versions of registers that makes a history
 * serializable, or possible under snapshot isolation or parallel snapshot isolation?
 *
 * A problem of ordering (a polygraph: Papadimitriou 1979): certain edges, and for each
 * two chains of versions of one key the choice which comes first. Chains are joined by
 * read-modify-write (Tan et al., "Cobra", OSDI 2020), the initial version is first.
 * Choices that real time leaves are found in time order, so there are about n * width of
 * them; edges of real time run over a line of events and cost O(n). Where real time need
 * not be kept, the choices between chains that are far apart in time are made only when
 * an order found without them puts one into the midst of the other. The rest is
 * order_choices.h: complete, NP-complete in general.
 *
 * Snapshot isolation has two nodes for each transaction, its snapshot and its commit:
 * what it depends on committed before its snapshot, what overwrites its reads commits
 * after it. This is the product graph of lemma L4 with an edge from snapshot to commit,
 * which closes no cycle that was not closed before; an order of its nodes is a run.
 *
 * Parallel snapshot isolation has no cycle with one anti-dependency or none (Cerone and
 * Gotsman, "Analysing snapshot isolation", PODC 2016; it is Adya's PL-2+): the graph is
 * that of writes and reads of writes, and of an order found it is asked whether a reader
 * depends on who overwrote what it read (rw_order_views.c). PURE. */
#ifndef CHECKERS_RW_ORDER_H
#define CHECKERS_RW_ORDER_H

#include "checkers/transaction/rw_register.h"

struct rw_question {
	bool snapshot; /* snapshot isolation; else serializable */
	bool process;  /* the order within each process must be kept */
	bool realtime; /* real time must be kept */
	bool parallel; /* parallel snapshot isolation; then nothing else is asked */
};

struct rw_answer {
	enum verdict verdict;
	/* VALID: a serial order of the transactions; for snapshot isolation each stands
	 * twice, first for its snapshot and then for its commit. Owned. */
	VEC(uint32_t) order;
	/* INVALID: a set of transactions that cannot be ordered, not minimal. Owned. */
	VEC(uint32_t) core;
	/* INVALID, of rw_order_prove: as core_proof.h says, about the transactions
	 * in the order in which they were listed; empty when there is none. Owned. */
	VEC(uint32_t) proof;
	const char *reason; /* UNKNOWN: why; static */
	uint64_t choices, conflicts;
};

/* Answers for the transactions listed (ascending), as if there were no others: a read of
 * what none of them wrote is left out. Whatever holds for all holds for each subset, so a
 * subset without an order proves that all have none. */
void rw_order_find(const struct dependencies *d, const uint32_t *txns, uint32_t count,
		   const struct rw_question *question, const struct budget *budget,
		   struct rw_answer *answer);

/* The same without much patience: often UNKNOWN where a long search would tell. */
void rw_order_try(const struct dependencies *d, const uint32_t *txns, uint32_t count,
		  const struct rw_question *question, const struct budget *budget,
		  struct rw_answer *answer);

/* The same, but made for sets that are known to have no order: INVALID comes with a proof. */
void rw_order_prove(const struct dependencies *d, const uint32_t *txns, uint32_t count,
		    const struct rw_question *question, const struct budget *budget,
		    struct rw_answer *answer);
void rw_answer_release(struct rw_answer *answer);

#endif
