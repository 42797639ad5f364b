#include "reference/protocol/raft.h"

#include <string.h>

static void
append_command(struct raft *raft, node_id origin, uint64_t tag, struct bytes data)
{
	struct protocol_entry entry = {.index = raft_log_last(&raft->log) + 1,
				       .term = raft->term,
				       .origin = origin,
				       .tag = tag,
				       .data = data};

	raft_append_entry(raft, &entry);
	if (bug_is_on(raft->config.bugs, EARLY_ACK))
		raft_maybe_commit(raft);
}

static bool
log_has_room(const struct raft *raft, size_t bytes)
{
	return raft->log.bytes + bytes + RAFT_ENTRY_OVERHEAD <=
	       raft->config.log_bytes_max;
}

/* Why a command cannot even be tried here and now; NULL when it can. */
static const char *
obstacle(const struct raft *raft, size_t bytes)
{
	if (bytes > raft->config.append_bytes_max)
		return "the command is too large";
	if (raft->leader == 0)
		return "no leader";
	if (raft->proposals.count - raft->proposal_head >= RAFT_PROPOSALS_MAX)
		return "too many open proposals";
	if (raft->role == RAFT_LEADER && !log_has_room(raft, bytes))
		return "the log is full";
	return NULL;
}

static void
remember(struct raft *raft, uint64_t tag)
{
	uint64_t deadline = raft->now_ms + RAFT_PATIENCE * raft->config.election_ms;

	vec_push(&raft->proposals, (struct raft_proposal){tag, deadline, false});
}

void
raft_propose(struct raft *raft, uint64_t tag, struct bytes data)
{
	const char *reason = obstacle(raft, data.len);

	if (reason != NULL) {
		raft_answer(raft, PROTOCOL_REFUSED, tag, 0, reason);
		return;
	}
	remember(raft, tag);
	if (raft->role == RAFT_LEADER) {
		append_command(raft, raft->config.self, tag, data);
		return;
	}
	struct raft_message m = {.kind = RAFT_FORWARD, .term = raft->term, .data = data};
	raft_field(&m, TAG) = tag;
	raft_send(raft, raft->leader, &m);
}

void
raft_on_forward(struct raft *raft, node_id from, const struct raft_message *m)
{
	if (raft->role == RAFT_LEADER && log_has_room(raft, m->data.len) &&
	    m->data.len <= raft->config.append_bytes_max) {
		append_command(raft, from, raft_field(m, TAG), m->data);
		return;
	}
	struct raft_message answer = {.kind = RAFT_FORWARD_REFUSED, .term = raft->term};
	raft_field(&answer, TAG) = raft_field(m, TAG);
	raft_send(raft, from, &answer);
}

static void
drop_done(struct raft *raft)
{
	while (raft->proposal_head < raft->proposals.count &&
	       raft->proposals.items[raft->proposal_head].done)
		raft->proposal_head++;
	if (raft->proposal_head < 1024 && raft->proposal_head < raft->proposals.count)
		return;
	size_t left = raft->proposals.count - raft->proposal_head;
	if (left > 0)
		memmove(raft->proposals.items,
			raft->proposals.items + raft->proposal_head,
			left * sizeof(*raft->proposals.items));
	raft->proposals.count = left;
	raft->proposal_head = 0;
}

/* Marks the proposal done; false when it was not open. Commands are applied nearly in the
 * order in which they were proposed, so the search ends at its beginning. */
static bool
finish(struct raft *raft, uint64_t tag)
{
	for (size_t i = raft->proposal_head; i < raft->proposals.count; i++) {
		struct raft_proposal *proposal = &raft->proposals.items[i];
		if (proposal->tag != tag || proposal->done)
			continue;
		proposal->done = true;
		drop_done(raft);
		return true;
	}
	return false;
}

void
raft_proposal_applied(struct raft *raft, uint64_t tag)
{
	finish(raft, tag);
}

/* Not PROTOCOL_REFUSED: when the network repeated the message, another copy may have been
 * accepted before this one was refused. */
void
raft_on_forward_refused(struct raft *raft, const struct raft_message *m)
{
	if (finish(raft, raft_field(m, TAG)))
		raft_answer(raft, PROTOCOL_UNKNOWN, raft_field(m, TAG), 0,
			    "the node it was forwarded to refused it");
}

void
raft_expire_proposals(struct raft *raft)
{
	for (size_t i = raft->proposal_head; i < raft->proposals.count; i++) {
		struct raft_proposal *proposal = &raft->proposals.items[i];
		if (proposal->deadline_ms > raft->now_ms)
			break;
		if (!proposal->done)
			raft_answer(raft, PROTOCOL_UNKNOWN, proposal->tag, 0,
				    "not committed in time");
		proposal->done = true;
	}
	drop_done(raft);
}
