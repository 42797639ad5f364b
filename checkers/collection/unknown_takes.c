#include "checkers/collection/unknown_takes.h"

#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

enum {
	REPAIR_WORK_MAX = 1 << 25 /* operations looked at by repeated attempts */
};

/* ---- takes of unknown outcome ------------------------------------------------------- */

static bool
may_take(const struct elements *elements, uint32_t phantom, const struct element *e)
{
	const struct key_ops *key = elements->key;

	return elements->collection != COLLECTION_TUPLE_SPACE ||
	       collection_matches(&key->history->values, key_op(key, phantom)->input,
				  element_value(elements, e));
}

/* The first take of unknown outcome that is still free takes the element. */
static bool
give(struct elements *elements, uint32_t number)
{
	struct element *e = &elements->items.items[number];
	uint32_t phantom = NO_OP;

	for (size_t i = 0; i < elements->phantoms.count && phantom == NO_OP; i++) {
		uint32_t candidate = elements->phantoms.items[i];
		if (!may_take(elements, candidate, e))
			continue;
		phantom = candidate;
		memmove(&elements->phantoms.items[i], &elements->phantoms.items[i + 1],
			(--elements->phantoms.count - i) * sizeof(uint32_t));
	}
	if (phantom == NO_OP)
		return false;
	e->take = phantom;
	e->take_from = element_put_from(elements, e);
	if (e->take_from < elements->begin[phantom])
		e->take_from = elements->begin[phantom];
	for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++) {
		uint32_t begin = elements->begin[elements->looks.items[k].op];
		e->take_from = begin > e->take_from ? begin : e->take_from;
	}
	return true;
}

/* When an element that nobody took must be out of a queue: before anything that was put
 * later is shown, before a later miss is over. */
static uint64_t *
queue_deadlines(const struct elements *elements, size_t *count)
{
	size_t n = elements->items.count, m = elements->misses.count;
	uint64_t *later = mem_new(n + m + 1, sizeof(*later));
	uint64_t *deadlines = mem_new(n + 1, sizeof(*deadlines));
	uint32_t *soonest = mem_new(n + m + 2, sizeof(*soonest));

	for (size_t i = 0; i < n; i++) {
		const struct element *e = &elements->items.items[i];
		later[i] = (uint64_t)element_put_from(elements, e) << 32 | e->shown_to;
	}
	for (size_t i = 0; i < m; i++) {
		uint32_t miss = elements->misses.items[i];
		later[n + i] =
			(uint64_t)elements->begin[miss] << 32 | elements->end[miss];
	}
	sort_words(later, n + m);
	soonest[n + m] = NO_POINT;
	for (size_t i = n + m; i > 0; i--) {
		uint32_t shown = (uint32_t)later[i - 1];
		soonest[i - 1] = shown < soonest[i] ? shown : soonest[i];
	}
	*count = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct element *e = &elements->items.items[i];
		size_t low = 0, high = n + m;
		while (low < high) {
			size_t middle = (low + high) / 2;
			if (later[middle] >> 32 <= e->put_to)
				low = middle + 1;
			else
				high = middle;
		}
		if (e->take == NO_OP && soonest[low] != NO_POINT)
			deadlines[(*count)++] = (uint64_t)soonest[low] << 32 | i;
	}
	free(later);
	free(soonest);
	sort_words(deadlines, *count);
	return deadlines;
}

/* Those that nobody took, in the order in which they came. */
static uint64_t *
arrivals(const struct elements *elements, size_t *count)
{
	uint64_t *words = mem_new(elements->items.count + 1, sizeof(*words));

	*count = 0;
	for (uint32_t i = 0; i < elements->items.count; i++)
		if (elements->items.items[i].take == NO_OP)
			words[(*count)++] =
				(uint64_t)elements->items.items[i].put_to << 32 | i;
	sort_words(words, *count);
	return words;
}

/* ---- deadlines of stacks and priority queues ------------------------------------------- */

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
	size_t low = 0;

	while (low < count) {
		size_t middle = (low + count) / 2;
		if (words[middle] >> 32 <= point)
			low = middle + 1;
		else
			count = middle;
	}
	return low;
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

/* An element that nobody took is in the way of those that are under it in the stack, or
 * go after it in the priority queue. False: priorities are no integers of 32 bits. */
