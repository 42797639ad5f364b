/* Operations that crashed, fed online: those whose end is told when all is over, as in
 * generated histories and those of some tools, and those that nobody will hear of again. */
#include "checkers/generate/generate.h"
#include "tests/checkers/online_feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct online_options plain_options = {0};

/* The most that was live. */
static void
watch_peak(void *context, const struct online *online, double part)
{
	struct online_size *peak = context, size = online_size(online);

	(void)part;
	peak->bytes = size.bytes > peak->bytes ? size.bytes : peak->bytes;
	peak->open = size.open > peak->open ? size.open : peak->open;
}

/* A valid history of which one in a hundred crashed. */
static void
assert_is_judged_within(const char *type, size_t bytes)
{
	const struct generate_options shape = {.type = type,
					       .operations = 100000,
					       .processes = 10,
					       .keys = 2,
					       .info_percent = 1,
					       .seed = 1};
	struct online *online = online_new(online_decider_find(type), &plain_options);
	struct online_size peak = {0};
	struct history history;
	struct err err;

	history_init(&history);
	assert_true(generate_history(&history, &shape, &err));
	assert_int_equal(
		online_feed_watched(online, &history, 1u << 30, watch_peak, &peak), -1);
	assert_null(online_gave_up(online));
	assert_in_range(peak.open, 2 * ONLINE_OPEN_KEPT, 6 * ONLINE_OPEN_KEPT);
	assert_in_range(peak.bytes, 1, bytes);
	online_free(online);
	history_release(&history);
}

static void
crashed_operations_whose_end_is_told_last_hold_little_back(void **state)
{
	(void)state;
	assert_is_judged_within("register", 1 << 20);
	assert_is_judged_within("queue", 2 << 20);
	assert_is_judged_within("stack", 2 << 20);
	assert_is_judged_within("lock", 1 << 20);
	assert_is_judged_within("fenced-lock", 1 << 20);
}

/* Puts the element; a take by `taker` follows that found what, or never says. */
static int64_t
put_and_take(struct online *online, int64_t at, int64_t element, uint32_t taker,
	     val found)
{
	enum op_type end = found == VAL_OF_NIL ? OP_INFO : OP_OK;

	online_tell_small(online, at, 0, OP_NONE, F_ENQUEUE, 1, val_small(element));
	online_tell_small(online, at + 1, 0, OP_OK, F_ENQUEUE, 1, val_small(element));
	online_tell_small(online, at + 2, taker, OP_NONE, F_DEQUEUE, 1, VAL_OF_NIL);
	online_tell_small(online, at + 3, taker, end, F_DEQUEUE, 1, found);
	return at + 4;
}

static void
what_crashed_takes_must_have_taken_is_forgotten(void **state)
{
	struct online *online = online_new(online_decider_find("queue"), &plain_options);
	int64_t at = 0;

	(void)state;
	for (int64_t element = 0; element < 20000; element += 2) {
		at = put_and_take(online, at, element, 9, VAL_OF_NIL);
		at = put_and_take(online, at, element + 1, 0, val_small(element + 1));
	}
	assert_null(online_violation(online));
	assert_in_range(online_size(online).values, 1, 50);
	assert_in_range(online_size(online).bytes, 1, 20000);
	online_tell_small(online, at, 0, OP_NONE, F_DEQUEUE, 1, VAL_OF_NIL);
	online_tell_small(online, at + 1, 0, OP_OK, F_DEQUEUE, 1, val_small(5000));
	assert_non_null(online_violation(online));
	online_free(online);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			crashed_operations_whose_end_is_told_last_hold_little_back),
		cmocka_unit_test(what_crashed_takes_must_have_taken_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
