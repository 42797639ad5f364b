/* test_grudge.c - the shapes of partitions, for every cluster size and many draws. */
#include "chaos/grudge.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	HOSTS_MAX = 13,
	DRAWS = 40
};

/* Calls body with every matrix of the shape. */
static void
for_all(const char *shape, int leader, void (*body)(const struct grudge *grudge, int n))
{
	for (int n = grudge_hosts_min(shape); n <= HOSTS_MAX; n++)
		for (uint64_t word = 0; word < DRAWS; word++) {
			struct grudge *grudge =
				grudge_draw(shape, n, leader, word * 7919);
			assert_non_null(grudge);
			body(grudge, n);
			free(grudge);
		}
}

static int
heard_by(const struct grudge *grudge, int to)
{
	int heard = 0;

	for (int from = 0; from < grudge->count; from++)
		heard += !grudge_drops(grudge, from, to);
	return heard; /* itself included */
}

static int
cuts_in(const struct grudge *grudge)
{
	int cuts = 0;

	for (int to = 0; to < grudge->count; to++)
		cuts += grudge->count - heard_by(grudge, to);
	return cuts;
}

static void
assert_symmetric(const struct grudge *grudge)
{
	for (int a = 0; a < grudge->count; a++)
		for (int b = 0; b < grudge->count; b++)
			assert_int_equal(grudge_drops(grudge, a, b),
					 grudge_drops(grudge, b, a));
}

/* Both sides of a clean cut: everybody hears exactly those of its own side. */
static void
assert_sides(const struct grudge *grudge, int small)
{
	int in_small = 0, n = grudge->count;

	assert_symmetric(grudge);
	for (int i = 0; i < n; i++) {
		int heard = heard_by(grudge, i);
		assert_true(heard == small || heard == n - small);
		in_small += heard == small;
	}
	assert_int_equal(in_small, 2 * small == n ? n : small);
	assert_int_equal(cuts_in(grudge), 2 * small * (n - small));
}

static void
no_host_drops_itself(const struct grudge *grudge, int n)
{
	for (int i = 0; i < n; i++)
		assert_false(grudge_drops(grudge, i, i));
	assert_true(cuts_in(grudge) > 0);
}

static void
every_shape_cuts_something_and_nobody_from_itself(void **state)
{
	(void)state;
	for (int i = 0; grudge_shapes[i] != NULL; i++)
		for_all(grudge_shapes[i], -1, no_host_drops_itself);
}

static void
check_one(const struct grudge *grudge, int n)
{
	(void)n;
	assert_sides(grudge, 1);
}

static void
one_cuts_off_a_single_host(void **state)
{
	(void)state;
	for_all("one", -1, check_one);
}

static void
check_halves(const struct grudge *grudge, int n)
{
	assert_sides(grudge, n / 2);
}

static void
halves_differ_by_one_host_at_most(void **state)
{
	(void)state;
	for_all("halves", -1, check_halves);
}

static void
check_majority(const struct grudge *grudge, int n)
{
	assert_sides(grudge, n - (n / 2 + 1));
}

static void
majority_leaves_the_smallest_majority_together(void **state)
{
	(void)state;
	for_all("majority", -1, check_majority);
}

static void
check_ring(const struct grudge *grudge, int n)
{
	assert_symmetric(grudge);
	for (int a = 0; a < n; a++) {
		assert_true(heard_by(grudge, a) >= n / 2 + 1);
		assert_true(heard_by(grudge, a) < n);
		for (int b = 0; b < a; b++) {
			bool same = true;
			for (int from = 0; from < n; from++)
				same = same && grudge_drops(grudge, from, a) ==
						       grudge_drops(grudge, from, b);
			assert_false(same);
		}
	}
}

static void
in_a_ring_every_host_sees_a_majority_and_no_two_the_same(void **state)
{
	(void)state;
	for_all("majorities-ring", -1, check_ring);
}

static void
check_bridge(const struct grudge *grudge, int n)
{
	int bridges = 0, hearing_half = 0;

	assert_symmetric(grudge);
	for (int i = 0; i < n; i++) {
		int heard = heard_by(grudge, i);
		bridges += heard == n;
		hearing_half += heard == 1 + (n - 1) / 2 || heard == 1 + n / 2;
	}
	assert_int_equal(bridges, 1);
	assert_int_equal(hearing_half, n == 3 ? 2 : n - 1);
}

static void
a_bridge_is_the_only_host_that_hears_both_halves(void **state)
{
	(void)state;
	for_all("bridge", -1, check_bridge);
}

static void
check_leader(const struct grudge *grudge, int n)
{
	(void)n;
	assert_sides(grudge, 1);
	assert_int_equal(heard_by(grudge, 1), 1);
}

