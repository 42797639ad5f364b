/* Jepsen's checkers stop when their budget does, and then say so. */
#include "checkers/checker.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	SMALL = 20000,
	LARGE = 50000,
	LARGEST = 4000000,
};

/* ---- long valid histories: operation i of each kind ----------------------------------- */

static val
mop(struct values *values, const char *f, int64_t key, val value)
{
	return val_list(values, (val[]){val_string(values, f), val_small(key), value}, 3);
}

static val
list_of(struct values *values, val item)
{
	return val_list(values, &item, 1);
}

static void
queue_op(struct history *history, int64_t i, struct op *op)
{
	(void)history;
	op->f = i % 2 == 0 ? F_ENQUEUE : F_DEQUEUE;
	op->input = i % 2 == 0 ? val_small(i / 2) : VAL_OF_NIL;
	op->output = val_small(i / 2);
}

static void
fork_op(struct history *history, int64_t i, struct op *op)
{
	struct values *values = &history->values;

	op->f = i % 2 == 0 ? F_WRITE : F_READ;
	op->input = list_of(values, mop(values, i % 2 == 0 ? "w" : "r", i / 2,
					i % 2 == 0 ? val_small(1) : VAL_OF_NIL));
	op->output =
		list_of(values, mop(values, i % 2 == 0 ? "w" : "r", i / 2, val_small(1)));
}

static void
growth_op(struct history *history, int64_t i, struct op *op)
{
	op->f = F_INCREMENT;
	op->output =
		val_map(&history->values, (val[]){val_small(i % 3), val_small(i)}, 2);
}

static void
log_op(struct history *history, int64_t i, struct op *op)
{
	struct values *values = &history->values;
	val record = val_pair(values, val_small(i / 2), val_small(i / 2));
	val records = val_map(values, (val[]){val_small(0), list_of(values, record)}, 2);

	op->process = (uint32_t)(i % 2);
	op->f = i % 2 == 0 ? F_SEND : F_POLL;
	op->input =
		list_of(values, i % 2 == 0 ? mop(values, "send", 0, val_small(i / 2))
					   : list_of(values, val_string(values, "poll")));
	op->output =
		list_of(values, i % 2 == 0 ? mop(values, "send", 0, record)
					   : val_pair(values, val_string(values, "poll"),
						      records));
}

static void
row_op(struct history *history, int64_t i, struct op *op)
{
	op->f = i % 2 == 0 ? F_WRITE : F_READ;
	op->input = i % 2 == 0 ? val_small(i) : VAL_OF_NIL;
	op->output =
		i % 2 == 0 ? val_small(i) : list_of(&history->values, val_small(i - 1));
}

static void
element_op(struct history *history, int64_t i, struct op *op)
{
	op->f = i % 2 == 0 ? F_WRITE : F_READ;
	op->input = i % 2 == 0 ? val_small(i) : VAL_OF_NIL;
	op->output = i % 2 == 0 ? val_small(i) : val_list(&history->values, NULL, 0);
}

static void
bank_op(struct history *history, int64_t i, struct op *op)
{
	struct values *values = &history->values;
	int64_t moved = (i + 1) / 2 % 50;

	op->f = F_READ;
	if (i % 2 == 1) {
		op->output = val_map(values,
				     (val[]){val_small(0), val_small(50 - moved),
					     val_small(1), val_small(50 + moved)},
				     4);
		return;
	}
	int64_t amount = (i / 2 + 1) % 50 == 0 ? -49 : 1;
	op->f = F_TRANSFER;
	op->input = val_map(values,
			    (val[]){val_string(values, "from"), val_small(0),
				    val_string(values, "to"), val_small(1),
				    val_string(values, "amount"), val_small(amount)},
			    6);
}

static void
insert_op(struct history *history, int64_t i, struct op *op)
{
	op->f = F_INSERT;
	op->key = val_small(i);
	op->input = val_pair(&history->values, val_small(i), VAL_OF_NIL);
	op->output = op->input;
}

