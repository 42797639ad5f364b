#include "checkers/collection/cover.h"

#include "base/search.h"
#include "checkers/sort.h"

#include <stdlib.h>

void
cover_init(struct cover *cover)
{
	*cover = (struct cover){0};
}

void
cover_release(struct cover *cover)
{
	vec_release(&cover->stays);
	vec_release(&cover->parts);
}

void
cover_add(struct cover *cover, const struct elements *elements, uint32_t element)
{
	const struct element *e = &elements->items.items[element];

	if (element_has_stay(e))
		vec_push(&cover->stays, (uint64_t)e->put_to << 32 | element);
}

void
cover_finish(struct cover *cover, const struct elements *elements)
{
	sort_words(cover->stays.items, cover->stays.count);
	vec_each (uint64_t, stay, &cover->stays) {
		uint32_t from = (uint32_t)(*stay >> 32);
		uint32_t to = elements->items.items[(uint32_t)*stay].take_from;
		if (cover->parts.count == 0 || (uint32_t)*vec_last(&cover->parts) < from)
			vec_push(&cover->parts, (uint64_t)from << 32 | to);
		else if ((uint32_t)*vec_last(&cover->parts) < to)
			*vec_last(&cover->parts) +=
				to - (uint32_t)*vec_last(&cover->parts);
	}
}

bool
cover_free_point(const struct cover *cover, uint32_t begin, uint32_t end, uint32_t *point)
{
	size_t at;

	search_first(at, 0, cover->parts.count, cover->parts.items[at] >> 32 <= begin);
	*point = begin + 1;
	if (at > 0) {
		uint32_t to = (uint32_t)cover->parts.items[at - 1];
		if (to > begin && (to == NO_POINT || to + 1 > end))
			return false;
		if (to > begin)
			*point = to + 1;
	}
	return *point < end;
}

/* Always the stay that reaches furthest among those that have begun. */
void
cover_find(const struct cover *cover, const struct elements *elements, uint32_t miss,
	   struct finding *finding)
{
	uint32_t reached = elements->begin[miss] + 1, best = NO_OP, best_to = 0;

	finding->name = "false-empty";
	finding_add(finding, miss);
	for (size_t i = 0; i <= cover->stays.count; i++) {
		bool is_last = i == cover->stays.count;
		uint32_t from =
			is_last ? NO_POINT : (uint32_t)(cover->stays.items[i] >> 32);
		while (best != NO_OP && from >= reached && best_to > reached &&
		       reached < elements->end[miss]) {
			finding_add_element(finding, elements, best);
			reached = best_to == NO_POINT ? NO_POINT : best_to + 1;
		}
		if (is_last || reached >= elements->end[miss])
			return;
		uint32_t element = (uint32_t)cover->stays.items[i];
		uint32_t to = elements->items.items[element].take_from;
		if (to > best_to) {
			best_to = to;
			best = element;
		}
	}
}
