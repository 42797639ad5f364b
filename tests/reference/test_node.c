/* Real nodes on loopback: what clients were told survives kills of any of them. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "node_cluster.h"
#include "reference/client/kv_session.h"

#include <hiredis/hiredis.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

enum {
	LEADER_MS = 8000
};

static struct node_cluster cluster_;
static struct buf reply_;

static const char *
ask(int node, const char *words)
{
	node_cluster_run(&cluster_, node, words, &reply_);
	return buf_text(&reply_);
}

static int
leader(void)
{
	int found = node_cluster_await_leader(&cluster_, LEADER_MS);

	assert_true(found >= 0);
	return found;
}

static int
start_three(void **state)
{
	(void)state;
	if (!node_cluster_open(&cluster_, 3))
		return 0; /* each test skips itself */
	cluster_.flags[0] = "--snapshot-every=50";
	cluster_.flags[1] = "--request-ms=1000";
	for (int i = 0; i < 3; i++)
		node_cluster_start(&cluster_, i);
	return 0;
}

static int
stop_all(void **state)
{
	(void)state;
	node_cluster_close(&cluster_);
	buf_release(&reply_);
	return 0;
}

static void
need_program(void)
{
	if (cluster_.pids[0] == 0)
		skip(); /* the program is not built */
}

static void
every_node_takes_writes_and_reads_them_back(void **state)
{
	char command[64];

	(void)state;
	need_program();
	leader();
	for (int writer = 0; writer < 3; writer++) {
		snprintf(command, sizeof(command), "SET k%d %d", writer, writer);
		assert_string_equal(ask(writer, command), "OK");
		for (int reader = 0; reader < 3; reader++) {
			snprintf(command, sizeof(command), "GET k%d", writer);
			assert_int_equal(atoi(ask(reader, command)), writer);
		}
	}
	assert_string_equal(ask(1, "CAS k0 0 7"), "1");
	assert_string_equal(ask(2, "CAS k0 0 8"), "0");
	assert_string_equal(ask(0, "GET k0"), "7");
	assert_string_equal(ask(0, "SADD s 1 2"), "2");
	assert_string_equal(ask(2, "SMEMBERS s"), "1 2");
	assert_string_equal(ask(2, "NONSENSE"), "ERR unknown command 'NONSENSE'");
}

static void
killed_nodes_lose_nothing_and_catch_up(void **state)
{
	char command[64];
	int expected = 0;

	(void)state;
	need_program();
	for (int round = 0; round < 4; round++) {
		/* The leader in even rounds, a follower in odd ones. */
		int victim = round % 2 == 0 ? leader() : (leader() + 1) % 3;
		node_cluster_signal(&cluster_, victim, SIGKILL);
		int asked = (victim + 1) % 3;
		for (int i = 0; i < 60; i++) {
			expected++;
			snprintf(command, sizeof(command), "%d", expected);
			assert_string_equal(ask(asked, "INCR counter"), command);
		}
		node_cluster_start(&cluster_, victim);
		leader();
		assert_string_equal(ask(victim, "GET counter"), command);
	}
}

static void
all_killed_at_once_come_back_with_everything(void **state)
{
	char before[32];

	(void)state;
	need_program();
	leader();
	for (int i = 0; i < 20; i++)
		assert_int_equal(node_cluster_run(&cluster_, i % 3, "INCR all", &reply_),
				 KV_OK);
	snprintf(before, sizeof(before), "%s", ask(0, "GET counter"));
	for (int i = 0; i < 3; i++)
		node_cluster_signal(&cluster_, i, SIGKILL);
	for (int i = 0; i < 3; i++)
		node_cluster_start(&cluster_, i);
	leader();
	assert_string_equal(ask(1, "GET all"), "20");
	assert_string_equal(ask(2, "GET counter"), before);
}

static void
node_that_was_away_catches_up_by_snapshot_to_the_same_state(void **state)
{
	char digest[64] = "";
	int away;

	(void)state;
	need_program();
	away = (leader() + 1) % 3;
	node_cluster_signal(&cluster_, away, SIGKILL);
	for (int i = 0; i < 400; i++)
		assert_int_equal(node_cluster_run(&cluster_, (away + 1) % 3,
						  "RPUSH list x", &reply_),
				 KV_OK);
	node_cluster_start(&cluster_, away);
	leader();
	assert_string_equal(ask(away, "LLEN list"), "400");
	/* Equal at the same index; both may move for a moment when a leader begins. */
	int64_t deadline = clock_ns() + 5 * NS_PER_S;
	do {
		snprintf(digest, sizeof(digest), "%s", ask((away + 1) % 3, "DIGEST"));
	} while (strcmp(digest, ask(away, "DIGEST")) != 0 && clock_left_ms(deadline) > 0);
	assert_string_equal(ask(away, "DIGEST"), digest);
}

