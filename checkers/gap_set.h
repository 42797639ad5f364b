/* gap_set.h - free gaps between events, which are taken a range at a time and found by the
 * next or the last that is free.
 *
 * A bitmap of bitmaps: a bit of the first level is a free gap, a bit above says that the
 * word below has one. A gap is taken once, so that taking all is O(gaps / 64) words; finding
 * is O(levels), and all levels together, 2 % more than the first, stay in the cache. */
#ifndef CHECKERS_GAP_SET_H
#define CHECKERS_GAP_SET_H

#include <stdint.h>

enum {
	GAP_LEVELS = 6 /* 64 to the sixth is more than all positions */
};

struct gap_set {
	uint64_t *free[GAP_LEVELS]; /* owned */
	uint32_t count;
};

/* Gaps 0 .. count, all free. The last, which comes after all others, is never taken. */
void gap_set_init(struct gap_set *set, uint32_t count);
void gap_set_release(struct gap_set *set);

/* The first free gap at or after `at`, which is count at most. */
uint32_t gap_set_from(const struct gap_set *set, uint32_t at);

/* One more than the last free gap at or before; 0: none. */
uint32_t gap_set_until(const struct gap_set *set, uint32_t at);

/* Takes the gaps from .. to - 1; to is count at most. */
void gap_set_take(struct gap_set *set, uint32_t from, uint32_t to);

/* The gap is free again. */
void gap_set_free(struct gap_set *set, uint32_t gap);

#endif
