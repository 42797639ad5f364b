/* No order among elements, every value put once: each is judged alone, and a miss needs an
 * instant at which nothing stays that it would have found. Elements are put as late and
 * taken as early as they can be. In a tuple space a miss asks only for what matches its
 * pattern: one cover a pattern, each tuple adding to those of the patterns that match it. */
#include "checkers/collection/arrange.h"
#include "checkers/collection/pattern_covers.h"

#include <stdlib.h>

static bool
place_misses(const struct elements *elements, uint32_t *points, struct finding *finding)
{
	struct pattern_covers covers;
	bool fits = true;

	pattern_covers_init(&covers, elements);
	for (size_t i = 0; i < elements->misses.count && fits; i++) {
		uint32_t miss = elements->misses.items[i];
		const struct cover *cover = pattern_covers_of(&covers, miss);
		fits = cover_free_point(cover, elements->begin[miss], elements->end[miss],
					&points[i]);
		if (!fits)
			cover_find(cover, elements, miss, finding);
	}
	pattern_covers_release(&covers);
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
