/* What a file does not say is taken as the tools of its format take it: what a read of nil
 * taught, what the keys are, whether sessions share a clock. And every option says otherwise. */
#include "results/formats/reader.h"
#include "results/judgement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct sample {
	const char *format; /* as it must be found */
	const char *text;
	const char *checker; /* as it must be chosen */
	bool nil_is_unknown, are_tuples, has_order;
	enum verdict verdict; /* by these conventions, */
	enum verdict other;   /* and by the other reading of nil */
};

#define EVENT(type, f, value)	"{:process 0 :type :" type " :f :" f " :value " value "}\n"
#define EDN(f, asked, answered) EVENT("invoke", f, asked) EVENT("ok", f, answered)
#define JSON(f, asked, answered)                                                         \
	"{\"process\":0,\"type\":\"invoke\",\"f\":\"" f "\",\"value\":" asked "}\n"      \
	"{\"process\":0,\"type\":\"ok\",\"f\":\"" f "\",\"value\":" answered "}\n"
#define LOG(f, asked, answered)                                                          \
	"INFO  jepsen.util - 0\t:invoke\t:" f "\t" asked "\n"                            \
	"INFO  jepsen.util - 0\t:ok\t:" f "\t" answered "\n"
#define KV(f, asked, answered)                                                           \
	"{:process 0, :type :invoke, :f :" f ", :key \"k\", :value " asked "}\n"         \
	"{:process 0, :type :ok, :f :" f ", :key \"k\", :value " answered "}\n"

static const struct sample samples[] = {
	/* A register is read as nil after a write: Knossos learns nothing. */
	{"edn", EDN("write", "1", "1") EDN("read", "nil", "nil"), "register", true, false,
	 true, VERDICT_VALID, VERDICT_INVALID},
	{"jepsen-log", LOG("write", "1", "1") LOG("read", "nil", "nil"), "register", true,
	 false, true, VERDICT_VALID, VERDICT_INVALID},
	{"edn",
	 EDN("txn", "[[:write :x 1]]", "[[:write :x 1]]")
		 EDN("txn", "[[:read :x nil]]", "[[:read :x nil]]"),
	 "rw-register", true, false, true, VERDICT_VALID, VERDICT_INVALID},
	/* For Elle nil is the first version: here it is a stale read. */
	{"edn",
	 EDN("txn", "[[:w :x 1]]", "[[:w :x 1]]")
		 EDN("txn", "[[:r :x nil]]", "[[:r :x nil]]"),
	 "rw-register", false, false, true, VERDICT_INVALID, VERDICT_VALID},
	{"edn",
	 EDN("txn", "[[:append :x 1]]", "[[:append :x 1]]")
		 EDN("txn", "[[:r :x nil]]", "[[:r :x nil]]"),
	 "list-append", false, false, true, VERDICT_INVALID, VERDICT_INVALID},
	/* JSON lines are ours. */
	{"jsonl", JSON("write", "1", "1") JSON("read", "null", "null"), "register", false,
	 false, true, VERDICT_INVALID, VERDICT_VALID},
	/* Porcupine's empty string is the initial value. */
	{"porcupine", KV("put", "\"a\"", "\"a\"") KV("get", "nil", "\"\""), "register",
	 false, false, true, VERDICT_INVALID, VERDICT_VALID},
	{"porcupine", KV("get", "nil", "\"\"") KV("append", "\"a\"", "\"a\""), "tokens",
	 false, false, true, VERDICT_VALID, VERDICT_VALID},
	/* Keys in the values: Jepsen's independent, also around versions. */
	{"edn", EDN("write", "[7 1]", "[7 1]") EDN("read", "[8 nil]", "[8 2]"),
	 "register", true, true, true, VERDICT_INVALID, VERDICT_INVALID},
	{"edn",
	 EDN("write", "[7 [nil 5]]", "[7 [1 5]]")
		 EDN("read", "[7 [nil nil]]", "[7 [1 5]]"),
	 "versioned-register", true, true, true, VERDICT_VALID, VERDICT_VALID},
	/* Sessions without a clock. */
	{"dbcop",
	 "[[{\"events\":[{\"Write\":{\"variable\":0,\"version\":1}}],\"committed\":true}]"
	 ","
	 "[{\"events\":[{\"Read\":{\"variable\":0,\"version\":null}}],\"committed\":true}"
	 "]]",
	 "rw-register", false, false, false, VERDICT_VALID, VERDICT_VALID},
	{"dbcop-text", "[x:=1]\n---\n[x==?]\n", "rw-register", false, false, false,
	 VERDICT_VALID, VERDICT_VALID},
	{"plume", "w(1,2,0,0)\nr(1,0,0,1)\n", "rw-register", false, false, false,
	 VERDICT_INVALID, VERDICT_VALID},
	{"awdit", "w 1 2\n-----\nr 1 2\n=====\nr 1 2\n", "rw-register", false, false,
	 false, VERDICT_VALID, VERDICT_VALID},
};

