/* Histories: built event by event or operation by operation, the order of events holds.
 */
#include "base/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static struct op
event(uint32_t process, enum op_f f, enum op_type type, val v)
{
	return (struct op){.process = process,
			   .f = (uint16_t)f,
			   .type = (uint8_t)type,
			   .input = v,
			   .output = v,
			   .invoke_ns = 1000,
			   .complete_ns = 2000};
}

static void
an_operation_is_open_until_completed(void **state)
{
	struct history h;
	struct err err;

	(void)state;
	history_init(&h);
	struct op write = event(0, F_WRITE, OP_OK, val_small(5));
	struct op read = event(1, F_READ, OP_INFO, val_small(5));
	assert_true(history_invoke(&h, &write, &err));
	assert_true(history_invoke(&h, &read, &err));
	assert_int_equal(h.ops.items[0].type, OP_INFO);
	assert_true(history_complete(&h, &write, &err));
	assert_true(history_complete(&h, &read, &err));
	assert_int_equal(h.ops.items[0].type, OP_OK);
	assert_int_equal(h.ops.items[0].complete_at, 2);
	assert_int_equal(h.ops.items[1].complete_at, OP_NEVER);
	history_release(&h);
}

static void
impossible_events_are_refused_with_the_reason(void **state)
{
	struct history h;
	struct err err;

	(void)state;
	history_init(&h);
	struct op write = event(3, F_WRITE, OP_OK, val_small(5));
	struct op read = event(3, F_READ, OP_OK, VAL_OF_NIL);
	assert_false(history_complete(&h, &write, &err));
	assert_string_equal(err.text,
			    "process 3 completes 'write' that it never invoked");
	assert_true(history_invoke(&h, &write, &err));
	assert_false(history_invoke(&h, &read, &err));
	assert_string_equal(err.text,
			    "process 3 invokes 'read' while its 'write' is still open");
	assert_false(history_complete(&h, &read, &err));
	history_release(&h);
}

/* Positions are `scale` apart: near ones and far ones are numbered in different ways. */
static void
assert_sorts_at_scale(uint32_t scale)
{
	struct history h;

	history_init(&h);
	struct op late = {.invoke_at = 90 * scale,
			  .complete_at = 100 * scale,
			  .type = OP_OK,
			  .process = 1};
	struct op early = {.invoke_at = 1 * scale,
			   .complete_at = 95 * scale,
			   .type = OP_OK,
			   .process = 2};
	struct op open = {
		.invoke_at = 2 * scale, .complete_at = OP_NEVER, .type = OP_INFO};
	history_add(&h, &late);
	history_add(&h, &early);
	history_add(&h, &open);
	history_sort(&h);
	assert_int_equal(h.ops.items[0].process, 2);
	assert_int_equal(h.ops.items[0].invoke_at, 0);
	assert_int_equal(h.ops.items[1].complete_at, OP_NEVER);
	assert_int_equal(h.ops.items[2].invoke_at, 2);
	assert_int_equal(h.ops.items[0].complete_at, 3);
	assert_int_equal(h.ops.items[2].complete_at, 4);
	assert_int_equal(h.events, 5);
	history_release(&h);
}

static void
sorting_numbers_events_densely_in_their_order(void **state)
{
	(void)state;
	assert_sorts_at_scale(1);
	assert_sorts_at_scale(10);
	assert_sorts_at_scale(640);
	assert_sorts_at_scale(42000000);
}

static void
sorting_keeps_equal_positions_apart(void **state)
{
	struct history h;
	struct op op = {.invoke_at = 5, .complete_at = 5, .type = OP_OK};

	(void)state;
	history_init(&h);
	history_add(&h, &op);
	history_add(&h, &op);
	history_sort(&h);
	assert_int_equal(h.events, 4);
	assert_true(h.ops.items[0].invoke_at < h.ops.items[0].complete_at);
	assert_true(h.ops.items[0].complete_at < h.ops.items[1].invoke_at);
	history_release(&h);
}

static void
unknown_functions_get_numbers_and_keep_names(void **state)
{
	struct history h;

	(void)state;
	history_init(&h);
	uint16_t f = history_f(&h, "frobnicate", 10);
	assert_true(f >= F_KNOWN);
	assert_int_equal(history_f(&h, "frobnicate", 10), f);
	assert_string_equal(history_f_name(&h, f), "frobnicate");
	assert_int_equal(history_f(&h, "update-if", 9), F_UPDATE_IF);
	history_release(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_operation_is_open_until_completed),
		cmocka_unit_test(impossible_events_are_refused_with_the_reason),
		cmocka_unit_test(sorting_numbers_events_densely_in_their_order),
		cmocka_unit_test(sorting_keeps_equal_positions_apart),
		cmocka_unit_test(unknown_functions_get_numbers_and_keep_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
