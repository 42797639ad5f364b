/* One node: the loop that reference/node runs over sockets and files, here over events.
 */
#include "reference/sim/sim_world.h"

#include "base/assert.h"

#include <string.h>

/* ---- clients' requests ---- */

static void
answer(struct sim *sim, struct sim_node *node, size_t at, const struct sim_reply *reply)
{
	sim_send_reply(sim, &node->pending.items[at], reply);
	node->pending.items[at] = *vec_last(&node->pending);
	node->pending.count--;
}

static bool
find_pending(const struct sim_node *node, uint64_t tag, size_t *at)
{
	for (*at = 0; *at < node->pending.count; (*at)++)
		if (node->pending.items[*at].tag == tag)
			return true;
	return false;
}

static void
step(struct sim *sim, struct sim_node *node, struct protocol_event event)
{
	event.now_ms = (uint64_t)sim_node_clock_us(sim, node) / 1000;
	protocol_raft.step(node->protocol, &event, &node->effects);
	sim_check_node(sim, node);
}

static void
take_request(struct sim *sim, struct sim_node *node, const struct sim_event *event)
{
	struct sim_pending pending = {.tag = ++node->tag,
				      .client = event->from,
				      .generation = event->generation,
				      .request = event->request};
	struct buf command = {0};

	vec_push(&node->pending, pending);
	if (event->request.f == F_READ) {
		step(sim, node,
		     (struct protocol_event){.kind = PROTOCOL_READ, .tag = pending.tag});
		return;
	}
	sim_app_encode(&event->request, &command);
	step(sim, node,
	     (struct protocol_event){.kind = PROTOCOL_PROPOSE,
				     .tag = pending.tag,
				     .data = buf_bytes(&command)});
	buf_release(&command);
}

/* Serves the reads whose read index has been applied. */
static void
serve_reads(struct sim *sim, struct sim_node *node)
{
	for (size_t i = 0; i < node->pending.count;) {
		const struct sim_pending *pending = &node->pending.items[i];
		struct sim_reply reply;
		if (!pending->is_ready || pending->index > node->applied) {
			i++;
			continue;
		}
		sim_app_read(node->app, &pending->request, &reply);
		answer(sim, node, i, &reply);
	}
}

static void
take_answers(struct sim *sim, struct sim_node *node)
{
	vec_each (const struct protocol_answer, a, &node->effects.answers) {
		struct sim_reply reply = {.type = OP_INFO};
		size_t at;
		if (!find_pending(node, a->tag, &at))
			continue;
		if (a->kind == PROTOCOL_READ_READY) {
			node->pending.items[at].is_ready = true;
			node->pending.items[at].index = a->index;
			continue;
		}
		if (a->kind == PROTOCOL_REFUSED)
			reply.type = OP_FAIL;
		reply.is_nil = true; /* not the answer of the service */
		answer(sim, node, at, &reply);
	}
}

/* ---- one iteration ---- */

static void
send_messages(struct sim *sim, struct sim_node *node, bool early)
{
	vec_each (const struct protocol_message, m, &node->effects.messages) {
		struct bytes data = {node->effects.memory.data + m->start, m->bytes};
		if (m->early == early)
			sim_send(sim, node->id - 1, m->to - 1, data);
	}
}

static void
apply_entry(struct sim *sim, struct sim_node *node, const struct protocol_entry *entry)
{
	struct sim_reply reply;
	bool repeated = false;
	size_t at;

	ASSERT(entry->index == node->applied + 1);
	node->applied = entry->index;
	sim_count(sim, applied);
	sim_check_apply(sim, node, entry);
	if (entry->origin == 0)
		return;
	sim_app_apply(node->app, entry->index, entry->data, &reply, &repeated);
	sim->result->stats.repeats += repeated;
	if (entry->origin == node->id && find_pending(node, entry->tag, &at))
		answer(sim, node, at, &reply);
}

static void
install_snapshot(struct sim *sim, struct sim_node *node)
{
	struct err err;
	bool restored;

	if (!node->effects.snapshot_installed)
		return;
	restored = sessions_restore(node->app, node->effects.snapshot, &err);
	ASSERT(restored);
	node->applied = node->compacted = node->effects.snapshot_index;
	sim_count(sim, installs);
}

static void
compact(struct sim *sim, struct sim_node *node)
{
	struct protocol_entry last;
	struct buf snapshot = {0};

	if (node->applied < node->compacted + sim->options.snapshot_entries ||
	    !protocol_raft.entry(node->protocol, node->applied, &last))
		return;
	sim_check_state(sim, node);
	sessions_snapshot(node->app, &snapshot);
	sim_disk_compact(&node->disk, last.index, last.term, buf_bytes(&snapshot));
	sim_disk_sync(&node->disk);
	step(sim, node,
	     (struct protocol_event){.kind = PROTOCOL_COMPACT,
				     .index = last.index,
				     .data = buf_bytes(&snapshot)});
	buf_release(&snapshot);
	node->compacted = last.index;
	sim_count(sim, compactions);
}

static uint64_t
draw_sync(struct sim *sim)
{
	if ((sim->options.faults & SIM_SLOW_DISK) && !sim->ending &&
	    rng_chance(&sim->disks, 0.01))
		return (uint64_t)rng_between(&sim->disks, 5000, 150000);
	return (uint64_t)rng_between(&sim->disks, 100, 1500);
}

