/* What reaches faultline-node: clients' requests, messages of other nodes, files. Checksums
 * are made right first: behind them is what must be found. */
#include "tests/hostile/hostile.h"

#include "base/assert.h"
#include "reference/node/config.h"
#include "reference/node/frame.h"
#include "reference/node/wal_record.h"
#include "reference/protocol/raft_codec.h"
#include "reference/service/resp.h"
#include "reference/service/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

void hostile_resp(const char *argument, struct bytes input);
void hostile_raft(const char *argument, struct bytes input);
void hostile_node(const char *argument, struct bytes input);

/* Runs a request as the log would, under a client's stamp, or as it stands. */
static void
run_request(struct sessions *sessions, uint64_t index, const struct bytes *argv,
	    size_t argc)
{
	struct session_stamp stamp = {.client = {"c", 1}, .birth = 1, .sequence = index};
	struct buf entry = {0}, reply = {0};
	struct err err;

	if (argc > 3 && resp_word_is(argv[0], "ONCE") &&
	    session_once_parse(argv, argc, &stamp, &err))
		argv += 3, argc -= 3;
	if (service_kv.classify(argv, argc) == COMMAND_WRITE) {
		session_entry_encode(&stamp, argv, argc, &entry);
		sessions_apply(sessions, index, buf_bytes(&entry), &reply);
	} else {
		sessions_read(sessions, argv, argc, &reply);
	}
	ASSERT(reply.len >= 3 && memcmp(reply.data + reply.len - 2, "\r\n", 2) == 0);
	buf_release(&entry);
	buf_release(&reply);
}

/* Snapshots come back, and so does the hash. */
static void
snapshot_and_restore(const struct sessions *sessions)
{
	struct sessions *copy = sessions_open(&service_kv, false);
	struct buf snapshot = {0};
	struct err err;

	sessions_snapshot(sessions, &snapshot);
	ASSERT(sessions_restore(copy, buf_bytes(&snapshot), &err));
	ASSERT(sessions_hash(copy) == sessions_hash(sessions));
	buf_release(&snapshot);
	sessions_close(copy);
}

void
hostile_resp(const char *argument, struct bytes input)
{
	static struct bytes argv[RESP_ARGS_MAX];
	struct sessions *sessions = sessions_open(&service_kv, false);
	uint64_t index = 1;
	size_t argc;
	struct err err;

	(void)argument;
	while (resp_parse(&input, argv, &argc, &err) == RESP_DONE)
		if (argc > 0)
			run_request(sessions, ++index, argv, argc);
	snapshot_and_restore(sessions);
	sessions_close(sessions);
}

/* ---- messages ------------------------------------------------------------------------------ */

void
hostile_raft(const char *argument, struct bytes input)
{
	struct buf bytes = {0}, again = {0};
	struct raft_message message;
	struct protocol_entry entry = {0};
	uint32_t sum = (uint32_t)XXH3_64bits(input.data, input.len);

	(void)argument;
	buf_u32(&bytes, sum);
	buf_append(&bytes, input.data, input.len);
	if (raft_decode(buf_bytes(&bytes), &message)) {
		raft_encode_end(&again, raft_encode_begin(&again, &message), &message);
		ASSERT(again.len == bytes.len &&
		       memcmp(again.data, bytes.data, bytes.len) == 0);
		for (size_t i = 0; i < message.entry_count; i++)
			raft_decode_entry(&message.data, &entry);
		ASSERT(message.entry_count == 0 || message.data.len == 0);
	}
	buf_release(&bytes);
	buf_release(&again);
}

/* ---- frames, log records, snapshots, settings ---------------------------------------------- */

static void
read_frames(struct bytes input)
{
	struct buf framed = {0};
	struct frame_greeting greeting;
	struct bytes payload;

	frame_encode(input, &framed);
	struct bytes in = buf_bytes(&framed);
	ASSERT(frame_decode(&in, &payload) == FRAME_DONE && payload.len == input.len);
	frame_greeting_decode(payload, &greeting);
	while (frame_decode(&input, &payload) == FRAME_DONE)
		frame_greeting_decode(payload, &greeting);
	buf_release(&framed);
}

static void
read_log_record(struct bytes input)
{
	struct wal_record record;
	uint64_t batch, next;

	if (wal_record_decode(input, 1, 0, &record, &batch, &next))
		ASSERT(next <= input.len && next > 0);
}

static void
restore(struct bytes input)
{
	struct sessions *sessions = sessions_open(&service_kv, false);
	struct err err = {0};

	if (!sessions_restore(sessions, input, &err))
		ASSERT(err.text[0] != '\0');
	snapshot_and_restore(sessions);
	sessions_close(sessions);
}

static void
read_config(struct bytes input)
{
	static struct config config;
	char path[64];
	struct err err = {0};
	int fd = hostile_file(input, path, sizeof(path));

	config_init(&config);
	ASSERT(config_read(&config, path, &err) || err.text[0] != '\0');
	ASSERT(config.peer_count <= PROTOCOL_NODES_MAX);
	close(fd);
}

/* The first byte says which of them. */
void
hostile_node(const char *argument, struct bytes input)
{
	static void (*const readers[])(struct bytes) = {read_frames, read_log_record,
							restore, read_config};
	uint8_t which = hostile_byte(&input);

	(void)argument;
	readers[which % 4](input);
}
