/* The first priority first, every value put once. From the first priority down: a take or
 * look needs an instant at which nothing stays that goes before. The first such instant is
 * the best: until then something that goes before stays, and that keeps all others out as
 * well. Free instants are found in a bitmap of bitmaps.
 *
 * Gap g is the time between events g and g + 1: points 2g .. 2g + 2. */
#include "checkers/collection/arrange.h"
#include "checkers/collection/cover.h"
#include "checkers/collection/priority_rank.h"
#include "checkers/gap_set.h"

#include <stdlib.h>

enum {
	FETCH_AHEAD = 16
};

struct ranking {
	const struct elements *elements;
	uint64_t *ranked; /* owned: level << 32 | element, first priority first; equals
			     have the same level */
	struct gap_set gaps;
	VEC(uint32_t) looks;	/* gaps of the looks of the element at hand */
	VEC(uint64_t) arrivals; /* steps like those of `out`, the last first */
	struct arrangement *out;
};

static uint32_t
ranked_element(const struct ranking *ranking, size_t rank)
{
	return (uint32_t)ranking->ranked[rank];
}

static uint32_t
level_of(const struct ranking *ranking, size_t rank)
{
	return (uint32_t)(ranking->ranked[rank] >> 32);
}

static uint32_t
gap_of(const struct gap_set *gaps, uint32_t position)
{
	return position == NO_POINT ? gaps->count : position / 2;
}

static uint32_t
earlier(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* ---- the order ---------------------------------------------------------------------- */

/* At one instant: what is taken, first priority first; then misses; then what stays from
 * then on, last priority first. */
static void
write_element(struct ranking *ranking, const struct element *e, uint32_t put,
	      uint32_t take)
{
	const struct look *looks = ranking->elements->looks.items + e->look_first;
	bool arrives = put < take; /* it stays beyond that instant */

	if (!arrives)
		arrange_at(ranking->out, put * 2 + 1, e->put);
	for (uint32_t k = 0; k < e->look_count; k++)
		if (!arrives || ranking->looks.items[k] != put)
			arrange_at(ranking->out, ranking->looks.items[k] * 2 + 1,
				   looks[k].op);
	if (e->take != NO_OP)
		arrange_at(ranking->out, take * 2 + 1, e->take);
	for (uint32_t k = e->look_count; k-- > 0 && arrives;)
		if (ranking->looks.items[k] == put)
			vec_push(&ranking->arrivals,
				 arrange_step(put * 2 + 1, looks[k].op));
	if (arrives)
		vec_push(&ranking->arrivals, arrange_step(put * 2 + 1, e->put));
}

static void
write_rest(struct ranking *ranking)
{
	const struct elements *elements = ranking->elements;

	vec_each (uint32_t, miss, &elements->misses)
		arrange_at(ranking->out,
			   gap_set_from(&ranking->gaps, elements->begin[*miss] / 2) * 2 +
				   1,
			   *miss);
	while (ranking->arrivals.count > 0)
		vec_push(&ranking->out->steps, vec_pop(&ranking->arrivals));
	arrange_finish(ranking->out);
}

/* ---- instants ----------------------------------------------------------------------- */

/* A look: an instant while the element stays anyway; else the last before; else the first
 * after. */
static bool
place_look(struct ranking *ranking, const struct element *e, uint32_t op, uint32_t *at)
{
	const struct elements *elements = ranking->elements;
	const struct gap_set *gaps = &ranking->gaps;
	uint32_t begin = elements->begin[op] / 2, end = gap_of(gaps, elements->end[op]);
	uint32_t stay = earlier(gap_of(gaps, e->put_to) - 1, e->take_from / 2);

	if (begin < element_put_from(elements, e) / 2)
		begin = element_put_from(elements, e) / 2;
	*at = gap_set_from(gaps, begin > stay ? begin : stay);
	if (*at < end)
		return true;
	uint32_t until = gap_set_until(gaps, earlier(stay, end - 1));
	*at = until - 1;
	return until != 0 && *at >= begin;
}

static bool
place_element(struct ranking *ranking, const struct element *e, uint32_t *blocked)
{
	const struct elements *elements = ranking->elements;
	const struct gap_set *gaps = &ranking->gaps;
	uint32_t put = gap_of(gaps, e->put_to) - 1, take = gaps->count;

	if (e->take != NO_OP) {
		*blocked = e->take;
		take = gap_set_from(gaps, e->take_from / 2);
		if (take >= gap_of(gaps, e->take_to))
			return false;
		put = earlier(put, take);
	}
	vec_clear(&ranking->looks);
	for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++) {
		uint32_t at;
		*blocked = elements->looks.items[k].op;
		if (!place_look(ranking, e, *blocked, &at))
			return false;
		put = earlier(put, at);
		vec_push(&ranking->looks, at);
	}
	write_element(ranking, e, put, take);
	return true;
}

