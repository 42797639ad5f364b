/* The first priority first, every value put once. From the first priority down: a take or
 * look needs an instant at which nothing stays that goes before. The first such instant is
 * the best: until then something that goes before stays, and that keeps all others out as
 * well. Instants that are taken are skipped by two union-find forests, one to each side. */
#include "checkers/collection/arrange.h"
#include "checkers/collection/cover.h"
#include "checkers/sort.h"

#include <stdlib.h>

/* Gap g is the time between events g and g + 1: points 2g .. 2g + 2. */
struct gaps {
	uint32_t *after;  /* owned; a free gap at or after; count: none */
	uint32_t *before; /* owned; one more than a free gap at or before; 0: none */
	uint32_t count;
};

struct ranking {
	const struct elements *elements;
	uint32_t *ranked;	    /* owned: elements, first priority first */
	uint32_t *level;	    /* owned: by rank; equals have the same */
	struct element *items;	    /* owned: by rank, so that memory is read in order */
	uint32_t *put_at, *take_at; /* owned: by rank, gaps */
	uint32_t *look_at;	    /* owned: by look */
	struct gaps gaps;
};

static uint32_t
root(uint32_t *parent, uint32_t gap)
{
	while (parent[gap] != gap) {
		parent[gap] = parent[parent[gap]];
		gap = parent[gap];
	}
	return gap;
}

static uint32_t
first_event_after_all(const struct elements *elements)
{
	uint32_t last = 0;

	for (size_t i = 0; i < elements->key->count; i++) {
		last = elements->begin[i] > last ? elements->begin[i] : last;
		if (elements->end[i] != NO_POINT && elements->end[i] > last)
			last = elements->end[i];
	}
	return last / 2 + 1;
}

static void
gaps_init(struct gaps *gaps, uint32_t count)
{
	gaps->count = count;
	gaps->after = mem_resize(NULL, (size_t)count + 1, sizeof(uint32_t));
	gaps->before = mem_resize(NULL, (size_t)count + 1, sizeof(uint32_t));
	for (uint32_t gap = 0; gap <= count; gap++)
		gaps->after[gap] = gaps->before[gap] = gap;
}

static uint32_t
gap_of(const struct gaps *gaps, uint32_t position)
{
	return position == NO_POINT ? gaps->count : position / 2;
}

/* Takes the gaps from..to - 1. */
static void
take_gaps(struct gaps *gaps, uint32_t from, uint32_t to)
{
	for (uint32_t gap = root(gaps->after, from); gap < to;
	     gap = root(gaps->after, gap)) {
		gaps->after[gap] = gap + 1;
		gaps->before[gap + 1] = gap;
	}
}

/* ---- priorities --------------------------------------------------------------------- */

struct ranked_value {
	val value;
	uint32_t element;
};

struct comparison {
	const struct check_options *options;
	const struct values *values;
};

static int
compare_ranked(const void *a, const void *b, void *context)
{
	const struct comparison *c = context;
	const struct ranked_value *x = a, *y = b;
	int order = collection_compare(c->options, c->values, x->value, y->value);

	return order != 0 ? order : x->element < y->element ? -1 : 1;
}

/* Any values. */
static void
rank_by_comparison(struct ranking *ranking)
{
	const struct elements *elements = ranking->elements;
	size_t count = elements->items.count;
	struct comparison c = {elements->options, &elements->key->history->values};
	struct ranked_value *sorted = mem_new(count + 1, sizeof(*sorted));

	for (uint32_t i = 0; i < count; i++)
		sorted[i] = (struct ranked_value){
			element_value(elements, &elements->items.items[i]), i};
	qsort_r(sorted, count, sizeof(*sorted), compare_ranked, &c);
	for (uint32_t rank = 0; rank < count; rank++) {
		ranking->ranked[rank] = sorted[rank].element;
		bool is_equal = rank > 0 && collection_compare(c.options, c.values,
							       sorted[rank - 1].value,
							       sorted[rank].value) == 0;
		ranking->level[rank] =
			rank == 0 ? 0 : ranking->level[rank - 1] + !is_equal;
	}
	free(sorted);
}

