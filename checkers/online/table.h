/* table.h - a hash map from words to 32-bit numbers from which entries can be taken out
 * again, and which gives room back: what is live comes and goes.
 *
 * Open addressing, linear probing, at most three quarters full. A table of zeros is empty
 * and valid. One thread. */
#ifndef CHECKERS_ONLINE_TABLE_H
#define CHECKERS_ONLINE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_NONE UINT32_MAX /* not there; cannot be a number in the table */

struct table_slot {
	uint64_t key;
	uint32_t number; /* + 1; 0: empty */
};

struct table {
	struct table_slot *slots; /* owned */
	size_t slot_count;	  /* 0 or a power of two */
	size_t count;
};

/* The number of the key, or TABLE_NONE. */
uint32_t table_find(const struct table *table, uint64_t key);

/* Sets the number of a key. */
void table_put(struct table *table, uint64_t key, uint32_t number);

/* Takes the key out, if it is there. */
void table_remove(struct table *table, uint64_t key);

size_t table_bytes(const struct table *table);
void table_release(struct table *table);

#endif
