/* core_layering_parts.h - what the files of core_layering.h share: layers in the making. */
#ifndef CHECKERS_CORE_LAYERING_PARTS_H
#define CHECKERS_CORE_LAYERING_PARTS_H

#include "checkers/transaction/core_layering.h"
#include "checkers/transaction/core_layers.h"

typedef VEC(uint32_t) row;

/* A layer in the making. */
struct draft {
	uint32_t step;
	row lemmas, txns, paths; /* as core_layers.h says */
};

struct layering {
	struct core_clauses c;
	uint32_t
		*lemma_of; /* owned, by choice: step + 1 that left its literal; 0: none */
	struct map literals; /* pair of transactions -> literal + 1 */
	bool *known;	     /* owned, by literal: what the draft holds */
	row open;	     /* lemmas whose cycles are to be spread out */
	row told;	     /* steps that have a layer, or shall have one */
};

void row_append(row *to, const uint32_t *items, size_t count);
bool row_has(const row *set, uint32_t item);

/* Keeps a row ascending, each item once. */
void row_add(row *set, uint32_t item);

/* Takes over what stands in another draft, which stays. */
void draft_copy(struct draft *to, const struct draft *from);
void draft_release(struct draft *draft);
void draft_add_path(struct draft *draft, const uint32_t *txns, size_t count);

#define each_path(path, draft)                                                           \
	for (struct core_list                                                            \
		     path##_rest = {(draft)->paths.items, (draft)->paths.count},         \
		     path = {0};                                                         \
	     core_layers_take_path(&path##_rest, &path);)

/* ---- core_layering_held.c: what a draft supposes and leaves ---- */

/* The literal that shows this edge, + 1; 0: none is needed. */
uint32_t layering_literal(const struct layering *l, uint32_t from, uint32_t to);

/* Supposes what the step does and goes on to the cycle that it ends in, through the clauses
 * of which nothing is left; NULL: there is none. layering_let_go takes it all back. */
const struct core_list *layering_cycle(struct layering *l, uint32_t number);

/* Supposes what the draft does; likewise. */
bool layering_hold(struct layering *l, const struct draft *draft);
void layering_let_go(struct layering *l);

/* Of the lemmas that hold now, those that the paths need become those of the draft. */
void layering_take_lemmas(struct layering *l, struct draft *draft);

/* The transactions of the draft have no order with what it gives. */
bool layering_refutes(struct layering *l, const struct draft *draft);

/* Those through whom an edge is seen: who wrote what both read, or the chain of writes. */
void layering_add_support(const struct layering *l, uint32_t from, uint32_t to,
			  row *txns);

/* ---- core_layering.c ---- */

/* Leaves out what is not needed, orders first. */
void layering_leave_out(struct layering *l, struct draft *draft);

/* ---- core_layering_place.c ---- */

/* What lemmas leave is seen by the draft's transactions instead, where these stay few. */
void layering_put_in_place(struct layering *l, struct draft *draft);

#endif