/* Integers within 32 bits are sorted as words. */
static bool
rank_by_number(struct ranking *ranking)
{
	const struct elements *elements = ranking->elements;
	size_t count = elements->items.count;
	uint64_t *words = mem_resize(NULL, count + 1, sizeof(*words));
	bool all_small = true;

	val low = val_small(0), high = val_small(1);
	bool least_first =
		collection_compare(elements->options, &elements->key->history->values,
				   low, high) < 0;
	for (uint32_t i = 0; i < count && all_small; i++) {
		int64_t number = 0;
		val v = element_value(elements, &elements->items.items[i]);
		v = collection_priority(&elements->key->history->values, v);
		all_small = val_small_number(v, &number) && number >= INT32_MIN &&
			    number <= INT32_MAX;
		uint32_t biased = (uint32_t)(number - INT32_MIN);
		words[i] =
			(uint64_t)(least_first ? biased : UINT32_MAX - biased) << 32 | i;
	}
	if (all_small)
		sort_words(words, count);
	for (uint32_t rank = 0; rank < count && all_small; rank++) {
		ranking->ranked[rank] = (uint32_t)words[rank];
		ranking->level[rank] = (uint32_t)(words[rank] >> 32);
	}
	free(words);
	return all_small;
}

/* ---- instants ----------------------------------------------------------------------- */

static uint32_t
earlier(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* A look: an instant while the element stays anyway; else the last before; else the first
 * after. */
static bool
place_look(struct ranking *ranking, const struct element *e, size_t look)
{
	const struct elements *elements = ranking->elements;
	struct gaps *gaps = &ranking->gaps;
	uint32_t op = elements->looks.items[look].op;
	uint32_t begin = elements->begin[op] / 2, end = gap_of(gaps, elements->end[op]);
	uint32_t stay = earlier(gap_of(gaps, e->put_to) - 1, e->take_from / 2);

	begin = begin < e->put_from / 2 ? e->put_from / 2 : begin;
	uint32_t gap = root(gaps->after, begin > stay ? begin : stay);
	if (gap >= end) {
		gap = root(gaps->before, earlier(stay, end - 1) + 1);
		if (gap == 0 || gap - 1 < begin)
			return false;
		gap--;
	}
	ranking->look_at[look] = gap;
	return true;
}

static bool
place_element(struct ranking *ranking, uint32_t rank, uint32_t *blocked)
{
	const struct elements *elements = ranking->elements;
	const struct element *e = &ranking->items[rank];
	struct gaps *gaps = &ranking->gaps;
	uint32_t put = gap_of(gaps, e->put_to) - 1, take = gaps->count;

	if (e->take != NO_OP) {
		*blocked = e->take;
		take = root(gaps->after, e->take_from / 2);
		if (take >= gap_of(gaps, e->take_to))
			return false;
		put = earlier(put, take);
	}
	for (uint32_t k = 0; k < e->look_count; k++) {
		*blocked = elements->looks.items[e->look_first + k].op;
		if (!place_look(ranking, e, e->look_first + k))
			return false;
		put = earlier(put, ranking->look_at[e->look_first + k]);
	}
	ranking->put_at[rank] = put;
	ranking->take_at[rank] = take;
	return true;
}

/* The take or look can be at no instant: adds few elements that go first and stay. */
static void
find_inversion(const struct ranking *ranking, uint32_t rank, uint32_t blocked,
	       struct finding *finding)
{
	const struct elements *elements = ranking->elements;
	uint32_t reached = elements->begin[blocked] + 1;
	const struct element *e = &elements->items.items[ranking->ranked[rank]];

	finding->name = "priority-inversion";
	finding_add(finding, blocked);
	finding_add_element(finding, elements, ranking->ranked[rank]);
	if (e->put_from + 1 > reached)
		reached = e->put_from + 1;
	if (blocked == e->take && e->take_from + 1 > reached)
		reached = e->take_from + 1;
	while (reached < elements->end[blocked]) {
		uint32_t best = NO_OP, best_to = reached;
		for (uint32_t r = 0;
		     r < rank && ranking->level[r] != ranking->level[rank]; r++) {
			const struct element *other =
				&elements->items.items[ranking->ranked[r]];
			if (other->put_to < reached && other->take_from > best_to) {
				best = ranking->ranked[r];
				best_to = other->take_from;
			}
		}
		if (best == NO_OP)
			return;
		finding_add_element(finding, elements, best);
		reached = best_to == NO_POINT ? NO_POINT : best_to + 1;
	}
}

static bool
place_all(struct ranking *ranking, struct finding *finding)
{
	const struct elements *elements = ranking->elements;
	uint32_t blocked = NO_OP;

	for (uint32_t rank = 0, next; rank < elements->items.count; rank = next) {
		for (next = rank; next < elements->items.count &&
				  ranking->level[next] == ranking->level[rank];
		     next++)
			if (!place_element(ranking, next, &blocked)) {
				find_inversion(ranking, next, blocked, finding);
				return false;
			}
		for (uint32_t r = rank; r < next; r++) {
			const struct element *e = &ranking->items[r];
			if (element_has_stay(e))
				take_gaps(&ranking->gaps, e->put_to / 2,
					  gap_of(&ranking->gaps, e->take_from));
		}
	}
	return true;
}

/* ---- the order ---------------------------------------------------------------------- */

/* It stays beyond the instant at which it is put. */
static bool
is_put_late(const struct ranking *ranking, size_t rank)
{
	return ranking->put_at[rank] < ranking->take_at[rank];
}

static void
write_looks(const struct ranking *ranking, size_t rank, bool at_put,
	    struct arrangement *out)
{
	const struct look *looks = ranking->elements->looks.items;
	const struct element *e = &ranking->items[rank];

	for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++) {
		bool is_at_put = ranking->look_at[k] == ranking->put_at[rank] &&
				 is_put_late(ranking, rank);
		if (is_at_put == at_put)
			arrange_at(out, ranking->look_at[k] * 2 + 1, looks[k].op);
	}
}

