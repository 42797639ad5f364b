#include "base/map.h"
#include "tests/workloads/simulation.h"
#include "workloads/workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct workload_options defaults = {.read_percent = -1, .cas_percent = -1};

/* A correct register for each key: what the clients of the simulation talk to. */
static void
answer_as_register(void *context, struct call *call)
{
	struct map *registers = context;
	uint64_t *value =
		map_at(registers, (uint64_t)val_number(call->values, call->key), NULL);

	if (call->f == F_READ && *value != 0)
		call->output = val_small((int64_t)*value);
	if (call->f == F_WRITE)
		*value = (uint64_t)val_number(call->values, call->input);
	if (call->f == F_CAS) {
		val expected = val_at(call->values, call->input, 0);
		if ((uint64_t)val_number(call->values, expected) == *value)
			*value = (uint64_t)val_number(
				call->values, val_at(call->values, call->input, 1));
		else
			call->type = OP_FAIL;
	}
}

static struct simulation
play_register(const struct workload_options *options, int threads, uint64_t count,
	      struct map *registers)
{
	const struct workload *workload = workload_find("register", NULL);
	struct simulation s = {.generator = gen_limit(count, workload->main(options)),
			       .thread_count = threads,
			       .duration_ns = MS,
			       .until_ns = 1000000 * MS,
			       .answer = answer_as_register,
			       .context = registers};

	simulate(&s);
	assert_int_equal(s.ops.count, count);
	return s;
}

static void
written_values_are_unique_over_all_keys(void **state)
{
	struct map registers = {0}, seen = {0};
	bool is_new;

	(void)state;
	struct simulation s = play_register(&defaults, 10, 20000, &registers);
	vec_each (struct sent, sent, &s.ops) {
		if (sent->f == F_READ)
			continue;
		map_at(&seen, (uint64_t)sent->input, &is_new);
		assert_true(is_new);
	}
	simulation_release(&s);
	map_release(&registers);
	map_release(&seen);
}

static void
compare_and_set_of_a_lone_client_always_hits(void **state)
{
	struct map registers = {0};
	size_t cas_count = 0;

	(void)state;
	/* The register holds what the last write or cas brought, if none ever failed. */
	int64_t holds[200] = {0};
	struct simulation s = play_register(&defaults, 1, 5000, &registers);
	vec_each (struct sent, sent, &s.ops) {
		assert_in_range(sent->key, 1, 199);
		if (sent->f == F_CAS) {
			cas_count++;
			assert_int_equal(sent->expected, holds[sent->key]);
		}
		if (sent->f != F_READ)
			holds[sent->key] = sent->input;
	}
	assert_in_range(cas_count, 800, 1100);
	simulation_release(&s);
	map_release(&registers);
}

static void
percentages_of_the_register_are_kept(void **state)
{
	struct workload_options options = {.read_percent = 0, .cas_percent = 0};
	struct map registers = {0};

	(void)state;
	struct simulation s = play_register(&options, 5, 500, &registers);
	vec_each (struct sent, sent, &s.ops)
		assert_int_equal(sent->f, F_WRITE);
	simulation_release(&s);
	options.read_percent = 100;
	s = play_register(&options, 5, 500, &registers);
	vec_each (struct sent, sent, &s.ops)
		assert_int_equal(sent->f, F_READ);
	simulation_release(&s);
	map_release(&registers);
}

static void
keys_and_operations_of_a_key_are_bounded_by_options(void **state)
{
	struct workload_options options = {
		.key_count = 2, .ops_per_key = 25, .read_percent = -1, .cas_percent = -1};
	struct map registers = {0};
	size_t per_key[100] = {0};

	(void)state;
	struct simulation s = play_register(&options, 5, 1000, &registers);
	vec_each (struct sent, sent, &s.ops) {
		assert_in_range(sent->key, 1, 41);
		assert_true(++per_key[sent->key] <= 25);
	}
	simulation_release(&s);
	map_release(&registers);
}

static void
elements_of_the_set_are_added_once(void **state)
{
	const struct workload *workload = workload_find("set", NULL);

	(void)state;
	struct simulation s = {.generator = gen_limit(1000, workload->main(&defaults)),
			       .thread_count = 4,
			       .duration_ns = MS,
			       .until_ns = 100000 * MS};
	simulate(&s);
	for (size_t i = 0; i < s.ops.count; i++) {
		assert_int_equal(s.ops.items[i].f, F_ADD);
		assert_int_equal(s.ops.items[i].input, (int64_t)i + 1);
		assert_int_equal(s.ops.items[i].key, 0);
	}
	simulation_release(&s);
}

static void
refuse_first_tries(void *context, struct call *call)
{
	int *left = context;

	if ((*left)-- > 0)
		call->type = OP_FAIL;
}

static struct simulation
play_final(int *refusals, int threads)
{
	const struct workload *workload = workload_find("set", NULL);
	struct simulation s = {.generator = workload->final(&defaults),
			       .thread_count = threads,
			       .duration_ns = MS,
			       .until_ns = 100000 * MS,
			       .answer = refuse_first_tries,
			       .context = refusals};

	simulate(&s);
	assert_true(s.end_ns >= 0);
	return s;
}

static void
final_read_asks_every_node_once_when_all_answer(void **state)
{
	int refusals = 0;
	bool asked[5] = {false};

	(void)state;
	struct simulation s = play_final(&refusals, 5);
	assert_int_equal(s.ops.count, 5);
	vec_each (struct sent, sent, &s.ops)
		asked[sent->thread] = true;
	for (int i = 0; i < 5; i++)
		assert_true(asked[i]);
	simulation_release(&s);
}

static void
final_read_repeats_until_it_is_answered(void **state)
{
	int refusals = 7;

	(void)state;
	struct simulation s = play_final(&refusals, 1);
	assert_int_equal(s.ops.count, 8);
	simulation_release(&s);
}

static void
final_read_gives_up_on_a_node_that_never_answers(void **state)
{
	int refusals = 1000000;

	(void)state;
	struct simulation s = play_final(&refusals, 1);
	assert_in_range(s.ops.count, 2, 100);
	simulation_release(&s);
}

static void
unknown_workload_names_the_nearest(void **state)
{
	struct err err;

	(void)state;
	assert_null(workload_find("regsiter", &err));
	assert_non_null(strstr(err.text, "unknown workload 'regsiter'"));
	assert_non_null(strstr(err.hint, "'register'"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_values_are_unique_over_all_keys),
		cmocka_unit_test(compare_and_set_of_a_lone_client_always_hits),
		cmocka_unit_test(percentages_of_the_register_are_kept),
		cmocka_unit_test(keys_and_operations_of_a_key_are_bounded_by_options),
		cmocka_unit_test(elements_of_the_set_are_added_once),
		cmocka_unit_test(final_read_asks_every_node_once_when_all_answer),
		cmocka_unit_test(final_read_repeats_until_it_is_answered),
		cmocka_unit_test(final_read_gives_up_on_a_node_that_never_answers),
		cmocka_unit_test(unknown_workload_names_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
