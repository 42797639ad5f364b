/* peers.h - messages to and from the other nodes over TCP.
 *
 * Each node calls every other one: what it sends goes over the connection that it made,
 * what it receives comes over those that the others made. A lost connection is made anew
 * with growing pauses; what was queued on it is dropped, as is what exceeds the bound of
 * a queue: protocols live with lost messages. One thread, one loop. */
#ifndef REFERENCE_NODE_PEERS_H
#define REFERENCE_NODE_PEERS_H

#include "reference/node/config.h"

#include <uv.h>

struct peers;

/* Listens and begins to call. `received` is told each message; the bytes are borrowed. */
struct peers *peers_open(uv_loop_t *loop, const struct config *config,
			 void (*received)(void *context, node_id from,
					  struct bytes message),
			 void *context, struct err *err);

/* Begins to close; the memory goes when the loop has run to its end. */
void peers_close(struct peers *peers);

/* Queues a message; peers_flush hands all queued ones to the kernel. */
void peers_send(struct peers *peers, node_id to, struct bytes message);
void peers_flush(struct peers *peers);

/* For INFO: how many of the others we are connected to, and messages dropped so far. */
size_t peers_connected(const struct peers *peers);
uint64_t peers_dropped(const struct peers *peers);
bool peers_is_connected(const struct peers *peers, node_id id);

#endif
