#include "checkers/collection/tuple_takes.h"

#include "checkers/collection/pattern_covers.h"
#include "checkers/collection/tuple_debts.h"
#include "checkers/collection/tuple_replay.h"
#include "checkers/collection/unknown_takes.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX

struct pass {
	struct elements *elements;
	struct elements
		known; /* as if what nobody took had left after it was last seen */
	struct pattern_covers covers;
	struct tuple_replay tuples; /* what nobody took */
	struct tuple_debts debts;   /* of takes of unknown outcome */
	uint64_t *arrivals;	    /* owned; put_to << 32 | element, ascending */
	size_t arrival_count, arrived, begun;
	uint32_t *live;	  /* owned; by element: it is in */
	uint32_t *agenda; /* owned; by gap: the first miss there; NOBODY */
	uint32_t *next;	  /* owned; by miss: the next in the same gap; NOBODY */
};

static uint32_t
last_look(const struct elements *elements, const struct element *e)
{
	uint32_t last = 0;

	for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++) {
		uint32_t begin = elements->begin[elements->looks.items[k].op];
		last = begin > last ? begin : last;
	}
	return last;
}

static void
copy_known(struct pass *p)
{
	const struct elements *elements = p->elements;
	size_t count = elements->items.count;

	p->known = *elements;
	p->known.items.items = mem_resize(NULL, count + 1, sizeof(struct element));
	p->arrivals = mem_resize(NULL, count + 1, sizeof(*p->arrivals));
	for (uint32_t i = 0; i < count; i++) {
		struct element *e = &p->known.items.items[i];
		*e = elements->items.items[i];
		if (e->take != NO_OP)
			continue;
		e->take_from = last_look(elements, e);
		p->arrivals[p->arrival_count++] = (uint64_t)e->put_to << 32 | i;
	}
	sort_words(p->arrivals, p->arrival_count);
}

/* The miss takes effect at the first instant after a position that nothing known forbids. */
static void
enter(struct pass *p, uint32_t miss, uint32_t after)
{
	uint32_t op = p->elements->misses.items[miss], point;

	if (!cover_free_point(pattern_covers_of(&p->covers, op), after,
			      p->elements->end[op], &point))
		return;
	p->next[miss] = p->agenda[point / 2];
	p->agenda[point / 2] = miss;
}

static void
init(struct pass *p)
{
	const struct elements *elements = p->elements;
	size_t gaps = (size_t)elements->event_count + 1;

	copy_known(p);
	pattern_covers_init(&p->covers, &p->known);
	tuple_replay_init(&p->tuples, &elements->key->history->values);
	tuple_debts_init(&p->debts, &elements->key->history->values);
	p->tuples.keeps_ids = true;
	vec_each (uint32_t, taker, &elements->phantoms)
		tuple_debts_lend(&p->debts, pattern_covers_pattern(elements, *taker));
	p->live = mem_new(elements->items.count + 1, sizeof(uint32_t));
	p->agenda = mem_resize(NULL, gaps, sizeof(uint32_t));
	p->next = mem_resize(NULL, elements->misses.count + 1, sizeof(uint32_t));
	memset(p->agenda, 0xff, gaps * sizeof(uint32_t));
	for (uint32_t miss = 0; miss < elements->misses.count; miss++) {
		uint32_t op = elements->misses.items[miss];
		tuple_replay_ask(&p->tuples, pattern_covers_pattern(elements, op));
		enter(p, miss, elements->begin[op]);
	}
}

static void
release(struct pass *p)
{
	free(p->known.items.items);
	free(p->arrivals);
	free(p->live);
	free(p->agenda);
	free(p->next);
	pattern_covers_release(&p->covers);
	tuple_replay_release(&p->tuples);
	tuple_debts_release(&p->debts);
}

/* ---- the pass ---------------------------------------------------------------------------- */

/* Places of debts are gaps and one more: 0 is before all. */
static void
reach(struct pass *p, uint32_t gap)
{
	const struct elements *elements = p->elements;

	for (; p->arrived < p->arrival_count && p->arrivals[p->arrived] >> 33 <= gap;
	     p->arrived++) {
		uint32_t number = (uint32_t)p->arrivals[p->arrived];
		tuple_replay_put(&p->tuples, elements->values[number], number);
		p->live[number] = 1;
	}
	for (; p->begun < elements->phantoms.count; p->begun++) {
		uint32_t taker = elements->phantoms.items[p->begun];
		uint32_t begin = elements->begin[taker] / 2;
		if (begin > gap)
			return;
		tuple_debts_owe(&p->debts, pattern_covers_pattern(elements, taker),
				begin + 1, taker);
	}
}

/* All that the miss would have found goes to takes. */
static bool
empty(struct pass *p, uint32_t op, uint32_t gap)
{
	val pattern = pattern_covers_pattern(p->elements, op);
	uint32_t number;

	while (tuple_replay_next(&p->tuples, pattern, p->live, &number)) {
		val tuple = p->elements->values[number];
		if (!tuple_debts_pay(&p->debts, tuple, number, 0, gap + 1))
			return false;
		tuple_replay_remove(&p->tuples, tuple);
		p->live[number] = 0;
	}
	return true;
}

static void
pass_gap(struct pass *p, uint32_t gap)
{
	const struct elements *elements = p->elements;

	reach(p, gap);
	for (uint32_t miss = p->agenda[gap], next; miss != NOBODY; miss = next) {
		next = p->next[miss];
		if (!empty(p, elements->misses.items[miss], gap) &&
		    p->begun < elements->phantoms.count)
			enter(p, miss,
			      elements->begin[elements->phantoms.items[p->begun]]);
	}
}

/* Takes that were given something are no longer of unknown outcome. */
static void
give_all(struct pass *p)
{
	struct elements *elements = p->elements;
	const struct tuple_debts *debts = &p->debts;
	bool *is_used = mem_new(elements->key->count + 1, sizeof(*is_used));
	size_t kept = 0;

	vec_each (struct payment, payment, &debts->payments) {
		uint32_t taker = debts->lent.items[payment->pattern]
					 .debts.items[payment->debt]
					 .taker;
		element_give(elements, &elements->items.items[payment->id], taker,
			     elements->begin[taker]);
		is_used[taker] = true;
	}
	vec_each (uint32_t, taker, &elements->phantoms)
		if (!is_used[*taker])
			elements->phantoms.items[kept++] = *taker;
	elements->phantoms.count = kept;
	free(is_used);
}

void
tuple_takes_give(struct elements *elements)
{
	struct pass p = {.elements = elements};

	init(&p);
	for (uint32_t gap = 0; gap <= elements->event_count; gap++)
		pass_gap(&p, gap);
	give_all(&p);
	release(&p);
}
