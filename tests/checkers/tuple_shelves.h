/* tuple_shelves.h - the tuples [class, number] that are in a space, each number once: for
 * generators of long histories, which ask for a tuple of a class, for any, or for one. */
#ifndef TESTS_CHECKERS_TUPLE_SHELVES_H
#define TESTS_CHECKERS_TUPLE_SHELVES_H

#include "base/map.h"
#include "base/rng.h"
#include "base/value.h"

struct tuple_shelves {
	VEC(struct tuple_shelf) shelves; /* by class */
	struct map places;		 /* number -> place in its shelf, + 1 */
};

struct tuple_shelf {
	VEC(val) tuples;
};

void tuple_shelves_init(struct tuple_shelves *shelves, size_t classes);
void tuple_shelves_release(struct tuple_shelves *shelves);
void tuple_shelves_put(struct tuple_shelves *shelves, const struct values *values,
		       val tuple);
void tuple_shelves_remove(struct tuple_shelves *shelves, const struct values *values,
			  val tuple);

/* Some tuple that matches the pattern: nil, a tuple, [class, nil] or [nil, {"type": T}].
 * Nil: there is none. */
val tuple_shelves_find(const struct tuple_shelves *shelves, const struct values *values,
		       val pattern, struct rng *rng);

#endif
