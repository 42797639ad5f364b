/* weak_certify.h - proves valid verdicts below snapshot isolation: an order of all
 * transactions in which each stands behind what it depends on, checked against the axioms
 * of the level, read by read.
 *
 * The axioms (Biswas and Enea, OOPSLA 2019; Adya 1999 for G0, G1 and G-single): a reader of
 * x from s does not stand in front of s; whom the reader can see and who wrote x too does
 * not stand behind s. For lists the order must also be that of the elements. Shares nothing
 * with the deciders but the parsed transactions. PURE; O(micro-operations); for causal and
 * G-single also what lies between readers and their sources, and for causal at most
 * O(transactions * processes). */
#ifndef CHECKERS_WEAK_CERTIFY_H
#define CHECKERS_WEAK_CERTIFY_H

#include "checkers/checker.h"

/* Whether an order proves that there is none of these anomalies (bits of enum
 * isolation_anomaly). */
bool weak_is_provable(uint64_t forbidden);

bool weak_certify(const struct history *history, const struct check_options *options,
		  const struct order *order, uint64_t forbidden, struct err *err);

#endif
