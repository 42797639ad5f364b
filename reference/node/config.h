/* config.h - the settings of one node, from a file and from flags.
 *
 * The file has a setting a line, `name = value`, '#' begins a comment; a flag is the same
 * with two dashes, `--name value` or `--name=value`, and wins over the file. Anything
 * unknown or out of range is refused with file and line. */
#ifndef REFERENCE_NODE_CONFIG_H
#define REFERENCE_NODE_CONFIG_H

#include "reference/protocol/protocol.h"
#include "reference/service/service.h"

struct config_address {
	char host[128]; /* a name or a numeric address, without brackets */
	uint16_t port;
};

struct config_peer {
	node_id id;
	struct config_address address; /* where that node listens for the other nodes */
};

struct config {
	int64_t id;
	struct config_address listen;		      /* for clients */
	struct config_peer peers[PROTOCOL_NODES_MAX]; /* all nodes, this one included */
	size_t peer_count;
	char data[512]; /* folder */
	int64_t election_ms, heartbeat_ms, request_ms;
	int64_t snapshot_every; /* applied entries between snapshots */
	int64_t log_bytes_max, clients_max;
	const struct protocol_kind *protocol;
	const struct service_kind *service;
	uint64_t bugs; /* of protocol_config */
};

void config_init(struct config *config);

/* Sets one setting by name; the error does not say where it stood. */
bool config_set(struct config *config, const char *name, const char *value,
		struct err *err);

bool config_read(struct config *config, const char *path, struct err *err);

/* Reads the flags, the file of --config first, and checks that the whole makes sense.
 * --help and --version are the caller's. */
bool config_parse(struct config *config, int argc, char **argv, struct err *err);

/* The entry of this node among the peers. */
const struct config_peer *config_self(const struct config *config);

/* The help text of all settings. */
void config_help(struct buf *out);

#endif
