/* Orders in which reads return one of the k last writes. */
#include "checkers/weak/k_order.h"
#include "tests/checkers/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* Writes 1, 2 and 3 one after the other, then a read of 1, while nobody knows of a write 4.
 * Operations are numbered as they began. */
static void
orders_are_accepted_for_as_many_versions_as_they_take(void **state)
{
	static const struct {
		uint32_t order[6], count, k;
		bool holds;
	} cases[] = {
		{{0, 1, 2, 3}, 4, 3, true},
		{{0, 1, 2, 3}, 4, 2, false}, /* two versions too many */
		{{0, 1, 2, 4, 3}, 5, 4, true},
		{{0, 1, 2, 4, 3}, 5, 3, false}, /* the crashed write counts */
		{{0, 1, 3, 2}, 4, 3, false},	/* against real time */
		{{0, 1, 2}, 3, 3, false},	/* the read is missing */
		{{0, 1, 1, 2, 3}, 5, 3, false}, /* one stands twice */
		{{0, 1, 2, 3, 9}, 5, 3, false}, /* there is no such operation */
	};
	struct history history;
	struct observed observed;
	struct partition partition;
	const struct check_options options = {0};
	struct err err;

	(void)state;
	script_play(&history, "0+w1 0=ok 0+w2 0=ok 0+w3 0=ok 0+r 1+w4 1=? 0=1");
	assert_true(observed_init(&observed, &history, &options, &err));
	partition_init(&partition, &history);
	struct key_ops key = partition_at(&partition, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(k_order_holds(&observed, &key, cases[i].order,
					       cases[i].count, cases[i].k, &err),
				 cases[i].holds);
	partition_release(&partition);
	observed_release(&observed);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_are_accepted_for_as_many_versions_as_they_take),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
