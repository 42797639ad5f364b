/* Reading histories: what each format says comes in, and nothing else ever crashes. */
#include "base/rng.h"
#include "results/formats/reader.h"
#include "tests/base/mutant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct read {
	struct history history;
	struct reader_facts facts;
	struct err err;
	bool ok;
};

static void
read_with(struct read *read, const char *text, const char *format, const char *key)
{
	const struct reader_options options = {.format = format, .key = key};

	history_init(&read->history);
	read->ok =
		reader_read_bytes((struct bytes){.data = text, .len = strlen(text)}, "h",
				  &options, &read->history, &read->facts, &read->err);
}

static void
read_good(struct read *read, const char *text, const char *key)
{
	read_with(read, text, NULL, key);
	if (!read->ok)
		fail_msg("%s", read->err.text);
}

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
assert_refused(const char *text, const char *format, const char *sentence)
{
	struct read read;

	read_with(&read, text, format, NULL);
	if (read.ok)
		fail_msg("accepted: %s", text);
	assert_string_equal(read.err.text, sentence);
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
}

/* ---- bad input ---------------------------------------------------------------------------- */

#define GOOD "{\"type\":\"invoke\",\"process\":0,\"f\":\"read\"}\n"

static void
bad_json_names_line_and_column(void **state)
{
	(void)state;
	assert_refused("", NULL, "'h' is empty");
	assert_refused("hello", NULL, "h:1:1: no history format that is known");
	assert_refused("\n\n", "jsonl", "'h' holds no operation");
	assert_refused(GOOD "{\"type\":\"ok\"", NULL,
		       "h:2:13: expected ',' or '}', found the end");
	assert_refused(GOOD "{\"type\":\"okay\"}", NULL,
		       "h:2:9: the type must be invoke, ok, fail or info, not 'okay'");
	assert_refused(GOOD "{\"type\":\"ok\" \"f\":1}", NULL,
		       "h:2:14: expected ',' or '}', found '\"'");
	assert_refused(GOOD "{\"f\":\"üü\",\"value\":[1,]}", NULL,
		       "h:2:22: expected a value, found ']'");
	assert_refused(GOOD "{\"value\":01}", NULL, "h:2:10: '01' is no number");
	assert_refused(GOOD "{\"value\":1.}", NULL, "h:2:10: '1.' is no number");
	assert_refused(
		GOOD "{\"value\":\"a\tb\"}", NULL,
		"h:2:12: expected no control characters in a string, found byte 0x09");
	assert_refused(GOOD "{\"value\":\"\\x\"}", NULL,
		       "h:2:11: no such escape in a string");
	assert_refused(GOOD "{\"value\":{1:2}}", NULL,
		       "h:2:11: expected a key in quotes, found '1'");
	assert_refused(GOOD "{\"value\":{\"a\"}}", NULL,
		       "h:2:14: expected ':', found '}'");
	assert_refused(GOOD GOOD, NULL,
		       "h:2:1: process 0 invokes 'read' while its 'read' is still open");
	assert_refused(GOOD "{\"type\":\"ok\",\"process\":1,\"f\":\"read\"}", NULL,
		       "h:2:1: process 1 completes 'read' that it never invoked");
	assert_refused("{\"process\":0}", NULL, "h:1:1: the operation has no type");
	assert_refused("{\"type\":\"ok\"}", NULL, "h:1:1: the operation has no process");
	assert_refused("{\"type\":\"ok\",\"process\":-1}", NULL,
		       "h:1:24: process -1 is out of range");
	assert_refused(GOOD "{\"time\":-5}", NULL, "h:2:9: a time must not be negative");
	assert_refused(GOOD "[]", NULL,
		       "h:2:1: expected an operation as a map, found '['");
	assert_refused("[" GOOD "]x", NULL,
		       "h:2:2: something follows the list of operations");
}

static void
bad_edn_and_logs_name_line_and_column(void **state)
{
	(void)state;
	assert_refused("{:type :invoke, :process 0\n :f }", NULL,
		       "h:2:5: expected a keyword or a string, found '}'");
	assert_refused("{:type :invoke :process 0 :f :read :value [1 2)}", NULL,
		       "h:1:47: expected a value, found ')'");
	assert_refused("{:type :invoke :value {:a}}", NULL,
		       "h:1:26: the map has a key without a value");
	assert_refused("[{:process 0 :type :invoke :f :read}", NULL,
		       "h:1:37: expected the end of the list, found the end");
	assert_refused("{:value \"abc", NULL, "h:1:9: the string does not end");
	assert_refused("{:type :ok\n :f :read", NULL,
		       "h:2:10: expected a key or '}', found the end");
	assert_refused("0 :invoke :write [1\n0 :ok :write 1", NULL,
		       "h:1:20: expected a value, found the end");
	assert_refused("0 :invoke\n", NULL, "h:1:10: the operation has no f");
	assert_refused(GOOD, "endn", "unknown format 'endn'");
}

