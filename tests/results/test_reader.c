/* Reading histories: what each format says comes in. */
#include "tests/results/read_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* All operations, one a line, without times. */
static void
assert_tells(const char *text, const char *key, const char *expected)
{
	struct read read;
	struct buf out = {0};

	read_good(&read, text, key);
	vec_each (struct op, op, &read.history.ops) {
		size_t start = out.len;
		history_describe(&read.history, op, &out);
		char *paren = strrchr(out.data + start, '(');
		out.len = (size_t)(paren - out.data) - 1;
		buf_char(&out, '\n');
	}
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
	history_release(&read.history);
}

static void
json_lines_in_any_order_of_fields(void **state)
{
	(void)state;
	assert_tells(
		"{\"type\":\"invoke\",\"process\":0,\"f\":\"write\",\"key\":\"x\","
		"\"value\":5,"
		"\"time\":10}\n"
		"{\"value\":null, \"f\":\"read\", "
		"\"key\":\"x\",\"process\":1,\"zzz\":[{\"a\":"
		"{}}],\"type\":\"invoke\"}\r\n"
		"{\"type\":\"ok\",\"process\":1,\"f\":\"read\",\"value\":5}\n"
		"{\"type\":\"fail\",\"process\":0,\"f\":\"write\",\"error\":\"busy\"}\n"
		"{\"type\":\"invoke\",\"process\":2,\"f\":\"cas\",\"value\":[1,2]}\n"
		"{\"type\":\"info\",\"process\":\"nemesis\",\"f\":\"kill\"}",
		NULL,
		"process 0: write \"x\" 5 -> fail\n"
		"process 1: read \"x\" -> ok 5\n"
		"process 2: cas [1,2] -> info\n");
}

static void
whole_operations_are_ordered_by_their_times(void **state)
{
	struct read read;

	(void)state;
	read_good(&read,
		  "{\"process\":1,\"f\":\"read\",\"type\":\"ok\",\"output\":1,\"start\":"
		  "20,\"end\":30}\n"
		  "{\"process\":0,\"f\":\"write\",\"type\":\"ok\",\"value\":1,\"start\":"
		  "10,\"end\":20}\n"
		  "{\"process\":2,\"f\":\"write\",\"type\":\"info\",\"value\":2,"
		  "\"start\":5}\n",
		  NULL);
	const struct op *ops = read.history.ops.items;
	assert_int_equal(read.history.ops.count, 3);
	assert_int_equal(ops[0].process, 2);
	assert_int_equal(ops[0].complete_at, OP_NEVER);
	assert_int_equal(ops[1].process, 0);
	/* They touch at 20: neither precedes the other. */
	assert_true(ops[2].invoke_at < ops[1].complete_at);
	assert_int_equal(read.history.events, 5);
	history_release(&read.history);
}

static void
edn_maps_with_keywords_strings_tags_and_comments(void **state)
{
	(void)state;
	assert_tells("; a comment\n"
		     "{:process 0, :type :invoke, :f :write, :value 3, :index 0}\n"
		     "#jepsen.history.Op{:index 1 :time 7 :type :ok :process 0 :f :write "
		     ":value 3}\n"
		     "{\"type\" \"invoke\" \"process\" 1 \"f\" \"read\" \"value\" nil}"
		     "#_{:ignored [1 2 {3 4}]}"
		     "{:f :read :type :ok :value 3N :process 1 :exception {:via "
		     "[#object[a.B 0x1]]} "
		     ":error [:a \"b\"]}\n"
		     "{:process :nemesis, :type :info, :f :start, :value \"cut\"}",
		     NULL,
		     "process 0: write 3 -> ok 3\n"
		     "process 1: read -> ok 3\n");
}

static void
edn_in_one_vector(void **state)
{
	(void)state;
	assert_tells("[{:process 0 :type :invoke :f :add :value 1}\n"
		     " {:process 0 :type :ok :f :add :value 1}]\n",
		     NULL, "process 0: add 1 -> ok 1\n");
	assert_tells("({:process 0 :type :invoke :f :read}"
		     "{:process 0 :type :ok :f :read :value #{1 2}})",
		     NULL, "process 0: read -> ok [1,2]\n");
}

