#include "tests/reference/cluster.h"

#include "base/assert.h"

#include <string.h>

void
cluster_event(struct cluster *c, node_id id, struct protocol_event event)
{
	struct member *m = &c->members[id];

	event.now_ms = c->now_ms;
	protocol_raft.step(m->protocol, &event, &m->effects);
	protocol_raft.check(m->protocol);
}

static void
start(struct cluster *c, node_id id)
{
	struct protocol_config config = c->config;
	struct sim_disk_view view;
	struct err err;

	config.self = id;
	config.seed = id * 1000 + c->now_ms;
	sim_disk_read(&c->members[id].disk, &view);
	c->members[id].protocol = protocol_raft.open(&config, &view.disk, &err);
	ASSERT(c->members[id].protocol != NULL);
	sim_disk_view_release(&view);
	c->members[id].applied = c->members[id].disk.snapshot_index;
	cluster_event(c, id, (struct protocol_event){.kind = PROTOCOL_TICK});
}

void
cluster_open(struct cluster *c, size_t count, uint64_t bugs)
{
	*c = (struct cluster){.count = count, .now_ms = 1000};
	c->config = (struct protocol_config){
		.node_count = count,
		.election_ms = CLUSTER_ELECTION_MS,
		.heartbeat_ms = CLUSTER_HEARTBEAT_MS,
		.append_bytes_max = 1000,
		.append_in_flight_max = 4,
		.log_bytes_max = 4000,
		.snapshot_chunk_bytes = 10,
		.bugs = bugs,
	};
	for (node_id id = 1; id <= count; id++)
		c->config.nodes[id - 1] = id;
	for (node_id id = 1; id <= count; id++)
		start(c, id);
}

void
cluster_close(struct cluster *c)
{
	cluster_drop_mail(c);
	vec_release(&c->mail);
	for (node_id id = 1; id <= c->count; id++) {
		struct member *m = &c->members[id];
		protocol_raft.close(m->protocol);
		sim_disk_release(&m->disk);
		effects_release(&m->effects);
		vec_release(&m->applied_tags);
		vec_release(&m->answers);
	}
}

static void
post(struct cluster *c, node_id id)
{
	struct member *m = &c->members[id];

	if (m->effects.messages.count > m->most_messages)
		m->most_messages = m->effects.messages.count;
	vec_each (struct protocol_message, message, &m->effects.messages) {
		struct letter letter = {
			.from = id,
			.to = message->to,
			.early = message->early,
			.data = mem_bytes(m->effects.memory.data + message->start,
					  message->bytes),
			.bytes = message->bytes,
		};
		vec_push(&c->mail, letter);
	}
}

static void
apply(struct member *m)
{
	if (m->effects.snapshot_installed) {
		m->applied = m->effects.snapshot_index;
		m->installs++;
	}
	vec_each (struct protocol_entry, entry, &m->effects.apply) {
		ASSERT(entry->index == m->applied + 1);
		m->applied = entry->index;
		if (entry->origin != 0)
			vec_push(&m->applied_tags, entry->tag);
	}
	vec_each (struct protocol_answer, answer, &m->effects.answers)
		vec_push(&m->answers, *answer);
}

void
cluster_flush(struct cluster *c, node_id id)
{
	struct member *m = &c->members[id];

	cluster_event(c, id, (struct protocol_event){.kind = PROTOCOL_FLUSH});
	while (effects_any(&m->effects)) {
		bool persist = effects_persist(&m->effects);
		sim_disk_write(&m->disk, &m->effects);
		sim_disk_sync(&m->disk);
		post(c, id);
		apply(m);
		effects_clear(&m->effects);
		if (persist)
			cluster_event(
				c, id,
				(struct protocol_event){.kind = PROTOCOL_PERSISTED});
	}
}

void
cluster_step(struct cluster *c, node_id id, struct protocol_event event)
{
	cluster_event(c, id, event);
	cluster_flush(c, id);
}

void
cluster_propose(struct cluster *c, node_id id, uint64_t tag)
{
	cluster_step(c, id,
		     (struct protocol_event){.kind = PROTOCOL_PROPOSE,
					     .tag = tag,
					     .data = {"command", 7}});
}

void
cluster_read(struct cluster *c, node_id id, uint64_t tag)
{
	cluster_step(c, id, (struct protocol_event){.kind = PROTOCOL_READ, .tag = tag});
}

