/* test_schedule.c - the plan of faults: what it promises for every seed. */
#include "chaos/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum {
	SEEDS = 200
};
static const int64_t second_ns = 1000000000;

static struct chaos_plan
plan_of(const char *faults, int seconds, uint64_t seed)
{
	struct chaos_plan plan;
	struct err err = {0};
	const struct chaos_plan_options options = {.faults = faults,
						   .time_ns = seconds * second_ns,
						   .host_count = 5,
						   .seed = seed};

	if (!chaos_plan_make(&plan, &options, &err))
		fail_msg("%s", err.text);
	return plan;
}

static int
count_of(const struct chaos_plan *plan, const char *fault)
{
	int count = 0;

	for (size_t i = 0; i < plan->steps.count; i++)
		count += strcmp(plan->steps.items[i].fault->name, fault) == 0;
	return count;
}

static void
assert_refused(const struct chaos_plan_options *options, const char *text,
	       const char *hint)
{
	struct chaos_plan plan;
	struct err err = {0};

	assert_false(chaos_plan_make(&plan, options, &err));
	assert_non_null(strstr(err.text, text));
	if (hint != NULL)
		assert_non_null(strstr(err.hint, hint));
	chaos_plan_release(&plan);
}

static void
every_fault_named_comes_at_least_once(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct chaos_plan plan = plan_of("partition,kill,pause", 30, seed);
		assert_true(count_of(&plan, "partition") >= 1);
		assert_true(count_of(&plan, "kill") >= 1);
		assert_true(count_of(&plan, "pause") >= 1);
		chaos_plan_release(&plan);
	}
}

static void
thirty_seconds_and_three_faults_make_five_intervals_with_quiet_between(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct chaos_plan plan = plan_of("partition,kill,pause", 30, seed);
		int64_t end_ns = 0;
		assert_int_equal(plan.steps.count, 5);
		for (size_t i = 0; i < plan.steps.count; i++) {
			const struct chaos_step *step = &plan.steps.items[i];
			int64_t length_ns = step->end_ns - step->start_ns;
			assert_true(step->start_ns - end_ns >= 3 * second_ns / 2);
			assert_in_range(length_ns / 1000000, 2400, 4000);
			end_ns = step->end_ns;
		}
		assert_true(end_ns <= 27 * second_ns);
		chaos_plan_release(&plan);
	}
}

static void
long_runs_keep_to_the_interval(void **state)
{
	(void)state;
	struct chaos_plan plan = plan_of("kill", 3600, 1);
	assert_int_equal(plan.steps.count, 3600 * 9 / 10 / 10);
	chaos_plan_release(&plan);
}

static bool
same_step(const struct chaos_step *a, const struct chaos_step *b)
{
	return a->fault == b->fault && strcmp(a->target, b->target) == 0 &&
	       a->start_ns == b->start_ns && a->end_ns == b->end_ns && a->draw == b->draw;
}

static void
the_same_seed_makes_the_same_plan_and_another_seed_another(void **state)
{
	(void)state;
	struct chaos_plan a = plan_of("partition,kill,pause", 60, 7);
	struct chaos_plan b = plan_of("partition,kill,pause", 60, 7);
	struct chaos_plan c = plan_of("partition,kill,pause", 60, 8);
	bool differs = a.steps.count != c.steps.count;
	for (size_t i = 0; i < a.steps.count; i++) {
		assert_true(same_step(&a.steps.items[i], &b.steps.items[i]));
		differs = differs || !same_step(&a.steps.items[i], &c.steps.items[i]);
	}
	assert_true(differs);
	chaos_plan_release(&a);
	chaos_plan_release(&b);
	chaos_plan_release(&c);
}

/* The steps of one fault, in order, must agree in target and draw as far as both go. */
static void
assert_same_draws(const struct chaos_plan *a, const struct chaos_plan *b,
		  const char *fault)
{
	size_t i = 0, j = 0;

	for (;;) {
		while (i < a->steps.count &&
		       strcmp(a->steps.items[i].fault->name, fault) != 0)
			i++;
		while (j < b->steps.count &&
		       strcmp(b->steps.items[j].fault->name, fault) != 0)
			j++;
		if (i == a->steps.count || j == b->steps.count)
			return;
		assert_string_equal(a->steps.items[i].target, b->steps.items[j].target);
		assert_int_equal(a->steps.items[i].draw, b->steps.items[j].draw);
		i++;
		j++;
	}
}

static void
one_more_fault_reshuffles_none_of_the_others(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct chaos_plan two = plan_of("partition,kill", 120, seed);
		struct chaos_plan three = plan_of("partition,pause,kill", 120, seed);
		assert_same_draws(&two, &three, "partition");
		assert_same_draws(&two, &three, "kill");
		/* Which of the two comes first in the first round stays, too. */
		const char *first = two.steps.items[0].fault->name;
		size_t i = 0;
		while (strcmp(three.steps.items[i].fault->name, "pause") == 0)
			i++;
		assert_string_equal(three.steps.items[i].fault->name, first);
		chaos_plan_release(&two);
		chaos_plan_release(&three);
	}
}

