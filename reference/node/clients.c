#include "reference/node/clients.h"

#include "base/assert.h"
#include "base/log.h"
#include "reference/node/address.h"
#include "reference/node/connection.h"
#include "reference/service/resp.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	AHEAD_MAX = 256,	     /* unanswered requests of one connection */
	UNREAD_BYTES_MAX = 16 << 20, /* replies that a client does not take */
	SILENT_MS = 30000, /* replies unacknowledged this long end a connection */
	READ_BYTES = 64 << 10,
};

/* ---- ends -------------------------------------------------------------------------- */

static void
handle_gone(struct clients *clients)
{
	if (--clients->handles > 0 || !clients->is_closing)
		return;
	free(clients->read_memory);
	free(clients);
}

static void
drop_requests(struct connection *c)
{
	for (struct request *request = c->first, *next; request != NULL; request = next) {
		next = request->next;
		requests_drop(c->clients->requests, request);
	}
	c->first = c->last = NULL;
}

static void
forget_dirty(struct connection *c)
{
	for (struct connection **at = &c->clients->dirty; *at; at = &(*at)->next_dirty)
		if (*at == c) {
			*at = c->next_dirty;
			return;
		}
}

static void
on_connection_closed(uv_handle_t *handle)
{
	struct connection *c = handle->data;
	struct clients *clients = c->clients;

	if (c->is_dirty)
		forget_dirty(c);
	*(c->newer ? &c->newer->older : &clients->newest) = c->older;
	if (c->older != NULL)
		c->older->newer = c->newer;
	clients->count--;
	outbox_release(&c->outbox);
	buf_release(&c->in);
	free(c);
	handle_gone(clients);
}

void
connection_drop(struct connection *c)
{
	if (uv_is_closing((uv_handle_t *)&c->tcp))
		return;
	drop_requests(c);
	uv_close((uv_handle_t *)&c->tcp, on_connection_closed);
}

static void
on_failed(uv_stream_t *stream)
{
	connection_drop(stream->data);
}

/* ---- connections ------------------------------------------------------------------- */

static void
mark_dirty(struct connection *c)
{
	if (c->is_dirty)
		return;
	c->is_dirty = true;
	c->next_dirty = c->clients->dirty;
	c->clients->dirty = c;
}

/* Takes up the requests that have arrived, as far as they may run now. */
static void
take_requests(struct connection *c)
{
	struct bytes in = buf_bytes(&c->in), argv[RESP_ARGS_MAX];
	enum resp_outcome outcome = RESP_MORE;
	struct err err = {0};
	size_t argc;

	while (c->ahead < AHEAD_MAX && !c->is_leaving) {
		struct bytes before = in;
		outcome = resp_parse(&in, argv, &argc, &err);
		if (outcome != RESP_DONE)
			break;
		if (argc > 0 && !connection_command(c, argv, argc)) {
			in = before;
			break;
		}
		c->clients->commands += argc > 0;
	}
	if (outcome == RESP_BAD && !c->is_leaving) {
		struct buf *reply = connection_reply_now(c);
		if (reply != NULL)
			resp_error(reply, "ERR %s", err.text);
		c->is_leaving = true;
	}
	buf_consume(&c->in, c->in.len - in.len);
}

