/* core_proof.h - a proof that some transactions on registers have no order, however many they
 * are; checked by code of its own, which shares nothing with the search that found it.
 *
 * Transactions are counted from 0 as they are listed. A choice is about two that wrote the
 * same key: which of them came first. In words:
 *
 *	choices, then for each: a, c          2 * choice means "a before c", and
 *	                                      2 * choice + 1 "c before a"
 *	steps, each: literals, hints, transactions (how many there are of each), and these
 *
 * A step proves a clause: at least one of its literals holds in every order. Suppose that all
 * are false; then the hints, numbers of earlier steps, name clauses of which each leaves one
 * literal, which therefore holds, until one of them leaves none, or else the transactions of
 * the step stand in a cycle: each comes before the next and the last before the first, as
 * core_edges.h shows it from the operations and from what holds. The last step proves the
 * clause without literals.
 *
 * (Reverse unit propagation with hints, as in Cruz-Filipe et al., "Efficient certified RAT
 * verification", CADE 2017, with cycles as lemmas.) PURE; linear in the words but for the
 * keys of two transactions that stand next to each other in a cycle. */
#ifndef CHECKERS_CORE_PROOF_H
#define CHECKERS_CORE_PROOF_H

#include "checkers/transaction/rw_certify.h"

/* False with what is wrong with the proof. */
bool core_proof_check(const struct history *history, const struct anomaly *core,
		      const struct rw_claim *claim, struct err *err);

#endif
