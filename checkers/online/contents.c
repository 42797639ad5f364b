#include "checkers/online/contents.h"

#include "base/search.h"
#include "checkers/online/decider.h"

/* ---- the heap: elements know where they stand in it ---- */

static struct element *
at_heap(const struct contents *contents, size_t i)
{
	return &contents->elements.items[contents->heap.items[i]];
}

static void
heap_set(struct contents *contents, size_t i, uint32_t element)
{
	contents->heap.items[i] = element;
	contents->elements.items[element].heap_at = (uint32_t)i;
}

static void
heap_swap(struct contents *contents, size_t a, size_t b)
{
	uint32_t element = contents->heap.items[a];

	heap_set(contents, a, contents->heap.items[b]);
	heap_set(contents, b, element);
}

static void
sift(struct contents *contents, size_t i)
{
	size_t count = contents->heap.count;

	for (; i > 0 && at_heap(contents, i)->rank > at_heap(contents, (i - 1) / 2)->rank;
	     i = (i - 1) / 2)
		heap_swap(contents, i, (i - 1) / 2);
	while (2 * i + 1 < count) {
		size_t child = 2 * i + 1;
		child += child + 1 < count && at_heap(contents, child + 1)->rank >
						      at_heap(contents, child)->rank;
		if (at_heap(contents, child)->rank <= at_heap(contents, i)->rank)
			return;
		heap_swap(contents, i, child);
		i = child;
	}
}

static void
heap_remove(struct contents *contents, size_t i)
{
	uint32_t last = vec_pop(&contents->heap);

	if (i == contents->heap.count)
		return;
	heap_set(contents, i, last);
	sift(contents, i);
}

/* ---- elements ---- */

struct element *
contents_find(const struct contents *contents, online_value value)
{
	uint32_t at = table_find(&contents->of, value);

	return at == TABLE_NONE ? NULL : &contents->elements.items[at];
}

static uint32_t
index_of(const struct contents *contents, const struct element *element)
{
	return (uint32_t)(element - contents->elements.items);
}

struct element *
contents_put(struct contents *contents, online_value value, int64_t rank, int64_t at)
{
	uint32_t slot = (uint32_t)contents->elements.count;

	if (contents->free_elements.count > 0)
		slot = vec_pop(&contents->free_elements);
	else
		vec_push(&contents->elements, (struct element){0});
	table_put(&contents->of, value, slot);
	contents->elements.items[slot] =
		(struct element){.value = value,
				 .rank = rank,
				 .put_at = at,
				 .certain_at = ONLINE_NEVER,
				 .stays_until = ONLINE_BEFORE_ALL,
				 .taken_at = ONLINE_NEVER,
				 .met_at = ONLINE_BEFORE_ALL};
	return &contents->elements.items[slot];
}

void
contents_enter(struct contents *contents, struct element *element, int64_t at)
{
	uint32_t slot = index_of(contents, element);

	if (element->certain_at != ONLINE_NEVER)
		return;
	element->certain_at = at;
	element->before = contents->last;
	element->after = ELEMENT_NONE;
	if (contents->last != ELEMENT_NONE)
		contents->elements.items[contents->last].after = slot;
	else
		contents->first = slot;
	contents->last = slot;
	contents->inside_count++;
	if (!contents->is_ranked)
		return;
	vec_push(&contents->heap, slot);
	element->heap_at = (uint32_t)(contents->heap.count - 1);
	sift(contents, element->heap_at);
}

static void
leave(struct contents *contents, struct element *element)
{
	if (element->before != ELEMENT_NONE)
		contents->elements.items[element->before].after = element->after;
	else
		contents->first = element->after;
	if (element->after != ELEMENT_NONE)
		contents->elements.items[element->after].before = element->before;
	else
		contents->last = element->before;
	contents->inside_count--;
	if (contents->is_ranked)
		heap_remove(contents, element->heap_at);
}

void
contents_meet(struct contents *contents, struct element *element, int64_t began,
	      int64_t at)
{
	if (began > element->stays_until)
		element->stays_until = began;
	element->met_at = at;
	vec_push(&contents->recent, (struct meeting){at, index_of(contents, element)});
}

size_t
contents_met_after(const struct contents *contents, int64_t moment)
{
	size_t at;

	search_first(at, 0, contents->recent.count,
		     contents->recent.items[at].met_at <= moment);
	return at;
}

struct element *
contents_met(const struct contents *contents, size_t meeting)
{
	const struct meeting *met = &contents->recent.items[meeting];
	struct element *element = &contents->elements.items[met->element];

	return element->met_at == met->met_at ? element : NULL;
}

void
contents_take(struct contents *contents, struct element *element, int64_t at)
{
	leave(contents, element);
	element->taken_at = at;
	element->why = DEPARTED_TAKEN;
}

void
contents_drop(struct contents *contents, struct element *element, enum departure why)
{
	departed_add(&contents->departed, element->value, why);
	table_remove(&contents->of, element->value);
	element->met_at = ONLINE_BEFORE_ALL;
	vec_push(&contents->free_elements, index_of(contents, element));
}

void
contents_lose(struct contents *contents, struct element *element, int64_t at,
	      enum departure why)
{
	contents_take(contents, element, at);
	element->why = why;
	if (element->met_at == ONLINE_BEFORE_ALL)
		contents_drop(contents, element, why);
}

void
contents_forget(struct contents *contents, int64_t watermark)
{
	size_t kept = 0;

	for (size_t i = 0; i < contents->recent.count; i++) {
		struct element *element = contents_met(contents, i);
		if (element == NULL)
			continue;
		bool is_taken = element->taken_at != ONLINE_NEVER;
		if (is_taken ? element->taken_at >= watermark
			     : element->stays_until >= watermark) {
			contents->recent.items[kept++] = contents->recent.items[i];
			continue;
		}
		element->met_at = ONLINE_BEFORE_ALL;
		if (is_taken)
			contents_drop(contents, element, element->why);
	}
	contents->recent.count = kept;
}

void
contents_init(struct contents *contents, bool is_ranked)
{
	*contents = (struct contents){
		.first = ELEMENT_NONE, .last = ELEMENT_NONE, .is_ranked = is_ranked};
}

size_t
contents_bytes(const struct contents *contents)
{
	return table_bytes(&contents->of) +
	       contents->elements.capacity * sizeof(struct element) +
	       (contents->free_elements.capacity + contents->heap.capacity) *
		       sizeof(uint32_t) +
	       contents->recent.capacity * sizeof(struct meeting) +
	       contents->departed.ranges.capacity * sizeof(struct departed_range);
}

void
contents_release(struct contents *contents)
{
	table_release(&contents->of);
	vec_release(&contents->elements);
	vec_release(&contents->free_elements);
	vec_release(&contents->heap);
	vec_release(&contents->recent);
	departed_release(&contents->departed);
}
