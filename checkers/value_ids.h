/* value_ids.h - values to dense ids and back: the first value is 0, the next 1, ...
 *
 * Checkers count in ids, so that what they know of a value is one array access away.
 * Equality is deep (base/value.h). Two layouts: open addressing at most half full, or,
 * for integers of a narrow range, no table at all: the id is the number less the lowest
 * one (unique written values usually allow it, and then neighbours in time are neighbours
 * in memory). One thread. */
#ifndef CHECKERS_VALUE_IDS_H
#define CHECKERS_VALUE_IDS_H

#include "base/value.h"

#define VALUE_ID_NONE UINT32_MAX

struct value_ids {
	const struct values *pool; /* borrowed */
	VEC(val) of;		   /* the value of each id; empty in the direct layout */
	uint32_t *slots;	   /* owned; id + 1, 0 is empty */
	size_t slot_count;	   /* 0 or a power of two */
	int64_t direct_low;	   /* direct layout: id 0 */
	size_t direct_count;	   /* direct layout: how many ids; 0: the other layout */
};

void value_ids_init(struct value_ids *ids, const struct values *pool);
void value_ids_release(struct value_ids *ids);

/* Chooses the direct layout for the integers low..high, which all have an id then. Before
 * the first value; nothing else may be added. */
void value_ids_direct(struct value_ids *ids, int64_t low, int64_t high);

uint32_t value_ids_find_hashed(const struct value_ids *ids, val v);

/* The id of the value, or VALUE_ID_NONE. Inline, for loops over millions of operations. */
static inline uint32_t
value_ids_find(const struct value_ids *ids, val v)
{
	int64_t number;

	if (ids->direct_count == 0)
		return value_ids_find_hashed(ids, v);
	if (!val_small_number(v, &number) || number < ids->direct_low ||
	    (uint64_t)(number - ids->direct_low) >= ids->direct_count)
		return VALUE_ID_NONE;
	return (uint32_t)(number - ids->direct_low);
}

/* The id of the value, which is added when new. */
uint32_t value_ids_add(struct value_ids *ids, val v);

/* How many ids there are, and the value of one. */
size_t value_ids_count(const struct value_ids *ids);
val value_ids_value(const struct value_ids *ids, uint32_t id);

/* Bytes taken, for budgets. */
size_t value_ids_bytes(const struct value_ids *ids);

#endif
