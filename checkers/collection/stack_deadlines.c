#include "checkers/collection/stack_deadlines.h"

#include "base/search.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

/* The soonest end among takes that begin after a point: a tree of suffix minima over takes
 * in the order of their begins. */
struct soonest {
	uint64_t *begins;	/* owned: take_from << 32 | element, ascending */
	uint32_t *tree, *place; /* owned; by 1 + place, and by element */
	size_t count;
};

static void
soonest_init(struct soonest *soonest, const struct elements *elements)
{
	size_t n = elements->items.count;

	soonest->begins = mem_new(n + 1, sizeof(uint64_t));
	soonest->place = mem_new(n + 1, sizeof(uint32_t));
	soonest->tree = mem_new(n + 2, sizeof(uint32_t));
	soonest->count = 0;
	for (uint32_t i = 0; i < n; i++)
		if (elements->items.items[i].shown_to != NO_POINT &&
		    elements->items.items[i].take != NO_OP)
			soonest->begins[soonest->count++] =
				(uint64_t)elements->items.items[i].take_from << 32 | i;
	sort_words(soonest->begins, soonest->count);
	for (size_t i = 0; i < soonest->count; i++)
		soonest->place[(uint32_t)soonest->begins[i]] =
			(uint32_t)(soonest->count - i);
	memset(soonest->tree, 0xff, (n + 2) * sizeof(uint32_t));
}

static void
soonest_release(struct soonest *soonest)
{
	free(soonest->begins);
	free(soonest->tree);
	free(soonest->place);
}

static void
soonest_add(struct soonest *soonest, uint32_t element, uint32_t end)
{
	for (size_t at = soonest->place[element]; at <= soonest->count; at += at & -at)
		if (end < soonest->tree[at])
			soonest->tree[at] = end;
}

/* How many of the ascending words have a first half at or before the point. */
static size_t
count_until(const uint64_t *words, size_t count, uint32_t point)
{
	size_t found;

	search_first(found, 0, count, words[found] >> 32 <= point);
	return found;
}

static uint32_t
soonest_after(const struct soonest *soonest, uint32_t point)
{
	size_t until = count_until(soonest->begins, soonest->count, point);
	uint32_t end = NO_POINT;

	for (size_t at = soonest->count - until; at > 0; at -= at & -at)
		end = soonest->tree[at] < end ? soonest->tree[at] : end;
	return end;
}

/* Misses by their begins: begin << 32 | the soonest end of it and of all that follow. */
static uint64_t *
misses_by_begin(const struct elements *elements)
{
	size_t count = elements->misses.count;
	uint64_t *words = mem_resize(NULL, count + 1, sizeof(*words));
	uint32_t soonest = NO_POINT;

	for (size_t i = count; i > 0; i--) {
		uint32_t miss = elements->misses.items[i - 1];
		soonest = elements->end[miss] < soonest ? elements->end[miss] : soonest;
		words[i - 1] = (uint64_t)elements->begin[miss] << 32 | soonest;
	}
	return words;
}

static uint32_t
first_miss_after(const uint64_t *misses, size_t count, uint32_t point)
{
	size_t until = count_until(misses, count, point);

	return until == count ? NO_POINT : (uint32_t)misses[until];
}

/* Elements with a take by the ends of their puts, others by their begins: each is in the way
 * of those with a take that come before it. */
static uint64_t *
elements_by_put(const struct elements *elements, bool with_take, size_t *count)
{
	size_t n = elements->items.count;
	uint64_t *words = mem_resize(NULL, n + 1, sizeof(*words));

	*count = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct element *e = &elements->items.items[i];
		uint64_t put = with_take ? e->put_to : element_put_from(elements, e);
		if ((e->take != NO_OP) == with_take)
			words[(*count)++] = put << 32 | i;
	}
	sort_words(words, *count);
	return words;
}

uint64_t *
stack_deadlines(const struct elements *elements, size_t *count)
{
	size_t taken, left, next = 0, miss_count = elements->misses.count;
	uint64_t *takes = elements_by_put(elements, true, &taken);
	uint64_t *stays = elements_by_put(elements, false, &left);
	uint64_t *misses = misses_by_begin(elements);
	struct soonest soonest;

	*count = 0;
	soonest_init(&soonest, elements);
	for (size_t k = 0; k < left; k++) {
		uint32_t number = (uint32_t)stays[k];
		uint32_t put_to = elements->items.items[number].put_to;
		for (; next < taken && takes[next] >> 32 < stays[k] >> 32; next++)
			soonest_add(&soonest, (uint32_t)takes[next],
				    elements->items.items[(uint32_t)takes[next]].take_to);
		uint32_t end = soonest_after(&soonest, put_to);
		uint32_t miss_end = first_miss_after(misses, miss_count, put_to);
		end = miss_end < end ? miss_end : end;
		if (end != NO_POINT)
			stays[(*count)++] = (uint64_t)end << 32 | number;
	}
	soonest_release(&soonest);
	free(takes);
	free(misses);
	sort_words(stays, *count);
	return stays;
}
