#include "reference/node/node_private.h"

#include <inttypes.h>
#include <unistd.h>

static void
add_number(struct buf *text, const char *name, uint64_t number)
{
	buf_printf(text, "%s:%" PRIu64 "\r\n", name, number);
}

static void
add_protocol(const struct node *node, struct buf *text)
{
	struct protocol_status status;

	node->config->protocol->status(node->protocol, &status);
	buf_printf(text, "# Replication\r\nprotocol:%s\r\nrole:%s\r\n",
		   node->config->protocol->name, status.role);
	add_number(text, "leader", status.leader);
	add_number(text, "term", status.term);
	add_number(text, "commit", status.commit);
	add_number(text, "applied", node->applied);
	add_number(text, "log_first", status.first);
	add_number(text, "log_last", status.last);
}

static void
add_disk(const struct node *node, struct buf *text)
{
	buf_printf(text, "# Persistence\r\ndata:%s\r\n", node->config->data);
	add_number(text, "log_segments", wal_segment_count(node->disk.wal));
	add_number(text, "log_syncs", wal_syncs(node->disk.wal));
	add_number(text, "snapshot", node->disk.snapshot_index);
	add_number(text, "snapshots_kept", node->disk.snapshots);
}

static void
add_peers(const struct node *node, struct buf *text)
{
	buf_string(text, "# Peers\r\n");
	add_number(text, "nodes", node->config->peer_count);
	add_number(text, "peers_connected", peers_connected(node->peers));
	add_number(text, "messages_dropped", peers_dropped(node->peers));
	for (size_t i = 0; i < node->config->peer_count; i++) {
		const struct config_peer *peer = &node->config->peers[i];
		const char *state = peer->id == (node_id)node->config->id ? "this node"
				    : peers_is_connected(node->peers, peer->id)
					    ? "connected"
					    : "not connected";
		buf_printf(text, "peer_%u:%s:%u,%s\r\n", peer->id, peer->address.host,
			   peer->address.port, state);
	}
}

static void
add_bugs(const struct node *node, struct buf *text)
{
	buf_string(text, "bugs:");
	const char *separator = "";
	for (int bug = BUG_NONE + 1; bug < BUG_COUNT; bug++)
		if ((node->config->bugs >> bug & 1) != 0) {
			buf_printf(text, "%s%s", separator, bug_table[bug].name);
			separator = ",";
		}
	buf_string(text, "\r\n");
}

void
node_info(const struct node *node, struct buf *text)
{
	buf_printf(text, "# Server\r\nfaultline_version:%s\r\n", FAULTLINE_VERSION);
	add_number(text, "node", (uint64_t)node->config->id);
	add_number(text, "process_id", (uint64_t)getpid());
	add_bugs(node, text);
	add_protocol(node, text);
	add_disk(node, text);
	add_peers(node, text);
	buf_string(text, "# Clients\r\n");
	add_number(text, "connected_clients", clients_count(node->clients));
	add_number(text, "total_commands_processed", clients_commands(node->clients));
	add_number(text, "open_requests", requests_open_count(node->requests));
	buf_printf(text, "# Service\r\nservice:%s\r\n", node->config->service->name);
	add_number(text, "sessions", sessions_count(node->sessions));
}

void
node_digest(const struct node *node, struct buf *text)
{
	buf_printf(text, "%" PRIu64 " %016" PRIx64, node->applied,
		   sessions_hash(node->sessions));
}
