#include "checkers/online/table.h"

#include "base/mem.h"

#include <stdlib.h>

enum {
	SLOTS_MIN = 16
};

static size_t
home_of(const struct table *table, uint64_t key)
{
	uint64_t mixed = key * 0x9e3779b97f4a7c15u;

	return (mixed ^ mixed >> 32) & (table->slot_count - 1);
}

/* Where the key is, or the empty slot where it would be. */
static size_t
slot_of(const struct table *table, uint64_t key)
{
	size_t mask = table->slot_count - 1;
	size_t slot = home_of(table, key);

	while (table->slots[slot].number != 0 && table->slots[slot].key != key)
		slot = (slot + 1) & mask;
	return slot;
}

static void
resize(struct table *table, size_t slot_count)
{
	struct table old = *table;

	table->slot_count = slot_count;
	table->slots = mem_new(slot_count, sizeof(*table->slots));
	for (size_t i = 0; i < old.slot_count; i++)
		if (old.slots[i].number != 0)
			table->slots[slot_of(table, old.slots[i].key)] = old.slots[i];
	free(old.slots);
}

uint32_t
table_find(const struct table *table, uint64_t key)
{
	if (table->count == 0)
		return TABLE_NONE;
	return table->slots[slot_of(table, key)].number - 1; /* empty: 0 - 1 */
}

void
table_put(struct table *table, uint64_t key, uint32_t number)
{
	if ((table->count + 1) * 4 > table->slot_count * 3)
		resize(table, table->slot_count ? table->slot_count * 2 : SLOTS_MIN);
	struct table_slot *slot = &table->slots[slot_of(table, key)];

	table->count += slot->number == 0;
	*slot = (struct table_slot){key, number + 1};
}

/* What stands behind moves up, so that no search ends too early. */
static void
close_gap(struct table *table, size_t gap)
{
	size_t mask = table->slot_count - 1;

	for (size_t at = (gap + 1) & mask; table->slots[at].number != 0;
	     at = (at + 1) & mask) {
		size_t home = home_of(table, table->slots[at].key);
		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		table->slots[gap] = table->slots[at];
		gap = at;
	}
	table->slots[gap].number = 0;
}

void
table_remove(struct table *table, uint64_t key)
{
	if (table->count == 0)
		return;
	size_t slot = slot_of(table, key);
	if (table->slots[slot].number == 0)
		return;
	close_gap(table, slot);
	table->count--;
	if (table->slot_count > SLOTS_MIN && table->count * 8 < table->slot_count)
		resize(table, table->slot_count / 2);
}

size_t
table_bytes(const struct table *table)
{
	return table->slot_count * sizeof(struct table_slot);
}

void
table_release(struct table *table)
{
	free(table->slots);
	*table = (struct table){0};
}