static const struct kind {
	const char *checker;
	void (*fill)(struct history *history, int64_t i, struct op *op);
} kinds[] = {
	{"total-queue", queue_op}, {"long-fork", fork_op},
	{"monotonic", growth_op},  {"kafka", log_op},
	{"dirty-reads", row_op},   {"causal-reverse", element_op},
	{"bank", bank_op},	   {"g2", insert_op},
};

enum {
	KIND_COUNT = sizeof(kinds) / sizeof(kinds[0])
};

static void
fill(const struct kind *kind, struct history *history, int64_t ops)
{
	history_init(history);
	for (int64_t i = 0; i < ops; i++) {
		struct op op = {.type = OP_OK,
				.invoke_at = (uint32_t)(2 * i),
				.complete_at = (uint32_t)(2 * i + 1)};
		kind->fill(history, i, &op);
		history_add(history, &op);
	}
	history_sort(history);
}

/* ---- budgets -------------------------------------------------------------------------- */

static void
run(const struct kind *kind, const struct history *history, struct budget budget,
    struct check_result *result)
{
	struct check_options options = {.budget = budget};
	struct err err;
	const struct checker *checker = checker_find(kind->checker, &err);

	assert_non_null(checker);
	checker_run(checker, history, &options, result);
}

static void
assert_unknown(const struct kind *kind, const struct check_result *result,
	       const char *reason)
{
	if (result->verdict != VERDICT_UNKNOWN || strstr(result->reason, reason) == NULL)
		fail_msg("%s: %s, %s", kind->checker, verdict_name(result->verdict),
			 result->reason);
}

static void
with_enough_of_everything_they_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		struct check_result result;
		struct history history;
		fill(&kinds[i], &history, SMALL);
		run(&kinds[i], &history, (struct budget){0}, &result);
		if (result.verdict != VERDICT_VALID || !result.certified)
			fail_msg("%s: %s", kinds[i].checker, result.reason);
		check_result_release(&result);
		history_release(&history);
	}
}

static void
a_check_without_memory_is_unknown(void **state)
{
	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		struct check_result result;
		struct history history;
		fill(&kinds[i], &history, SMALL);
		run(&kinds[i], &history, (struct budget){.bytes_max = 4096}, &result);
		assert_unknown(&kinds[i], &result, "memory");
		check_result_release(&result);
		history_release(&history);
	}
}

static void
a_check_whose_time_is_up_is_unknown(void **state)
{
	atomic_bool stop = true;

	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		struct check_result result;
		struct history history;
		fill(&kinds[i], &history, SMALL);
		run(&kinds[i], &history, (struct budget){.stop = &stop}, &result);
		assert_unknown(&kinds[i], &result, "time");
		check_result_release(&result);
		history_release(&history);
	}
}

static void *
stop_soon(void *context)
{
	atomic_bool *stop = context;

	usleep(500);
	atomic_store(stop, true);
	return NULL;
}

/* False: it was over before it could be stopped. */
static bool
is_stopped(const struct kind *kind, const struct history *history)
{
	atomic_bool stop = false;
	struct check_result result;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, stop_soon, &stop), 0);
	run(kind, history, (struct budget){.stop = &stop}, &result);
	pthread_join(thread, NULL);
	bool stopped = result.verdict == VERDICT_UNKNOWN;
	if (stopped)
		assert_unknown(kind, &result, "time");
	check_result_release(&result);
	return stopped;
}

static void
a_check_is_stopped_on_the_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < KIND_COUNT; i++) {
		bool stopped = false;
		for (int64_t ops = LARGE; !stopped && ops <= LARGEST; ops *= 4) {
			struct history history;
			fill(&kinds[i], &history, ops);
			stopped = is_stopped(&kinds[i], &history);
			history_release(&history);
		}
		if (!stopped)
			fail_msg("%s cannot be stopped", kinds[i].checker);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_enough_of_everything_they_answer),
		cmocka_unit_test(a_check_without_memory_is_unknown),
		cmocka_unit_test(a_check_whose_time_is_up_is_unknown),
		cmocka_unit_test(a_check_is_stopped_on_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
