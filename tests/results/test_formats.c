/* Formats of other checkers: what they say comes in, what is wrong is refused with its
 * place, and mutated input never crashes. */
#include "base/file.h"
#include "base/rng.h"
#include "checkers/checker.h"
#include "results/formats/reader.h"
#include "tests/base/mutant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){.data = text, .len = strlen(text)};
}

/* All operations, one a line, without times; the format is found. */
static void
assert_tells(struct bytes input, const char *format, const char *expected)
{
	const struct reader_options options = {0};
	struct reader_facts facts;
	struct history history;
	struct buf out = {0};
	struct err err;

	history_init(&history);
	if (!reader_read_bytes(input, "h", &options, &history, &facts, &err))
		fail_msg("%s", err.text);
	assert_string_equal(facts.format->name, format);
	vec_each (struct op, op, &history.ops) {
		size_t start = out.len;
		history_describe(&history, op, &out);
		char *paren = strrchr(out.data + start, '(');
		out.len = (size_t)(paren - out.data) - 1;
		buf_char(&out, '\n');
	}
	assert_string_equal(buf_text(&out), expected);
	buf_release(&out);
	history_release(&history);
}

static void
assert_refused(struct bytes input, const char *format, const char *sentence)
{
	const struct reader_options options = {.format = format};
	struct history history;
	struct err err;

	history_init(&history);
	assert_false(reader_read_bytes(input, "h", &options, &history, NULL, &err));
	assert_string_equal(err.text, sentence);
	history_release(&history);
}

static const char porcupine[] =
	"{:process 0, :type :invoke, :f :put, :key \"0\", :value \"x 0 0 y\"}\n"
	"{:process 0, :type :ok, :f :put, :key \"0\", :value \"x 0 0 y\"}\n"
	"{:process 1, :type :invoke, :f :get, :key \"7\", :value nil}\n"
	"{:process 1, :type :ok, :f :get, :key \"7\", :value \"\"}\n"
	"{:process 2, :type :invoke, :f :append, :key \"0\", :value \"z\"}\n";

static void
porcupine_gets_and_puts_are_reads_and_writes(void **state)
{
	(void)state;
	assert_tells(bytes_of(porcupine), "porcupine",
		     "process 0: write \"0\" \"x 0 0 y\" -> ok \"x 0 0 y\"\n"
		     "process 1: read \"7\" -> ok null\n"
		     "process 2: append \"0\" \"z\" -> info\n");
}

static const char dbcop[] =
	"{\"params\":{\"id\":0,\"n_node\":2},\"info\":\"generated\",\"data\":[\n"
	" [{\"events\":[{\"Write\":{\"variable\":0,\"version\":1}}],\"committed\":true},"
	"\n"
	"  "
	"{\"events\":[{\"Write\":{\"variable\":0,\"version\":2}}],\"committed\":false}],"
	"\n"
	" [{\"events\":[{\"Read\":{\"variable\":0,\"version\":1}},\n"
	"   {\"Read\":{\"variable\":1,\"version\":null}}],\"committed\":true}]]}\n";

static void
dbcop_json_of_both_editions(void **state)
{
	(void)state;
	assert_tells(bytes_of(dbcop), "dbcop",
		     "process 0: txn [[\"w\",0,1]] -> ok [[\"w\",0,1]]\n"
		     "process 1: txn [[\"r\",0,null],[\"r\",1,null]] -> ok "
		     "[[\"r\",0,1],[\"r\",1,null]]\n"
		     "process 0: txn [[\"w\",0,2]] -> fail\n");
	assert_tells(bytes_of("[[{\"events\":[{\"write\":true,\"variable\":3,\"value\":4,"
			      "\"success\":true},{\"write\":false,\"variable\":5,"
			      "\"value\":0,\"success\":true}],\"success\":true}],[]]"),
		     "dbcop",
		     "process 0: txn [[\"w\",3,4],[\"r\",5,null]] -> ok "
		     "[[\"w\",3,4],[\"r\",5,null]]\n");
}

static const char dbcop_text[] = "// session one\n[x:=1 y:=2] [y==2 x:=3]!\n"
				 "---\n// session two\n[x==1 z==?]\n";

