#include "reference/service/resp.h"
#include "reference/service/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct buf reply_;

/* Applies INCR KEY of a client at an index; the reply stays in reply_. */
static enum session_outcome
incr(struct sessions *s, uint64_t index, const char *client, uint64_t birth,
     uint64_t sequence)
{
	struct session_stamp stamp = {
		.client = {client, strlen(client)}, .birth = birth, .sequence = sequence};
	struct bytes argv[] = {{"INCR", 4}, {"n", 1}};
	struct buf entry = {0};

	session_entry_encode(&stamp, argv, 2, &entry);
	buf_clear(&reply_);
	enum session_outcome outcome =
		sessions_apply(s, index, buf_bytes(&entry), &reply_);
	buf_release(&entry);
	return outcome;
}

static const char *
value(struct sessions *s)
{
	struct bytes argv[] = {{"GET", 3}, {"n", 1}};

	buf_clear(&reply_);
	sessions_read(s, argv, 2, &reply_);
	return buf_text(&reply_);
}

static void
retried_command_runs_once_and_gets_the_same_reply(void **state)
{
	struct sessions *s = sessions_open(&service_kv, false);

	(void)state;
	assert_int_equal(incr(s, 1, "c", 0, 1), SESSION_RAN);
	assert_string_equal(buf_text(&reply_), ":1\r\n");
	assert_int_equal(incr(s, 2, "c", 0, 1), SESSION_REPEATED);
	assert_string_equal(buf_text(&reply_), ":1\r\n");
	assert_int_equal(incr(s, 3, "other", 0, 1), SESSION_RAN);
	assert_int_equal(incr(s, 4, "c", 0, 1), SESSION_REPEATED);
	assert_string_equal(buf_text(&reply_), ":1\r\n");
	assert_string_equal(value(s), "$1\r\n2\r\n");
	sessions_close(s);
}

static void
planted_bug_runs_it_twice(void **state)
{
	struct sessions *s = sessions_open(&service_kv, true);

	(void)state;
	assert_int_equal(incr(s, 1, "c", 0, 1), SESSION_RAN);
	assert_int_equal(incr(s, 2, "c", 0, 1), SESSION_RAN);
	assert_string_equal(value(s), "$1\r\n2\r\n");
	sessions_close(s);
}

static void
older_command_does_not_run_behind_a_later_one(void **state)
{
	struct sessions *s = sessions_open(&service_kv, false);

	(void)state;
	assert_int_equal(incr(s, 1, "c", 0, 5), SESSION_RAN);
	assert_int_equal(incr(s, 2, "c", 0, 4), SESSION_STALE);
	assert_memory_equal(buf_text(&reply_), "-STALE ", 7);
	assert_string_equal(value(s), "$1\r\n1\r\n");
	sessions_close(s);
}

static void
evicted_client_can_never_run_a_command_again(void **state)
{
	struct sessions *s = sessions_open(&service_kv, false);
	char name[32];
	uint64_t index = 0;

	(void)state;
	assert_int_equal(incr(s, ++index, "first", 0, 1), SESSION_RAN);
	for (int i = 0; i < SESSIONS_MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		assert_int_equal(incr(s, ++index, name, 1, 1), SESSION_RAN);
	}
	assert_int_equal(sessions_count(s), SESSIONS_MAX);
	/* Born at 0, evicted when its newest command was at 1: 0 < 1. */
	assert_int_equal(incr(s, ++index, "first", 0, 1), SESSION_EXPIRED);
	assert_int_equal(incr(s, ++index, "first", 0, 2), SESSION_EXPIRED);
	assert_memory_equal(buf_text(&reply_), "-EXPIRED ", 9);
	/* Born behind the eviction: nothing of it can have run. */
	assert_int_equal(incr(s, ++index, "fresh", 1, 7), SESSION_RAN);
	sessions_close(s);
}

static void
client_in_use_is_not_the_one_evicted(void **state)
{
	struct sessions *s = sessions_open(&service_kv, false);
	char name[32];
	uint64_t index = 0, sequence = 0;

	(void)state;
	for (int i = 0; i < SESSIONS_MAX + 500; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		index++;
		incr(s, index, name, index - 1, 1);
		if (i % 100 == 0)
			assert_int_equal(incr(s, ++index, "busy", 0, ++sequence),
					 SESSION_RAN);
	}
	assert_int_equal(incr(s, ++index, "busy", 0, sequence), SESSION_REPEATED);
	sessions_close(s);
}

