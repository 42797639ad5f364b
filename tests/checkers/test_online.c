/* Deciders fed while a history grows: never a false alarm on any prefix, and where they are
 * complete the first prefix that is not allowed raises it. */
#include "checkers/generate/generate.h"
#include "tests/checkers/online_typed.h"
#include "tests/checkers/random_collection.h"
#include "tests/checkers/random_count.h"
#include "tests/checkers/random_history.h"
#include "tests/checkers/random_txns.h"
#include "tests/checkers/script.h"
#include "tests/checkers/typed_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	LONG_OPS = 400,
	LONG_COLLECTION_OPS = 70, /* takes that are open are tried out at the end */
	PERMITS = 3,		  /* of generated semaphores */
};

static const struct online_options plain_options;
static const struct check_options plain_check = {
	.threads = 1, .no_certify = true, .budget = {.bytes_max = 64 << 20}};

/* ---- registers ---- */

static void
assert_script(const char *script, const char *expected)
{
	struct online *online =
		online_new(online_decider_find("register"), &plain_options);
	struct history history;

	script_play(&history, script);
	online_feed(online, &history, 1);
	const struct online_violation *violation = online_violation(online);
	assert_string_equal(violation != NULL ? violation->name : "none", expected);
	online_free(online);
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
	assert_script("0+w1 0=ok 0+r 0=7 0+r 0=1", "unwritten-read");
	assert_script("0+w1 0=fail 0+w2 0=ok 0+r 0=1 0+r 0=2", "unwritten-read");
	assert_script("0+w1 1+r 1=1 0=fail", "failed-write-read");
	assert_script("0+w1 1+r 1=1 1+r 1=1 0=ok", "none");
	assert_script("0+w1 0=? 1+w2 1=ok 1+r 1=1 1+r 1=1", "none");
	assert_script("0+w1 0=ok 0+c1,2 0=ok 1+r 1=2 1+r 1=1", "stale-read");
	assert_script("0+w1 0=ok 0+c1,2 1+c1,3 0=ok 1=ok", "forked-cas");
	assert_script("0+c1,2 1+c2,1 0=ok 1=ok", "not-linearizable");
	assert_script("@1 0+w1 0=ok @2 0+w1 0=ok 1+r 1=1", "none");
}

static void
registers_raise_the_first_prefix_that_is_not_linearizable(void **state)
{
	size_t found = 0;
	struct rng rng;

	(void)state;
	rng_init(&rng, 20261121);
	for (size_t i = 0; i < random_count(ONLINE_HISTORIES); i++) {
		bool is_long = i % ONLINE_LONG_EACH == 1;
		struct random_register shape = {
			.ops = is_long ? LONG_OPS : 4 + rng_below(&rng, 40),
			.processes = 1 + (uint32_t)rng_below(&rng, 5),
			.read_percent = 50,
			.cas_percent = (int)rng_below(&rng, 30),
			.info_percent = (int)rng_below(&rng, 15),
			.fail_percent = (int)rng_below(&rng, 15),
			.wrong_percent = is_long ? 1
					 : i % 2 ? 4
						 : 0};
		struct history history;
		random_register_play(&history, &shape, &rng);
		found += online_compare("register", &history, &plain_options,
					&plain_check, true)
				 .is_found;
		history_release(&history);
	}
	assert_true(found > random_count(ONLINE_HISTORIES) / 10);
}

/* ---- objects that are played with random timing ---- */

static void
versions_are_never_blamed_wrongly(void **state)
{
	(void)state;
	online_compare_typed("versioned-register", &typed_versioned, true, &plain_options,
			     &plain_check, false, 90);
	online_compare_typed("versioned-register", &typed_versioned, false,
			     &plain_options, &plain_check, false, 60);
}

static void
logs_are_never_blamed_wrongly(void **state)
{
	(void)state;
	online_compare_typed("log", &typed_log, true, &plain_options, &plain_check, false,
			     90);
	online_compare_typed("log", &typed_log, false, &plain_options, &plain_check,
			     false, 60);
}

static void
ids_raise_the_first_prefix_with_a_duplicate_or_one_that_went_back(void **state)
{
	const struct online_options monotone = {.is_monotone = true};
	const struct check_options check = {
		.threads = 1, .no_certify = true, .model = "monotone"};

	(void)state;
	online_compare_typed("unique-ids", &typed_ids, true, &plain_options, &plain_check,
			     true, 100);
	online_compare_typed("unique-ids", &typed_ids, true, &monotone, &check, true,
			     100);
}