static void
paused_leader_is_replaced_and_serves_no_stale_read(void **state)
{
	(void)state;
	need_program();
	int paused = leader(), other = (paused + 1) % 3;
	assert_string_equal(ask(other, "SET p before"), "OK");
	node_cluster_signal(&cluster_, paused, SIGSTOP);
	/* The others need an election; a command waits for it. */
	int64_t deadline = clock_ns() + LEADER_MS * NS_PER_MS;
	while (node_cluster_run(&cluster_, other, "SET p after", &reply_) != KV_OK)
		assert_true(clock_left_ms(deadline) > 0);
	node_cluster_signal(&cluster_, paused, SIGCONT);
	assert_string_equal(ask(paused, "GET p"), "after");
}

static void
minority_refuses_reads_and_does_not_claim_writes(void **state)
{
	(void)state;
	need_program();
	int alone = leader();
	node_cluster_signal(&cluster_, (alone + 1) % 3, SIGKILL);
	node_cluster_signal(&cluster_, (alone + 2) % 3, SIGKILL);
	assert_true(node_cluster_run(&cluster_, alone, "INCR lonely", &reply_) != KV_OK);
	assert_int_equal(node_cluster_run(&cluster_, alone, "GET lonely", &reply_),
			 KV_FAIL);
	assert_memory_equal(buf_text(&reply_), "REFUSED ", 8);
	node_cluster_start(&cluster_, (alone + 1) % 3);
	node_cluster_start(&cluster_, (alone + 2) % 3);
	leader();
	/* Whatever became of it, it did not run twice. */
	const char *lonely = ask(alone, "GET lonely");
	assert_true(strcmp(lonely, "1") == 0 || strcmp(lonely, "nil") == 0);
}

static void
once_runs_once_whichever_node_is_asked(void **state)
{
	char session[64], command[160];

	(void)state;
	need_program();
	leader();
	snprintf(session, sizeof(session), "%s", ask(0, "SESSION"));
	snprintf(command, sizeof(command), "ONCE %s 1 INCR once", session);
	for (int node = 0; node < 3; node++)
		assert_string_equal(ask(node, command), "1");
	snprintf(command, sizeof(command), "ONCE %s 2 INCR once", session);
	assert_string_equal(ask(1, command), "2");
	snprintf(command, sizeof(command), "ONCE %s 1 INCR once", session);
	assert_int_equal(node_cluster_run(&cluster_, 2, command, &reply_), KV_UNKNOWN);
	assert_memory_equal(buf_text(&reply_), "STALE ", 6);
	assert_string_equal(ask(0, "GET once"), "2");
	assert_memory_equal(ask(0, "ONCE me 1 INCR once"), "ERR a client is", 15);
}

static void
session_retries_over_a_killed_leader_and_counts_each_write_once(void **state)
{
	const char *hosts[] = {"127.0.0.1", "127.0.0.1", "127.0.0.1"};
	struct bytes argv[] = {{"INCR", 4}, {"retried", 7}};
	const redisReply *answer;
	struct err err;
	int killed = -1;

	(void)state;
	need_program();
	leader();
	struct kv_session *session = kv_session_new(hosts, cluster_.ports, 3);
	for (int i = 1; i <= 60; i++) {
		if (i % 20 == 10) {
			killed = leader();
			node_cluster_signal(&cluster_, killed, SIGKILL);
		}
		assert_int_equal(kv_session_write(session, argv, 2, 10000, &answer, &err),
				 KV_OK);
		assert_int_equal(answer->integer, i);
		if (i % 20 == 15)
			node_cluster_start(&cluster_, killed);
	}
	kv_session_free(session);
}

static void
connection_takes_requests_ahead_and_answers_in_order(void **state)
{
	(void)state;
	need_program();
	leader();
	redisContext *connection = redisConnect("127.0.0.1", cluster_.ports[0]);
	assert_non_null(connection);
	for (int i = 1; i <= 200; i++) {
		redisAppendCommand(connection, "APPEND ahead x");
		redisAppendCommand(connection, "STRLEN ahead");
		redisAppendCommand(connection, "ECHO %d", i);
	}
	for (int i = 1; i <= 200; i++) {
		redisReply *replies[3];
		for (int j = 0; j < 3; j++)
			assert_int_equal(redisGetReply(connection, (void **)&replies[j]),
					 REDIS_OK);
		assert_int_equal(replies[0]->integer, i);
		assert_int_equal(replies[1]->integer, i); /* sees the write before it */
		assert_int_equal(atoi(replies[2]->str), i);
		for (int j = 0; j < 3; j++)
			freeReplyObject(replies[j]);
	}
	redisFree(connection);
}

