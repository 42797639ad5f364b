/* No order among elements, every value put once: each is judged alone, and a miss needs an
 * instant at which nothing stays that it would have found. Elements are put as late and
 * taken as early as they can be. In a tuple space a miss asks only for what matches its
 * pattern: one cover a pattern, each tuple adding to those of the patterns that match it. */
#include "checkers/collection/arrange.h"
#include "checkers/collection/cover.h"

#include "checkers/collection/pattern_index.h"

#include <stdlib.h>

/* ---- what misses ask for -------------------------------------------------------------- */

struct patterns {
	const struct elements *elements;
	struct pattern_index index;
	VEC(struct cover) covers; /* by pattern */
};

static val
pattern_of(const struct elements *elements, uint32_t miss)
{
	return elements->collection == COLLECTION_TUPLE_SPACE
		       ? key_op(elements->key, miss)->input
		       : VAL_OF_NIL;
}

static void
cover_element(struct patterns *patterns, uint32_t element)
{
	const struct elements *elements = patterns->elements;
	const struct element *e = &elements->items.items[element];
	struct pattern_walk walk = {0};
	uint32_t id;

	if (!element_has_stay(e))
		return;
	while ((id = pattern_index_match(&patterns->index, element_value(elements, e),
					 &walk)) != NO_PATTERN)
		cover_add(&patterns->covers.items[id], elements, element);
}

static void
patterns_init(struct patterns *patterns, const struct elements *elements)
{
	*patterns = (struct patterns){.elements = elements};
	pattern_index_init(&patterns->index, &elements->key->history->values);
	vec_each (uint32_t, miss, &elements->misses)
		pattern_index_add(&patterns->index, pattern_of(elements, *miss));
	while (patterns->covers.count < pattern_index_count(&patterns->index))
		vec_push(&patterns->covers, (struct cover){{0}, {0}});
	for (uint32_t e = 0; e < elements->items.count && patterns->covers.count > 0; e++)
		cover_element(patterns, e);
	vec_each (struct cover, cover, &patterns->covers)
		cover_finish(cover, elements);
}

static void
patterns_release(struct patterns *patterns)
{
	vec_each (struct cover, cover, &patterns->covers)
		cover_release(cover);
	vec_release(&patterns->covers);
	pattern_index_release(&patterns->index);
}

static bool
place_misses(const struct elements *elements, uint32_t *points, struct finding *finding)
{
	struct patterns patterns;
	bool fits = true;

	patterns_init(&patterns, elements);
	for (size_t i = 0; i < elements->misses.count && fits; i++) {
		uint32_t miss = elements->misses.items[i];
		const struct cover *cover = &patterns.covers.items[pattern_index_find(
			&patterns.index, pattern_of(elements, miss))];
		fits = cover_free_point(cover, elements->begin[miss], elements->end[miss],
					&points[i]);
		if (!fits)
			cover_find(cover, elements, miss, finding);
	}
	patterns_release(&patterns);
	return fits;
}

/* ---- the order ---------------------------------------------------------------------- */

static void
write_looks(const struct elements *elements, const struct element *e, bool at_put,
	    struct arrangement *out)
{
	for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++) {
		uint32_t op = elements->looks.items[k].op;
		uint32_t point = elements->begin[op] + 1;
		bool is_at_put = point <= e->put_to - 1;
		if (is_at_put == at_put)
			arrange_at(out, is_at_put ? e->put_to - 1 : point, op);
	}
}

/* What is put and taken at one instant. */
static void
write_visit(const struct elements *elements, const struct element *e,
	    struct arrangement *out)
{
	uint32_t point = e->take_from + 1;

	arrange_at(out, point, e->put);
	for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++)
		arrange_at(out, point, elements->looks.items[k].op);
	arrange_at(out, point, e->take);
}

/* At one instant: what goes, visits, misses, and then what comes. */
static void
write_order(const struct elements *elements, const uint32_t *points,
	    struct arrangement *out)
{
	vec_each (struct element, visitor, &elements->items)
		if (!element_has_stay(visitor))
			write_visit(elements, visitor, out);
		else
			write_looks(elements, visitor, false, out);
	vec_each (struct element, leaving, &elements->items)
		if (element_has_stay(leaving) && leaving->take != NO_OP)
			arrange_at(out, leaving->take_from + 1, leaving->take);
	for (size_t i = 0; i < elements->misses.count; i++)
		arrange_at(out, points[i], elements->misses.items[i]);
	vec_each (struct element, coming, &elements->items)
		if (element_has_stay(coming)) {
			arrange_at(out, coming->put_to - 1, coming->put);
			write_looks(elements, coming, true, out);
		}
	arrange_finish(out);
}

bool
arrange_bag(const struct elements *elements, struct arrangement *out,
	    struct finding *finding)
{
	uint32_t *points = mem_new(elements->misses.count + 1, sizeof(*points));
	bool fits = place_misses(elements, points, finding);

	if (fits)
		write_order(elements, points, out);
	free(points);
	return fits;
}
