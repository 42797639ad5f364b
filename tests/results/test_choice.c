/* Which checker is chosen when none is named: for every type that can be generated, for the
 * corpus, and for formats of other tools; and that the choice is told. */
#include "base/file.h"
#include "base/mem.h"
#include "checkers/generate/generate.h"
#include "results/formats/reader.h"
#include "results/judgement.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Types and checkers whose operations promise more by default; the chosen one tells of them
 * by name. */
static const struct {
	const char *wanted, *chosen;
} stricter[] = {
	{"bag", "queue"},
	{"set-full", "set"},
	{"sequential", "register"},
	{"causal", "register"},
	{"causal-cc", "register"},
	{"causal-ccv", "register"},
	{"causal-cm", "register"},
	{"pram", "register"},
	{"session", "register"},
	{"read-your-writes", "register"},
	{"monotonic-reads", "register"},
	{"monotonic-writes", "register"},
	{"writes-follow-reads", "register"},
	{"regular", "register"},
	{"safe", "register"},
	{"staleness", "register"},
	{"convergence", "register"},
};

static const char *
chosen_for(const char *wanted)
{
	for (size_t i = 0; i < sizeof(stricter) / sizeof(stricter[0]); i++)
		if (strcmp(stricter[i].wanted, wanted) == 0)
			return stricter[i].chosen;
	return wanted;
}

/* For a small story it is enough that the wanted one is told as another promise. */
static void
expect_choice(const struct history *history, val init, const char *wanted, bool is_story,
	      const char *what)
{
	const struct check_options options = {.init = init};
	struct choice choice = choice_of(history, &options);

	if (choice.checker == NULL)
		fail_msg("%s: no checker is chosen, not %s", what, wanted);
	if (strcmp(choice.checker->name, chosen_for(wanted)) != 0 &&
	    (!is_story || strstr(choice.others, wanted) == NULL))
		fail_msg("%s: %s is chosen, not %s", what, choice.checker->name, wanted);
}

static void
each_generated_type_gets_its_checker(void **state)
{
	size_t count;
	const struct generate_type *const *types = generate_types(&count);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (uint64_t seed = 0; seed < 6; seed++) {
			const struct generate_type *type = types[i];
			struct generate_options options = {.type = type->name,
							   .operations = 80,
							   .keys = seed % 2 ? 3 : 0,
							   .info_percent = 5,
							   .fail_percent = 5,
							   .seed = seed};
			struct history history;
			struct err err;
			history_init(&history);
			assert_true(generate_history(&history, &options, &err));
			val init = type->init != NULL
					   ? val_small(strtol(type->init, NULL, 10))
					   : VAL_OF_NIL;
			expect_choice(&history, init,
				      type->checker != NULL ? type->checker : type->name,
				      false, type->name);
			history_release(&history);
		}
}

/* Small stories that lack what their type is known by. */
static const char *const poor_stories[] = {
	"bank-missing-account",	   "bank-nil",
	"bank-unexpected-account", "dirty-reads-unwritten",
	"monotonic-order",	   "monotonic-rows-failed",
	"monotonic-time",	   "stream-uncollected",
	"tokens-put-lost",	   "tokens-resurrected",
	"tuple-space-false-empty", "rw-register-none",
	"list-append-none",
};

static bool
is_poor(const char *path, const char *checker)
{
	if (strcmp(checker, "stats") == 0 || strcmp(checker, "unhandled-exceptions") == 0)
		return true;
	for (size_t i = 0; i < sizeof(poor_stories) / sizeof(poor_stories[0]); i++) {
		char *name = mem_format("/%s.expect", poor_stories[i]);
		bool is_it = strstr(path, name) != NULL;
		free(name);
		if (is_it)
			return true;
	}
	return false;
}

/* What an option of the story says, up to the next space, to be freed; NULL: nothing. */
static char *
option(const char *line, const char *name)
{
	const char *at = strstr(line, name);

	return at != NULL
		       ? mem_bytes(at + strlen(name), strcspn(at + strlen(name), " \n"))
		       : NULL;
}

