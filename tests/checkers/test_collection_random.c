/* Collections compared with brute force on random histories, with known truth, and under
 * changes that cannot matter. */
#include "checkers/collection/collection_core.h"
#include "checkers/collection/collection_judge.h"
#include "checkers/collection/take_count.h"
#include "checkers/engine/oracle.h"
#include "tests/checkers/random_collection.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static const struct checker *const checkers[COLLECTION_KINDS] = {
	[COLLECTION_QUEUE] = &checker_queue,
	[COLLECTION_STACK] = &checker_stack,
	[COLLECTION_PRIORITY_QUEUE] = &checker_priority_queue,
	[COLLECTION_BAG] = &checker_bag,
	[COLLECTION_TUPLE_SPACE] = &checker_tuple_space,
};

enum {
	COMPARED = 40000 /* of unique values; what takes more time has a share */
};

static struct random_collection
some_shape(struct rng *rng, enum collection collection, size_t ops_max, bool unique)
{
	return (struct random_collection){
		.collection = collection,
		.ops = 2 + rng_below(rng, ops_max - 1),
		.processes = 1 + (uint32_t)rng_below(rng, 5),
		.values = unique ? 0 : 1 + (uint32_t)rng_below(rng, 4),
		.take_percent = 25 + (int)rng_below(rng, 35),
		.look_percent = (int)rng_below(rng, 3) * 10,
		.info_percent = (int)rng_below(rng, 3) * 12,
		.wrong_percent = (int)rng_below(rng, 40),
		.fail_percent = (int)rng_below(rng, 10),
		.shuffled = rng_chance(rng, 0.7)};
}

static void
fail_on(const struct history *history, const char *why, const char *more)
{
	whole_history_print(history);
	fail_msg("%s: %s", why, more);
}

static enum verdict
verdict_of(const struct history *history, enum collection collection)
{
	struct check_options options = {.threads = 1};
	struct check_result result;

	checker_run(checkers[collection], history, &options, &result);
	enum verdict verdict = result.verdict;
	if (verdict == VERDICT_UNKNOWN || !result.certified)
		fail_on(history, verdict_name(verdict), result.reason);
	check_result_release(&result);
	return verdict;
}

static void
compare_all(bool unique, size_t count, uint64_t seed)
{
	struct rng rng;
	size_t invalid = 0;

	rng_init(&rng, seed);
	for (size_t i = 0; i < count; i++) {
		enum collection collection = 1 + (enum collection)(i % 5);
		struct random_collection shape = some_shape(&rng, collection, 11, unique);
		struct check_options options = {0};
		struct history history;
		uint32_t indexes[16];
		random_collection_play(&history, &shape, &rng);
		struct key_ops key = whole_history(&history, indexes);
		enum verdict truth =
			oracle_judge_key(model_of_collection(collection), &key, &options);
		enum verdict verdict = verdict_of(&history, collection);
		if (verdict != truth)
			fail_on(&history, checkers[collection]->name,
				verdict_name(verdict));
		invalid += truth == VERDICT_INVALID;
		history_release(&history);
	}
	assert_true(invalid > count / 10 && invalid < count * 9 / 10);
}

static void
verdicts_on_unique_values_are_true_and_certified(void **state)
{
	(void)state;
	compare_all(true, random_count(COMPARED), 21);
}

static void
verdicts_on_repeated_values_are_true_and_certified(void **state)
{
	(void)state;
	compare_all(false, random_count(6000), 22);
}

/* A fifth to two fifths of unknown outcome. */
static void
stacks_with_many_crashed_takes_are_judged_right(void **state)
{
	struct rng rng;
	size_t invalid = 0;

	(void)state;
	rng_init(&rng, 34);
	for (size_t i = 0; i < random_share(6000, COMPARED); i++) {
		struct random_collection shape =
			some_shape(&rng, COLLECTION_STACK, 11, true);
		struct check_options options = {0};
		struct history history;
		uint32_t indexes[16];
		shape.info_percent = 20 + (int)rng_below(&rng, 21);
		random_collection_play(&history, &shape, &rng);
		struct key_ops key = whole_history(&history, indexes);
		enum verdict truth = oracle_judge_key(
			model_of_collection(COLLECTION_STACK), &key, &options);
		if (verdict_of(&history, COLLECTION_STACK) != truth)
			fail_on(&history, "a stack", verdict_name(truth));
		invalid += truth == VERDICT_INVALID;
		history_release(&history);
	}
	print_message("%zu of %zu are invalid\n", invalid, random_share(6000, COMPARED));
	assert_true(invalid > random_share(6000, COMPARED) / 20);
}

