/* predicates_certify.h - proves answers about registers with predicate reads again. PURE.
 *
 * A serial order, and one of snapshots, is run on the recorded history, item reads and
 * predicate reads (predicate_replay.h). Everything else is proven of the expanded history,
 * whose reads are first proven to follow from the recorded ones (expanded_certify.h). */
#ifndef CHECKERS_PREDICATES_CERTIFY_H
#define CHECKERS_PREDICATES_CERTIFY_H

#include "checkers/transaction/rw_certify.h"

/* An order of a valid history. `forbidden`: bits of enum isolation_anomaly. */
bool predicates_certify_order(const struct history *history,
			      const struct check_options *options,
			      const struct check_result *result,
			      const struct rw_claim *claim, uint64_t forbidden,
			      struct err *err);

/* The anomalies of an invalid one; what is called G2 must not be there without predicate
 * reads, as far as that can be tried. */
bool predicates_certify_anomalies(const struct history *history,
				  const struct check_options *options,
				  const struct check_result *result, struct err *err);

#endif
