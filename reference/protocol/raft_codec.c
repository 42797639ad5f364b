#include "reference/protocol/raft_codec.h"

#include "base/assert.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
	VERSION = 1,
	CHECKSUM_BYTES = 4
};

#define HAS(name) (1u << RAFT_FIELD_##name)
enum {
	HAS_DATA = 1u << RAFT_FIELD_COUNT
};

static const uint32_t fields_of[RAFT_KIND_COUNT] = {
	[RAFT_PRE_VOTE] = HAS(INDEX) | HAS(LOG_TERM),
	[RAFT_PRE_VOTE_ANSWER] = HAS(INDEX) | HAS(SUCCESS),
	[RAFT_VOTE] = HAS(INDEX) | HAS(LOG_TERM),
	[RAFT_VOTE_ANSWER] = HAS(SUCCESS),
	[RAFT_APPEND] = HAS(INDEX) | HAS(LOG_TERM) | HAS(COMMIT) | HAS(ROUND) | HAS_DATA,
	[RAFT_APPEND_ANSWER] =
		HAS(INDEX) | HAS(LOG_TERM) | HAS(ROUND) | HAS(HINT) | HAS(SUCCESS),
	[RAFT_SNAPSHOT] = HAS(INDEX) | HAS(LOG_TERM) | HAS(ROUND) | HAS(OFFSET) |
			  HAS(TOTAL) | HAS_DATA,
	[RAFT_SNAPSHOT_ANSWER] = HAS(INDEX) | HAS(ROUND) | HAS(OFFSET) | HAS(SUCCESS),
	[RAFT_FORWARD] = HAS(TAG) | HAS_DATA,
	[RAFT_FORWARD_REFUSED] = HAS(TAG),
	[RAFT_READ] = HAS(TAG),
	[RAFT_READ_ANSWER] = HAS(TAG) | HAS(INDEX),
};

static void
put_u32(char *at, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		at[i] = (char)(n >> 8 * i);
}

static uint32_t
checksum(const char *data, size_t bytes)
{
	return (uint32_t)XXH3_64bits(data, bytes);
}

/* Where the length of the data stands, from the start of the message. */
static size_t
length_offset(enum raft_message_kind kind)
{
	unsigned fields = fields_of[kind] & (HAS_DATA - 1);

	return CHECKSUM_BYTES + 2 + 8 + 8 * (size_t)__builtin_popcount(fields);
}

size_t
raft_encode_begin(struct buf *out, const struct raft_message *message)
{
	size_t start = out->len;

	buf_u32(out, 0);
	buf_u8(out, VERSION);
	buf_u8(out, (uint8_t)message->kind);
	buf_u64(out, message->term);
	for (int i = 0; i < RAFT_FIELD_COUNT; i++)
		if (fields_of[message->kind] >> i & 1)
			buf_u64(out, message->field[i]);
	ASSERT(out->len - start == length_offset(message->kind));
	if (fields_of[message->kind] & HAS_DATA) {
		buf_u32(out, 0);
		buf_append(out, message->data.data, message->data.len);
	}
	return start;
}

void
raft_encode_entry(struct buf *out, const struct protocol_entry *entry)
{
	buf_u64(out, entry->term);
	buf_u32(out, entry->origin);
	buf_u64(out, entry->tag);
	buf_u32(out, (uint32_t)entry->data.len);
	buf_append(out, entry->data.data, entry->data.len);
}

void
raft_encode_end(struct buf *out, size_t start, const struct raft_message *message)
{
	size_t length_at = start + length_offset(message->kind);

	if (fields_of[message->kind] & HAS_DATA)
		put_u32(out->data + length_at, (uint32_t)(out->len - length_at - 4));
	size_t body = start + CHECKSUM_BYTES;
	put_u32(out->data + start, checksum(out->data + body, out->len - body));
}

static bool
decode_head(struct bytes *bytes, struct raft_message *message)
{
	uint32_t sum;
	uint8_t version, kind;

	if (!bytes_u32(bytes, &sum) || sum != checksum(bytes->data, bytes->len))
		return false;
	if (!bytes_u8(bytes, &version) || version != VERSION || !bytes_u8(bytes, &kind))
		return false;
	if (kind == 0 || kind >= RAFT_KIND_COUNT || !bytes_u64(bytes, &message->term))
		return false;
	message->kind = (enum raft_message_kind)kind;
	return true;
}

static bool
decode_fields(struct bytes *bytes, struct raft_message *message)
{
	for (int i = 0; i < RAFT_FIELD_COUNT; i++)
		if (fields_of[message->kind] >> i & 1)
			if (!bytes_u64(bytes, &message->field[i]))
				return false;
	return message->field[RAFT_FIELD_SUCCESS] <= 1;
}

/* Terms and indexes count up from 1: nothing honest comes near the bound, and below it
 * sums cannot overflow. */
static bool
check_counts(const struct raft_message *message)
{
	static const enum raft_field counts[] = {
		RAFT_FIELD_INDEX, RAFT_FIELD_LOG_TERM, RAFT_FIELD_COMMIT,
		RAFT_FIELD_HINT,  RAFT_FIELD_OFFSET,   RAFT_FIELD_TOTAL,
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (message->field[counts[i]] > RAFT_COUNT_MAX)
			return false;
	return message->term <= RAFT_COUNT_MAX;
}

static bool
decode_data(struct bytes *bytes, struct raft_message *message)
{
	uint32_t length;

	if (!(fields_of[message->kind] & HAS_DATA))
		return bytes->len == 0;
	return bytes_u32(bytes, &length) && length == bytes->len &&
	       bytes_take(bytes, length, &message->data);
}

static bool
take_entry(struct bytes *data, struct protocol_entry *entry)
{
	uint32_t length;

	return bytes_u64(data, &entry->term) && bytes_u32(data, &entry->origin) &&
	       bytes_u64(data, &entry->tag) && bytes_u32(data, &length) &&
	       bytes_take(data, length, &entry->data);
}

/* Terms never go back along a log and never pass the leader's. */
static bool
check_entries(struct raft_message *message)
{
	uint64_t term = message->field[RAFT_FIELD_LOG_TERM];
	struct bytes data = message->data;
	struct protocol_entry entry = {0};

	if (term > message->term)
		return false;
	while (data.len > 0) {
		if (!take_entry(&data, &entry) || entry.term < term ||
		    entry.term > message->term)
			return false;
		term = entry.term;
		message->entry_count++;
	}
	return true;
}

bool
raft_decode(struct bytes bytes, struct raft_message *message)
{
	*message = (struct raft_message){0};
	if (!decode_head(&bytes, message) || !decode_fields(&bytes, message) ||
	    !check_counts(message) || !decode_data(&bytes, message))
		return false;
	return message->kind != RAFT_APPEND || check_entries(message);
}

void
raft_decode_entry(struct bytes *data, struct protocol_entry *entry)
{
	bool taken = take_entry(data, entry);

	ASSERT(taken);
}
