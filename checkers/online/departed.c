#include "checkers/online/departed.h"

#include "base/search.h"

enum {
	NEXT = 8 /* from the word of a small number to that of the next */
};

/* The first range that ends at the value or behind it. */
static size_t
range_of(const struct departed *departed, online_value value)
{
	size_t at;

	search_first(at, 0, departed->ranges.count,
		     departed->ranges.items[at].last < value);
	return at;
}

static bool
has(const struct departed *departed, size_t at, online_value value)
{
	return at < departed->ranges.count && departed->ranges.items[at].first <= value &&
	       value <= departed->ranges.items[at].last;
}

static void
insert(struct departed *departed, size_t at, struct departed_range range)
{
	if (departed->ranges.count == DEPARTED_RANGES) {
		departed->is_full = true;
		return;
	}
	vec_insert(&departed->ranges, at, range);
}

/* It left before, and now for another reason: what is left of its range stays. */
static void
take_out(struct departed *departed, size_t at, online_value value)
{
	struct departed_range range = departed->ranges.items[at];

	vec_remove(&departed->ranges, at);
	if (range.last > value)
		insert(departed, at,
		       (struct departed_range){value + NEXT, range.last, range.why});
	if (range.first < value)
		insert(departed, at,
		       (struct departed_range){range.first, value - NEXT, range.why});
}

/* Joins the range with the one behind it. */
static void
join(struct departed *departed, size_t at)
{
	if (at + 1 >= departed->ranges.count)
		return;
	struct departed_range *range = &departed->ranges.items[at];
	if (range[0].why != range[1].why || range[0].last + NEXT != range[1].first)
		return;
	range[0].last = range[1].last;
	vec_remove(&departed->ranges, at + 1);
}

void
departed_add(struct departed *departed, online_value value, enum departure why)
{
	size_t at = range_of(departed, value);

	if (has(departed, at, value)) {
		if (departed->ranges.items[at].why == why)
			return;
		take_out(departed, at, value);
		at = range_of(departed, value);
	}
	if (at > 0 && departed->ranges.items[at - 1].why == why &&
	    departed->ranges.items[at - 1].last + NEXT == value)
		departed->ranges.items[--at].last = value;
	else
		insert(departed, at, (struct departed_range){value, value, why});
	join(departed, at);
}

enum departure
departed_find(const struct departed *departed, online_value value)
{
	size_t at = range_of(departed, value);

	if (has(departed, at, value))
		return departed->ranges.items[at].why;
	return departed->is_full ? DEPARTED_PERHAPS : DEPARTED_NOT;
}

void
departed_release(struct departed *departed)
{
	vec_release(&departed->ranges);
}
