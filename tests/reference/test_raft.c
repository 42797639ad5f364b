/* Raft as transcripts: elections, replication, the commit rule, reads, snapshots. */
#include "tests/reference/cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

/* ---- elections -------------------------------------------------------------------------- */

static void
lone_node_elects_itself_and_commits(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 1, 0);
	cluster_pass(&c, 250);
	cluster_propose(&c, 1, 7);
	assert_int_equal(cluster_leader(&c), 1);
	assert_true(cluster_has_applied(&c, 1, 7));
	cluster_close(&c);
}

static void
five_nodes_elect_one_leader_and_replicate(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 5, 0);
	cluster_pass(&c, 1000);
	node_id leader = cluster_leader(&c);
	assert_int_not_equal(leader, 0);
	cluster_propose(&c, leader, 7);
	cluster_deliver(&c);
	for (node_id id = 1; id <= 5; id++) {
		assert_int_equal(cluster_raft(&c, id)->leader, leader);
		assert_true(cluster_has_applied(&c, id, 7));
	}
	cluster_close(&c);
}

static void
node_that_was_cut_off_does_not_disturb_when_it_returns(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	uint64_t term = cluster_raft(&c, 1)->term;
	cluster_isolate(&c, 3);
	cluster_pass(&c, 1000);
	assert_int_equal(cluster_raft(&c, 3)->role, RAFT_PRE_CANDIDATE);
	assert_int_equal(cluster_raft(&c, 3)->term, term);
	cluster_heal(&c);
	cluster_pass(&c, 300);
	assert_int_equal(cluster_leader(&c), 1);
	assert_int_equal(cluster_raft(&c, 1)->term, term);
	assert_int_equal(cluster_raft(&c, 3)->leader, 1);
	cluster_close(&c);
}

static void
follower_that_hears_its_leader_ignores_votes_of_later_terms(void **state)
{
	struct raft_message vote = {.kind = RAFT_VOTE, .term = 99};
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	raft_field(&vote, INDEX) = raft_field(&vote, LOG_TERM) = 98;
	cluster_forge(&c, 2, 3, &vote);
	assert_int_equal(cluster_raft(&c, 2)->term, cluster_raft(&c, 1)->term);
	assert_int_equal(c.mail.count, 0);
	cluster_close(&c);
}

static void
leader_without_a_quorum_steps_down(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	uint64_t term = cluster_raft(&c, 1)->term;
	cluster_isolate(&c, 1);
	cluster_pass(&c, CLUSTER_ELECTION_MS + 2 * CLUSTER_HEARTBEAT_MS);
	assert_int_not_equal(cluster_raft(&c, 1)->role, RAFT_LEADER);
	assert_int_equal(cluster_raft(&c, 1)->term, term);
	cluster_pass(&c, 500);
	assert_int_not_equal(cluster_leader(&c), 0);
	assert_int_not_equal(cluster_leader(&c), 1);
	cluster_close(&c);
}

static void
lost_request_for_a_vote_is_repeated(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	c.now_ms += 2 * CLUSTER_ELECTION_MS;
	cluster_step(&c, 1, (struct protocol_event){.kind = PROTOCOL_TICK});
	assert_int_equal(cluster_raft(&c, 1)->role, RAFT_PRE_CANDIDATE);
	cluster_drop_mail(&c);
	c.now_ms += CLUSTER_HEARTBEAT_MS;
	cluster_step(&c, 1, (struct protocol_event){.kind = PROTOCOL_TICK});
	cluster_deliver(&c);
	assert_int_equal(cluster_leader(&c), 1);
	cluster_close(&c);
}

static bool
votes_twice_after_restart(uint64_t bugs)
{
	struct raft_message vote = {.kind = RAFT_VOTE, .term = 5}, answer;
	struct cluster c;

	cluster_open(&c, 3, bugs);
	raft_field(&vote, INDEX) = raft_field(&vote, LOG_TERM) = 4;
	cluster_forge(&c, 2, 1, &vote);
	cluster_drop_mail(&c);
	cluster_restart(&c, 2);
	assert_int_equal(cluster_raft(&c, 2)->term, 5);
	cluster_forge(&c, 2, 3, &vote);
	assert_int_equal(c.mail.count, 1);
	assert_false(c.mail.items[0].early);
	assert_true(raft_decode(
		(struct bytes){c.mail.items[0].data, c.mail.items[0].bytes}, &answer));
	cluster_close(&c);
	return raft_field(&answer, SUCCESS);
}

static void
vote_outlives_a_restart_unless_the_bug_is_planted(void **state)
{
	(void)state;
	assert_false(votes_twice_after_restart(0));
	assert_true(votes_twice_after_restart(bug_bit("forgotten-vote")));
}