static void
what_a_real_collection_did_is_valid(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 23);
	for (size_t i = 0; i < random_share(1500, COMPARED); i++) {
		enum collection collection = 1 + (enum collection)(i % 5);
		struct random_collection shape = some_shape(&rng, collection, 400, true);
		struct history history;
		shape.wrong_percent = 0;
		shape.info_percent = i % 3 == 0 ? 1 : 0;
		random_collection_play(&history, &shape, &rng);
		assert_int_equal(verdict_of(&history, collection), VERDICT_VALID);
		history_release(&history);
	}
}

/* One answer is replaced by an element that was never put: invalid, always. */
static void
a_planted_element_is_always_found(void **state)
{
	struct rng rng;
	size_t planted = 0;

	(void)state;
	rng_init(&rng, 24);
	for (size_t i = 0; i < random_share(1000, COMPARED); i++) {
		enum collection collection = 1 + (enum collection)(i % 5);
		struct random_collection shape = some_shape(&rng, collection, 200, true);
		struct history history;
		shape.wrong_percent = 0;
		random_collection_play(&history, &shape, &rng);
		struct op *op = &history.ops.items[rng_below(&rng, history.ops.count)];
		if (op->type == OP_OK && op->output != VAL_OF_NIL) {
			op->output = val_small(-1);
			assert_int_equal(verdict_of(&history, collection),
					 VERDICT_INVALID);
			planted++;
		}
		history_release(&history);
	}
	assert_true(planted > random_share(1000, COMPARED) / 10);
}

/* What was acknowledged as put and never taken is claimed to be missing at the end. */
static void
a_miss_at_the_end_shows_what_was_lost(void **state)
{
	struct rng rng;
	size_t planted = 0;

	(void)state;
	rng_init(&rng, 25);
	for (size_t i = 0; i < random_share(1000, COMPARED); i++) {
		enum collection collection = 1 + (enum collection)(i % 4);
		struct random_collection shape = some_shape(&rng, collection, 200, true);
		struct history history;
		size_t puts = 0, takes = 0;
		struct err err;
		shape.wrong_percent = shape.info_percent = 0;
		random_collection_play(&history, &shape, &rng);
		vec_each (struct op, op, &history.ops) {
			puts += op->type == OP_OK && op->input != VAL_OF_NIL;
			takes += op->type == OP_OK && op->output != VAL_OF_NIL &&
				 op->f != F_PEEK;
		}
		static const uint16_t fs[] = {0, F_DEQUEUE, F_POP, F_POLL, F_DEQUEUE};
		struct op miss = {.process = 9999, .f = fs[collection]};
		assert_true(history_invoke(&history, &miss, &err));
		miss.type = OP_OK;
		assert_true(history_complete(&history, &miss, &err));
		assert_int_equal(verdict_of(&history, collection),
				 puts > takes ? VERDICT_INVALID : VERDICT_VALID);
		planted += puts > takes;
		history_release(&history);
	}
	assert_true(planted > random_share(1000, COMPARED) / 4);
}

static void
relaxing_never_makes_a_valid_history_invalid(void **state)
{
	struct rng rng;
	size_t valid = 0;

	(void)state;
	rng_init(&rng, 26);
	for (size_t i = 0; i < random_share(5000, COMPARED); i++) {
		enum collection collection = 1 + (enum collection)(i % 5);
		struct random_collection shape =
			some_shape(&rng, collection, 12, i % 4 != 0);
		struct history history;
		shape.wrong_percent /= 4;
		random_collection_play(&history, &shape, &rng);
		enum verdict before = verdict_of(&history, collection);
		struct op *op = &history.ops.items[rng_below(&rng, history.ops.count)];
		if (op->type == OP_OK) {
			op->type = OP_INFO;
			op->complete_at = OP_NEVER;
			op->complete_ns = -1;
			op->output = VAL_OF_NIL;
		}
		if (before == VERDICT_VALID) {
			assert_int_equal(verdict_of(&history, collection), VERDICT_VALID);
			valid++;
		}
		history_release(&history);
	}
	assert_true(valid > random_share(5000, COMPARED) / 10);
}

/* Names of keys and processes, and a key that nothing is wrong with, change nothing. */
static void
names_and_other_keys_do_not_matter(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 27);
	for (size_t i = 0; i < random_share(3000, COMPARED); i++) {
		enum collection collection = 1 + (enum collection)(i % 5);
		struct random_collection shape =
			some_shape(&rng, collection, 14, i % 4 != 0);
		struct history history;
		random_collection_play(&history, &shape, &rng);
		enum verdict before = verdict_of(&history, collection);
		val key = val_string(&history.values, "another key");
		vec_each (struct op, op, &history.ops) {
			op->key = key;
			op->process = 100000 - op->process;
		}
		struct op other = {.process = 7,
				   .f = history.ops.items[0].f,
				   .type = OP_INFO,
				   .input = history.ops.items[0].input,
				   .invoke_at = history.events,
				   .complete_at = OP_NEVER};
		history_add(&history, &other);
		assert_int_equal(verdict_of(&history, collection), before);
		history_release(&history);
	}
}

