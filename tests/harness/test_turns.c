#include "base/clock.h"
#include "harness/run/turns.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

enum {
	THREADS = 8
};

struct taker {
	struct turns *turns;
	int thread, taken;
	int duration_ms; /* of each operation */
};

static bool
make_any(void *state, const struct gen_context *context, struct call *call)
{
	(void)state;
	(void)context;
	call->f = F_READ;
	return true;
}

static struct generator *
endless(void)
{
	return gen_each(make_any, NULL, NULL, NULL);
}

static void *
take_all(void *context)
{
	struct taker *taker = context;
	struct values values;
	struct call call = {.values = &values};

	values_init(&values);
	while (turns_take(taker->turns, taker->thread, &call)) {
		taker->taken++;
		if (taker->duration_ms > 0)
			clock_sleep_ms(taker->duration_ms);
		call.type = OP_OK;
	}
	values_release(&values);
	return NULL;
}

struct party {
	struct taker takers[THREADS];
	pthread_t threads[THREADS];
	int count, duration_ms;
};

static void
party_start(struct party *party, struct turns *turns, int count)
{
	party->count = count;
	for (int i = 0; i < count; i++) {
		party->takers[i] = (struct taker){
			.turns = turns, .thread = i, .duration_ms = party->duration_ms};
		pthread_create(&party->threads[i], NULL, take_all, &party->takers[i]);
	}
}

static int
party_end(struct party *party)
{
	int taken = 0;

	for (int i = 0; i < party->count; i++) {
		pthread_join(party->threads[i], NULL);
		taken += party->takers[i].taken;
	}
	return taken;
}

static void
every_operation_is_taken_by_one_thread(void **state)
{
	struct party party = {0};

	(void)state;
	struct turns *turns =
		turns_new(gen_limit(50000, endless()), THREADS, 1, clock_ns());
	party_start(&party, turns, THREADS);
	assert_int_equal(party_end(&party), 50000);
	turns_free(turns);
}

static void
waiting_threads_take_turns_at_the_rate(void **state)
{
	struct party party = {0};

	(void)state;
	int64_t start_ns = clock_ns();
	struct turns *turns =
		turns_new(gen_limit(101, gen_delay(2 * NS_PER_MS, endless())), THREADS, 1,
			  start_ns);
	party_start(&party, turns, THREADS);
	assert_int_equal(party_end(&party), 101);
	int64_t took_ns = clock_ns() - start_ns;
	assert_true(took_ns >= 200 * NS_PER_MS);
	assert_true(took_ns < 2 * NS_PER_S); /* nobody overslept */
	turns_free(turns);
}

static struct generator *
one_read(void *state, int thread)
{
	(void)state;
	(void)thread;
	return gen_limit(1, endless());
}

static void
completions_wake_those_who_wait_for_a_phase(void **state)
{
	struct party party = {0};

	(void)state;
	int64_t start_ns = clock_ns();
	struct generator *phases[40];
	for (int i = 0; i < 40; i++)
		phases[i] = gen_each_thread(one_read, NULL, NULL);
	struct turns *turns = turns_new(gen_phases(phases, 40), THREADS, 1, start_ns);
	party_start(&party, turns, THREADS);
	assert_int_equal(party_end(&party), 40 * THREADS);
	assert_true(clock_ns() - start_ns < 2 * NS_PER_S);
	turns_free(turns);
}

/* The nemesis has nothing to do and asks again every few milliseconds: its timer must not
 * keep clients from theirs. */
static void
idle_nemesis_does_not_hold_up_the_clients(void **state)
{
	struct party party = {.duration_ms = 1};
	struct taker nemesis;
	pthread_t thread;

	(void)state;
	int64_t start_ns = clock_ns();
	struct generator *both[] = {
		gen_on_clients(gen_limit(10, gen_delay(12 * NS_PER_MS, endless()))),
		gen_on_nemesis(gen_limit(0, endless()))};
	struct turns *turns = turns_new(gen_any(both, 2), 1, 1, start_ns);
	party_start(&party, turns, 1);
	nemesis = (struct taker){.turns = turns, .thread = GEN_NEMESIS};
	pthread_create(&thread, NULL, take_all, &nemesis);
	assert_int_equal(party_end(&party), 10);
	pthread_join(thread, NULL);
	assert_int_equal(nemesis.taken, 0);
	assert_true(clock_ns() - start_ns < 2 * NS_PER_S);
	turns_free(turns);
}

static void
stop_wakes_those_who_wait_for_long(void **state)
{
	struct party party = {0};

	(void)state;
	int64_t start_ns = clock_ns();
	struct turns *turns =
		turns_new(gen_delay(3600 * NS_PER_S, endless()), THREADS, 1, start_ns);
	party_start(&party, turns, THREADS);
	clock_sleep_ms(20);
	turns_stop(turns);
	assert_int_equal(party_end(&party), 1);
	assert_true(clock_ns() - start_ns < 2 * NS_PER_S);
	turns_free(turns);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_operation_is_taken_by_one_thread),
		cmocka_unit_test(waiting_threads_take_turns_at_the_rate),
		cmocka_unit_test(completions_wake_those_who_wait_for_a_phase),
		cmocka_unit_test(idle_nemesis_does_not_hold_up_the_clients),
		cmocka_unit_test(stop_wakes_those_who_wait_for_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
