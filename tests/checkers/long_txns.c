#include "tests/checkers/long_txns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

extern const struct checker checker_rw_register;

void
long_txns_expect(const struct random_txns *shape, uint64_t seed,
		 const struct check_options *options, enum verdict expected)
{
	struct check_result result;
	struct history history;
	struct rng rng;

	rng_init(&rng, seed);
	random_txns_play(&history, shape, &rng);
	checker_run(&checker_rw_register, &history, options, &result);
	assert_int_equal(result.verdict, expected);
	assert_true(result.certified);
	check_result_release(&result);
	history_release(&history);
}

void
long_txns_add(struct history *history, uint32_t process, const char *f, int64_t key,
	      val value)
{
	val mop[] = {val_string(&history->values, f), val_small(key), value};
	val list = val_list(&history->values, mop, 3);
	uint32_t now = (uint32_t)history->ops.count;

	history_add(history,
		    &(struct op){.f = F_TXN,
				 .type = OP_OK,
				 .process = process,
				 .invoke_at = 2 * now,
				 .complete_at = 2 * now + 1,
				 .output = val_list(&history->values, &list, 1)});
}

void
long_txns_play_strangers(struct history *history, int64_t rounds)
{
	history_init(history);
	for (int64_t i = 1; i <= rounds; i++) {
		long_txns_add(history, 0, "w", i % 2, val_small(i));
		long_txns_add(history, 1, "r", 0, VAL_OF_NIL);
	}
}
