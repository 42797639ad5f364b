/* session_certify.h - the orders of versions that prove session guarantees, verified.
 *
 * Sessions share one order of all writes. Each has its own that begins with a head, the
 * writes that it knows of as it may have seen them; the others follow as in the common
 * order. So a session's proof costs what the session saw, and not all writes. Shares no
 * rule with the decider. PURE. */
#ifndef CHECKERS_SESSION_CERTIFY_H
#define CHECKERS_SESSION_CERTIFY_H

#include "checkers/weak/weak_models.h"

struct session_proof {
	const struct weak *weak;
	struct err *err;
	bool asks_own, asks_reads, asks_writers, asks_causes;
	uint32_t *age;	   /* owned, by id: place in the common order + 1; 0: none */
	uint32_t *head;	   /* owned, by id: place in the head + 1; 0: not in it */
	uint32_t *earlier; /* owned, by id: the operation of its session on its key before
			      it, + 1; 0: none */
	uint64_t *floor;   /* owned, by key: what a read must reach */
	uint32_t
		*walked; /* owned, by session: so many of its operations were looked at */
	VEC(uint32_t) raised; /* keys that have a floor */
};

/* Verifies the common order: each write once, older ones first. False, with the reason, when
 * it is none; it is to be released either way. O(n). */
bool session_proof_init(struct session_proof *proof, enum weak_model model,
			const struct weak *weak, const uint32_t *ids, uint32_t count,
			struct err *err);

/* Verifies what a session saw. Linear in the head and in the sessions that it read from, as
 * far as it read. */
bool session_proof_holds(struct session_proof *proof, uint32_t session,
			 const uint32_t *head, uint32_t count);
void session_proof_release(struct session_proof *proof);

#endif
