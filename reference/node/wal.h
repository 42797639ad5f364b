/* wal.h - the log of one node on disk: hard state and entries, in segments.
 *
 * Segments are files `wal-NUMBER`, numbered without gaps, only ever appended to, and each
 * begins with the node and the hard state, so that the oldest ones can be removed.
 * Records gather in memory until wal_sync writes them with one write and one fdatasync.
 *
 * At start the records are replayed in order. What a crash left half written at the very
 * end is cut off and said in the log; damage anywhere else is refused with file and
 * offset (wal_record.h says how the two are told apart). One thread. */
#ifndef REFERENCE_NODE_WAL_H
#define REFERENCE_NODE_WAL_H

#include "reference/node/wal_record.h"

struct wal;

/* What the log holds at start. */
struct wal_contents {
	uint64_t term;
	node_id vote;
	VEC(struct protocol_entry)
	entries;		  /* ascending by one; data owned by `segments` */
	VEC(struct buf) segments; /* the bytes that were read */
};
void wal_contents_release(struct wal_contents *contents);

struct wal_options {
	const char *folder;
	node_id node;
	uint64_t segment_bytes; /* a new segment begins after so many; 0: 8 MiB */
	bool unsynced;		/* the planted bug unsynced-log: records stay in memory */
};

struct wal *wal_open(const struct wal_options *options, struct wal_contents *contents,
		     struct err *err);
void wal_close(struct wal *wal); /* what was not synced is dropped */

/* Adds records to what the next sync writes. */
void wal_hard_state(struct wal *wal, uint64_t term, node_id vote);
void wal_truncate(struct wal *wal, uint64_t from);
void wal_append(struct wal *wal, const struct protocol_entry *entry);
void wal_reset(struct wal *wal, uint64_t index, uint64_t term);

/* Makes all records durable. After a failure nothing may be acknowledged any more: the
 * caller ends the process. */
bool wal_sync(struct wal *wal, struct err *err);

/* Removes the segments that hold only entries up to `index`. */
bool wal_compact(struct wal *wal, uint64_t index, struct err *err);

size_t wal_segment_count(const struct wal *wal);
uint64_t wal_syncs(const struct wal *wal);

#endif
