#include "checkers/collection/take_asks.h"

#include "base/search.h"
#include "checkers/collection/priority_rank.h"
#include "checkers/gap_set.h"
#include "checkers/sort.h"

#include <stdlib.h>

enum {
	INSTANTS_MAX = 1 << 24
};

struct asking {
	const struct elements *elements;
	struct take_asks *asks;
	struct gap_set gaps; /* free of what goes first and was seen or taken later */
};

static uint32_t
gap_of(const struct asking *a, uint32_t position)
{
	return position == NO_POINT ? a->gaps.count : position / 2;
}

static uint32_t
earlier(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t
take_asks_begun(const struct take_asks *asks, uint32_t gap)
{
	size_t at;

	search_first(at, 0, asks->begins.count, asks->begins.items[at] <= gap);
	return (uint32_t)at;
}

/* An instant from one position to the other. */
static bool
add_ask(struct asking *a, uint32_t below, uint32_t from, uint32_t to)
{
	struct take_asks *asks = a->asks;
	struct ask ask = {0, below, (uint32_t)asks->instants.count, 0};
	uint32_t end = gap_of(a, to), gap = gap_set_from(&a->gaps, from / 2);

	while (gap < end) {
		vec_push(&asks->instants, gap);
		ask.count++;
		uint32_t begun = take_asks_begun(asks, gap);
		if (begun == asks->begins.count)
			break;
		gap = gap_set_from(&a->gaps, asks->begins.items[begun]);
	}
	vec_push(&asks->asks, ask);
	return ask.count > 0 && asks->instants.count <= INSTANTS_MAX;
}

static bool
add_element(struct asking *a, uint32_t below, const struct element *e)
{
	const struct elements *elements = a->elements;
	uint32_t put_from = element_put_from(elements, e);

	if (e->take != NO_OP && !add_ask(a, below, e->take_from, e->take_to))
		return false;
	for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++) {
		uint32_t op = elements->looks.items[k].op, begin = elements->begin[op];
		if (!add_ask(a, below, begin > put_from ? begin : put_from,
			     elements->end[op]))
			return false;
	}
	return true;
}

/* When it was last seen to be in, or taken. */
static uint32_t
stays_until(const struct elements *elements, const struct element *e)
{
	uint32_t until = 0;

	if (e->take != NO_OP)
		return e->take_from;
	for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++) {
		uint32_t begin = elements->begin[elements->looks.items[k].op];
		until = begin > until ? begin : until;
	}
	return until;
}

static void
stay(struct asking *a, uint32_t number)
{
	const struct element *e = &a->elements->items.items[number];
	uint32_t arrives = gap_of(a, e->put_to);
	uint32_t until = gap_of(a, stays_until(a->elements, e));

	if (arrives < until)
		gap_set_take(&a->gaps, arrives, until);
	if (e->take == NO_OP)
		vec_push(&a->asks->lingering, (struct lingering){number, arrives});
}

/* Equals do not keep each other out. */
static bool
add_level(struct asking *a, const uint64_t *ranked, size_t from, size_t to)
{
	uint32_t below = (uint32_t)a->asks->lingering.count;

	for (size_t r = from; r < to; r++) {
		uint32_t number = (uint32_t)ranked[r];
		if (!add_element(a, below, &a->elements->items.items[number]))
			return false;
	}
	for (size_t r = from; r < to; r++)
		stay(a, (uint32_t)ranked[r]);
	return true;
}

static bool
add_by_priority(struct asking *a)
{
	size_t count = a->elements->items.count;
	uint64_t *ranked = priority_rank(a->elements);
	bool can_be = true;

	for (size_t rank = 0, next; rank < count && can_be; rank = next) {
		for (next = rank;
		     next < count && ranked[next] >> 32 == ranked[rank] >> 32;)
			next++;
		can_be = add_level(a, ranked, rank, next);
	}
	free(ranked);
	return can_be;
}

static bool
add_misses(struct asking *a)
{
	const struct elements *elements = a->elements;
	uint32_t below = (uint32_t)a->asks->lingering.count;

	vec_each (uint32_t, miss, &elements->misses)
		if (!add_ask(a, below, elements->begin[*miss], elements->end[*miss]))
			return false;
	return true;
}

/* ---- queues ---------------------------------------------------------------------------- */

/* Of an element, and of all that come later in a list: who was shown the soonest. */
struct shown {
	uint32_t position; /* by which the list is sorted */
	uint32_t element, soonest;
	uint32_t soonest_other; /* but for that element */
};

struct shown_list {
	struct shown *items; /* owned */
	size_t count;
};

