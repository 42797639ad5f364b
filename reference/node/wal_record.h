/* wal_record.h - one record of the log on disk, as bytes.
 *
 *	offset	bytes
 *	0	4	magic "FLWR"
 *	4	4	bytes of the payload
 *	8	8	XXH3 of the payload, seeded by segment, offset, batch and length
 *	16	8	batch: offset in the segment where the write of this record began
 *	24	n	payload: kind (1 byte), then the fields of the kind, little-endian
 *	24+n		zeros up to a multiple of 8
 *
 * Everything below `batch` was synced before this record was written. So when bytes at
 * some offset are bad and a good record stands behind them, the batch of that record tells
 * a torn write (bad bytes within the last, unsynced batch) from damage (bad bytes before
 * it). The seed keeps a record from counting at any other place than its own. */
#ifndef REFERENCE_NODE_WAL_RECORD_H
#define REFERENCE_NODE_WAL_RECORD_H

#include "reference/protocol/protocol.h"

enum wal_kind {
	WAL_SEGMENT = 1, /* first of each segment: index is the segment's number, origin
			    the node whose log it is */
	WAL_HARD_STATE,	 /* term; origin is the vote */
	WAL_ENTRY,	 /* all fields */
	WAL_TRUNCATE,	 /* the entries from index on are gone */
	WAL_RESET,	 /* all entries are gone; the log goes on behind index, term */
};

enum {
	WAL_ALIGN = 8,
	WAL_HEADER_BYTES = 24,
	WAL_PAYLOAD_BYTES_MAX = 64 << 20,
};

struct wal_record {
	enum wal_kind kind;
	struct protocol_entry entry; /* the fields that the kind uses, the others 0 */
};

/* Where a record stands. */
struct wal_place {
	uint64_t segment, offset, batch;
};

void wal_record_encode(const struct wal_record *record, const struct wal_place *place,
		       struct buf *out);

/* Decodes the record at `offset` of a segment's bytes. On success *batch is its batch,
 * *next the offset behind it, and entry.data points into the bytes. */
bool wal_record_decode(struct bytes segment_bytes, uint64_t segment, uint64_t offset,
		       struct wal_record *record, uint64_t *batch, uint64_t *next);

#endif
