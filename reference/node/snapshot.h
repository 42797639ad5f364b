/* snapshot.h - the newest snapshot of a node as a file `snapshot-INDEX`.
 *
 *	"flsnap1\n", index, term, length (8 bytes each), XXH3 of what stands before and of
 *	the state, the state
 *
 * Written to a temporary name, synced, renamed, the folder synced; only then the one
 * before is removed. So after a crash there is always a whole one. */
#ifndef REFERENCE_NODE_SNAPSHOT_H
#define REFERENCE_NODE_SNAPSHOT_H

#include "base/buf.h"
#include "base/err.h"

struct snapshot {
	uint64_t index, term; /* 0: there is none */
	struct buf state;     /* owned */
};

/* Reads the newest; none is fine. Refuses a damaged one by name. Removes leftovers. */
bool snapshot_load(const char *folder, struct snapshot *snapshot, struct err *err);

bool snapshot_save(const char *folder, uint64_t index, uint64_t term, struct bytes state,
		   struct err *err);

#endif