static void
deep_nesting_is_refused(void **state)
{
	struct buf text = {0};

	(void)state;
	buf_string(&text, "{:value ");
	for (int i = 0; i < 100000; i++)
		buf_char(&text, '[');
	assert_refused(buf_text(&text), NULL, "h:1:73: values nest deeper than 64");
	buf_clear(&text);
	buf_string(&text, "{:value ");
	for (int i = 0; i < 100000; i++)
		buf_string(&text, "#_");
	assert_refused(buf_text(&text), "edn", "h:1:139: values nest deeper than 64");
	buf_release(&text);
}

static void
memory_has_a_bound(void **state)
{
	struct reader_options options = {.bytes_max = 2000};
	struct history history;
	struct buf text = {0};
	struct err err;

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_printf(&text,
			   "{\"type\":\"invoke\",\"process\":%d,\"f\":\"read\",\"value\":"
			   "[%d]}\n",
			   i, i);
	history_init(&history);
	assert_false(
		reader_read_bytes(buf_bytes(&text), "h", &options, &history, NULL, &err));
	assert_non_null(strstr(err.text, "memory"));
	history_release(&history);
	buf_release(&text);
}

static const char *const seeds[] = {
	"{\"type\":\"invoke\",\"process\":0,\"f\":\"txn\",\"value\":[[\"append\",\"x\",1."
	"5],[\"r\","
	"1,null]],\"time\":12,\"node\":\"n1\"}\n{\"type\":\"info\",\"process\":0,\"f\":"
	"\"txn\","
	"\"error\":{\"a\":[true,\"\\u00fc\\n\"]}}\n",
	"[{\"type\":\"ok\",\"process\":\"c1\",\"f\":\"read\",\"output\":7,\"start\":1,"
	"\"end\":2}]",
	"{:type :invoke, :f :write, :value [1 #{2 \"x\\n\"}], :process 0, :time 5} ; c\n"
	"#op{:type :ok, :f :write, :value [1 \\newline], :process 0, :error [:a -1.5e3 "
	"2N]}\n"
	"#_{:x (1 2)} {:process :nemesis :type :info :f :start}\n",
	"INFO [x] jepsen worker 0 - jepsen.util 0\t:invoke\t:cas\t[1 2]\n"
	"INFO  jepsen.util - 0 :info :cas :timed-out\n1 :invoke :read nil\n",
	"\xef\xbb\xbf{\"type\":\"invoke\",\"process\":1,\"f\":\"read\"}\r\n",
};
enum {
	SEED_COUNT = sizeof(seeds) / sizeof(seeds[0]),
	MUTANTS = 8000
};

static char *
mutate(struct rng *rng, const char *seed, size_t *bytes)
{
	static const char spice[] = "{}[]()\"\\:,#_-+.0e9 \n\0\xff\xc3nil";
	struct buf text = {0};

	buf_string(&text, seed);
	for (uint64_t i = rng_below(rng, 6); i > 0 && text.len > 0; i--)
		mutant_step(rng, &text, (struct bytes){spice, sizeof(spice) - 1});
	*bytes = text.len;
	char *exact = mutant_exact(&text);
	buf_release(&text);
	return exact;
}

static bool
names_a_place(const char *sentence)
{
	unsigned line, column;

	return sscanf(sentence, "h:%u:%u: ", &line, &column) == 2 ||
	       strcmp(sentence, "'h' is empty") == 0 ||
	       strcmp(sentence, "'h' holds no operation") == 0;
}

static bool
read_mutant(struct rng *rng, int number)
{
	struct reader_options options = {0};
	struct history history;
	struct err err;
	size_t bytes, format_count;
	const struct format *const *formats = formats_all(&format_count);
	char *text = mutate(rng, seeds[rng_below(rng, SEED_COUNT)], &bytes);

	if (rng_chance(rng, 0.5))
		options.format = formats[rng_below(rng, format_count)]->name;
	history_init(&history);
	bool ok = reader_read_bytes((struct bytes){.data = text, .len = bytes}, "h",
				    &options, &history, NULL, &err);
	if (!ok && !names_a_place(err.text))
		fail_msg("mutant %d: %s", number, err.text);
	history_release(&history);
	free(text);
	return ok;
}

static void
mutated_input_is_read_or_refused_with_its_place(void **state)
{
	struct rng rng;
	int accepted = 0;

	(void)state;
	rng_init(&rng, 20261121);
	for (int i = 0; i < MUTANTS; i++)
		accepted += read_mutant(&rng, i);
	assert_in_range(accepted, MUTANTS / 20, MUTANTS / 2);
}

/* ---- there and back ------------------------------------------------------------------------ */

static val
random_value(struct rng *rng, struct values *values, int depth)
{
	val items[4];
	size_t count = rng_below(rng, 4);

	switch (rng_below(rng, depth > 0 ? 6 : 4)) {
	case 0:
		return val_int(values, (int64_t)rng_next(rng));
	case 1:
		return val_small((int64_t)rng_below(rng, 10));
	case 2:
		return val_string(values, rng_chance(rng, 0.5) ? "grü\"n\n" : "plain");
	case 3:
		return rng_chance(rng, 0.5) ? val_real(values, rng_real(rng))
					    : val_bool(rng_chance(rng, 0.5));
	default:
		for (size_t i = 0; i < count; i++)
			items[i] = random_value(rng, values, depth - 1);
		return val_list(values, items, count);
	}
}

