/* rw_weak.h - levels of isolation below snapshot isolation for registers, decided without
 * knowing the order of versions.
 *
 * The axioms of Biswas and Enea, "On the complexity of checking transactional
 * consistency", OOPSLA 2019: there is one order of all transactions that contains what
 * was read (and the order within processes, for the variants that ask for it), and a
 * reader of x does not miss a write of x that it can see:
 *
 *	monotonic atomic view	it can see whom it has read before (their "read committed")
 *	read atomic		it can see whom it reads from, and its process before it
 *	causal			it can see its whole past
 *
 * Who is missed must come before who was read; that makes edges, and a cycle is a
 * violation. First transactions are put into an order in which reads follow writes, and
 * that order is mended where a missed write leads backwards: O(n) for ordinary histories
 * (rw_weak_mend.c). Where that takes too long, and to show a violation, all edges are found
 * as in AWDIT (Moldrup and Pavlogiannis, PLDI 2025): O(n^1.5) for the first two, O(n
 * clients) for causal (rw_weak_clocks.h). PURE. */
#ifndef CHECKERS_RW_WEAK_H
#define CHECKERS_RW_WEAK_H

#include "checkers/transaction/isolation.h"
#include "checkers/transaction/rw_register.h"

enum weak_view {
	WEAK_COMMITTED, /* no cycle of reads alone */
	WEAK_MONOTONIC,
	WEAK_ATOMIC,
	WEAK_CAUSAL,
};

struct weak_question {
	enum weak_view view;
	bool process;  /* with the order within each process */
	bool realtime; /* and with real time; of WEAK_COMMITTED alone */
	/* What a violation is called; a cycle without missed writes is `ring`. */
	enum isolation_anomaly anomaly, ring;
};

/* VALID, INVALID (then ->isolation has the anomaly, and its cycle or d a finding), or
 * UNKNOWN when the budget ended, or missed writes and clocks would need more memory than
 * a quarter of it each. */
enum verdict rw_weak_judge(struct dependencies *d, const struct weak_question *question,
			   const struct budget *budget, struct isolation *isolation);

#endif
