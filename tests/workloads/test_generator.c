#include "base/mem.h"
#include "tests/workloads/simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static bool
make_numbered(void *state, const struct gen_context *context, struct call *call)
{
	(void)context;
	call->f = *(uint16_t *)state;
	return true;
}

/* Endless operations of one function. */
static struct generator *
endless(uint16_t f)
{
	uint16_t *state = mem_new(1, sizeof(*state));

	*state = f;
	return gen_each(make_numbered, NULL, state, free);
}

static struct simulation
played(struct generator *generator, int threads, int64_t duration_ns, int64_t until_ns)
{
	struct simulation simulation = {.generator = generator,
					.thread_count = threads,
					.duration_ns = duration_ns,
					.until_ns = until_ns};

	simulate(&simulation);
	return simulation;
}

static size_t
count_f(const struct simulation *simulation, uint16_t f)
{
	size_t count = 0;

	for (size_t i = 0; i < simulation->ops.count; i++)
		count += simulation->ops.items[i].f == f;
	return count;
}

static void
limit_ends_after_so_many(void **state)
{
	(void)state;
	struct simulation s = played(gen_limit(17, endless(F_READ)), 4, MS, 1000 * MS);
	assert_int_equal(s.ops.count, 17);
	assert_int_equal(s.end_ns, 5 * MS);
	simulation_release(&s);
}

static void
time_limit_ends_on_time_also_for_those_who_wait(void **state)
{
	(void)state;
	struct simulation s =
		played(gen_time_limit(100 * MS, gen_delay(70 * MS, endless(F_READ))), 2,
		       MS, 10000 * MS);
	assert_int_equal(s.ops.count, 2); /* at 0 and 70 ms */
	assert_int_equal(s.end_ns, 100 * MS);
	simulation_release(&s);
}

static void
delay_spaces_operations_exactly_over_all_threads(void **state)
{
	(void)state;
	struct simulation s = played(gen_limit(50, gen_delay(3 * MS, endless(F_READ))), 5,
				     MS, 10000 * MS);
	assert_int_equal(s.ops.count, 50);
	for (size_t i = 0; i < s.ops.count; i++)
		assert_int_equal(s.ops.items[i].at_ns, (int64_t)i * 3 * MS);
	simulation_release(&s);
}

static void
stagger_keeps_the_mean_rate(void **state)
{
	(void)state;
	struct simulation s = played(gen_stagger(MS, endless(F_READ)), 10, MS, 5000 * MS);
	assert_in_range(s.ops.count, 4750, 5250);
	simulation_release(&s);
}

static void
stagger_varies_its_gaps(void **state)
{
	size_t short_gaps = 0;

	(void)state;
	struct simulation s =
		played(gen_stagger(10 * MS, endless(F_READ)), 10, 0, 9000 * MS);
	for (size_t i = 1; i < s.ops.count; i++)
		short_gaps += s.ops.items[i].at_ns - s.ops.items[i - 1].at_ns < 5 * MS;
	assert_in_range(short_gaps, s.ops.count / 6, s.ops.count / 3);
	simulation_release(&s);
}

/* How many operations a generator gives out at one moment. */
static int
burst_at(struct generator *generator, int64_t now_ns)
{
	struct values values;
	struct rng rng;
	struct call call = {.values = &values};
	struct gen_context context = {.now_ns = now_ns, .thread_count = 1, .rng = &rng};
	int64_t again_ns;
	int count = 0;

	values_init(&values);
	rng_init(&rng, 1);
	while (generator_next(generator, &context, &call, &again_ns) == GEN_OP)
		count++;
	values_release(&values);
	return count;
}

static void
pace_makes_good_a_short_delay_but_not_a_long_one(void **state)
{
	(void)state;
	struct generator *g = gen_delay(MS, endless(F_READ));
	assert_int_equal(burst_at(g, 0), 1);
	assert_int_equal(burst_at(g, 50 * MS), 50);
	assert_int_equal(burst_at(g, 10000 * MS), 1);
	generator_free(g);
}

static void
mix_follows_its_weights(void **state)
{
	(void)state;
	struct generator *children[] = {endless(F_READ), endless(F_WRITE),
					endless(F_CAS)};
	struct generator *mix = gen_mix(children, (int[]){6, 3, 1}, 3);
	struct simulation s = played(gen_limit(10000, mix), 4, MS, 100000 * MS);
	assert_in_range(count_f(&s, F_READ), 5800, 6200);
	assert_in_range(count_f(&s, F_WRITE), 2800, 3200);
	assert_in_range(count_f(&s, F_CAS), 800, 1200);
	simulation_release(&s);
}

static void
mix_goes_on_with_the_children_that_are_left(void **state)
{
	(void)state;
	struct generator *children[] = {gen_limit(3, endless(F_READ)),
					gen_limit(30, endless(F_WRITE))};
	struct simulation s =
		played(gen_mix(children, (int[]){100, 1}, 2), 2, MS, 1000 * MS);
	assert_int_equal(count_f(&s, F_READ), 3);
	assert_int_equal(count_f(&s, F_WRITE), 30);
	assert_true(s.end_ns >= 0);
	simulation_release(&s);
}

static void
any_serves_the_child_that_is_ready_first(void **state)
{
	(void)state;
	struct generator *children[] = {gen_delay(40 * MS, endless(F_READ)),
					gen_delay(10 * MS, endless(F_WRITE))};
	struct simulation s = played(gen_any(children, 2), 2, 0, 79 * MS);
	assert_int_equal(count_f(&s, F_READ), 2);  /* 0, 40 */
	assert_int_equal(count_f(&s, F_WRITE), 8); /* 0, 10, ... 70 */
	simulation_release(&s);
}

