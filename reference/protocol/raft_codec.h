/* raft_codec.h - Raft's messages as bytes.
 *
 *	u32 checksum of all that follows
 *	u8  version	u8 kind		u64 term
 *	u64 for each field that the kind has, in the order of enum raft_field
 *	u32 length, bytes	for kinds with data
 *
 * The data of an append is a run of entries: u64 term, u32 origin, u64 tag, u32 length,
 * bytes. Decoding refuses whatever could not have been encoded: wrong checksum, version,
 * kind or length, terms that go back, numbers out of range. What it accepts can be
 * iterated without checks. */
#ifndef REFERENCE_PROTOCOL_RAFT_CODEC_H
#define REFERENCE_PROTOCOL_RAFT_CODEC_H

#include "reference/protocol/protocol.h"

enum raft_message_kind {
	RAFT_PRE_VOTE = 1, /* would you vote for me in `term`? index, log_term: my last */
	RAFT_PRE_VOTE_ANSWER, /* term: the voter's; index: the term asked for; success */
	RAFT_VOTE,	      /* vote for me in `term`; index, log_term: my last entry */
	RAFT_VOTE_ANSWER,     /* success */
	RAFT_APPEND, /* index, log_term: the entry before; commit; round; entries */
	RAFT_APPEND_ANSWER, /* success: index matches; else index is the refused one and
			       hint, log_term where we may agree; round */
	RAFT_SNAPSHOT, /* index, log_term: last included; offset, total; round; data */
	RAFT_SNAPSHOT_ANSWER, /* index; offset: wanted next; success: installed; round */
	RAFT_FORWARD,	      /* tag; data: a command for the leader's log */
	RAFT_FORWARD_REFUSED, /* tag */
	RAFT_READ,	      /* tag: the asker's number of the question */
	RAFT_READ_ANSWER,     /* tag, index: everything up to it must be applied */
	RAFT_KIND_COUNT,
};

enum raft_field {
	RAFT_FIELD_INDEX,
	RAFT_FIELD_LOG_TERM,
	RAFT_FIELD_COMMIT,
	RAFT_FIELD_ROUND,
	RAFT_FIELD_HINT,
	RAFT_FIELD_OFFSET,
	RAFT_FIELD_TOTAL,
	RAFT_FIELD_TAG,
	RAFT_FIELD_SUCCESS, /* 0 or 1 */
	RAFT_FIELD_COUNT,
};

struct raft_message {
	enum raft_message_kind kind;
	uint64_t term;
	uint64_t field[RAFT_FIELD_COUNT];
	struct bytes data;  /* borrowed */
	size_t entry_count; /* of an append, set by decoding */
};

#define RAFT_COUNT_MAX ((uint64_t)1 << 60) /* of terms, indexes, offsets */

/* What the largest message adds to its data, and an entry to its payload. */
enum {
	RAFT_MESSAGE_OVERHEAD = 96,
	RAFT_ENTRY_HEADER = 24
};

/* Appends a message in three steps: its head and data so far, then entries one by one,
 * then the end, which fills in length and checksum. `start` is where it began. */
size_t raft_encode_begin(struct buf *out, const struct raft_message *message);
void raft_encode_entry(struct buf *out, const struct protocol_entry *entry);
void raft_encode_end(struct buf *out, size_t start, const struct raft_message *message);

/* False when the bytes are no message; `message->data` then means nothing. */
bool raft_decode(struct bytes bytes, struct raft_message *message);

/* Takes the next entry off the data of a decoded append; its index is the caller's to
 * set. */
void raft_decode_entry(struct bytes *data, struct protocol_entry *entry);

#endif
