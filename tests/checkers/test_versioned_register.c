/* Versioned registers of which many changes are unseen: cas that follow each other, each of
 * unknown outcome, where no read fell between. */
#include "base/rng.h"
#include "checkers/engine/oracle.h"
#include "checkers/generate/generate.h"
#include "checkers/register/versioned_register.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
	OPS_MAX = 10,
	TWISTS = 15, /* one number in so many is another one */
};

struct play {
	struct history *history;
	struct rng rng;
	int64_t version, value; /* 0: at first */
	uint32_t count;
};

static val
pair(struct play *play, val first, val second)
{
	return val_pair(&play->history->values, first, second);
}

static val
number_or_nil(int64_t number)
{
	return number == 0 ? VAL_OF_NIL : val_small(number);
}

/* What it takes for the value is mostly the one there is. */
static void
change(struct play *play, struct op *op)
{
	int64_t seen = play->value, next = 1 + play->count;

	if (rng_below(&play->rng, TWISTS) == 0)
		seen = (int64_t)rng_below(&play->rng, OPS_MAX);
	op->f = rng_below(&play->rng, 4) == 0 ? F_WRITE : F_CAS;
	val content = op->f == F_WRITE ? val_small(next)
				       : pair(play, number_or_nil(seen), val_small(next));
	op->input = pair(play, VAL_OF_NIL, content);
	if (op->type == OP_INFO && rng_below(&play->rng, 6) == 0)
		return;
	play->version += rng_between(&play->rng, 1, 2);
	play->value = next;
	bool is_told = op->type == OP_OK && rng_below(&play->rng, 8) != 0;
	if (is_told)
		op->output = pair(play, val_small(play->version), content);
}

static void
look(struct play *play, struct op *op)
{
	int64_t version = play->version;

	op->f = F_READ;
	op->type = OP_OK;
	if (rng_below(&play->rng, TWISTS) == 0)
		version += rng_between(&play->rng, -2, 2);
	op->output = pair(play, val_small(version), number_or_nil(play->value));
}

/* Operation i takes effect at 8 i. */
static void
act(struct play *play)
{
	uint32_t at = 8 * play->count, early = (uint32_t)rng_below(&play->rng, 25);
	struct op op = {.process = play->count, .type = OP_OK};

	if (rng_below(&play->rng, 5) == 0)
		look(play, &op);
	else {
		op.type = rng_below(&play->rng, 3) == 0 ? OP_OK : OP_INFO;
		change(play, &op);
	}
	op.invoke_at = early > at ? 0 : at - early;
	op.complete_at = op.type == OP_INFO
				 ? OP_NEVER
				 : at + 1 + (uint32_t)rng_below(&play->rng, 25);
	history_add(play->history, &op);
	play->count++;
}

static void
play_unseen(struct history *history, uint64_t seed)
{
	struct play play = {.history = history};

	rng_init(&play.rng, seed);
	history_init(history);
	for (uint64_t left = 3 + rng_below(&play.rng, OPS_MAX - 2); left > 0; left--)
		act(&play);
	history_sort(history);
}

static enum verdict
judge(const struct history *history, struct budget budget)
{
	struct check_options options = {.threads = 1, .budget = budget};
	struct check_result result;

	checker_run(&checker_versioned_register, history, &options, &result);
	enum verdict verdict = result.verdict;
	if (!result.certified)
		whole_history_print(history);
	assert_true(result.certified);
	check_result_release(&result);
	return verdict;
}

static void
unseen_changes_agree_with_brute_force(void **state)
{
	struct budget budget = {.bytes_max = (size_t)1 << 28};
	struct check_options options = {.budget = budget};
	size_t count = random_count(20000), invalid = 0;
	struct history history;
	uint32_t indexes[OPS_MAX];

	(void)state;
	for (size_t i = 0; i < count; i++) {
		play_unseen(&history, i);
		struct key_ops key = whole_history(&history, indexes);
		enum verdict truth =
			oracle_judge_key(&model_versioned_register, &key, &options);
		if (judge(&history, budget) != truth) {
			whole_history_print(&history);
			fail_msg("history %zu is %s", i, verdict_name(truth));
		}
		invalid += truth == VERDICT_INVALID;
		history_release(&history);
	}
	print_message("%zu of %zu invalid\n", invalid, count);
	assert_in_range(invalid, count / 20, count * 19 / 20);
}

/* Some cas follow several others that nobody saw. The engine, which would need more than any
 * budget, gets less than it asks for before it begins: 96 bytes an operation. */
static void
chains_of_unseen_changes_need_no_search(void **state)
{
	static const uint64_t seeds[] = {1, 2, 3, 4, 5, 6, 7, 8};
	struct history history;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		struct generate_options how = {.type = "versioned-register",
					       .operations = 10000,
					       .processes = 10,
					       .info_percent = 30,
					       .seed = seeds[i]};
		history_init(&history);
		assert_true(generate_history(&history, &how, &err));
		struct budget small = {.bytes_max = 64 * how.operations};
		assert_int_equal(judge(&history, small), VERDICT_VALID);
		history_release(&history);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unseen_changes_agree_with_brute_force),
		cmocka_unit_test(chains_of_unseen_changes_need_no_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
