/* rw_prover.h - what the files of rw_proof.h share: facts, rules, and what follows. */
#ifndef CHECKERS_RW_PROVER_H
#define CHECKERS_RW_PROVER_H

#include "checkers/transaction/graph.h"
#include "checkers/transaction/rw_proof.h"

#define NO_RULE UINT32_MAX

enum {
	EDGE_INNER = 64 /* from a snapshot to its own commit */
};

/* Classes of cycles from gross to subtle. */
enum cycle_class {
	CLASS_NONE = 0,
	CLASS_G0,
	CLASS_G1C,
	CLASS_G_SINGLE,
	CLASS_G_NONADJACENT,
	CLASS_G2_ITEM,
};

/* How a fact is known. */
enum fact_source {
	FACT_GIVEN,
	FACT_DERIVED, /* the other side of its rule closes a cycle with the reasons */
	FACT_LEMMA, /* the other side of its rule was tried: ->text; the reasons were used */
	FACT_SUPPOSED, /* a side that is tried */
};

/* An edge between nodes: transactions, or their snapshots and commits. */
struct fact {
	uint32_t from, to;
	uint8_t kind; /* enum edge_kind, EDGE_INNER */
	enum fact_source source;
	uint32_t rule; /* index; NO_RULE when given */
	uint32_t first_reason, reason_count;
	enum cycle_class class; /* of the cycles on the side that it is not */
	unsigned kinds;
	char *text;	   /* owned, of a lemma: what became of the other side */
	uint32_t next_out; /* fact + 1, of the same node */
	uint32_t given;	   /* number + 1 of what was given beside the operations */
	bool is_copy;	   /* the fact before it again, behind an anti-dependency */
	val key, first, second;
};

/* One of two edges holds. Transactions by their place in the core: the reader read the key
 * from `writer`, `other` wrote it too. NO_RULE as reader: two writers do not overlap. */
struct rule {
	struct side {
		uint32_t from, to;
		uint8_t kind;
	} sides[2];
	val key, value, other_value;
	uint32_t reader, writer, other;
};

struct prover {
	const struct history *history;
	const struct rw_claim *claim;
	const uint32_t *ops;
	const struct proof_given *given;
	size_t given_count;
	uint32_t count, nodes, words;
	uint64_t *reach;     /* owned: bit rows, node by node */
	uint32_t *first_out; /* owned, by node: its latest fact + 1 */
	VEC(struct fact) facts;
	VEC(uint32_t) reasons;
	VEC(struct rule) rules;
	VEC(uint32_t) way; /* facts of the way found last, in order */
	uint32_t *came_by; /* owned, by node: scratch of the search for a way */
	uint32_t *queue;   /* owned */
	int sides_tried;
	struct fact closing; /* of the cycle told last */

	/* Of the side that is tried at present, or of the whole. */
	size_t scope; /* its first fact */
	struct buf text;
	VEC(uint32_t) used;	/* facts that its cycle needs */
	enum cycle_class class; /* the subtlest */
	unsigned kinds;
	int depth;
};

static inline bool
prover_reaches(const struct prover *p, uint32_t from, uint32_t to)
{
	return from == to ||
	       (p->reach[(size_t)from * p->words + to / 64] >> (to % 64) & 1) != 0;
}

static inline bool
prover_has_two(const struct prover *p)
{
	return p->claim->snapshot || p->claim->parallel;
}

/* The node of a transaction's snapshot, and of its commit; the transaction of a node. With
 * parallel snapshots the second node is the transaction as one comes to it by a way with an
 * anti-dependency, and an edge that is none leads from the first to the first and from the
 * second to the second: between two transactions it stands in rules and in what closes a
 * cycle as under snapshot isolation, from the second to the first. */
static inline uint32_t
prover_begin(const struct prover *p, uint32_t t)
{
	(void)p;
	return t;
}

static inline uint32_t
prover_commit(const struct prover *p, uint32_t t)
{
	return prover_has_two(p) ? p->count + t : t;
}

/* Where a way must begin that the edge to this node closes to a cycle. */
static inline uint32_t
prover_way_from(const struct prover *p, uint32_t to)
{
	return p->claim->parallel ? to % p->count : to;
}

static inline uint32_t
prover_op(const struct prover *p, uint32_t node)
{
	return p->ops[node % p->count];
}

/* Finds given facts and rules. False when a transaction contradicts itself, which is another
 * anomaly. Facts that close a cycle with those before are in ->facts all the same. */
bool prover_collect(struct prover *p);

void prover_add(struct prover *p, const struct fact *fact);

/* The shortest way between two nodes, in ->way; they must be connected, or be the same. */
void prover_find_way(struct prover *p, uint32_t from, uint32_t to);

/* The class of the cycle that an edge of this kind closes with ->way. */
enum cycle_class prover_class_of(const struct prover *p, uint8_t kind);

/* The cycle that the fact closes with ->way: what it needs goes to ->used, ->class and
 * ->kinds, and in words to ->text. */
void prover_tell_cycle(struct prover *p, const struct fact *closing);
void prover_tell_supposed(struct prover *p, const struct fact *supposed);

#endif
