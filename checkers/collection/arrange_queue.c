/* First in, first out, every value put once. Two relations must agree on one order of the
 * elements: a was put before b (its put was over before b's began), and a was first before
 * b (somebody had taken or seen a when an operation that took or saw b had not yet begun).
 * Elements without a predecessor in either are peeled off one after the other; the
 * relations are never written down: the smallest end among those that are left tells who is
 * free. A miss is an element that is put and taken at one instant at which nothing stays. */
#include "checkers/collection/arrange.h"
#include "checkers/collection/cover.h"
#include "checkers/collection/event_set.h"

#include <stdlib.h>

/* An element or a miss; a miss has one point for all. */
struct item {
	uint32_t put_from, put_to;
	uint32_t shown_to;  /* a goes before b if a.shown_to < b.take_from */
	uint32_t take_from; /* NO_POINT: never taken */
};

/* Items are elements, then misses in the order of their points. No event belongs to two
 * elements: a set of events and `element_at` are a sorted list of elements. */
struct peel {
	const struct elements *elements;
	size_t element_count, count;
	uint32_t *points;		   /* owned; by miss */
	uint32_t *element_at;		   /* owned; by event */
	struct event_set put_to, shown_to; /* of elements that are not in the order */
	struct event_set take_from;	   /* of those not yet freed */
	size_t put_element, put_miss, take_miss; /* the next to be freed */
	size_t first_miss;			 /* that is not in the order */
	uint32_t put_limit, shown_limit, shown_next;
	uint8_t *state;	 /* owned */
	uint32_t *order; /* owned: items */
	size_t order_count, order_done;
};

enum {
	PUT_FREE = 1,
	FIRST_FREE = 2
};

static uint32_t
later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

