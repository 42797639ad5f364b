#include "reference/protocol/raft.h"

static size_t
granted_count(const struct raft *raft)
{
	size_t count = 0;

	for (size_t i = 0; i < raft->config.node_count; i++)
		count += raft->peers[i].granted;
	return count;
}

static void
start_campaign(struct raft *raft, enum raft_role role)
{
	raft->role = role;
	raft->leader = 0;
	for (size_t i = 0; i < raft->config.node_count; i++)
		raft->peers[i].granted = false;
	raft->self->granted = true;
	raft_set_election_deadline(raft);
}

/* Asks whoever has not granted yet: what is lost is asked again (section 5.1). */
void
raft_ask_for_votes(struct raft *raft)
{
	struct raft_message m = {.kind = RAFT_VOTE, .term = raft->term};

	if (raft->role == RAFT_PRE_CANDIDATE)
		m = (struct raft_message){.kind = RAFT_PRE_VOTE, .term = raft->term + 1};
	raft->heartbeat_deadline_ms = raft->now_ms + raft->config.heartbeat_ms;
	raft_field(&m, INDEX) = raft_log_last(&raft->log);
	raft_field(&m, LOG_TERM) = raft_log_last_term(&raft->log);
	for (size_t i = 0; i < raft->config.node_count; i++)
		if (!raft->peers[i].granted)
			raft_send(raft, raft->peers[i].id, &m);
}

static void
become_candidate(struct raft *raft)
{
	raft->term++;
	raft->vote = raft->config.self;
	raft_hard_state_changed(raft);
	start_campaign(raft, RAFT_CANDIDATE);
	if (granted_count(raft) >= raft->quorum)
		raft_become_leader(raft);
	else
		raft_ask_for_votes(raft);
}

/* Asks first whether an election could be won (pre-vote, thesis 9.6): a node that was cut
 * off does not raise its term, so it does not disturb the others when it comes back. */
void
raft_campaign(struct raft *raft)
{
	raft_forget_question(raft);
	start_campaign(raft, RAFT_PRE_CANDIDATE);
	if (granted_count(raft) >= raft->quorum)
		become_candidate(raft);
	else
		raft_ask_for_votes(raft);
}

/* Section 5.4.1: only a log that has everything committed may win. */
static bool
is_up_to_date(const struct raft *raft, const struct raft_message *m)
{
	uint64_t term = raft_log_last_term(&raft->log);

	if (raft_field(m, LOG_TERM) != term)
		return raft_field(m, LOG_TERM) > term;
	return raft_field(m, INDEX) >= raft_log_last(&raft->log);
}

/* A leader counts itself: check-quorum makes it step down when that is an illusion. */
bool
raft_hears_leader(const struct raft *raft)
{
	if (raft->role == RAFT_LEADER)
		return true;
	return raft->leader != 0 &&
	       raft->now_ms < raft->leader_heard_ms + raft->config.election_ms;
}

void
raft_on_pre_vote(struct raft *raft, node_id from, const struct raft_message *m)
{
	struct raft_message answer = {.kind = RAFT_PRE_VOTE_ANSWER, .term = raft->term};

	raft_field(&answer, INDEX) = m->term;
	raft_field(&answer, SUCCESS) = m->term > raft->term && is_up_to_date(raft, m) &&
				       !raft_hears_leader(raft);
	raft_send(raft, from, &answer);
}

void
raft_on_pre_vote_answer(struct raft *raft, node_id from, const struct raft_message *m)
{
	if (raft->role != RAFT_PRE_CANDIDATE || raft_field(m, INDEX) != raft->term + 1 ||
	    !raft_field(m, SUCCESS))
		return;
	raft_peer(raft, from)->granted = true;
	if (granted_count(raft) >= raft->quorum)
		become_candidate(raft);
}

void
raft_on_vote(struct raft *raft, node_id from, const struct raft_message *m)
{
	struct raft_message answer = {.kind = RAFT_VOTE_ANSWER, .term = raft->term};
	bool grant = m->term == raft->term && (raft->vote == 0 || raft->vote == from) &&
		     is_up_to_date(raft, m);

	if (grant && raft->vote == 0) {
		raft->vote = from;
		raft_hard_state_changed(raft);
	}
	if (grant)
		raft_set_election_deadline(raft);
	raft_field(&answer, SUCCESS) = grant;
	raft_send(raft, from, &answer);
}

void
raft_on_vote_answer(struct raft *raft, node_id from, const struct raft_message *m)
{
	if (raft->role != RAFT_CANDIDATE || !raft_field(m, SUCCESS))
		return;
	raft_peer(raft, from)->granted = true;
	if (granted_count(raft) >= raft->quorum)
		raft_become_leader(raft);
}
