/* dict.h - byte strings to pointers, with removal and an order of its own.
 *
 * PURE. Open addressing on XXH3 over a dense array of entries. The order of the entries
 * follows from the order of additions and removals alone (removal moves the last entry
 * into the gap), so replicas that did the same have the same order, also when one of them
 * was filled from a snapshot that lists the entries in order. A dict of zeros is empty.
 */
#ifndef REFERENCE_SERVICE_DICT_H
#define REFERENCE_SERVICE_DICT_H

#include "base/buf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct dict_entry {
	struct bytes key; /* owned */
	uint64_t hash;
	void *value; /* the caller's */
};

struct dict {
	VEC(struct dict_entry) entries;
	uint32_t *slots;   /* owned; index of an entry + 1, 0: empty */
	size_t slot_count; /* 0 or a power of two */
};

/* The entry of the key, or NULL. Valid until the next addition or removal. */
struct dict_entry *dict_find(const struct dict *dict, struct bytes key);

/* The entry of the key, added (a copy of the key, value NULL) when it is new. */
struct dict_entry *dict_add(struct dict *dict, struct bytes key, bool *is_new);

/* Removes an entry that dict_find gave; its value must have been seen to before. */
void dict_remove(struct dict *dict, struct dict_entry *entry);

/* Frees everything but the values. */
void dict_release(struct dict *dict);

/* The hash that a dict uses; the same on every machine. */
uint64_t dict_hash(struct bytes key);

#endif