static void
leader_cuts_off_the_leader_alone(void **state)
{
	(void)state;
	for_all("leader", 1, check_leader);
}

static void
check_leader_minority(const struct grudge *grudge, int n)
{
	int small = n - (n / 2 + 1);

	assert_sides(grudge, small);
	assert_int_equal(heard_by(grudge, 2), small);
}

static void
leader_minority_leaves_the_leader_with_less_than_half(void **state)
{
	(void)state;
	for_all("leader-minority", 2, check_leader_minority);
}

static void
check_one_way(const struct grudge *grudge, int n)
{
	assert_int_equal(cuts_in(grudge), n - 1);
	for (int a = 0; a < n; a++)
		for (int b = 0; b < n; b++)
			assert_false(a != b && grudge_drops(grudge, a, b) &&
				     grudge_drops(grudge, b, a));
}

static void
one_way_leaves_the_other_way_open(void **state)
{
	(void)state;
	for_all("one-way", -1, check_one_way);
}

static void
one_way_is_drawn_in_both_directions(void **state)
{
	int deaf = 0, mute = 0;

	(void)state;
	for (uint64_t word = 0; word < 100; word++) {
		struct grudge *grudge = grudge_draw("one-way", 5, -1, word);
		int nobody = 0;
		for (int i = 0; i < 5; i++)
			nobody += heard_by(grudge, i) == 1;
		deaf += nobody == 1;
		mute += nobody == 0;
		free(grudge);
	}
	assert_true(deaf > 20 && mute > 20);
}

static void
the_same_word_draws_the_same_matrix(void **state)
{
	(void)state;
	for (int i = 0; grudge_shapes[i] != NULL; i++) {
		struct grudge *a = grudge_draw(grudge_shapes[i], 7, -1, 42);
		struct grudge *b = grudge_draw(grudge_shapes[i], 7, -1, 42);
		assert_memory_equal(a->drops, b->drops, 49);
		free(a);
		free(b);
	}
}

static void
every_host_is_cut_off_by_some_draw(void **state)
{
	bool alone[5] = {0};

	(void)state;
	for (uint64_t word = 0; word < 100; word++) {
		struct grudge *grudge = grudge_draw("one", 5, -1, word);
		for (int i = 0; i < 5; i++)
			alone[i] = alone[i] || heard_by(grudge, i) == 1;
		free(grudge);
	}
	for (int i = 0; i < 5; i++)
		assert_true(alone[i]);
}

static void
too_few_hosts_and_unknown_shapes_are_refused(void **state)
{
	(void)state;
	assert_null(grudge_draw("majorities-ring", 3, -1, 1));
	assert_null(grudge_draw("one", 1, -1, 1));
	assert_null(grudge_draw("spiral", 5, -1, 1));
	assert_int_equal(grudge_hosts_min("spiral"), 0);
}

static const char *
name_of(void *context, int i)
{
	static const char *const names[] = {"n1", "n2", "n3", "n4", "n5"};

	(void)context;
	return names[i];
}

static void
words_show_groups_or_who_hears_whom(void **state)
{
	struct buf words = {0};

	(void)state;
	struct grudge *grudge = grudge_draw("leader", 5, 2, 9);
	grudge_describe(grudge, name_of, NULL, &words);
	assert_string_equal(buf_text(&words), "n1 n2 n4 n5 | n3");
	free(grudge);
	buf_clear(&words);
	grudge = grudge_draw("majorities-ring", 4, -1, 9);
	grudge_describe(grudge, name_of, NULL, &words);
	assert_non_null(strstr(buf_text(&words), "n1 hears n"));
	assert_null(strstr(buf_text(&words), "nobody"));
	free(grudge);
	buf_release(&words);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_cuts_something_and_nobody_from_itself),
		cmocka_unit_test(one_cuts_off_a_single_host),
		cmocka_unit_test(halves_differ_by_one_host_at_most),
		cmocka_unit_test(majority_leaves_the_smallest_majority_together),
		cmocka_unit_test(
			in_a_ring_every_host_sees_a_majority_and_no_two_the_same),
		cmocka_unit_test(a_bridge_is_the_only_host_that_hears_both_halves),
		cmocka_unit_test(leader_cuts_off_the_leader_alone),
		cmocka_unit_test(leader_minority_leaves_the_leader_with_less_than_half),
		cmocka_unit_test(one_way_leaves_the_other_way_open),
		cmocka_unit_test(one_way_is_drawn_in_both_directions),
		cmocka_unit_test(the_same_word_draws_the_same_matrix),
		cmocka_unit_test(every_host_is_cut_off_by_some_draw),
		cmocka_unit_test(too_few_hosts_and_unknown_shapes_are_refused),
		cmocka_unit_test(words_show_groups_or_who_hears_whom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
