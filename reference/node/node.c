#include "reference/node/node.h"

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "reference/node/clients.h"
#include "reference/node/disk.h"
#include "reference/node/node_private.h"
#include "reference/node/peers.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint64_t
now_ms(const struct node *node)
{
	return uv_now(&node->loop);
}

static void
step(struct node *node, struct protocol_event event)
{
	event.now_ms = now_ms(node);
	node->config->protocol->step(node->protocol, &event, &node->effects);
}

/* ---- what the others tell us ------------------------------------------------------- */

static void
on_message(void *context, node_id from, struct bytes message)
{
	step(context, (struct protocol_event){
			      .kind = PROTOCOL_MESSAGE, .from = from, .data = message});
}

static void
on_submit(void *context, enum protocol_event_kind kind, uint64_t tag, struct bytes data)
{
	step(context, (struct protocol_event){.kind = kind, .tag = tag, .data = data});
}

static void
on_request_done(void *context, struct request *request)
{
	struct node *node = context;

	clients_request_done(node->clients, request);
}

static uint64_t
ask_now_ms(void *context)
{
	return now_ms(context);
}

static uint64_t
ask_applied(void *context)
{
	return ((struct node *)context)->applied;
}

static void
ask_info(void *context, struct buf *text)
{
	node_info(context, text);
}

static void
ask_digest(void *context, struct buf *text)
{
	node_digest(context, text);
}

/* ---- one iteration ----------------------------------------------------------------- */

/* The disk failed: nothing after this moment may be acknowledged. */
static void
fail(struct node *node)
{
	node->failed = true;
	uv_stop(&node->loop);
}

static void
send_messages(struct node *node, bool early)
{
	const struct protocol_effects *effects = &node->effects;
	bool any = false;

	vec_each (struct protocol_message, message, &effects->messages) {
		if (message->early != early)
			continue;
		struct bytes data = {effects->memory.data + message->start,
				     message->bytes};
		peers_send(node->peers, message->to, data);
		any = true;
	}
	if (any)
		peers_flush(node->peers);
}

static bool
restore_snapshot(struct node *node)
{
	const struct protocol_effects *effects = &node->effects;

	if (!effects->snapshot_installed)
		return true;
	if (!sessions_restore(node->sessions, effects->snapshot, node->err))
		return err_context(node->err, "install snapshot of entry %" PRIu64,
				   effects->snapshot_index);
	node->applied = effects->snapshot_index;
	node->applied_term = effects->snapshot_term;
	requests_state_replaced(node->requests);
	log_info("snapshot of entry %" PRIu64 " installed: %zu bytes",
		 effects->snapshot_index, effects->snapshot.len);
	return true;
}

static void
apply_and_answer(struct node *node)
{
	const struct protocol_effects *effects = &node->effects;

	vec_each (struct protocol_entry, entry, &effects->apply) {
		if (entry->origin != 0)
			requests_apply(node->requests, entry, (node_id)node->config->id);
		node->applied = entry->index;
		node->applied_term = entry->term;
	}
	vec_each (struct protocol_answer, answer, &effects->answers)
		requests_answer(node->requests, answer, now_ms(node));
	requests_applied(node->requests, node->applied);
}

/* Performs the effects gathered so far, in the order that protocol.h asks for. */
static bool
perform(struct node *node)
{
	bool persisted = effects_persist(&node->effects);

	send_messages(node, true);
	if (persisted && !disk_persist(&node->disk, &node->effects, node->err))
		return false;
	send_messages(node, false);
	if (!restore_snapshot(node))
		return false;
	apply_and_answer(node);
	effects_clear(&node->effects);
	if (persisted)
		step(node, (struct protocol_event){.kind = PROTOCOL_PERSISTED});
	return true;
}

