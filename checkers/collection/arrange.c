#include "checkers/collection/arrange.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

enum {
	BUCKET_BITS = 11,
	BUCKETS = 1 << BUCKET_BITS
};

/* Points are odd: what lies between two events has one number. */
static uint32_t
gap_of(uint64_t step)
{
	return (uint32_t)(step >> 33);
}

static void
starts_of(uint32_t *counts, size_t count, uint32_t at)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t many = counts[i];
		counts[i] = at;
		at += many;
	}
}

/* Into buckets of neighbouring gaps; ends[b] is where bucket b ends. */
static uint64_t *
fill_buckets(const struct arrangement *out, int shift, uint32_t *ends)
{
	uint64_t *sorted = mem_resize(NULL, out->count + 1, sizeof(*sorted));

	vec_each (uint64_t, counted, &out->steps)
		ends[gap_of(*counted) >> shift]++;
	starts_of(ends, BUCKETS, 0);
	vec_each (uint64_t, step, &out->steps)
		sorted[ends[gap_of(*step) >> shift]++] = *step;
	return sorted;
}

static void
write_bucket(const uint64_t *steps, uint32_t from, uint32_t to, int shift,
	     uint32_t *starts, uint32_t *order)
{
	uint32_t gaps = (uint32_t)1 << shift;

	memset(starts, 0, gaps * sizeof(*starts));
	for (uint32_t i = from; i < to; i++)
		starts[gap_of(steps[i]) & (gaps - 1)]++;
	starts_of(starts, gaps, from);
	for (uint32_t i = from; i < to; i++)
		order[starts[gap_of(steps[i]) & (gaps - 1)]++] = (uint32_t)steps[i];
}

/* Counting sort by gap, in two steps that each stay in the cache: stable, and gaps are
 * dense. */
void
arrange_finish(struct arrangement *out)
{
	uint32_t last = 0, ends[BUCKETS] = {0};
	int shift = 0;

	out->count = out->steps.count;
	vec_each (uint64_t, step, &out->steps)
		last = gap_of(*step) > last ? gap_of(*step) : last;
	while (last >> shift >= BUCKETS)
		shift++;
	uint64_t *steps = fill_buckets(out, shift, ends);
	uint32_t *starts = mem_resize(NULL, (size_t)1 << shift, sizeof(*starts));
	vec_release(&out->steps);
	out->order = mem_resize(NULL, out->count + 1, sizeof(*out->order));
	for (uint32_t b = 0, from = 0; b < BUCKETS; from = ends[b++])
		write_bucket(steps, from, ends[b], shift, starts, out->order);
	free(starts);
	free(steps);
}

void
arrangement_release(struct arrangement *out)
{
	vec_release(&out->steps);
	free(out->order);
	*out = (struct arrangement){0};
}

bool
arrange(const struct elements *elements, struct arrangement *out, struct finding *finding)
{
	*out = (struct arrangement){0};
	if (elements->collection != COLLECTION_QUEUE) /* it writes its order at once */
		vec_reserve(&out->steps, elements->key->count);
	switch (elements->collection) {
	case COLLECTION_QUEUE:
		return arrange_queue(elements, out, finding);
	case COLLECTION_STACK:
		return arrange_stack(elements, out, finding);
	case COLLECTION_PRIORITY_QUEUE:
		return arrange_priority_queue(elements, out, finding);
	case COLLECTION_BAG:
	case COLLECTION_TUPLE_SPACE:
		return arrange_bag(elements, out, finding);
	case COLLECTION_NONE:
	case COLLECTION_KINDS:
		break;
	}
	ASSERT(false);
	return false;
}