static void
phases_wait_until_all_threads_are_free(void **state)
{
	int64_t last_write_ns = 0, first_read_ns = INT64_MAX;

	(void)state;
	struct generator *phases[] = {gen_limit(10, endless(F_WRITE)),
				      gen_limit(10, endless(F_READ))};
	struct simulation s = played(gen_phases(phases, 2), 3, 25 * MS, 10000 * MS);
	for (size_t i = 0; i < s.ops.count; i++) {
		int64_t at_ns = s.ops.items[i].at_ns;
		if (s.ops.items[i].f == F_WRITE && at_ns > last_write_ns)
			last_write_ns = at_ns;
		if (s.ops.items[i].f == F_READ && at_ns < first_read_ns)
			first_read_ns = at_ns;
	}
	assert_int_equal(s.ops.count, 20);
	assert_true(first_read_ns >= last_write_ns + 25 * MS);
	simulation_release(&s);
}

static void
nemesis_and_clients_get_their_own(void **state)
{
	(void)state;
	struct generator *children[] = {gen_on_clients(gen_limit(20, endless(F_READ))),
					gen_on_nemesis(gen_limit(5, endless(F_CRASH)))};
	struct simulation s = {.generator = gen_any(children, 2),
			       .thread_count = 3,
			       .has_nemesis = true,
			       .duration_ns = MS,
			       .until_ns = 1000 * MS};
	simulate(&s);
	assert_int_equal(s.ops.count, 25);
	assert_true(s.end_ns >= 0);
	for (size_t i = 0; i < s.ops.count; i++)
		assert_true((s.ops.items[i].f == F_CRASH) ==
			    (s.ops.items[i].thread == GEN_NEMESIS));
	simulation_release(&s);
}

static struct generator *
three_reads(void *state, int thread)
{
	(void)state;
	(void)thread;
	return gen_limit(3, endless(F_READ));
}

static void
each_thread_gets_a_generator_of_its_own(void **state)
{
	size_t per_thread[5] = {0};

	(void)state;
	struct simulation s =
		played(gen_each_thread(three_reads, NULL, NULL), 5, MS, 1000 * MS);
	for (size_t i = 0; i < s.ops.count; i++)
		per_thread[s.ops.items[i].thread]++;
	for (int i = 0; i < 5; i++)
		assert_int_equal(per_thread[i], 3);
	assert_true(s.end_ns >= 0);
	simulation_release(&s);
}

static struct generator *
seven_writes(void *state, uint64_t key)
{
	(void)state;
	(void)key;
	return gen_limit(7, endless(F_WRITE));
}

static void
keys_retire_after_their_operations_and_few_are_live(void **state)
{
	size_t per_key[200] = {0};
	int64_t oldest_live = 1;

	(void)state;
	struct generator *keys = gen_per_key(4, seven_writes, NULL, NULL);
	struct simulation s = played(gen_limit(700, keys), 10, MS, 10000 * MS);
	for (size_t i = 0; i < s.ops.count; i++) {
		int64_t key = s.ops.items[i].key;
		assert_in_range(key, 1, 199);
		assert_true(++per_key[key] <= 7);
		while (per_key[oldest_live] == 7)
			oldest_live++;
	}
	size_t unfinished = 0;
	for (int key = 1; key < 200; key++)
		unfinished += per_key[key] > 0 && per_key[key] < 7;
	assert_int_equal(s.ops.count, 700);
	assert_true(unfinished <= 4);
	assert_true(oldest_live > 80);
	simulation_release(&s);
}

static void
every_key_is_asked_by_every_thread(void **state)
{
	bool met[10][3] = {{false}};

	(void)state;
	struct generator *keys = gen_per_key(2, seven_writes, NULL, NULL);
	struct simulation s = played(gen_limit(2000, keys), 10, MS, 10000 * MS);
	for (size_t i = 0; i < s.ops.count; i++)
		met[s.ops.items[i].thread][s.ops.items[i].key % 3] = true;
	for (int thread = 0; thread < 10; thread++)
		for (int k = 0; k < 3; k++)
			assert_true(met[thread][k]);
	simulation_release(&s);
}

static struct generator *
nothing(void *state, uint64_t key)
{
	(void)state;
	(void)key;
	return gen_limit(0, endless(F_WRITE));
}

static void
keys_without_operations_end_instead_of_spinning(void **state)
{
	(void)state;
	struct simulation s =
		played(gen_per_key(3, nothing, NULL, NULL), 2, MS, 1000 * MS);
	assert_int_equal(s.ops.count, 0);
	assert_int_equal(s.end_ns, 0);
	simulation_release(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limit_ends_after_so_many),
		cmocka_unit_test(time_limit_ends_on_time_also_for_those_who_wait),
		cmocka_unit_test(delay_spaces_operations_exactly_over_all_threads),
		cmocka_unit_test(stagger_keeps_the_mean_rate),
		cmocka_unit_test(stagger_varies_its_gaps),
		cmocka_unit_test(pace_makes_good_a_short_delay_but_not_a_long_one),
		cmocka_unit_test(mix_follows_its_weights),
		cmocka_unit_test(mix_goes_on_with_the_children_that_are_left),
		cmocka_unit_test(any_serves_the_child_that_is_ready_first),
		cmocka_unit_test(phases_wait_until_all_threads_are_free),
		cmocka_unit_test(nemesis_and_clients_get_their_own),
		cmocka_unit_test(each_thread_gets_a_generator_of_its_own),
		cmocka_unit_test(keys_retire_after_their_operations_and_few_are_live),
		cmocka_unit_test(every_key_is_asked_by_every_thread),
		cmocka_unit_test(keys_without_operations_end_instead_of_spinning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
