#include "checkers/collection/priority_rank.h"

#include "checkers/sort.h"

#include <stdlib.h>

struct ranked_value {
	val value;
	uint32_t element;
};

struct comparison {
	const struct check_options *options;
	const struct values *values;
};

static int
compare_ranked(const void *a, const void *b, void *context)
{
	const struct comparison *c = context;
	const struct ranked_value *x = a, *y = b;
	int order = collection_compare(c->options, c->values, x->value, y->value);

	return order != 0 ? order : x->element < y->element ? -1 : 1;
}

/* Any values. */
static void
rank_by_comparison(const struct elements *elements, uint64_t *ranked)
{
	size_t count = elements->items.count;
	struct comparison c = {elements->options, &elements->key->history->values};
	struct ranked_value *sorted = mem_new(count + 1, sizeof(*sorted));

	for (uint32_t i = 0; i < count; i++)
		sorted[i] = (struct ranked_value){
			element_value(elements, &elements->items.items[i]), i};
	qsort_r(sorted, count, sizeof(*sorted), compare_ranked, &c);
	for (uint32_t rank = 0, level = 0; rank < count; rank++) {
		level += rank > 0 &&
			 collection_compare(c.options, c.values, sorted[rank - 1].value,
					    sorted[rank].value) != 0;
		ranked[rank] = (uint64_t)level << 32 | sorted[rank].element;
	}
	free(sorted);
}

/* Integers within 32 bits are sorted as words. */
static bool
rank_by_number(const struct elements *elements, uint64_t *ranked)
{
	size_t count = elements->items.count;
	bool all_small = true;

	val low = val_small(0), high = val_small(1);
	bool least_first =
		collection_compare(elements->options, &elements->key->history->values,
				   low, high) < 0;
	for (uint32_t i = 0; i < count && all_small; i++) {
		int64_t number = 0;
		val v = element_value(elements, &elements->items.items[i]);
		v = collection_priority(&elements->key->history->values, v);
		all_small = val_small_number(v, &number) && number >= INT32_MIN &&
			    number <= INT32_MAX;
		uint32_t biased = (uint32_t)(number - INT32_MIN);
		ranked[i] =
			(uint64_t)(least_first ? biased : UINT32_MAX - biased) << 32 | i;
	}
	if (all_small)
		sort_words(ranked, count);
	return all_small;
}

uint64_t *
priority_rank(const struct elements *elements)
{
	uint64_t *ranked = mem_resize(NULL, elements->items.count + 1, sizeof(*ranked));

	if (elements->collection == COLLECTION_BAG)
		for (uint32_t i = 0; i < elements->items.count; i++)
			ranked[i] = i;
	else if (!rank_by_number(elements, ranked))
		rank_by_comparison(elements, ranked);
	return ranked;
}
