/* graph.h - dependency graphs of transactions: compressed rows, components, short cycles.
 *
 * Nodes are dense ids. Edges have a kind, one bit of a mask, so that one graph serves
 * every isolation level: a level forbids cycles within some mask. Real time is never made
 * into edges: graph_commit_points decides it (see there).
 *
 * Sources: Tarjan 1972 (components), Adya 1999 (edge kinds), and for real time and for
 * snapshot isolation the lemmas in docs/CHECKERS.md. PURE; O(nodes + edges) unless said.
 */
#ifndef CHECKERS_GRAPH_H
#define CHECKERS_GRAPH_H

#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum edge_kind {
	EDGE_WW = 1,	    /* b's write directly follows a's in the version order */
	EDGE_WR = 2,	    /* b read what a wrote */
	EDGE_RW = 4,	    /* b overwrote what a read: an anti-dependency */
	EDGE_PROCESS = 8,   /* b follows a in the same process */
	EDGE_REALTIME = 16, /* a was over before b began; only in reported cycles */
	EDGE_ORDER = 32,    /* another certain order (inferred, asked for) */
	EDGE_GIVEN = 128,   /* of a core: shown elsewhere (core_layers.h) */
};
enum {
	EDGE_DEPENDENCY = EDGE_WW | EDGE_WR,
	EDGE_ALL_DATA = EDGE_WW | EDGE_WR | EDGE_RW
};

struct edge {
	uint32_t from, to;
	uint8_t kind; /* one of enum edge_kind */
};

/* What graph_add does. */
enum graph_phase {
	GRAPH_KEEPS = 0, /* keeps the edge for graph_build */
	GRAPH_COUNTS,
	GRAPH_PLACES,
	GRAPH_IS_BUILT,
};

struct graph {
	uint32_t node_count;
	enum graph_phase phase;
	size_t edge_count;
	size_t *starts;	   /* owned: edges of node v are starts[v] .. starts[v + 1] */
	uint32_t *targets; /* owned */
	uint8_t *kinds;	   /* owned */
	VEC(struct edge) pending; /* edges added before graph_build; freed by it */
};

void graph_init(struct graph *graph, uint32_t node_count);
void graph_release(struct graph *graph);

/* Adds an edge; loops from a node to itself are left out. Before graph_build. */
void graph_add(struct graph *graph, uint32_t from, uint32_t to, enum edge_kind kind);

/* Makes the rows. Parallel edges of one kind may stay. */
void graph_build(struct graph *graph);

/* Where a graph is too large to keep its edges beside its rows: after graph_count the edges
 * are added to be counted, and after graph_place the same once more, into the rows. */
void graph_count(struct graph *graph);
void graph_place(struct graph *graph);

/* A topological order of all nodes by the edges in `mask`; false when there is a cycle
 * (then `order` holds the nodes that are in front of every cycle, and *count how many).
 * `order` has room for node_count ids. Deterministic: smaller ids first among the ready
 * ones is not promised, but the same graph gives the same order. */
bool graph_order(const struct graph *graph, unsigned mask, uint32_t *order,
		 size_t *count);

/* Strongly connected components by the edges in `mask`: component[v] is the number of v's
 * component; returns how many there are. Components of one node are those without a
 * cycle. Iterative. */
uint32_t graph_components(const struct graph *graph, unsigned mask, uint32_t *component);

/* Real time without edges (lemma L3): with acyclic `mask`, real time can be respected iff
 * M(v) = max(begin(v), M(u) for edges u -> v) < end(v) for all v. Writes M into `commit`,
 * a commit point for each node. False when some v has M(v) > end(v): then a cycle with
 * exactly one real-time edge exists: *late is v and *early the node whose begin gave
 * M(v), so that early reaches late by edges in the mask and late ended before early
 * began. begin, end: positions of events; end UINT32_MAX for an open one. */
bool graph_commit_points(const struct graph *graph, unsigned mask, const uint32_t *begin,
			 const uint32_t *end, uint32_t *commit, uint32_t *late,
			 uint32_t *early);

/* A shortest path from `from` to `to` by edges in `mask`, as node ids, both ends
 * included; 0 when there is none. `path` has room for path_max; a longer path gives 0.
 * When `within` is given only nodes of component `number` are walked. From a node to
 * itself: a shortest cycle. */
size_t graph_path(const struct graph *graph, unsigned mask, uint32_t from, uint32_t to,
		  const uint32_t *within, uint32_t number, uint32_t *path,
		  size_t path_max);

/* The kinds of all edges from one node to another, as a mask. */
unsigned graph_kinds(const struct graph *graph, uint32_t from, uint32_t to);

#endif
