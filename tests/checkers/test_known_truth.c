/* Generated histories with what is known of them, valid or with a planted violation, judged
 * by those whom the type does not name: what a stronger promise allows a weaker one allows,
 * and a violation breaks the promises that its definition contradicts, and no other where
 * that is known too. */
#include "checkers/checker.h"
#include "checkers/generate/generate.h"
#include "checkers/transaction/isolation.h"
#include "tests/checkers/plain_writes.h"
#include "tests/checkers/random_count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum {
	SEEDS = 10, /* of each row, and so many of SEEDS_OF (random_count.h) */
	SEEDS_OF = 1000,
	OPERATIONS = 120,
	BYTES_MAX = 64 << 20 /* of a checker */
};

struct truth {
	const char *type, *mutation; /* NULL: valid */
	const char *checker, *model, *level;
	enum verdict verdict;
};

static const char *
text_or(const char *text, const char *otherwise)
{
	return text != NULL ? text : otherwise;
}

/* False: a history so short has no place for the mutation. */
static bool
make(struct history *history, const struct truth *truth, uint64_t seed)
{
	const struct generate_options options = {
		.type = truth->type,
		.mutate = truth->mutation,
		.operations = OPERATIONS,
		.keys = seed % 3 == 0 ? 0 : 1 + (uint32_t)(seed % 3),
		.processes = 2 + (uint32_t)(seed % 4),
		.info_percent = seed % 2 ? 5 : 0,
		.fail_percent = 5,
		.seed = seed};
	struct err err;

	history_init(history);
	if (generate_history(history, &options, &err)) {
		plain_writes(history);
		return true;
	}
	if (strstr(err.text, "has no place") == NULL)
		fail_msg("%s: %s", truth->type, err.text);
	return false;
}

static void
judge(const struct truth *truth, const struct history *history, uint64_t seed)
{
	struct check_options options = {.threads = 1,
					.model = truth->model,
					.level = truth->level,
					.budget.bytes_max = BYTES_MAX};
	struct check_result result;
	struct err err;

	const struct checker *checker = checker_find(truth->checker, &err);
	assert_non_null(checker);
	checker_run(checker, history, &options, &result);
	if (result.verdict != truth->verdict ||
	    (!result.certified && !result.is_unproven))
		fail_msg("%s, %s, seed %llu: %s %s %s: %s%s: %s", truth->type,
			 text_or(truth->mutation, "valid"), (unsigned long long)seed,
			 truth->checker, text_or(truth->model, ""),
			 text_or(truth->level, ""), verdict_name(result.verdict),
			 result.certified ? "" : ", not certified", result.reason);
	check_result_release(&result);
}

/* How many histories there were. */
static size_t
expect(const struct truth *truth)
{
	size_t total = random_share(SEEDS, SEEDS_OF), judged = 0;

	for (uint64_t seed = 0; seed < total; seed++) {
		struct history history;
		if (make(&history, truth, seed)) {
			judge(truth, &history, seed);
			judged++;
		}
		history_release(&history);
	}
	if (judged * 4 < total)
		fail_msg("%s, %s: only %zu of %zu", truth->type,
			 text_or(truth->mutation, "valid"), judged, total);
	return judged;
}

static void
tell(const char *what, size_t histories)
{
	if (random_count_is_set())
		print_message("%s: %zu histories\n", what, histories);
}

/* ---- registers ------------------------------------------------------------------------ */

/* From the strongest on, so that what the first `count` allow or break is a beginning. */
static const char *const weak[] = {"sequential",
				   "causal",
				   "causal-cm",
				   "causal-ccv",
				   "causal-cc",
				   "pram",
				   "session",
				   "read-your-writes",
				   "monotonic-reads",
				   "monotonic-writes",
				   "writes-follow-reads"};

enum {
	WEAK = sizeof(weak) / sizeof(weak[0]),
	FROM_CAUSAL = 1,
	TO_READ_YOUR_WRITES = 8
};

