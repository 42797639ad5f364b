#include "checkers/sort.h"

#include "base/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	MOVES_AHEAD = 4096,
	MOVES_PER_WORD = 16,
	DIGIT_BITS = 8,
	DIGITS = 1 << DIGIT_BITS
};

/* Insertion sort that gives up as soon as it moves more than so much a word; the words stay a permutation. */
static bool
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
			return false;
		moves_left += MOVES_PER_WORD - (i - at);
	}
	return true;
}

static void
radix_pass(const uint64_t *from, uint64_t *to, size_t count, int shift, size_t *starts)
{
	size_t at = 0;

	for (int digit = 0; digit < DIGITS; digit++) {
		size_t many = starts[digit];
		starts[digit] = at;
		at += many;
	}
	for (size_t i = 0; i < count; i++)
		to[starts[from[i] >> shift & (DIGITS - 1)]++] = from[i];
}

static void
radix_sort(uint64_t *words, size_t count)
{
	uint64_t *other = mem_new(count, sizeof(*other));
	uint64_t *from = words, *to = other;

	for (int shift = 0; shift < 64; shift += DIGIT_BITS) {
		size_t counts[DIGITS] = {0};
		for (size_t i = 0; i < count; i++)
			counts[from[i] >> shift & (DIGITS - 1)]++;
		if (counts[from[0] >> shift & (DIGITS - 1)] == count)
			continue;
		radix_pass(from, to, count, shift, counts);
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
	if (count > 1 && !insert_all(words, count))
		radix_sort(words, count);
}
