/* Opening from configuration and disk, closing, and the invariants of one replica. */
#include "reference/protocol/raft.h"

#include "base/assert.h"

static bool
check_nodes(const struct protocol_config *config, struct err *err)
{
	bool has_self = false;

	if (config->node_count == 0 || config->node_count > PROTOCOL_NODES_MAX)
		return err_set(err, "a cluster has 1 to %d nodes, not %zu",
			       PROTOCOL_NODES_MAX, config->node_count);
	for (size_t i = 0; i < config->node_count; i++) {
		if (config->nodes[i] == 0)
			return err_set(err, "node ids start at 1");
		for (size_t j = 0; j < i; j++)
			if (config->nodes[i] == config->nodes[j])
				return err_set(err, "node %u is listed twice",
					       config->nodes[i]);
		has_self |= config->nodes[i] == config->self;
	}
	return has_self || err_set(err, "node %u is not among the nodes of its cluster",
				   config->self);
}

static bool
check_limits(const struct protocol_config *config, struct err *err)
{
	if (config->heartbeat_ms == 0 || config->election_ms <= config->heartbeat_ms)
		return err_set(err,
			       "the election timeout (%u ms) must be longer than the "
			       "heartbeat (%u ms), and that not 0",
			       config->election_ms, config->heartbeat_ms);
	if (config->append_in_flight_max == 0 ||
	    config->append_in_flight_max > RAFT_FLIGHT_MAX)
		return err_set(err, "appends in flight must be 1 to %d, not %u",
			       RAFT_FLIGHT_MAX, config->append_in_flight_max);
	if (config->append_bytes_max == 0 || config->snapshot_chunk_bytes == 0)
		return err_set(err, "messages of 0 bytes carry nothing");
	if (config->log_bytes_max < config->append_bytes_max)
		return err_set(err,
			       "the log (%u bytes at most) must hold the largest message "
			       "(%u bytes)",
			       config->log_bytes_max, config->append_bytes_max);
	return true;
}

static bool
check_disk(const struct protocol_disk *disk, struct err *err)
{
	uint64_t index = disk->snapshot_index, term = disk->snapshot_term;

	for (size_t i = 0; i < disk->entry_count; i++) {
		const struct protocol_entry *entry = &disk->entries[i];
		if (entry->index != ++index)
			return err_set(
				err, "the log on disk has entry %llu where %llu belongs",
				(unsigned long long)entry->index,
				(unsigned long long)index);
		if (entry->term < term || entry->data.len > UINT32_MAX)
			return err_set(err, "entry %llu of the log on disk is damaged",
				       (unsigned long long)index);
		term = entry->term;
	}
	return term <= disk->term ||
	       err_set(err, "the log on disk is of term %llu, but its node only of %llu",
		       (unsigned long long)term, (unsigned long long)disk->term);
}

static void
load(struct raft *raft, const struct protocol_disk *disk)
{
	raft->term = disk->term;
	raft->vote = disk->vote;
	raft->log.base = disk->snapshot_index;
	raft->log.base_term = disk->snapshot_term;
	if (disk->snapshot_index > 0)
		raft->snapshot = raft_snapshot_new(
			disk->snapshot_index, disk->snapshot_term,
			mem_bytes(disk->snapshot.data, disk->snapshot.len),
			disk->snapshot.len);
	for (size_t i = 0; i < disk->entry_count; i++)
		raft_log_append(&raft->log, &disk->entries[i]);
	raft->commit = raft->applied = disk->snapshot_index;
	raft->persisted = raft_log_last(&raft->log);
}

struct protocol *
raft_open(const struct protocol_config *config, const struct protocol_disk *disk,
	  struct err *err)
{
	if (!check_nodes(config, err) || !check_limits(config, err) ||
	    !check_disk(disk, err))
		return NULL;
	struct raft *raft = mem_new(1, sizeof(*raft));
	raft->config = *config;
	raft->role = RAFT_FOLLOWER;
	raft->quorum = config->node_count / 2 + 1;
	rng_init(&raft->rng, config->seed);
	raft->question_next = rng_next(&raft->rng) | 1;
	for (size_t i = 0; i < config->node_count; i++)
		raft->peers[i].id = config->nodes[i];
	raft->self = raft_peer(raft, config->self);
	load(raft, disk);
	return (struct protocol *)raft;
}

void
raft_close(struct protocol *p)
{
	struct raft *raft = (struct raft *)p;
	struct protocol_effects last = {0};

	for (size_t i = 0; i < raft->config.node_count; i++)
		raft_snapshot_free(raft->peers[i].snapshot, &last);
	raft_snapshot_free(raft->snapshot, &last);
	effects_release(&last);
	raft_log_release(&raft->log);
	vec_release(&raft->proposals);
	vec_release(&raft->reads);
	vec_release(&raft->questions);
	buf_release(&raft->incoming.data);
	free(raft);
}

static void
check_log(const struct raft *raft)
{
	uint64_t term = raft->log.base_term, bytes = 0;

	for (uint64_t i = raft->log.base + 1; i <= raft_log_last(&raft->log); i++) {
		const struct raft_entry *entry = raft_log_at(&raft->log, i);
		ASSERT(entry->term >= term && entry->term <= raft->term);
		term = entry->term;
		bytes += entry->bytes + RAFT_ENTRY_OVERHEAD;
	}
	ASSERT(bytes == raft->log.bytes);
}

static void
check_indexes(const struct raft *raft)
{
	uint64_t last = raft_log_last(&raft->log);

	ASSERT(raft->log.base <= raft->applied);
	ASSERT(raft->applied <= raft->commit);
	ASSERT(raft->commit <= last && raft->persisted <= last);
	if (raft->log.base > 0)
		ASSERT(raft->snapshot != NULL && raft->snapshot->index >= raft->log.base);
	if (raft->snapshot != NULL)
		ASSERT(raft->snapshot->index <= raft->applied);
}

static void
check_peer(const struct raft *raft, const struct raft_peer *peer)
{
	if (peer == raft->self)
		return;
	ASSERT(peer->next > peer->match && peer->match <= raft_log_last(&raft->log));
	ASSERT(peer->next <= raft_log_last(&raft->log) + 1);
	ASSERT(peer->flight_count <= raft->config.append_in_flight_max);
	ASSERT((peer->progress == RAFT_SENDING_SNAPSHOT) == (peer->snapshot != NULL));
	ASSERT(peer->round <= raft->round);
	if (peer->snapshot != NULL)
		ASSERT(peer->offset <= peer->snapshot->bytes);
}

static void
check_leader(const struct raft *raft)
{
	ASSERT(raft->leader == raft->config.self);
	ASSERT(raft->vote == raft->config.self);
	ASSERT(raft->self->match <= raft->persisted);
	for (size_t i = 0; i < raft->config.node_count; i++)
		check_peer(raft, &raft->peers[i]);
}

void
raft_check(const struct protocol *p)
{
	const struct raft *raft = (const struct raft *)p;

	check_log(raft);
	check_indexes(raft);
	ASSERT(raft->proposals.count - raft->proposal_head <= RAFT_PROPOSALS_MAX);
	ASSERT(raft->reads.count <= RAFT_READS_MAX);
	ASSERT(raft->questions.count <= RAFT_QUESTIONS_MAX);
	ASSERT(raft->incoming.data.len <= raft->incoming.total);
	if (raft->role == RAFT_LEADER)
		check_leader(raft);
	if (raft->role == RAFT_CANDIDATE)
		ASSERT(raft->vote == raft->config.self && raft->leader == 0);
}
