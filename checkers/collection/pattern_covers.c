#include "checkers/collection/pattern_covers.h"

val
pattern_covers_pattern(const struct elements *elements, uint32_t miss)
{
	return elements->collection == COLLECTION_TUPLE_SPACE
		       ? key_op(elements->key, miss)->input
		       : VAL_OF_NIL;
}

static void
cover_element(struct pattern_covers *covers, uint32_t element)
{
	const struct elements *elements = covers->elements;
	const struct element *e = &elements->items.items[element];
	struct pattern_walk walk = {0};
	uint32_t id;

	if (!element_has_stay(e))
		return;
	while ((id = pattern_index_match(&covers->index, element_value(elements, e),
					 &walk)) != NO_PATTERN)
		cover_add(&covers->covers.items[id], elements, element);
}

void
pattern_covers_init(struct pattern_covers *covers, const struct elements *elements)
{
	*covers = (struct pattern_covers){.elements = elements};
	pattern_index_init(&covers->index, &elements->key->history->values);
	vec_each (uint32_t, miss, &elements->misses)
		pattern_index_add(&covers->index,
				  pattern_covers_pattern(elements, *miss));
	while (covers->covers.count < pattern_index_count(&covers->index))
		vec_push(&covers->covers, (struct cover){{0}, {0}});
	for (uint32_t e = 0; e < elements->items.count && covers->covers.count > 0; e++)
		cover_element(covers, e);
	vec_each (struct cover, cover, &covers->covers)
		cover_finish(cover, elements);
}

void
pattern_covers_release(struct pattern_covers *covers)
{
	vec_each (struct cover, cover, &covers->covers)
		cover_release(cover);
	vec_release(&covers->covers);
	pattern_index_release(&covers->index);
}

const struct cover *
pattern_covers_of(const struct pattern_covers *covers, uint32_t miss)
{
	val pattern = pattern_covers_pattern(covers->elements, miss);

	return &covers->covers.items[pattern_index_find(&covers->index, pattern)];
}