static bool
read_story(const char *expect_path, const char *key, struct history *history)
{
	static const char *const endings[] = {"jsonl", "edn"};
	const struct reader_options options = {.key = key};
	bool found = false;
	struct err err;

	history_init(history);
	for (size_t i = 0; i < 2 && !found; i++) {
		char *path = mem_format("%.*s.%s", (int)(strlen(expect_path) - 7),
					expect_path, endings[i]);
		found = file_exists(path);
		if (found && !reader_read_file(path, &options, history, NULL, &err))
			fail_msg("%s", err.text);
		free(path);
	}
	return found;
}

static void
expect_story(const char *path)
{
	struct buf text = {0};
	struct history history;
	char checker[64];
	struct err err;

	assert_true(file_read(path, 0, &text, &err));
	assert_int_equal(sscanf(buf_text(&text), "%63s", checker), 1);
	char *init = option(buf_text(&text), " init="),
	     *key = option(buf_text(&text), " key=");
	if (!is_poor(path, checker) && read_story(path, key, &history)) {
		expect_choice(&history,
			      init != NULL ? val_small(strtol(init, NULL, 10))
					   : VAL_OF_NIL,
			      checker, true, path);
		history_release(&history);
	}
	free(init);
	free(key);
	buf_release(&text);
}

static void
each_story_of_the_corpus_gets_its_checker(void **state)
{
	glob_t found;

	(void)state;
	assert_int_equal(glob("tests/histories/*.expect", 0, NULL, &found), 0);
	assert_true(found.gl_pathc > 200);
	for (size_t i = 0; i < found.gl_pathc; i++)
		expect_story(found.gl_pathv[i]);
	globfree(&found);
}

/* ---- formats of other tools ---- */

static const struct {
	const char *checker, *text;
} samples[] = {
	/* Knossos */
	{"register", "{:process 0, :type :invoke, :f :write, :value 1}\n"
		     "{:process 0, :type :ok, :f :write, :value 1}\n"},
	{"register", "{:process 0, :type :invoke, :f :read, :value nil}\n"
		     "{:process 0, :type :ok, :f :read, :value nil}\n"},
	{"lock", "[{:process 0, :type :invoke, :f :acquire, :value nil}\n"
		 " {:process 0, :type :ok, :f :acquire, :value nil}]\n"},
	/* Jepsen: independent keys, etcd's registers with versions, its log */
	{"register", "{:process 0 :type :invoke :f :read :value [7 nil]}\n"
		     "{:process 0 :type :ok :f :read :value [7 nil]}\n"
		     "{:process 0 :type :invoke :f :cas :value [7 [1 2]]}\n"
		     "{:process 0 :type :fail :f :cas :value [7 [1 2]]}\n"},
	{"versioned-register",
	 "{:process 0 :type :invoke :f :read :value [7 [nil nil]]}\n"
	 "{:process 0 :type :ok :f :read :value [7 [0 nil]]}\n"
	 "{:process 0 :type :invoke :f :write :value [7 [nil 3]]}\n"
	 "{:process 0 :type :ok :f :write :value [7 [1 3]]}\n"},
	{"register", "INFO  jepsen.util - 0\t:invoke\t:write\t3\n"
		     "INFO  jepsen.util - 0\t:ok\t:write\t3\n"},
	/* Galera's dirty reads: all rows are written together; CockroachDB's monotonic */
	{"dirty-reads", "{:process 0 :type :invoke :f :write :value 1}\n"
			"{:process 0 :type :ok :f :write :value 1}\n"
			"{:process 1 :type :invoke :f :read :value nil}\n"
			"{:process 1 :type :ok :f :read :value [1 1 1]}\n"},
	{"monotonic",
	 "{:process 0 :type :invoke :f :add :value nil}\n"
	 "{:process 0 :type :ok :f :add :value {:val 0 :sts 1 :node 2}}\n"
	 "{:process 0 :type :invoke :f :read :value nil}\n"
	 "{:process 0 :type :ok :f :read :value [{:val 0 :sts 1 :node 2}]}\n"},
	/* strings in a log; pairs that are written, and are no versions */
	{"log", "{:process 0 :type :invoke :f :append :value \"a\"}\n"
		"{:process 0 :type :ok :f :append :value 0}\n"
		"{:process 1 :type :invoke :f :read :value 0}\n"
		"{:process 1 :type :ok :f :read :value \"a\"}\n"},
	{"register", "{:process 0 :type :invoke :f :write :value [7 1]}\n"
		     "{:process 0 :type :ok :f :write :value [7 1]}\n"},
	/* Elle */
	{"list-append", "{:process 0 :type :ok, :value [[:append :x 1] [:r :y nil]]}\n"
			"{:process 0 :type :ok, :value [[:append :y 1] [:r :x [1]]]}\n"},
	{"rw-register", "{:process 0 :type :ok, :value [[:w :x 1] [:r :y nil]]}\n"
			"{:process 0 :type :ok, :value [[:w :y 1] [:r :x 1]]}\n"},
	/* Porcupine: with and without appends */
	{"tokens", "{:process 0, :type :invoke, :f :append, :key \"k\", :value \"x\"}\n"
		   "{:process 0, :type :ok, :f :append, :key \"k\", :value \"x\"}\n"
		   "{:process 0, :type :invoke, :f :get, :key \"k\", :value nil}\n"
		   "{:process 0, :type :ok, :f :get, :key \"k\", :value \"x\"}\n"},
	{"register", "{:process 0, :type :invoke, :f :put, :key \"k\", :value \"x\"}\n"
		     "{:process 0, :type :ok, :f :put, :key \"k\", :value \"x\"}\n"
		     "{:process 0, :type :invoke, :f :get, :key \"k\", :value nil}\n"
		     "{:process 0, :type :ok, :f :get, :key \"k\", :value \"x\"}\n"},
	/* dbcop, its text, Plume, AWDIT */
	{"rw-register", "[[{\"events\":[{\"Write\":{\"variable\":0,\"version\":1}}],"
			"\"committed\":true}]]"},
	{"rw-register", "[x:=1 y==?]\n---\n[x==1]\n"},
	{"rw-register", "w(1,2,0,0)\nr(1,2,1,1)\n"},
	{"rw-register", "w 1 2\n-----\nr 1 2\n=====\nr 1 2\n"},
};