static void
dbcop_text_with_comments_and_aborts(void **state)
{
	(void)state;
	assert_tells(bytes_of(dbcop_text), "dbcop-text",
		     "process 0: txn [[\"w\",\"x\",1],[\"w\",\"y\",2]] -> ok "
		     "[[\"w\",\"x\",1],[\"w\",\"y\",2]]\n"
		     "process 1: txn [[\"r\",\"x\",null],[\"r\",\"z\",null]] -> ok "
		     "[[\"r\",\"x\",1],[\"r\",\"z\",null]]\n"
		     "process 0: txn [[\"r\",\"y\",null],[\"w\",\"x\",3]] -> fail "
		     "[[\"r\",\"y\",2],[\"w\",\"x\",3]]\n");
}

static const char plume[] = "w(1,5,0,0)\nr(2,0,0,0)\nr(1,5,1,1)\nw(2,7,1,-1)\n"
			    "w(1,6,0,2)\n";

static void
plume_lines_by_session_and_transaction(void **state)
{
	(void)state;
	assert_tells(bytes_of(plume), "plume",
		     "process 0: txn [[\"w\",1,5],[\"r\",2,null]] -> ok "
		     "[[\"w\",1,5],[\"r\",2,null]]\n"
		     "process 1: txn [[\"r\",1,null]] -> ok [[\"r\",1,5]]\n"
		     "process 1: txn [[\"w\",2,7]] -> fail\n"
		     "process 0: txn [[\"w\",1,6]] -> ok [[\"w\",1,6]]\n");
}

static const char awdit[] = "w 0 0\nw 1 0\n=====\nw 0 1\n-----\nr 0 1\nr 1 0\n";

static void
awdit_sessions_and_transactions(void **state)
{
	(void)state;
	assert_tells(bytes_of(awdit), "awdit",
		     "process 0: txn [[\"w\",0,0],[\"w\",1,0]] -> ok "
		     "[[\"w\",0,0],[\"w\",1,0]]\n"
		     "process 1: txn [[\"w\",0,1]] -> ok [[\"w\",0,1]]\n"
		     "process 1: txn [[\"r\",0,null],[\"r\",1,null]] -> ok "
		     "[[\"r\",0,1],[\"r\",1,0]]\n");
}

/* As in examples for Elle: no f, and nothing but completions. */
static const char elle[] =
	"[{:process 0, :type :ok, :value [[:append :x 1] [:r :y [1]]]}\n"
	" {:process 1, :type :ok, :value [[:append :y 1]]}\n"
	" {:process 0, :type :info, :value [[:append :x 2]]}]\n";

static void
elle_transactions_may_be_completions_alone(void **state)
{
	const struct reader_options options = {0};
	struct reader_facts facts;
	struct history history;
	struct err err;

	(void)state;
	assert_tells(
		bytes_of(elle), "edn",
		"process 0: txn [[\"append\",\"x\",1],[\"r\",\"y\",[1]]] -> ok "
		"[[\"append\",\"x\",1],[\"r\",\"y\",[1]]]\n"
		"process 1: txn [[\"append\",\"y\",1]] -> ok [[\"append\",\"y\",1]]\n"
		"process 0: txn [[\"append\",\"x\",2]] -> info\n");
	history_init(&history);
	assert_true(
		reader_read_bytes(bytes_of(elle), "h", &options, &history, &facts, &err));
	assert_false(facts.has_order);
	const struct op *first = &history.ops.items[0], *second = &history.ops.items[1];
	assert_true(second->invoke_at < first->complete_at);
	history_release(&history);
}

static void
transactions_need_no_process(void **state)
{
	static const char pairs[] = "{:index 0 :type :invoke :value [[:append 5 1]]}\n"
				    "{:index 1 :type :ok :value [[:append 5 1]]}\n"
				    "{:index 2 :type :invoke :value [[:r 5 nil]]}\n"
				    "{:index 3 :type :ok :value [[:r 5 [1]]]}\n";
	static const char alone[] = "{:type :ok :value [[:append 5 1]]}\n"
				    "{:type :ok :value [[:r 5 [1]]]}\n";

	(void)state;
	assert_tells(bytes_of(pairs), "edn",
		     "process 0: txn [[\"append\",5,1]] -> ok [[\"append\",5,1]]\n"
		     "process 0: txn [[\"r\",5,null]] -> ok [[\"r\",5,[1]]]\n");
	assert_tells(bytes_of(alone), "edn",
		     "process 0: txn [[\"append\",5,1]] -> ok [[\"append\",5,1]]\n"
		     "process 1: txn [[\"r\",5,[1]]] -> ok [[\"r\",5,[1]]]\n");
}

