/* views_certify.h - the views of sessions that differ from one order of all operations in a
 * piece each, verified. So a session's proof costs its piece, and not all writes. Shares no
 * rule with the decider. PURE. */
#ifndef CHECKERS_VIEWS_CERTIFY_H
#define CHECKERS_VIEWS_CERTIFY_H

#include "checkers/weak/weak_models.h"

struct views_proof {
	const struct weak *weak;
	struct err *err;
	bool is_causal;
	const uint32_t *ids;  /* borrowed: the common order */
	uint32_t *place;      /* owned, by id: where it stands there */
	uint32_t *next_write; /* owned, by id of a write: where the next one of its key
				 stands; count: none */
	uint32_t *first;      /* owned, by key: where its first write stands */
	uint32_t *writes;     /* owned, by place: how many writes stand before it */
	uint32_t *rank;	      /* owned, by id: place in the piece + 1; 0: not in it */
	uint32_t *latest;     /* owned, by session: rank of its last in the piece */
	uint32_t *last;	      /* owned, by key: the last write in the piece, + 1 */
};

/* Verifies the common order: every operation once, in session order and, for causal memory,
 * behind its source. False, with the reason, when it is none; it is to be released either
 * way. O(n). */
bool views_proof_init(struct views_proof *proof, bool is_causal, const struct weak *weak,
		      const uint32_t *ids, uint32_t count, struct err *err);

/* Verifies the view of a session, a short one. Linear in its piece. */
bool views_proof_holds(struct views_proof *proof, const struct weak_order *order);
void views_proof_release(struct views_proof *proof);

#endif
