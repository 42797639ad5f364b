/* cycles.h - one short cycle for each component of a dependency graph, and the proof that
 * operations form one. PURE. */
#ifndef CHECKERS_CYCLES_H
#define CHECKERS_CYCLES_H

#include "checkers/checker.h"
#include "checkers/transaction/graph.h"

enum {
	CYCLE_NODES_MAX = 60,
	CYCLE_STARTS_MAX = 64, /* nodes of a component that a cycle is looked for from */
	CYCLES_MAX = 1000,
};

/* Calls `found` with the nodes of a short cycle (without the first one again) for each
 * component that has one; returns how many components have. Cycles of more than
 * CYCLE_NODES_MAX nodes are found, but not shown: `found` gets no nodes. */
uint32_t cycles_find(const struct graph *graph, unsigned mask,
		     void (*found)(void *self, const uint32_t *nodes, size_t count),
		     void *self);

/* Whether the operations hold a cycle of the relation. Cubic in their number. */
bool cycles_hold(const struct history *history, const uint32_t *ops, size_t count,
		 bool (*precedes)(const struct history *history, const struct op *a,
				  const struct op *b));

#endif
