#include "checkers/register/zones_sweep.h"

#include "checkers/register/register.h"
#include "checkers/sort.h"

#include <stdlib.h>

/* When the block happens, as twice a position: forward zones at their beginning, backward
 * zones at theirs or, when that is inside a forward zone, right behind that one. */
static uint64_t
moment_of(const struct sweep *sweep, uint32_t root, size_t *hint)
{
	const struct cell *cell = &sweep->cells[root];

	if (!zones_is_backward(sweep, root))
		return (uint64_t)cell->first * 2;
	uint32_t around = zones_forward_around(sweep, cell->last, hint);
	if (around == NONE)
		return (uint64_t)cell->last * 2;
	return (uint64_t)sweep->cells[around].first * 2 + 1;
}

/* Sorted: moment << 31 | root id. */
static uint64_t *
sort_blocks(const struct sweep *sweep, size_t *count)
{
	uint64_t *blocks = mem_new(sweep->initial + 1, sizeof(*blocks));
	size_t hint = 0;

	*count = 0;
	for (uint32_t id = 0; id < sweep->initial; id++)
		if (zones_is_root(sweep, id))
			blocks[(*count)++] = moment_of(sweep, id, &hint) << 31 | id;
	sort_words(blocks, *count);
	return blocks;
}

/* Leaves in each cell's `last` how many reads it has. */
static void
count_reads(struct sweep *sweep)
{
	val seen;

	for (uint32_t id = 0; id <= sweep->initial; id++)
		sweep->cells[id].last = 0;
	for (size_t i = 0; i < sweep->key->count; i++) {
		const struct op *op = key_op(sweep->key, i);
		if (op->f == F_READ &&
		    register_sees(sweep->key->history, op, sweep->options, &seen))
			sweep->cells[zones_id_of_seen(sweep, seen)].last++;
	}
}

/* Places the writers of a chain, leaves in each cell's `first` where its reads go. */
static void
place_block(struct sweep *sweep, uint32_t root)
{
	struct zones *out = sweep->out;

	for (uint32_t id = root; id != NONE; id = sweep->cells[id].next) {
		if (id != sweep->initial)
			out->order[out->order_count++] = zones_writer(sweep, id);
		sweep->cells[id].first = (uint32_t)out->order_count;
		out->order_count += sweep->cells[id].last;
	}
}

static void
place_reads(struct sweep *sweep)
{
	val seen;

	for (size_t i = 0; i < sweep->key->count; i++) {
		const struct op *op = key_op(sweep->key, i);
		if (op->f != F_READ ||
		    !register_sees(sweep->key->history, op, sweep->options, &seen))
			continue;
		struct cell *cell = &sweep->cells[zones_id_of_seen(sweep, seen)];
		sweep->out->order[cell->first++] = sweep->key->ops[i];
	}
}

void
zones_make_order(struct sweep *sweep)
{
	size_t block_count;
	uint64_t *blocks = sort_blocks(sweep, &block_count);

	sweep->out->order = mem_new(sweep->key->count + 1, sizeof(uint32_t));
	count_reads(sweep);
	place_block(sweep, sweep->initial);
	for (size_t i = 0; i < block_count; i++)
		place_block(sweep, (uint32_t)(blocks[i] & 0x7fffffff));
	place_reads(sweep);
	free(blocks);
}
