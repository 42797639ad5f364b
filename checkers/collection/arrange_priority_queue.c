/* The first priority first, every value put once. From the first priority down: a take or
 * look needs an instant at which nothing stays that goes before. The first such instant is
 * the best: until then something that goes before stays, and that keeps all others out as
 * well. Free instants are found in a bitmap of bitmaps. */
#include "checkers/collection/arrange.h"
#include "checkers/collection/cover.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

enum {
	GAP_LEVELS = 6, /* 64 to the sixth is more than all positions */
	WORD_BITS = 64
};

/* Gap g is the time between events g and g + 1: points 2g .. 2g + 2. A bit of the first
 * level is a free gap, a bit above says that the word below has one: all of it stays in the
 * cache. The gap `count` is always free. */
struct gaps {
	uint64_t *free[GAP_LEVELS]; /* owned */
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

/* The first free gap at or after; count: none. */
static uint32_t
free_from(const struct gaps *gaps, uint32_t at)
{
	int level = 0;
	uint64_t word = gaps->free[0][at / WORD_BITS] & UINT64_MAX << at % WORD_BITS;

	while (word == 0) {
		at = at / WORD_BITS + 1;
		word = gaps->free[++level][at / WORD_BITS] & UINT64_MAX << at % WORD_BITS;
	}
	at = at / WORD_BITS * WORD_BITS + (uint32_t)__builtin_ctzll(word);
	while (level-- > 0)
		at = at * WORD_BITS + (uint32_t)__builtin_ctzll(gaps->free[level][at]);
	return at;
}

static uint64_t
bits_until(uint32_t at)
{
	return UINT64_MAX >> (WORD_BITS - 1 - at % WORD_BITS);
}

/* One more than the last free gap at or before; 0: none. */
static uint32_t
free_until(const struct gaps *gaps, uint32_t at)
{
	int level = 0;
	uint64_t word = gaps->free[0][at / WORD_BITS] & bits_until(at);

	while (word == 0) {
		if (at < WORD_BITS)
			return 0;
		at = at / WORD_BITS - 1;
		word = gaps->free[++level][at / WORD_BITS] & bits_until(at);
	}
	at = at / WORD_BITS * WORD_BITS + 63 - (uint32_t)__builtin_clzll(word);
	while (level-- > 0)
		at = at * WORD_BITS + 63 -
		     (uint32_t)__builtin_clzll(gaps->free[level][at]);
	return at + 1;
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
	size_t bits = (size_t)count + 1;

	gaps->count = count;
	for (int level = 0; level < GAP_LEVELS; level++) {
		size_t words = (bits + WORD_BITS - 1) / WORD_BITS;
		gaps->free[level] = mem_resize(NULL, words + 1, sizeof(uint64_t));
		memset(gaps->free[level], 0xff, words * sizeof(uint64_t));
		gaps->free[level][words - 1] = bits_until((uint32_t)bits - 1);
		gaps->free[level][words] = 0;
		bits = words;
	}
}

static void
gaps_release(struct gaps *gaps)
{
	for (int level = 0; level < GAP_LEVELS; level++)
		free(gaps->free[level]);
}

static uint32_t
gap_of(const struct gaps *gaps, uint32_t position)
{
	return position == NO_POINT ? gaps->count : position / 2;
}

/* Takes the gaps from..to - 1, a word at a time. */
static void
take_gaps(struct gaps *gaps, uint32_t from, uint32_t to)
{
	for (uint32_t gap = free_from(gaps, from); gap < to; gap = free_from(gaps, gap)) {
		uint64_t mask = UINT64_MAX << gap % WORD_BITS;
		uint32_t at = gap / WORD_BITS;
		if (at == (to - 1) / WORD_BITS)
			mask &= bits_until(to - 1);
		gaps->free[0][at] &= ~mask;
		for (int level = 1; level < GAP_LEVELS && gaps->free[level - 1][at] == 0;
		     level++, at /= WORD_BITS)
			gaps->free[level][at / WORD_BITS] &= ~(1ull << at % WORD_BITS);
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
	uint32_t gap = free_from(gaps, begin > stay ? begin : stay);
	if (gap >= end) {
		gap = free_until(gaps, earlier(stay, end - 1));
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
		take = free_from(gaps, e->take_from / 2);
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
			   free_from(&ranking->gaps, elements->begin[*miss] / 2) * 2 + 1,
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
		if (free_from(&ranking->gaps, elements->begin[*miss] / 2) <
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
	gaps_release(&ranking.gaps);
	return is_arranged;
}