static size_t
expect_weak(const char *type, const char *mutation, size_t from, size_t to,
	    enum verdict verdict)
{
	size_t judged = 0;

	for (size_t i = from; i < to; i++)
		judged += expect(&(struct truth){.type = type,
						 .mutation = mutation,
						 .checker = weak[i],
						 .verdict = verdict});
	return judged;
}

/* CCv is no part of CM. */
static size_t
expect_causal(void)
{
	size_t judged = 0;

	for (size_t i = FROM_CAUSAL; i < WEAK; i++)
		if (strcmp(weak[i], "causal-ccv") != 0)
			judged += expect(&(struct truth){.type = "causal",
							 .checker = weak[i],
							 .verdict = VERDICT_VALID});
	return judged;
}

static void
what_is_stronger_is_allowed_by_what_is_weaker(void **state)
{
	(void)state;
	tell("registers, valid",
	     expect_weak("register", NULL, 0, WEAK, VERDICT_VALID) +
		     expect_weak("sequential", NULL, 0, WEAK, VERDICT_VALID) +
		     expect_causal());
}

/* What nobody wrote, nobody may see; nor may what its own process overwrote be missed where
 * that is promised. */
static void
what_breaks_each_session_breaks_all_that_promise_sessions(void **state)
{
	static const char *const types[] = {"register", "sequential", "causal"};
	size_t judged = 0;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		judged +=
			expect_weak(types[i], "unwritten-read", 0, WEAK, VERDICT_INVALID);
	for (size_t i = 1; i < 3; i++)
		judged += expect_weak(types[i], "initial-read", 0, TO_READ_YOUR_WRITES,
				      VERDICT_INVALID);
	tell("registers, mutated", judged);
}

/* ---- one table for the others --------------------------------------------------------- */