static void
counters_are_never_blamed_wrongly(void **state)
{
	(void)state;
	online_compare_typed("counter", &typed_counter, false, &plain_options,
			     &plain_check, false, 20);
	online_compare_typed("counter", &typed_unit_counter, false, &plain_options,
			     &plain_check, false, 20);
	online_compare_typed("counter", &typed_fetch_counter, false, &plain_options,
			     &plain_check, false, 50);
}

static void
sets_raise_the_first_prefix_that_is_not_linearizable(void **state)
{
	(void)state;
	online_compare_typed("set-full", &typed_set, true, &plain_options, &plain_check,
			     true, 100);
	online_compare_typed("set-full", &typed_set, false, &plain_options, &plain_check,
			     true, 100);
	online_compare_typed("set", &typed_set, true, &plain_options, &plain_check, false,
			     1);
}

/* ---- collections ---- */

static struct random_collection
some_collection(enum collection collection, size_t i, struct rng *rng)
{
	bool is_long = i % ONLINE_LONG_EACH == 1;

	return (struct random_collection){
		.collection = collection,
		.ops = is_long ? LONG_COLLECTION_OPS : 4 + rng_below(rng, 26),
		.processes = 1 + (uint32_t)rng_below(rng, 5),
		.take_percent = 30 + (int)rng_below(rng, 30),
		.look_percent = i % 3 == 0 ? (int)rng_below(rng, 20) : 0,
		.info_percent = i % 4 == 0 ? (int)rng_below(rng, 12) : 0,
		.fail_percent = (int)rng_below(rng, 10),
		.wrong_percent = is_long      ? (int)rng_below(rng, 2)
				 : i % 2 == 0 ? 0
					      : (int)rng_below(rng, 12),
		.shuffled = i % 5 != 0,
	};
}

static void
compare_collection(enum collection collection, const char *checker, int found_percent)
{
	size_t count = random_count(ONLINE_HISTORIES) / 4;
	struct online_tally tally = {0};
	struct rng rng;

	rng_init(&rng, 11 + collection);
	for (size_t i = 0; i < count; i++) {
		struct random_collection shape = some_collection(collection, i, &rng);
		struct history history;
		random_collection_play(&history, &shape, &rng);
		bool is_complete =
			collection == COLLECTION_BAG ||
			(collection == COLLECTION_QUEUE && shape.look_percent == 0);
		online_tally_add(&tally, online_compare(checker, &history, &plain_options,
							&plain_check, is_complete));
		history_release(&history);
	}
	online_tally_expect(&tally, checker, count / 20, found_percent);
}

static void
bags_raise_the_first_prefix_that_is_not_linearizable(void **state)
{
	(void)state;
	compare_collection(COLLECTION_BAG, "bag", 100);
}

/* Complete where nobody only looks. */
static void
queues_are_never_blamed_wrongly(void **state)
{
	(void)state;
	compare_collection(COLLECTION_QUEUE, "queue", 98);
}

static void
stacks_are_never_blamed_wrongly(void **state)
{
	(void)state;
	compare_collection(COLLECTION_STACK, "stack", 98);
}

static void
priority_queues_are_never_blamed_wrongly(void **state)
{
	(void)state;
	compare_collection(COLLECTION_PRIORITY_QUEUE, "priority-queue", 98);
}

/* ---- transactions ---- */

static struct random_txns
some_txns(size_t i, struct rng *rng)
{
	bool is_long = i % ONLINE_LONG_EACH == 1;

	return (struct random_txns){
		.txns = is_long ? LONG_OPS : 3 + rng_below(rng, 25),
		.processes = 1 + (uint32_t)rng_below(rng, 5),
		.keys = 1 + (uint32_t)rng_below(rng, 3),
		.mops_max = 1 + (int)rng_below(rng, 4),
		.write_percent = 30 + (int)rng_below(rng, 40),
		.info_percent = i % 3 == 0 ? (int)rng_below(rng, 15) : 0,
		.snapshot = i % 2 == 0,
		.list_length = 4 + (uint32_t)rng_below(rng, 30),
	};
}

/* One read lacks its last element, or has one twice, or one that nobody appended. */
static val
spoil_list(struct values *values, val list, struct rng *rng)
{
	VEC(val) items = {0};
	size_t count = val_kind(list) == VAL_LIST ? val_count(values, list) : 0;
	uint64_t how = rng_below(rng, 6);

	for (size_t i = 0; i < count; i++)
		vec_push(&items, val_at(values, list, i));
	if (how < 4 && count > 0)
		items.count--;
	else
		vec_push(&items,
			 how == 4 && count > 0 ? items.items[0] : val_small(99999));
	val spoilt = val_list(values, items.items, items.count);
	vec_release(&items);
	return spoilt;
}