static void
table_survives_in_snapshots(void **state)
{
	struct sessions *s = sessions_open(&service_kv, false);
	struct sessions *copy = sessions_open(&service_kv, false);
	struct buf snapshot = {0};
	struct err err;
	char name[32];

	(void)state;
	for (int i = 0; i < SESSIONS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		incr(s, (uint64_t)i + 1, name, (uint64_t)i, 3);
	}
	sessions_snapshot(s, &snapshot);
	incr(copy, 1, "overwritten", 0, 1);
	assert_true(sessions_restore(copy, buf_bytes(&snapshot), &err));
	assert_true(sessions_hash(s) == sessions_hash(copy));
	assert_int_equal(incr(copy, 5000, "c100", 0, 3), SESSION_REPEATED);
	assert_string_equal(buf_text(&reply_), ":101\r\n");
	assert_int_equal(incr(copy, 5001, "c0", 0, 3), SESSION_EXPIRED);
	/* The next eviction hits the same client on both. */
	assert_int_equal(incr(s, 5002, "new", 4106, 1), SESSION_RAN);
	assert_int_equal(incr(copy, 5002, "new", 4106, 1), SESSION_RAN);
	assert_true(sessions_hash(s) == sessions_hash(copy));
	for (size_t length = 0; length < 300; length++)
		assert_false(sessions_restore(copy, (struct bytes){snapshot.data, length},
					      &err));
	assert_true(sessions_hash(s) == sessions_hash(copy));
	buf_release(&snapshot);
	sessions_close(s);
	sessions_close(copy);
}

static void
entries_cut_short_are_garbage_on_every_node(void **state)
{
	struct sessions *s = sessions_open(&service_kv, false);
	struct session_stamp stamp = {.client = {"c", 1}, .sequence = 1};
	struct bytes argv[] = {{"INCR", 4}, {"n", 1}};
	struct buf entry = {0};

	(void)state;
	session_entry_encode(&stamp, argv, 2, &entry);
	for (size_t length = 0; length < entry.len; length++) {
		buf_clear(&reply_);
		assert_int_equal(sessions_apply(s, length + 1,
						(struct bytes){entry.data, length},
						&reply_),
				 SESSION_GARBAGE);
	}
	assert_string_equal(value(s), "$-1\r\n");
	buf_release(&entry);
	sessions_close(s);
}

static void
once_is_read_and_its_nonsense_refused(void **state)
{
	static const struct {
		const char *client, *sequence;
		bool ok;
	} rows[] = {
		{"12:a.b.3", "7", true},
		{"0:me", "1", true},
		{"me", "1", false},
		{":me", "1", false},
		{"-1:me", "1", false},
		{"x:me", "1", false},
		{"0:me", "0", false},
		{"0:me", "x", false},
		{"0:01234567890123456789012345678901234567890123456789012345678901234",
		 "1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct bytes argv[] = {{"ONCE", 4},
				       {rows[i].client, strlen(rows[i].client)},
				       {rows[i].sequence, strlen(rows[i].sequence)},
				       {"INCR", 4}};
		struct session_stamp stamp;
		struct err err;
		assert_int_equal(session_once_parse(argv, 4, &stamp, &err), rows[i].ok);
		assert_false(session_once_parse(argv, 3, &stamp, &err));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retried_command_runs_once_and_gets_the_same_reply),
		cmocka_unit_test(planted_bug_runs_it_twice),
		cmocka_unit_test(older_command_does_not_run_behind_a_later_one),
		cmocka_unit_test(evicted_client_can_never_run_a_command_again),
		cmocka_unit_test(client_in_use_is_not_the_one_evicted),
		cmocka_unit_test(table_survives_in_snapshots),
		cmocka_unit_test(entries_cut_short_are_garbage_on_every_node),
		cmocka_unit_test(once_is_read_and_its_nonsense_refused),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf_release(&reply_);
	return failed;
}
