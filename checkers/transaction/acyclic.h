/* acyclic.h - a directed graph that must stay without cycles while edges are added and
 * taken back, last in first out.
 *
 * Fixed edges are given once; added edges carry a label (a choice that somebody made). A
 * topological order is kept up to date with each added edge: Pearce and Kelly, "A dynamic
 * topological sort algorithm for directed acyclic graphs", JEA 2006; cost proportional to
 * the part of the order between the two ends, nothing when they already stand in order.
 * Taking an edge back costs O(1): an order stays an order. PURE. */
#ifndef CHECKERS_ACYCLIC_H
#define CHECKERS_ACYCLIC_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

#define LABEL_NONE UINT32_MAX /* of fixed edges */

struct arc {
	uint32_t from, to;
};

struct added_arc {
	uint32_t from, to, label;
	uint32_t next_out, next_in; /* index + 1 of the next of the same node */
};

struct acyclic {
	uint32_t node_count;
	uint32_t *out_starts, *out;	/* owned: rows of the fixed edges */
	uint32_t *in_starts, *in;	/* owned: the same, backwards */
	uint32_t *first_out, *first_in; /* owned: index + 1 into added */
	VEC(struct added_arc) added;
	uint32_t *place; /* owned: position of each node in the topological order */

	/* The cycle that the last refused edge would have closed (or a cycle of the fixed
	 * edges): its nodes in order, and the labels on its added edges, each once. */
	VEC(uint32_t) cycle;
	VEC(uint32_t) labels;

	uint32_t *mark, *parent, *via; /* owned: scratch of the searches */
	uint32_t stamp;
	VEC(uint32_t) forward, backward, places;
};

/* Makes the graph of the fixed edges with an order that follows `hint` (small first) as
 * far as they allow. False when they have a cycle: it is in ->cycle. The caller calls
 * acyclic_release in both cases. O((nodes + edges) log nodes). */
bool acyclic_init(struct acyclic *graph, uint32_t node_count, const struct arc *fixed,
		  size_t fixed_count, const uint32_t *hint);
void acyclic_release(struct acyclic *graph);

/* Adds an edge; false, and nothing is added, when it would close a cycle: then ->cycle
 * and ->labels tell it (the label of the refused edge itself is not among them). */
bool acyclic_add(struct acyclic *graph, uint32_t from, uint32_t to, uint32_t label);

/* Takes back all added edges beyond the first `count`. */
void acyclic_undo(struct acyclic *graph, size_t count);

#endif