/* At one instant: what is taken, first priority first; then misses; then what stays from
 * then on, last priority first. */
static void
write_order(const struct ranking *ranking, struct arrangement *out)
{
	const struct elements *elements = ranking->elements;
	size_t count = elements->items.count;

	for (size_t rank = 0; rank < count; rank++) {
		const struct element *e = &ranking->items[rank];
		if (!is_put_late(ranking, rank))
			arrange_at(out, ranking->put_at[rank] * 2 + 1, e->put);
		write_looks(ranking, rank, false, out);
		if (e->take != NO_OP)
			arrange_at(out, ranking->take_at[rank] * 2 + 1, e->take);
	}
	vec_each (uint32_t, miss, &elements->misses)
		arrange_at(out,
			   root(ranking->gaps.after, elements->begin[*miss] / 2) * 2 + 1,
			   *miss);
	for (size_t rank = count; rank-- > 0;) {
		if (!is_put_late(ranking, rank))
			continue;
		arrange_at(out, ranking->put_at[rank] * 2 + 1, ranking->items[rank].put);
		write_looks(ranking, rank, true, out);
	}
	arrange_finish(out);
}

static bool
misses_fit(const struct ranking *ranking, struct finding *finding)
{
	const struct elements *elements = ranking->elements;
	struct cover cover;

	vec_each (uint32_t, miss, &elements->misses) {
		if (root(ranking->gaps.after, elements->begin[*miss] / 2) <
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
	struct ranking ranking = {.elements = elements};
	size_t bytes = (elements->items.count + 1) * sizeof(uint32_t);

	ranking.ranked = mem_resize(NULL, bytes, 1);
	ranking.level = mem_resize(NULL, bytes, 1);
	ranking.put_at = mem_resize(NULL, bytes, 1);
	ranking.take_at = mem_resize(NULL, bytes, 1);
	ranking.look_at = mem_new(elements->looks.count + 1, sizeof(uint32_t));
	gaps_init(&ranking.gaps, first_event_after_all(elements));
	if (!rank_by_number(&ranking))
		rank_by_comparison(&ranking);
	ranking.items =
		mem_resize(NULL, elements->items.count + 1, sizeof(*ranking.items));
	for (size_t rank = 0; rank < elements->items.count; rank++)
		ranking.items[rank] = elements->items.items[ranking.ranked[rank]];
	bool is_arranged = place_all(&ranking, finding) && misses_fit(&ranking, finding);
	if (is_arranged)
		write_order(&ranking, out);
	free(ranking.ranked);
	free(ranking.level);
	free(ranking.items);
	free(ranking.put_at);
	free(ranking.take_at);
	free(ranking.look_at);
	free(ranking.gaps.after);
	free(ranking.gaps.before);
	return is_arranged;
}
