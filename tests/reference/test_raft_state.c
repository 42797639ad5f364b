/* Raft as transcripts: reads, snapshots, restarts, and what it refuses to start from. */
#include "tests/reference/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* ---- reads ------------------------------------------------------------------------ */

static void
any_node_serves_reads_at_the_leaders_commit_index(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	cluster_propose(&c, 1, 7);
	cluster_deliver(&c);
	for (node_id id = 1; id <= 3; id++) {
		cluster_read(&c, id, 50 + id);
		cluster_deliver(&c);
		const struct protocol_answer *answer = cluster_answer(&c, id, 50 + id);
		assert_non_null(answer);
		assert_int_equal(answer->kind, PROTOCOL_READ_READY);
		assert_int_equal(answer->index, cluster_raft(&c, 1)->commit);
	}
	cluster_close(&c);
}

static void
leader_that_is_cut_off_serves_no_read(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	cluster_isolate(&c, 1);
	cluster_read(&c, 1, 7);
	cluster_deliver(&c);
	assert_null(cluster_answer(&c, 1, 7));
	cluster_pass(&c, RAFT_PATIENCE * CLUSTER_ELECTION_MS + 10);
	assert_non_null(cluster_answer(&c, 1, 7));
	assert_int_equal(cluster_answer(&c, 1, 7)->kind, PROTOCOL_REFUSED);
	cluster_close(&c);
}

static void
planted_stale_read_answers_without_a_quorum(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, bug_bit("stale-read"));
	cluster_read(&c, 1, 7);
	assert_non_null(cluster_answer(&c, 1, 7));
	assert_int_equal(cluster_answer(&c, 1, 7)->kind, PROTOCOL_READ_READY);
	cluster_close(&c);
}

static void
new_leader_serves_no_read_before_it_commits_in_its_term(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	c.now_ms += 2 * CLUSTER_ELECTION_MS;
	cluster_step(&c, 1, (struct protocol_event){.kind = PROTOCOL_TICK});
	for (int i = 0; i < 4; i++)
		cluster_deliver_once(&c);
	assert_int_equal(cluster_raft(&c, 1)->role, RAFT_LEADER);
	cluster_read(&c, 1, 7);
	assert_int_equal(cluster_raft(&c, 1)->round, 0);
	cluster_deliver(&c);
	assert_int_equal(cluster_answer(&c, 1, 7)->index, 1);
	cluster_close(&c);
}

static void
answer_to_a_question_of_an_earlier_life_is_ignored(void **state)
{
	struct raft_message answer = {.kind = RAFT_READ_ANSWER, .term = 1};
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	cluster_read(&c, 3, 7);
	uint64_t question = cluster_raft(&c, 3)->question;
	cluster_drop_mail(&c);
	cluster_restart(&c, 3);
	cluster_pass(&c, CLUSTER_HEARTBEAT_MS);
	cluster_read(&c, 3, 8);
	assert_int_not_equal(cluster_raft(&c, 3)->question, question);
	raft_field(&answer, TAG) = question;
	cluster_forge(&c, 3, 1, &answer);
	assert_null(cluster_answer(&c, 3, 8));
	cluster_close(&c);
}

/* ---- snapshots -------------------------------------------------------------------- */

static void
follower_far_behind_gets_a_snapshot_in_chunks(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	cluster_isolate(&c, 3);
	for (uint64_t tag = 1; tag <= 20; tag++) {
		cluster_propose(&c, 1, tag);
		cluster_deliver(&c);
	}
	cluster_pass(&c, 2 * CLUSTER_ELECTION_MS);
	cluster_compact(&c, 1, "a snapshot of some forty bytes in chunks");
	assert_int_equal(cluster_raft(&c, 1)->log.base, c.members[1].applied);
	cluster_heal(&c);
	cluster_pass(&c, 20 * CLUSTER_HEARTBEAT_MS);
	assert_int_equal(c.members[3].installs, 1);
	assert_string_equal(buf_text(&c.members[3].disk.snapshot),
			    "a snapshot of some forty bytes in chunks");
	cluster_propose(&c, 1, 99);
	cluster_deliver(&c);
	assert_true(cluster_has_applied(&c, 3, 99));
	assert_int_equal(c.members[3].applied, c.members[1].applied);
	cluster_close(&c);
}

