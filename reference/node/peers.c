#include "reference/node/peers.h"

#include "base/assert.h"
#include "base/log.h"
#include "reference/node/address.h"
#include "reference/node/frame.h"
#include "reference/node/outbox.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	QUEUE_BYTES_MAX = 16 << 20, /* to one peer; more is dropped */
	PAUSE_MS_MIN = 20,
	PAUSE_MS_MAX = 500,
	CONNECT_MS = 1000,
	SILENT_MS = 1500, /* an unanswered connection ends after this */
	CALLERS_MAX = PROTOCOL_NODES_MAX * 4,
	READ_BYTES = 256 << 10,
};

/* A connection that we make. The timer is the pause before the next attempt, then the
 * deadline of the attempt. */
struct peer {
	struct peers *peers;
	node_id id;
	struct config_address address;
	struct sockaddr_storage to;
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_timer_t timer;
	bool is_open, is_connected;
	uint64_t pause_ms;
	struct outbox outbox;
};

/* A connection that another node made. */
struct caller {
	struct peers *peers;
	struct caller *next;
	node_id from; /* 0: has not greeted yet */
	uv_tcp_t tcp;
	struct buf in;
};

struct peers {
	uv_loop_t *loop;
	node_id self;
	uint64_t cluster;
	uv_tcp_t listener;
	bool listens, is_closing;
	struct peer peer[PROTOCOL_NODES_MAX];
	size_t peer_count;
	struct caller *callers; /* owned, CALLERS_MAX at most */
	size_t caller_count;
	size_t handles; /* of ours that libuv still has; the memory goes with the last */
	uint64_t dropped;
	char *read_memory; /* owned, READ_BYTES: reads of all callers */
	void (*received)(void *context, node_id from, struct bytes message);
	void *context;
};

/* ---- the end of handles ------------------------------------------------------------ */

static void
handle_gone(struct peers *peers)
{
	if (--peers->handles > 0 || !peers->is_closing)
		return;
	for (size_t i = 0; i < peers->peer_count; i++)
		outbox_release(&peers->peer[i].outbox);
	free(peers->read_memory);
	free(peers);
}

static void
on_plain_closed(uv_handle_t *handle)
{
	handle_gone(handle->data);
}

/* ---- connections that we make ------------------------------------------------------ */

static void call(struct peer *peer);
static void on_peer_failed(uv_stream_t *stream);

static void
on_pause_over(uv_timer_t *timer)
{
	call(timer->data);
}

static void
on_peer_closed(uv_handle_t *handle)
{
	struct peer *peer = handle->data;
	struct peers *peers = peer->peers;

	outbox_release(&peer->outbox);
	outbox_init(&peer->outbox, (uv_stream_t *)&peer->tcp, on_peer_failed);
	peer->is_open = false;
	if (!peers->is_closing)
		uv_timer_start(&peer->timer, on_pause_over, peer->pause_ms, 0);
	peer->pause_ms =
		peer->pause_ms * 2 > PAUSE_MS_MAX ? PAUSE_MS_MAX : peer->pause_ms * 2;
	handle_gone(peers);
}

static void
hang_up(struct peer *peer)
{
	if (peer->is_connected)
		log_warn("connection to node %u lost", peer->id);
	peer->is_connected = false;
	uv_timer_stop(&peer->timer);
	if (peer->is_open && !uv_is_closing((uv_handle_t *)&peer->tcp))
		uv_close((uv_handle_t *)&peer->tcp, on_peer_closed);
}

static void
on_peer_failed(uv_stream_t *stream)
{
	hang_up(stream->data);
}

static void
on_connect_deadline(uv_timer_t *timer)
{
	hang_up(timer->data);
}

/* A peer never writes on a connection that we made: reading shows only its end. */
static void
on_peer_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *memory)
{
	struct peer *peer = handle->data;

	(void)suggested;
	*memory = uv_buf_init(peer->peers->read_memory, READ_BYTES);
}

static void
on_peer_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *memory)
{
	(void)memory;
	if (count < 0)
		hang_up(stream->data);
}

static void
greet(struct peer *peer)
{
	struct buf payload = {0};

	frame_greeting_encode(&(struct frame_greeting){.from = peer->peers->self,
						       .to = peer->id,
						       .cluster = peer->peers->cluster},
			      &payload);
	frame_encode(buf_bytes(&payload), &peer->outbox.gathering);
	buf_release(&payload);
	outbox_flush(&peer->outbox);
}

