#include "reference/protocol/raft.h"

#include "base/assert.h"

/* ---- what all parts use ---- */

struct raft_peer *
raft_peer(struct raft *raft, node_id id)
{
	for (size_t i = 0; i < raft->config.node_count; i++)
		if (raft->peers[i].id == id)
			return &raft->peers[i];
	return NULL;
}

/* The fields are the state of now: the last change in an iteration is the one to persist.
 */
void
raft_hard_state_changed(struct raft *raft)
{
	raft->out->hard_state_changed = true;
	raft->out->term = raft->term;
	raft->out->vote = bug_is_on(raft->config.bugs, FORGOTTEN_VOTE) ? 0 : raft->vote;
}

void
raft_set_election_deadline(struct raft *raft)
{
	uint64_t least = raft->config.election_ms;

	raft->election_deadline_ms = raft->now_ms + least + rng_below(&raft->rng, least);
}

void
raft_queue_message(struct raft *raft, node_id to, bool early, size_t start)
{
	size_t bytes = raft->out->memory.len - start;

	vec_push(&raft->out->messages,
		 (struct protocol_message){to, early, start, bytes});
}

/* Questions and forwarded commands promise nothing, so they need not wait for the disk.
 */
void
raft_send(struct raft *raft, node_id to, const struct raft_message *message)
{
	bool early = message->kind == RAFT_FORWARD || message->kind == RAFT_READ ||
		     message->kind == RAFT_READ_ANSWER;
	size_t start = raft_encode_begin(&raft->out->memory, message);

	raft_encode_end(&raft->out->memory, start, message);
	raft_queue_message(raft, to, early, start);
}

void
raft_answer(struct raft *raft, enum protocol_answer_kind kind, uint64_t tag,
	    uint64_t index, const char *reason)
{
	vec_push(&raft->out->answers, (struct protocol_answer){kind, tag, index, reason});
}

void
raft_append_entry(struct raft *raft, const struct protocol_entry *entry)
{
	raft_log_append(&raft->log, entry);
	vec_push(&raft->out->append, raft_log_view(&raft->log, entry->index));
}

/* Removes the entries from `index` on, here and on disk. Those that the disk never saw
 * are only taken off the list to write. */
void
raft_cut(struct raft *raft, uint64_t index)
{
	struct protocol_effects *out = raft->out;

	raft_log_truncate(&raft->log, index, out);
	if (raft->persisted >= index)
		raft->persisted = index - 1;
	while (out->append.count > 0 && vec_last(&out->append)->index >= index)
		out->append.count--;
	if (out->append.count == 0 &&
	    (out->truncate_from == 0 || index < out->truncate_from))
		out->truncate_from = index;
}

/* ---- roles ---- */

static void
adopt_term(struct raft *raft, uint64_t term)
{
	if (term <= raft->term)
		return;
	raft->term = term;
	raft->vote = 0;
	raft_hard_state_changed(raft);
}

static void
leave_leadership(struct raft *raft)
{
	for (size_t i = 0; i < raft->config.node_count; i++)
		raft_end_snapshot(raft, &raft->peers[i]);
	vec_clear(&raft->questions);
}

void
raft_become_follower(struct raft *raft, uint64_t term, node_id leader)
{
	if (raft->role == RAFT_LEADER)
		leave_leadership(raft);
	if (raft->leader != leader || term > raft->term)
		raft_forget_question(raft);
	adopt_term(raft, term);
	raft->role = RAFT_FOLLOWER;
	raft->leader = leader;
	raft_set_election_deadline(raft);
}

/* The entry without a command lets the leader commit what it inherited (section 5.4.2).
 */
void
raft_become_leader(struct raft *raft)
{
	struct protocol_entry nothing = {.index = raft_log_last(&raft->log) + 1,
					 .term = raft->term};

	raft->role = RAFT_LEADER;
	raft->leader = raft->config.self;
	raft->round = 0;
	vec_clear(&raft->questions);
	raft_forget_question(raft);
	raft_reset_progress(raft);
	raft_append_entry(raft, &nothing);
	raft_heartbeat(raft);
}

/* ---- events ---- */

/* Check-quorum (thesis 6.2): a leader that a majority does not answer makes room, so that
 * clients do not wait for it and pre-votes against it are granted. */