/* Moves the replies that are complete, up to the first that is not, to the outbox. */
static void
send_replies(struct connection *c)
{
	while (c->first != NULL && c->first->is_done) {
		struct request *request = c->first;
		buf_append(&c->outbox.gathering, request->reply.data, request->reply.len);
		c->first = request->next;
		if (c->first == NULL)
			c->last = NULL;
		c->ahead--;
		requests_drop(c->clients->requests, request);
	}
	outbox_flush(&c->outbox);
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *memory)
{
	struct connection *c = handle->data;

	(void)suggested;
	*memory = uv_buf_init(c->clients->read_memory, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *memory);

/* Stops reading from a client that is too far ahead, and starts again. */
static void
pause_or_resume(struct connection *c)
{
	bool too_much = c->in.len > RESP_REQUEST_BYTES_MAX || c->is_leaving;

	if (too_much && !c->is_paused)
		uv_read_stop((uv_stream_t *)&c->tcp);
	if (!too_much && c->is_paused)
		uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
	c->is_paused = too_much;
}

static void
run_connection(struct connection *c)
{
	take_requests(c);
	if (uv_is_closing((uv_handle_t *)&c->tcp))
		return;
	send_replies(c);
	bool all_sent = c->first == NULL && outbox_bytes(&c->outbox) == 0;
	if (outbox_bytes(&c->outbox) > UNREAD_BYTES_MAX || (c->is_leaving && all_sent))
		connection_drop(c);
	if (!uv_is_closing((uv_handle_t *)&c->tcp))
		pause_or_resume(c);
}

static void
on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *memory)
{
	struct connection *c = stream->data;

	if (count > 0) {
		buf_append(&c->in, memory->base, (size_t)count);
		mark_dirty(c);
	}
	if (count < 0)
		connection_drop(c);
}

static void
on_connection(uv_stream_t *listener, int status)
{
	struct clients *clients = listener->data;

	if (status < 0)
		return;
	struct connection *c = mem_new(1, sizeof(*c));
	c->clients = clients;
	c->older = clients->newest;
	if (c->older != NULL)
		c->older->newer = c;
	clients->newest = c;
	clients->count++;
	clients->handles++;
	uv_tcp_init(clients->loop, &c->tcp);
	c->tcp.data = c;
	outbox_init(&c->outbox, (uv_stream_t *)&c->tcp, on_failed);
	if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 ||
	    clients->count > (size_t)clients->config->clients_max) {
		connection_drop(c);
		return;
	}
	address_tune(&c->tcp, SILENT_MS);
	connection_new_session(c);
	uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

void
clients_request_done(struct clients *clients, struct request *request)
{
	struct connection *c = request->owner;

	ASSERT(c->clients == clients);
	c->open--;
	if (request->was_expired && !request->has_own_stamp)
		connection_new_session(c);
	mark_dirty(c);
}

bool
clients_run(struct clients *clients)
{
	struct connection *c = clients->dirty;
	bool any = c != NULL;

	clients->dirty = NULL;
	while (c != NULL) {
		struct connection *next = c->next_dirty;
		c->is_dirty = false;
		if (!uv_is_closing((uv_handle_t *)&c->tcp))
			run_connection(c);
		c = next;
	}
	return any;
}

struct clients *
clients_open(uv_loop_t *loop, const struct config *config, uint64_t boot,
	     struct requests *requests, const struct clients_calls *calls,
	     struct err *err)
{
	struct clients *clients = mem_new(1, sizeof(*clients));

	clients->loop = loop;
	clients->config = config;
	clients->requests = requests;
	clients->calls = *calls;
	clients->boot = boot;
	clients->read_memory = mem_new(1, READ_BYTES);
	clients->handles = 2; /* the listener, and ours until clients_close */
	uv_tcp_init(loop, &clients->listener);
	clients->listener.data = clients;
	if (address_listen(&clients->listener, &config->listen, on_connection, err))
		return clients;
	clients_close(clients);
	return NULL;
}

static void
on_listener_closed(uv_handle_t *handle)
{
	handle_gone(handle->data);
}

void
clients_close(struct clients *clients)
{
	if (clients == NULL)
		return;
	clients->is_closing = true;
	uv_close((uv_handle_t *)&clients->listener, on_listener_closed);
	for (struct connection *c = clients->newest; c != NULL; c = c->older)
		connection_drop(c);
	handle_gone(clients);
}

size_t
clients_count(const struct clients *clients)
{
	return clients->count;
}

uint64_t
clients_commands(const struct clients *clients)
{
	return clients->commands;
}
