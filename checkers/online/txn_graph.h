/* txn_graph.h - which transactions must come before which, while a history grows; raises the
 * first cycle, with real time and without.
 *
 * Real time has no edges of its own (interval orders are free of 2+2, so that a cycle which
 * uses real time exists iff one exists that uses it once). Instead every transaction has an
 * interval: `begins` is the last invocation among it and all that come before it, `ends` the
 * first end among it and all that come after it. A cycle with real time shows as begins >
 * ends. Cycles without it show in a topological order that is kept up to date: Pearce and
 * Kelly, "A dynamic topological sort algorithm for directed acyclic graphs", 2006. Since
 * transactions enter nearly in order, a new edge concerns few of them.
 *
 * A transaction that ends before the watermark is *settled*: whatever comes before it from
 * then on shows by its interval alone, so that its edges can go. Numbers of transactions
 * are used again when nothing refers to them (txn_graph_hold, txn_graph_let_go). */
#ifndef CHECKERS_ONLINE_TXN_GRAPH_H
#define CHECKERS_ONLINE_TXN_GRAPH_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

#define TXN_NONE UINT32_MAX

struct txn_edges {
	uint32_t *items; /* a vec */
	size_t count, capacity;
};

struct txn_node {
	int64_t begins, ends;
	uint64_t order; /* topological */
	struct txn_edges before, after;
	uint32_t holds;	   /* how many things refer to it */
	uint32_t unplaced; /* of its elements: they may still bring edges */
	uint64_t mark;	   /* of the search at hand */
	bool is_certain, is_settled, is_free;
};

struct txn_graph {
	VEC(struct txn_node) nodes;
	VEC(uint32_t) free;
	VEC(uint32_t) live;		  /* certain and not settled */
	VEC(uint32_t) front, back, stack; /* scratch of the search */
	VEC(uint64_t) orders;
	uint64_t last_order, last_mark;
	size_t settle_at; /* live ones when to look again */
	size_t edges;
};

enum txn_cycle {
	TXN_NO_CYCLE = 0,
	TXN_CYCLE,
	TXN_CYCLE_IN_REAL_TIME,
};

void txn_graph_release(struct txn_graph *graph);
size_t txn_graph_bytes(const struct txn_graph *graph);

/* A transaction that began: nobody knows yet whether it happened. Held once. */
uint32_t txn_graph_add(struct txn_graph *graph, int64_t began);

void txn_graph_hold(struct txn_graph *graph, uint32_t txn);
void txn_graph_let_go(struct txn_graph *graph, uint32_t txn);

/* It happened, and has ended at `ended` (INT64_MAX: not yet). */
enum txn_cycle txn_graph_certify(struct txn_graph *graph, uint32_t txn, int64_t ended);

/* `a` must come before `b`; both happened. */
enum txn_cycle txn_graph_order(struct txn_graph *graph, uint32_t a, uint32_t b);

/* Settles transactions that ended before the watermark; those with unplaced elements stay. */
void txn_graph_settle(struct txn_graph *graph, int64_t watermark);

#endif
