#include "checkers/collection/gap_list.h"

#include <stdlib.h>

void
gap_list_init(struct gap_list *list, size_t ops, size_t gaps)
{
	size_t bits = gaps + 1;

	*list = (struct gap_list){.head = NO_OP};
	list->next = mem_resize(NULL, ops + 1, sizeof(uint32_t));
	list->last_at = mem_new(gaps + 1, sizeof(uint32_t));
	for (int level = 0; level < 6; level++) {
		bits = (bits + 63) / 64;
		list->levels[level] = mem_new(bits + 1, sizeof(uint64_t));
	}
}

void
gap_list_release(struct gap_list *list)
{
	free(list->next);
	free(list->last_at);
	for (int level = 0; level < 6; level++)
		free(list->levels[level]);
}

static bool
list_has(const struct gap_list *list, uint32_t gap)
{
	return list->levels[0][gap / 64] >> (gap % 64) & 1;
}

static void
list_mark(struct gap_list *list, uint32_t gap)
{
	for (int level = 0; level < 6; level++, gap /= 64)
		list->levels[level][gap / 64] |= (uint64_t)1 << (gap % 64);
}

uint32_t
gap_list_before(const struct gap_list *list, uint32_t gap)
{
	for (int level = 0; level < 6; level++) {
		uint64_t bits = list->levels[level][gap / 64] << (63 - gap % 64);
		if (bits != 0) {
			gap -= (uint32_t)__builtin_clzll(bits);
			while (level-- > 0)
				gap = gap * 64 + 63 -
				      (uint32_t)__builtin_clzll(list->levels[level][gap]);
			return gap;
		}
		gap /= 64;
		if (gap == 0)
			return NO_OP;
		gap--;
	}
	return NO_OP;
}

void
gap_list_insert(struct gap_list *list, uint32_t after, uint32_t op, uint32_t gap)
{
	if (after == NO_OP) {
		list->next[op] = list->head;
		list->head = op;
	} else {
		list->next[op] = list->next[after];
		list->next[after] = op;
	}
	list->count++;
	if (!list_has(list, gap)) {
		list_mark(list, gap);
		list->last_at[gap] = op;
	} else if (after != NO_OP && list->last_at[gap] == after) {
		list->last_at[gap] = op;
	}
}

uint32_t
gap_list_last_before(const struct gap_list *list, uint32_t gap)
{
	uint32_t found = gap_list_before(list, gap);

	return found == NO_OP ? NO_OP : list->last_at[found];
}
