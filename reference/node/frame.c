#include "reference/node/frame.h"

#include "base/assert.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static const uint64_t greeting_magic = UINT64_C(0x31656e696c746c66); /* "fltline1" */

void
frame_encode(struct bytes payload, struct buf *out)
{
	ASSERT(payload.len <= FRAME_BYTES_MAX);
	buf_u32(out, (uint32_t)payload.len);
	buf_u64(out, XXH3_64bits(payload.data, payload.len));
	buf_append(out, payload.data, payload.len);
}

enum frame_outcome
frame_decode(struct bytes *in, struct bytes *payload)
{
	struct bytes rest = *in;
	uint32_t length;
	uint64_t sum;

	if (!bytes_u32(&rest, &length))
		return FRAME_MORE;
	if (length > FRAME_BYTES_MAX)
		return FRAME_BAD;
	if (!bytes_u64(&rest, &sum) || !bytes_take(&rest, length, payload))
		return FRAME_MORE;
	if (XXH3_64bits(payload->data, payload->len) != sum)
		return FRAME_BAD;
	*in = rest;
	return FRAME_DONE;
}

void
frame_greeting_encode(const struct frame_greeting *greeting, struct buf *payload)
{
	buf_u64(payload, greeting_magic);
	buf_u32(payload, greeting->from);
	buf_u32(payload, greeting->to);
	buf_u64(payload, greeting->cluster);
}

bool
frame_greeting_decode(struct bytes payload, struct frame_greeting *greeting)
{
	uint64_t magic;

	return bytes_u64(&payload, &magic) && magic == greeting_magic &&
	       bytes_u32(&payload, &greeting->from) &&
	       bytes_u32(&payload, &greeting->to) &&
	       bytes_u64(&payload, &greeting->cluster) && payload.len == 0;
}

uint64_t
frame_cluster(const struct config *config)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < config->peer_count; i++) {
		const struct config_address *address = &config->peers[i].address;
		uint64_t seed = ((uint64_t)config->peers[i].id << 16) + address->port;
		sum += XXH3_64bits_withSeed(address->host, strlen(address->host), seed);
	}
	return sum;
}