/* Jepsen's sequential test of CockroachDB asks for the children of a key; its workloads that
 * upsert and delete have no checker here. */
static const char *const strangers[] = {
	"{:process 0 :type :invoke :f :write :value 1}\n"
	"{:process 0 :type :ok :f :write :value 1}\n"
	"{:process 1 :type :invoke :f :read :value 1}\n"
	"{:process 1 :type :ok :f :read :value [1 [\"1_1\" nil]]}\n",
	"{:process 0 :type :invoke :f :upsert :value nil}\n"
	"{:process 0 :type :ok :f :upsert :value \"0x1\"}\n",
};

static void
what_has_no_checker_gets_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		struct history history;
		struct err err;
		history_init(&history);
		assert_true(reader_read_bytes(
			(struct bytes){strangers[i], strlen(strangers[i])}, "h",
			&(struct reader_options){0}, &history, NULL, &err));
		assert_null(checker_choose(&history));
		history_release(&history);
	}
}

static void
formats_of_other_tools_get_their_checkers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const char *text = samples[i].text;
		struct history history;
		struct err err;
		history_init(&history);
		if (!reader_read_bytes((struct bytes){text, strlen(text)}, "sample",
				       &(struct reader_options){0}, &history, NULL, &err))
			fail_msg("%s: %s", text, err.text);
		expect_choice(&history, VAL_OF_NIL, samples[i].checker, false, text);
		history_release(&history);
	}
}

/* ---- locks and semaphores ---- */

/* All are locks, with the semaphore told; of how many it is told that more held them. */
static int
count_shared(const char *type, const char *mutation)
{
	int shared = 0;

	for (uint64_t seed = 0; seed < 30; seed++) {
		const struct generate_options options = {.type = type,
							 .operations = 200,
							 .keys = seed % 2 ? 2 : 0,
							 .info_percent = seed % 3 ? 5 : 0,
							 .mutate = mutation,
							 .seed = seed};
		struct history history;
		struct err err;
		history_init(&history);
		if (!generate_history(&history, &options, &err))
			fail_msg("%s", err.text);
		struct choice choice = choice_of(&history, &(struct check_options){0});
		history_release(&history);
		assert_string_equal(choice.checker->name, "lock");
		assert_non_null(strstr(choice.others, "-c semaphore --init PERMITS"));
		shared += strstr(choice.known_by, "more than one held it") != NULL;
	}
	return shared;
}

