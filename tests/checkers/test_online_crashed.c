/* Operations that crashed, fed online: those whose end is told when all is over, as in
 * generated histories and those of some tools, and those that nobody will hear of again. */
#include "checkers/generate/generate.h"
#include "tests/checkers/online_feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct online_options plain_options = {0};

/* The most that was live. */
static void
watch_peak(void *context, const struct online *online, double part)
{
	struct online_size *peak = context, size = online_size(online);

	(void)part;
	peak->bytes = size.bytes > peak->bytes ? size.bytes : peak->bytes;
	peak->open = size.open > peak->open ? size.open : peak->open;
}

/* A valid history of which one in a hundred crashed: none is let go before its time. */
static void
assert_is_judged_within(const char *type, size_t bytes)
{
	const struct online_options options = {
		.init = strcmp(type, "semaphore") == 0 ? val_small(3) : VAL_OF_NIL};
	const struct generate_options shape = {.type = type,
					       .operations = 100000,
					       .processes = 10,
					       .keys = 2,
					       .info_percent = 1,
					       .seed = 1};
	struct online *online = online_new(online_decider_find(type), &options);
	struct online_size peak = {0};
	struct history history;
	struct err err;

	history_init(&history);
	assert_true(generate_history(&history, &shape, &err));
	assert_int_equal(
		online_feed_watched(online, &history, 1u << 30, watch_peak, &peak), -1);
	assert_null(online_gave_up(online));
	assert_in_range(peak.bytes, 1, bytes);
	online_free(online);
	history_release(&history);
}

static void
crashed_operations_whose_end_is_told_last_hold_little_back(void **state)
{
	(void)state;
	assert_is_judged_within("register", 1 << 20);
	assert_is_judged_within("queue", 8 << 20);
	assert_is_judged_within("stack", 8 << 20);
	assert_is_judged_within("lock", 1 << 20);
	assert_is_judged_within("fenced-lock", 1 << 20);
	assert_is_judged_within("semaphore", 1 << 20);
}

/* ---- answers that come late ---- */

/* A late operation begins with others that crash; when many thousand have ended that began
 * after it, it answers what cannot be. */
struct late {
	const char *checker, *anomaly;
	enum op_f first, put, take, late;
	bool is_taken;	 /* each that is put is a new one, and taken */
	bool is_counted; /* there are no elements */
};

enum {
	LATE = 9,     /* the process */
	CRASHED = 30, /* others like it */
	PAIRS = 20000,
};

static const struct late lates[] = {
	{"register", "stale-read", F_WRITE, F_READ, F_READ, F_READ, false, false},
	{"queue", "taken-twice", F_ENQUEUE, F_ENQUEUE, F_DEQUEUE, F_DEQUEUE, true, false},
	{"stack", "taken-twice", F_PUSH, F_PUSH, F_POP, F_POP, true, false},
	{"priority-queue", "taken-twice", F_INSERT, F_INSERT, F_POLL, F_POLL, true,
	 false},
	{"semaphore", "too-many-permits", F_ACQUIRE, F_RELEASE, F_ACQUIRE, F_ACQUIRE,
	 false, true},
};

/* An element, where there are any. */
static val
element_of(const struct late *late, int64_t element)
{
	return late->is_counted ? VAL_OF_NIL : val_small(element);
}

static int64_t
tell_ok(struct online *online, int64_t at, enum op_f f, val asked, val answered)
{
	online_tell_small(online, at, 0, OP_NONE, f, 1, asked);
	online_tell_small(online, at + 1, 0, OP_OK, f, 1, answered);
	return at + 2;
}

/* What the late one meets is put, and taken or written over. */
static int64_t
tell_before(struct online *online, const struct late *late)
{
	int64_t at = tell_ok(online, 0, late->first, element_of(late, 1), VAL_OF_NIL);

	if (late->is_counted)
		return at;
	return late->is_taken
		       ? tell_ok(online, at, late->take, VAL_OF_NIL, val_small(1))
		       : tell_ok(online, at, late->first, val_small(2), VAL_OF_NIL);
}

