#include "reference/node/clients.h"

#include "base/assert.h"
#include "base/log.h"
#include "reference/node/address.h"
#include "reference/node/outbox.h"
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

static void
drop(struct connection *c)
{
	if (uv_is_closing((uv_handle_t *)&c->tcp))
		return;
	drop_requests(c);
	uv_close((uv_handle_t *)&c->tcp, on_connection_closed);
}

static void
on_failed(uv_stream_t *stream)
{
	drop(stream->data);
}

/* ---- one request ------------------------------------------------------------------- */

static void
queue(struct connection *c, struct request *request)
{
	*(c->last ? &c->last->next : &c->first) = request;
	c->last = request;
	c->ahead++;
}

/* The place for a reply that is known at once. */
static struct buf *
reply_now(struct connection *c)
{
	struct request *request = requests_add_done(c->clients->requests, c);

	if (request == NULL) {
		drop(c); /* not even room for an error: the order of replies is at stake */
		return NULL;
	}
	queue(c, request);
	return &request->reply;
}

static void
new_session(struct connection *c)
{
	struct clients *clients = c->clients;

	c->birth = clients->calls.applied(clients->calls.context);
	c->sequence = 0;
	snprintf(c->session, sizeof(c->session), "%u.%" PRIx64 ".%" PRIu64,
		 (unsigned)clients->config->id, clients->boot, ++clients->sessions);
}

static void
reply_session(struct connection *c, struct buf *reply)
{
	struct clients *clients = c->clients;
	char name[SESSION_CLIENT_BYTES_MAX];
	int length = snprintf(name, sizeof(name), "%" PRIu64 ":%u.%" PRIx64 ".%" PRIu64,
			      clients->calls.applied(clients->calls.context),
			      (unsigned)clients->config->id, clients->boot,
			      ++clients->sessions);

	resp_bulk(reply, (struct bytes){name, (size_t)length});
}

static void
reply_text(struct connection *c, void (*print)(void *context, struct buf *text),
	   struct buf *reply)
{
	struct buf text = {0};

	print(c->clients->calls.context, &text);
	resp_bulk(reply, buf_bytes(&text));
	buf_release(&text);
}

static void
reply_info(struct connection *c, struct buf *reply)
{
	reply_text(c, c->clients->calls.info, reply);
}

static void
reply_digest(struct connection *c, struct buf *reply)
{
	reply_text(c, c->clients->calls.digest, reply);
}

static void
reply_empty(struct connection *c, struct buf *reply)
{
	(void)c;
	resp_array(reply, 0);
}

static void
reply_ok(struct connection *c, struct buf *reply)
{
	(void)c;
	resp_simple(reply, "OK");
}

static void
reply_quit(struct connection *c, struct buf *reply)
{
	reply_ok(c, reply);
	c->is_leaving = true;
}

/* What the node answers itself; COMMAND, CONFIG and CLIENT only so that redis-cli and
 * redis-benchmark feel at home. */
static const struct {
	const char *name;
	void (*reply)(struct connection *c, struct buf *reply);
} local_commands[] = {
	{"INFO", reply_info}, {"SESSION", reply_session}, {"DIGEST", reply_digest},
	{"QUIT", reply_quit}, {"COMMAND", reply_empty},	  {"CONFIG", reply_empty},
	{"CLIENT", reply_ok},
};

static bool
run_locally(struct connection *c, struct bytes name)
{
	for (size_t i = 0; i < sizeof(local_commands) / sizeof(*local_commands); i++) {
		if (!resp_word_is(name, local_commands[i].name))
			continue;
		struct buf *reply = reply_now(c);
		if (reply != NULL)
			local_commands[i].reply(c, reply);
		return true;
	}
	return false;
}

static void
refuse_busy(struct connection *c)
{
	struct buf *reply = reply_now(c);

	if (reply != NULL)
		resp_error(reply, "REFUSED the command did not run: too many are open");
}

static void
submit(struct connection *c, const struct session_stamp *stamp, bool own_stamp,
       const struct bytes *argv, size_t argc)
{
	struct clients *clients = c->clients;
	struct request *request =
		requests_add(clients->requests, c, stamp, argv, argc,
			     clients->calls.now_ms(clients->calls.context));

	if (request == NULL) {
		refuse_busy(c);
		return;
	}
	request->has_own_stamp = own_stamp;
	queue(c, request);
	c->open++;
	c->open_are_writes = stamp != NULL;
}

static void
submit_write(struct connection *c, const struct bytes *argv, size_t argc)
{
	struct session_stamp stamp = {.client = {c->session, strlen(c->session)},
				      .birth = c->birth,
				      .sequence = ++c->sequence};

	submit(c, &stamp, false, argv, argc);
}

/* Runs one request or, when it must wait for those before it, returns false. */
static bool
run_command(struct connection *c, const struct bytes *argv, size_t argc)
{
	const struct service_kind *service = c->clients->config->service;
	struct session_stamp stamp;
	struct err err = {0};
	bool once = resp_word_is(argv[0], "ONCE");
	bool bad_stamp = once && !session_once_parse(argv, argc, &stamp, &err);
	const struct bytes *words = once && !bad_stamp ? argv + 3 : argv;
	size_t count = once && !bad_stamp ? argc - 3 : argc;
	enum command_class class = service->classify(words, count);
	bool is_write = class == COMMAND_WRITE;

	if (class >= COMMAND_READ && c->open > 0 && c->open_are_writes != is_write)
		return false;
	if (run_locally(c, argv[0]))
		return true;
	if (class >= COMMAND_READ && once)
		submit(c, is_write ? &stamp : NULL, true, words, count);
	else if (is_write)
		submit_write(c, words, count);
	else if (class == COMMAND_READ)
		submit(c, NULL, false, words, count);
	else {
		struct buf *reply = reply_now(c);
		if (reply != NULL && bad_stamp)
			resp_error(reply, "ERR %s", err.text);
		else if (reply != NULL) /* local, unknown or bad: looks at no state */
			service->apply(NULL, words, count, reply);
	}
	return true;
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
		if (argc > 0 && !run_command(c, argv, argc)) {
			in = before;
			break;
		}
		c->clients->commands += argc > 0;
	}
	if (outcome == RESP_BAD && !c->is_leaving) {
		struct buf *reply = reply_now(c);
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
		drop(c);
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
		drop(c);
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
		drop(c);
		return;
	}
	address_tune(&c->tcp, SILENT_MS);
	new_session(c);
	uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

void
clients_request_done(struct clients *clients, struct request *request)
{
	struct connection *c = request->owner;

	ASSERT(c->clients == clients);
	c->open--;
	if (request->was_expired && !request->has_own_stamp)
		new_session(c);
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
		drop(c);
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
