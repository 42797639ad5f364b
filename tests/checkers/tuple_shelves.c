#include "tests/checkers/tuple_shelves.h"

#include "checkers/collection/collection.h"

void
tuple_shelves_init(struct tuple_shelves *shelves, size_t classes)
{
	*shelves = (struct tuple_shelves){0};
	while (shelves->shelves.count < classes)
		vec_push(&shelves->shelves, (struct tuple_shelf){{0}});
}

void
tuple_shelves_release(struct tuple_shelves *shelves)
{
	vec_each (struct tuple_shelf, shelf, &shelves->shelves)
		vec_release(&shelf->tuples);
	vec_release(&shelves->shelves);
	map_release(&shelves->places);
}

static struct tuple_shelf *
shelf_of(const struct tuple_shelves *shelves, const struct values *values, val tuple)
{
	return &shelves->shelves.items[val_number(values, val_at(values, tuple, 0))];
}

static uint64_t
number_of(const struct values *values, val tuple)
{
	return (uint64_t)val_number(values, val_at(values, tuple, 1));
}

void
tuple_shelves_put(struct tuple_shelves *shelves, const struct values *values, val tuple)
{
	struct tuple_shelf *shelf = shelf_of(shelves, values, tuple);

	vec_push(&shelf->tuples, tuple);
	*map_at(&shelves->places, number_of(values, tuple), NULL) = shelf->tuples.count;
}

void
tuple_shelves_remove(struct tuple_shelves *shelves, const struct values *values,
		     val tuple)
{
	struct tuple_shelf *shelf = shelf_of(shelves, values, tuple);
	uint64_t *place = map_find(&shelves->places, number_of(values, tuple));
	val last = vec_pop(&shelf->tuples);

	if (!val_equal(values, last, tuple)) {
		shelf->tuples.items[*place - 1] = last;
		*map_find(&shelves->places, number_of(values, last)) = *place;
	}
	*place = 0;
}

/* Of the first class that has one, from a random class on. */
static val
find_any(const struct tuple_shelves *shelves, struct rng *rng)
{
	size_t classes = shelves->shelves.count, first = rng_below(rng, classes);

	for (size_t i = 0; i < classes; i++) {
		const struct tuple_shelf *shelf =
			&shelves->shelves.items[(first + i) % classes];
		if (shelf->tuples.count > 0)
			return shelf->tuples.items[rng_below(rng, shelf->tuples.count)];
	}
	return VAL_OF_NIL;
}

val
tuple_shelves_find(const struct tuple_shelves *shelves, const struct values *values,
		   val pattern, struct rng *rng)
{
	if (pattern == VAL_OF_NIL || val_at(values, pattern, 0) == VAL_OF_NIL) {
		val any = find_any(shelves, rng);
		return collection_matches(values, pattern, any) ? any : VAL_OF_NIL;
	}
	if (val_at(values, pattern, 1) != VAL_OF_NIL) {
		const uint64_t *place =
			map_find(&shelves->places, number_of(values, pattern));
		return place == NULL || *place == 0 ? VAL_OF_NIL : pattern;
	}
	const struct tuple_shelf *shelf = shelf_of(shelves, values, pattern);
	return shelf->tuples.count == 0
		       ? VAL_OF_NIL
		       : shelf->tuples.items[rng_below(rng, shelf->tuples.count)];
}