static void
spoil(struct history *history, struct rng *rng)
{
	struct values *values = &history->values;
	struct op *op = &history->ops.items[rng_below(rng, history->ops.count)];
	VEC(val) mops = {0};

	if (op->type != OP_OK)
		return;
	for (size_t i = 0; i < val_count(values, op->output); i++)
		vec_push(&mops, val_at(values, op->output, i));
	size_t at = rng_below(rng, mops.count);
	struct bytes f = val_text(values, val_at(values, mops.items[at], 0));
	if (f.len == 1) {
		const val items[] = {
			val_at(values, mops.items[at], 0),
			val_at(values, mops.items[at], 1),
			spoil_list(values, val_at(values, mops.items[at], 2), rng)};
		mops.items[at] = val_list(values, items, 3);
		op->output = val_list(values, mops.items, mops.count);
	}
	vec_release(&mops);
}

/* Complete where it is known of every transaction whether it happened. */
static void
transactions_raise_the_first_prefix_that_is_not_strictly_serializable(void **state)
{
	size_t count = random_count(ONLINE_HISTORIES) / 2;
	struct online_tally tally = {0};
	struct rng rng;

	(void)state;
	rng_init(&rng, 5);
	for (size_t i = 0; i < count; i++) {
		struct random_txns shape = some_txns(i, &rng);
		struct history history;
		random_txns_play(&history, &shape, &rng);
		if (i % 4 == 1)
			spoil(&history, &rng);
		online_tally_add(&tally,
				 online_compare("list-append", &history, &plain_options,
						&plain_check, shape.info_percent == 0));
		history_release(&history);
	}
	online_tally_expect(&tally, "list-append", count / 20, 95);
}

/* ---- long histories ---- */

/* Types of `faultline generate`, with the decider and options that are fair to them. */
static const struct {
	const char *type, *checker;
	bool leaves_to_the_end; /* not every planted violation is raised on the way */
} long_types[] = {
	{"register", "register", false},
	{"versioned-register", "versioned-register", false},
	{"log", "log", false},
	{"ids", "unique-ids", false},
	{"counter", "counter", false},
	{"set", "set-full", false},
	{"set", "set", true},
	{"bag", "bag", false},
	{"queue", "queue", false},
	{"stack", "stack", false},
	{"priority-queue", "priority-queue", false},
	{"list-append", "list-append", false},
	{"lock", "lock", false},
	{"fenced-lock", "fenced-lock", false},
	{"semaphore", "semaphore", false},
	{"total-queue", "total-queue", true},
	{"sequential", "sequential", true},
	{"causal", "causal", true},
	{"causal", "session", true},
};

/* The anomaly raised in a generated history, or "none"; what is live at the end in *size. */
static const char *
judge_generated(const char *checker, const struct generate_options *options,
		struct online_size *size)
{
	const struct online_options online_options = {
		.is_monotone = true, /* ids are */
		.init = strcmp(checker, "semaphore") == 0 ? val_small(PERMITS)
							  : VAL_OF_NIL};
	struct online *online = online_new(online_decider_find(checker), &online_options);
	struct history history;
	struct err err;

	history_init(&history);
	if (!generate_history(&history, options, &err))
		fail_msg("%s", err.text);
	online_feed(online, &history, 50);
	const struct online_violation *violation = online_violation(online);
	const char *name = violation != NULL ? violation->name : "none";
	*size = online_size(online);
	assert_null(online_gave_up(online));
	online_free(online);
	history_release(&history);
	return name;
}

static void
valid_long_runs_are_not_stopped_and_planted_violations_are_found(void **state)
{
	struct online_size size;

	(void)state;
	for (size_t t = 0; t < sizeof(long_types) / sizeof(long_types[0]); t++)
		for (uint64_t seed = 0; seed < 6; seed++) {
			struct generate_options options = {.type = long_types[t].type,
							   .operations = 3000,
							   .processes = 10,
							   .keys = 3,
							   .info_percent = (int)seed % 3,
							   .seed = seed};
			assert_string_equal(
				judge_generated(long_types[t].checker, &options, &size),
				"none");
			options.mutate = "any";
			const char *found =
				judge_generated(long_types[t].checker, &options, &size);
			if (strcmp(found, "none") == 0 &&
			    !long_types[t].leaves_to_the_end)
				fail_msg("%s, seed %d: nothing was found",
					 long_types[t].checker, (int)seed);
		}
}

/* ---- bounds ---- */

