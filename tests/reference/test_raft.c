/* Raft as transcripts: elections, replication, the commit rule, proposals. */
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
