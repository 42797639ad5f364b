#include "checkers/collection/take_part.h"

#include "base/search.h"
#include "checkers/sort.h"

#include <stdlib.h>

void
take_part_init(struct take_part *part, const struct elements *whole)
{
	*part = (struct take_part){.whole = whole};
	part->elements.collection = whole->collection;
	part->elements.options = whole->options;
	part->elements.is_unique = true;
}

void
take_part_release(struct take_part *part)
{
	vec_release(&part->begin);
	vec_release(&part->end);
	vec_release(&part->positions);
	vec_release(&part->elements.items);
	vec_release(&part->elements.looks);
	vec_release(&part->elements.misses);
}

void
take_part_clear(struct take_part *part)
{
	vec_clear(&part->begin);
	vec_clear(&part->end);
	vec_clear(&part->positions);
	vec_clear(&part->elements.items);
	vec_clear(&part->elements.looks);
	vec_clear(&part->elements.misses);
}

/* ---- adding --------------------------------------------------------------------------- */

static void
add_position(struct take_part *part, uint32_t position)
{
	if (position != NO_POINT)
		vec_push(&part->positions, position);
}

static uint32_t
add_interval(struct take_part *part, uint32_t begin, uint32_t end)
{
	add_position(part, begin);
	add_position(part, end);
	vec_push(&part->begin, begin);
	vec_push(&part->end, end);
	return (uint32_t)part->begin.count - 1;
}

static uint32_t
add_op(struct take_part *part, uint32_t op)
{
	return add_interval(part, part->whole->begin[op], part->whole->end[op]);
}

void
take_part_add(struct take_part *part, const struct element *element)
{
	struct element e = *element;
	uint32_t number = (uint32_t)part->elements.items.count;

	e.put = add_op(part, e.put);
	if (e.take !=
	    NO_OP) /* perhaps given to it: what counts are the element's times */
		e.take = add_interval(part, e.take_from, e.take_to);
	e.look_first = (uint32_t)part->elements.looks.count;
	for (uint32_t k = 0; k < e.look_count; k++) {
		uint32_t op = part->whole->looks.items[element->look_first + k].op;
		vec_push(&part->elements.looks, (struct look){number, add_op(part, op)});
	}
	add_position(part, e.put_to);
	add_position(part, e.shown_to);
	vec_push(&part->elements.items, e);
}

void
take_part_add_miss(struct take_part *part, uint32_t op)
{
	vec_push(&part->elements.misses, add_op(part, op));
}

/* ---- numbering ------------------------------------------------------------------------ */

static void
keep_once(struct take_part *part)
{
	size_t kept = 0;

	sort_words(part->positions.items, part->positions.count);
	vec_each (uint64_t, position, &part->positions)
		if (kept == 0 || part->positions.items[kept - 1] != *position)
			part->positions.items[kept++] = *position;
	part->positions.count = kept;
}

static void
renumber(const struct take_part *part, uint32_t *position)
{
	size_t at;

	if (*position == NO_POINT)
		return;
	search_first(at, 0, part->positions.count, part->positions.items[at] < *position);
	*position = 2 * (uint32_t)at;
}

static void
renumber_all(struct take_part *part)
{
	for (size_t i = 0; i < part->begin.count; i++) {
		renumber(part, &part->begin.items[i]);
		renumber(part, &part->end.items[i]);
	}
	vec_each (struct element, e, &part->elements.items) {
		renumber(part, &e->put_to);
		renumber(part, &e->shown_to);
		renumber(part, &e->take_from);
		renumber(part, &e->take_to);
	}
}

bool
take_part_fits(struct take_part *part, size_t *work)
{
	struct arrangement out = {0};
	struct finding finding = {0};

	keep_once(part);
	renumber_all(part);
	part->key.count = part->begin.count;
	part->elements.key = &part->key;
	part->elements.begin = part->begin.items;
	part->elements.end = part->end.items;
	part->elements.event_count = (uint32_t)part->positions.count;
	bool fits = arrange(&part->elements, &out, &finding);
	*work += part->begin.count;
	arrangement_release(&out);
	vec_release(&finding.ops);
	return fits;
}
