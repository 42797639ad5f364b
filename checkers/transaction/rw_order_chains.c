/* rw_order_chains.c - versions of which each was made from the one before. */
#include "checkers/transaction/rw_order_parts.h"

#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

/* ---- chains ---------------------------------------------------------------------------
 */

static void
find_successors(struct build *b)
{
	for (uint32_t i = 0; i < b->count; i++)
		each_access(access, b, b->txns[i])
		{
			if (access->written == VERSION_NONE || !reads_listed(b, access))
				continue;
			b->notes->successor[access->read] = access->written + 1;
			b->notes->has_before[access->written] = true;
		}
}

static void
add_segment(struct build *b, uint32_t key, uint32_t first)
{
	uint32_t version = first;
	struct segment segment = {
		.key = key, .head = b->v->of.items[first].writer, .end_min = UINT32_MAX};

	for (;; version = b->notes->successor[version] - 1) {
		b->notes->segment_of[version] = (uint32_t)b->segments.count + 1;
		if (b->notes->successor[version] == 0)
			break;
	}
	segment.tail = b->v->of.items[version].writer;
	vec_push(&b->segments, segment);
}

/* For each key its initial segment, then those that begin with a blind write. Initial
 * versions have the numbers of their keys, below those of all others. */
static void
find_segments(struct build *b)
{
	VEC(uint64_t) heads = {0};

	for (uint32_t i = 0; i < b->count; i++)
		each_access(access, b, b->txns[i])
		{
			uint64_t key = (uint64_t)access->key << 32;
			vec_push(&heads, key | access->key);
			if (access->written != VERSION_NONE &&
			    !b->notes->has_before[access->written])
				vec_push(&heads, key | access->written);
		}
	sort_words(heads.items, heads.count);
	for (size_t i = 0; i < heads.count; i++) {
		uint32_t key = (uint32_t)(heads.items[i] >> 32);
		uint32_t version = (uint32_t)heads.items[i];
		if (i > 0 && heads.items[i] == heads.items[i - 1])
			continue;
		if (version == key)
			vec_push(&b->key_starts, (uint32_t)b->segments.count);
		add_segment(b, key, version);
	}
	vec_push(&b->key_starts, (uint32_t)b->segments.count);
	vec_release(&heads);
}

/* Who was read by one that is over is over too: what begins later follows the reader and
 * so the writer. This bounds open transactions of which something was read. */
static void
bound_ends(struct build *b)
{
	for (uint32_t i = 0; i < b->count; i++)
		each_access(access, b, b->txns[i])
		{
			if (!reads_listed(b, access) ||
			    access->read < b->d->txns.keys.count)
				continue;
			uint32_t writer =
				b->notes->index[b->v->of.items[access->read].writer] - 1;
			if (b->end[i] >= b->end[writer])
				continue;
			b->end[writer] = b->end[i];
			b->bounded_by[writer] = i;
		}
}

void
rw_order_find_chains(struct build *b)
{
	for (uint32_t i = 0; i < b->count; i++) {
		b->notes->index[b->txns[i]] = i + 1;
		b->end[i] = b->d->end[b->txns[i]];
	}
	bound_ends(b);
	find_successors(b);
	find_segments(b);
}
