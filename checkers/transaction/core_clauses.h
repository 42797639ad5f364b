/* core_clauses.h - a proof in the words of core_proof.h, and what follows when some of its
 * choices are made: for those who check proofs and those who tell them. PURE. */
#ifndef CHECKERS_CORE_CLAUSES_H
#define CHECKERS_CORE_CLAUSES_H

#include "checkers/transaction/core_edges.h"

/* Words in the proof. */
struct core_list {
	const uint32_t *items;
	size_t count;
};

/* Takes the first words, of which there are so many. */
static inline struct core_list
core_list_cut(struct core_list *words, size_t count)
{
	struct core_list front = {words->items, count};

	words->items += count;
	words->count -= count;
	return front;
}

/* A clause, and what it follows from. */
struct core_step {
	struct core_list literals, hints, txns;
};

/* Takes the choices of a proof, pairs of transactions, then step after step; false when the
 * words end in the midst of one. */
bool core_proof_take_choices(struct core_list *words, struct core_list *pairs);
bool core_proof_take_step(struct core_list *words, struct core_step *step);

struct core_clauses {
	struct core_edges edges;
	const uint32_t *choices; /* pairs */
	uint32_t choice_count;
	uint8_t *value;	    /* owned, by choice: side + 1 that holds; 0: open */
	VEC(uint32_t) held; /* literals that hold, as they were found */
	VEC(struct core_step) steps;
	struct err *err;
};

/* What the clauses say when some choices are made. */
enum core_outcome {
	CORE_REFUTED, /* what was supposed cannot be */
	CORE_FOLLOWED,
	CORE_WRONG
};

/* Reads the proof of a core; false with what is wrong with its words. The caller calls
 * core_clauses_release in both cases. */
bool core_clauses_init(struct core_clauses *c, const struct history *history,
		       const struct anomaly *core, const struct rw_claim *claim,
		       struct err *err);
void core_clauses_release(struct core_clauses *c);

static inline bool
core_clauses_hold(const struct core_clauses *c, uint32_t literal)
{
	return c->value[literal / 2] == literal % 2 + 1;
}

/* The two transactions of a literal: the first of them comes before the other. */
static inline uint32_t
core_clauses_first(const struct core_clauses *c, uint32_t literal)
{
	return c->choices[literal / 2 * 2 + literal % 2];
}

static inline uint32_t
core_clauses_second(const struct core_clauses *c, uint32_t literal)
{
	return core_clauses_first(c, literal ^ 1);
}

/* Makes a choice. */
void core_clauses_choose(struct core_clauses *c, uint32_t literal);

/* Takes the latest choices back, until so many are left. */
void core_clauses_let_go(struct core_clauses *c, size_t left);

/* Supposes that no literal of the clause holds. */
enum core_outcome core_clauses_deny(struct core_clauses *c,
				    const struct core_list *literals);

/* Makes the choice that a clause leaves. */
enum core_outcome core_clauses_use(struct core_clauses *c,
				   const struct core_list *literals);

#endif
