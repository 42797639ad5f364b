/* causal_certify.h - that no read returns what was replaced in its causal past, verified along
 * an order that respects causes, without clocks: for many sessions. Shares no rule with the
 * decider. PURE. */
#ifndef CHECKERS_CAUSAL_CERTIFY_H
#define CHECKERS_CAUSAL_CERTIFY_H

#include "checkers/weak/weak_models.h"

/* `ids`: all operations, in an order that respects causes; `place`, by id: where it stands.
 * Of the writes of its key in a read's causal past none stands behind its source (causal-ccv)
 * or causally follows it (causal-cc). Linear in the distances between reads and sources. */
bool causal_certify_reads(enum weak_model model, const struct weak *weak,
			  const uint32_t *ids, const uint32_t *place, struct err *err);

#endif
