/* Judging beside the recorder: batches from one thread are judged on another. */
#include "base/file.h"
#include "harness/run/recorder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct online_op
write_op(int64_t value, uint32_t at)
{
	return (struct online_op){.key = 1,
				  .written = value,
				  .seen = ONLINE_NIL,
				  .invoke_at = at,
				  .complete_at = at + 1,
				  .type = OP_OK,
				  .writes = true};
}

static struct online_op
read_op(int64_t value, uint32_t at)
{
	struct online_op op = write_op(ONLINE_NIL, at);

	op.writes = false;
	op.sees = true;
	op.seen = value;
	return op;
}

static struct online_check *
start(void)
{
	struct err err;
	struct online_check *check = online_check_new(&err);

	if (check == NULL)
		fail_msg("%s", err.text);
	return check;
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
	const struct online_op first[] = {write_op(1, 0), write_op(2, 2)};
	const struct online_op second[] = {read_op(2, 4), read_op(1, 6)};

	(void)state;
	online_check_tell(check, first, 2, 4);
	assert_false(online_check_found(check));
	online_check_tell(check, second, 2, 8);
	struct buf words = {0};
	online_check_end(check, &words);
	assert_true(online_check_found(check));
	assert_non_null(strstr(buf_text(&words), "of key 1: value 1"));
	online_check_free(check);
	buf_release(&words);
}

static void
valid_batches_say_how_much_was_judged(void **state)
{
	struct online_check *check = start();

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		const struct online_op ops[] = {write_op(i + 1, i * 4),
						read_op(i + 1, i * 4 + 2)};
		online_check_tell(check, ops, 2, i * 4 + 4);
	}
	assert_ends(check, "no violation among 2000 reports");
}

static void
too_many_waiting_operations_end_the_judging(void **state)
{
	struct online_check *check = start();
	size_t count = ONLINE_WAITING_MAX + 1;
	struct online_op *ops = mem_new(count, sizeof(*ops));

	(void)state;
	for (uint32_t i = 0; i < count; i++)
		ops[i] = write_op(i, i * 2);
	online_check_tell(check, ops, count, (uint32_t)count * 2);
	free(ops);
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

static struct store *
create(const char *folder)
{
	struct err err;
	const struct store_run head = {.name = "online",
				       .system = "none",
				       .workload = "none",
				       .faults = "none",
				       .command = "faultline run",
				       .version = "test"};
	struct store *store = store_create(folder, &head, &err);

	if (store == NULL)
		fail_msg("%s", err.text);
	return store;
}

static void
a_recorder_tells_what_it_records(void **state)
{
	char folder[] = "/tmp/faultline-online-XXXXXX";
	struct online_check *check = start();
	struct values values;
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(folder));
	struct store *store = create(folder);
	struct recorder *recorder = recorder_new(store, 1, 0, &err);
	assert_non_null(recorder);
	recorder_judge(recorder, check);
	values_init(&values);
	record(recorder, &values, 0, F_WRITE, 1);
	record(recorder, &values, 0, F_READ, 1);
	record(recorder, &values, 0, F_WRITE, 2);
	record(recorder, &values, 0, F_READ, 1);
	assert_true(recorder_drain(recorder, &err));
	assert_ends(check, "stale-read of key 7: value 1 was seen after it was replaced");
	recorder_free(recorder);
	values_release(&values);
	assert_true(store_close(store, &err));
	assert_true(file_remove_tree(folder, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(violations_are_found_across_batches),
		cmocka_unit_test(valid_batches_say_how_much_was_judged),
		cmocka_unit_test(too_many_waiting_operations_end_the_judging),
		cmocka_unit_test(a_recorder_tells_what_it_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