static void
names_of_other_tools_are_known(void **state)
{
	(void)state;
	assert_tells(bytes_of("{\"type\":\"invoke\",\"f\":\"broadcast\",\"process\":0,"
			      "\"value\":1}\n"
			      "{\"type\":\"invoke\",\"f\":\"get\",\"process\":1}\n"
			      "{\"type\":\"invoke\",\"f\":\"inc\",\"process\":2,"
			      "\"value\":1}\n"),
		     "jsonl",
		     "process 0: add 1 -> info\nprocess 1: read -> info\n"
		     "process 2: increment 1 -> info\n");
}

static void
jepsen_log_lines_of_old_and_new_editions(void **state)
{
	(void)state;
	assert_tells(bytes_of("2024-03-29 17:10:37,123{GMT}\tINFO\t[jepsen worker 0] "
			      "jepsen.util: 0\t:invoke\t:write\t3\n"
			      "INFO [2018-03-29 17:10:37,123] jepsen worker 0 - "
			      "jepsen.util 0\t:ok\t:write\t3\n"),
		     "jepsen-log", "process 0: write 3 -> ok 3\n");
}

static void
cobra_entry(struct buf *out, char letter, const uint64_t *fields, int count)
{
	buf_char(out, letter);
	for (int i = 0; i < count; i++)
		for (int byte = 7; byte >= 0; byte--)
			buf_char(out, (char)(fields[i] >> (8 * byte)));
}

/* One session: writes 42 (id 7) to key 3, reads it and one that nobody wrote. */
static void
cobra_log(struct buf *out)
{
	cobra_entry(out, 'S', (uint64_t[]){1}, 1);
	cobra_entry(out, 'W', (uint64_t[]){7, 3, 42}, 3);
	cobra_entry(out, 'C', (uint64_t[]){1}, 1);
	cobra_entry(out, 'S', (uint64_t[]){2}, 1);
	cobra_entry(out, 'R', (uint64_t[]){1, 7, 3, 42}, 4);
	cobra_entry(out, 'R', (uint64_t[]){0, 0xbebeebee, 4, 0}, 4);
	cobra_entry(out, 'C', (uint64_t[]){2}, 1);
	cobra_entry(out, 'S', (uint64_t[]){3}, 1);
	cobra_entry(out, 'W', (uint64_t[]){8, 3, 43}, 3);
}

#define COBRA_TELLS                                                                      \
	"process 0: txn [[\"w\",3,7]] -> ok [[\"w\",3,7]]\n"                             \
	"process 0: txn [[\"r\",3,null],[\"r\",4,null]] -> ok "                          \
	"[[\"r\",3,7],[\"r\",4,null]]\n"                                                 \
	"process 0: txn [[\"w\",3,8]] -> info\n"

static void
cobra_log_with_a_transaction_left_open(void **state)
{
	struct buf log = {0};

	(void)state;
	cobra_log(&log);
	assert_tells(buf_bytes(&log), "cobra", COBRA_TELLS);
	buf_release(&log);
}

static void
cobra_folder_has_a_session_in_each_log(void **state)
{
	char folder[] = "/tmp/faultline-cobra-XXXXXX";
	const struct reader_options options = {0};
	struct reader_facts facts;
	struct history history;
	struct buf log = {0};
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(folder));
	cobra_log(&log);
	for (int i = 0; i < 3; i++) {
		char *path = mem_format("%s/T%d.log", folder, i);
		assert_true(file_write(path, log.data, log.len, &err));
		free(path);
	}
	history_init(&history);
	if (!reader_read_file(folder, &options, &history, &facts, &err))
		fail_msg("%s", err.text);
	assert_string_equal(facts.format->name, "cobra");
	assert_false(facts.has_order);
	assert_int_equal(history.ops.count, 9);
	assert_int_equal(history.ops.items[2].process, 2);
	history_release(&history);
	buf_release(&log);
	assert_true(file_remove_tree(folder, &err));
}