/* Any part of a history that a real collection produced is possible. */
static void
parts_of_valid_histories_are_never_refuted(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 28);
	for (size_t i = 0; i < random_share(5000, COMPARED); i++) {
		enum collection collection = 1 + (enum collection)(i % 5);
		struct random_collection shape =
			some_shape(&rng, collection, 60, i % 2 == 0);
		struct check_options options = {0};
		struct collection_core core;
		struct history history;
		uint32_t indexes[64], part[8];
		shape.wrong_percent = 0;
		random_collection_play(&history, &shape, &rng);
		struct key_ops key = whole_history(&history, indexes);
		for (int k = 0; k < 8; k++)
			part[k] = (uint32_t)rng_below(&rng, history.ops.count);
		collection_core_init(&core, collection, &key, &options, part, 8);
		assert_false(collection_core_refutes(&core));
		collection_core_release(&core);
		history_release(&history);
	}
}

static void
count_takes(enum collection collection, const struct history *history, bool *is_counted,
	    enum verdict *truth)
{
	struct check_options options = {0};
	struct count_proof proof;
	uint32_t indexes[16];

	struct key_ops key = whole_history(history, indexes);
	*truth = oracle_judge_key(model_of_collection(collection), &key, &options);
	*is_counted = take_count_find(collection, &key, &options, &proof);
	if (*is_counted)
		assert_true(take_count_proves(collection, &key, &options, proof.ops.items,
					      proof.ops.count));
	if (*truth == VERDICT_VALID)
		assert_false(take_count_proves(collection, &key, &options, indexes,
					       history->ops.count));
	vec_release(&proof.ops);
}

/* All that is counted out is impossible, and some of what is impossible is counted out. */
static void
takes_are_counted_right(void **state)
{
	struct rng rng;
	size_t invalid = 0, counted = 0;

	(void)state;
	rng_init(&rng, 30);
	for (size_t i = 0; i < random_share(20000, COMPARED); i++) {
		enum collection collection = 1 + (enum collection)(i % 5);
		struct random_collection shape =
			some_shape(&rng, collection, 12, i % 3 != 0);
		struct history history;
		enum verdict truth;
		bool is_counted;
		shape.info_percent = 25;
		shape.wrong_percent /= 2;
		random_collection_play(&history, &shape, &rng);
		count_takes(collection, &history, &is_counted, &truth);
		if (is_counted && truth != VERDICT_INVALID)
			fail_on(&history, checkers[collection]->name, "counted out");
		invalid += truth == VERDICT_INVALID;
		counted += is_counted;
		history_release(&history);
	}
	print_message("%zu of %zu invalid ones are counted out\n", counted, invalid);
	assert_true(counted > invalid / 20);
}

/* Somebody who got something claims that he got nothing. */
static bool
plant_miss(struct history *history, struct rng *rng)
{
	struct op *op = &history->ops.items[rng_below(rng, history->ops.count)];
	bool is_planted = op->type == OP_OK && op->output != VAL_OF_NIL;

	if (is_planted)
		op->output = VAL_OF_NIL;
	return is_planted;
}

/* Without a search of states, but now and then in stacks and tuple spaces. */
static enum verdict
judge_at_once(enum collection collection, const struct history *history, size_t *searched)
{
	struct check_options options = {.budget = {.bytes_max = 1 << 30}};
	struct collection_outcome outcome;
	uint32_t *indexes = mem_new(history->ops.count + 1, sizeof(*indexes));

	struct key_ops key = whole_history(history, indexes);
	collection_judge(collection, &key, &options, &outcome);
	enum verdict verdict = outcome.verdict;
	assert_true(!outcome.used_frontier || collection == COLLECTION_STACK ||
		    collection == COLLECTION_TUPLE_SPACE);
	*searched += outcome.used_frontier;
	collection_outcome_release(&outcome);
	free(indexes);
	return verdict;
}