static void
tick_leader(struct raft *raft)
{
	if (raft->now_ms < raft->heartbeat_deadline_ms)
		return;
	if (raft_hears_quorum(raft))
		raft_heartbeat(raft);
	else
		raft_become_follower(raft, raft->term, 0);
}

static void
on_tick(struct raft *raft)
{
	raft_expire_proposals(raft);
	raft_expire_reads(raft);
	if (raft->role == RAFT_LEADER)
		tick_leader(raft);
	else if (raft->now_ms >= raft->election_deadline_ms)
		raft_campaign(raft);
	else if (raft->role != RAFT_FOLLOWER &&
		 raft->now_ms >= raft->heartbeat_deadline_ms)
		raft_ask_for_votes(raft);
}

/* Sends what has gathered. Several events of one iteration share messages and rounds. */
static void
on_flush(struct raft *raft)
{
	raft_ask(raft);
	if (raft->role != RAFT_LEADER)
		return;
	raft_start_round(raft);
	raft_replicate(raft);
}

static void
on_persisted(struct raft *raft)
{
	raft->persisted = raft_log_last(&raft->log);
	if (raft->role != RAFT_LEADER)
		return;
	raft->self->match = raft->persisted;
	raft_maybe_commit(raft);
}

/* A message of an older term teaches nothing, but its sender must learn the newer term:
 * a leader so steps down, a candidate so catches up. */
static void
answer_older_term(struct raft *raft, node_id from, const struct raft_message *m)
{
	struct raft_message answer = {.term = raft->term};

	if (m->kind == RAFT_APPEND || m->kind == RAFT_SNAPSHOT)
		answer.kind = RAFT_APPEND_ANSWER;
	else if (m->kind == RAFT_VOTE)
		answer.kind = RAFT_VOTE_ANSWER;
	else
		return;
	raft_send(raft, from, &answer);
}

static void
follow(struct raft *raft, node_id leader)
{
	if (raft->role != RAFT_FOLLOWER || raft->leader != leader)
		raft_become_follower(raft, raft->term, leader);
	raft->leader_heard_ms = raft->now_ms;
	raft_set_election_deadline(raft);
}

static void
on_message_of_term(struct raft *raft, node_id from, const struct raft_message *m)
{
	switch (m->kind) {
	case RAFT_VOTE:
		raft_on_vote(raft, from, m);
		break;
	case RAFT_VOTE_ANSWER:
		raft_on_vote_answer(raft, from, m);
		break;
	case RAFT_APPEND:
	case RAFT_SNAPSHOT:
		if (raft->role == RAFT_LEADER)
			break; /* a second leader of one term: no message of ours */
		follow(raft, from);
		if (m->kind == RAFT_APPEND)
			raft_on_append(raft, from, m);
		else
			raft_on_snapshot(raft, from, m);
		break;
	case RAFT_APPEND_ANSWER:
		raft_on_append_answer(raft, from, m);
		break;
	case RAFT_SNAPSHOT_ANSWER:
		raft_on_snapshot_answer(raft, from, m);
		break;
	default:
		break;
	}
}

/* Messages whose meaning does not depend on the term. */
static bool
on_message_of_any_term(struct raft *raft, node_id from, const struct raft_message *m)
{
	switch (m->kind) {
	case RAFT_PRE_VOTE:
		raft_on_pre_vote(raft, from, m);
		return true;
	case RAFT_PRE_VOTE_ANSWER:
		raft_on_pre_vote_answer(raft, from, m);
		return true;
	case RAFT_FORWARD:
		raft_on_forward(raft, from, m);
		return true;
	case RAFT_FORWARD_REFUSED:
		raft_on_forward_refused(raft, m);
		return true;
	case RAFT_READ:
		raft_on_read(raft, from, m);
		return true;
	case RAFT_READ_ANSWER:
		raft_on_read_answer(raft, m);
		return true;
	default:
		return false;
	}
}

static void
on_message(struct raft *raft, node_id from, struct bytes data)
{
	struct raft_message m;

	if (raft_peer(raft, from) == NULL || from == raft->config.self ||
	    !raft_decode(data, &m))
		return;
	/* While a leader is heard, nobody's term is raised by a candidate (thesis 6.2).
	 */
	if (m.kind == RAFT_VOTE && m.term > raft->term && raft_hears_leader(raft))
		return;
	if (m.term > raft->term && m.kind != RAFT_PRE_VOTE)
		raft_become_follower(raft, m.term, 0);
	if (on_message_of_any_term(raft, from, &m))
		return;
	if (m.term < raft->term)
		answer_older_term(raft, from, &m);
	else
		on_message_of_term(raft, from, &m);
}

