/* map.h - a hash map from 64-bit words to 64-bit words.
 *
 * Open addressing, at most half full. A map of zeros is empty and valid. One thread. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
	struct map_slot *slots; /* owned */
	size_t slot_count;	/* 0 or a power of two */
	size_t count;
};

struct map_slot {
	uint64_t key, value;
	bool taken;
};

/* Where the value of the key is, or NULL. Valid until the next map_at. */
uint64_t *map_find(const struct map *map, uint64_t key);

/* Where the value of the key is; a new key gets the value 0 and sets *is_new (which may
 * be NULL). Valid until the next map_at. */
uint64_t *map_at(struct map *map, uint64_t key, bool *is_new);

void map_clear(struct map *map);
void map_release(struct map *map);

#endif
