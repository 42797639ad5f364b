#include "checkers/gap_set.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	WORD_BITS = 64
};

uint32_t
gap_set_from(const struct gap_set *set, uint32_t at)
{
	int level = 0;
	uint64_t word = set->free[0][at / WORD_BITS] & UINT64_MAX << at % WORD_BITS;

	while (word == 0) {
		at = at / WORD_BITS + 1;
		word = set->free[++level][at / WORD_BITS] & UINT64_MAX << at % WORD_BITS;
	}
	at = at / WORD_BITS * WORD_BITS + (uint32_t)__builtin_ctzll(word);
	while (level-- > 0)
		at = at * WORD_BITS + (uint32_t)__builtin_ctzll(set->free[level][at]);
	return at;
}

static uint64_t
bits_until(uint32_t at)
{
	return UINT64_MAX >> (WORD_BITS - 1 - at % WORD_BITS);
}

uint32_t
gap_set_until(const struct gap_set *set, uint32_t at)
{
	int level = 0;
	uint64_t word = set->free[0][at / WORD_BITS] & bits_until(at);

	while (word == 0) {
		if (at < WORD_BITS)
			return 0;
		at = at / WORD_BITS - 1;
		word = set->free[++level][at / WORD_BITS] & bits_until(at);
	}
	at = at / WORD_BITS * WORD_BITS + 63 - (uint32_t)__builtin_clzll(word);
	while (level-- > 0)
		at = at * WORD_BITS + 63 -
		     (uint32_t)__builtin_clzll(set->free[level][at]);
	return at + 1;
}

void
gap_set_init(struct gap_set *set, uint32_t count)
{
	size_t bits = (size_t)count + 1;

	set->count = count;
	for (int level = 0; level < GAP_LEVELS; level++) {
		size_t words = (bits + WORD_BITS - 1) / WORD_BITS;
		set->free[level] = mem_resize(NULL, words + 1, sizeof(uint64_t));
		memset(set->free[level], 0xff, words * sizeof(uint64_t));
		set->free[level][words - 1] = bits_until((uint32_t)bits - 1);
		set->free[level][words] = 0;
		bits = words;
	}
}

void
gap_set_release(struct gap_set *set)
{
	for (int level = 0; level < GAP_LEVELS; level++)
		free(set->free[level]);
}

void
gap_set_take(struct gap_set *set, uint32_t from, uint32_t to)
{
	for (uint32_t gap = gap_set_from(set, from); gap < to;
	     gap = gap_set_from(set, gap)) {
		uint64_t mask = UINT64_MAX << gap % WORD_BITS;
		uint32_t at = gap / WORD_BITS;
		if (at == (to - 1) / WORD_BITS)
			mask &= bits_until(to - 1);
		set->free[0][at] &= ~mask;
		for (int level = 1; level < GAP_LEVELS && set->free[level - 1][at] == 0;
		     level++, at /= WORD_BITS)
			set->free[level][at / WORD_BITS] &= ~(1ull << at % WORD_BITS);
	}
}

void
gap_set_free(struct gap_set *set, uint32_t gap)
{
	for (int level = 0; level < GAP_LEVELS; level++, gap /= WORD_BITS)
		set->free[level][gap / WORD_BITS] |= 1ull << gap % WORD_BITS;
}
