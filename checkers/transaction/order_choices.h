/* order_choices.h - finds a way to order what has no known order: each choice adds the
 * edges of one of its two sides, and the graph must stay without cycles.
 *
 * Conflict-driven clause learning over the choices with acyclicity as its theory (Marques
 * Silva and Sakallah 1996; Bayless et al., "SAT modulo monotonic theories", 2015): a
 * cycle explains which choices cannot stand together, the learned clause prunes the
 * search. The side tried first is the one that the present topological order suggests, so
 * that a graph whose order is guessed well (from times) needs no search at all. Decides
 * always, given the budget: the problem is NP-complete. PURE, deterministic. */
#ifndef CHECKERS_ORDER_CHOICES_H
#define CHECKERS_ORDER_CHOICES_H

#include "checkers/checker.h"
#include "checkers/transaction/acyclic.h"
#include "checkers/transaction/order_log.h"

/* Two sides with up to two edges each, NODE_NONE where there is none; the first side has
 * one at least, and is tried first when the second has none. */
#define NODE_NONE UINT32_MAX
struct order_choice {
	struct arc arcs[2][2];
};

struct order_solver {
	struct acyclic *graph;	     /* borrowed; holds the edges of the answer */
	const struct budget *budget; /* borrowed */
	VEC(struct order_choice) choices;
	uint32_t choice_count; /* those that the arrays below have room for */
	bool *touched;	       /* owned, by node: lay on a cycle that the search met */
	bool *choice_used;     /* owned, by choice: likewise */
	uint64_t conflicts, decisions;
	/* May be set after order_solver_init. */
	uint64_t conflicts_max; /* then UNKNOWN */
	struct order_log *log;	/* borrowed; NULL: the search is not logged */
	bool keeps_made; /* choices that are added later are respected by the order found:
			  * those made before need not be made again */

	/* The state of the search; literal = 2 * choice + side. */
	uint8_t *value;	   /* owned: side + 1; 0: open */
	uint32_t *level;   /* owned: of each made choice */
	uint32_t *reason;  /* owned: index into clauses, or CLAUSE_NONE */
	uint32_t *unit;	   /* owned, by choice: the clause that leaves one side, + 1 */
	uint32_t *watches; /* owned, by literal: first clause that watches it */
	uint32_t *heap, *heap_place; /* owned: choices to decide; place + 1 in it */
	uint32_t *stamp;	     /* owned: the latest stamp is decided first */
	uint32_t heap_count, stamps;
	uint8_t *seen; /* owned: scratch of the analysis */
	VEC(uint32_t) clauses;
	VEC(struct made {
		uint32_t literal;
		size_t arcs;
	})
	trail;
	VEC(size_t) levels; /* where in the trail each level begins */
	VEC(uint32_t) conflict, learned;
	uint32_t conflict_of;	/* the clause that conflicts */
	bool conflict_by_cycle; /* what it leaves closes the cycle that the graph tells */
	uint32_t *
		fact; /* owned, by choice made on the lowest level: its step in the log */
	VEC(uint32_t) facts, hints; /* scratch of what is logged next */
	size_t next; /* of the trail: its clauses have not been looked at */
	size_t bytes_max;
};

/* Begins without choices. The caller calls order_solver_release. */
void order_solver_init(struct order_solver *solver, struct acyclic *graph,
		       const struct budget *budget);
void order_solver_release(struct order_solver *solver);

/* After VALID: these literals, all true, cannot stand together, as the cycle shows that the
 * graph tells at present. False when nothing else can be chosen (INVALID); else order_solve
 * goes on. */
bool order_solver_refute(struct order_solver *solver, const uint32_t *literals,
			 size_t count);

/* Adds a choice, also after an answer: then order_solve goes on from where it stands, so
 * that choices may be told only when an order does not respect them of itself. */
void order_solver_add(struct order_solver *solver, const struct order_choice *choice);

/* VALID: ->graph has an order that respects one side of every choice told so far.
 * INVALID: there is none; the nodes and choices of the proof are in touched and
 * choice_used. UNKNOWN: the budget ended the search. */
enum verdict order_solve(struct order_solver *solver);

#endif
