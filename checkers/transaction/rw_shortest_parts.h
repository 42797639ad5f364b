/* rw_shortest_parts.h - what the files of rw_shortest.h share: steps, rules and ways. Nodes
 * are transactions by their places in the list, or their snapshots and then their commits. */
#ifndef CHECKERS_RW_SHORTEST_PARTS_H
#define CHECKERS_RW_SHORTEST_PARTS_H

#include "checkers/transaction/acyclic.h"
#include "checkers/transaction/rw_shortest.h"

#include "base/map.h"

enum {
	COST_MAX = 100,
	COST_NONE = UINT8_MAX
};
#define STEP_GIVEN UINT32_MAX

/* From a node to the next. It costs the transactions that must be there for it: the one that
 * it leads to, and those of the way that forbids the other side. */
struct way_step {
	uint32_t from, to;
	uint32_t next_out; /* index + 1, of the same node */
	uint32_t refuted;  /* 2 * rule + the side that cannot be; STEP_GIVEN */
	uint8_t cost;
};

/* One of two holds, as three transactions show, or two. */
struct way_rule {
	struct arc sides[2];
	uint32_t txns[3];
};

struct shortest {
	const struct dependencies *d;
	const struct rw_versions *v;
	const struct rw_question *question;
	const uint32_t *txns;
	uint32_t count, nodes;
	VEC(struct way_step) steps;
	VEC(struct way_rule) rules;
	uint32_t *first_out; /* owned, by node: its latest step + 1 */
	/* Owned, by two nodes: the first refutation (2 * rule + side, + 1) that the way between
	 * them is, what the best way known costs, and its last step. */
	uint32_t *awaited, *last;
	uint8_t *cost;
	VEC(uint32_t) next_awaited; /* by refutation */
	struct {
		VEC(uint32_t) pairs;
	} queue[COST_MAX + 1]; /* ways by cost */
	bool *taken;	       /* owned, by place: of the derivation that is collected */
	bool *collected;       /* owned, by step; NULL at first */
	VEC(uint32_t) open;    /* ways of it that are to be collected */
};

static inline uint32_t
shortest_begin(const struct shortest *s, uint32_t place)
{
	(void)s;
	return place;
}

static inline uint32_t
shortest_commit(const struct shortest *s, uint32_t place)
{
	return s->question->snapshot ? s->count + place : place;
}

static inline size_t
shortest_pair(const struct shortest *s, uint32_t from, uint32_t to)
{
	return (size_t)from * s->nodes + to;
}

/* Adds a step and returns its number. */
uint32_t shortest_add(struct shortest *s, const struct way_step *step);

/* Adds the steps that are given, and the rules. */
void shortest_collect(struct shortest *s);

#endif
