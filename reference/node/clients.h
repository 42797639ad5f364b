/* clients.h - connections of clients: RESP in, replies out in the order of the requests.
 *
 * A connection may send many requests ahead. Its writes run side by side, and its reads,
 * but a read never beside a write: so a client sees its own writes. Each connection is a
 * client of the session layer. Bounded: connections, requests ahead, bytes unread. */
#ifndef REFERENCE_NODE_CLIENTS_H
#define REFERENCE_NODE_CLIENTS_H

#include "reference/node/config.h"
#include "reference/node/requests.h"

#include <uv.h>

struct clients;

struct clients_calls {
	void *context;
	uint64_t (*now_ms)(void *context);
	uint64_t (*applied)(void *context); /* births of sessions */
	void (*info)(void *context, struct buf *text);
	void (*digest)(void *context, struct buf *text);
};

/* Listens. `boot` differs at every start of the node: sessions are named by it. */
struct clients *clients_open(uv_loop_t *loop, const struct config *config, uint64_t boot,
			     struct requests *requests, const struct clients_calls *calls,
			     struct err *err);
void clients_close(struct clients *clients); /* memory goes when the loop has ended */

/* To be called as requests_calls.done. */
void clients_request_done(struct clients *clients, struct request *request);

/* Sends the replies that became complete and takes up further requests of their
 * connections; true when there were any. */
bool clients_run(struct clients *clients);

size_t clients_count(const struct clients *clients);
uint64_t clients_commands(const struct clients *clients); /* since the start */

#endif