static void
targets_are_taken_in_turn_when_none_is_named(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct chaos_plan plan = plan_of("partition", 100, seed);
		assert_true(plan.steps.count >= 8);
		for (size_t i = 0; i < 8; i++)
			for (size_t j = 0; j < i; j++)
				assert_string_not_equal(plan.steps.items[i].target,
							plan.steps.items[j].target);
		chaos_plan_release(&plan);
	}
}

static void
a_named_target_is_kept_and_aliases_are_understood(void **state)
{
	(void)state;
	struct chaos_plan plan = plan_of("partition:ring,kill:primary", 60, 3);
	for (size_t i = 0; i < plan.steps.count; i++)
		assert_string_equal(plan.steps.items[i].target,
				    strcmp(plan.steps.items[i].fault->name, "kill") == 0
					    ? "leader"
					    : "majorities-ring");
	chaos_plan_release(&plan);
}

static void
none_and_nothing_make_an_empty_plan(void **state)
{
	const char *const lists[] = {"none", "", NULL};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct chaos_plan plan = plan_of(lists[i], 30, 1);
		assert_int_equal(plan.steps.count, 0);
		chaos_plan_release(&plan);
	}
}

static void
unknown_words_name_the_nearest_known(void **state)
{
	(void)state;
	struct chaos_plan_options options = {.time_ns = 30 * second_ns, .host_count = 5};
	options.faults = "partitoin";
	assert_refused(&options, "unknown fault 'partitoin'", "'partition'");
	options.faults = "kill:leadr";
	assert_refused(&options, "no target 'leadr'", "'kill:leader'");
	options.faults = "kill:zzzzzzzz";
	assert_refused(&options, "no target 'zzzzzzzz'", "list");
	options.faults = "xyzzy";
	assert_refused(&options, "unknown fault 'xyzzy'", "list");
	options.faults = "kill:";
	assert_refused(&options, "no target ''", NULL);
}

static void
what_cannot_fit_is_refused_with_a_remedy(void **state)
{
	(void)state;
	struct chaos_plan_options options = {.faults = "partition,kill,pause",
					     .time_ns = 2 * second_ns,
					     .host_count = 5};
	assert_refused(&options, "too short for 3 faults", "--time 4");
	options.time_ns = 4 * second_ns;
	struct chaos_plan plan;
	struct err err;
	assert_true(chaos_plan_make(&plan, &options, &err)); /* the remedy holds */
	assert_int_equal(plan.steps.count, 3);
	chaos_plan_release(&plan);
	options.time_ns = 30 * second_ns;
	options.interval_ns = 10 * second_ns;
	assert_refused(&options, "leave room for 1 of the 3 faults", "shorter interval");
}

static void
targets_that_mean_nothing_with_so_few_hosts_are_left_out_or_refused(void **state)
{
	(void)state;
	struct chaos_plan_options options = {.faults = "partition",
					     .time_ns = 100 * second_ns,
					     .host_count = 3,
					     .seed = 5};
	struct chaos_plan plan;
	struct err err;
	assert_true(chaos_plan_make(&plan, &options, &err));
	for (size_t i = 0; i < plan.steps.count; i++)
		assert_string_not_equal(plan.steps.items[i].target, "majorities-ring");
	chaos_plan_release(&plan);
	options.faults = "partition:ring";
	assert_refused(&options, "means nothing with 3 hosts", NULL);
	options.faults = "partition";
	options.host_count = 1;
	assert_refused(&options, "means nothing with 1 host", NULL);
}

static void
an_explicit_interval_sets_the_number_of_faults(void **state)
{
	(void)state;
	struct chaos_plan_options options = {.faults = "kill",
					     .time_ns = 100 * second_ns,
					     .interval_ns = 3 * second_ns,
					     .host_count = 5};
	struct chaos_plan plan;
	struct err err;
	assert_true(chaos_plan_make(&plan, &options, &err));
	assert_int_equal(plan.steps.count, 15);
	chaos_plan_release(&plan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_fault_named_comes_at_least_once),
		cmocka_unit_test(
			thirty_seconds_and_three_faults_make_five_intervals_with_quiet_between),
		cmocka_unit_test(long_runs_keep_to_the_interval),
		cmocka_unit_test(
			the_same_seed_makes_the_same_plan_and_another_seed_another),
		cmocka_unit_test(one_more_fault_reshuffles_none_of_the_others),
		cmocka_unit_test(targets_are_taken_in_turn_when_none_is_named),
		cmocka_unit_test(a_named_target_is_kept_and_aliases_are_understood),
		cmocka_unit_test(none_and_nothing_make_an_empty_plan),
		cmocka_unit_test(unknown_words_name_the_nearest_known),
		cmocka_unit_test(what_cannot_fit_is_refused_with_a_remedy),
		cmocka_unit_test(
			targets_that_mean_nothing_with_so_few_hosts_are_left_out_or_refused),
		cmocka_unit_test(an_explicit_interval_sets_the_number_of_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
