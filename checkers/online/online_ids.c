/* online_ids.c - ids that are given out once (checkers/type/unique_ids.h): complete, when
 * ids also have to grow as far as they are numbers.
 *
 * What was given out may be given out again at any time, so all ids are live: one bit each
 * where they are dense numbers, at most 40 bytes otherwise. O(1) an operation. */
#include "base/vec.h"
#include "checkers/online/decider.h"
#include "checkers/online/peaks.h"
#include "checkers/online/table.h"

struct online_ids {
	struct table blocks; /* the upper bits of an id and its tag -> index in bits */
	VEC(uint64_t) bits;
	struct peaks greatest;
};

enum {
	TAG_BITS = 3,
	BLOCK_BITS = 6
};

/* True: it was there before. */
static bool
give(struct online_ids *ids, online_value id)
{
	uint64_t tag = id & ((1 << TAG_BITS) - 1);
	uint64_t block = id >> (TAG_BITS + BLOCK_BITS) << TAG_BITS | tag;
	uint64_t bit = (uint64_t)1 << (id >> TAG_BITS & 63);
	uint32_t at = table_find(&ids->blocks, block);

	if (at == TABLE_NONE) {
		at = (uint32_t)ids->bits.count;
		table_put(&ids->blocks, block, at);
		vec_push(&ids->bits, 0);
	}
	bool was_given = (ids->bits.items[at] & bit) != 0;
	ids->bits.items[at] |= bit;
	return was_given;
}

static void
begin(const struct online_call *call)
{
	if (call->f != F_GENERATE)
		online_give_up(call, "not all operations generate ids");
}

static void
end(const struct online_call *call)
{
	struct online_ids *ids = call->state;
	int64_t number, greatest;

	if (call->type != OP_OK || call->value == VAL_OF_NIL)
		return;
	online_value id = online_value_of(call->values, call->value);
	if (give(ids, id))
		online_violate(call, "duplicate-id", id, 0);
	if (!call->options->is_monotone || !val_small_number(id, &number))
		return;
	greatest = peaks_before(&ids->greatest, call->invoke_at);
	if (greatest != PEAK_NONE && greatest >= number)
		online_violate(call, "id-went-back", id, val_small(greatest));
	peaks_tell(&ids->greatest, call->at, number, call->watermark);
}

static void
stop(void *state)
{
	struct online_ids *ids = state;

	table_release(&ids->blocks);
	vec_release(&ids->bits);
	vec_release(&ids->greatest);
}

static void
size(const void *state, struct online_size *size)
{
	const struct online_ids *ids = state;

	size->values += ids->bits.count;
	size->bytes += table_bytes(&ids->blocks) + ids->bits.capacity * sizeof(uint64_t) +
		       ids->greatest.capacity * sizeof(struct peak);
}

const struct online_decider online_ids = {
	.name = "unique-ids",
	.summary = "duplicate ids, and with --model monotone ids that went back: all",
	.state_bytes = sizeof(struct online_ids),
	.stop = stop,
	.begin = begin,
	.end = end,
	.size = size,
};
