/* First in, first out, every value put once. Two relations must agree on one order of the
 * elements: a was put before b (its put was over before b's began), and a was first before
 * b (somebody had taken or seen a when an operation that took or saw b had not yet begun).
 * Elements without a predecessor in either are peeled off one after the other; the
 * relations are never written down: the smallest end among those that are left tells who is
 * free. A miss is an element that is put and taken at one instant at which nothing stays. */
#include "checkers/collection/arrange.h"
#include "checkers/collection/cover.h"
#include "checkers/sort.h"

#include "base/assert.h"

#include <stdlib.h>

/* An element or a miss. */
struct item {
	uint32_t put_from, put_to;
	uint32_t shown_to;  /* a goes before b if a.shown_to < b.take_from */
	uint32_t take_from; /* NO_POINT: never taken */
};

struct peel {
	const struct elements *elements;
	size_t element_count, count;
	struct item *items;						/* owned */
	uint64_t *by_put_from, *by_put_to, *by_shown_to, *by_take_from; /* owned */
	size_t at_put_from, at_put_to, at_shown, at_shown_next, at_take_from;
	uint8_t *state;	 /* owned */
	uint32_t *order; /* owned: items */
	size_t order_count, order_done;
};

enum {
	PUT_FREE = 1,
	FIRST_FREE = 2,
	GONE = 4
};

/* Elements are nearly in order, misses are: each sorted alone, then merged. */
static uint64_t *
sorted(const struct peel *peel, size_t field)
{
	uint64_t *words = mem_resize(NULL, peel->count + 1, sizeof(*words));
	uint64_t *merged = words;
	size_t n = peel->element_count, at = 0, miss = n;

	for (size_t i = 0; i < peel->count; i++)
		words[i] = (uint64_t)((const uint32_t *)&peel->items[i])[field] << 32 | i;
	sort_words(words, n);
	sort_words(words + n, peel->count - n);
	if (n == peel->count)
		return words;
	merged = mem_resize(NULL, peel->count + 1, sizeof(*merged));
	for (size_t i = 0; i < peel->count; i++)
		merged[i] = miss == peel->count || (at < n && words[at] < words[miss])
				    ? words[at++]
				    : words[miss++];
	free(words);
	return merged;
}

static bool
place_misses(struct peel *peel, struct finding *finding)
{
	const struct elements *elements = peel->elements;
	struct cover cover;
	bool is_placed = true;

	cover_init(&cover);
	for (uint32_t e = 0; e < peel->element_count && elements->misses.count > 0; e++)
		cover_add(&cover, elements, e);
	cover_finish(&cover, elements);
	for (size_t i = 0; i < elements->misses.count && is_placed; i++) {
		uint32_t miss = elements->misses.items[i], point;
		is_placed = cover_free_point(&cover, elements->begin[miss],
					     elements->end[miss], &point);
		if (!is_placed)
			cover_find(&cover, elements, miss, finding);
		peel->items[peel->element_count + i] =
			(struct item){point, point, point, point};
	}
	cover_release(&cover);
	return is_placed;
}

static void
free_item(struct peel *peel, size_t i, uint8_t why)
{
	peel->state[i] |= why;
	if (peel->state[i] == (PUT_FREE | FIRST_FREE))
		peel->order[peel->order_count++] = (uint32_t)i;
}

static uint32_t
skip_gone(const struct peel *peel, const uint64_t *words, size_t *at)
{
	while (*at < peel->count && peel->state[(uint32_t)words[*at]] & GONE)
		++*at;
	return *at == peel->count ? NO_POINT : (uint32_t)(words[*at] >> 32);
}

/* Frees what has no predecessor among those that are left. */
static void
free_items(struct peel *peel)
{
	uint32_t put_to = skip_gone(peel, peel->by_put_to, &peel->at_put_to);

	for (; peel->at_put_from < peel->count &&
	       peel->by_put_from[peel->at_put_from] >> 32 <= put_to;
	     peel->at_put_from++)
		free_item(peel, (uint32_t)peel->by_put_from[peel->at_put_from], PUT_FREE);
	uint32_t shown_to = skip_gone(peel, peel->by_shown_to, &peel->at_shown);
	for (; peel->at_take_from < peel->count &&
	       peel->by_take_from[peel->at_take_from] >> 32 <= shown_to;
	     peel->at_take_from++) {
		size_t i = (uint32_t)peel->by_take_from[peel->at_take_from];
		if (!(peel->state[i] & FIRST_FREE))
			free_item(peel, i, FIRST_FREE);
	}
	if (peel->at_shown == peel->count)
		return;
	/* The smallest is no predecessor of itself. */
	size_t first = (uint32_t)peel->by_shown_to[peel->at_shown];
	if (peel->at_shown_next <= peel->at_shown)
		peel->at_shown_next = peel->at_shown + 1;
	uint32_t next = skip_gone(peel, peel->by_shown_to, &peel->at_shown_next);
	if (!(peel->state[first] & FIRST_FREE) && peel->items[first].take_from <= next)
		free_item(peel, first, FIRST_FREE);
}

