/* What Jepsen's checkers tell in numbers beside the verdict. */
#include "checkers/checker.h"
#include "checkers/jepsen/exceptions.h"
#include "checkers/jepsen/stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000LL

static val
list_of(struct values *values, val item)
{
	return val_list(values, &item, 1);
}

/* The operation takes a second, begins at `second`, and is ok. */
static void
add(struct history *history, uint32_t process, uint16_t f, int64_t second, val output)
{
	struct op op = {.process = process,
			.f = f,
			.type = OP_OK,
			.input = output,
			.output = output,
			.invoke_at = (uint32_t)(2 * second),
			.complete_at = (uint32_t)(2 * second + 1),
			.invoke_ns = second * SECOND,
			.complete_ns = (second + 1) * SECOND};

	history_add(history, &op);
}

static void
add_send(struct history *history, int64_t second, int64_t offset)
{
	struct values *values = &history->values;
	val record = val_pair(values, val_small(offset), val_small(100 + offset));
	val parts[] = {val_string(values, "send"), val_small(7), record};

	add(history, 0, F_SEND, second, list_of(values, val_list(values, parts, 3)));
}

/* Of the offset, or nothing when it is negative. */
static void
add_poll(struct history *history, int64_t second, int64_t offset)
{
	struct values *values = &history->values;
	val polled = val_map(values, NULL, 0);

	if (offset >= 0) {
		val record = val_pair(values, val_small(offset), val_small(100 + offset));
		polled = val_map(values, (val[]){val_small(7), list_of(values, record)},
				 2);
	}
	add(history, 1, F_POLL, second,
	    list_of(values, val_pair(values, val_string(values, "poll"), polled)));
}

static void
check(const char *name, const struct history *history, struct check_result *result)
{
	struct check_options options = {0};
	struct err err;

	checker_run(checker_find(name, &err), history, &options, result);
}

static void
assert_details(const struct check_result *result, const char *text)
{
	if (strstr(buf_text(&result->details), text) == NULL)
		fail_msg("no %s in %s", text, buf_text(&result->details));
}

/* Known at 3 s, asked for at 5 s and not there: two seconds behind. */
static void
a_consumer_that_is_behind_is_told_with_its_lag(void **state)
{
	struct check_result result;
	struct history history;

	(void)state;
	history_init(&history);
	add_send(&history, 0, 0);
	add_poll(&history, 1, 0);
	add_send(&history, 2, 1);
	add_poll(&history, 5, -1);
	add_poll(&history, 6, 1);
	history_sort(&history);
	check("kafka", &history, &result);
	assert_int_equal(result.verdict, VERDICT_VALID);
	assert_details(&result, "\"worst-realtime-lag\":{\"process\":1,\"key\":7,"
				"\"time\":5.000000,\"lag\":2.000000}");
	check_result_release(&result);
	history_release(&history);
}

static void
a_consumer_that_gets_what_there_is_has_no_lag(void **state)
{
	struct check_result result;
	struct history history;

	(void)state;
	history_init(&history);
	add_send(&history, 0, 0);
	add_poll(&history, 1, 0);
	add_poll(&history, 2, -1);
	history_sort(&history);
	check("kafka", &history, &result);
	assert_int_equal(result.verdict, VERDICT_VALID);
	assert_details(&result, "\"worst-realtime-lag\":null");
	check_result_release(&result);
	history_release(&history);
}

static void
what_nobody_polled_is_counted_by_partition(void **state)
{
	struct check_result result;
	struct history history;

	(void)state;
	history_init(&history);
	add_send(&history, 0, 0);
	add_poll(&history, 1, 0);
	add_send(&history, 2, 1);
	add_send(&history, 3, 2);
	history_sort(&history);
	check("kafka", &history, &result);
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	assert_details(&result, "\"unseen\":2,\"unseen-by-partition\":[[7,2]]");
	check_result_release(&result);
	history_release(&history);
}

/* Three reads, of which one fails, and two cas that fail. */
static void
play_failures(struct history *history)
{
	static const uint16_t fs[] = {F_READ, F_READ, F_READ, F_CAS, F_CAS};

	history_init(history);
	for (size_t i = 0; i < 5; i++) {
		struct op op = {.f = fs[i], .invoke_at = (uint32_t)(2 * i)};
		op.type = i < 2 ? OP_OK : OP_FAIL;
		op.complete_at = op.invoke_at + 1;
		if (i >= 2)
			op.error = history_error_id(history,
						    i == 2 ? "slow 12 ms" : "slow 7 ms");
		history_add(history, &op);
	}
	history_sort(history);
}

static void
traffic_is_told_in_one_line(void **state)
{
	struct history history;
	struct buf words = {0};

	(void)state;
	play_failures(&history);
	stats_words(&history, &words);
	assert_string_equal(buf_text(&words),
			    "2 ok, 3 fail; read 2 of 3 ok, cas 0 of 2 ok");
	buf_clear(&words);
	assert_true(exceptions_words(&history, 3, &words));
	assert_string_equal(buf_text(&words), "3 slow # ms");
	buf_release(&words);
	history_release(&history);
}

static void
only_what_was_asked_often_enough_is_held_against_a_run(void **state)
{
	struct history history;
	struct buf words = {0};

	(void)state;
	play_failures(&history);
	assert_false(stats_never(&history, 3, &words));
	assert_true(stats_never(&history, 2, &words));
	assert_string_equal(buf_text(&words), "none of 2 cas succeeded");
	buf_release(&words);
	history_release(&history);
}

static void
assert_classes(const char *const *errors, size_t count, const char *expected)
{
	struct history history;
	struct buf words = {0};

	history_init(&history);
	for (uint32_t i = 0; i < count; i++) {
		struct op op = {.f = F_READ,
				.type = OP_INFO,
				.process = i,
				.invoke_at = i,
				.complete_at = OP_NEVER};
		op.error = history_error_id(&history, errors[i]);
		history_add(&history, &op);
	}
	assert_true(exceptions_words(&history, 9, &words));
	assert_string_equal(buf_text(&words), expected);
	buf_release(&words);
	history_release(&history);
}

static void
exceptions_are_of_their_class_whatever_they_say(void **state)
{
	static const char *const errors[] = {
		"a.b.NotFound: key x", "java.net.ConnectException: refused",
		"java.net.ConnectException: timed out", "java.net.ConnectException",
		"a.b.NotFound: no key"};

	(void)state;
	assert_classes(errors, 5, "3 java.net.ConnectException, 2 a.b.NotFound");
}

static void
what_only_looks_like_the_class_of_an_exception_is_a_text(void **state)
{
	static const char *const errors[] = {"example.com: no route",
					     "NotFound: key x",
					     "a.7B: x",
					     "a..B: x",
					     "1.2.B: x",
					     "a.B:x",
					     "a.B went away"};

	(void)state;
	assert_classes(
		errors, 7,
		"1 example.com: no route, 1 NotFound: key x, 1 a.#B: x, 1 a..B: x, "
		"1 #.#.B: x, 1 a.B:x, 1 a.B went away");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_consumer_that_is_behind_is_told_with_its_lag),
		cmocka_unit_test(a_consumer_that_gets_what_there_is_has_no_lag),
		cmocka_unit_test(what_nobody_polled_is_counted_by_partition),
		cmocka_unit_test(traffic_is_told_in_one_line),
		cmocka_unit_test(exceptions_are_of_their_class_whatever_they_say),
		cmocka_unit_test(
			what_only_looks_like_the_class_of_an_exception_is_a_text),
		cmocka_unit_test(only_what_was_asked_often_enough_is_held_against_a_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