static void
on_connected(uv_connect_t *connect, int status)
{
	struct peer *peer = connect->data;

	if (status == UV_ECANCELED || uv_is_closing((uv_handle_t *)&peer->tcp))
		return;
	if (status < 0) {
		hang_up(peer);
		return;
	}
	uv_timer_stop(&peer->timer);
	address_tune(&peer->tcp, SILENT_MS);
	peer->is_connected = true;
	peer->pause_ms = PAUSE_MS_MIN;
	log_info("connected to node %u at %s:%u", peer->id, peer->address.host,
		 peer->address.port);
	uv_read_start((uv_stream_t *)&peer->tcp, on_peer_alloc, on_peer_read);
	greet(peer);
}

static void
call(struct peer *peer)
{
	struct peers *peers = peer->peers;

	uv_tcp_init(peers->loop, &peer->tcp);
	peers->handles++;
	peer->is_open = true;
	peer->tcp.data = peer->connect.data = peer;
	outbox_init(&peer->outbox, (uv_stream_t *)&peer->tcp, on_peer_failed);
	uv_timer_start(&peer->timer, on_connect_deadline, CONNECT_MS, 0);
	if (uv_tcp_connect(&peer->connect, &peer->tcp, (const struct sockaddr *)&peer->to,
			   on_connected) != 0)
		hang_up(peer);
}

/* ---- connections that the others make ---------------------------------------------- */

static void
on_caller_closed(uv_handle_t *handle)
{
	struct caller *caller = handle->data;
	struct peers *peers = caller->peers;

	for (struct caller **at = &peers->callers; *at != NULL; at = &(*at)->next)
		if (*at == caller) {
			*at = caller->next;
			break;
		}
	peers->caller_count--;
	buf_release(&caller->in);
	free(caller);
	handle_gone(peers);
}

static void
drop_caller(struct caller *caller)
{
	if (!uv_is_closing((uv_handle_t *)&caller->tcp))
		uv_close((uv_handle_t *)&caller->tcp, on_caller_closed);
}

static bool
is_peer(const struct peers *peers, node_id id)
{
	for (size_t i = 0; i < peers->peer_count; i++)
		if (peers->peer[i].id == id)
			return true;
	return false;
}

/* The first frame; a new connection of a node takes the place of its old one, which a cut
 * may have left hanging. */
static bool
accept_greeting(struct caller *caller, struct bytes payload)
{
	struct peers *peers = caller->peers;
	struct frame_greeting greeting;

	if (!frame_greeting_decode(payload, &greeting))
		return false;
	if (greeting.cluster != peers->cluster || greeting.to != peers->self ||
	    !is_peer(peers, greeting.from)) {
		log_warn("refused a connection of node %u to node %u: its list of nodes "
			 "is "
			 "not ours",
			 greeting.from, greeting.to);
		return false;
	}
	for (struct caller *old = peers->callers; old != NULL; old = old->next)
		if (old->from == greeting.from)
			drop_caller(old);
	caller->from = greeting.from;
	return true;
}

/* Hands over every whole message; false when the stream is no good. */
static bool
take_frames(struct caller *caller)
{
	struct bytes in = buf_bytes(&caller->in), payload;
	enum frame_outcome outcome;

	while ((outcome = frame_decode(&in, &payload)) == FRAME_DONE) {
		if (caller->from != 0)
			caller->peers->received(caller->peers->context, caller->from,
						payload);
		else if (!accept_greeting(caller, payload))
			return false;
	}
	if (outcome == FRAME_BAD)
		log_warn("damaged frame from node %u: connection dropped", caller->from);
	buf_consume(&caller->in, caller->in.len - in.len);
	return outcome == FRAME_MORE;
}

static void
on_caller_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *memory)
{
	struct caller *caller = handle->data;

	(void)suggested;
	*memory = uv_buf_init(caller->peers->read_memory, READ_BYTES);
}

static void
on_caller_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *memory)
{
	struct caller *caller = stream->data;

	if (count > 0)
		buf_append(&caller->in, memory->base, (size_t)count);
	if (count < 0 || (count > 0 && !take_frames(caller)))
		drop_caller(caller);
}