/* Writes the value to the key, beginning at a position and ending at the next one. */
static void
write_at(struct online *online, int64_t at, int64_t key, int64_t value)
{
	online_tell_small(online, at, 0, OP_NONE, F_WRITE, key, val_small(value));
	online_tell_small(online, at + 1, 0, OP_OK, F_WRITE, key, VAL_OF_NIL);
}

static void
read_at(struct online *online, int64_t at, int64_t key, int64_t value)
{
	online_tell_small(online, at, 0, OP_NONE, F_READ, key, VAL_OF_NIL);
	online_tell_small(online, at + 1, 0, OP_OK, F_READ, key, val_small(value));
}

/* Then it counts as one of unknown outcome, and its late answer is not heard. */
static void
operation_that_does_not_end_holds_memory_for_a_while_only(void **state)
{
	struct online *online =
		online_new(online_decider_find("register"), &plain_options);
	int64_t at = 2;

	(void)state;
	online_tell_small(online, 0, 9, OP_NONE, F_WRITE, 1, val_small(1000000));
	for (; at < 3000; at += 2)
		write_at(online, at, 1, at);
	assert_in_range(online_size(online).values, 1400, 1600);
	for (at += ONLINE_PATIENCE; at < ONLINE_PATIENCE + 10000; at += 2)
		write_at(online, at, 1, at);
	assert_in_range(online_size(online).values, 1, 50);
	assert_int_equal(online_size(online).open, 0);
	online_tell_small(online, at, 9, OP_OK, F_WRITE, 1, VAL_OF_NIL);
	read_at(online, at + 1, 1, 1000000); /* it may have taken effect just now */
	assert_null(online_violation(online));
	write_at(online, at + 3, 1, at);
	read_at(online, at + 5, 1, 1000000);
	assert_non_null(online_violation(online));
	online_free(online);
}

static void
idle_keys_are_forgotten_and_never_judged_by_half(void **state)
{
	struct online *online =
		online_new(online_decider_find("register"), &plain_options);
	int64_t at = 0;

	(void)state;
	for (int64_t key = 0; key < 5 * ONLINE_KEYS_KEPT; key++, at += 2)
		write_at(online, at, key, 1);
	struct online_size size = online_size(online);
	assert_in_range(size.keys, ONLINE_KEYS_KEPT / 2, 3 * ONLINE_KEYS_KEPT);
	read_at(online, at, 0, 7); /* forgotten: nobody wrote 7, as far as we know */
	assert_null(online_violation(online));
	read_at(online, at + 2, 5 * ONLINE_KEYS_KEPT - 1, 7);
	assert_non_null(online_violation(online));
	online_free(online);
}

static void
values_that_are_not_unique_end_the_judging_of_their_key_only(void **state)
{
	struct online *online =
		online_new(online_decider_find("register"), &plain_options);

	(void)state;
	online_tell_small(online, 0, 1, OP_NONE, F_WRITE, 1, val_small(5));
	write_at(online, 1, 1, 5);
	assert_non_null(online_gave_up(online));
	read_at(online, 3, 1, 6);
	assert_null(online_violation(online));
	read_at(online, 5, 2, 6);
	assert_non_null(online_violation(online));
	online_free(online);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_histories_are_judged_as_their_stories_say),
		cmocka_unit_test(
			registers_raise_the_first_prefix_that_is_not_linearizable),
		cmocka_unit_test(versions_are_never_blamed_wrongly),
		cmocka_unit_test(logs_are_never_blamed_wrongly),
		cmocka_unit_test(
			ids_raise_the_first_prefix_with_a_duplicate_or_one_that_went_back),
		cmocka_unit_test(counters_are_never_blamed_wrongly),
		cmocka_unit_test(sets_raise_the_first_prefix_that_is_not_linearizable),
		cmocka_unit_test(bags_raise_the_first_prefix_that_is_not_linearizable),
		cmocka_unit_test(queues_are_never_blamed_wrongly),
		cmocka_unit_test(stacks_are_never_blamed_wrongly),
		cmocka_unit_test(priority_queues_are_never_blamed_wrongly),
		cmocka_unit_test(
			transactions_raise_the_first_prefix_that_is_not_strictly_serializable),
		cmocka_unit_test(
			valid_long_runs_are_not_stopped_and_planted_violations_are_found),
		cmocka_unit_test(
			operation_that_does_not_end_holds_memory_for_a_while_only),
		cmocka_unit_test(idle_keys_are_forgotten_and_never_judged_by_half),
		cmocka_unit_test(
			values_that_are_not_unique_end_the_judging_of_their_key_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