static void
candidate_with_a_shorter_log_gets_no_vote(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	cluster_isolate(&c, 3);
	cluster_propose(&c, 1, 7);
	cluster_deliver(&c);
	cluster_heal(&c);
	cluster_isolate(&c, 1);
	cluster_elect(&c, 3);
	assert_int_not_equal(cluster_raft(&c, 3)->role, RAFT_LEADER);
	cluster_elect(&c, 2);
	assert_int_equal(cluster_leader(&c), 2);
	cluster_close(&c);
}

/* ---- replication ------------------------------------------------------------------------ */

static void
commands_of_one_iteration_leave_in_one_message(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	for (uint64_t tag = 1; tag <= 10; tag++)
		cluster_event(
			&c, 1,
			(struct protocol_event){.kind = PROTOCOL_PROPOSE, .tag = tag});
	cluster_flush(&c, 1);
	assert_int_equal(c.mail.count, 2);
	assert_true(c.mail.items[0].early);
	cluster_deliver(&c);
	assert_true(cluster_has_applied(&c, 3, 10));
	cluster_close(&c);
}

static void
appends_in_flight_are_bounded(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	for (uint64_t tag = 1; tag <= 10; tag++)
		cluster_propose(&c, 1, tag);
	assert_int_equal(c.mail.count, 2 * c.config.append_in_flight_max);
	cluster_deliver(&c);
	assert_true(cluster_has_applied(&c, 2, 10));
	cluster_close(&c);
}

static void
lost_appends_are_sent_again(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	cluster_propose(&c, 1, 7);
	cluster_propose(&c, 1, 8);
	cluster_drop_mail(&c);
	cluster_pass(&c, 2 * CLUSTER_HEARTBEAT_MS);
	assert_true(cluster_has_applied(&c, 2, 8));
	assert_true(cluster_has_applied(&c, 3, 8));
	cluster_close(&c);
}

static void
leader_does_not_count_itself_before_its_disk_has_the_entry(void **state)
{
	struct raft_message answer = {.kind = RAFT_APPEND_ANSWER};
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	struct raft *raft = cluster_raft(&c, 1);
	uint64_t before = raft->commit;
	cluster_event(&c, 1, (struct protocol_event){.kind = PROTOCOL_PROPOSE, .tag = 7});
	assert_true(raft->persisted < raft_log_last(&raft->log));
	answer.term = raft->term;
	raft_field(&answer, INDEX) = raft_log_last(&raft->log);
	raft_field(&answer, SUCCESS) = 1;
	struct buf bytes = {0};
	raft_encode_end(&bytes, raft_encode_begin(&bytes, &answer), &answer);
	cluster_event(&c, 1,
		      (struct protocol_event){.kind = PROTOCOL_MESSAGE,
					      .from = 2,
					      .data = buf_bytes(&bytes)});
	assert_int_equal(raft->commit, before);
	cluster_flush(&c, 1);
	assert_int_equal(raft->commit, before + 1);
	buf_release(&bytes);
	cluster_close(&c);
}

static void
entries_of_a_deposed_leader_are_cut_off(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	cluster_isolate(&c, 1);
	cluster_propose(&c, 1, 7);
	cluster_propose(&c, 1, 8);
	cluster_elect(&c, 2);
	cluster_propose(&c, 2, 9);
	cluster_deliver(&c);
	cluster_heal(&c);
	cluster_pass(&c, 400);
	assert_false(cluster_has_applied(&c, 1, 7));
	assert_true(cluster_has_applied(&c, 1, 9));
	assert_int_equal(c.members[1].disk.entries.count,
			 c.members[2].disk.entries.count);
	cluster_close(&c);
}

/* Figure 8 of the paper, from (c) on: node 1 leads term 4 and a majority has its entry of
 * term 2, which a leader of term 3 could still overwrite. */
static void
entry_of_an_older_term_is_not_committed_by_counting(void **state)
{
	struct protocol_entry old = {.index = 1, .term = 2, .origin = 1, .tag = 7};
	struct raft_message answer = {.kind = RAFT_APPEND_ANSWER, .term = 4};
	struct protocol_effects on_disk = {
		.hard_state_changed = true, .term = 3, .vote = 0};
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	vec_push(&on_disk.append, old);
	for (node_id id = 1; id <= 2; id++) {
		sim_disk_write(&c.members[id].disk, &on_disk);
		sim_disk_sync(&c.members[id].disk);
		cluster_restart(&c, id);
	}
	cluster_cut(&c, 1, 3);
	c.now_ms += 2 * CLUSTER_ELECTION_MS;
	cluster_step(&c, 1, (struct protocol_event){.kind = PROTOCOL_TICK});
	for (int i = 0; i < 4; i++) /* pre-vote and vote, there and back */
		cluster_deliver_once(&c);
	cluster_drop_mail(&c);
	struct raft *raft = cluster_raft(&c, 1);
	assert_int_equal(raft->role, RAFT_LEADER);
	assert_int_equal(raft->term, 4);
	raft_field(&answer, SUCCESS) = 1;
	raft_field(&answer, INDEX) = 1;
	cluster_forge(&c, 1, 2, &answer);
	cluster_forge(&c, 1, 3, &answer);
	assert_int_equal(raft->commit, 0);
	raft_field(&answer, INDEX) = 2;
	cluster_forge(&c, 1, 2, &answer);
	assert_int_equal(raft->commit, 2);
	assert_true(cluster_has_applied(&c, 1, 7));
	vec_release(&on_disk.append);
	cluster_close(&c);
}