static int64_t
tell_pairs(struct online *online, const struct late *late, int64_t at)
{
	for (int64_t pair = 0; pair < PAIRS; pair++) {
		val element = element_of(late, late->is_taken ? 3 + pair : 2);
		at = tell_ok(online, at, late->put, late->is_taken ? element : VAL_OF_NIL,
			     element);
		at = tell_ok(online, at, late->take, VAL_OF_NIL, element);
	}
	return at;
}

static struct online *
tell_late(const struct late *late, size_t bytes_max)
{
	const struct online_options options = {
		.init = strcmp(late->checker, "semaphore") == 0 ? val_small(1)
								: VAL_OF_NIL,
		.bytes_max = bytes_max};
	struct online *online = online_new(online_decider_find(late->checker), &options);
	int64_t at = tell_before(online, late);

	for (uint32_t i = 0; i <= CRASHED; i++)
		online_tell_small(online, at++, i < CRASHED ? 100 + i : LATE, OP_NONE,
				  late->late, 1, VAL_OF_NIL);
	at = tell_pairs(online, late, at);
	assert_null(online_violation(online));
	online_tell_small(online, at, LATE, OP_OK, late->late, 1, element_of(late, 1));
	return online;
}

static void
answers_are_heard_however_many_overtook_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lates) / sizeof(lates[0]); i++) {
		struct online *online = tell_late(&lates[i], 0);
		assert_null(online_gave_up(online));
		assert_non_null(online_violation(online));
		assert_string_equal(online_violation(online)->name, lates[i].anomaly);
		online_free(online);
	}
}

static void
answers_there_was_no_room_to_wait_for_are_said_to_be_missed(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(lates) / sizeof(lates[0]); i++) {
		struct online *online = tell_late(&lates[i], 1);
		assert_null(online_violation(online));
		assert_string_equal(online_gave_up(online),
				    "an answer came long after it was waited for");
		online_free(online);
	}
}

/* ---- what crashed takes took ---- */

/* Puts the element; a take by `taker` follows that found what, or never says. */
static int64_t
put_and_take(struct online *online, int64_t at, int64_t element, uint32_t taker,
	     val found)
{
	enum op_type end = found == VAL_OF_NIL ? OP_INFO : OP_OK;

	online_tell_small(online, at, 0, OP_NONE, F_ENQUEUE, 1, val_small(element));
	online_tell_small(online, at + 1, 0, OP_OK, F_ENQUEUE, 1, val_small(element));
	online_tell_small(online, at + 2, taker, OP_NONE, F_DEQUEUE, 1, VAL_OF_NIL);
	online_tell_small(online, at + 3, taker, end, F_DEQUEUE, 1, found);
	return at + 4;
}

/* Half of the elements are taken by takes that crash; then one is met that is not inside. */
static void
assert_forgotten_is_called(int64_t elements, int64_t met, const char *name)
{
	struct online *online = online_new(online_decider_find("queue"), &plain_options);
	int64_t at = 0;

	for (int64_t element = 0; element < elements; element += 2) {
		at = put_and_take(online, at, element, 9, VAL_OF_NIL);
		at = put_and_take(online, at, element + 1, 0, val_small(element + 1));
	}
	assert_null(online_violation(online));
	assert_in_range(online_size(online).values, 1, 50);
	assert_in_range(online_size(online).bytes, 1, 45000);
	online_tell_small(online, at, 0, OP_NONE, F_DEQUEUE, 1, VAL_OF_NIL);
	online_tell_small(online, at + 1, 0, OP_OK, F_DEQUEUE, 1, val_small(met));
	assert_string_equal(online_violation(online)->name, name);
	online_free(online);
}

static void
what_crashed_takes_must_have_taken_is_forgotten(void **state)
{
	(void)state;
	assert_forgotten_is_called(500, 100, "out-of-order");
	assert_forgotten_is_called(500, 101, "taken-twice");
	assert_forgotten_is_called(500, 500, "never-added");
	assert_forgotten_is_called(20000, 100, "out-of-order");
	assert_forgotten_is_called(20000, 10000, "not-linearizable");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			crashed_operations_whose_end_is_told_last_hold_little_back),
		cmocka_unit_test(answers_are_heard_however_many_overtook_them),
		cmocka_unit_test(
			answers_there_was_no_room_to_wait_for_are_said_to_be_missed),
		cmocka_unit_test(what_crashed_takes_must_have_taken_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