static void
crashed_takes_hardly_ever_need_a_search(void **state)
{
	struct rng rng;
	size_t invalid = 0, planted = 0, searched = 0;

	(void)state;
	rng_init(&rng, 32);
	for (size_t i = 0; i < random_share(2000, COMPARED); i++) {
		enum collection collection = 1 + (enum collection)(i % 5);
		struct random_collection shape = some_shape(&rng, collection, 600, true);
		struct history history;
		shape.wrong_percent = 0;
		shape.info_percent = i % 2 == 0 ? 5 : 20;
		random_collection_play(&history, &shape, &rng);
		assert_int_equal(judge_at_once(collection, &history, &searched),
				 VERDICT_VALID);
		if (plant_miss(&history, &rng)) {
			planted++;
			invalid += judge_at_once(collection, &history, &searched) ==
				   VERDICT_INVALID;
		}
		history_release(&history);
	}
	print_message("%zu of %zu with a false miss are invalid, %zu needed a search\n",
		      invalid, planted, searched);
	assert_true(invalid > random_share(2000, COMPARED) / 10 &&
		    searched * 100 < planted);
}

/* What is in the way is found among thousands of crashed takes. */
static void
crashed_takes_of_long_stacks_need_no_search_of_states(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 35);
	for (int i = 0; i < 40; i++) {
		struct random_collection shape = {.collection = COLLECTION_STACK,
						  .ops = 10000,
						  .processes = 10,
						  .take_percent = i % 2 == 0 ? 45 : 40,
						  .look_percent = 10,
						  .info_percent = 30};
		struct history history;
		size_t searched = 0;
		random_collection_play(&history, &shape, &rng);
		assert_int_equal(judge_at_once(COLLECTION_STACK, &history, &searched),
				 VERDICT_VALID);
		assert_int_equal(searched, 0);
		history_release(&history);
	}
}

/* What the takes took is found anew by the replay. */
static void
crashed_takes_of_many_patterns_are_certified(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 33);
	for (uint32_t i = 0; i < 4; i++) {
		struct random_collection shape = {.collection = COLLECTION_TUPLE_SPACE,
						  .ops = 30000,
						  .processes = 10,
						  .take_percent = 45,
						  .look_percent = 10,
						  .info_percent = 3 + 5 * (int)i,
						  .classes = i % 2 == 0 ? 2 : 1000,
						  .shuffled = true};
		struct history history;
		size_t searched = 0;
		random_collection_play(&history, &shape, &rng);
		assert_int_equal(verdict_of(&history, COLLECTION_TUPLE_SPACE),
				 VERDICT_VALID);
		judge_at_once(COLLECTION_TUPLE_SPACE, &history, &searched);
		assert_int_equal(searched, 0);
		history_release(&history);
	}
}

/* One wrong answer in a few hundred operations. */
static void
explanations_have_at_most_a_dozen_operations(void **state)
{
	struct rng rng;
	size_t invalid = 0, small = 0;

	(void)state;
	rng_init(&rng, 29);
	for (size_t i = 0; i < random_share(500, COMPARED); i++) {
		enum collection collection = 1 + (enum collection)(i % 5);
		struct random_collection shape = some_shape(&rng, collection, 300, true);
		struct check_options options = {.threads = 1};
		struct check_result result;
		struct history history;
		shape.wrong_percent = 2;
		shape.info_percent = 0;
		random_collection_play(&history, &shape, &rng);
		checker_run(checkers[collection], &history, &options, &result);
		assert_true(result.certified);
		if (result.verdict == VERDICT_INVALID) {
			const struct anomaly *anomaly = &result.anomalies.items[0];
			bool is_small = anomaly->ops.count <= 12 &&
					strstr(anomaly->text, "No small part") == NULL;
			invalid++;
			small += is_small;
			if (getenv("SHOW") != NULL && (invalid < 12 || !is_small))
				print_message("%s: %s\n", anomaly->name, anomaly->text);
		}
		check_result_release(&result);
		history_release(&history);
	}
	print_message("%zu of %zu explanations are small\n", small, invalid);
	assert_true(invalid > 0 && small * 100 >= invalid * 95);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_on_unique_values_are_true_and_certified),
		cmocka_unit_test(verdicts_on_repeated_values_are_true_and_certified),
		cmocka_unit_test(stacks_with_many_crashed_takes_are_judged_right),
		cmocka_unit_test(what_a_real_collection_did_is_valid),
		cmocka_unit_test(a_planted_element_is_always_found),
		cmocka_unit_test(a_miss_at_the_end_shows_what_was_lost),
		cmocka_unit_test(relaxing_never_makes_a_valid_history_invalid),
		cmocka_unit_test(names_and_other_keys_do_not_matter),
		cmocka_unit_test(parts_of_valid_histories_are_never_refuted),
		cmocka_unit_test(takes_are_counted_right),
		cmocka_unit_test(crashed_takes_hardly_ever_need_a_search),
		cmocka_unit_test(crashed_takes_of_long_stacks_need_no_search_of_states),
		cmocka_unit_test(crashed_takes_of_many_patterns_are_certified),
		cmocka_unit_test(explanations_have_at_most_a_dozen_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