static const char tuples[] = "{:process 0 :type :invoke :f :write :value [7 1]}\n"
			     "{:process 0 :type :ok :f :write :value [7 1]}\n"
			     "{:process 1 :type :invoke :f :read :value [7 nil]}\n"
			     "{:process 1 :type :ok :f :read :value [7 1]}\n";

static void
independent_tuples_become_keys(void **state)
{
	(void)state;
	assert_tells(tuples, NULL,
		     "process 0: write 7 1 -> ok 1\nprocess 1: read 7 -> ok 1\n");
	assert_tells(tuples, "tuple",
		     "process 0: write 7 1 -> ok 1\nprocess 1: read 7 -> ok 1\n");
	assert_tells(tuples, "none",
		     "process 0: write [7,1] -> ok [7,1]\n"
		     "process 1: read [7,null] -> ok [7,1]\n");
}

static void
pairs_that_are_no_tuples_stay_values(void **state)
{
	(void)state;
	assert_tells("{:process 0 :type :invoke :f :cas :value [1 2]}"
		     "{:process 0 :type :ok :f :cas :value [1 2]}"
		     "{:process 0 :type :invoke :f :read :value nil}"
		     "{:process 0 :type :ok :f :read :value 2}",
		     NULL, "process 0: cas [1,2] -> ok [1,2]\nprocess 0: read -> ok 2\n");
}

static void
a_field_of_another_name_can_be_the_key(void **state)
{
	(void)state;
	assert_tells("{:process 0 :type :invoke :f :read :register :r1}", "register",
		     "process 0: read \"r1\" -> info\n");
}

static void
a_field_that_nobody_has_is_no_key(void **state)
{
	struct read read;

	(void)state;
	read_with(&read, "{:process 0 :type :invoke :f :read :register :r1}", NULL,
		  "regster");
	assert_false(read.ok);
	assert_string_equal(read.err.text,
			    "no operation of 'h' has a field 'regster' that could be "
			    "its key");
	history_release(&read.history);
}

static void
jepsen_log_lines_and_history_txt(void **state)
{
	(void)state;
	assert_tells("INFO  jepsen.core - Setting up\n"
		     "INFO [2018-03-29 17:10:37,123] jepsen worker 0 - jepsen.util "
		     "0\t:invoke\t:write\t3\n"
		     "INFO  jepsen.util - 1 :invoke :read nil\n"
		     "INFO  jepsen.util - :nemesis :info :start :cut\n"
		     "INFO  jepsen.util - 1 :fail :read :timed-out\n"
		     "INFO  jepsen.util - 0 :ok :write 3\n"
		     "INFO  jepsen.util - 0 :invoke :cas [3 4]\n"
		     "INFO  jepsen.util - 0 :info :cas [3 4] indeterminate: timeout\n",
		     NULL,
		     "process 0: write 3 -> ok 3\n"
		     "process 1: read -> fail\n"
		     "process 0: cas [3,4] -> info\n");
	assert_tells("0\t:invoke\t:write\t3\r\n0\t:ok\t:write\t3\r\n", NULL,
		     "process 0: write 3 -> ok 3\n");
}

static void
error_texts_of_a_log_are_kept(void **state)
{
	struct read read;

	(void)state;
	read_good(&read,
		  "0\t:invoke\t:cas\t[3 4]\n0\t:info\t:cas\t[3 4]\tindeterminate: "
		  "timeout \n"
		  "1\t:invoke\t:read\tnil\n1\t:fail\t:read\t:timed-out\n",
		  NULL);
	const struct op *ops = read.history.ops.items;
	assert_string_equal(history_error(&read.history, &ops[0]),
			    "indeterminate: timeout");
	assert_string_equal(history_error(&read.history, &ops[1]), "timed-out");
	assert_true(read.facts.format->nil_is_unknown);
	history_release(&read.history);
}

