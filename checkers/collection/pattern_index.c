#include "checkers/collection/pattern_index.h"

void
pattern_index_init(struct pattern_index *index, const struct values *values)
{
	*index = (struct pattern_index){0};
	value_ids_init(&index->ids, values);
}

void
pattern_index_release(struct pattern_index *index)
{
	vec_each (struct pattern_shape, shape, &index->shapes)
		map_release(&shape->heads);
	value_ids_release(&index->ids);
	vec_release(&index->shapes);
	vec_release(&index->asks);
	vec_release(&index->next);
	vec_release(&index->strictness);
}

/* ---- shapes ------------------------------------------------------------------------- */

static val
field_of(const struct values *values, val v, bool is_whole, size_t place)
{
	return is_whole ? v : val_at(values, v, place);
}

static size_t
fields_of(const struct values *values, val v, bool is_whole)
{
	return is_whole ? 1 : val_count(values, v);
}

static bool
has_shape(const struct pattern_index *index, const struct pattern_shape *shape,
	  val pattern)
{
	const struct values *values = index->ids.pool;
	bool is_whole = val_kind(pattern) != VAL_LIST;

	if (shape->is_whole != is_whole ||
	    shape->fields != fields_of(values, pattern, is_whole))
		return false;
	for (size_t place = 0; place < shape->fields; place++)
		if (index->asks.items[shape->first_ask + place] !=
		    collection_field_ask(values,
					 field_of(values, pattern, is_whole, place)))
			return false;
	return true;
}

static struct pattern_shape *
shape_add(struct pattern_index *index, val pattern)
{
	const struct values *values = index->ids.pool;
	bool is_whole = val_kind(pattern) != VAL_LIST;
	struct pattern_shape shape = {.is_whole = is_whole,
				      .fields = fields_of(values, pattern, is_whole),
				      .first_ask = index->asks.count};

	for (size_t place = 0; place < shape.fields; place++)
		vec_push(&index->asks,
			 (uint8_t)collection_field_ask(
				 values, field_of(values, pattern, is_whole, place)));
	vec_push(&index->shapes, shape);
	return vec_last(&index->shapes);
}

static struct pattern_shape *
shape_of(struct pattern_index *index, val pattern)
{
	vec_each (struct pattern_shape, shape, &index->shapes)
		if (has_shape(index, shape, pattern))
			return shape;
	return shape_add(index, pattern);
}

/* Of what the shape fixes: equal for a pattern and all tuples that it matches. */
static uint64_t
fixed_hash(const struct pattern_index *index, const struct pattern_shape *shape, val v,
	   bool is_pattern)
{
	const struct values *values = index->ids.pool;
	uint64_t hash = 0;

	for (size_t place = 0; place < shape->fields; place++) {
		enum field_ask ask = index->asks.items[shape->first_ask + place];
		if (ask == FIELD_ANY)
			continue;
		val field = field_of(values, v, shape->is_whole, place);
		hash ^= ask == FIELD_EQUAL ? val_hash(values, field)
			: is_pattern ? (uint64_t)collection_type_asked(values, field)
				     : (uint64_t)val_kind(field);
		hash = (hash ^ hash >> 29) * 0x9e3779b97f4a7c15u;
	}
	return hash;
}

static uint32_t
strictness_of(const struct pattern_index *index, const struct pattern_shape *shape)
{
	uint32_t strictness = 0;

	for (size_t place = 0; place < shape->fields; place++)
		strictness += index->asks.items[shape->first_ask + place];
	return strictness;
}

/* ---- patterns ----------------------------------------------------------------------- */

uint32_t
pattern_index_add(struct pattern_index *index, val pattern)
{
	uint32_t id = value_ids_add(&index->ids, pattern);

	if (id < index->next.count)
		return id;
	struct pattern_shape *shape = shape_of(index, pattern);
	uint64_t *head =
		map_at(&shape->heads, fixed_hash(index, shape, pattern, true), NULL);
	vec_push(&index->next, (uint32_t)*head);
	vec_push(&index->strictness, strictness_of(index, shape));
	*head = id + 1;
	return id;
}

uint32_t
pattern_index_find(const struct pattern_index *index, val pattern)
{
	return value_ids_find(&index->ids, pattern);
}

size_t
pattern_index_count(const struct pattern_index *index)
{
	return index->next.count;
}

/* The first pattern of the shape that may match the tuple, + 1; 0: none. */
static uint32_t
first_of_shape(const struct pattern_index *index, const struct pattern_shape *shape,
	       val tuple)
{
	if (!shape->is_whole && (val_kind(tuple) != VAL_LIST ||
				 val_count(index->ids.pool, tuple) != shape->fields))
		return 0;
	const uint64_t *head =
		map_find(&shape->heads, fixed_hash(index, shape, tuple, false));
	return head == NULL ? 0 : (uint32_t)*head;
}

uint32_t
pattern_index_match(const struct pattern_index *index, val tuple,
		    struct pattern_walk *walk)
{
	for (;;) {
		while (walk->next != 0) {
			uint32_t id = walk->next - 1;
			walk->next = index->next.items[id];
			if (collection_matches(index->ids.pool,
					       value_ids_value(&index->ids, id), tuple))
				return id;
		}
		if (walk->shape == index->shapes.count)
			return NO_PATTERN;
		walk->next =
			first_of_shape(index, &index->shapes.items[walk->shape++], tuple);
	}
}
