/* cluster.h - replicas and the messages between them, moved by hand.
 *
 * For tests that read as transcripts: time passes when the test says so, messages arrive
 * when it says so, links are cut by name. Every iteration of a node is complete: events,
 * flush, disk, messages, PERSISTED. */
#ifndef TESTS_REFERENCE_CLUSTER_H
#define TESTS_REFERENCE_CLUSTER_H

#include "reference/protocol/raft.h"
#include "reference/sim/sim_disk.h"

enum {
	CLUSTER_ELECTION_MS = 100,
	CLUSTER_HEARTBEAT_MS = 20
};

struct letter {
	node_id from, to;
	bool early;
	char *data; /* owned */
	size_t bytes;
};

struct member {
	struct protocol *protocol; /* NULL: down */
	struct sim_disk disk;
	struct protocol_effects effects;
	VEC(uint64_t) applied_tags; /* of entries with a command, in order */
	uint64_t applied, installs, most_messages;
	VEC(struct protocol_answer) answers;
};

struct cluster {
	size_t count;
	struct protocol_config config;
	struct member members[8]; /* by id; 0 is not used */
	VEC(struct letter) mail;
	bool cut[8][8];
	uint64_t now_ms;
};

void cluster_open(struct cluster *c, size_t count, uint64_t bugs);
void cluster_close(struct cluster *c);

/* One iteration with this event; what it sends is put in the mail. */
void cluster_step(struct cluster *c, node_id id, struct protocol_event event);

/* The same without the flush and what follows: several events share an iteration. */
void cluster_event(struct cluster *c, node_id id, struct protocol_event event);
void cluster_flush(struct cluster *c, node_id id);

void cluster_propose(struct cluster *c, node_id id, uint64_t tag);
void cluster_read(struct cluster *c, node_id id, uint64_t tag);
void cluster_compact(struct cluster *c, node_id id, const char *snapshot);

/* Delivers the mail until there is none. What crosses a cut is lost. */
void cluster_deliver(struct cluster *c);

/* Delivers only what is in the mail now. */
void cluster_deliver_once(struct cluster *c);
void cluster_drop_mail(struct cluster *c);

/* Passes time in steps of 5 ms: ticks everybody, delivers everything. */
void cluster_pass(struct cluster *c, uint64_t ms);

/* Only this node's clock moves, until it campaigns; delivers everything. */
void cluster_elect(struct cluster *c, node_id id);

void cluster_cut(struct cluster *c, node_id a, node_id b);
void cluster_isolate(struct cluster *c, node_id id);
void cluster_heal(struct cluster *c);

/* Starts from disk again, with nothing in memory. */
void cluster_restart(struct cluster *c, node_id id);

struct raft *cluster_raft(struct cluster *c, node_id id);
node_id cluster_leader(struct cluster *c); /* of the highest term; 0: none */

/* The last answer to the tag, or NULL. */
const struct protocol_answer *cluster_answer(struct cluster *c, node_id id, uint64_t tag);
bool cluster_has_applied(struct cluster *c, node_id id, uint64_t tag);

/* Hands a message to a node as if it came from `from`. */
void cluster_forge(struct cluster *c, node_id to, node_id from,
		   const struct raft_message *message);

#endif
