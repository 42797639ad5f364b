/* connection.h - a client's connection, as clients.c and the commands know it. The loop's
 * thread. */
#ifndef REFERENCE_CONNECTION_H
#define REFERENCE_CONNECTION_H

#include "reference/node/clients.h"
#include "reference/node/outbox.h"

struct connection {
	struct clients *clients;
	struct connection *older, *newer; /* all connections */
	struct connection *next_dirty;
	bool is_dirty, is_paused, is_leaving; /* is_leaving: closed after its replies */
	uv_tcp_t tcp;
	struct buf in;
	struct outbox outbox;
	struct request *first, *last; /* in the order asked */
	size_t ahead;		      /* how many there are */
	size_t open;		      /* how many of them are not done */
	bool open_are_writes;
	char session[SESSION_CLIENT_BYTES_MAX];
	uint64_t birth, sequence;
};

struct clients {
	uv_loop_t *loop;
	uv_tcp_t listener;
	bool is_closing;
	const struct config *config; /* borrowed */
	struct requests *requests;   /* borrowed */
	struct clients_calls calls;
	uint64_t boot, sessions, commands;
	struct connection *newest, *dirty;
	size_t count, handles;
	char *read_memory; /* owned */
};

/* Ends the connection: what it asked and got no reply for is dropped. */
void connection_drop(struct connection *connection);

/* Begins a session of its own, under which writes are stamped. */
void connection_new_session(struct connection *connection);

/* The place for a reply that is known at once; NULL: there was no room, and the connection is
 * dropped. */
struct buf *connection_reply_now(struct connection *connection);

/* Runs one command or, when it must wait for those before it, returns false. */
bool connection_command(struct connection *connection, const struct bytes *argv,
			size_t argc);

#endif
