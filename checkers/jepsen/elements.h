/* elements.h - the operations of a collection gathered by element, where every element was
 * put once.
 *
 * What clients saw decides what happened: a put of unknown outcome whose element was seen
 * did happen, one whose element nobody saw can be left out. The intervals of each element
 * are tightened: it was in at the latest when the first that saw or took it was over, and
 * not out before the last that saw it began. What cannot be for one element alone (taken
 * twice, seen before it was put, ...) is found here; what is left is for the decider of the
 * type. O(n) for integers that are close together, and hashing for other values.
 *
 * Positions are those of the events of the key, numbered densely and doubled: an event is
 * at an even position, an instant between two events at the odd one; no two events are at
 * one. 40 bytes an element and 8 an operation; while they are gathered 12 more an operation,
 * so that the history is read only once. */
#ifndef CHECKERS_ELEMENTS_H
#define CHECKERS_ELEMENTS_H

#include "checkers/collection/collection.h"

#define NO_OP	 UINT32_MAX
#define NO_POINT UINT32_MAX /* a position after all others */

/* Half a line of the cache: elements are read at random. */
struct element {
	uint32_t put, take; /* operations of the key; take NO_OP: nobody took it */
	uint32_t put_to;
	uint32_t shown_to;  /* when the first take or look was over; NO_POINT: none */
	uint32_t take_from; /* when the last take or look began; NO_POINT: never taken */
	uint32_t take_to;   /* NO_POINT: never taken, or its completion never came */
	uint32_t look_first, look_count; /* in elements->looks */
};

struct look {
	uint32_t element, op;
};

/* Why no order can exist: operations of the key that show it. */
struct finding {
	const char *name;  /* static: an anomaly; NULL: nothing found */
	VEC(uint32_t) ops; /* operations of the key */
};

struct elements {
	const struct key_ops *key; /* borrowed */
	const struct check_options *options;
	enum collection collection;
	struct value_ids ids;
	uint32_t *begin, *end; /* owned; by operation of the key; end NO_POINT: never */
	uint32_t event_count;  /* events are at 0, 2 .. below 2 * event_count */
	VEC(struct element) items; /* in the order of their puts */
	val *values;		   /* owned; by element */
	VEC(struct look) looks;	   /* by element, then by begin */
	VEC(uint32_t) misses;	   /* operations, in the order of their begins */
	VEC(uint32_t) phantoms;	   /* takes of unknown outcome, likewise */
	bool is_unique; /* false: some value was put twice; nothing else holds */
	size_t bytes;
};

/* Gathers the key's operations. False: the budget is used up. With *finding->name set a
 * violation was found and the elements may be incomplete. */
bool elements_init(struct elements *elements, enum collection collection,
		   const struct key_ops *key, const struct check_options *options,
		   struct finding *finding);
void elements_release(struct elements *elements);

/* It was certainly in for some time: from put_to to take_from. */
static inline bool
element_has_stay(const struct element *element)
{
	return element->put_to < element->take_from;
}

static inline val
element_value(const struct elements *elements, const struct element *element)
{
	return elements->values[element - elements->items.items];
}

/* Its put began. */
static inline uint32_t
element_put_from(const struct elements *elements, const struct element *element)
{
	return elements->begin[element->put];
}

/* Adds all of the element's operations that bound its stay to those of the finding. */
void finding_add_element(struct finding *finding, const struct elements *elements,
			 uint32_t element);
void finding_add(struct finding *finding, uint32_t op);

#endif
