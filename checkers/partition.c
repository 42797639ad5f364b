#include "checkers/partition.h"

#include "base/assert.h"

#include <stdlib.h>

/* The key's number of every operation. Neighbours often have the same key. */
static uint32_t *
number_keys(struct partition *partition)
{
	const struct history *history = partition->history;
	uint32_t *key_of = mem_new(history->ops.count + 1, sizeof(*key_of));
	val last = VAL_OF_NIL;
	uint32_t last_id = VALUE_ID_NONE;

	for (size_t i = 0; i < history->ops.count; i++) {
		val key = history->ops.items[i].key;
		if (last_id == VALUE_ID_NONE || key != last)
			last_id = value_ids_add(&partition->keys, key);
		last = key;
		key_of[i] = last_id;
	}
	return key_of;
}

static void
place_ops(struct partition *partition, const uint32_t *key_of)
{
	size_t op_count = partition->history->ops.count;
	size_t key_count = partition->keys.of.count;
	uint32_t *starts = mem_new(key_count + 2, sizeof(*starts));

	for (size_t i = 0; i < op_count; i++)
		starts[key_of[i] + 2]++;
	for (size_t key = 0; key < key_count; key++)
		starts[key + 2] += starts[key + 1];
	partition->ops = mem_new(op_count + 1, sizeof(*partition->ops));
	for (size_t i = 0; i < op_count; i++)
		partition->ops[starts[key_of[i] + 1]++] = (uint32_t)i;
	partition->starts = starts;
}

void
partition_init(struct partition *partition, const struct history *history)
{
	ASSERT(history->ops.count < (size_t)1 << 31);
	*partition = (struct partition){.history = history};
	value_ids_init(&partition->keys, &history->values);
	uint32_t *key_of = number_keys(partition);
	place_ops(partition, key_of);
	free(key_of);
}

void
partition_release(struct partition *partition)
{
	value_ids_release(&partition->keys);
	free(partition->starts);
	free(partition->ops);
	*partition = (struct partition){0};
}

size_t
partition_count(const struct partition *partition)
{
	return partition->keys.of.count;
}

struct key_ops
partition_at(const struct partition *partition, size_t i)
{
	ASSERT(i < partition_count(partition));
	uint32_t start = partition->starts[i];

	return (struct key_ops){.history = partition->history,
				.key = partition->keys.of.items[i],
				.ops = partition->ops + start,
				.count = partition->starts[i + 1] - start};
}

static int
by_size_falling(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

uint32_t *
partition_largest_first(const struct partition *partition)
{
	size_t count = partition_count(partition);
	uint64_t *sorted = mem_new(count + 1, sizeof(*sorted));
	uint32_t *order = mem_new(count + 1, sizeof(*order));

	for (size_t i = 0; i < count; i++) {
		uint64_t size = partition->starts[i + 1] - partition->starts[i];
		sorted[i] = (UINT32_MAX - size) << 32 | i;
	}
	qsort(sorted, count, sizeof(*sorted), by_size_falling);
	for (size_t i = 0; i < count; i++)
		order[i] = (uint32_t)sorted[i];
	free(sorted);
	return order;
}
