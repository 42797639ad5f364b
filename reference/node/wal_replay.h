/* wal_replay.h - reading the segments of a log back. Private to wal.c and its tests. */
#ifndef REFERENCE_NODE_WAL_REPLAY_H
#define REFERENCE_NODE_WAL_REPLAY_H

#include "reference/node/wal.h"

/* Where one segment stands in the replay. */
struct wal_segment {
	uint64_t number;
	uint64_t index_max; /* greatest index of an entry in it; 0: none */
};

/* Replays one segment onto the contents. `last`: no segment follows, so that its end may
 * be torn; then *bytes_good is where the good records end. False: damaged, or another
 * node's. */
bool wal_replay(struct wal_contents *contents, struct wal_segment *segment, node_id node,
		struct bytes bytes, const char *path, bool last, uint64_t *bytes_good,
		struct err *err);

#endif