/* Hands out what became committed. */
static void
apply_committed(struct raft *raft)
{
	while (raft->applied < raft->commit) {
		struct protocol_entry entry = raft_log_view(&raft->log, ++raft->applied);
		vec_push(&raft->out->apply, entry);
		if (entry.origin == raft->config.self)
			raft_proposal_applied(raft, entry.tag);
	}
}

static void
dispatch(struct raft *raft, const struct protocol_event *event)
{
	switch (event->kind) {
	case PROTOCOL_TICK:
		on_tick(raft);
		break;
	case PROTOCOL_MESSAGE:
		on_message(raft, event->from, event->data);
		break;
	case PROTOCOL_PROPOSE:
		raft_propose(raft, event->tag, event->data);
		break;
	case PROTOCOL_READ:
		raft_read(raft, event->tag);
		break;
	case PROTOCOL_PERSISTED:
		on_persisted(raft);
		break;
	case PROTOCOL_COMPACT:
		raft_compact(raft, event->index, event->data);
		break;
	case PROTOCOL_FLUSH:
		break;
	}
}

static void
step(struct protocol *p, const struct protocol_event *event,
     struct protocol_effects *effects)
{
	struct raft *raft = (struct raft *)p;

	raft->out = effects;
	if (event->now_ms > raft->now_ms)
		raft->now_ms = event->now_ms;
	if (!raft->started) {
		raft->started = true;
		raft_set_election_deadline(raft);
	}
	dispatch(raft, event);
	if (event->kind == PROTOCOL_FLUSH || event->kind == PROTOCOL_PERSISTED)
		on_flush(raft);
	apply_committed(raft);
	raft->out = NULL;
}

/* ---- what can be asked ---- */

static uint64_t
earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t
deadline_ms(const struct protocol *p)
{
	const struct raft *raft = (const struct raft *)p;

	if (!raft->started)
		return 0;
	uint64_t next = raft->role == RAFT_LEADER ? raft->heartbeat_deadline_ms
						  : raft->election_deadline_ms;
	if (raft->role == RAFT_CANDIDATE || raft->role == RAFT_PRE_CANDIDATE)
		next = earlier(next, raft->heartbeat_deadline_ms);
	if (raft->proposal_head < raft->proposals.count)
		next = earlier(next,
			       raft->proposals.items[raft->proposal_head].deadline_ms);
	if (raft->reads.count > 0)
		next = earlier(next, raft->reads.items[0].deadline_ms);
	if (raft->question != 0)
		next = earlier(next,
			       raft->question_asked_ms + 2 * raft->config.heartbeat_ms);
	return next;
}

static const char *
role_name(enum raft_role role)
{
	static const char *const names[] = {
		[RAFT_FOLLOWER] = "follower",
		[RAFT_PRE_CANDIDATE] = "pre-candidate",
		[RAFT_CANDIDATE] = "candidate",
		[RAFT_LEADER] = "leader",
	};
	return names[role];
}

static void
status(const struct protocol *p, struct protocol_status *s)
{
	const struct raft *raft = (const struct raft *)p;

	*s = (struct protocol_status){
		.role = role_name(raft->role),
		.leader = raft->leader,
		.term = raft->term,
		.commit = raft->commit,
		.applied = raft->applied,
		.first = raft->log.base + 1,
		.last = raft_log_last(&raft->log),
	};
}

static bool
look_at(const struct protocol *p, uint64_t index, struct protocol_entry *entry)
{
	const struct raft *raft = (const struct raft *)p;

	if (index <= raft->log.base || index > raft_log_last(&raft->log))
		return false;
	*entry = raft_log_view(&raft->log, index);
	return true;
}

const struct protocol_kind protocol_raft = {
	.name = "raft",
	.summary = "Raft with pre-vote, check-quorum, read index and snapshots",
	.open = raft_open,
	.step = step,
	.deadline_ms = deadline_ms,
	.status = status,
	.entry = look_at,
	.check = raft_check,
	.close = raft_close,
};