static void
follower_slightly_behind_needs_no_snapshot(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	cluster_cut(&c, 1, 3);
	cluster_propose(&c, 1, 7);
	cluster_deliver(&c);
	cluster_compact(&c, 1, "state");
	cluster_heal(&c);
	cluster_pass(&c, 2 * CLUSTER_HEARTBEAT_MS);
	assert_int_equal(c.members[3].installs, 0);
	assert_true(cluster_has_applied(&c, 3, 7));
	cluster_close(&c);
}

static void
snapshot_that_the_log_contains_keeps_what_follows(void **state)
{
	struct raft_message m = {.kind = RAFT_SNAPSHOT, .data = {"x", 1}};
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	for (uint64_t tag = 1; tag <= 5; tag++)
		cluster_propose(&c, 1, tag);
	cluster_deliver(&c);
	uint64_t last = raft_log_last(&cluster_raft(&c, 2)->log);
	m.term = cluster_raft(&c, 1)->term;
	raft_field(&m, INDEX) = 2;
	raft_field(&m, LOG_TERM) = m.term;
	raft_field(&m, TOTAL) = 1;
	cluster_forge(&c, 2, 1, &m);
	assert_int_equal(c.members[2].installs, 0);
	assert_int_equal(raft_log_last(&cluster_raft(&c, 2)->log), last);
	cluster_close(&c);
}

static void
node_restarts_from_snapshot_and_log(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	for (uint64_t tag = 1; tag <= 5; tag++)
		cluster_propose(&c, 1, tag);
	cluster_deliver(&c);
	cluster_compact(&c, 2, "state");
	cluster_propose(&c, 1, 6);
	cluster_deliver(&c);
	cluster_restart(&c, 2);
	cluster_pass(&c, 2 * CLUSTER_HEARTBEAT_MS);
	assert_true(cluster_has_applied(&c, 2, 6));
	assert_int_equal(c.members[2].applied, c.members[1].applied);
	cluster_close(&c);
}

/* ---- opening ---------------------------------------------------------------------- */

static void
assert_refused(const struct protocol_config *config, const struct protocol_disk *disk,
	       const char *why)
{
	struct err err = {0};

	assert_null(protocol_raft.open(config, disk, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, why);
}

static void
bad_configurations_and_disks_are_refused_with_the_reason(void **state)
{
	struct protocol_entry gap[] = {{.index = 1, .term = 1}, {.index = 3, .term = 1}};
	struct protocol_entry back[] = {{.index = 1, .term = 2}, {.index = 2, .term = 1}};
	struct protocol_disk empty = {0};
	struct protocol_config good, bad;
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	good = c.config;
	good.self = 1;
	cluster_close(&c);
	bad = good, bad.self = 9;
	assert_refused(&bad, &empty, "node 9 is not among");
	bad = good, bad.nodes[2] = 1;
	assert_refused(&bad, &empty, "listed twice");
	bad = good, bad.node_count = 0;
	assert_refused(&bad, &empty, "1 to 31 nodes");
	bad = good, bad.election_ms = bad.heartbeat_ms;
	assert_refused(&bad, &empty, "must be longer");
	bad = good, bad.append_in_flight_max = 100000;
	assert_refused(&bad, &empty, "in flight");
	bad = good, bad.log_bytes_max = 1;
	assert_refused(&bad, &empty, "must hold the largest message");
	assert_refused(
		&good,
		&(struct protocol_disk){.term = 9, .entries = gap, .entry_count = 2},
		"entry 3 where 2 belongs");
	assert_refused(
		&good,
		&(struct protocol_disk){.term = 9, .entries = back, .entry_count = 2},
		"damaged");
	assert_refused(
		&good,
		&(struct protocol_disk){.term = 0, .entries = gap, .entry_count = 1},
		"is of term 1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_node_serves_reads_at_the_leaders_commit_index),
		cmocka_unit_test(leader_that_is_cut_off_serves_no_read),
		cmocka_unit_test(planted_stale_read_answers_without_a_quorum),
		cmocka_unit_test(new_leader_serves_no_read_before_it_commits_in_its_term),
		cmocka_unit_test(answer_to_a_question_of_an_earlier_life_is_ignored),
		cmocka_unit_test(follower_far_behind_gets_a_snapshot_in_chunks),
		cmocka_unit_test(follower_slightly_behind_needs_no_snapshot),
		cmocka_unit_test(snapshot_that_the_log_contains_keeps_what_follows),
		cmocka_unit_test(node_restarts_from_snapshot_and_log),
		cmocka_unit_test(
			bad_configurations_and_disks_are_refused_with_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