void
cluster_compact(struct cluster *c, node_id id, const char *snapshot)
{
	struct bytes data = {snapshot, strlen(snapshot)};
	struct member *m = &c->members[id];
	uint64_t term = 0;

	ASSERT(raft_log_term(&cluster_raft(c, id)->log, m->applied, &term));
	sim_disk_compact(&m->disk, m->applied, term, data);
	sim_disk_sync(&m->disk);
	cluster_step(c, id,
		     (struct protocol_event){.kind = PROTOCOL_COMPACT,
					     .index = m->applied,
					     .data = data});
}

static void
deliver(struct cluster *c, const struct letter *letter)
{
	if (!c->cut[letter->from][letter->to])
		cluster_step(
			c, letter->to,
			(struct protocol_event){.kind = PROTOCOL_MESSAGE,
						.from = letter->from,
						.data = {letter->data, letter->bytes}});
	free(letter->data);
}

static void
deliver_first(struct cluster *c, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct letter letter = c->mail.items[i];
		deliver(c, &letter);
	}
	c->mail.count -= count;
	if (count > 0 && c->mail.count > 0)
		memmove(c->mail.items, c->mail.items + count,
			c->mail.count * sizeof(*c->mail.items));
}

void
cluster_deliver_once(struct cluster *c)
{
	deliver_first(c, c->mail.count);
}

void
cluster_deliver(struct cluster *c)
{
	while (c->mail.count > 0)
		deliver_first(c, c->mail.count);
}

void
cluster_drop_mail(struct cluster *c)
{
	vec_each (struct letter, letter, &c->mail)
		free(letter->data);
	vec_clear(&c->mail);
}

static void
tick(struct cluster *c, node_id id)
{
	cluster_step(c, id, (struct protocol_event){.kind = PROTOCOL_TICK});
}

void
cluster_pass(struct cluster *c, uint64_t ms)
{
	for (uint64_t passed = 0; passed < ms; passed += 5) {
		c->now_ms += 5;
		for (node_id id = 1; id <= c->count; id++)
			tick(c, id);
		cluster_deliver(c);
	}
}

void
cluster_elect(struct cluster *c, node_id id)
{
	c->now_ms += 2 * CLUSTER_ELECTION_MS;
	tick(c, id);
	cluster_deliver(c);
}

void
cluster_cut(struct cluster *c, node_id a, node_id b)
{
	c->cut[a][b] = c->cut[b][a] = true;
}

void
cluster_isolate(struct cluster *c, node_id id)
{
	for (node_id other = 1; other <= c->count; other++)
		if (other != id)
			cluster_cut(c, id, other);
}

void
cluster_heal(struct cluster *c)
{
	memset(c->cut, 0, sizeof(c->cut));
}

void
cluster_restart(struct cluster *c, node_id id)
{
	protocol_raft.close(c->members[id].protocol);
	effects_clear(&c->members[id].effects);
	start(c, id);
}

struct raft *
cluster_raft(struct cluster *c, node_id id)
{
	return (struct raft *)c->members[id].protocol;
}

node_id
cluster_leader(struct cluster *c)
{
	node_id leader = 0;

	for (node_id id = 1; id <= c->count; id++)
		if (cluster_raft(c, id)->role == RAFT_LEADER &&
		    (leader == 0 ||
		     cluster_raft(c, id)->term > cluster_raft(c, leader)->term))
			leader = id;
	return leader;
}

const struct protocol_answer *
cluster_answer(struct cluster *c, node_id id, uint64_t tag)
{
	const struct protocol_answer *found = NULL;

	vec_each (struct protocol_answer, answer, &c->members[id].answers)
		if (answer->tag == tag)
			found = answer;
	return found;
}

bool
cluster_has_applied(struct cluster *c, node_id id, uint64_t tag)
{
	vec_each (uint64_t, applied, &c->members[id].applied_tags)
		if (*applied == tag)
			return true;
	return false;
}

void
cluster_forge(struct cluster *c, node_id to, node_id from,
	      const struct raft_message *message)
{
	struct buf bytes = {0};
	size_t start_at = raft_encode_begin(&bytes, message);

	raft_encode_end(&bytes, start_at, message);
	cluster_step(c, to,
		     (struct protocol_event){.kind = PROTOCOL_MESSAGE,
					     .from = from,
					     .data = buf_bytes(&bytes)});
	buf_release(&bytes);
}