static void
the_nemesis_is_kept_apart_in_pairs(void **state)
{
	struct read read;

	(void)state;
	read_good(&read,
		  "{:process :nemesis :type :info :f :start :value :majority :time 5}"
		  "{:process :nemesis :type :info :f :start :value {:cut 1} :time 9}"
		  "{:process :nemesis :type :info :f :stop :time 20}",
		  NULL);
	assert_int_equal(read.history.ops.count, 0);
	assert_int_equal(read.history.nemesis.count, 2);
	assert_int_equal(read.history.nemesis.items[0].invoke_ns, 5);
	assert_int_equal(read.history.nemesis.items[0].complete_ns, 9);
	assert_int_equal(read.history.nemesis.items[1].complete_ns, -1);
	history_release(&read.history);
}

/* ---- values ----------------------------------------------------------------------------- */

static void
assert_value(enum scan_syntax syntax, const char *text, const char *json)
{
	struct values values;
	struct scan scan;
	struct buf out = {0};
	val v;

	values_init(&values);
	scan_init(&scan, syntax, &values,
		  (struct bytes){.data = text, .len = strlen(text)});
	if (!scan_value(&scan, &v))
		fail_msg("%s: %s", text, scan.problem);
	val_print(&values, v, &out);
	assert_string_equal(buf_text(&out), json);
	buf_release(&out);
	scan_release(&scan);
	values_release(&values);
}

static void
edn_maps_with_string_keys_are_no_json(void **state)
{
	(void)state;
	assert_tells("{\"type\" :invoke, \"f\" :read, \"process\" 0, \"value\" nil}\n"
		     "{\"type\" :ok, \"f\" :read, \"process\" 0, \"value\" 1}\n",
		     NULL, "process 0: read -> ok 1\n");
}

static void
values_of_json(void **state)
{
	(void)state;
	assert_value(SCAN_JSON, "-9223372036854775808", "-9223372036854775808");
	assert_value(SCAN_JSON, "9223372036854775807", "9223372036854775807");
	assert_value(SCAN_JSON, "9223372036854775808", "\"9223372036854775808\"");
	assert_value(SCAN_JSON, "-0", "0");
	assert_value(SCAN_JSON, "1.5e3", "1500.0");
	assert_value(SCAN_JSON, "[ ]", "[]");
	assert_value(SCAN_JSON, "{\"a\" : [1 , {\"b\":null}] }",
		     "{\"a\":[1,{\"b\":null}]}");
	assert_value(SCAN_JSON, "\"\\u00fc\\ud83d\\ude00\\n\\/\"", "\"ü😀\\n/\"");
	assert_value(SCAN_JSON, "\"\\ud83d\"", "\"\xef\xbf\xbd\"");
	assert_value(SCAN_JSON, "\"ü\"", "\"ü\"");
	assert_value(SCAN_JSON, "true", "true");
}

static void
values_of_edn(void **state)
{
	(void)state;
	assert_value(SCAN_EDN, "[1, 2 ,3]", "[1,2,3]");
	assert_value(SCAN_EDN, "(:a/b sym \"s\" \\c \\newline \\u00fc)",
		     "[\"a/b\",\"sym\",\"s\",\"c\",\"\\n\",\"ü\"]");
	assert_value(SCAN_EDN, "#{1 #_2 3}", "[1,3]");
	assert_value(SCAN_EDN, "#_ #_ 1 2 3", "3");
	assert_value(SCAN_EDN, "#inst \"2020\"", "\"2020\"");
	assert_value(SCAN_EDN, "{:a 1 :b {2 nil}}", "{\"a\":1,\"b\":{\"2\":null}}");
	assert_value(SCAN_EDN, "{[1] 2}", "[[[1],2]]");
	assert_value(SCAN_EDN, "123456789012345678901234567890N",
		     "\"123456789012345678901234567890\"");
	assert_value(SCAN_EDN, "+7", "7");
	assert_value(SCAN_EDN, "1.25M", "1.25");
	assert_value(SCAN_EDN, "-", "\"-\"");
	assert_value(SCAN_EDN, "nil", "null");
	assert_value(SCAN_EDN, "^{:a [1]} ^:b ^\"c\" #d ^e [1 ^f 2]", "[1,2]");
}

