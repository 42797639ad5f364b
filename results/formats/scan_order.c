#include "results/formats/scan_order.h"

#include "checkers/sort.h"

#include <stdlib.h>

/* What is all in its word goes before what is not: words are compared faster. */
static int
compare(const struct values *values, val a, val b)
{
	if (val_is_plain(a) && val_is_plain(b))
		return a < b ? -1 : a > b;
	if (val_is_plain(a) != val_is_plain(b))
		return val_is_plain(a) ? -1 : 1;
	return val_compare(values, a, b);
}

static int
compare_items(const void *a, const void *b, void *values)
{
	return compare(values, *(const val *)a, *(const val *)b);
}

void
scan_order_set(const struct values *values, val *items, size_t count)
{
	bool are_plain = true, are_sorted = true;

	for (size_t i = 0; i < count && are_plain; i++) {
		are_plain = val_is_plain(items[i]);
		are_sorted = are_sorted && (i == 0 || items[i - 1] <= items[i]);
	}
	if (are_plain && !are_sorted)
		sort_words(items, count);
	if (!are_plain)
		qsort_r(items, count, sizeof(*items), compare_items, (void *)values);
}

struct entry {
	val key, value;
	size_t at; /* where it stood */
};

static int
compare_entries(const void *a, const void *b, void *values)
{
	const struct entry *x = a, *y = b;
	int order = compare(values, x->key, y->key);

	return order != 0 ? order : x->at < y->at ? -1 : x->at > y->at;
}

static bool
are_entries_sorted(const struct values *values, const val *items, size_t count)
{
	for (size_t i = 2; i < count; i += 2)
		if (compare(values, items[i - 2], items[i]) > 0)
			return false;
	return true;
}

void
scan_order_map(const struct values *values, val *items, size_t count)
{
	VEC(struct entry) entries = {0};

	if (are_entries_sorted(values, items, count))
		return;
	for (size_t i = 0; i < count; i += 2)
		vec_push(&entries, (struct entry){items[i], items[i + 1], i});
	qsort_r(entries.items, entries.count, sizeof(struct entry), compare_entries,
		(void *)values);
	for (size_t i = 0; i < entries.count; i++) {
		items[2 * i] = entries.items[i].key;
		items[2 * i + 1] = entries.items[i].value;
	}
	vec_release(&entries);
}
