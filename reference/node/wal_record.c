#include "reference/node/wal_record.h"

#include "base/assert.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static const uint32_t magic = 0x52574c46; /* "FLWR" */

static uint64_t
checksum(struct bytes payload, const struct wal_place *place)
{
	uint64_t words[4] = {place->segment, place->offset, place->batch, payload.len};
	uint64_t seed = XXH3_64bits(words, sizeof(words));

	return XXH3_64bits_withSeed(payload.data, payload.len, seed);
}

static void
encode_payload(const struct wal_record *record, struct buf *out)
{
	const struct protocol_entry *entry = &record->entry;

	buf_u8(out, (uint8_t)record->kind);
	buf_u64(out, entry->index);
	buf_u64(out, entry->term);
	buf_u32(out, entry->origin);
	buf_u64(out, entry->tag);
	buf_append(out, entry->data.data, entry->data.len);
}

static bool
decode_payload(struct bytes in, struct wal_record *record)
{
	uint8_t kind;
	struct protocol_entry *entry = &record->entry;

	if (!bytes_u8(&in, &kind) || kind < WAL_SEGMENT || kind > WAL_RESET ||
	    !bytes_u64(&in, &entry->index) || !bytes_u64(&in, &entry->term) ||
	    !bytes_u32(&in, &entry->origin) || !bytes_u64(&in, &entry->tag))
		return false;
	record->kind = (enum wal_kind)kind;
	entry->data = in;
	return true;
}

static void
store_little_endian(char *at, uint64_t n, size_t width)
{
	for (size_t i = 0; i < width; i++)
		at[i] = (char)(n >> (8 * i));
}

void
wal_record_encode(const struct wal_record *record, const struct wal_place *place,
		  struct buf *out)
{
	static const char zeros[WAL_HEADER_BYTES] = {0};
	size_t start = out->len;

	buf_append(out, zeros, WAL_HEADER_BYTES);
	encode_payload(record, out);
	struct bytes payload = {out->data + start + WAL_HEADER_BYTES,
				out->len - start - WAL_HEADER_BYTES};
	ASSERT(payload.len <= WAL_PAYLOAD_BYTES_MAX);
	store_little_endian(out->data + start, magic, 4);
	store_little_endian(out->data + start + 4, payload.len, 4);
	store_little_endian(out->data + start + 8, checksum(payload, place), 8);
	store_little_endian(out->data + start + 16, place->batch, 8);
	buf_append(out, zeros, (WAL_ALIGN - payload.len % WAL_ALIGN) % WAL_ALIGN);
}

bool
wal_record_decode(struct bytes segment_bytes, uint64_t segment, uint64_t offset,
		  struct wal_record *record, uint64_t *batch, uint64_t *next)
{
	struct bytes in, payload;
	uint32_t found_magic, length;
	uint64_t sum;

	if (offset > segment_bytes.len)
		return false;
	in = (struct bytes){segment_bytes.data + offset, segment_bytes.len - offset};
	if (!bytes_u32(&in, &found_magic) || found_magic != magic ||
	    !bytes_u32(&in, &length) || length > WAL_PAYLOAD_BYTES_MAX ||
	    !bytes_u64(&in, &sum) || !bytes_u64(&in, batch) ||
	    !bytes_take(&in, length, &payload))
		return false;
	struct wal_place place = {.segment = segment, .offset = offset, .batch = *batch};
	if (sum != checksum(payload, &place) || !decode_payload(payload, record))
		return false;
	uint64_t padded = ((uint64_t)length + WAL_ALIGN - 1) / WAL_ALIGN * WAL_ALIGN;
	*next = offset + WAL_HEADER_BYTES + padded;
	return *next <= segment_bytes.len;
}