static void
read_text(const char *text, const char *key, struct history *history,
	  struct reader_facts *facts)
{
	const struct reader_options options = {.key = key};
	struct err err;

	history_init(history);
	if (!reader_read_bytes((struct bytes){text, strlen(text)}, "sample", &options,
			       history, facts, &err))
		fail_msg("%s: %s", text, err.text);
}

static void
expect_verdict(const struct history *history, const struct sample *sample,
	       bool nil_is_unknown, enum verdict verdict)
{
	struct judge_options options = {
		.check = {.threads = 1,
			  .nil_is_unknown = nil_is_unknown,
			  .level = sample->has_order ? NULL
						     : "strong-session-serializable"}};
	struct judgement judgement;
	struct err err;

	assert_true(judge_history(history, &options, &judgement, &err));
	const struct check_result *result = &judgement.of.items[0].result;
	if (result->verdict != verdict || strcmp(result->checker, sample->checker) != 0)
		fail_msg("%s: nil %s: %s %s: %s", sample->text,
			 nil_is_unknown ? "unknown" : "value", result->checker,
			 verdict_name(result->verdict), result->reason);
	judge_release(&judgement);
}

static void
each_format_has_the_conventions_of_its_own_tools(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *sample = &samples[i];
		struct reader_facts facts;
		struct history history;
		read_text(sample->text, NULL, &history, &facts);
		if (strcmp(facts.format->name, sample->format) != 0 ||
		    facts.nil_is_unknown != sample->nil_is_unknown ||
		    facts.are_tuples != sample->are_tuples ||
		    facts.has_order != sample->has_order)
			fail_msg("%s: read as %s, nil %s, %s, %s", sample->text,
				 facts.format->name,
				 facts.nil_is_unknown ? "unknown" : "value",
				 facts.are_tuples ? "tuples" : "no tuples",
				 facts.has_order ? "ordered" : "sessions");
		expect_verdict(&history, sample, sample->nil_is_unknown, sample->verdict);
		expect_verdict(&history, sample, !sample->nil_is_unknown, sample->other);
		history_release(&history);
	}
}

static size_t
keys_of(const char *text, const char *key)
{
	struct reader_facts facts;
	struct history history;
	bool has_key = false;

	read_text(text, key, &history, &facts);
	vec_each (struct op, op, &history.ops)
		has_key |= op->key != VAL_OF_NIL;
	history_release(&history);
	return has_key;
}

static void
key_says_otherwise(void **state)
{
	const char *pairs =
		EDN("write", "[7 1]", "[7 1]") EDN("read", "[7 nil]", "[7 1]");
	const char *whole = EDN("write", "[7 1]", "[7 1]") EDN("read", "nil", "[7 1]");
	const char *named = "{:process 0 :type :invoke :f :write :table 3 :value 1}\n"
			    "{:process 0 :type :ok :f :write :table 3 :value 1}\n";

	(void)state;
	assert_true(keys_of(pairs, NULL));
	assert_false(keys_of(pairs, "none"));
	assert_false(keys_of(whole, NULL));
	assert_true(keys_of(whole, "tuple"));
	assert_false(keys_of(named, NULL));
	assert_true(keys_of(named, "table"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_format_has_the_conventions_of_its_own_tools),
		cmocka_unit_test(key_says_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