/* Starts to write what must be persisted; false when there is nothing to wait for. */
static bool
begin_sync(struct sim *sim, struct sim_node *node)
{
	send_messages(sim, node, true);
	if (!effects_persist(&node->effects))
		return false;
	sim_check_append(sim, node);
	sim->result->stats.truncations += node->effects.truncate_from != 0;
	sim_disk_write(&node->disk, &node->effects);
	if (node->crash_armed) {
		sim_node_crash(sim, node);
		return true;
	}
	node->busy = true;
	sim_schedule(sim, draw_sync(sim),
		     (struct sim_event){.kind = SIM_SYNCED,
					.target = node->id - 1,
					.generation = node->generation});
	return true;
}

/* The planted bug unsynced-log: what only appends is left to the system to write. */
static void
finish_sync(struct sim *sim, struct sim_node *node)
{
	const struct protocol_effects *effects = &node->effects;
	bool must = effects->hard_state_changed || effects->snapshot_installed;

	sim_count(sim, syncs);
	if (bug_is_on(sim->options.bugs, UNSYNCED_LOG) && !must &&
	    sim->now_us < node->lazy_sync_us)
		return;
	node->lazy_sync_us =
		sim->now_us + (uint64_t)rng_between(&sim->disks, 100000, 900000);
	sim_disk_sync(&node->disk);
}

/* A voter that has just answered: the moment at which one that forgets is found out. */
static bool
crashes_at_vote(struct sim *sim, struct sim_node *node)
{
	struct protocol_status status;

	if (!node->effects.hard_state_changed || sim->ending ||
	    !(sim->options.faults & SIM_CRASH))
		return false;
	protocol_raft.status(node->protocol, &status);
	return strcmp(status.role, "follower") == 0 &&
	       rng_chance(&sim->faults, sim->options.crash_at_vote);
}

/* What follows the sync; true when that gave new effects. */
static bool
finish_iteration(struct sim *sim, struct sim_node *node)
{
	bool persisted = effects_persist(&node->effects);

	send_messages(sim, node, false);
	if (crashes_at_vote(sim, node)) {
		sim_node_crash_shortly(sim, node);
		return false;
	}
	install_snapshot(sim, node);
	vec_each (const struct protocol_entry, entry, &node->effects.apply)
		apply_entry(sim, node, entry);
	take_answers(sim, node);
	serve_reads(sim, node);
	effects_clear(&node->effects);
	if (persisted)
		step(sim, node, (struct protocol_event){.kind = PROTOCOL_PERSISTED});
	compact(sim, node);
	return effects_any(&node->effects);
}

static void
step_event(struct sim *sim, struct sim_node *node, const struct sim_event *event)
{
	if (event->kind == SIM_REQUEST) {
		take_request(sim, node, event);
		return;
	}
	if (event->kind == SIM_WAKE) {
		step(sim, node, (struct protocol_event){.kind = PROTOCOL_TICK});
		return;
	}
	sim_count(sim, delivered);
	step(sim, node,
	     (struct protocol_event){.kind = PROTOCOL_MESSAGE,
				     .from = event->from + 1,
				     .data = {event->data, event->bytes}});
}

static void
step_inbox(struct sim *sim, struct sim_node *node)
{
	vec_each (struct sim_event *, event, &node->inbox) {
		step_event(sim, node, *event);
		sim_queue_free(&sim->queue, *event);
	}
	vec_clear(&node->inbox);
	step(sim, node, (struct protocol_event){.kind = PROTOCOL_FLUSH});
}

/* Works until it waits for its disk or has nothing to do. */
static void
run(struct sim *sim, struct sim_node *node, bool synced)
{
	bool more = synced && finish_iteration(sim, node);

	for (;;) {
		if (!more && node->inbox.count == 0)
			break;
		if (!more)
			step_inbox(sim, node);
		if (begin_sync(sim, node))
			break;
		more = finish_iteration(sim, node);
	}
	if (node->protocol != NULL)
		sim_node_arm_wake(sim, node);
}

/* ---- events ---- */

static void
resume(struct sim *sim, struct sim_node *node)
{
	node->paused = false;
	if (node->protocol != NULL && !node->busy)
		run(sim, node, false);
}

static void
synced(struct sim *sim, struct sim_node *node, const struct sim_event *event)
{
	struct sim_event later = *event;

	if (event->generation != node->generation || node->protocol == NULL)
		return;
	if (node->paused) {
		sim_schedule(sim, 1000, later);
		return;
	}
	node->busy = false;
	finish_sync(sim, node);
	run(sim, node, true);
}

/* Puts the event into the inbox; false when the node cannot take it. */
static bool
take(struct sim_node *node, struct sim_event *event)
{
	if (node->protocol == NULL || node->inbox.count >= SIM_INBOX_MAX)
		return false;
	if (event->kind == SIM_WAKE && event->generation != node->generation)
		return false;
	vec_push(&node->inbox, event);
	return true;
}

void
sim_node_event(struct sim *sim, struct sim_node *node, struct sim_event *event)
{
	if (event->kind == SIM_RESTART && node->protocol == NULL)
		sim_node_start(sim, node);
	else if (event->kind == SIM_RESUME)
		resume(sim, node);
	else if (event->kind == SIM_SYNCED)
		synced(sim, node, event);
	else if (event->kind != SIM_RESTART && take(node, event)) {
		if (!node->busy && !node->paused)
			run(sim, node, false);
		return;
	}
	sim_queue_free(&sim->queue, event);
}
