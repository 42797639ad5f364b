/* Levels of isolation that are neither an order of all transactions nor axioms alone, by
 * brute force on random histories of stores and on such in which keys are read again; and
 * that the brute force knows every level there is. */
#include "checkers/transaction/isolation.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/small_levels.h"
#include "tests/checkers/small_lists.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

extern const struct checker checker_list_append, checker_rw_register;

static const char *const asked[] = {"read-uncommitted",	     "read-committed",
				    "strong-read-committed", "cursor-stability",
				    "update-atomic",	     "consistent-view",
				    "repeatable-read"};

enum {
	ASKED = sizeof(asked) / sizeof(asked[0])
};

static void
brute_force_knows_every_level(void **state)
{
	(void)state;
	assert_int_equal(SMALL_LEVELS, level_count());
	for (size_t i = 0; i < level_count(); i++)
		assert_non_null(small_level_find(level_name(i)));
}

static enum verdict
compare(const struct checker *checker, const struct history *history, const char *name)
{
	struct check_options options = {.level = name};
	struct check_result result;
	struct small_txns h;

	small_txns_of(&h, history);
	bool expected = small_level_holds(small_level_find(name), &h);
	checker_run(checker, history, &options, &result);
	enum verdict verdict = result.verdict;
	if (verdict != (expected ? VERDICT_VALID : VERDICT_INVALID) ||
	    !result.certified) {
		whole_history_print(history);
		fail_msg("%s: expected %s, got %s, certified %d: %s", name,
			 expected ? "valid" : "invalid", verdict_name(verdict),
			 result.certified, result.reason);
	}
	check_result_release(&result);
	return verdict;
}

static void
compare_levels(const struct checker *checker,
	       void (*make)(struct history *history, int number, struct rng *rng))
{
	int total = (int)random_count(5000), counts[ASKED][VERDICT_UNKNOWN + 1] = {0};
	struct rng rng;

	rng_init(&rng, 19);
	for (int i = 0; i < total; i++) {
		struct history history;
		make(&history, i, &rng);
		for (size_t k = 0; k < ASKED; k++)
			counts[k][compare(checker, &history, asked[k])]++;
		history_release(&history);
	}
	for (size_t k = 0; k < ASKED; k++) {
		print_message("%s, %s: %d valid, %d invalid, %d unknown\n", checker->name,
			      asked[k], counts[k][VERDICT_VALID],
			      counts[k][VERDICT_INVALID], counts[k][VERDICT_UNKNOWN]);
		assert_in_range(counts[k][VERDICT_VALID], total / 20, total - 1);
		assert_int_equal(counts[k][VERDICT_UNKNOWN], 0);
	}
}

/* One in twenty histories has a read of a value that nobody wrote. */
static void
invent(struct small_txns *h, struct rng *rng)
{
	struct small_txn *txn = &h->txns[rng_below(rng, (uint64_t)h->count)];
	struct small_mop *mop = &txn->mops[rng_below(rng, (uint64_t)txn->mop_count)];

	if (!mop->write && rng_chance(rng, 0.1))
		mop->value = 1000;
}

/* In every second history keys are read again. */
static void
make_registers(struct history *history, int number, struct rng *rng)
{
	struct small_txns h = {0};

	small_txns_make(&h, rng);
	if (number % 2 == 1)
		small_txns_read_again(&h, rng);
	invent(&h, rng);
	small_txns_history(&h, history);
}

/* And of every second one many reads are left out. */
static void
make_lists(struct history *history, int number, struct rng *rng)
{
	small_lists_make(history, rng);
	if (number % 2 == 1)
		small_lists_read_again(history, rng);
	if (number % 4 > 1)
		small_lists_forget_reads(history, rng);
}

static void
levels_of_registers_agree_with_brute_force(void **state)
{
	(void)state;
	compare_levels(&checker_rw_register, make_registers);
}

static void
levels_of_lists_agree_with_brute_force(void **state)
{
	(void)state;
	compare_levels(&checker_list_append, make_lists);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(brute_force_knows_every_level),
		cmocka_unit_test(levels_of_registers_agree_with_brute_force),
		cmocka_unit_test(levels_of_lists_agree_with_brute_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
