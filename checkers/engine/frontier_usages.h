/* frontier_usages.h - how many crashed calls a configuration has used, by group.
 *
 * A vector of counts has a number (0: none used), so that configurations stay small. The
 * classes of crashed calls are counted alone (exact) or several as one group: then a
 * vector says less, far fewer of them are apart, and what cannot be reached with it
 * cannot be reached at all. The counts lie side by side in words, each with a spare bit
 * above it, so that "nowhere more" is a subtraction a word.
 *
 * Private to the engine. One thread. */
#ifndef CHECKERS_FRONTIER_USAGES_H
#define CHECKERS_FRONTIER_USAGES_H

#include "checkers/engine/frontier_plan.h"

/* Where the count of a group is, and its crashed calls. */
struct usage_group {
	uint32_t word;
	uint32_t shift;
	uint64_t mask;	       /* of the count, once it is shifted */
	uint32_t first, count; /* in usages->begins */
};

struct usages {
	const struct plan *plan; /* borrowed */
	uint32_t *group_of;	 /* owned; by info class */
	VEC(struct usage_group) groups;
	uint32_t *begins; /* owned; invocations of crashed calls by group, in order */
	size_t width;	  /* words a vector */
	uint64_t *guards; /* owned; by word: the spare bits */
	VEC(uint64_t) vectors;
	VEC(uint32_t) totals; /* by vector: the sum of its counts */
	uint32_t *slots;      /* owned; vector + 1; open addressing */
	size_t slot_count, count;
};

/* Each class of crashed calls is a group of its own. */
void usages_init_exact(struct usages *usages, const struct plan *plan);

/* All classes are one group. */
void usages_init_joined(struct usages *usages, const struct plan *plan);

void usages_release(struct usages *usages);

/* Gives a class a group of its own and forgets all vectors. False: it had one. */
bool usages_split(struct usages *usages, uint32_t info);

/* Forgets all vectors. */
void usages_clear(struct usages *usages);

/* A crashed call of the class's group is left that began before the position. */
static inline bool
usages_has_left(const struct usages *usages, uint32_t usage, uint32_t info,
		uint32_t position)
{
	const struct usage_group *group = &usages->groups.items[usages->group_of[info]];
	const uint64_t *vector = usages->vectors.items + (size_t)usage * usages->width;
	uint64_t used = vector[group->word] >> group->shift & group->mask;

	return used < group->count && usages->begins[group->first + used] <= position;
}

/* The vector after one more crashed call of a class of which one is left. */
uint32_t usages_next(struct usages *usages, uint32_t usage, uint32_t info);

/* The vector of these counts, by info class. Exact usages only. */
uint32_t usages_number(struct usages *usages, const uint32_t *counts);

/* The vector of `from`, which counts the same groups. */
uint32_t usages_copy(struct usages *usages, const struct usages *from, uint32_t usage);

size_t usages_bytes(const struct usages *usages);

/* Nowhere does `a` count more than `b`. Mostly the sums tell that it does. */
static inline bool
usages_leq(const struct usages *usages, uint32_t a, uint32_t b)
{
	const uint64_t *x = usages->vectors.items + (size_t)a * usages->width;
	const uint64_t *y = usages->vectors.items + (size_t)b * usages->width;

	if (a == b)
		return true;
	if (usages->totals.items[a] >= usages->totals.items[b])
		return false;
	for (size_t i = 0; i < usages->width; i++)
		if ((((y[i] | usages->guards[i]) - x[i]) & usages->guards[i]) !=
		    usages->guards[i])
			return false;
	return true;
}

#endif