static void
random_invocation(struct rng *rng, struct history *history, struct op *op)
{
	op->f = rng_chance(rng, 0.5) ? (uint16_t)F_WRITE : history_f(history, "my-f", 4);
	op->error = 0;
	op->node = (uint8_t)rng_below(rng, 4);
	op->key = random_value(rng, &history->values, 0);
	op->input = random_value(rng, &history->values, 2);
}

/* Three processes; after info a process goes on under another number; some stay open. */
static void
random_history(struct rng *rng, struct history *history)
{
	struct op open[3] = {{.process = 0}, {.process = 1}, {.process = 2}};
	bool is_open[3] = {false};
	struct err err;

	for (int64_t ns = 1; ns <= 60; ns++) {
		size_t t = rng_below(rng, 3);
		struct op *op = &open[t];
		is_open[t] = !is_open[t];
		if (is_open[t]) {
			op->invoke_ns = ns;
			random_invocation(rng, history, op);
			assert_true(history_invoke(history, op, &err));
			continue;
		}
		op->complete_ns = ns;
		op->type = (uint8_t)(OP_OK + rng_below(rng, 3));
		op->output = random_value(rng, &history->values, 2);
		op->error = op->type == OP_OK
				    ? 0
				    : history_error_id(history, "it broke: \"x\"");
		assert_true(history_complete(history, op, &err));
		if (op->type == OP_INFO)
			op->process += 3;
	}
}

static void
assert_same_op(const struct history *a, const struct op *x, struct history *b,
	       const struct op *y)
{
	struct values *values = &b->values;

	assert_string_equal(history_f_name(a, x->f), history_f_name(b, y->f));
	assert_int_equal(x->process, y->process);
	assert_int_equal(x->type, y->type);
	assert_int_equal(x->node, y->node);
	assert_int_equal(x->invoke_ns, y->invoke_ns);
	assert_int_equal(x->complete_ns, y->complete_ns);
	assert_string_equal(history_error(a, x), history_error(b, y));
	assert_true(val_equal(values, val_copy(values, &a->values, x->key), y->key));
	assert_true(val_equal(values, val_copy(values, &a->values, x->input), y->input));
	assert_true(
		val_equal(values, val_copy(values, &a->values, x->output), y->output));
	for (size_t i = 0; i < a->ops.count; i++) /* the same real-time order */
		assert_int_equal(x->complete_at < a->ops.items[i].invoke_at,
				 y->complete_at < b->ops.items[i].invoke_at);
}

static void
assert_comes_back(const struct history *history, const struct format *format,
		  const char *key)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *to = open_memstream(&text, &bytes);
	struct read read;

	assert_true(format->write(history, to));
	fclose(to);
	read_good(&read, text, key);
	assert_ptr_equal(read.facts.format, format);
	assert_int_equal(read.history.ops.count, history->ops.count);
	for (size_t i = 0; i < history->ops.count; i++)
		assert_same_op(history, &history->ops.items[i], &read.history,
			       &read.history.ops.items[i]);
	history_release(&read.history);
	free(text);
}

static void
assert_round_trips(const char *format_name, const char *key)
{
	struct err err;
	const struct format *format = format_find(format_name, &err);

	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct rng rng;
		struct history history;
		rng_init(&rng, seed);
		history_init(&history);
		random_history(&rng, &history);
		assert_comes_back(&history, format, key);
		history_release(&history);
	}
}

static void
json_lines_round_trip(void **state)
{
	(void)state;
	assert_round_trips("jsonl", NULL);
}

static void
edn_round_trips(void **state)
{
	(void)state;
	assert_round_trips("edn", "tuple");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_lines_in_any_order_of_fields),
		cmocka_unit_test(whole_operations_are_ordered_by_their_times),
		cmocka_unit_test(edn_maps_with_keywords_strings_tags_and_comments),
		cmocka_unit_test(edn_in_one_vector),
		cmocka_unit_test(independent_tuples_become_keys),
		cmocka_unit_test(pairs_that_are_no_tuples_stay_values),
		cmocka_unit_test(a_field_of_another_name_can_be_the_key),
		cmocka_unit_test(a_field_that_nobody_has_is_no_key),
		cmocka_unit_test(jepsen_log_lines_and_history_txt),
		cmocka_unit_test(error_texts_of_a_log_are_kept),
		cmocka_unit_test(the_nemesis_is_kept_apart_in_pairs),
		cmocka_unit_test(values_of_json),
		cmocka_unit_test(values_of_edn),
		cmocka_unit_test(bad_json_names_line_and_column),
		cmocka_unit_test(bad_edn_and_logs_name_line_and_column),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(memory_has_a_bound),
		cmocka_unit_test(mutated_input_is_read_or_refused_with_its_place),
		cmocka_unit_test(json_lines_round_trip),
		cmocka_unit_test(edn_round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