/* ---- proposals ---------------------------------------------------------------------------- */

static void
follower_forwards_and_learns_by_applying(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	cluster_propose(&c, 3, 7);
	cluster_deliver(&c);
	assert_true(cluster_has_applied(&c, 3, 7));
	cluster_pass(&c, 1000);
	assert_null(cluster_answer(&c, 3, 7));
	cluster_close(&c);
}

static void
proposal_without_a_leader_is_refused(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_propose(&c, 2, 7);
	assert_non_null(cluster_answer(&c, 2, 7));
	assert_int_equal(cluster_answer(&c, 2, 7)->kind, PROTOCOL_REFUSED);
	assert_string_equal(cluster_answer(&c, 2, 7)->reason, "no leader");
	cluster_close(&c);
}

static void
proposal_lost_on_its_way_ends_unknown(void **state)
{
	struct cluster c;

	(void)state;
	cluster_open(&c, 3, 0);
	cluster_elect(&c, 1);
	cluster_propose(&c, 3, 7);
	cluster_drop_mail(&c);
	cluster_pass(&c, RAFT_PATIENCE * CLUSTER_ELECTION_MS - 20);
	assert_null(cluster_answer(&c, 3, 7));
	cluster_pass(&c, 40);
	assert_non_null(cluster_answer(&c, 3, 7));
	assert_int_equal(cluster_answer(&c, 3, 7)->kind, PROTOCOL_UNKNOWN);
	cluster_close(&c);
}

static void
full_log_refuses_until_it_is_compacted(void **state)
{
	struct cluster c;
	uint64_t tag = 1;

	(void)state;
	cluster_open(&c, 1, 0);
	cluster_pass(&c, 250);
	while (cluster_answer(&c, 1, tag) == NULL && tag < 1000)
		cluster_propose(&c, 1, ++tag);
	assert_int_equal(cluster_answer(&c, 1, tag)->kind, PROTOCOL_REFUSED);
	assert_string_equal(cluster_answer(&c, 1, tag)->reason, "the log is full");
	assert_true(cluster_raft(&c, 1)->log.bytes <= c.config.log_bytes_max);
	cluster_compact(&c, 1, "state");
	cluster_propose(&c, 1, 2000);
	assert_true(cluster_has_applied(&c, 1, 2000));
	cluster_close(&c);
}

/* ---- reads ---------------------------------------------------------------------------------- */

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

/* ---- snapshots -------------------------------------------------------------------------------- */

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

/* ---- opening ------------------------------------------------------------------------------------ */

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
		cmocka_unit_test(lone_node_elects_itself_and_commits),
		cmocka_unit_test(five_nodes_elect_one_leader_and_replicate),
		cmocka_unit_test(node_that_was_cut_off_does_not_disturb_when_it_returns),
		cmocka_unit_test(
			follower_that_hears_its_leader_ignores_votes_of_later_terms),
		cmocka_unit_test(leader_without_a_quorum_steps_down),
		cmocka_unit_test(lost_request_for_a_vote_is_repeated),
		cmocka_unit_test(vote_outlives_a_restart_unless_the_bug_is_planted),
		cmocka_unit_test(candidate_with_a_shorter_log_gets_no_vote),
		cmocka_unit_test(commands_of_one_iteration_leave_in_one_message),
		cmocka_unit_test(appends_in_flight_are_bounded),
		cmocka_unit_test(lost_appends_are_sent_again),
		cmocka_unit_test(
			leader_does_not_count_itself_before_its_disk_has_the_entry),
		cmocka_unit_test(entries_of_a_deposed_leader_are_cut_off),
		cmocka_unit_test(entry_of_an_older_term_is_not_committed_by_counting),
		cmocka_unit_test(follower_forwards_and_learns_by_applying),
		cmocka_unit_test(proposal_without_a_leader_is_refused),
		cmocka_unit_test(proposal_lost_on_its_way_ends_unknown),
		cmocka_unit_test(full_log_refuses_until_it_is_compacted),
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