static void
note_soonest(struct shown *shown, uint32_t element, uint32_t shown_to)
{
	if (shown_to >= shown->soonest) {
		shown->soonest_other = earlier(shown->soonest_other, shown_to);
		return;
	}
	shown->soonest_other = shown->soonest;
	shown->soonest = shown_to;
	shown->element = element;
}

/* The words are position << 32 | element. */
static struct shown_list
list_shown(const struct elements *elements, uint64_t *words, size_t count)
{
	struct shown_list list = {mem_resize(NULL, count + 1, sizeof(*list.items)),
				  count};
	struct shown shown = {0, NO_OP, NO_POINT, NO_POINT};

	sort_words(words, count);
	for (size_t i = count; i > 0; i--) {
		uint32_t element = (uint32_t)words[i - 1];
		note_soonest(&shown, element, elements->items.items[element].shown_to);
		shown.position = (uint32_t)(words[i - 1] >> 32);
		list.items[i - 1] = shown;
	}
	return list;
}

static struct shown_list
list_by_put(const struct elements *elements)
{
	size_t count = elements->items.count;
	uint64_t *words = mem_resize(NULL, count + 1, sizeof(*words));

	for (uint32_t i = 0; i < count; i++)
		words[i] =
			(uint64_t)elements->begin[elements->items.items[i].put] << 32 | i;
	struct shown_list list = list_shown(elements, words, count);
	free(words);
	return list;
}

static struct shown_list
list_by_last_shown(const struct elements *elements)
{
	size_t count = 0;
	uint64_t *words = mem_resize(NULL, elements->items.count + 1, sizeof(*words));

	for (uint32_t i = 0; i < elements->items.count; i++) {
		const struct element *e = &elements->items.items[i];
		if (e->shown_to != NO_POINT)
			words[count++] = (uint64_t)stays_until(elements, e) << 32 | i;
	}
	struct shown_list list = list_shown(elements, words, count);
	free(words);
	return list;
}

/* When the first of the list after a point was shown, but for one element. */
static uint32_t
soonest_after(const struct shown_list *list, uint32_t point, uint32_t except)
{
	size_t at;

	search_first(at, 0, list->count, list->items[at].position <= point);
	if (at == list->count)
		return NO_POINT;
	return list->items[at].element == except ? list->items[at].soonest_other
						 : list->items[at].soonest;
}

/* It must be out in the last gap before the deadline. */
static bool
add_deadline(struct asking *a, uint32_t number, uint32_t deadline)
{
	const struct elements *elements = a->elements;
	uint32_t element = a->asks->lingering.items[number].element;
	uint32_t gap = deadline / 2 - 1;

	vec_push(&a->asks->asks,
		 (struct ask){number, number + 1, (uint32_t)a->asks->instants.count, 1});
	vec_push(&a->asks->instants, gap);
	return stays_until(elements, &elements->items.items[element]) / 2 <= gap;
}

/* Before what was put later is shown, and, if it was in front, before what was in front later
 * is. */
static bool
add_deadlines(struct asking *a)
{
	const struct elements *elements = a->elements;
	struct shown_list by_put = list_by_put(elements);
	struct shown_list by_last = list_by_last_shown(elements);
	bool can_be = true;

	for (uint32_t i = 0; i < elements->items.count; i++)
		stay(a, i);
	for (uint32_t i = 0; i < a->asks->lingering.count && can_be; i++) {
		uint32_t number = a->asks->lingering.items[i].element;
		const struct element *e = &elements->items.items[number];
		uint32_t deadline = soonest_after(&by_put, e->put_to, number);
		if (e->shown_to != NO_POINT)
			deadline = earlier(deadline,
					   soonest_after(&by_last, e->shown_to, number));
		if (deadline != NO_POINT)
			can_be = add_deadline(a, i, deadline);
	}
	free(by_put.items);
	free(by_last.items);
	return can_be;
}

/* ---- all together ----------------------------------------------------------------------- */

bool
take_asks_init(struct take_asks *asks, const struct elements *elements)
{
	struct asking a = {.elements = elements, .asks = asks};
	bool is_queue = elements->collection == COLLECTION_QUEUE;

	*asks = (struct take_asks){0};
	gap_set_init(&a.gaps, elements->event_count);
	vec_each (uint32_t, taker, &elements->phantoms)
		vec_push(&asks->begins, elements->begin[*taker] / 2);
	bool can_be =
		(is_queue ? add_deadlines(&a) : add_by_priority(&a)) && add_misses(&a);
	gap_set_release(&a.gaps);
	return can_be;
}

void
take_asks_release(struct take_asks *asks)
{
	vec_release(&asks->lingering);
	vec_release(&asks->asks);
	vec_release(&asks->instants);
	vec_release(&asks->begins);
}
