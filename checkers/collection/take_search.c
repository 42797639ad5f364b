#include "checkers/collection/take_search.h"

#include "checkers/collection/stack_deadlines.h"
#include "checkers/collection/take_part.h"
#include "checkers/collection/unknown_takes.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

enum {
	WORK_MAX = 1 << 29,  /* operations arranged */
	NODES_MAX = 1 << 12, /* sets of elements tried */
	PART_MIN = 256,	     /* elements looked at together */
	PART_GROWS = 4,
};

#define NO_TAKER UINT32_MAX

struct search {
	const struct elements *elements;
	uint32_t *wanted;     /* owned; by element: the last taker that helps; NO_TAKER */
	uint32_t *given;      /* owned; by element: its taker; NO_TAKER */
	uint32_t *element_of; /* owned; by operation of the key: whose put it is, + 1 */
	VEC(uint32_t) wanting;	     /* elements */
	uint32_t tried, tried_taker; /* an element, as if this taker were its own */
	struct take_part part;
	struct arrangement *out;
	size_t work, nodes;
};

/* A few elements and misses that cannot be arranged alone. */
struct conflict {
	VEC(uint32_t) elements, misses;
};

/* ---- giving --------------------------------------------------------------------------- */

/* Takers by how early they are needed. False: there are too few. */
static bool
give_takers(struct search *s)
{
	uint64_t *words = mem_new(s->wanting.count + 1, sizeof(*words));
	bool fits = true;

	for (size_t i = 0; i < s->wanting.count; i++) {
		uint32_t element = s->wanting.items[i];
		words[i] = (uint64_t)s->wanted[element] << 32 | element;
	}
	sort_words(words, s->wanting.count);
	for (size_t i = 0; i < s->wanting.count; i++) {
		fits = fits && i <= words[i] >> 32;
		s->given[(uint32_t)words[i]] = (uint32_t)i;
	}
	free(words);
	return fits;
}

/* ---- arranging ------------------------------------------------------------------------ */

static struct element
element_as_given(const struct search *s, uint32_t number)
{
	struct element e = s->elements->items.items[number];

	const uint32_t *takers = s->elements->phantoms.items;
	uint32_t taker = s->given[number];

	if (number == s->tried)
		element_give(s->elements, &e,
			     takers[taker == NO_TAKER ? s->wanting.count : taker],
			     s->elements->begin[takers[s->tried_taker]]);
	else if (taker != NO_TAKER)
		element_give(s->elements, &e, takers[taker],
			     s->elements->begin[takers[taker]]);
	return e;
}

static bool
arrange_all(struct search *s, struct finding *finding)
{
	struct elements given = *s->elements;

	given.items.items = NULL;
	given.items.count = given.items.capacity = 0;
	vec_reserve(&given.items, s->elements->items.count + 1);
	for (uint32_t i = 0; i < s->elements->items.count; i++)
		vec_push(&given.items, element_as_given(s, i));
	bool fits = arrange(&given, s->out, finding);
	s->work += s->elements->key->count;
	vec_release(&given.items);
	return fits;
}

static bool
is_arrangeable(struct search *s, const struct conflict *conflict)
{
	take_part_clear(&s->part);
	vec_each (uint32_t, number, &conflict->elements) {
		struct element e = element_as_given(s, *number);
		take_part_add(&s->part, &e);
	}
	vec_each (uint32_t, miss, &conflict->misses)
		take_part_add_miss(&s->part, *miss);
	return take_part_fits(&s->part, &s->work);
}

static bool
is_over(const struct search *s)
{
	return s->work > WORK_MAX || s->nodes > NODES_MAX ||
	       budget_is_over(&s->elements->options->budget);
}

/* ---- conflicts ------------------------------------------------------------------------ */

/* Leaves out runs of elements, shorter and shorter, as long as the rest is impossible. */
static void
narrow(struct search *s, struct conflict *conflict)
{
	struct conflict rest = {
		.misses = {conflict->misses.items, conflict->misses.count, 0}};

	for (size_t step = (conflict->elements.count + 1) / 2; step > 0; step /= 2)
		for (size_t at = 0; at < conflict->elements.count && !is_over(s);) {
			vec_clear(&rest.elements);
			for (size_t i = 0; i < conflict->elements.count; i++)
				if (i < at || i >= at + step)
					vec_push(&rest.elements,
						 conflict->elements.items[i]);
			if (is_arrangeable(s, &rest)) {
				at += step;
				continue;
			}
			conflict->elements.count = rest.elements.count;
			memcpy(conflict->elements.items, rest.elements.items,
			       rest.elements.count * sizeof(uint32_t));
		}
	vec_release(&rest.elements);
}

static void
read_conflict(const struct search *s, const struct finding *finding,
	      struct conflict *conflict)
{
	bool *is_miss = mem_new(s->elements->key->count + 1, sizeof(*is_miss));

	vec_each (uint32_t, op, &finding->ops) {
		if (s->element_of[*op] != 0)
			vec_push(&conflict->elements, s->element_of[*op] - 1);
		is_miss[*op] = true;
	}
	vec_each (uint32_t, miss, &s->elements->misses)
		if (is_miss[*miss])
			vec_push(&conflict->misses, *miss);
	free(is_miss);
}

/* The last taker with which the element is no longer in the way, never mind who has it;
 * NO_TAKER: none. */
static uint32_t
last_helpful_taker(struct search *s, const struct conflict *conflict, uint32_t element)
{
	uint32_t low = 0, high = s->given[element];

	if (high == NO_TAKER && s->wanting.count == s->elements->phantoms.count)
		return NO_TAKER;
	if (high == NO_TAKER)
		high = (uint32_t)s->elements->phantoms.count;
	s->tried = element;
	while (low < high) {
		s->tried_taker = (low + high) / 2;
		if (is_arrangeable(s, conflict))
			low = s->tried_taker + 1;
		else
			high = s->tried_taker;
	}
	s->tried = NO_TAKER;
	return low == 0 ? NO_TAKER : low - 1;
}