static void
add_item(const struct peel *peel, size_t i, struct finding *finding)
{
	if (i < peel->element_count)
		finding_add_element(finding, peel->elements, (uint32_t)i);
	else
		finding_add(finding,
			    peel->elements->misses.items[i - peel->element_count]);
}

/* The three that block all others: the first end of a put, the two first ends of a show. */
static void
find_blockers(const struct peel *peel, struct finding *finding)
{
	const struct item *items = peel->items;
	size_t put = (uint32_t)peel->by_put_to[peel->at_put_to];
	size_t shown = (uint32_t)peel->by_shown_to[peel->at_shown];

	finding->name = "out-of-order";
	if (put < peel->element_count && items[put].take_from == NO_POINT &&
	    items[put].shown_to == NO_POINT)
		finding->name = "lost-element";
	add_item(peel, put, finding);
	add_item(peel, shown, finding);
	bool is_pair = items[put].put_to < items[shown].put_from &&
		       items[shown].shown_to < items[put].take_from;
	if (!is_pair && peel->at_shown_next < peel->count)
		add_item(peel, (uint32_t)peel->by_shown_to[peel->at_shown_next], finding);
}

static bool
peel_all(struct peel *peel, struct finding *finding)
{
	peel->by_put_from = sorted(peel, 0);
	peel->by_put_to = sorted(peel, 1);
	peel->by_shown_to = sorted(peel, 2);
	peel->by_take_from = sorted(peel, 3);
	free_items(peel);
	while (peel->order_done < peel->order_count) {
		peel->state[peel->order[peel->order_done++]] |= GONE;
		free_items(peel);
	}
	if (peel->order_count == peel->count)
		return true;
	find_blockers(peel, finding);
	return false;
}

/* ---- points in the order of the elements --------------------------------------------- */

static uint32_t
later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* Looks of one element in the order of their begins, then its take. */
static bool
place_takes(const struct peel *peel, const struct element *e, uint32_t *point,
	    struct arrangement *takes)
{
	const struct elements *elements = peel->elements;
	uint32_t reached = *point;
	bool fits = true;

	for (uint32_t k = 0; k < e->look_count; k++) {
		uint32_t op = elements->looks.items[e->look_first + k].op;
		reached = later(reached, elements->begin[op] + 1);
		fits = fits && reached < elements->end[op];
		arrange_at(takes, reached, op);
	}
	if (e->take != NO_OP) {
		reached = later(reached, e->take_from + 1);
		fits = fits && reached < e->take_to;
		arrange_at(takes, reached, e->take);
	}
	*point = reached;
	return fits;
}

/* Each put and each take at the first instant that is left to it by those ahead. */
static bool
write_order(const struct peel *peel, struct arrangement *out)
{
	const struct elements *elements = peel->elements;
	uint32_t put = 0, take = 0;
	bool fits = true;

	for (size_t k = 0; k < peel->count && fits; k++) {
		size_t i = peel->order[k];
		if (i >= peel->element_count) {
			uint32_t point = peel->items[i].put_from;
			fits = put <= point && take <= point;
			put = take = point;
			arrange_at(out, point,
				   elements->misses.items[i - peel->element_count]);
			continue;
		}
		const struct element *e = &elements->items.items[i];
		put = later(put, e->put_from + 1);
		arrange_at(out, put, e->put);
		take = later(put, take);
		fits = put < e->put_to && place_takes(peel, e, &take, out);
	}
	arrange_finish(out);
	return fits;
}

static void
release(struct peel *peel)
{
	free(peel->items);
	free(peel->by_put_from);
	free(peel->by_put_to);
	free(peel->by_shown_to);
	free(peel->by_take_from);
	free(peel->state);
	free(peel->order);
}

bool
arrange_queue(const struct elements *elements, struct arrangement *out,
	      struct finding *finding)
{
	struct peel peel = {.elements = elements,
			    .element_count = elements->items.count,
			    .count = elements->items.count + elements->misses.count};

	peel.items = mem_resize(NULL, peel.count + 1, sizeof(*peel.items));
	peel.state = mem_new(peel.count + 1, sizeof(*peel.state));
	peel.order = mem_resize(NULL, peel.count + 1, sizeof(*peel.order));
	for (size_t i = 0; i < peel.element_count; i++) {
		const struct element *e = &elements->items.items[i];
		peel.items[i] =
			(struct item){e->put_from, e->put_to, e->shown_to, e->take_from};
	}
	bool is_arranged = place_misses(&peel, finding) && peel_all(&peel, finding) &&
			   write_order(&peel, out);
	release(&peel);
	return is_arranged;
}