static bool
rank_of(const struct elements *elements, const struct element *e, bool is_below,
	uint32_t *rank)
{
	const struct values *values = &elements->key->history->values;
	int64_t number;

	if (elements->collection == COLLECTION_STACK) {
		*rank = is_below ? e->put_to : element_put_from(elements, e);
		return true;
	}
	val v = collection_priority(values, element_value(elements, e));
	if (!val_small_number(v, &number) || number < INT32_MIN || number > INT32_MAX)
		return false;
	*rank = (uint32_t)(number - INT32_MIN);
	if (collection_compare(elements->options, values, val_small(0), val_small(1)) < 0)
		*rank = UINT32_MAX - *rank;
	return true;
}

static uint32_t
first_miss_after(const struct elements *elements, uint32_t point)
{
	uint32_t end = NO_POINT;

	for (size_t i = elements->misses.count; i > 0; i--) {
		uint32_t miss = elements->misses.items[i - 1];
		if (elements->begin[miss] <= point)
			break;
		end = elements->end[miss] < end ? elements->end[miss] : end;
	}
	return end;
}

static uint64_t *
nested_deadlines(const struct elements *elements, size_t *count)
{
	size_t n = elements->items.count, below = 0, above = 0, next = 0;
	uint64_t *takes = mem_new(n + 1, sizeof(*takes));
	uint64_t *stays = mem_new(n + 1, sizeof(*stays));
	struct soonest soonest;
	bool is_ranked = true;

	*count = 0;
	for (uint32_t i = 0; i < n && is_ranked; i++) {
		const struct element *e = &elements->items.items[i];
		uint32_t rank = 0;
		is_ranked = rank_of(elements, e, e->take != NO_OP, &rank);
		if (e->take != NO_OP)
			takes[below++] = (uint64_t)rank << 32 | i;
		else
			stays[above++] = (uint64_t)rank << 32 | i;
	}
	sort_words(takes, below);
	sort_words(stays, above);
	soonest_init(&soonest, elements);
	for (size_t k = 0; k < above && is_ranked; k++) {
		uint32_t number = (uint32_t)stays[k];
		uint32_t put_to = elements->items.items[number].put_to;
		for (; next < below && takes[next] >> 32 < stays[k] >> 32; next++) {
			uint32_t taken = (uint32_t)takes[next];
			soonest_add(&soonest, taken,
				    elements->items.items[taken].take_to);
		}
		uint32_t end = soonest_after(&soonest, put_to);
		uint32_t miss_end = first_miss_after(elements, put_to);
		end = miss_end < end ? miss_end : end;
		if (end != NO_POINT)
			stays[(*count)++] = (uint64_t)end << 32 | number;
	}
	soonest_release(&soonest);
	free(takes);
	sort_words(stays, *count);
	return stays;
}

/* By deadline; in a bag in the order in which they came, which is best for every miss. In
 * a tuple space patterns decide: see give_blocker. */
static void
give_first(struct elements *elements)
{
	size_t count = 0;
	uint64_t *words = NULL;

	if (elements->collection == COLLECTION_QUEUE)
		words = queue_deadlines(elements, &count);
	else if (elements->collection == COLLECTION_BAG)
		words = arrivals(elements, &count);
	else if (elements->collection != COLLECTION_TUPLE_SPACE)
		words = nested_deadlines(elements, &count);
	size_t left = elements->phantoms.count, used = 0;
	uint32_t *phantoms = elements->phantoms.items;
	for (size_t i = 0; i < count && used < left; i++) {
		elements->phantoms.items = phantoms + used;
		elements->phantoms.count = 1;
		used += give(elements, (uint32_t)words[i]);
	}
	elements->phantoms.items = phantoms;
	memmove(phantoms, phantoms + used, (left - used) * sizeof(*phantoms));
	elements->phantoms.count = left - used;
	free(words);
}

/* Gives a take to the first element in the finding that nobody took. */
static bool
give_blocker(struct elements *elements, const struct finding *finding)
{

	for (uint32_t i = 0; i < elements->items.count; i++) {
		const struct element *e = &elements->items.items[i];
		if (e->take != NO_OP)
			continue;
		for (size_t k = 0; k < finding->ops.count; k++)
			if (finding->ops.items[k] == e->put)
				return give(elements, i);
	}
	return false;
}

bool
arrange_with_unknown(struct elements *elements, struct arrangement *out,
		     struct finding *finding)
{
	size_t work = 0;

	give_first(elements);
	while (work <= REPAIR_WORK_MAX && !budget_is_over(&elements->options->budget)) {
		finding->name = NULL;
		vec_clear(&finding->ops);
		if (arrange(elements, out, finding))
			return true;
		arrangement_release(out);
		if (!give_blocker(elements, finding))
			return false;
		work += elements->key->count;
	}
	return false;
}
