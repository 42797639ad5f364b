/* disk.h - all that a node keeps on disk: log, snapshot, and the lock of its folder.
 *
 * A failed write is final: what is durable is then unknown, so the caller says the error
 * and ends the process without acknowledging anything. */
#ifndef REFERENCE_NODE_DISK_H
#define REFERENCE_NODE_DISK_H

#include "reference/node/snapshot.h"
#include "reference/node/wal.h"

struct disk {
	char *folder; /* owned */
	int lock_fd;
	struct wal *wal;
	uint64_t snapshot_index, snapshot_term;
	uint64_t snapshots; /* saved since start */
};

/* What was found at start, in the form that a protocol opens with. */
struct disk_contents {
	struct wal_contents log;
	struct snapshot snapshot;
	struct protocol_disk protocol; /* points into the two above */
};
void disk_contents_release(struct disk_contents *contents);

/* Opens the folder (made when missing); refused when another process has it. `options`
 * names the folder and the node. */
bool disk_open(struct disk *disk, const struct wal_options *options,
	       struct disk_contents *contents, struct err *err);
void disk_close(struct disk *disk);

/* Persists what the effects ask for with one sync of the log. */
bool disk_persist(struct disk *disk, const struct protocol_effects *effects,
		  struct err *err);

/* Keeps a snapshot of the service as of an applied index. The log is not touched: the
 * protocol first hears of the snapshot. */
bool disk_save_snapshot(struct disk *disk, uint64_t index, uint64_t term,
			struct bytes state, struct err *err);

#endif
