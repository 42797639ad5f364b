#include "reference/protocol/raft.h"

/* ---- compaction ---- */

/* What some follower that answers still lacks stays in memory, within bounds: a snapshot
 * for a handful of entries would be a waste. */
static uint64_t
tail_start(const struct raft *raft, uint64_t index)
{
	uint64_t start = index;

	if (raft->role != RAFT_LEADER)
		return index;
	for (size_t i = 0; i < raft->config.node_count; i++) {
		const struct raft_peer *peer = &raft->peers[i];
		uint64_t has =
			peer->snapshot != NULL ? peer->snapshot->index : peer->match;
		bool answers = raft->now_ms <= peer->heard_ms + raft->config.election_ms;
		if (peer != raft->self && answers && has < start)
			start = has;
	}
	return start + RAFT_TAIL_MAX < index ? index - RAFT_TAIL_MAX : start;
}

static void
compact_log(struct raft *raft, uint64_t index)
{
	uint64_t start = tail_start(raft, index);

	if (start > raft->log.base)
		raft_log_compact(&raft->log, start, raft->out);
	while (raft->log.base < index && raft->log.bytes > raft->config.log_bytes_max / 2)
		raft_log_compact(&raft->log, raft->log.base + 1, raft->out);
}

void
raft_compact(struct raft *raft, uint64_t index, struct bytes data)
{
	uint64_t term;

	if (raft->snapshot != NULL && index <= raft->snapshot->index)
		return;
	if (index > raft->applied || !raft_log_term(&raft->log, index, &term))
		return;
	raft_snapshot_free(raft->snapshot, raft->out);
	raft->snapshot =
		raft_snapshot_new(index, term, mem_bytes(data.data, data.len), data.len);
	compact_log(raft, index);
}

/* ---- transfer: the leader ---- */

/* The transfer keeps its snapshot also when a newer one is taken meanwhile. */
void
raft_begin_snapshot(struct raft *raft, struct raft_peer *peer)
{
	peer->progress = RAFT_SENDING_SNAPSHOT;
	peer->snapshot = raft_snapshot_share(raft->snapshot);
	peer->offset = 0;
	peer->waiting = false;
	peer->flight_count = 0;
}

void
raft_end_snapshot(struct raft *raft, struct raft_peer *peer)
{
	raft_snapshot_free(peer->snapshot, raft->out);
	peer->snapshot = NULL;
}

/* A chunk is a heartbeat as well. */
void
raft_send_chunk(struct raft *raft, struct raft_peer *peer)
{
	const struct raft_snapshot *snapshot = peer->snapshot;
	struct raft_message m = {.kind = RAFT_SNAPSHOT, .term = raft->term};
	size_t bytes = snapshot->bytes - peer->offset;

	if (bytes > raft->config.snapshot_chunk_bytes)
		bytes = raft->config.snapshot_chunk_bytes;
	m.data = (struct bytes){snapshot->data + peer->offset, bytes};
	raft_field(&m, INDEX) = snapshot->index;
	raft_field(&m, LOG_TERM) = snapshot->term;
	raft_field(&m, ROUND) = raft->round;
	raft_field(&m, OFFSET) = peer->offset;
	raft_field(&m, TOTAL) = snapshot->bytes;
	raft_send(raft, peer->id, &m);
}

void
raft_on_snapshot_answer(struct raft *raft, node_id from, const struct raft_message *m)
{
	struct raft_peer *peer = raft_peer(raft, from);

	if (raft->role != RAFT_LEADER)
		return;
	raft_heard(raft, peer, raft_field(m, ROUND));
	if (peer->progress != RAFT_SENDING_SNAPSHOT ||
	    raft_field(m, INDEX) != peer->snapshot->index)
		return;
	if (raft_field(m, SUCCESS)) {
		raft_end_snapshot(raft, peer);
		peer->progress = RAFT_PROBING;
		peer->next = raft_field(m, INDEX) + 1;
		peer->waiting = false;
		raft_matched(raft, peer, raft_field(m, INDEX));
	} else if (raft_field(m, OFFSET) <= peer->snapshot->bytes &&
		   raft_field(m, OFFSET) != peer->offset) {
		peer->offset = raft_field(m, OFFSET);
		peer->waiting = false;
	}
}

