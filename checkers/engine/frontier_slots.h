/* frontier_slots.h - sets of slots of open calls, each in one word.
 *
 * While no more than 64 calls are open at once, a set is its own bits. With more, each set
 * that comes up is kept once and the word is its number. The empty set is 0 either way, and
 * sets are equal when their words are. Private to the engine. One thread. */
#ifndef CHECKERS_FRONTIER_SLOTS_H
#define CHECKERS_FRONTIER_SLOTS_H

#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FRONTIER_SLOTS = 1024 /* calls open at once, at most */
};

struct slot_sets {
	size_t width;	     /* words of a set; 1: sets are their own bits */
	VEC(uint64_t) words; /* set * width; one more set is being made behind the last */
	uint32_t *table;     /* owned; set + 1; open addressing */
	size_t table_count, count;
};

/* `slots`: how many there are. */
void slot_sets_init(struct slot_sets *sets, unsigned slots);
void slot_sets_release(struct slot_sets *sets);
size_t slot_sets_bytes(const struct slot_sets *sets);

/* For more than 64 slots. */
uint64_t slot_sets_with_wide(struct slot_sets *sets, uint64_t set, unsigned slot);
uint64_t slot_sets_without_wide(struct slot_sets *sets, uint64_t set, unsigned slot);
uint64_t slot_sets_union_wide(struct slot_sets *sets, uint64_t a, uint64_t b);

static inline bool
slot_sets_are_bits(const struct slot_sets *sets)
{
	return __builtin_expect(sets->width == 1, 1);
}

static inline bool
slot_sets_has(const struct slot_sets *sets, uint64_t set, unsigned slot)
{
	if (slot_sets_are_bits(sets))
		return set >> slot & 1;
	return sets->words.items[set * sets->width + slot / 64] >> slot % 64 & 1;
}

static inline uint64_t
slot_sets_with(struct slot_sets *sets, uint64_t set, unsigned slot)
{
	return slot_sets_are_bits(sets) ? set | (uint64_t)1 << slot
					: slot_sets_with_wide(sets, set, slot);
}

static inline uint64_t
slot_sets_without(struct slot_sets *sets, uint64_t set, unsigned slot)
{
	return slot_sets_are_bits(sets) ? set & ~((uint64_t)1 << slot)
					: slot_sets_without_wide(sets, set, slot);
}

static inline uint64_t
slot_sets_union(struct slot_sets *sets, uint64_t a, uint64_t b)
{
	return slot_sets_are_bits(sets) ? a | b : slot_sets_union_wide(sets, a, b);
}

#endif