/* The newest segment of a node's log, read into `bytes`. */
static char *
newest_segment(int node, struct buf *bytes)
{
	char *path = NULL;
	struct err err;

	for (int number = 1;; number++) {
		char *next =
			mem_format("%s/data%d/wal-%012d", cluster_.folder, node, number);
		if (!file_exists(next) && path != NULL) {
			free(next);
			assert_true(file_read(path, 0, bytes, &err));
			return path;
		}
		if (file_exists(next)) {
			free(path);
			path = next;
		} else {
			free(next);
		}
		assert_true(number < 1000);
	}
}

static void
torn_log_is_cut_and_said_and_the_node_serves_on(void **state)
{
	static const char half[] = "FLWR half a record";
	struct buf bytes = {0}, text = {0};
	struct err err;

	(void)state;
	need_program();
	int node = (leader() + 1) % 3;
	assert_string_equal(ask(node, "SET torn no"), "OK");
	node_cluster_signal(&cluster_, node, SIGKILL);
	char *path = newest_segment(node, &bytes);
	while (bytes.len % 8 != 0 ||
	       memcmp(bytes.data + bytes.len - 8, "\0\0\0\0\0\0\0", 8) == 0)
		bytes.len--;
	buf_append(&bytes, half, sizeof(half) - 1);
	assert_true(file_write(path, bytes.data, bytes.len, &err));
	node_cluster_start(&cluster_, node);
	leader();
	assert_string_equal(ask(node, "GET torn"), "no");
	node_cluster_log(&cluster_, node, &text);
	assert_non_null(
		strstr(buf_text(&text), "torn tail of 18 bytes cut off at offset "));
	buf_release(&bytes);
	buf_release(&text);
	free(path);
}

static void
damaged_log_is_refused_with_file_and_offset(void **state)
{
	struct buf bytes = {0}, text = {0};
	struct err err;

	(void)state;
	need_program();
	int node = (leader() + 1) % 3;
	for (int i = 0; i < 3; i++)
		assert_string_equal(ask(node, "SET damaged no"), "OK");
	node_cluster_signal(&cluster_, node, SIGKILL);
	char *path = newest_segment(node, &bytes);
	bytes.data[40] ^= 1;
	assert_true(file_write(path, bytes.data, bytes.len, &err));
	node_cluster_start(&cluster_, node);
	int status = node_cluster_signal(&cluster_, node, 0); /* only reaps */
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 255);
	node_cluster_log(&cluster_, node, &text);
	assert_non_null(strstr(buf_text(&text), "is damaged at offset 0"));
	bytes.data[40] ^= 1;
	assert_true(file_write(path, bytes.data, bytes.len, &err));
	node_cluster_start(&cluster_, node);
	leader();
	buf_release(&bytes);
	buf_release(&text);
	free(path);
}

static void
bad_configuration_ends_with_a_sentence_and_254(void **state)
{
	struct buf text = {0};

	(void)state;
	need_program();
	int node = (leader() + 1) % 3;
	node_cluster_signal(&cluster_, node, SIGTERM);
	cluster_.flags[2] = "--electon-ms=100";
	node_cluster_start(&cluster_, node);
	cluster_.flags[2] = NULL;
	int status = node_cluster_signal(&cluster_, node, 0); /* only reaps */
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 254);
	node_cluster_log(&cluster_, node, &text);
	assert_non_null(strstr(buf_text(&text), "did you mean 'election-ms'?"));
	node_cluster_start(&cluster_, node);
	leader();
	buf_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_node_takes_writes_and_reads_them_back),
		cmocka_unit_test(killed_nodes_lose_nothing_and_catch_up),
		cmocka_unit_test(all_killed_at_once_come_back_with_everything),
		cmocka_unit_test(
			node_that_was_away_catches_up_by_snapshot_to_the_same_state),
		cmocka_unit_test(paused_leader_is_replaced_and_serves_no_stale_read),
		cmocka_unit_test(minority_refuses_reads_and_does_not_claim_writes),
		cmocka_unit_test(once_runs_once_whichever_node_is_asked),
		cmocka_unit_test(
			session_retries_over_a_killed_leader_and_counts_each_write_once),
		cmocka_unit_test(connection_takes_requests_ahead_and_answers_in_order),
		cmocka_unit_test(torn_log_is_cut_and_said_and_the_node_serves_on),
		cmocka_unit_test(damaged_log_is_refused_with_file_and_offset),
		cmocka_unit_test(bad_configuration_ends_with_a_sentence_and_254),
	};

	return cmocka_run_group_tests(tests, start_three, stop_all);
}
