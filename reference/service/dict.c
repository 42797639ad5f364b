#include "reference/service/dict.h"

#include "base/assert.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stdlib.h>
#include <string.h>

uint64_t
dict_hash(struct bytes key)
{
	return XXH3_64bits(key.data, key.len);
}

/* The slot that holds the key, or the empty one where it would go. */
static size_t
slot_of(const struct dict *dict, struct bytes key, uint64_t hash)
{
	size_t mask = dict->slot_count - 1;

	for (size_t slot = hash & mask;; slot = (slot + 1) & mask) {
		if (dict->slots[slot] == 0)
			return slot;
		const struct dict_entry *entry =
			&dict->entries.items[dict->slots[slot] - 1];
		if (entry->hash == hash && entry->key.len == key.len &&
		    memcmp(entry->key.data, key.data, key.len) == 0)
			return slot;
	}
}

/* The slot that points at entry number `index`. */
static size_t
slot_of_index(const struct dict *dict, size_t index)
{
	size_t mask = dict->slot_count - 1;
	size_t slot = dict->entries.items[index].hash & mask;

	while (dict->slots[slot] != index + 1)
		slot = (slot + 1) & mask;
	return slot;
}

struct dict_entry *
dict_find(const struct dict *dict, struct bytes key)
{
	if (dict->entries.count == 0)
		return NULL;
	uint32_t found = dict->slots[slot_of(dict, key, dict_hash(key))];

	return found == 0 ? NULL : &dict->entries.items[found - 1];
}

static void
grow(struct dict *dict)
{
	free(dict->slots);
	dict->slot_count = dict->slot_count ? dict->slot_count * 2 : 8;
	dict->slots = mem_new(dict->slot_count, sizeof(*dict->slots));
	for (size_t i = 0; i < dict->entries.count; i++) {
		const struct dict_entry *entry = &dict->entries.items[i];
		dict->slots[slot_of(dict, entry->key, entry->hash)] = (uint32_t)i + 1;
	}
}

struct dict_entry *
dict_add(struct dict *dict, struct bytes key, bool *is_new)
{
	uint64_t hash = dict_hash(key);

	if (dict->entries.count * 2 >= dict->slot_count)
		grow(dict);
	size_t slot = slot_of(dict, key, hash);
	*is_new = dict->slots[slot] == 0;
	if (*is_new) {
		ASSERT(dict->entries.count < UINT32_MAX);
		struct bytes copy = {.data = mem_bytes(key.data, key.len),
				     .len = key.len};
		vec_push(&dict->entries, (struct dict_entry){.key = copy, .hash = hash});
		dict->slots[slot] = (uint32_t)dict->entries.count;
	}
	return &dict->entries.items[dict->slots[slot] - 1];
}

/* Empties a slot and moves later ones of the same run back, so that no search stops
 * early. */
static void
empty_slot(struct dict *dict, size_t hole)
{
	size_t mask = dict->slot_count - 1;

	for (size_t slot = (hole + 1) & mask; dict->slots[slot] != 0;
	     slot = (slot + 1) & mask) {
		size_t home = dict->entries.items[dict->slots[slot] - 1].hash & mask;
		if (((slot - home) & mask) >= ((slot - hole) & mask)) {
			dict->slots[hole] = dict->slots[slot];
			hole = slot;
		}
	}
	dict->slots[hole] = 0;
}

void
dict_remove(struct dict *dict, struct dict_entry *entry)
{
	size_t index = (size_t)(entry - dict->entries.items);
	size_t last = dict->entries.count - 1;

	empty_slot(dict, slot_of_index(dict, index));
	free((char *)entry->key.data);
	if (index != last) {
		dict->slots[slot_of_index(dict, last)] = (uint32_t)index + 1;
		*entry = dict->entries.items[last];
	}
	dict->entries.count--;
}

void
dict_release(struct dict *dict)
{
	vec_each (struct dict_entry, entry, &dict->entries)
		free((char *)entry->key.data);
	vec_release(&dict->entries);
	free(dict->slots);
	*dict = (struct dict){0};
}