static void
on_call(uv_stream_t *listener, int status)
{
	struct peers *peers = listener->data;

	if (status < 0)
		return;
	struct caller *caller = mem_new(1, sizeof(*caller));
	caller->peers = peers;
	caller->next = peers->callers;
	peers->callers = caller;
	peers->caller_count++;
	uv_tcp_init(peers->loop, &caller->tcp);
	peers->handles++;
	caller->tcp.data = caller;
	if (uv_accept(listener, (uv_stream_t *)&caller->tcp) != 0 ||
	    peers->caller_count > CALLERS_MAX) {
		drop_caller(caller);
		return;
	}
	address_tune(&caller->tcp, SILENT_MS);
	uv_read_start((uv_stream_t *)&caller->tcp, on_caller_alloc, on_caller_read);
}

/* ---- the whole --------------------------------------------------------------------- */

static struct peer *
find(struct peers *peers, node_id id)
{
	for (size_t i = 0; i < peers->peer_count; i++)
		if (peers->peer[i].id == id)
			return &peers->peer[i];
	return NULL;
}

void
peers_send(struct peers *peers, node_id to, struct bytes message)
{
	struct peer *peer = find(peers, to);

	ASSERT(peer != NULL);
	if (!peer->is_connected ||
	    outbox_bytes(&peer->outbox) + message.len > QUEUE_BYTES_MAX) {
		peers->dropped++;
		return;
	}
	frame_encode(message, &peer->outbox.gathering);
}

void
peers_flush(struct peers *peers)
{
	for (size_t i = 0; i < peers->peer_count; i++)
		if (peers->peer[i].is_connected)
			outbox_flush(&peers->peer[i].outbox);
}

static bool
add_peer(struct peers *peers, const struct config_peer *configured, struct err *err)
{
	struct peer *peer = &peers->peer[peers->peer_count++];

	*peer = (struct peer){.peers = peers,
			      .id = configured->id,
			      .address = configured->address,
			      .pause_ms = PAUSE_MS_MIN};
	uv_timer_init(peers->loop, &peer->timer);
	peers->handles++;
	peer->timer.data = peer;
	return address_resolve(&configured->address, &peer->to, err);
}

static bool
open_all(struct peers *peers, const struct config *config, struct err *err)
{
	if (config->peer_count == 1)
		return true;
	uv_tcp_init(peers->loop, &peers->listener);
	peers->listener.data = peers;
	peers->handles++;
	peers->listens = true;
	if (!address_listen(&peers->listener, &config_self(config)->address, on_call,
			    err))
		return false;
	for (size_t i = 0; i < config->peer_count; i++)
		if (config->peers[i].id != peers->self &&
		    !add_peer(peers, &config->peers[i], err))
			return err_context(err, "node %u", config->peers[i].id);
	for (size_t i = 0; i < peers->peer_count; i++)
		call(&peers->peer[i]);
	return true;
}

struct peers *
peers_open(uv_loop_t *loop, const struct config *config,
	   void (*received)(void *context, node_id from, struct bytes message),
	   void *context, struct err *err)
{
	struct peers *peers = mem_new(1, sizeof(*peers));

	peers->loop = loop;
	peers->self = (node_id)config->id;
	peers->cluster = frame_cluster(config);
	peers->read_memory = mem_new(1, READ_BYTES);
	peers->received = received;
	peers->context = context;
	peers->handles = 1; /* ours, until peers_close */
	if (open_all(peers, config, err))
		return peers;
	peers_close(peers);
	return NULL;
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct peer *peer = handle->data;

	handle_gone(peer->peers);
}

void
peers_close(struct peers *peers)
{
	if (peers == NULL)
		return;
	peers->is_closing = true;
	if (peers->listens)
		uv_close((uv_handle_t *)&peers->listener, on_plain_closed);
	for (size_t i = 0; i < peers->peer_count; i++) {
		peers->peer[i].is_connected = false;
		hang_up(&peers->peer[i]);
		uv_close((uv_handle_t *)&peers->peer[i].timer, on_timer_closed);
	}
	for (struct caller *caller = peers->callers; caller != NULL;
	     caller = caller->next)
		drop_caller(caller);
	handle_gone(peers);
}

size_t
peers_connected(const struct peers *peers)
{
	size_t count = 0;

	for (size_t i = 0; i < peers->peer_count; i++)
		count += peers->peer[i].is_connected;
	return count;
}

bool
peers_is_connected(const struct peers *peers, node_id id)
{
	for (size_t i = 0; i < peers->peer_count; i++)
		if (peers->peer[i].id == id)
			return peers->peer[i].is_connected;
	return false;
}

uint64_t
peers_dropped(const struct peers *peers)
{
	return peers->dropped;
}
