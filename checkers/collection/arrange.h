/* arrange.h - near-linear deciders of collections in which every value was put once: they
 * arrange the operations in an order, or find why none exists.
 *
 *	queue           O(n); tightened intervals and a topological peel of
 *	                "was put before" and "was first before"
 *	stack           O(n log n); elements whose operations can all happen while no other
 *	                stays are set aside, one after the other
 *	priority queue  O(n) after sorting; from the first priority down, each take at the
 *	                first instant at which nothing stays that goes first
 *	bag             O(n) after sorting; stays and the gaps between them
 *	tuple space     O(n log n + matches): the same for each pattern that missed
 *
 * Sources: Henzinger, Sezgin and Vafeiadis 2013, Bouajjani et al. 2018 (queue, stack as
 * patterns); Abdulla et al., PLDI 2025 and Lee and Mathur 2024 (the near-linear ideas for
 * stack and priority queue). Here with looks, misses and puts of unknown outcome.
 *
 * Takes of unknown outcome are left out, unless the caller has given them an element. */
#ifndef CHECKERS_ARRANGE_H
#define CHECKERS_ARRANGE_H

#include "checkers/jepsen/elements.h"

struct arrangement {
	VEC(uint64_t) steps; /* while it is built: point << 32 | operation of the key */
	uint32_t *order;     /* owned: operations of the key */
	size_t count;
};

/* True: `out` has the order, the caller releases it. False: no order exists (or was not
 * found), and the finding says which operations show it. */
bool arrange(const struct elements *elements, struct arrangement *out,
	     struct finding *finding);
void arrangement_release(struct arrangement *out);

/* For the deciders: places an operation at a point, which is odd; those at one point stay in
 * the order in which they were placed. */
static inline uint64_t
arrange_step(uint32_t point, uint32_t op)
{
	return (uint64_t)point << 32 | op;
}

static inline void
arrange_at(struct arrangement *out, uint32_t point, uint32_t op)
{
	vec_push(&out->steps, arrange_step(point, op));
}

void arrange_finish(struct arrangement *out);

bool arrange_queue(const struct elements *elements, struct arrangement *out,
		   struct finding *finding);
bool arrange_stack(const struct elements *elements, struct arrangement *out,
		   struct finding *finding);
bool arrange_priority_queue(const struct elements *elements, struct arrangement *out,
			    struct finding *finding);
bool arrange_bag(const struct elements *elements, struct arrangement *out,
		 struct finding *finding);

#endif
