/* Collections: stories with known verdicts, budgets. */
#include "checkers/collection/collection_judge.h"
#include "tests/checkers/random_collection.h"
#include "tests/checkers/whole_history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

static const uint16_t fs[COLLECTION_KINDS][3] = {
	[COLLECTION_QUEUE] = {F_ENQUEUE, F_DEQUEUE, F_PEEK},
	[COLLECTION_STACK] = {F_PUSH, F_POP, F_PEEK},
	[COLLECTION_PRIORITY_QUEUE] = {F_INSERT, F_POLL, F_PEEK},
	[COLLECTION_BAG] = {F_ENQUEUE, F_DEQUEUE, F_PEEK},
	[COLLECTION_TUPLE_SPACE] = {F_WRITE, F_TAKE, F_READ},
};

static const struct checker *const checkers[COLLECTION_KINDS] = {
	[COLLECTION_QUEUE] = &checker_queue,
	[COLLECTION_STACK] = &checker_stack,
	[COLLECTION_PRIORITY_QUEUE] = &checker_priority_queue,
	[COLLECTION_BAG] = &checker_bag,
	[COLLECTION_TUPLE_SPACE] = &checker_tuple_space,
};

static enum collection
collection_of(const struct checker *checker)
{
	enum collection collection = COLLECTION_QUEUE;

	while (checkers[collection] != checker)
		collection++;
	return collection;
}

/* "0+p1 0=ok 1+t 1=1 2+l 2=nil": puts, takes, looks; =? and =fail complete otherwise. */
static void
play(struct history *history, enum collection collection, const char *script)
{
	struct op open[10];
	struct err err;

	history_init(history);
	for (const char *at = script; *at != '\0'; at += strcspn(at, " ")) {
		at += strspn(at, " ");
		uint32_t process = (uint32_t)(*at - '0');
		const char *rest = at + 2;
		struct op *op = &open[process];
		if (at[1] == '+') {
			*op = (struct op){.process = process};
			op->f = fs[collection][strchr("ptl", *rest) - "ptl"];
			if (*rest == 'p')
				op->input = val_small(strtol(rest + 1, NULL, 10));
			assert_true(history_invoke(history, op, &err));
			continue;
		}
		op->type = *rest == '?' ? OP_INFO : *rest == 'f' ? OP_FAIL : OP_OK;
		if (*rest >= '0' && *rest <= '9')
			op->output = val_small(strtol(rest, NULL, 10));
		assert_true(history_complete(history, op, &err));
	}
}

static const struct {
	const struct checker *checker;
	const char *script, *anomaly; /* NULL: valid */
} stories[] = {
	{&checker_queue, "0+p1 1+p2 1=ok 2+l 2=1 0=ok 2+t 2=1 2+t 2=2 2+t 2=nil", NULL},
	{&checker_queue, "0+p1 0=? 1+p2 1=ok 2+t 2=2 2+t 2=nil 2+t 2=1", NULL},
	{&checker_queue, "0+p1 0=ok 0+p2 0=ok 1+t 1=? 2+t 2=2 2+t 2=nil", NULL},
	{&checker_queue, "0+p1 0=ok 1+t 1=7", "never-added"},
	{&checker_queue, "0+p1 0=fail 1+t 1=1", "failed-add-seen"},
	{&checker_queue, "1+t 1=1 0+p1 0=ok", "seen-before-added"},
	{&checker_queue, "0+p1 0=ok 1+t 1=1 2+t 2=1", "taken-twice"},
	{&checker_queue, "0+p1 0=ok 1+t 1=1 2+l 2=1", "seen-after-taken"},
	{&checker_queue, "0+p1 0=ok 1+t 1=nil 1+t 1=1", "false-empty"},
	{&checker_queue, "0+p1 0=ok 2+t 1+p2 1=ok 3+t 3=1 2=nil 3+t 3=2", "false-empty"},
	{&checker_queue, "0+p1 0=ok 0+p2 0=ok 1+t 1=2", "lost-element"},
	{&checker_queue, "0+p1 0=ok 0+p2 0=ok 1+t 1=2 1+t 1=1", "out-of-order"},
	{&checker_queue, "0+p1 1+p2 0=ok 1=ok 2+l 2=1 2+l 2=2 2+t 2=1 2+t 2=2",
	 "out-of-order"},
	{&checker_stack, "0+p1 0=ok 1+p2 1=ok 2+l 2=2 2+t 2=2 2+t 2=1 2+t 2=nil", NULL},
	{&checker_stack, "0+p1 0=ok 0+p2 0=ok 1+t 1=1 1+t 1=2", "out-of-order"},
	{&checker_stack, "0+p1 0=ok 1+t 1=nil 1+t 1=1", "false-empty"},
	{&checker_stack, "0+p1 0=ok 1+t 1=1 2+t 2=1", "taken-twice"},
	{&checker_stack, "0+p1 1+p2 1=ok 2+t 2=2 0=ok 2+t 2=1", NULL},
	{&checker_priority_queue,
	 "0+p1 0=ok 0+p3 0=ok 1+t 1=3 0+p2 0=ok 1+t 1=2 1+t 1=1 1+t 1=nil", NULL},
	{&checker_priority_queue, "0+p1 0=ok 0+p2 0=ok 1+t 1=1 1+t 1=2",
	 "priority-inversion"},
	{&checker_priority_queue, "0+p1 0=ok 0+p2 0=ok 1+t 2+p3 2=ok 3+t 3=2 1=1 3+t 3=3",
	 "priority-inversion"},
	{&checker_priority_queue, "0+p1 0=ok 1+t 1=nil 1+t 1=1", "false-empty"},
	{&checker_bag, "0+p1 0=ok 0+p2 0=ok 1+t 1=2 1+t 1=1 1+t 1=nil", NULL},
	{&checker_bag, "0+p1 0=ok 1+t 1=nil", "false-empty"},
	{&checker_bag, "0+p1 0=ok 1+t 1=1 2+t 2=1", "taken-twice"},
	{&checker_bag, "0+p1 0=ok 0+p1 0=ok 1+t 1=1 1+t 1=1 1+t 1=1", "taken-twice"},
	{&checker_queue, "0+p1 0=ok 0+p1 0=ok 1+t 1=1 1+t 1=1 1+t 1=nil", NULL},
};

