/* sim_disk.h - the disk of one simulated node.
 *
 * Writes are pending until a sync; a crash keeps some prefix of them, as a log file that
 * is written front to back does. */
#ifndef REFERENCE_SIM_SIM_DISK_H
#define REFERENCE_SIM_SIM_DISK_H

#include "base/rng.h"
#include "reference/protocol/protocol.h"

struct sim_disk_entry {
	uint64_t term, tag;
	node_id origin;
	char *data; /* owned */
	size_t bytes;
};

enum sim_write_kind {
	SIM_WRITE_HARD_STATE = 1,
	SIM_WRITE_SNAPSHOT, /* `replaces`: the whole log goes; else the log up to it */
	SIM_WRITE_TRUNCATE,
	SIM_WRITE_APPEND,
};

struct sim_write {
	enum sim_write_kind kind;
	bool replaces;
	uint64_t index, term;
	node_id vote;
	struct sim_disk_entry entry; /* of an append; data and bytes also of a snapshot */
};

struct sim_disk {
	uint64_t term;
	node_id vote;
	uint64_t snapshot_index, snapshot_term;
	struct buf snapshot;
	VEC(struct sim_disk_entry) entries; /* from snapshot_index + 1 on */
	VEC(struct sim_write) pending;
};

void sim_disk_release(struct sim_disk *disk);

/* Puts everything that the effects want persisted among the pending writes. */
void sim_disk_write(struct sim_disk *disk, const struct protocol_effects *effects);

/* A snapshot of the node's own, for compaction. */
void sim_disk_compact(struct sim_disk *disk, uint64_t index, uint64_t term,
		      struct bytes snapshot);

/* Makes all pending writes durable. */
void sim_disk_sync(struct sim_disk *disk);

/* Keeps a random prefix of the pending writes; returns how many were dropped. */
size_t sim_disk_crash(struct sim_disk *disk, struct rng *rng);

/* What a node finds at start. `entries` is filled; both are borrowed from the disk. */
struct sim_disk_view {
	struct protocol_disk disk;
	VEC(struct protocol_entry) entries;
};
void sim_disk_read(const struct sim_disk *disk, struct sim_disk_view *view);
void sim_disk_view_release(struct sim_disk_view *view);

#endif
