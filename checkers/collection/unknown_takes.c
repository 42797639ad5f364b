#include "checkers/collection/unknown_takes.h"

#include "checkers/collection/owed_takes.h"
#include "checkers/collection/stack_deadlines.h"
#include "checkers/collection/tuple_takes.h"

#include <stdlib.h>
#include <string.h>

enum {
	REPAIR_WORK_MAX = 1 << 25 /* operations looked at by repeated attempts */
};

/* ---- takes of unknown outcome ------------------------------------------------------- */

static bool
may_take(const struct elements *elements, uint32_t phantom, const struct element *e)
{
	const struct key_ops *key = elements->key;

	return elements->collection != COLLECTION_TUPLE_SPACE ||
	       collection_matches(&key->history->values, key_op(key, phantom)->input,
				  element_value(elements, e));
}

void
element_give(const struct elements *elements, struct element *e, uint32_t phantom,
	     uint32_t begin)
{
	e->take = phantom;
	e->take_from = element_put_from(elements, e);
	if (e->take_from < begin)
		e->take_from = begin;
	for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++) {
		uint32_t seen = elements->begin[elements->looks.items[k].op];
		e->take_from = seen > e->take_from ? seen : e->take_from;
	}
}

/* The first take of unknown outcome that is still free takes the element. */
static bool
give(struct elements *elements, uint32_t number)
{
	struct element *e = &elements->items.items[number];
	uint32_t phantom = NO_OP;

	for (size_t i = 0; i < elements->phantoms.count && phantom == NO_OP; i++) {
		uint32_t candidate = elements->phantoms.items[i];
		if (!may_take(elements, candidate, e))
			continue;
		phantom = candidate;
		memmove(&elements->phantoms.items[i], &elements->phantoms.items[i + 1],
			(--elements->phantoms.count - i) * sizeof(uint32_t));
	}
	if (phantom == NO_OP)
		return false;
	element_give(elements, e, phantom, elements->begin[phantom]);
	return true;
}

/* Elements that nobody took, by when they must be out. */
static uint32_t *
find_owed(const struct elements *elements, size_t *count)
{
	uint32_t *owed = NULL;

	if (elements->collection != COLLECTION_STACK) {
		owed_takes_find(elements, &owed, count);
		return owed;
	}
	uint64_t *words = stack_deadlines(elements, count);
	owed = mem_resize(NULL, *count + 1, sizeof(*owed));
	for (size_t i = 0; i < *count; i++)
		owed[i] = (uint32_t)words[i];
	free(words);
	return owed;
}

/* The earliest take to the earliest deadline; in a tuple space patterns decide. */
static void
give_first(struct elements *elements)
{
	uint32_t *phantoms = elements->phantoms.items;
	size_t left = elements->phantoms.count, used = 0, count = 0;

	if (elements->collection == COLLECTION_TUPLE_SPACE) {
		tuple_takes_give(elements);
		return;
	}
	uint32_t *owed = find_owed(elements, &count);
	for (; used < count && used < left; used++)
		element_give(elements, &elements->items.items[owed[used]], phantoms[used],
			     elements->begin[phantoms[used]]);
	if (used > 0)
		memmove(phantoms, phantoms + used, (left - used) * sizeof(*phantoms));
	elements->phantoms.count = left - used;
	free(owed);
}

/* Gives a take to the first element in the finding that nobody took. */
static bool
give_blocker(struct elements *elements, const struct finding *finding)
{

	for (uint32_t i = 0; i < elements->items.count; i++) {
		const struct element *e = &elements->items.items[i];
		if (e->take != NO_OP)
			continue;
		for (size_t k = 0; k < finding->ops.count; k++)
			if (finding->ops.items[k] == e->put)
				return give(elements, i);
	}
	return false;
}

bool
arrange_with_unknown(struct elements *elements, struct arrangement *out,
		     struct finding *finding)
{
	size_t work = 0;

	give_first(elements);
	while (work <= REPAIR_WORK_MAX && !budget_is_over(&elements->options->budget)) {
		finding->name = NULL;
		vec_clear(&finding->ops);
		if (arrange(elements, out, finding))
			return true;
		arrangement_release(out);
		if (!give_blocker(elements, finding))
			return false;
		work += elements->key->count;
	}
	return false;
}