/* Keeps a snapshot when enough was applied since the last, and shortens the log. */
static bool
compact(struct node *node)
{
	if (node->applied <
	    node->disk.snapshot_index + (uint64_t)node->config->snapshot_every)
		return true;
	struct buf state = {0};
	int64_t start_ns = clock_ns();
	sessions_snapshot(node->sessions, &state);
	bool ok = disk_save_snapshot(&node->disk, node->applied, node->applied_term,
				     buf_bytes(&state), node->err);
	if (ok) {
		step(node, (struct protocol_event){.kind = PROTOCOL_COMPACT,
						   .index = node->applied,
						   .data = buf_bytes(&state)});
		ok = wal_compact(node->disk.wal, node->applied, node->err);
		log_info("snapshot of entry %" PRIu64 " kept: %zu bytes in %.1f ms",
			 node->applied, state.len, (double)(clock_ns() - start_ns) / 1e6);
	}
	buf_release(&state);
	return ok;
}

/* Says in the log when role, leader or term change. */
static void
log_changes(struct node *node)
{
	struct protocol_status status;

	node->config->protocol->status(node->protocol, &status);
	if (node->logged_role == status.role && node->logged_leader == status.leader &&
	    node->logged_term == status.term)
		return;
	node->logged_role = status.role;
	node->logged_leader = status.leader;
	node->logged_term = status.term;
	if (status.leader == 0)
		log_info("%s in term %" PRIu64 ", no leader known", status.role,
			 status.term);
	else
		log_info("%s in term %" PRIu64 ", node %u leads", status.role,
			 status.term, status.leader);
}

static void on_timer(uv_timer_t *timer);

static void
set_timer(struct node *node)
{
	uint64_t next = node->config->protocol->deadline_ms(node->protocol);
	uint64_t now = now_ms(node);

	if (node->requests_due_ms < next)
		next = node->requests_due_ms;
	uv_timer_start(&node->timer, on_timer, next > now ? next - now : 0, 0);
}

static bool
iterate(struct node *node)
{
	bool more;

	uv_update_time(&node->loop);
	do {
		clients_run(node->clients);
		step(node, (struct protocol_event){.kind = PROTOCOL_FLUSH});
		more = effects_any(&node->effects);
		if (more && !perform(node))
			return false;
		more = clients_run(node->clients) || effects_any(&node->effects);
	} while (more);
	if (!compact(node))
		return false;
	node->requests_due_ms = requests_tick(node->requests, now_ms(node));
	log_changes(node);
	return true;
}

/* Runs before the loop waits for events: what the last wait brought has been collected. */
static void
on_iteration(uv_prepare_t *prepare)
{
	struct node *node = prepare->data;

	if (node->failed)
		return;
	if (iterate(node))
		set_timer(node);
	else
		fail(node);
}

static void
on_timer(uv_timer_t *timer)
{
	step(timer->data, (struct protocol_event){.kind = PROTOCOL_TICK});
}

static void
on_signal(uv_signal_t *signal, int number)
{
	struct node *node = signal->data;

	log_info("stopping: signal %d", number);
	uv_stop(&node->loop);
}

/* ---- start and end ----------------------------------------------------------------- */

static uint64_t
random_word(void)
{
	uint64_t word;
	ssize_t got = getrandom(&word, sizeof(word), 0);

	ASSERT(got == sizeof(word));
	return word;
}

static bool
open_protocol(struct node *node, const struct protocol_disk *disk)
{
	const struct config *config = node->config;
	struct protocol_config settings = {.self = (node_id)config->id,
					   .node_count = config->peer_count,
					   .seed = random_word(),
					   .election_ms = (uint32_t)config->election_ms,
					   .heartbeat_ms = (uint32_t)config->heartbeat_ms,
					   .append_bytes_max = 256 << 10,
					   .append_in_flight_max = 64,
					   .log_bytes_max =
						   (uint32_t)config->log_bytes_max,
					   .snapshot_chunk_bytes = 256 << 10,
					   .bugs = config->bugs};

	for (size_t i = 0; i < config->peer_count; i++)
		settings.nodes[i] = config->peers[i].id;
	node->protocol = config->protocol->open(&settings, disk, node->err);
	return node->protocol != NULL;
}

