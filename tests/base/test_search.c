/* Halving finds what going through finds. */
#include "base/rng.h"
#include "base/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

enum {
	ROWS = 5000,
	ROW_MAX = 40
};

static size_t
make_row(struct rng *rng, uint64_t *row)
{
	size_t count = rng_below(rng, ROW_MAX + 1);

	for (size_t i = 0; i < count; i++)
		row[i] = (i > 0 ? row[i - 1] : 0) + rng_below(rng, 3);
	return count;
}

static size_t
first_by_going_through(const uint64_t *row, size_t from, size_t to, uint64_t wanted)
{
	while (from < to && row[from] < wanted)
		from++;
	return from;
}

static void
the_first_that_is_not_before_is_found(void **state)
{
	uint64_t row[ROW_MAX];
	struct rng rng;

	(void)state;
	rng_init(&rng, 1);
	for (int i = 0; i < ROWS; i++) {
		size_t count = make_row(&rng, row), at;
		size_t to = rng_below(&rng, count + 1), from = rng_below(&rng, to + 1);
		uint64_t wanted = rng_below(&rng, ROW_MAX);
		search_first(at, from, to, row[at] < wanted);
		assert_int_equal(at, first_by_going_through(row, from, to, wanted));
	}
}

static void
the_bounds_are_read_before_the_variable_changes(void **state)
{
	const uint64_t row[] = {1, 2, 3, 5, 8};
	size_t at = 1;

	(void)state;
	search_first(at, at, 5, row[at] < 1);
	assert_int_equal(at, 1);
	search_first(at, at, at + 3, row[at] < 9);
	assert_int_equal(at, 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_is_not_before_is_found),
		cmocka_unit_test(the_bounds_are_read_before_the_variable_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