/* Sets and maps are equal whatever order they are written in. */
static void
sets_and_maps_are_read_in_one_order(void **state)
{
	(void)state;
	assert_value(SCAN_EDN, "#{3 -1 2}", "[2,3,-1]");
	assert_value(SCAN_EDN, "[#{3 2} #{2 3} [3 2]]", "[[2,3],[2,3],[3,2]]");
	assert_value(SCAN_EDN, "[{:b 1 :a 2} {:a 2 :b 1}]",
		     "[{\"b\":1,\"a\":2},{\"b\":1,\"a\":2}]");
	assert_value(SCAN_EDN, "[#{[2] 1.5 :x [1]} #{[1] :x [2] 1.5}]",
		     "[[\"x\",[1],[2],1.5],[\"x\",[1],[2],1.5]]");
	assert_value(SCAN_EDN, "{[2] 1 [1 #{2 1}] 2 3 4}",
		     "[[3,4],[[1,[1,2]],2],[[2],1]]");
	assert_value(SCAN_JSON, "[{\"b\":1,\"a\":2},{\"a\":2,\"b\":1}]",
		     "[{\"b\":1,\"a\":2},{\"b\":1,\"a\":2}]");
}

static void
assert_error(const char *fields, const char *expected)
{
	struct buf text = {0};
	struct read read;

	buf_printf(&text,
		   "{:type :invoke, :process 0, :f :read}\n"
		   "{:type :info, :process 0, :f :read, %s}\n",
		   fields);
	read_good(&read, buf_text(&text), NULL);
	assert_string_equal(history_error(&read.history, &read.history.ops.items[0]),
			    expected);
	history_release(&read.history);
	buf_release(&text);
}

#define REFUSED                                                                          \
	"{:type java.net.ConnectException, :message \"refused\", :at [a b \"c\" 1]}"

static void
the_class_of_an_exception_stands_before_the_error(void **state)
{
	(void)state;
	assert_error(":exception {:via [" REFUSED "], :trace [[a b]], :cause \"root\"}, "
		     ":error \"indeterminate: refused\"",
		     "java.net.ConnectException: indeterminate: refused");
	assert_error(":error :timeout, :exception #error {:via [{:type a.B} " REFUSED
		     "]}",
		     "a.B: timeout");
	assert_error(":exception {:via [" REFUSED "], :cause \"root\"}",
		     "java.net.ConnectException: refused");
	assert_error(":exception {:class a.B, :cause \"root\"}", "a.B: root");
	assert_error(":exception {:class a.B}, :error \"a.B: told\"", "a.B: told");
	assert_error(":exception {:class a.B}", "a.B");
	assert_error(":exception nil, :error \"told\"", "told");
}

static void
an_exception_of_another_shape_is_told_as_it_is(void **state)
{
	(void)state;
	assert_error(":exception \"java.io.IOException: broken pipe\"",
		     "java.io.IOException: broken pipe");
	assert_error(":exception [:via 7]", "[\"via\",7]");
	assert_error(":exception {:via []}", "{\"via\":[]}");
	assert_error(":exception {:via [3]}, :error :x", "{\"via\":[3]}: x");
	assert_error(":exception \"\", :error :x", "x");
	assert_error(":exception {[:via] 1}", "[[[\"via\"],1]]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_lines_in_any_order_of_fields),
		cmocka_unit_test(whole_operations_are_ordered_by_their_times),
		cmocka_unit_test(edn_maps_with_keywords_strings_tags_and_comments),
		cmocka_unit_test(edn_in_one_vector),
		cmocka_unit_test(edn_maps_with_string_keys_are_no_json),
		cmocka_unit_test(independent_tuples_become_keys),
		cmocka_unit_test(pairs_that_are_no_tuples_stay_values),
		cmocka_unit_test(a_field_of_another_name_can_be_the_key),
		cmocka_unit_test(a_field_that_nobody_has_is_no_key),
		cmocka_unit_test(jepsen_log_lines_and_history_txt),
		cmocka_unit_test(error_texts_of_a_log_are_kept),
		cmocka_unit_test(the_class_of_an_exception_stands_before_the_error),
		cmocka_unit_test(an_exception_of_another_shape_is_told_as_it_is),
		cmocka_unit_test(the_nemesis_is_kept_apart_in_pairs),
		cmocka_unit_test(values_of_json),
		cmocka_unit_test(values_of_edn),
		cmocka_unit_test(sets_and_maps_are_read_in_one_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