/* ---- transfer: the follower ---- */

static bool
is_same_transfer(const struct raft *raft, node_id from, const struct raft_message *m)
{
	const struct raft_incoming *incoming = &raft->incoming;

	return incoming->from == from && incoming->leader_term == m->term &&
	       incoming->index == raft_field(m, INDEX) &&
	       incoming->term == raft_field(m, LOG_TERM) &&
	       incoming->total == raft_field(m, TOTAL);
}

static void
begin_transfer(struct raft *raft, node_id from, const struct raft_message *m)
{
	struct raft_incoming *incoming = &raft->incoming;

	incoming->from = from;
	incoming->leader_term = m->term;
	incoming->index = raft_field(m, INDEX);
	incoming->term = raft_field(m, LOG_TERM);
	incoming->total = raft_field(m, TOTAL);
	buf_clear(&incoming->data);
}

/* What was handed out for the state that the snapshot replaces must not be run on top of
 * it: whether our own commands are in the snapshot, nobody can say. */
static void
drop_applies(struct raft *raft)
{
	vec_each (struct protocol_entry, entry, &raft->out->apply)
		if (entry->origin == raft->config.self)
			raft_answer(raft, PROTOCOL_UNKNOWN, entry->tag, 0,
				    "a snapshot replaced the state");
	vec_clear(&raft->out->apply);
}

static void
install(struct raft *raft)
{
	struct raft_incoming *incoming = &raft->incoming;
	struct protocol_effects *out = raft->out;

	raft_snapshot_free(raft->snapshot, out);
	raft->snapshot = raft_snapshot_new(incoming->index, incoming->term,
					   incoming->data.data, incoming->data.len);
	raft_log_reset(&raft->log, incoming->index, incoming->term, out);
	raft->commit = raft->applied = raft->persisted = incoming->index;
	drop_applies(raft);
	vec_clear(&out->append);
	out->truncate_from = 0;
	out->snapshot_installed = true;
	out->snapshot_index = incoming->index;
	out->snapshot_term = incoming->term;
	out->snapshot = (struct bytes){raft->snapshot->data, raft->snapshot->bytes};
	*incoming = (struct raft_incoming){0}; /* the snapshot owns its bytes now */
}

/* A log that has the snapshot's last entry already keeps what follows it: those entries
 * may have been acknowledged. */
static bool
has_already(struct raft *raft, const struct raft_message *m)
{
	uint64_t index = raft_field(m, INDEX), term;

	if (index <= raft->commit)
		return true;
	if (!raft_log_term(&raft->log, index, &term) || term != raft_field(m, LOG_TERM))
		return false;
	raft->commit = index;
	return true;
}

/* Takes the chunk if it is the next one; true when the snapshot is complete. */
static bool
take_chunk(struct raft *raft, node_id from, const struct raft_message *m)
{
	struct raft_incoming *incoming = &raft->incoming;

	if (!is_same_transfer(raft, from, m))
		begin_transfer(raft, from, m);
	if (raft_field(m, OFFSET) == incoming->data.len &&
	    m->data.len <= incoming->total - incoming->data.len)
		buf_append(&incoming->data, m->data.data, m->data.len);
	return incoming->data.len == incoming->total;
}

void
raft_on_snapshot(struct raft *raft, node_id from, const struct raft_message *m)
{
	struct raft_message answer = {.kind = RAFT_SNAPSHOT_ANSWER, .term = raft->term};
	bool done;

	if (raft_field(m, TOTAL) > RAFT_SNAPSHOT_BYTES_MAX ||
	    raft_field(m, LOG_TERM) > m->term)
		return;
	done = has_already(raft, m);
	if (!done && take_chunk(raft, from, m)) {
		install(raft);
		done = true;
	}
	raft_field(&answer, INDEX) = raft_field(m, INDEX);
	raft_field(&answer, ROUND) = raft_field(m, ROUND);
	raft_field(&answer, OFFSET) = raft->incoming.data.len;
	raft_field(&answer, SUCCESS) = done;
	raft_send(raft, from, &answer);
}
