/* parallel_certify.h - few transactions on registers without parallel snapshots, by brute
 * force: the writes of each key are put into all orders, and each has a cycle with one
 * anti-dependency or none (Cerone and Gotsman, "Analysing snapshot isolation", PODC 2016).
 * Shares nothing with the deciders. PURE. */
#ifndef CHECKERS_PARALLEL_CERTIFY_H
#define CHECKERS_PARALLEL_CERTIFY_H

#include "checkers/transaction/rw_certify.h"

/* As rw_certify_given: what is given from a commit to a snapshot is a way without an
 * anti-dependency, from a snapshot to a commit one with one. */
bool parallel_certify(const struct history *history, const uint32_t *ops, size_t count,
		      const struct rw_given *given, size_t given_count,
		      const struct rw_claim *claim, struct err *err);

#endif