static void
what_is_wrong_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_refused(bytes_of("w(1,5,0,0)\nr(1,x,0,0)\n"), "plume",
		       "h:2:5: expected a value");
	assert_refused(bytes_of("w(1,5,0,0)\nq(1,2,0,0)\n"), "plume",
		       "h:2:1: expected r(...) or w(...)");
	assert_refused(bytes_of("w(1,5,0,3)\nw(1,6,1,3)\n"), "plume",
		       "h:2:1: transaction 3 is in two sessions");
	assert_refused(bytes_of("w 0 1\nr 0\n"), "awdit", "h:3:1: expected a value");
	assert_refused(bytes_of("[x:=1 y]\n"), "dbcop-text",
		       "h:1:8: expected ':=' or '=='");
	assert_refused(bytes_of("[x:=1 2==1]\n"), "dbcop-text",
		       "h:1:7: expected the name of a variable or ']'");
	assert_refused(bytes_of("[[{\"events\":[{\"Write\":{\"version\":1}}]}]]"),
		       "dbcop", "h:1:14: the event has no variable");
	assert_refused(bytes_of("[[{\"events\":[],\"committed\":1}]]"), "dbcop",
		       "h:1:28: expected true or false");
	assert_refused(bytes_of("{:type :ok, :f :txn, :process 0, :value [[:r 1 nil]]}\n"
				"{:type :invoke, :f :txn, :process 0, :value []}"),
		       "edn",
		       "h:2:1: an invocation stands among transactions that were "
		       "completed without one");
	assert_refused(bytes_of("{:type :ok, :f :read, :process 0, :value 3}"), "edn",
		       "h:1:1: process 0 completes 'read' that it never invoked");
	assert_refused(bytes_of("{:type :invoke, :process 0, :value 3}"), "edn",
		       "h:1:1: the operation has no f");
	assert_refused(bytes_of("S1234567"), "cobra",
		       "h:1:2: session 0, byte 1: the log ends within an entry");
}

/* ---- mutants ---- */

static bool
read_mutant(struct rng *rng, struct bytes seed, const char *format)
{
	static const char spice[] = "{}[]()\"\\:,=-!rwSCWRA0e9 \n\0\xff";
	const struct reader_options options = {.format = format, .bytes_max = 1 << 22};
	struct history history;
	struct buf text = {0};
	struct err err;

	buf_append(&text, seed.data, seed.len);
	for (uint64_t i = 1 + rng_below(rng, 5); i > 0 && text.len > 0; i--)
		mutant_step(rng, &text, (struct bytes){spice, sizeof(spice) - 1});
	char *exact = mutant_exact(&text);
	history_init(&history);
	bool ok = reader_read_bytes((struct bytes){.data = exact, .len = text.len}, "h",
				    &options, &history, NULL, &err);
	if (!ok && strncmp(err.text, "h:", 2) != 0 && strncmp(err.text, "'h' ", 4) != 0)
		fail_msg("no place in: %s", err.text);
	vec_each (struct op, op, &history.ops)
		assert_true(op->complete_at > op->invoke_at || op->type == OP_NONE);
	history_release(&history);
	buf_release(&text);
	free(exact);
	return ok;
}

enum {
	MUTANTS = 4000
};

static void
mutants_are_read_or_refused_with_their_place(void **state)
{
	struct buf cobra = {0};
	struct rng rng;

	(void)state;
	cobra_log(&cobra);
	const struct {
		const char *format;
		struct bytes seed;
	} seeds[] = {
		{"porcupine", bytes_of(porcupine)},   {"dbcop", bytes_of(dbcop)},
		{"dbcop-text", bytes_of(dbcop_text)}, {"plume", bytes_of(plume)},
		{"awdit", bytes_of(awdit)},	      {"cobra", buf_bytes(&cobra)},
	};
	rng_init(&rng, 20261121);
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		int accepted = 0;
		for (int mutant = 0; mutant < MUTANTS; mutant++)
			accepted += read_mutant(&rng, seeds[i].seed,
						mutant % 4 ? seeds[i].format : NULL);
		assert_in_range(accepted, MUTANTS / 100, MUTANTS * 9 / 10);
	}
	buf_release(&cobra);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(porcupine_gets_and_puts_are_reads_and_writes),
		cmocka_unit_test(dbcop_json_of_both_editions),
		cmocka_unit_test(dbcop_text_with_comments_and_aborts),
		cmocka_unit_test(plume_lines_by_session_and_transaction),
		cmocka_unit_test(awdit_sessions_and_transactions),
		cmocka_unit_test(elle_transactions_may_be_completions_alone),
		cmocka_unit_test(transactions_need_no_process),
		cmocka_unit_test(names_of_other_tools_are_known),
		cmocka_unit_test(jepsen_log_lines_of_old_and_new_editions),
		cmocka_unit_test(cobra_log_with_a_transaction_left_open),
		cmocka_unit_test(cobra_folder_has_a_session_in_each_log),
		cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
		cmocka_unit_test(mutants_are_read_or_refused_with_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
