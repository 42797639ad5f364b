/* placing.h - operations put in a row, each behind all that must come before it.
 *
 * Whoever puts an operation gets those before it put first, so the row stays as near to the
 * order of asking as what must be respected allows. What must come before an operation: the
 * one before it in its session, its source (where causes count), and what links say. */
#ifndef CHECKERS_PLACING_H
#define CHECKERS_PLACING_H

#include "checkers/weak/weak.h"

struct placing_link {
	uint32_t before, after, next; /* next: another link to `after`, + 1; 0: none */
};

struct placing {
	const struct weak *weak;
	bool is_causal;	      /* everybody's reads stand behind their sources */
	uint32_t session;     /* its reads do in any case; UINT32_MAX: nobody's */
	const uint32_t *rank; /* by id: those below `from` stand already; NULL: none */
	uint32_t from;
	uint32_t *links; /* owned, by id: its last link + 1; 0: none */
	VEC(struct placing_link) all_links;
	uint8_t *state;	 /* owned, by id */
	uint32_t *order; /* owned: the row */
	uint32_t count;
	VEC(uint32_t) waiting;
};

/* Nothing is put yet. */
void placing_init(struct placing *placing, const struct weak *weak, bool is_causal);
void placing_release(struct placing *placing);

/* `before` has to stand before `after`. */
void placing_link(struct placing *placing, uint32_t before, uint32_t after);

/* Puts the operation, unless it stands already. False where a ring must be respected. */
bool placing_put(struct placing *placing, uint32_t id);

/* Forgets the row and the links, in time linear in them. */
void placing_clear(struct placing *placing);

#endif