/* The take or look can be at no instant: adds few elements that go first and stay. */
static void
find_inversion(const struct ranking *ranking, uint32_t rank, uint32_t blocked,
	       struct finding *finding)
{
	const struct elements *elements = ranking->elements;
	uint32_t reached = elements->begin[blocked] + 1;
	const struct element *e = &elements->items.items[ranked_element(ranking, rank)];

	finding->name = "priority-inversion";
	finding_add(finding, blocked);
	finding_add_element(finding, elements, ranked_element(ranking, rank));
	if (element_put_from(elements, e) + 1 > reached)
		reached = element_put_from(elements, e) + 1;
	if (blocked == e->take && e->take_from + 1 > reached)
		reached = e->take_from + 1;
	while (reached < elements->end[blocked]) {
		uint32_t best = NO_OP, best_to = reached;
		for (uint32_t r = 0;
		     r < rank && level_of(ranking, r) != level_of(ranking, rank); r++) {
			const struct element *other =
				&elements->items.items[ranked_element(ranking, r)];
			if (other->put_to < reached && other->take_from > best_to) {
				best = ranked_element(ranking, r);
				best_to = other->take_from;
			}
		}
		if (best == NO_OP)
			return;
		finding_add_element(finding, elements, best);
		reached = best_to == NO_POINT ? NO_POINT : best_to + 1;
	}
}

/* Elements stand in the order of their puts, priorities come in any. */
static const struct element *
element_at(const struct ranking *ranking, size_t rank)
{
	const struct elements *elements = ranking->elements;

	if (rank + FETCH_AHEAD < elements->items.count)
		__builtin_prefetch(
			&elements->items
				 .items[ranked_element(ranking, rank + FETCH_AHEAD)]);
	return &elements->items.items[ranked_element(ranking, rank)];
}

/* Equals do not keep each other out: all are placed, then they stay. */
static bool
place_all(struct ranking *ranking, struct finding *finding)
{
	const struct elements *elements = ranking->elements;
	uint32_t blocked = NO_OP, count = (uint32_t)elements->items.count;

	for (uint32_t rank = 0, next; rank < count; rank = next) {
		uint32_t level = level_of(ranking, rank);
		for (next = rank; next < count && level_of(ranking, next) == level;
		     next++)
			if (!place_element(ranking, element_at(ranking, next),
					   &blocked)) {
				find_inversion(ranking, next, blocked, finding);
				return false;
			}
		for (uint32_t r = rank; r < next; r++) {
			const struct element *e =
				&elements->items.items[ranked_element(ranking, r)];
			if (element_has_stay(e))
				gap_set_take(&ranking->gaps, e->put_to / 2,
					     gap_of(&ranking->gaps, e->take_from));
		}
	}
	return true;
}

static bool
misses_fit(const struct ranking *ranking, struct finding *finding)
{
	const struct elements *elements = ranking->elements;
	struct cover cover;

	vec_each (uint32_t, miss, &elements->misses) {
		if (gap_set_from(&ranking->gaps, elements->begin[*miss] / 2) <
		    elements->end[*miss] / 2)
			continue;
		cover_init(&cover);
		for (uint32_t e = 0; e < elements->items.count; e++)
			cover_add(&cover, elements, e);
		cover_finish(&cover, elements);
		cover_find(&cover, elements, *miss, finding);
		cover_release(&cover);
		return false;
	}
	return true;
}

bool
arrange_priority_queue(const struct elements *elements, struct arrangement *out,
		       struct finding *finding)
{
	struct ranking ranking = {.elements = elements, .out = out};
	size_t count = elements->items.count;

	ranking.ranked = priority_rank(elements);
	vec_reserve(&ranking.arrivals, count);
	gap_set_init(&ranking.gaps, elements->event_count);
	bool is_arranged = place_all(&ranking, finding) && misses_fit(&ranking, finding);
	if (is_arranged)
		write_rest(&ranking);
	free(ranking.ranked);
	vec_release(&ranking.looks);
	vec_release(&ranking.arrivals);
	gap_set_release(&ranking.gaps);
	return is_arranged;
}
