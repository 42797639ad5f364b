#include "checkers/engine/frontier_slots.h"

#include <stdlib.h>
#include <string.h>

static uint64_t *
words_of(const struct slot_sets *sets, uint64_t set)
{
	return sets->words.items + set * sets->width;
}

static size_t
place_of(const struct slot_sets *sets, const uint64_t *words)
{
	uint64_t hash = 0;

	for (size_t i = 0; i < sets->width; i++)
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
	size_t at = (hash ^ (hash >> 32)) & (sets->table_count - 1);
	while (sets->table[at] != 0 && memcmp(words_of(sets, sets->table[at] - 1), words,
					      sets->width * sizeof(*words)) != 0)
		at = (at + 1) & (sets->table_count - 1);
	return at;
}

static void
grow(struct slot_sets *sets)
{
	free(sets->table);
	sets->table_count = sets->table_count > 0 ? sets->table_count * 2 : 256;
	sets->table = mem_new(sets->table_count, sizeof(*sets->table));
	for (uint32_t set = 0; set < sets->count; set++)
		sets->table[place_of(sets, words_of(sets, set))] = set + 1;
}

/* The place behind the last set, with what this one has; it counts once it is kept. */
static uint64_t *
copy_set(struct slot_sets *sets, uint64_t set)
{
	vec_reserve(&sets->words, (sets->count + 1) * sets->width);
	uint64_t *copy = words_of(sets, sets->count);
	memcpy(copy, words_of(sets, set), sets->width * sizeof(*copy));
	return copy;
}

static uint64_t
keep_set(struct slot_sets *sets)
{
	if (sets->count * 2 >= sets->table_count)
		grow(sets);
	size_t at = place_of(sets, words_of(sets, sets->count));
	if (sets->table[at] == 0)
		sets->table[at] = (uint32_t)++sets->count;
	return sets->table[at] - 1;
}

void
slot_sets_init(struct slot_sets *sets, unsigned slots)
{
	*sets = (struct slot_sets){.width = slots > 64 ? (slots + 63) / 64 : 1};
	if (sets->width == 1)
		return;
	vec_reserve(&sets->words, sets->width);
	memset(sets->words.items, 0, sets->width * sizeof(uint64_t));
	keep_set(sets);
}

void
slot_sets_release(struct slot_sets *sets)
{
	vec_release(&sets->words);
	free(sets->table);
	*sets = (struct slot_sets){0};
}

size_t
slot_sets_bytes(const struct slot_sets *sets)
{
	return sets->words.capacity * sizeof(uint64_t) +
	       sets->table_count * sizeof(uint32_t);
}

uint64_t
slot_sets_with_wide(struct slot_sets *sets, uint64_t set, unsigned slot)
{
	copy_set(sets, set)[slot / 64] |= (uint64_t)1 << slot % 64;
	return keep_set(sets);
}

uint64_t
slot_sets_without_wide(struct slot_sets *sets, uint64_t set, unsigned slot)
{
	copy_set(sets, set)[slot / 64] &= ~((uint64_t)1 << slot % 64);
	return keep_set(sets);
}

uint64_t
slot_sets_union_wide(struct slot_sets *sets, uint64_t a, uint64_t b)
{
	if (a == b || b == 0)
		return a;
	uint64_t *both = copy_set(sets, a);
	const uint64_t *more = words_of(sets, b);
	for (size_t i = 0; i < sets->width; i++)
		both[i] |= more[i];
	return keep_set(sets);
}
