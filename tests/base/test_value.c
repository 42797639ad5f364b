/* Values: what goes in comes out, prints as JSON, compares and copies deeply. */
#include "base/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static void
assert_prints(const struct values *values, val v, const char *expected)
{
	struct buf out = {0};

	val_print(values, v, &out);
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
}

static void
integers_of_any_size_keep_their_number(void **state)
{
	static const int64_t numbers[] = {0,
					  1,
					  -1,
					  1 << 30,
					  -((int64_t)1 << 60),
					  ((int64_t)1 << 60) - 1,
					  (int64_t)1 << 60,
					  INT64_MAX,
					  INT64_MIN};
	struct values values;

	(void)state;
	values_init(&values);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		val v = val_int(&values, numbers[i]);
		assert_int_equal(val_kind(v), VAL_INT);
		assert_true(val_number(&values, v) == numbers[i]);
	}
	values_release(&values);
}

static void
equal_strings_are_one_word(void **state)
{
	struct values values;

	(void)state;
	values_init(&values);
	val a = val_string(&values, "alpha");
	for (int i = 0; i < 1000; i++) {
		char text[16];
		snprintf(text, sizeof(text), "s%d", i);
		val_string(&values, text);
	}
	assert_true(a == val_string(&values, "alpha"));
	assert_true(a != val_string(&values, "alph"));
	assert_int_equal(val_text(&values, a).len, 5);
	values_release(&values);
}

static void
nested_values_print_as_json(void **state)
{
	struct values values;

	(void)state;
	values_init(&values);
	val pair = val_pair(&values, val_small(1), val_string(&values, "a\"\\\n\x01"));
	val map = val_map(&values, (val[]){val_string(&values, "k"), pair}, 2);
	val odd = val_map(&values, (val[]){pair, VAL_OF_NIL}, 2);
	assert_prints(&values, map, "{\"k\":[1,\"a\\\"\\\\\\n\\u0001\"]}");
	assert_prints(&values, odd, "[[[1,\"a\\\"\\\\\\n\\u0001\"],null]]");
	assert_prints(&values, val_bool(true), "true");
	assert_prints(&values, val_real(&values, 1.0), "1.0");
	assert_prints(&values, val_real(&values, 0.1), "0.10000000000000001");
	values_release(&values);
}

static void
broken_utf8_prints_as_replacement_characters(void **state)
{
	struct buf out = {0};

	(void)state;
	json_print_string("a\xff\xc3\xa9\xed\xa0\x80z", 8, &out);
	assert_string_equal(buf_text(&out),
			    "\"a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd"
			    "\xef\xbf\xbdz\"");
	buf_release(&out);
}

static void
copies_into_another_pool_are_deep_and_equal(void **state)
{
	struct values from, to;

	(void)state;
	values_init(&from);
	values_init(&to);
	val_string(&to, "something else first");
	val list = val_list(&from,
			    (val[]){val_int(&from, INT64_MAX), val_string(&from, "x"),
				    val_real(&from, 2.5), val_bool(false), VAL_OF_NIL},
			    5);
	val copy = val_copy(&to, &from, val_pair(&from, list, list));
	values_release(&from);
	assert_prints(&to, copy,
		      "[[9223372036854775807,\"x\",2.5,false,null],"
		      "[9223372036854775807,\"x\",2.5,false,null]]");
	assert_true(val_equal(&to, val_at(&to, copy, 0), val_at(&to, copy, 1)));
	assert_true(val_hash(&to, val_at(&to, copy, 0)) ==
		    val_hash(&to, val_at(&to, copy, 1)));
	values_release(&to);
}

static void
order_is_total_and_antisymmetric(void **state)
{
	struct values values;
	val items[8];

	(void)state;
	values_init(&values);
	items[0] = VAL_OF_NIL;
	items[1] = val_small(-5);
	items[2] = val_small(7);
	items[3] = val_string(&values, "a");
	items[4] = val_string(&values, "ab");
	items[5] = val_list(&values, items + 1, 1);
	items[6] = val_list(&values, items + 1, 2);
	items[7] = val_real(&values, 1.5);
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < 8; j++) {
			int order = val_compare(&values, items[i], items[j]);
			assert_int_equal(order == 0, i == j);
			assert_true((order < 0) ==
				    (val_compare(&values, items[j], items[i]) > 0));
		}
	assert_true(val_compare(&values, items[1], items[2]) < 0);
	assert_true(val_compare(&values, items[5], items[6]) < 0);
	values_release(&values);
}

static void
equal_lists_made_soon_after_each_other_are_one(void **state)
{
	struct values values;
	val items[] = {val_small(1), val_small(2), val_small(3)};

	(void)state;
	values_init(&values);
	val list = val_list(&values, items, 3);
	size_t words = values.words.count;
	assert_true(val_list(&values, items, 3) == list);
	assert_int_equal(values.words.count, words);
	assert_true(val_list(&values, items, 2) != list);
	assert_true(val_map(&values, items, 2) != val_list(&values, items, 2));
	items[1] = val_small(4);
	val other = val_list(&values, items, 3);
	assert_false(val_equal(&values, other, list));
	assert_int_equal(val_number(&values, val_at(&values, list, 1)), 2);
	values_release(&values);
}

static void
lists_of_a_pool_that_was_cleared_are_not_taken_for_new_ones(void **state)
{
	struct values values;

	(void)state;
	values_init(&values);
	for (int64_t round = 0; round < 100; round++) {
		val first = val_pair(&values, val_small(round / 2), val_small(7));
		val second = val_pair(&values, val_small(round), val_small(7));
		assert_int_equal(val_number(&values, val_at(&values, first, 0)),
				 round / 2);
		assert_int_equal(val_number(&values, val_at(&values, second, 0)), round);
		values_clear(&values);
	}
	values_release(&values);
}

static void
lists_of_any_length_keep_their_items(void **state)
{
	static const size_t counts[] = {0,	 1,	 (1 << 20) - 2, (1 << 20) - 1,
					1 << 20, 3000000};
	struct values values;
	VEC(val) items = {0};

	(void)state;
	values_init(&values);
	for (int64_t i = 0; i < 3000000; i++)
		vec_push(&items, val_small(i));
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		val list = val_list(&values, items.items, counts[i]);
		size_t count;
		const val *kept = val_items(&values, list, &count);
		assert_int_equal(count, counts[i]);
		assert_int_equal(val_count(&values, list), counts[i]);
		if (count > 0)
			assert_memory_equal(kept, items.items, count * sizeof(*kept));
		assert_true(
			val_equal(&values, val_list(&values, items.items, count), list));
	}
	vec_release(&items);
	values_release(&values);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_of_any_size_keep_their_number),
		cmocka_unit_test(equal_strings_are_one_word),
		cmocka_unit_test(nested_values_print_as_json),
		cmocka_unit_test(broken_utf8_prints_as_replacement_characters),
		cmocka_unit_test(copies_into_another_pool_are_deep_and_equal),
		cmocka_unit_test(order_is_total_and_antisymmetric),
		cmocka_unit_test(equal_lists_made_soon_after_each_other_are_one),
		cmocka_unit_test(
			lists_of_a_pool_that_was_cleared_are_not_taken_for_new_ones),
		cmocka_unit_test(lists_of_any_length_keep_their_items),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
