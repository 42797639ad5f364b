#include "checkers/sort.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum {
	MOVES_AHEAD = 4096,
	MOVES_PER_WORD = 16,
	DIGIT_BITS = 11,
	DIGITS = 1 << DIGIT_BITS
};

/* Insertion sort that gives up as soon as it moves more than so much a word; the words stay
 * a permutation. How many of the first are in order. */
static size_t
insert_all(uint64_t *words, size_t count)
{
	size_t moves_left = MOVES_AHEAD;

	for (size_t i = 1; i < count; i++) {
		uint64_t word = words[i];
		size_t at = i;
		while (at > 0 && words[at - 1] > word) {
			words[at] = words[at - 1];
			at--;
		}
		words[at] = word;
		if (i - at > moves_left)
			return i + 1;
		moves_left += MOVES_PER_WORD - (i - at);
	}
	return count;
}

/* The bits in which words differ. Where the lower halves rise, as numbers of what is sorted
 * do, words with the same upper half are in order, and only that is to be sorted. */
static uint64_t
bits_to_sort(const uint64_t *words, size_t sorted, size_t count)
{
	uint64_t differ = 0;
	uint32_t low = 0;
	bool rises = true;

	for (size_t i = 0; i < sorted; i++) {
		differ |= words[i] ^ words[0];
		low = (uint32_t)words[i] > low ? (uint32_t)words[i] : low;
	}
	for (size_t i = sorted; i < count; i++) {
		differ |= words[i] ^ words[0];
		rises &= (uint32_t)words[i] >= low;
		low = (uint32_t)words[i];
	}
	return rises ? differ & ~(uint64_t)UINT32_MAX : differ;
}

static void
radix_pass(const uint64_t *from, uint64_t *to, size_t count, int shift)
{
	uint32_t starts[DIGITS] = {0};

	for (size_t i = 0; i < count; i++)
		starts[from[i] >> shift & (DIGITS - 1)]++;
	for (uint32_t digit = 0, at = 0; digit < DIGITS; digit++) {
		uint32_t many = starts[digit];
		starts[digit] = at;
		at += many;
	}
	for (size_t i = 0; i < count; i++)
		to[starts[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

static void
radix_sort(uint64_t *words, size_t count, uint64_t bits)
{
	uint64_t *other = mem_resize(NULL, count, sizeof(*other));
	uint64_t *from = words, *to = other;

	while (bits != 0) {
		int shift = __builtin_ctzll(bits);
		radix_pass(from, to, count, shift);
		bits = shift + DIGIT_BITS < 64 ? bits & UINT64_MAX << (shift + DIGIT_BITS)
					       : 0;
		uint64_t *swapped = from;
		from = to;
		to = swapped;
	}
	if (from != words)
		memcpy(words, from, count * sizeof(*words));
	free(other);
}

void
sort_words(uint64_t *words, size_t count)
{
	size_t sorted = insert_all(words, count);

	if (sorted < count)
		radix_sort(words, count, bits_to_sort(words, sorted, count));
}

static int
by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void
sort_numbers(uint32_t *numbers, size_t count)
{
	if (count > 0)
		qsort(numbers, count, sizeof(*numbers), by_number);
}

bool
sort_has(const uint32_t *numbers, size_t count, uint32_t number)
{
	return count > 0 &&
	       bsearch(&number, numbers, count, sizeof(number), by_number) != NULL;
}
