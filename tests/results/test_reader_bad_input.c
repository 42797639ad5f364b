/* What cannot be read is refused with its place, and nothing ever crashes. */
#include "base/rng.h"
#include "tests/base/mutant.h"
#include "tests/results/read_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
	assert_refused(
		"0 :invoke :read nil\n0 :okay :read 1\n", NULL,
		"h:2:3: the type must be :invoke, :ok, :fail or :info, not ':okay'");
	assert_refused("INFO jepsen.util - 0 :invoke :read nil\n"
		       "INFO jepsen.util - 0 :o :read 1\n",
		       NULL,
		       "h:2:22: the type must be :invoke, :ok, :fail or :info, not ':o'");
	assert_refused("[]\n", NULL, "'h' holds no operation");
	assert_refused(GOOD, "endn", "unknown format 'endn'");
}

static void
what_is_compressed_is_told_so(void **state)
{
	struct err err;

	(void)state;
	assert_null(reader_sniff((struct bytes){"\x1f\x8b\x08", 3}, "h", &err));
	assert_non_null(strstr(err.hint, "gunzip"));
	assert_null(reader_sniff((struct bytes){"\x28\xb5\x2f\xfd", 4}, "h", &err));
	assert_non_null(strstr(err.hint, "unzstd"));
}

static void
a_process_with_a_name_is_told_by_it(void **state)
{
	(void)state;
	assert_refused("{:process :nemesis :type :info :f :kill}\n"
		       "{:process \":b\" :type :ok :f :read :value 1}",
		       NULL,
		       "h:2:1: process 1073741824 completes 'read' that it never invoked "
		       "(1073741824 is 'b')");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_json_names_line_and_column),
		cmocka_unit_test(bad_edn_and_logs_name_line_and_column),
		cmocka_unit_test(what_is_compressed_is_told_so),
		cmocka_unit_test(a_process_with_a_name_is_told_by_it),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(memory_has_a_bound),
		cmocka_unit_test(mutated_input_is_read_or_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
