/* raft_log.h - the entries of one replica's log in memory, and its newest snapshot.
 *
 * Entries are indexed from base + 1 without gaps in a ring; `base` is the entry before
 * the first, whose term is kept for the log matching check. Payloads that leave the log
 * are handed to effects->retired, because effects of the same step may still point at
 * them. The caller bounds the size (config.log_bytes_max). */
#ifndef REFERENCE_PROTOCOL_RAFT_LOG_H
#define REFERENCE_PROTOCOL_RAFT_LOG_H

#include "reference/protocol/protocol.h"

/* What an entry costs beyond its payload, for the bound on the log. */
enum {
	RAFT_ENTRY_OVERHEAD = 64
};

struct raft_entry {
	uint64_t term, tag;
	node_id origin;
	uint32_t bytes;
	char *data; /* owned; NULL when empty */
};

struct raft_log {
	uint64_t base, base_term;
	struct raft_entry *ring; /* owned; capacity is 0 or a power of two */
	size_t head, count, capacity;
	uint64_t bytes; /* payloads and overhead */
};

void raft_log_release(struct raft_log *log);

uint64_t raft_log_last(const struct raft_log *log);
uint64_t raft_log_last_term(const struct raft_log *log);

/* True when the log knows the entry's term: base <= index <= last. */
bool raft_log_term(const struct raft_log *log, uint64_t index, uint64_t *term);

/* The entry with base < index <= last. */
const struct raft_entry *raft_log_at(const struct raft_log *log, uint64_t index);

/* The same as the caller of the protocol sees it; borrowed from the log. */
struct protocol_entry raft_log_view(const struct raft_log *log, uint64_t index);

/* Adds a copy at index last + 1. */
void raft_log_append(struct raft_log *log, const struct protocol_entry *entry);

/* Removes the entries from `index` on; base < index. */
void raft_log_truncate(struct raft_log *log, uint64_t index,
		       struct protocol_effects *out);

/* Removes the entries up to and including `index` <= last. */
void raft_log_compact(struct raft_log *log, uint64_t index, struct protocol_effects *out);

/* Removes everything; the next entry is index + 1. */
void raft_log_reset(struct raft_log *log, uint64_t index, uint64_t term,
		    struct protocol_effects *out);

/* The largest index <= `index` whose term is <= `term`, not below base: where a leader
 * and a follower may agree (skips whole terms of conflicts at once). */
uint64_t raft_log_agree(const struct raft_log *log, uint64_t index, uint64_t term);

/* A snapshot, shared by the replica and the transfers that are under way. */
struct raft_snapshot {
	unsigned references;
	uint64_t index, term;
	size_t bytes;
	char *data; /* owned */
};

/* A snapshot with one reference that takes over `data`. */
struct raft_snapshot *raft_snapshot_new(uint64_t index, uint64_t term, char *data,
					size_t bytes);
struct raft_snapshot *raft_snapshot_share(struct raft_snapshot *snapshot);

/* Gives back one reference (of NULL too); the last one retires the memory. */
void raft_snapshot_free(struct raft_snapshot *snapshot, struct protocol_effects *out);

#endif