/* ---- the search ----------------------------------------------------------------------- */

/* What could not be arranged at the last look at all, and which part of it is looked at:
 * `size` elements that follow each other. Most conflicts are between a few that do, so that
 * short parts come first. */
struct suspects {
	const struct conflict *all;
	size_t from, size;
};

static bool search(struct search *s, struct suspects suspects);

static bool
try_giving(struct search *s, struct suspects suspects, uint32_t element, uint32_t taker)
{
	uint32_t before = s->wanted[element];

	if (before == NO_TAKER)
		vec_push(&s->wanting, element);
	s->wanted[element] = taker;
	if (search(s, suspects))
		return true;
	s->wanted[element] = before;
	if (before == NO_TAKER) {
		s->wanting.count--;
		s->given[element] = NO_TAKER;
	}
	return false;
}

/* What needs a taker least early goes first. */
static bool
resolve(struct search *s, struct suspects suspects, const struct conflict *conflict)
{
	size_t count = 0;
	uint64_t *ways = mem_new(conflict->elements.count + 1, sizeof(*ways));
	bool is_found = false;

	vec_each (uint32_t, element, &conflict->elements) {
		if (s->elements->items.items[*element].take != NO_OP || is_over(s))
			continue;
		uint32_t taker = last_helpful_taker(s, conflict, *element);
		if (taker != NO_TAKER)
			ways[count++] = (uint64_t)taker << 32 | *element;
	}
	sort_words(ways, count);
	for (size_t i = count; i > 0 && !is_found && !is_over(s); i--)
		is_found = try_giving(s, suspects, (uint32_t)ways[i - 1],
				      (uint32_t)(ways[i - 1] >> 32));
	free(ways);
	return is_found;
}

static void
release(struct conflict *conflict)
{
	vec_release(&conflict->elements);
	vec_release(&conflict->misses);
}

static struct conflict
part_of(const struct suspects *suspects)
{
	const struct conflict *all = suspects->all;
	struct conflict part = {0};

	for (size_t i = 0; i < suspects->size && suspects->from + i < all->elements.count;
	     i++)
		vec_push(&part.elements, all->elements.items[suspects->from + i]);
	vec_each (uint32_t, miss, &all->misses)
		vec_push(&part.misses, *miss);
	return part;
}

/* The next part, which overlaps with this one; longer ones when all were looked at. False:
 * all suspects were, at once. */
static bool
next_part(struct suspects *suspects)
{
	size_t count = suspects->all->elements.count;

	if (suspects->from == 0 && suspects->size >= count)
		return false;
	suspects->from += suspects->size / 2;
	if (suspects->from + suspects->size / 2 < count)
		return true;
	suspects->from = 0;
	suspects->size *= PART_GROWS;
	return true;
}

static bool
search_all(struct search *s)
{
	struct conflict conflict = {0};
	struct finding finding = {0};

	bool is_found = arrange_all(s, &finding);
	if (!is_found) {
		arrangement_release(s->out);
		read_conflict(s, &finding, &conflict);
		is_found = !is_arrangeable(s, &conflict) &&
			   search(s, (struct suspects){&conflict, 0, PART_MIN});
	}
	release(&conflict);
	vec_release(&finding.ops);
	return is_found;
}

/* While some of the suspects are in each other's way, all need not be looked at again. */
static bool
search(struct search *s, struct suspects suspects)
{
	bool is_found = false, is_stuck = false;

	s->nodes++;
	if (is_over(s) || !give_takers(s))
		return false;
	do {
		struct conflict part = part_of(&suspects);
		is_stuck = !is_arrangeable(s, &part);
		if (is_stuck) {
			narrow(s, &part);
			is_found = resolve(s, suspects, &part);
		}
		release(&part);
	} while (!is_stuck && !is_over(s) && next_part(&suspects));
	return is_stuck ? is_found : !is_over(s) && search_all(s);
}

/* What must be out by some time, whatever else happens. */
static void
want_by_deadline(struct search *s)
{
	const struct elements *elements = s->elements;
	size_t count, takers = 0;
	uint64_t *words = stack_deadlines(elements, &count);

	for (size_t i = 0; i < count; i++) {
		uint32_t number = (uint32_t)words[i];
		while (takers < elements->phantoms.count &&
		       elements->begin[elements->phantoms.items[takers]] < words[i] >> 32)
			takers++;
		if (takers == 0)
			continue;
		s->wanted[number] = (uint32_t)takers - 1;
		vec_push(&s->wanting, number);
	}
	free(words);
}

bool
take_search(const struct elements *elements, struct arrangement *out)
{
	struct search s = {.elements = elements, .out = out, .tried = NO_TAKER};
	size_t count = elements->items.count;

	if (elements->collection != COLLECTION_STACK)
		return false;
	s.wanted = mem_new(count + 1, sizeof(uint32_t));
	s.given = mem_new(count + 1, sizeof(uint32_t));
	s.element_of = mem_new(elements->key->count + 1, sizeof(uint32_t));
	for (uint32_t i = 0; i < count; i++) {
		s.wanted[i] = s.given[i] = NO_TAKER;
		s.element_of[elements->items.items[i].put] = i + 1;
	}
	take_part_init(&s.part, elements);
	want_by_deadline(&s);
	bool is_found = give_takers(&s) && search_all(&s);
	free(s.wanted);
	free(s.given);
	free(s.element_of);
	vec_release(&s.wanting);
	take_part_release(&s.part);
	return is_found;
}