static uint32_t
earlier(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static struct item
item_of(const struct peel *peel, size_t i)
{
	if (i >= peel->element_count) {
		uint32_t point = peel->points[i - peel->element_count];
		return (struct item){point, point, point, point};
	}
	const struct element *e = &peel->elements->items.items[i];
	return (struct item){element_put_from(peel->elements, e), e->put_to, e->shown_to,
			     e->take_from};
}

/* ---- events -------------------------------------------------------------------------- */

static void
mark(struct peel *peel, struct event_set *set, uint32_t position, uint32_t element)
{
	event_set_add(set, position);
	if (position != NO_POINT)
		peel->element_at[position / 2] = element;
}

static void
mark_events(struct peel *peel)
{
	const struct elements *elements = peel->elements;

	event_set_init(&peel->put_to, elements->event_count);
	event_set_init(&peel->shown_to, elements->event_count);
	event_set_init(&peel->take_from, elements->event_count);
	for (uint32_t i = 0; i < peel->element_count; i++) {
		const struct element *e = &elements->items.items[i];
		mark(peel, &peel->put_to, e->put_to, i);
		mark(peel, &peel->shown_to, e->shown_to, i);
		mark(peel, &peel->take_from, e->take_from, i);
	}
}

/* All stays, in the order in which they begin. */
static void
cover_stays(struct peel *peel, struct cover *cover)
{
	struct event_set *begins = &peel->put_to;

	cover_init(cover);
	if (peel->elements->misses.count == 0)
		return;
	for (uint32_t at = event_set_first(begins); at != NO_POINT;
	     at = event_set_after(begins, at))
		cover_add(cover, peel->elements, peel->element_at[at / 2]);
	cover_finish(cover, peel->elements);
}

static bool
place_misses(struct peel *peel, struct finding *finding)
{
	const struct elements *elements = peel->elements;
	struct cover cover;
	bool is_placed = true;

	cover_stays(peel, &cover);
	for (size_t i = 0; i < elements->misses.count && is_placed; i++) {
		uint32_t miss = elements->misses.items[i];
		is_placed = cover_free_point(&cover, elements->begin[miss],
					     elements->end[miss], &peel->points[i]);
		if (!is_placed)
			cover_find(&cover, elements, miss, finding);
	}
	cover_release(&cover);
	return is_placed;
}

/* ---- peeling ------------------------------------------------------------------------- */

static void
free_item(struct peel *peel, size_t i, uint8_t why)
{
	if (peel->state[i] & why)
		return;
	peel->state[i] |= why;
	if (peel->state[i] == (PUT_FREE | FIRST_FREE))
		peel->order[peel->order_count++] = (uint32_t)i;
}

static uint32_t
miss_point(const struct peel *peel, size_t miss)
{
	return miss < peel->elements->misses.count ? peel->points[miss] : NO_POINT;
}

/* Those whose put began before all puts that are left were over. */
static void
free_puts(struct peel *peel)
{
	const struct elements *elements = peel->elements;
	uint32_t limit = earlier(event_set_first(&peel->put_to),
				 miss_point(peel, peel->first_miss));

	peel->put_limit = limit;
	for (;;) {
		size_t next = peel->put_element;
		uint32_t miss = miss_point(peel, peel->put_miss);
		uint32_t from =
			next < peel->element_count
				? element_put_from(elements, &elements->items.items[next])
				: NO_POINT;
		if (earlier(from, miss) > limit || (from == NO_POINT && miss == NO_POINT))
			return;
		if (from < miss)
			free_item(peel, peel->put_element++, PUT_FREE);
		else
			free_item(peel, peel->element_count + peel->put_miss++, PUT_FREE);
	}
}

/* Those that were never taken come last. */
static void
free_rest(struct peel *peel)
{
	for (size_t i = 0; i < peel->element_count; i++)
		free_item(peel, i, FIRST_FREE);
}

/* The smallest is no predecessor of itself. */
static void
free_smallest(struct peel *peel, uint32_t shown_to, uint32_t miss)
{
	peel->shown_next = NO_POINT;
	if (shown_to > miss || shown_to == NO_POINT)
		return;
	uint32_t first = peel->element_at[shown_to / 2];
	peel->shown_next = earlier(event_set_second(&peel->shown_to), miss);
	if (peel->elements->items.items[first].take_from <= peel->shown_next)
		free_item(peel, first, FIRST_FREE);
}

/* Those whose last take or look began before a first one of all that are left was over. */
static void
free_takes(struct peel *peel)
{
	uint32_t shown_to = event_set_first(&peel->shown_to);
	uint32_t first_miss = miss_point(peel, peel->first_miss);
	uint32_t limit = earlier(shown_to, first_miss);

	peel->shown_limit = limit;
	for (;;) {
		uint32_t from = event_set_first(&peel->take_from);
		uint32_t miss = miss_point(peel, peel->take_miss);
		if (earlier(from, miss) > limit || (from == NO_POINT && miss == NO_POINT))
			break;
		if (from < miss) {
			free_item(peel, peel->element_at[from / 2], FIRST_FREE);
			event_set_remove(&peel->take_from, from);
		} else {
			free_item(peel, peel->element_count + peel->take_miss++,
				  FIRST_FREE);
		}
	}
	if (limit == NO_POINT)
		free_rest(peel);
	free_smallest(peel, shown_to, first_miss);
}

/* The item goes; others are free then only if it was one of the smallest. */
static void
go(struct peel *peel, size_t i)
{
	struct item item = item_of(peel, i);

	if (i < peel->element_count) {
		event_set_remove(&peel->put_to, item.put_to);
		event_set_remove(&peel->shown_to, item.shown_to);
	} else {
		peel->first_miss++;
	}
	if (item.put_to <= peel->put_limit)
		free_puts(peel);
	if (item.shown_to != NO_POINT &&
	    (item.shown_to <= peel->shown_limit || item.shown_to <= peel->shown_next))
		free_takes(peel);
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

/* The item at an end of an interval, where a miss is as well. */
static size_t
item_at(const struct peel *peel, uint32_t point)
{
	return point % 2 == 0 ? peel->element_at[point / 2]
			      : peel->element_count + peel->first_miss;
}

/* The three that block all others: the first end of a put, the two first ends of a show. */
static void
find_blockers(const struct peel *peel, struct finding *finding)
{
	size_t put_item = item_at(peel, peel->put_limit);
	size_t shown_item = item_at(peel, peel->shown_limit);
	struct item put = item_of(peel, put_item), shown = item_of(peel, shown_item);
	bool is_pair = put.put_to < shown.put_from && shown.shown_to < put.take_from;

	finding->name = "out-of-order";
	if (put.take_from == NO_POINT && put.shown_to == NO_POINT)
		finding->name = "lost-element";
	add_item(peel, put_item, finding);
	add_item(peel, shown_item, finding);
	if (!is_pair && peel->shown_next != NO_POINT)
		add_item(peel, item_at(peel, peel->shown_next), finding);
}

static bool
peel_all(struct peel *peel, struct finding *finding)
{
	free_puts(peel);
	free_takes(peel);
	while (peel->order_done < peel->order_count)
		go(peel, peel->order[peel->order_done++]);
	if (peel->order_count == peel->count)
		return true;
	find_blockers(peel, finding);
	return false;
}

/* ---- instants in the order of the elements ---------------------------------------------- */

/* Two rising rows of instants, of puts and of takes and looks, merged. */
struct writing {
	const struct peel *peel;
	uint32_t *put_at; /* owned; by place in the order of items */
	size_t put_next;
	struct arrangement *out;
};

/* Each put, and each miss, at the first instant that is left to it by those ahead. */
static bool
place_puts(struct writing *w)
{
	const struct peel *peel = w->peel;
	uint32_t put = 0;
	bool fits = true;

	for (size_t k = 0; k < peel->count && fits; k++) {
		struct item item = item_of(peel, peel->order[k]);
		bool is_miss = peel->order[k] >= peel->element_count;
		put = later(put, is_miss ? item.put_from : item.put_from + 1);
		fits = is_miss ? put == item.put_to : put < item.put_to;
		w->put_at[k] = put;
	}
	return fits;
}

static void
write_op(struct writing *w, uint32_t op)
{
	w->out->order[w->out->count++] = op;
}

/* Puts of earlier instants, and at this one those of the first items up to `k`. */
static void
write_puts(struct writing *w, uint32_t point, size_t k)
{
	const struct peel *peel = w->peel;

	while (w->put_next < peel->count &&
	       (w->put_at[w->put_next] < point ||
		(w->put_at[w->put_next] == point && w->put_next <= k))) {
		size_t i = peel->order[w->put_next++];
		if (i < peel->element_count)
			write_op(w, peel->elements->items.items[i].put);
	}
}

/* Looks of one element in the order of their begins, then its take. */
static bool
write_takes(struct writing *w, size_t k, uint32_t *point)
{
	const struct elements *elements = w->peel->elements;
	const struct element *e = &elements->items.items[w->peel->order[k]];
	bool fits = true;

	for (uint32_t look = e->look_first; look < e->look_first + e->look_count;
	     look++) {
		uint32_t op = elements->looks.items[look].op;
		*point = later(*point, elements->begin[op] + 1);
		fits = fits && *point < elements->end[op];
		write_puts(w, *point, k);
		write_op(w, op);
	}
	if (e->take == NO_OP)
		return fits;
	*point = later(*point, e->take_from + 1);
	write_puts(w, *point, k);
	write_op(w, e->take);
	return fits && *point < e->take_to;
}

static bool
write_order(struct writing *w)
{
	const struct peel *peel = w->peel;
	uint32_t take = 0;
	bool fits = place_puts(w);

	for (size_t k = 0; k < peel->count && fits; k++) {
		size_t i = peel->order[k];
		if (i < peel->element_count) {
			take = later(take, w->put_at[k]);
			fits = write_takes(w, k, &take);
			continue;
		}
		fits = take <= w->put_at[k];
		take = w->put_at[k];
		write_puts(w, take, k);
		write_op(w, peel->elements->misses.items[i - peel->element_count]);
	}
	write_puts(w, NO_POINT, peel->count);
	return fits;
}

static bool
write_arrangement(const struct peel *peel, struct arrangement *out)
{
	size_t op_count = peel->elements->key->count;
	struct writing w = {.peel = peel, .out = out};

	w.put_at = mem_resize(NULL, peel->count + 1, sizeof(*w.put_at));
	out->order = mem_resize(NULL, op_count + 1, sizeof(*out->order));
	bool fits = write_order(&w);
	free(w.put_at);
	return fits;
}

static void
peel_release(struct peel *peel)
{
	event_set_release(&peel->put_to);
	event_set_release(&peel->shown_to);
	event_set_release(&peel->take_from);
	free(peel->points);
	free(peel->element_at);
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

	peel.points = mem_resize(NULL, elements->misses.count + 1, sizeof(uint32_t));
	peel.element_at = mem_resize(NULL, elements->event_count, sizeof(uint32_t));
	peel.state = mem_new(peel.count + 1, sizeof(*peel.state));
	peel.order = mem_resize(NULL, peel.count + 1, sizeof(*peel.order));
	mark_events(&peel);
	bool is_arranged = place_misses(&peel, finding) && peel_all(&peel, finding) &&
			   write_arrangement(&peel, out);
	peel_release(&peel);
	return is_arranged;
}
