#include "base/map.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static size_t
slot_of(const struct map *map, uint64_t key)
{
	uint64_t mixed = key * 0x9e3779b97f4a7c15u;
	size_t mask = map->slot_count - 1;
	size_t slot = (mixed ^ (mixed >> 32)) & mask;

	while (map->slots[slot].taken && map->slots[slot].key != key)
		slot = (slot + 1) & mask;
	return slot;
}

uint64_t *
map_find(const struct map *map, uint64_t key)
{
	if (map->count == 0)
		return NULL;
	struct map_slot *slot = &map->slots[slot_of(map, key)];

	return slot->taken ? &slot->value : NULL;
}

static void
grow(struct map *map)
{
	struct map old = *map;

	map->slot_count = old.slot_count ? old.slot_count * 2 : 16;
	map->slots = mem_new(map->slot_count, sizeof(*map->slots));
	for (size_t i = 0; i < old.slot_count; i++)
		if (old.slots[i].taken)
			map->slots[slot_of(map, old.slots[i].key)] = old.slots[i];
	free(old.slots);
}

uint64_t *
map_at(struct map *map, uint64_t key, bool *is_new)
{
	if (map->count * 2 >= map->slot_count)
		grow(map);
	struct map_slot *slot = &map->slots[slot_of(map, key)];

	if (is_new != NULL)
		*is_new = !slot->taken;
	if (!slot->taken) {
		*slot = (struct map_slot){.key = key, .taken = true};
		map->count++;
	}
	return &slot->value;
}

void
map_clear(struct map *map)
{
	if (map->count > 0)
		memset(map->slots, 0, map->slot_count * sizeof(*map->slots));
	map->count = 0;
}

void
map_release(struct map *map)
{
	free(map->slots);
	*map = (struct map){0};
}