static bool
open_state(struct node *node)
{
	const struct config *config = node->config;
	struct wal_options options = {.folder = config->data,
				      .node = (node_id)config->id,
				      .unsynced = bug_is_on(config->bugs, UNSYNCED_LOG)};
	struct disk_contents found = {0};
	bool ok = disk_open(&node->disk, &options, &found, node->err);

	node->sessions =
		sessions_open(config->service, bug_is_on(config->bugs, DOUBLE_APPLY));
	if (ok && found.snapshot.index > 0)
		ok = sessions_restore(node->sessions, found.protocol.snapshot, node->err);
	node->applied = found.snapshot.index;
	node->applied_term = found.snapshot.term;
	ok = ok && open_protocol(node, &found.protocol);
	if (ok)
		log_info("node %u starts in '%s': term %" PRIu64
			 ", snapshot of entry %" PRIu64 ", %zu entries behind it",
			 (unsigned)config->id, config->data, found.protocol.term,
			 found.protocol.snapshot_index, found.protocol.entry_count);
	disk_contents_release(&found);
	return ok;
}

static bool
open_sockets(struct node *node)
{
	struct requests_calls requests = {
		.context = node, .submit = on_submit, .done = on_request_done};
	struct clients_calls clients = {.context = node,
					.now_ms = ask_now_ms,
					.applied = ask_applied,
					.info = ask_info,
					.digest = ask_digest};
	uint64_t boot = random_word();

	node->requests = requests_open(node->sessions, &requests, random_word() >> 1,
				       (uint64_t)node->config->request_ms);
	node->peers = peers_open(&node->loop, node->config, on_message, node, node->err);
	if (node->peers == NULL)
		return false;
	node->clients = clients_open(&node->loop, node->config, boot, node->requests,
				     &clients, node->err);
	if (node->clients == NULL)
		return false;
	log_info("clients at %s:%u", node->config->listen.host,
		 node->config->listen.port);
	return true;
}

static void
watch(struct node *node)
{
	static const int numbers[2] = {SIGTERM, SIGINT};

	uv_prepare_init(&node->loop, &node->prepare);
	node->prepare.data = node;
	uv_prepare_start(&node->prepare, on_iteration);
	uv_timer_init(&node->loop, &node->timer);
	node->timer.data = node;
	for (int i = 0; i < 2; i++) {
		uv_signal_init(&node->loop, &node->signals[i]);
		node->signals[i].data = node;
		uv_signal_start(&node->signals[i], on_signal, numbers[i]);
	}
}

static void
close_all(struct node *node)
{
	clients_close(node->clients);
	peers_close(node->peers);
	if (node->prepare.data != NULL) {
		uv_close((uv_handle_t *)&node->prepare, NULL);
		uv_close((uv_handle_t *)&node->timer, NULL);
		uv_close((uv_handle_t *)&node->signals[0], NULL);
		uv_close((uv_handle_t *)&node->signals[1], NULL);
	}
	uv_run(&node->loop, UV_RUN_DEFAULT);
	uv_loop_close(&node->loop);
	requests_close(node->requests);
	if (node->protocol != NULL)
		node->config->protocol->close(node->protocol);
	sessions_close(node->sessions);
	disk_close(&node->disk);
	effects_release(&node->effects);
}

bool
node_run(const struct config *config, struct err *err)
{
	struct node node = {.config = config, .err = err, .disk = {.lock_fd = -1}};

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a write beyond a limit then fails and is said */
	uv_loop_init(&node.loop);
	bool ok = open_state(&node) && open_sockets(&node);
	if (ok) {
		watch(&node);
		uv_run(&node.loop, UV_RUN_DEFAULT);
		ok = !node.failed;
	}
	close_all(&node);
	return ok;
}