/* A broken lock must not become a valid semaphore. */
static void
a_semaphore_without_permits_stays_a_lock_and_is_told(void **state)
{
	(void)state;
	assert_int_equal(count_shared("lock", NULL), 0);
	assert_true(count_shared("lock", "lock-held-twice") > 15);
	assert_true(count_shared("semaphore", NULL) > 25);
}

static void
permits_that_are_told_again_are_no_tokens(void **state)
{
	static const char text[] = "{:process 0 :type :invoke :f :acquire :value 2}\n"
				   "{:process 0 :type :ok :f :acquire :value 2}\n"
				   "{:process 1 :type :invoke :f :acquire :value nil}\n"
				   "{:process 1 :type :ok :f :acquire :value nil}\n";
	struct history history;
	struct err err;

	(void)state;
	history_init(&history);
	assert_true(reader_read_bytes((struct bytes){text, strlen(text)}, "sample",
				      &(struct reader_options){0}, &history, NULL, &err));
	expect_choice(&history, val_small(3), "semaphore", false, text);
	expect_choice(&history, VAL_OF_NIL, "lock", false, text);
	history_release(&history);
}

/* ---- the table ---- */

static void
every_checker_stands_in_the_table_once_at_most_and_others_are_checkers(void **state)
{
	size_t count;
	const struct choice *table = choice_table(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++)
			assert_ptr_not_equal(table[i].checker, table[j].checker);
		assert_true(strlen(table[i].known_by) > 0);
		char word[64];
		int used;
		const char *at = table[i].others;
		for (; sscanf(at, " %63[a-z-]%n", word, &used) == 1;
		     at += strcspn(at, ",") + (strchr(at, ',') != NULL)) {
			struct err err;
			if (word[0] != '-' && checker_find(word, &err) == NULL)
				fail_msg("%s: %s", table[i].checker->name, err.text);
			if (strchr(at, ',') == NULL)
				break;
		}
	}
}

static void
the_choice_is_told_with_other_promises_and_the_complexity(void **state)
{
	const char *text =
		"{\"process\":0,\"type\":\"invoke\",\"f\":\"enqueue\",\"value\":1}\n"
		"{\"process\":0,\"type\":\"ok\",\"f\":\"enqueue\",\"value\":1}\n";
	const char *const named[] = {"bag", NULL};
	struct judge_options options = {.check.threads = 1};
	struct judgement judgement;
	struct buf words = {0}, json = {0}, other = {0};
	struct history history;
	struct err err;

	(void)state;
	history_init(&history);
	assert_true(reader_read_bytes((struct bytes){text, strlen(text)}, "sample",
				      &(struct reader_options){0}, &history, NULL, &err));
	assert_true(judge_history(&history, &options, &judgement, &err));
	judge_words(&history, &judgement, &words);
	judge_json(&history, &judgement, &json);
	judge_release(&judgement);
	assert_non_null(strstr(buf_text(&words), "valid queue: "));
	assert_non_null(strstr(buf_text(&words), "O(n)"));
	assert_non_null(strstr(buf_text(&words),
			       "chosen for enqueue and dequeue; other promises: bag"));
	assert_non_null(strstr(buf_text(&json), "\"complexity\":\"peel"));
	assert_non_null(
		strstr(buf_text(&json), "\"chosen_for\":\"enqueue and dequeue\""));
	options.checkers = named;
	assert_true(judge_history(&history, &options, &judgement, &err));
	judge_words(&history, &judgement, &other);
	assert_null(strstr(buf_text(&other), "chosen for"));
	judge_release(&judgement);
	history_release(&history);
	buf_release(&words);
	buf_release(&json);
	buf_release(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_generated_type_gets_its_checker),
		cmocka_unit_test(each_story_of_the_corpus_gets_its_checker),
		cmocka_unit_test(formats_of_other_tools_get_their_checkers),
		cmocka_unit_test(what_has_no_checker_gets_none),
		cmocka_unit_test(a_semaphore_without_permits_stays_a_lock_and_is_told),
		cmocka_unit_test(permits_that_are_told_again_are_no_tokens),
		cmocka_unit_test(
			every_checker_stands_in_the_table_once_at_most_and_others_are_checkers),
		cmocka_unit_test(
			the_choice_is_told_with_other_promises_and_the_complexity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