static const struct truth truths[] = {
	/* what was overwritten before a read began */
	{"register", NULL, "regular", NULL, NULL, VERDICT_VALID},
	{"register", NULL, "safe", NULL, NULL, VERDICT_VALID},
	{"register", NULL, "staleness", NULL, "1", VERDICT_VALID},
	{"register", NULL, "staleness", "atomic", "1", VERDICT_VALID},
	{"register", "stale-read", "regular", NULL, NULL, VERDICT_INVALID},
	{"register", "stale-read", "staleness", NULL, "1", VERDICT_INVALID},
	{"register", "stale-read", "staleness", NULL, "1000000", VERDICT_VALID},
	{"register", "initial-read", "regular", NULL, NULL, VERDICT_INVALID},
	{"register", "initial-read", "staleness", NULL, "1", VERDICT_INVALID},
	{"register", "initial-read", "staleness", NULL, "1000000", VERDICT_VALID},
	{"register", "unwritten-read", "regular", NULL, NULL, VERDICT_INVALID},
	{"register", "unwritten-read", "staleness", NULL, "1000000", VERDICT_INVALID},
	{"set", NULL, "set-full", NULL, NULL, VERDICT_VALID},
	{"set", "lost-element", "set-full", NULL, NULL, VERDICT_INVALID},
	{"set", "unexpected-element", "set-full", NULL, NULL, VERDICT_INVALID},
	{"set", "duplicate-element", "set-full", NULL, NULL, VERDICT_INVALID},
	/* a bag has no order */
	{"queue", NULL, "bag", NULL, NULL, VERDICT_VALID},
	{"queue", "taken-twice", "bag", NULL, NULL, VERDICT_INVALID},
	{"queue", "never-added", "bag", NULL, NULL, VERDICT_INVALID},
	{"queue", "false-empty", "bag", NULL, NULL, VERDICT_INVALID},
	{"total-queue", NULL, "total-queue", "exactly-once", NULL, VERDICT_VALID},
	{"total-queue", "lost-element", "total-queue", "exactly-once", NULL,
	 VERDICT_INVALID},
	{"ids", "duplicate-id", "unique-ids", NULL, NULL, VERDICT_INVALID},
	{"ids", "id-went-back", "unique-ids", NULL, NULL, VERDICT_VALID},
	/* what a holder releases anybody may release */
	{"lock", NULL, "lock", "mutex", NULL, VERDICT_VALID},
	{"lock", NULL, "lock", "reentrant", NULL, VERDICT_VALID},
	{"lock", "release-without-hold", "lock", "reentrant", NULL, VERDICT_INVALID},
	{"fenced-lock", NULL, "lock", NULL, NULL, VERDICT_VALID},
	{"fenced-lock", "token-not-increasing", "lock", NULL, NULL, VERDICT_VALID},
	{"kafka", NULL, "kafka", "ww-deps", NULL, VERDICT_VALID},
	{"kafka", "unsent", "kafka", "ww-deps", NULL, VERDICT_INVALID},
	{"kafka", "inconsistent-offsets", "kafka", "ww-deps", NULL, VERDICT_INVALID},
	{"bank", NULL, "bank", "overdraft", NULL, VERDICT_VALID},
	{"bank", "wrong-total", "bank", "overdraft", NULL, VERDICT_INVALID},
	{"versions", NULL, "versions", "volatile", NULL, VERDICT_VALID},
	{"versions", NULL, "versions", "sessionless", NULL, VERDICT_VALID},
	{"versions", "unwritten-version", "versions", "volatile/sessionless", NULL,
	 VERDICT_INVALID},
	/* in real time alone */
	{"list-append", "stale-read", "list-append", NULL, "strict-serializable",
	 VERDICT_INVALID},
	{"list-append", "stale-read", "list-append", NULL, "strong-snapshot-isolation",
	 VERDICT_INVALID},
	{"rw-register", "stale-read", "rw-register", NULL, "strict-serializable",
	 VERDICT_INVALID},
	{"rw-register", "stale-read", "rw-register", NULL, "strong-snapshot-isolation",
	 VERDICT_INVALID},
	{"rw-register", "stale-read", "rw-register", NULL, "read-uncommitted",
	 VERDICT_VALID},
	{"rw-register", "aborted-read", "rw-register", NULL, "read-uncommitted",
	 VERDICT_VALID},
};

static void
other_promises_are_kept_or_broken_as_planted(void **state)
{
	size_t judged = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(truths) / sizeof(truths[0]); i++)
		judged += expect(&truths[i]);
	tell("others", judged);
}

/* ---- transactions --------------------------------------------------------------------- */

/* From this level on, which may be the weakest. */
static size_t
expect_broken(const char *type, const char *mutation, size_t from)
{
	size_t judged = 0;

	for (size_t level = from; level < level_count(); level++)
		judged += expect(&(struct truth){.type = type,
						 .mutation = mutation,
						 .checker = type,
						 .level = level_name(level),
						 .verdict = VERDICT_INVALID});
	return judged;
}

static void
no_level_of_transactions_allows_garbage_nor_aborted_reads(void **state)
{
	enum {
		READ_UNCOMMITTED = 0,
		READ_COMMITTED
	};

	(void)state;
	assert_string_equal(level_name(READ_COMMITTED), "read-committed");
	tell("transactions, mutated",
	     expect_broken("list-append", "garbage-read", READ_UNCOMMITTED) +
		     expect_broken("list-append", "duplicate-elements",
				   READ_UNCOMMITTED) +
		     expect_broken("rw-register", "garbage-read", READ_UNCOMMITTED) +
		     expect_broken("list-append", "aborted-read", READ_COMMITTED) +
		     expect_broken("rw-register", "aborted-read", READ_COMMITTED));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_stronger_is_allowed_by_what_is_weaker),
		cmocka_unit_test(
			what_breaks_each_session_breaks_all_that_promise_sessions),
		cmocka_unit_test(other_promises_are_kept_or_broken_as_planted),
		cmocka_unit_test(
			no_level_of_transactions_allows_garbage_nor_aborted_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
