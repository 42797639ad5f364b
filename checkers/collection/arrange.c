#include "checkers/collection/arrange.h"

#include "base/assert.h"

#include <stdlib.h>

void
arrange_at(struct arrangement *out, uint32_t point, uint32_t op)
{
	vec_push(&out->steps, (uint64_t)point << 32 | op);
}

/* Counting sort by point: stable, and points are dense. */
void
arrange_finish(struct arrangement *out)
{
	uint32_t points = 0;

	vec_each (uint64_t, counted, &out->steps)
		points = *counted >> 33 >= points ? (uint32_t)(*counted >> 33) + 1
						  : points;
	uint32_t *starts = mem_new((size_t)points + 2, sizeof(*starts));
	vec_each (uint64_t, counted, &out->steps)
		starts[(*counted >> 33) + 1]++;
	for (uint32_t point = 0; point < points; point++)
		starts[point + 1] += starts[point];
	out->count = out->steps.count;
	out->order = mem_resize(NULL, out->count + 1, sizeof(*out->order));
	vec_each (uint64_t, step, &out->steps)
		out->order[starts[*step >> 33]++] = (uint32_t)*step;
	free(starts);
	vec_release(&out->steps);
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
