/* core_layers.h - a core that is too large to be taken in, told a dozen transactions at a
 * time.
 *
 * A layer is about a step of the proof (core_proof.h): it supposes that no literal of its
 * clause holds, and of at most a dozen transactions no order keeps what these read and the
 * orders that are given. An order is given by a path: each transaction on it comes before the
 * next, as core_edges.h shows it from the operations, from what is supposed, and from what
 * earlier steps leave, the lemmas. The first layer is about the last step, which supposes
 * nothing; the others tell lemmas, as many as there is room for.
 *
 * In words, for each layer:
 *
 *	step, how many lemmas, transactions, and words of paths follow
 *	the lemmas: numbers of earlier steps, each of which leaves one literal
 *	the transactions, ascending
 *	the paths, each: how many transactions, from one of those above to another
 *
 * The steps are proven by core_proof_check; whether a dozen have an order is tried by brute
 * force (rw_certify.h). PURE. */
#ifndef CHECKERS_CORE_LAYERS_H
#define CHECKERS_CORE_LAYERS_H

#include "checkers/transaction/core_clauses.h"

enum {
	LAYER_TXNS_MAX = 12,
	LAYER_PATHS_MAX = 64,
	LAYERS_MAX = 9 /* that are told, the first included */
};

struct core_layer {
	uint32_t step;
	struct core_list lemmas, txns, paths;
};

/* Takes the next layer from the words; false when there is none, or not a whole one. */
bool core_layers_take(struct core_list *words, struct core_layer *layer);

/* Takes the next path; likewise. */
bool core_layers_take_path(struct core_list *paths, struct core_list *path);

/* What the path of a layer gives: between places among the layer's transactions. False when
 * something on it does not come before the next. */
bool core_layers_given(const struct core_edges *edges, const struct core_list *txns,
		       const struct core_list *path, struct rw_given *given);

/* Supposes what the layer does, and what its lemmas leave; false when they do not leave one
 * literal each. The caller lets it go. */
bool core_layers_suppose(struct core_clauses *c, const struct core_layer *layer);

/* Whether what the layers of a core tell is so, if its proof is. */
bool core_layers_check(const struct history *history, const struct anomaly *core,
		       const struct rw_claim *claim, struct err *err);

#endif
