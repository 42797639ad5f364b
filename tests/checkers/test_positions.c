/* What the near-linear deciders ask of positions: sets of gaps and of events, and words
 * sorted by them, each against plain arrays. */
#include "base/mem.h"
#include "base/rng.h"
#include "checkers/collection/event_set.h"
#include "checkers/gap_set.h"
#include "checkers/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	EVENTS = 3000,
	WORDS = 20000
};

/* ---- gaps ---------------------------------------------------------------------------- */

/* The last gap is free for ever. */
struct plain_gaps {
	uint8_t *taken; /* owned */
	uint32_t count;
};

static uint32_t
plain_from(const struct plain_gaps *gaps, uint32_t at)
{
	while (gaps->taken[at])
		at++;
	return at;
}

static uint32_t
plain_until(const struct plain_gaps *gaps, uint32_t at)
{
	uint32_t end = at + 1;

	while (end > 0 && gaps->taken[end - 1])
		end--;
	return end;
}

static void
assert_same_gaps(const struct gap_set *set, const struct plain_gaps *plain, uint32_t at)
{
	assert_int_equal(gap_set_from(set, at), plain_from(plain, at));
	assert_int_equal(gap_set_until(set, at), plain_until(plain, at));
}

/* Ranges of all lengths: few long ones leave long ways to the next that is free. */
static void
take_some_range(struct gap_set *set, struct plain_gaps *plain, struct rng *rng)
{
	uint32_t longest = (uint32_t)1 << rng_below(rng, 20);
	uint32_t from = (uint32_t)rng_below(rng, plain->count + 1);
	uint32_t room = plain->count - from;
	uint32_t length = (uint32_t)rng_below(rng, (room < longest ? room : longest) + 1);

	gap_set_take(set, from, from + length);
	memset(plain->taken + from, 1, length);
	assert_same_gaps(set, plain, from);
	assert_same_gaps(set, plain, from + length);
}

static void
compare_gaps(uint32_t count, int ranges, struct rng *rng)
{
	struct plain_gaps plain = {mem_new(count + 1, 1), count};
	struct gap_set set;

	gap_set_init(&set, count);
	for (int i = 0; i < ranges; i++) {
		take_some_range(&set, &plain, rng);
		assert_same_gaps(&set, &plain, (uint32_t)rng_below(rng, count + 1));
	}
	gap_set_take(&set, 0, count);
	memset(plain.taken, 1, count);
	assert_same_gaps(&set, &plain, 0);
	assert_same_gaps(&set, &plain, count);
	gap_set_release(&set);
	free(plain.taken);
}

/* Sizes that need one level (up to 63 gaps), two (4095), three (262143) and four. */
static void
gaps_are_found_on_all_levels(void **state)
{
	static const uint32_t counts[] = {1,	  62,	  63,	  64,	  65,
					  1000,	  4094,	  4095,	  4096,	  4097,
					  100000, 262143, 262144, 262145, 1000003};
	struct rng rng;

	(void)state;
	rng_init(&rng, 5);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		for (int turn = 0; turn < (counts[i] < 10000 ? 20 : 1); turn++)
			compare_gaps(counts[i], counts[i] < 10000 ? 100 : 200, &rng);
}

/* ---- events -------------------------------------------------------------------------- */

static uint32_t
plain_next(const uint8_t *present, uint32_t event, uint32_t count)
{
	while (event < count && !present[event])
		event++;
	return event == count ? NO_POINT : event * 2;
}

static void
assert_same_events(struct event_set *set, const uint8_t *present, uint32_t count)
{
	uint32_t first = plain_next(present, 0, count);

	assert_int_equal(event_set_first(set), first);
	uint32_t second =
		first == NO_POINT ? NO_POINT : plain_next(present, first / 2 + 1, count);
	assert_int_equal(event_set_second(set), second);
	if (first != NO_POINT)
		assert_int_equal(event_set_after(set, first), second);
}

/* Removed in any order, often the first or the second, as queues do. */
static void
use_up(struct event_set *set, uint8_t *present, uint32_t count, struct rng *rng)
{
	for (uint32_t left = 4 * count; left > 0; left--) {
		uint32_t some = (uint32_t)rng_below(rng, count);
		uint32_t at = rng_below(rng, 3) == 0   ? some * 2
			      : rng_below(rng, 2) == 0 ? event_set_first(set)
						       : event_set_second(set);
		event_set_remove(set, at);
		if (at != NO_POINT)
			present[at / 2] = 0;
		assert_same_events(set, present, count);
	}
}

static void
the_first_two_events_are_known_while_events_go(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 6);
	for (uint32_t count = 1; count < EVENTS; count = count * 2 + 1) {
		uint8_t *present = mem_new(count, 1);
		struct event_set set;
		event_set_init(&set, count);
		for (uint32_t event = 0; event < count; event++)
			if ((present[event] = rng_below(&rng, 4) == 0))
				event_set_add(&set, event * 2);
		event_set_add(&set, NO_POINT);
		assert_same_events(&set, present, count);
		use_up(&set, present, count, &rng);
		event_set_release(&set);
		free(present);
	}
}

/* ---- words --------------------------------------------------------------------------- */

static int
by_word(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* `spread` 0: in order but for neighbours; else keys of so many bits, with the number of the
 * word or with any lower half. */
static void
fill_words(uint64_t *words, size_t count, uint32_t spread, bool is_numbered,
	   struct rng *rng)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t key = spread == 0 ? i + rng_below(rng, 20)
					   : rng_next(rng) >> (64 - spread);
		uint64_t low = is_numbered ? i : rng_next(rng) & UINT32_MAX;
		words[i] = key << 32 | low;
	}
}

static void
compare_sort(size_t count, uint32_t spread, bool is_numbered, struct rng *rng)
{
	uint64_t *words = mem_new(count + 1, sizeof(*words));
	uint64_t *plain = mem_new(count + 1, sizeof(*plain));

	fill_words(words, count, spread, is_numbered, rng);
	memcpy(plain, words, count * sizeof(*words));
	sort_words(words, count);
	qsort(plain, count, sizeof(*plain), by_word);
	assert_memory_equal(words, plain, (count + 1) * sizeof(*words));
	free(words);
	free(plain);
}

static void
words_are_sorted_however_they_come(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 7);
	for (uint32_t spread = 0; spread <= 32; spread += 4)
		for (size_t count = 0; count < WORDS; count = count * 3 + 1) {
			compare_sort(count, spread, true, &rng);
			compare_sort(count, spread, false, &rng);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps_are_found_on_all_levels),
		cmocka_unit_test(the_first_two_events_are_known_while_events_go),
		cmocka_unit_test(words_are_sorted_however_they_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
