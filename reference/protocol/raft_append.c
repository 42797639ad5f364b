#include "reference/protocol/raft.h"

#include "base/assert.h"

#include <string.h>

/* ---- leader: what to send -------------------------------------------------------------
 */

void
raft_reset_progress(struct raft *raft)
{
	for (size_t i = 0; i < raft->config.node_count; i++) {
		struct raft_peer *peer = &raft->peers[i];
		raft_end_snapshot(raft, peer);
		peer->progress = RAFT_PROBING;
		peer->waiting = false;
		peer->match = 0;
		peer->next = raft_log_last(&raft->log) + 1;
		peer->heard_ms = raft->now_ms;
		peer->round = peer->round_sent = peer->commit_sent = 0;
		peer->flight_head = peer->flight_count = 0;
	}
	raft->self->match = raft->persisted;
}

/* Sends the entries from peer->next on, as many as fit one message, or none when `empty`.
 * Marked early: a leader's entries may travel before its own disk has them, because it
 * counts itself only once they are persisted. Returns how many were sent. */
static uint64_t
send_append(struct raft *raft, struct raft_peer *peer, bool empty)
{
	struct raft_message m = {.kind = RAFT_APPEND, .term = raft->term};
	uint64_t index = peer->next, last = raft_log_last(&raft->log), log_term;
	bool known = raft_log_term(&raft->log, index - 1, &log_term);

	ASSERT(known);
	raft_field(&m, INDEX) = index - 1;
	raft_field(&m, LOG_TERM) = log_term;
	raft_field(&m, COMMIT) = raft->commit;
	raft_field(&m, ROUND) = raft->round;
	struct buf *memory = &raft->out->memory;
	size_t start = raft_encode_begin(memory, &m), payload = memory->len;
	for (; !empty && index <= last; index++) {
		struct protocol_entry entry = raft_log_view(&raft->log, index);
		size_t bytes = memory->len - payload + entry.data.len;
		if (memory->len > payload && bytes > raft->config.append_bytes_max)
			break;
		raft_encode_entry(memory, &entry);
	}
	raft_encode_end(memory, start, &m);
	raft_queue_message(raft, peer->id, true, start);
	peer->commit_sent = raft->commit;
	peer->round_sent = raft->round;
	return index - peer->next;
}

static void
pipeline(struct raft *raft, struct raft_peer *peer)
{
	bool sent = false;

	while (peer->next <= raft_log_last(&raft->log) &&
	       peer->flight_count < raft->config.append_in_flight_max) {
		peer->next += send_append(raft, peer, false);
		uint32_t at = (peer->flight_head + peer->flight_count) % RAFT_FLIGHT_MAX;
		peer->flight[at] = peer->next - 1;
		peer->flight_count++;
		sent = true;
	}
	bool news = peer->commit_sent < raft->commit || peer->round_sent < raft->round;
	if (!sent && news)
		send_append(raft, peer, true);
}

/* Sends a follower what it lacks, as far as its answers allow. */
static void
feed(struct raft *raft, struct raft_peer *peer)
{
	if (peer->progress != RAFT_SENDING_SNAPSHOT && peer->next - 1 < raft->log.base)
		raft_begin_snapshot(raft, peer);
	if (peer->progress == RAFT_PIPELINING) {
		pipeline(raft, peer);
	} else if (!peer->waiting) {
		peer->waiting = true;
		if (peer->progress == RAFT_SENDING_SNAPSHOT)
			raft_send_chunk(raft, peer);
		else
			send_append(raft, peer, false);
	}
}

void
raft_replicate(struct raft *raft)
{
	for (size_t i = 0; i < raft->config.node_count; i++)
		if (&raft->peers[i] != raft->self)
			feed(raft, &raft->peers[i]);
}

/* To everybody, also those who owe an answer: it may be lost. A follower that pipelines
 * refuses a heartbeat that stands behind lost entries, and so makes them sent again. */
void
raft_heartbeat(struct raft *raft)
{
	raft->heartbeat_deadline_ms = raft->now_ms + raft->config.heartbeat_ms;
	for (size_t i = 0; i < raft->config.node_count; i++) {
		struct raft_peer *peer = &raft->peers[i];
		if (peer == raft->self)
			continue;
		peer->waiting = false;
		if (peer->progress == RAFT_PIPELINING && peer->next - 1 >= raft->log.base)
			send_append(raft, peer, true);
		else
			feed(raft, peer);
	}
}

/* ---- leader: what came back -----------------------------------------------------------
 */

bool
raft_hears_quorum(const struct raft *raft)
{
	size_t count = 1;

	for (size_t i = 0; i < raft->config.node_count; i++) {
		const struct raft_peer *peer = &raft->peers[i];
		if (peer != raft->self &&
		    raft->now_ms <= peer->heard_ms + raft->config.election_ms)
			count++;
	}
	return count >= raft->quorum;
}

/* The largest index that a majority has on disk. */
static uint64_t
quorum_match(const struct raft *raft)
{
	uint64_t matches[PROTOCOL_NODES_MAX];
	size_t count = raft->config.node_count;

	for (size_t i = 0; i < count; i++) {
		size_t at = i;
		for (; at > 0 && matches[at - 1] < raft->peers[i].match; at--)
			matches[at] = matches[at - 1];
		matches[at] = raft->peers[i].match;
	}
	return matches[raft->quorum - 1];
}

