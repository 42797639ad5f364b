/* Judging beside the recorder: batches from one thread are judged on another. */
#include "base/clock.h"
#include "base/file.h"
#include "harness/run/recorder.h"
#include "harness/run/status.h"
#include "tests/base/scratch.h"
#include "tests/harness/own_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An operation on key 1 that begins at a position and ends at the next one. */
static void
add_op(struct online_batch *batch, enum op_f f, int64_t value, uint32_t at)
{
	const struct online_word number = {.is_number = true, .number = value};
	struct online_news begin = {.position = at,
				    .f = f,
				    .type = OP_NONE,
				    .key = {.is_number = true, .number = 1}};
	struct online_news end = {.position = at + 1, .f = f, .type = OP_OK};

	if (f == F_WRITE)
		begin.value = number;
	else
		end.value = number;
	vec_push(&batch->news, begin);
	vec_push(&batch->news, end);
}

static struct online_check *
start(void)
{
	const struct online_options options = {0};
	struct err err;
	struct online_check *check =
		online_check_new(online_decider_find("register"), &options, &err);

	if (check == NULL)
		fail_msg("%s", err.text);
	return check;
}

/* All that was added, and events before the position are complete. */
static void
tell(struct online_check *check, struct online_batch *batch, uint32_t position)
{
	online_check_tell(check, batch, position);
	online_batch_release(batch);
}

static void
assert_ends(struct online_check *check, const char *expected)
{
	struct buf words = {0};

	online_check_end(check, &words);
	assert_non_null(strstr(buf_text(&words), expected));
	online_check_free(check);
	buf_release(&words);
}

static void
violations_are_found_across_batches(void **state)
{
	struct online_check *check = start();
	struct online_batch batch = {0};

	(void)state;
	add_op(&batch, F_WRITE, 1, 0);
	add_op(&batch, F_WRITE, 2, 2);
	tell(check, &batch, 4);
	assert_false(online_check_found(check));
	add_op(&batch, F_READ, 2, 4);
	add_op(&batch, F_READ, 1, 6);
	tell(check, &batch, 8);
	struct buf words = {0};
	online_check_end(check, &words);
	assert_true(online_check_found(check));
	assert_non_null(strstr(buf_text(&words), "of key 1: 1"));
	online_check_free(check);
	buf_release(&words);
}

/* The write is told after the read that saw it: the thread waits for what is missing. */
static void
events_are_judged_in_the_order_of_their_positions(void **state)
{
	struct online_check *check = start();
	struct online_batch batch = {0};

	(void)state;
	add_op(&batch, F_READ, 1, 2);
	tell(check, &batch, 0);
	add_op(&batch, F_WRITE, 1, 0);
	tell(check, &batch, 4);
	assert_ends(check, "no violation among 2 operations");
}

static void
values_that_are_texts_are_judged_too(void **state)
{
	struct online_check *check = start();
	struct online_batch batch = {0};
	const struct online_word old = {.is_text = true, .number = 0};
	const struct online_word new = {.is_text = true, .number = 4};

	(void)state;
	for (uint32_t at = 0; at < 6; at += 2)
		add_op(&batch, at < 4 ? F_WRITE : F_READ, 0, at);
	batch.news.items[0].value = batch.news.items[5].value = old;
	batch.news.items[2].value = new;
	buf_append(&batch.texts, "\"a\"\0\"b\"", 8);
	tell(check, &batch, 6);
	assert_ends(check, "stale-read of key 1");
}

static void
valid_batches_say_how_much_was_judged(void **state)
{
	struct online_check *check = start();

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct online_batch batch = {0};
		add_op(&batch, F_WRITE, i + 1, i * 4);
		add_op(&batch, F_READ, i + 1, i * 4 + 2);
		tell(check, &batch, i * 4 + 4);
	}
	assert_ends(check, "no violation among 2000 operations");
}

static void
too_many_waiting_operations_end_the_judging(void **state)
{
	struct online_check *check = start();
	struct online_batch batch = {0};

	(void)state;
	for (uint32_t i = 0; i <= ONLINE_WAITING_MAX / 2; i++)
		add_op(&batch, F_WRITE, i, i * 2);
	tell(check, &batch, ONLINE_WAITING_MAX + 2);
	assert_ends(check, "given up: operations came faster than they were judged");
}

/* ---- with a recorder ---- */

static void
record(struct recorder *recorder, struct values *values, uint32_t process, enum op_f f,
       int64_t value)
{
	struct call call = {.f = f, .values = values, .key = val_small(7)};

	call.input = f == F_WRITE ? val_small(value) : VAL_OF_NIL;
	assert_true(recorder_invoke(recorder, 0, &call, process, 0));
	call.type = OP_OK;
	call.output = val_small(value);
	recorder_complete(recorder, 0, &call);
}

static void
a_recorder_tells_what_it_records(void **state)
{
	struct online_check *check = start();
	struct values values;
	struct err err;

	(void)state;
	struct store *store = own_store(scratch);
	struct recorder *recorder = recorder_new(store, 1, 0, &err);
	assert_non_null(recorder);
	recorder_judge(recorder, check);
	values_init(&values);
	record(recorder, &values, 0, F_WRITE, 1);
	record(recorder, &values, 0, F_READ, 1);
	record(recorder, &values, 0, F_WRITE, 2);
	record(recorder, &values, 0, F_READ, 1);
	assert_true(recorder_drain(recorder, &err));
	assert_ends(check, "stale-read of key 7: 1, against 2");
	recorder_free(recorder);
	values_release(&values);
	assert_true(store_close(store, &err));
}

/* ---- the status line ---- */

static void
status_line_tells_how_far_was_judged(void **state)
{
	const struct tally tally = {.ok = 24001, .fail = 120, .info = 3};
	struct status status;
	struct buf line = {0};

	(void)state;
	status_init(&status, 0, 30 * NS_PER_S, false);
	status_line(&status, NS_PER_S, "clients", tally, "", &line);
	assert_null(strstr(buf_text(&line), "checked"));
	status.is_judged = true;
	status.judged = 24110;
	buf_clear(&line);
	status_line(&status, 2 * NS_PER_S, "clients", tally, "", &line);
	assert_non_null(strstr(buf_text(&line), "  checked 24,110"));
	buf_release(&line);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(violations_are_found_across_batches),
		cmocka_unit_test(events_are_judged_in_the_order_of_their_positions),
		cmocka_unit_test(values_that_are_texts_are_judged_too),
		cmocka_unit_test(valid_batches_say_how_much_was_judged),
		cmocka_unit_test(too_many_waiting_operations_end_the_judging),
		cmocka_unit_test_setup_teardown(a_recorder_tells_what_it_records,
						scratch_make, scratch_remove),
		cmocka_unit_test(status_line_tells_how_far_was_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
