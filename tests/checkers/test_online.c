/* Registers judged while they are played: never a false alarm, and stale reads are found. */
#include "checkers/checker.h"
#include "checkers/generate/generate.h"
#include "tests/checkers/online_feed.h"
#include "tests/checkers/random_history.h"
#include "tests/checkers/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	RANDOM_HISTORIES = 20000
};

static const char *
violation_of(const struct history *history, uint32_t batch)
{
	struct online *online = online_new();

	online_feed(online, history, batch);
	const struct online_violation *violation = online_violation(online);
	const char *name = violation != NULL ? violation->name : "none";
	online_free(online);
	return name;
}

/* In one batch, and event by event: then dead values are gone, and so is their name. */
static void
assert_script(const char *script, const char *expected)
{
	struct history history;

	script_play(&history, script);
	assert_string_equal(violation_of(&history, 1000), expected);
	bool is_found = strcmp(violation_of(&history, 1), "none") != 0;
	assert_int_equal(is_found, strcmp(expected, "none") != 0);
	history_release(&history);
}

static void
small_histories_are_judged_as_their_stories_say(void **state)
{
	(void)state;
	assert_script("0+w1 0=ok 1+r 1=1 1+r 1=1", "none");
	assert_script("0+r 0=nil 0+w1 0=ok 0+r 0=1", "none");
	assert_script("0+w1 0=ok 0+w2 0=ok 1+r 1=1", "stale-read");
	assert_script("0+w1 0=ok 0+r 0=nil", "stale-read");
	assert_script("0+w1 0=ok 0+r 0=7 0+r 0=1", "stale-or-unwritten-read");
	assert_script("0+w1 0=fail 0+w2 0=ok 0+r 0=1 0+r 0=2", "stale-or-unwritten-read");
	assert_script("0+w1 1+r 1=1 1+r 1=1 0=ok", "none");
	assert_script("0+w1 0=? 1+w2 1=ok 1+r 1=1 1+r 1=1", "none");
	assert_script("0+w1 0=ok 0+c1,2 0=ok 1+r 1=2 1+r 1=1", "stale-read");
	assert_script("@1 0+w1 0=ok @2 0+w1 0=ok 1+r 1=1", "none");
}

static size_t
history_count(void)
{
	const char *count = getenv("FAULTLINE_RANDOM_HISTORIES");

	return count != NULL ? strtoul(count, NULL, 10) : RANDOM_HISTORIES;
}

static enum verdict
judge(const struct history *history)
{
	const struct check_options options = {.threads = 1, .no_certify = true};
	struct check_result result;
	struct err err;

	checker_run(checker_find("register", &err), history, &options, &result);
	enum verdict verdict = result.verdict;
	check_result_release(&result);
	return verdict;
}

/* Most violations of the checker at the end are found on the way. */
static void
whatever_is_found_online_is_found_at_the_end(void **state)
{
	size_t invalid = 0, found = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 20261121);
	for (size_t i = 0; i < history_count(); i++) {
		struct random_register shape = {.ops = 4 + rng_below(&rng, 40),
						.processes =
							1 + (uint32_t)rng_below(&rng, 5),
						.read_percent = 50,
						.cas_percent = (int)rng_below(&rng, 30),
						.info_percent = (int)rng_below(&rng, 15),
						.fail_percent = (int)rng_below(&rng, 15),
						.wrong_percent = i % 2 ? 4 : 0};
		struct history history;
		random_register_play(&history, &shape, &rng);
		uint32_t batch = 1 + (uint32_t)rng_below(&rng, 20);
		bool is_found = strcmp(violation_of(&history, batch), "none") != 0;
		bool is_invalid = judge(&history) == VERDICT_INVALID;
		if (is_found && !is_invalid)
			fail_msg("history %zu: a false alarm", i);
		invalid += is_invalid;
		found += is_found;
		history_release(&history);
	}
	assert_true(invalid > history_count() / 10);
	if (found * 10 < invalid * 8)
		fail_msg("%zu of %zu violations were found", found, invalid);
}

static void
play(struct history *history, const char *mutate, uint64_t seed)
{
	const struct generate_options options = {.type = "register",
						 .mutate = mutate,
						 .operations = 3000,
						 .processes = 10,
						 .keys = 3,
						 .info_percent = 3,
						 .seed = seed};
	struct err err;

	history_init(history);
	if (!generate_history(history, &options, &err))
		fail_msg("%s", err.text);
}

static void
planted_stale_reads_are_found_and_valid_runs_are_not_stopped(void **state)
{
	struct history history;

	(void)state;
	for (uint64_t seed = 0; seed < 30; seed++) {
		play(&history, NULL, seed);
		assert_string_equal(violation_of(&history, 64), "none");
		history_release(&history);
		play(&history, "stale-read", seed);
		assert_string_not_equal(violation_of(&history, 64), "none");
		history_release(&history);
	}
}

/* Keys come and go; what is kept does not grow with them. */
static void
memory_is_bounded_by_what_is_live(void **state)
{
	struct online *online = online_new();
	uint32_t at = 0;

	(void)state;
	for (int64_t key = 0; key < 20000; key++) {
		for (int64_t value = 1; value <= 50; value++) {
			struct online_op op = {.key = key,
					       .written = value,
					       .seen = ONLINE_NIL,
					       .invoke_at = at,
					       .complete_at = at + 1,
					       .type = OP_OK,
					       .writes = true};
			at += 2;
			online_end(online, &op);
		}
		online_advance(online, at);
	}
	struct online_size size = online_size(online);
	assert_null(online_violation(online));
	assert_in_range(size.keys, 1, 10000);
	assert_in_range(size.bytes, 1, 4 << 20);
	/* A forgotten key is not judged by half. */
	struct online_op late = {.key = 0,
				 .seen = 7,
				 .invoke_at = at,
				 .complete_at = at + 1,
				 .type = OP_OK,
				 .sees = true};
	online_end(online, &late);
	online_advance(online, at + 2);
	assert_null(online_violation(online));
	online_free(online);
}

static void
values_that_are_not_unique_end_the_judging(void **state)
{
	struct online *online = online_new();
	struct history history;

	(void)state;
	script_play(&history, "0+w1 0=ok 1+w1 1=ok 1+w2 1=ok 0+r 0=1");
	online_feed(online, &history, 1000);
	assert_null(online_violation(online));
	assert_non_null(online_gave_up(online));
	online_free(online);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_histories_are_judged_as_their_stories_say),
		cmocka_unit_test(whatever_is_found_online_is_found_at_the_end),
		cmocka_unit_test(
			planted_stale_reads_are_found_and_valid_runs_are_not_stopped),
		cmocka_unit_test(memory_is_bounded_by_what_is_live),
		cmocka_unit_test(values_that_are_not_unique_end_the_judging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
