/* What takes of unknown outcome must have taken from queues, priority queues and bags,
 * against brute force. */
#include "checkers/collection/arrange.h"
#include "checkers/collection/owed_takes.h"
#include "checkers/collection/unknown_takes.h"
#include "checkers/engine/oracle.h"
#include "tests/checkers/random_collection.h"
#include "tests/checkers/random_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

enum {
	OPS_MAX = 15
};

static const enum collection kinds[] = {COLLECTION_PRIORITY_QUEUE, COLLECTION_QUEUE,
					COLLECTION_BAG};

struct answer {
	bool is_found;	  /* elements for the takes */
	bool is_arranged; /* with them */
	bool is_alone;	  /* one element alone is impossible: nobody asks for takes */
};

static struct answer
answer_of(enum collection collection, const struct key_ops *key,
	  const struct check_options *options)
{
	struct arrangement arrangement = {0};
	struct finding finding = {0};
	struct elements elements;
	struct answer answer = {0};
	uint32_t *owed = NULL;
	size_t count;

	assert_true(elements_init(&elements, collection, key, options, &finding));
	answer.is_alone = finding.name != NULL;
	if (!answer.is_alone) {
		answer.is_found = owed_takes_find(&elements, &owed, &count);
		answer.is_arranged =
			arrange_with_unknown(&elements, &arrangement, &finding);
	}
	free(owed);
	elements_release(&elements);
	arrangement_release(&arrangement);
	vec_release(&finding.ops);
	return answer;
}

/* Many takes of unknown outcome. */
static struct random_collection
crashing(struct rng *rng, enum collection collection)
{
	return (struct random_collection){.collection = collection,
					  .ops = 3 + rng_below(rng, OPS_MAX - 2),
					  .processes = 1 + (uint32_t)rng_below(rng, 7),
					  .take_percent = 40 + (int)rng_below(rng, 20),
					  .look_percent = (int)rng_below(rng, 3) * 10,
					  .info_percent = 10 + (int)rng_below(rng, 40),
					  .shuffled = rng_chance(rng, 0.8)};
}

/* Nothing was got instead of something, and takes that may have been were not. */
static void
tamper(struct history *history, struct rng *rng)
{
	uint32_t part = 2 + (uint32_t)rng_below(rng, 6);

	vec_each (struct op, op, &history->ops) {
		if (rng_below(rng, part) != 0 || op->input != VAL_OF_NIL)
			continue;
		if (op->type == OP_OK && op->f != F_PEEK)
			op->output = VAL_OF_NIL;
		else if (op->type == OP_INFO)
			op->type = OP_FAIL;
	}
}

/* Of queues nearly always, of the others exactly then. */
static void
takes_are_found_when_an_order_exists(void **state)
{
	struct check_options options = {.budget = {.bytes_max = 1 << 30}};
	struct rng rng;
	size_t count = random_count(20000), valid = 0, invalid = 0, missed = 0;

	(void)state;
	rng_init(&rng, 41);
	for (size_t i = 0; i < count; i++) {
		enum collection collection = kinds[i % 3];
		struct random_collection shape = crashing(&rng, collection);
		struct history history;
		uint32_t indexes[OPS_MAX];
		random_collection_play(&history, &shape, &rng);
		tamper(&history, &rng);
		for (uint32_t k = 0; k < history.ops.count; k++)
			indexes[k] = k;
		struct key_ops key = {&history, VAL_OF_NIL, indexes, history.ops.count};
		bool is_valid = oracle_judge_key(model_of_collection(collection), &key,
						 &options) == VERDICT_VALID;
		struct answer answer = answer_of(collection, &key, &options);
		assert_true(is_valid ? answer.is_found : !answer.is_arranged);
		if (collection == COLLECTION_QUEUE)
			missed += is_valid && !answer.is_arranged;
		else
			assert_int_equal(answer.is_found, answer.is_arranged);
		valid += is_valid;
		invalid += !is_valid && !answer.is_alone;
		history_release(&history);
	}
	print_message("%zu valid, of which %zu queues are not found, %zu others\n", valid,
		      missed, invalid);
	assert_true(missed * 10000 <= count && valid > count / 4 && invalid > count / 20);
}

/* A third of everything is of unknown outcome. */
static void
long_histories_need_few_steps(void **state)
{
	struct check_options options = {.budget = {.bytes_max = 1 << 30}};
	struct rng rng;

	(void)state;
	rng_init(&rng, 42);
	for (uint32_t i = 0; i < 60; i++) {
		enum collection collection = kinds[i % 3];
		struct random_collection shape = {.collection = collection,
						  .ops = 10000,
						  .processes = i % 2 == 0 ? 150 : 5,
						  .take_percent = 50,
						  .look_percent = 10,
						  .info_percent = 1 + (int)(i / 2),
						  .shuffled = true};
		struct history history;
		random_collection_play(&history, &shape, &rng);
		uint32_t *indexes = mem_new(history.ops.count, sizeof(*indexes));
		for (uint32_t k = 0; k < history.ops.count; k++)
			indexes[k] = k;
		struct key_ops key = {&history, VAL_OF_NIL, indexes, history.ops.count};
		assert_true(answer_of(collection, &key, &options).is_arranged);
		free(indexes);
		history_release(&history);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_are_found_when_an_order_exists),
		cmocka_unit_test(long_histories_need_few_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