/* Section 5.4.2: an entry of an older term is committed only by one of this term behind
 * it, because a majority alone does not protect it from a later leader (figure 8). */
void
raft_maybe_commit(struct raft *raft)
{
	uint64_t index = quorum_match(raft), term = 0;

	if (bug_is_on(raft->config.bugs, EARLY_ACK))
		index = raft_log_last(&raft->log);
	if (index <= raft->commit || !raft_log_term(&raft->log, index, &term) ||
	    term != raft->term)
		return;
	raft->commit = index;
}

void
raft_heard(struct raft *raft, struct raft_peer *peer, uint64_t round)
{
	peer->heard_ms = raft->now_ms;
	if (round > peer->round && round <= raft->round) {
		peer->round = round;
		raft_finish_rounds(raft);
	}
}

static void
land(struct raft_peer *peer, uint64_t index)
{
	while (peer->flight_count > 0 && peer->flight[peer->flight_head] <= index) {
		peer->flight_head = (peer->flight_head + 1) % RAFT_FLIGHT_MAX;
		peer->flight_count--;
	}
}

/* The follower has everything up to the index on disk. */
void
raft_matched(struct raft *raft, struct raft_peer *peer, uint64_t index)
{
	if (index > raft_log_last(&raft->log))
		return;
	land(peer, index);
	if (peer->progress == RAFT_PROBING && index + 1 >= peer->next) {
		peer->progress = RAFT_PIPELINING;
		peer->flight_count = 0;
	}
	if (index + 1 > peer->next)
		peer->next = index + 1;
	if (index > peer->match) {
		peer->match = index;
		raft_maybe_commit(raft);
	}
}

/* Goes back to where the logs may agree. An answer to an older question is ignored. */
static void
refused(struct raft *raft, struct raft_peer *peer, const struct raft_message *m)
{
	uint64_t index = raft_field(m, INDEX);

	if (peer->progress == RAFT_PROBING ? index != peer->next - 1
					   : index <= peer->match)
		return;
	uint64_t agree =
		raft_log_agree(&raft->log, raft_field(m, HINT), raft_field(m, LOG_TERM));
	if (agree >= index)
		agree = index - 1;
	peer->next = (agree > peer->match ? agree : peer->match) + 1;
	peer->progress = RAFT_PROBING;
	peer->flight_count = 0;
}

void
raft_on_append_answer(struct raft *raft, node_id from, const struct raft_message *m)
{
	struct raft_peer *peer = raft_peer(raft, from);

	if (raft->role != RAFT_LEADER)
		return;
	raft_heard(raft, peer, raft_field(m, ROUND));
	if (peer->progress == RAFT_SENDING_SNAPSHOT)
		return;
	peer->waiting = false;
	if (raft_field(m, SUCCESS))
		raft_matched(raft, peer, raft_field(m, INDEX));
	else if (raft_field(m, INDEX) > 0)
		refused(raft, peer, m);
}

/* ---- follower -------------------------------------------------------------------------
 */

static bool
matches(const struct raft *raft, const struct raft_message *m)
{
	uint64_t term;

	if (raft_field(m, INDEX) <= raft->commit)
		return true;
	return raft_log_term(&raft->log, raft_field(m, INDEX), &term) &&
	       term == raft_field(m, LOG_TERM);
}

/* Section 5.3: an entry that conflicts goes, with all that follow it. Returns up to where
 * the log is the leader's now; short of the end only when the message lies, for terms never
 * go back along a log. */
static uint64_t
take_entries(struct raft *raft, const struct raft_message *m)
{
	struct bytes data = m->data;
	struct protocol_entry entry = {0};

	for (size_t i = 0; i < m->entry_count; i++) {
		uint64_t term;
		raft_decode_entry(&data, &entry);
		entry.index = raft_field(m, INDEX) + 1 + i;
		if (entry.index <= raft->commit)
			continue;
		if (raft_log_term(&raft->log, entry.index, &term)) {
			if (term == entry.term ||
			    bug_is_on(raft->config.bugs, BAD_TRUNCATE))
				continue;
			raft_cut(raft, entry.index);
		}
		if (entry.term < raft_log_last_term(&raft->log))
			return entry.index - 1;
		raft_append_entry(raft, &entry);
	}
	return raft_field(m, INDEX) + m->entry_count;
}

void
raft_on_append(struct raft *raft, node_id from, const struct raft_message *m)
{
	struct raft_message answer = {.kind = RAFT_APPEND_ANSWER, .term = raft->term};
	uint64_t hint_term = 0;

	raft_field(&answer, ROUND) = raft_field(m, ROUND);
	raft_field(&answer, SUCCESS) = matches(raft, m);
	if (matches(raft, m)) {
		uint64_t matched = take_entries(raft, m), commit = raft_field(m, COMMIT);
		raft_field(&answer, INDEX) = matched;
		if (commit > matched)
			commit = matched;
		if (commit > raft->commit)
			raft->commit = commit;
	} else {
		uint64_t hint = raft_log_agree(&raft->log, raft_field(m, INDEX),
					       raft_field(m, LOG_TERM));
		raft_log_term(&raft->log, hint, &hint_term);
		raft_field(&answer, INDEX) = raft_field(m, INDEX);
		raft_field(&answer, HINT) = hint;
		raft_field(&answer, LOG_TERM) = hint_term;
	}
	raft_send(raft, from, &answer);
}
