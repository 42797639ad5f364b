/* list_append_places.c - where an element stands in its list. */
#include "checkers/transaction/list_append_lists.h"

val
list_element(const struct lists *lists, const struct list *list, uint32_t position)
{
	return val_at(lists->values, list->longest, position);
}

static uint64_t
place_key(const struct lists *lists, uint32_t key, val v)
{
	return ((uint64_t)key + 1) * 0x9e3779b97f4a7c15u ^ val_hash(lists->values, v);
}

/* The range of the elements of a key; false when they are no small numbers. */
static bool
range_of(const struct lists *lists, const struct list *list, int64_t *low, int64_t *high)
{
	size_t count = 0;
	const val *elements =
		list->length > 0 ? val_items(lists->values, list->longest, &count) : NULL;
	int64_t number;

	*low = INT64_MAX;
	*high = INT64_MIN;
	for (uint32_t i = 0; i < list->length; i++) {
		if (!val_small_number(elements[i], &number))
			return false;
		*low = number < *low ? number : *low;
		*high = number > *high ? number : *high;
	}
	return list->length > 0;
}

static bool
is_dense(int64_t low, int64_t high, size_t count)
{
	return high - low < 8 * (int64_t)count + 64;
}

/* An index of its own for each key whose elements are dense numbers, and one for all
 * keys together whose elements are. */
void
list_choose_indexes(struct lists *lists, size_t keys)
{
	int64_t low, high, shared_low = INT64_MAX, shared_high = INT64_MIN;
	size_t count = 0;

	for (size_t key = 0; key < keys; key++) {
		struct list *list = &lists->of[key];
		if (!range_of(lists, list, &low, &high))
			continue;
		if (is_dense(low, high, list->length)) {
			list->smallest = low;
			list->span = (uint32_t)(high - low + 1);
			list->places = mem_new(list->span, sizeof(*list->places));
			continue;
		}
		list->is_shared = true;
		count += list->length;
		shared_low = low < shared_low ? low : shared_low;
		shared_high = high > shared_high ? high : shared_high;
	}
	if (count == 0 || !is_dense(shared_low, shared_high, count))
		return;
	lists->shared_low = shared_low;
	lists->shared_span = (size_t)(shared_high - shared_low) + 1;
	lists->shared = mem_new(lists->shared_span, sizeof(*lists->shared));
}

static uint32_t *
own_place(const struct list *list, val v)
{
	static uint32_t none;
	int64_t number;

	if (!val_small_number(v, &number) || number < list->smallest ||
	    number - list->smallest >= (int64_t)list->span)
		return &none;
	return &list->places[number - list->smallest];
}

/* NULL when the element is not, or cannot be, in the index of all keys together. */
static uint32_t *
shared_place(const struct lists *lists, uint32_t key, val v, bool add)
{
	int64_t number;

	if (!val_small_number(v, &number) || number < lists->shared_low ||
	    (uint64_t)(number - lists->shared_low) >= lists->shared_span)
		return NULL;
	uint64_t *place = &lists->shared[number - lists->shared_low];
	if (add && *place == 0)
		*place = ((uint64_t)key + 1) << 32;
	return *place >> 32 == (uint64_t)key + 1
		       ? (uint32_t *)place /* little-endian: the low half */
		       : NULL;
}

/* Elements with equal hashes are told apart by probing with the next hash. */
static uint32_t *
hashed_place(struct lists *lists, uint32_t key, val v, bool add)
{
	static uint32_t none;

	for (uint64_t hash = place_key(lists, key, v);; hash++) {
		uint64_t *place = add ? map_at(&lists->places, hash, NULL)
				      : map_find(&lists->places, hash);
		if (place == NULL)
			return &none;
		uint32_t key_there = (uint32_t)(*place >> 32);
		if (*place == 0)
			*place = (uint64_t)key << 32;
		else if (key_there != key ||
			 !val_equal(lists->values,
				    list_element(lists, &lists->of[key],
						 (uint32_t)*place - 1),
				    v))
			continue;
		return (uint32_t *)place; /* little-endian: the low half */
	}
}

uint32_t *
list_place(struct lists *lists, uint32_t key, val v, bool add)
{
	const struct list *list = &lists->of[key];

	if (list->span > 0)
		return own_place(list, v);
	uint32_t *place = list->is_shared && lists->shared_span > 0
				  ? shared_place(lists, key, v, add)
				  : NULL;
	return place != NULL ? place : hashed_place(lists, key, v, add);
}
