/* node_private.h - the state of a node; for node.c and node_info.c only. */
#ifndef REFERENCE_NODE_NODE_PRIVATE_H
#define REFERENCE_NODE_NODE_PRIVATE_H

#include "reference/node/clients.h"
#include "reference/node/disk.h"
#include "reference/node/peers.h"

struct node {
	const struct config *config; /* borrowed */
	struct err *err;	     /* borrowed: why the node ends */
	bool failed;
	uv_loop_t loop;
	uv_prepare_t prepare;
	uv_timer_t timer;
	uv_signal_t signals[2];
	struct disk disk;
	struct sessions *sessions;
	struct protocol *protocol;
	struct protocol_effects effects;
	struct requests *requests;
	struct peers *peers;
	struct clients *clients;
	uint64_t applied, applied_term;
	uint64_t requests_due_ms;
	const char *logged_role; /* what the log said last */
	node_id logged_leader;
	uint64_t logged_term;
};

/* Appends the text of INFO: lines `name:value` under headings, as Redis has them. */
void node_info(const struct node *node, struct buf *text);

/* Appends "INDEX HASH": how far the log is applied, and a hash of the whole state there,
 * the same on every node at the same index. Takes time in proportion to the state. */
void node_digest(const struct node *node, struct buf *text);

#endif
