/* The stamp of a command: as bytes of a log entry, and as words of ONCE. */
#include "reference/service/session.h"

#include "base/assert.h"
#include "reference/service/resp.h"

#include <string.h>

enum {
	ENTRY_VERSION = 1
};

void
session_entry_encode(const struct session_stamp *stamp, const struct bytes *argv,
		     size_t argc, struct buf *out)
{
	ASSERT(stamp->client.len <= SESSION_CLIENT_BYTES_MAX && argc <= RESP_ARGS_MAX);
	buf_u8(out, ENTRY_VERSION);
	buf_u64(out, stamp->birth);
	buf_u64(out, stamp->sequence);
	buf_u8(out, (uint8_t)stamp->client.len);
	buf_append(out, stamp->client.data, stamp->client.len);
	buf_u32(out, (uint32_t)argc);
	for (size_t i = 0; i < argc; i++) {
		buf_u32(out, (uint32_t)argv[i].len);
		buf_append(out, argv[i].data, argv[i].len);
	}
}

static bool
decode_stamp(struct bytes *in, struct session_stamp *stamp)
{
	uint8_t version, length;

	return bytes_u8(in, &version) && version == ENTRY_VERSION &&
	       bytes_u64(in, &stamp->birth) && bytes_u64(in, &stamp->sequence) &&
	       bytes_u8(in, &length) && length <= SESSION_CLIENT_BYTES_MAX &&
	       bytes_take(in, length, &stamp->client);
}

bool
session_entry_decode(struct bytes entry, struct session_stamp *stamp, struct bytes *argv,
		     size_t *argc)
{
	uint32_t count, length;

	if (!decode_stamp(&entry, stamp) || !bytes_u32(&entry, &count) ||
	    count > RESP_ARGS_MAX)
		return false;
	*argc = count;
	for (uint32_t i = 0; i < count; i++)
		if (!bytes_u32(&entry, &length) || !bytes_take(&entry, length, &argv[i]))
			return false;
	return entry.len == 0;
}

bool
session_once_parse(const struct bytes *argv, size_t argc, struct session_stamp *stamp,
		   struct err *err)
{
	int64_t birth, sequence;

	if (argc < 4)
		return err_set(err, "wrong number of arguments for 'ONCE' command");
	const char *colon = memchr(argv[1].data, ':', argv[1].len);
	struct bytes number = {argv[1].data, colon ? (size_t)(colon - argv[1].data) : 0};
	if (argv[1].len > SESSION_CLIENT_BYTES_MAX || !resp_number(number, &birth) ||
	    birth < 0)
		return err_set(err,
			       "a client is BIRTH:NAME as SESSION gives it, of at most "
			       "%d bytes",
			       SESSION_CLIENT_BYTES_MAX);
	if (!resp_number(argv[2], &sequence) || sequence < 1)
		return err_set(err, "a sequence number is a positive integer");
	*stamp = (struct session_stamp){.client = argv[1],
					.birth = (uint64_t)birth,
					.sequence = (uint64_t)sequence};
	return true;
}
