#include "checkers/value_ids.h"

#include "base/assert.h"

void
value_ids_init(struct value_ids *ids, const struct values *pool)
{
	*ids = (struct value_ids){.pool = pool};
}

void
value_ids_release(struct value_ids *ids)
{
	vec_release(&ids->of);
	free(ids->slots);
	value_ids_init(ids, ids->pool);
}

void
value_ids_direct(struct value_ids *ids, int64_t low, int64_t high)
{
	ASSERT(ids->of.count == 0 && low <= high && high - low < UINT32_MAX - 1);
	ids->direct_low = low;
	ids->direct_count = (size_t)(high - low) + 1;
}

/* Plain words hash by themselves: cheaper, and the same value has the same word. */
static uint64_t
hash_of(const struct value_ids *ids, val v)
{
	uint64_t mixed =
		(val_is_plain(v) ? v : val_hash(ids->pool, v)) * 0x9e3779b97f4a7c15u;

	return mixed ^ (mixed >> 32);
}

static bool
same(const struct value_ids *ids, val a, val b)
{
	if (a == b)
		return true;
	return !val_is_plain(a) && !val_is_plain(b) && val_equal(ids->pool, a, b);
}

/* Where the value is or would be. */
static uint32_t *
slot_of(const struct value_ids *ids, val v)
{
	size_t mask = ids->slot_count - 1;
	size_t slot = hash_of(ids, v) & mask;

	while (ids->slots[slot] != 0 &&
	       !same(ids, ids->of.items[ids->slots[slot] - 1], v))
		slot = (slot + 1) & mask;
	return &ids->slots[slot];
}

static void
grow(struct value_ids *ids)
{
	free(ids->slots);
	ids->slot_count = ids->slot_count ? ids->slot_count * 2 : 16;
	ids->slots = mem_new(ids->slot_count, sizeof(*ids->slots));
	for (size_t id = 0; id < ids->of.count; id++)
		*slot_of(ids, ids->of.items[id]) = (uint32_t)id + 1;
}

uint32_t
value_ids_add(struct value_ids *ids, val v)
{
	if (ids->direct_count > 0) {
		uint32_t id = value_ids_find(ids, v);
		ASSERT(id != VALUE_ID_NONE);
		return id;
	}
	if (ids->of.count * 2 >= ids->slot_count)
		grow(ids);
	uint32_t *slot = slot_of(ids, v);
	if (*slot == 0) {
		vec_push(&ids->of, v);
		*slot = (uint32_t)ids->of.count;
	}
	return *slot - 1;
}

uint32_t
value_ids_find_hashed(const struct value_ids *ids, val v)
{
	return ids->slot_count == 0 ? VALUE_ID_NONE : *slot_of(ids, v) - 1;
}

size_t
value_ids_count(const struct value_ids *ids)
{
	return ids->direct_count > 0 ? ids->direct_count : ids->of.count;
}

val
value_ids_value(const struct value_ids *ids, uint32_t id)
{
	ASSERT(id < value_ids_count(ids));
	return ids->direct_count > 0 ? val_small(ids->direct_low + id)
				     : ids->of.items[id];
}

size_t
value_ids_bytes(const struct value_ids *ids)
{
	return ids->of.capacity * sizeof(val) + ids->slot_count * sizeof(uint32_t);
}