static void
stories_end_as_they_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++) {
		struct check_options options = {.threads = 1};
		struct check_result result;
		struct history history;
		play(&history, collection_of(stories[i].checker), stories[i].script);
		checker_run(stories[i].checker, &history, &options, &result);
		bool is_valid = stories[i].anomaly == NULL;
		if (result.verdict != (is_valid ? VERDICT_VALID : VERDICT_INVALID) ||
		    !result.certified)
			fail_msg("%s: %s, %s", stories[i].script,
				 verdict_name(result.verdict), result.reason);
		if (!is_valid)
			assert_string_equal(result.anomalies.items[0].name,
					    stories[i].anomaly);
		check_result_release(&result);
		history_release(&history);
	}
}

static void
the_right_checker_is_chosen(void **state)
{
	static const char *const names[COLLECTION_KINDS] = {
		[COLLECTION_QUEUE] = "queue",
		[COLLECTION_STACK] = "stack",
		[COLLECTION_PRIORITY_QUEUE] = "priority-queue",
		[COLLECTION_TUPLE_SPACE] = "tuple-space"};

	(void)state;
	for (enum collection c = 1; c < COLLECTION_KINDS; c++) {
		struct history history;
		if (names[c] == NULL)
			continue;
		play(&history, c, "0+p1 0=ok 1+l 1=1 1+t 1=1");
		const struct checker *chosen = checker_choose(&history);
		assert_non_null(chosen);
		assert_string_equal(chosen->name, names[c]);
		history_release(&history);
	}
}

static void
nil_cannot_be_put(void **state)
{
	struct check_options options = {0};
	struct check_result result;
	struct history history;

	(void)state;
	play(&history, COLLECTION_QUEUE, "0+p1 0=ok");
	history.ops.items[0].input = VAL_OF_NIL;
	checker_run(&checker_queue, &history, &options, &result);
	assert_int_equal(result.verdict, VERDICT_UNKNOWN);
	assert_non_null(strstr(result.reason, "nil"));
	check_result_release(&result);
	history_release(&history);
}

/* Where no take is of unknown outcome the near-linear deciders never give up. */
static void
unique_values_need_no_search(void **state)
{
	struct rng rng;

	(void)state;
	rng_init(&rng, 31);
	for (int i = 0; i < 20000; i++) {
		struct random_collection shape = {
			.collection = 1 + (enum collection)(i % 5),
			.ops = 2 + rng_below(&rng, 40),
			.processes = 1 + (uint32_t)rng_below(&rng, 6),
			.take_percent = 40,
			.look_percent = (int)rng_below(&rng, 3) * 10,
			.wrong_percent = (int)rng_below(&rng, 20),
			.shuffled = true};
		struct check_options options = {.budget = {.bytes_max = 1 << 30}};
		struct collection_outcome outcome;
		struct history history;
		uint32_t indexes[64];
		random_collection_play(&history, &shape, &rng);
		struct key_ops key = whole_history(&history, indexes);
		collection_judge(shape.collection, &key, &options, &outcome);
		assert_false(outcome.used_frontier);
		assert_true(outcome.verdict == VERDICT_VALID || outcome.is_proven);
		collection_outcome_release(&outcome);
		history_release(&history);
	}
}

/* ---- budgets -------------------------------------------------------------------------- */

static void
without_time_or_memory_the_answer_is_unknown(void **state)
{
	struct random_collection shape = {.ops = 200, .processes = 4, .take_percent = 45};
	atomic_bool stop = true;
	struct rng rng;

	(void)state;
	rng_init(&rng, 32);
	for (int i = 0; i < 20; i++) {
		struct check_options options = {.threads = 1};
		struct check_result result;
		struct history history;
		shape.collection = 1 + (enum collection)(i % 5);
		shape.values = i >= 10 ? 3 : 0;
		if (i % 2 == 0)
			options.budget.stop = &stop;
		else
			options.budget.bytes_max = 64;
		random_collection_play(&history, &shape, &rng);
		checker_run(checkers[shape.collection], &history, &options, &result);
		assert_int_equal(result.verdict, VERDICT_UNKNOWN);
		assert_non_null(strstr(result.reason, "budget"));
		check_result_release(&result);
		history_release(&history);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stories_end_as_they_are_told),
		cmocka_unit_test(the_right_checker_is_chosen),
		cmocka_unit_test(nil_cannot_be_put),
		cmocka_unit_test(unique_values_need_no_search),
		cmocka_unit_test(without_time_or_memory_the_answer_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
