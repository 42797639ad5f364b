/* No order among elements, every value put once: each is judged alone, and a miss needs an
 * instant at which nothing stays that it would have found. Elements are put as late and
 * taken as early as they can be. In a tuple space a miss asks only for what matches its
 * pattern: one cover a pattern, made of the tuples that an index by one field offers. */
#include "checkers/collection/arrange.h"
#include "checkers/collection/cover.h"

#include "base/map.h"

#include <stdlib.h>

struct index_entry {
	uint32_t element, next, count; /* count: of the chain from here on */
};

/* Elements by the number of fields and one of them, chained. */
struct index {
	const struct elements *elements;
	struct map heads; /* hash of (fields, place, value) -> entry + 1 */
	VEC(struct index_entry) entries;
};

struct patterns {
	const struct elements *elements;
	struct value_ids ids;
	VEC(struct cover) covers; /* by pattern */
	struct index index;
	bool has_index;
};

static uint64_t
field_hash(const struct values *values, size_t fields, size_t place, val v)
{
	uint64_t hash = val_hash(values, v) ^ (place + 1) * 0x9e3779b97f4a7c15u;

	return (hash ^ fields) * 0xd6e8feb86659fd93u;
}

static void
index_add(struct index *index, uint64_t hash, uint32_t element)
{
	uint64_t *head = map_at(&index->heads, hash, NULL);
	uint32_t count = *head == 0 ? 0 : index->entries.items[*head - 1].count;

	vec_push(&index->entries,
		 (struct index_entry){element, (uint32_t)*head, count + 1});
	*head = index->entries.count;
}

/* A place of its own for "so many fields, whatever they are". */
static uint64_t
any_hash(size_t fields)
{
	return (fields + 1) * 0x9e3779b97f4a7c15u;
}

static void
index_all(struct index *index)
{
	const struct values *values = &index->elements->key->history->values;

	for (uint32_t e = 0; e < index->elements->items.count; e++) {
		val v = element_value(index->elements, &index->elements->items.items[e]);
		if (val_kind(v) != VAL_LIST)
			continue;
		size_t fields = val_count(values, v);
		index_add(index, any_hash(fields), e);
		for (size_t place = 0; place < fields; place++)
			index_add(index,
				  field_hash(values, fields, place,
					     val_at(values, v, place)),
				  e);
	}
}

/* The shortest chain that has all that the pattern can match; 0: nothing can. */
static uint32_t
index_chain(const struct index *index, val pattern)
{
	const struct values *values = &index->elements->key->history->values;
	size_t fields = val_count(values, pattern);
	uint64_t *best = map_find(&index->heads, any_hash(fields));

	for (size_t place = 0; place < fields && best != NULL; place++) {
		val field = val_at(values, pattern, place);
		if (field == VAL_OF_NIL || val_kind(field) == VAL_MAP)
			continue;
		uint64_t *head =
			map_find(&index->heads, field_hash(values, fields, place, field));
		if (head == NULL || index->entries.items[*head - 1].count <
					    index->entries.items[*best - 1].count)
			best = head;
	}
	return best == NULL ? 0 : (uint32_t)*best;
}

static void
cover_pattern(struct patterns *patterns, val pattern, struct cover *cover)
{
	const struct elements *elements = patterns->elements;
	const struct values *values = &elements->key->history->values;

	cover_init(cover);
	if (val_kind(pattern) == VAL_LIST) {
		if (!patterns->has_index)
			index_all(&patterns->index);
		patterns->has_index = true;
		uint32_t at = index_chain(&patterns->index, pattern);
		while (at != 0) {
			struct index_entry entry = patterns->index.entries.items[at - 1];
			val v = element_value(elements,
					      &elements->items.items[entry.element]);
			if (collection_matches(values, pattern, v))
				cover_add(cover, elements, entry.element);
			at = entry.next;
		}
	} else {
		for (uint32_t e = 0; e < elements->items.count; e++)
			if (collection_matches(
				    values, pattern,
				    element_value(elements, &elements->items.items[e])))
				cover_add(cover, elements, e);
	}
	cover_finish(cover, elements);
}

static const struct cover *
cover_of(struct patterns *patterns, uint32_t miss)
{
	const struct elements *elements = patterns->elements;
	val pattern = elements->collection == COLLECTION_TUPLE_SPACE
			      ? key_op(elements->key, miss)->input
			      : VAL_OF_NIL;
	uint32_t id = value_ids_add(&patterns->ids, pattern);

	if (id == patterns->covers.count) {
		vec_push(&patterns->covers, (struct cover){{0}, {0}});
		cover_pattern(patterns, pattern, vec_last(&patterns->covers));
	}
	return &patterns->covers.items[id];
}

static bool
place_misses(const struct elements *elements, uint32_t *points, struct finding *finding)
{
	struct patterns patterns = {.elements = elements,
				    .index = {.elements = elements}};
	bool fits = true;

	value_ids_init(&patterns.ids, &elements->key->history->values);
	for (size_t i = 0; i < elements->misses.count && fits; i++) {
		uint32_t miss = elements->misses.items[i];
		const struct cover *cover = cover_of(&patterns, miss);
		fits = cover_free_point(cover, elements->begin[miss], elements->end[miss],
					&points[i]);
		if (!fits)
			cover_find(cover, elements, miss, finding);
	}
	value_ids_release(&patterns.ids);
	vec_each (struct cover, cover, &patterns.covers)
		cover_release(cover);
	vec_release(&patterns.covers);
	map_release(&patterns.index.heads);
	vec_release(&patterns.index.entries);
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
