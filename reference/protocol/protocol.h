/* protocol.h - a replication protocol as a pure function: an event in, effects out.
 *
 * PURE: no clock, no I/O, no random numbers but a seeded word of its state. The caller
 * (reference/node, or reference/sim under virtual time) owns sockets, disk and time.
 *
 * One iteration of the caller:
 *	1. for each event that arrived: protocol_step(p, &event, &effects)
 *	2. persist effects: hard state, truncation, appended entries, an installed snapshot;
 *	   one sync for all of them
 *	3. only then send the messages
 *	4. protocol_step(PROTOCOL_PERSISTED): more effects (commit may advance), to 2 or on
 *	5. apply the committed entries to the service, answer clients
 * Effects pile up over the steps of one iteration; effects_clear empties them.
 * A message marked `early` may be sent before the sync (a leader's append).
 *
 * Messages are bytes: the protocol encodes and decodes its own, and refuses garbage. */
#ifndef REFERENCE_PROTOCOL_PROTOCOL_H
#define REFERENCE_PROTOCOL_PROTOCOL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t node_id; /* 1..; 0 is nobody */

enum { PROTOCOL_NODES_MAX = 31 };

enum protocol_event_kind {
	PROTOCOL_TICK = 1,	/* time passed: now_ms */
	PROTOCOL_MESSAGE,	/* from, data */
	PROTOCOL_PROPOSE,	/* tag, data: a command for the log */
	PROTOCOL_READ,		/* tag: when may a linearizable read be served here? */
	PROTOCOL_PERSISTED,	/* all effects handed out so far are on disk */
	PROTOCOL_COMPACT,	/* index, data: the service's snapshot as of the applied index */
};

struct protocol_event {
	enum protocol_event_kind kind;
	uint64_t now_ms; /* every event carries the time; it never goes back */
	node_id from;
	uint64_t tag;	 /* the caller's name for a proposal or read; unique while open */
	uint64_t index;
	struct bytes data; /* borrowed for the call */
};

/* One entry of the log. */
struct protocol_entry {
	uint64_t index, term;
	node_id origin;	 /* where it was proposed; 0: the protocol's own (no command) */
	uint64_t tag;	 /* the proposer's tag there */
	struct bytes data; /* in `effects->memory` or the protocol's log: until effects_clear */
};

struct protocol_message {
	node_id to;
	bool early;	     /* may leave before the sync */
	size_t start, bytes; /* where in effects->memory */
};

enum protocol_answer_kind {
	PROTOCOL_READ_READY = 1, /* serve the read once `index` is applied */
	PROTOCOL_REFUSED,	 /* the proposal or read certainly did nothing */
	PROTOCOL_UNKNOWN,	 /* the proposal may or may not be committed later */
};

struct protocol_answer {
	enum protocol_answer_kind kind;
	uint64_t tag, index;
	const char *reason; /* static text, e.g. "no leader" */
};

/* What the caller must do, in the order of the fields. */
struct protocol_effects {
	bool hard_state_changed; /* persist `term` and `vote` */
	uint64_t term;
	node_id vote;
	uint64_t truncate_from; /* remove the entries from this index on; 0: none */
	VEC(struct protocol_entry) append; /* then add these */
	bool snapshot_installed; /* replace log and service by this */
	uint64_t snapshot_index, snapshot_term;
	struct bytes snapshot;
	VEC(struct protocol_message) messages;
	VEC(struct protocol_entry) apply; /* committed, ascending */
	VEC(struct protocol_answer) answers;
	struct buf memory; /* of messages and entry data; cleared with the effects */
};

void effects_clear(struct protocol_effects *effects);
void effects_release(struct protocol_effects *effects);

/* What was on disk at start. Everything is borrowed for the call of init. */
struct protocol_disk {
	uint64_t term;
	node_id vote;
	uint64_t snapshot_index, snapshot_term;
	struct bytes snapshot;
	const struct protocol_entry *entries; /* from snapshot_index + 1 on */
	size_t entry_count;
};

struct protocol_config {
	node_id self;
	node_id nodes[PROTOCOL_NODES_MAX];
	size_t node_count;
	uint64_t seed;
	uint32_t election_ms; /* least election timeout; drawn from [e, 2e) */
	uint32_t heartbeat_ms;
	uint32_t append_bytes_max;   /* of entries in one message */
	uint32_t append_in_flight_max; /* unanswered append messages a follower */
	uint32_t log_bytes_max;	     /* proposals are refused above it until compaction */
	uint32_t snapshot_chunk_bytes;
	uint64_t bugs; /* set of planted bugs, bit BUG_x; 0 in every honest run */
};

/* What INFO and the console show. */
struct protocol_status {
	const char *role; /* "leader", "follower", "candidate", ... */
	node_id leader;	  /* 0: unknown */
	uint64_t term, commit, applied, first, last; /* log indexes */
};

struct protocol; /* one replica's state */

struct protocol_kind {
	const char *name, *summary;
	/* Makes a replica from its configuration and its disk; NULL with the reason. */
	struct protocol *(*open)(const struct protocol_config *config,
				 const struct protocol_disk *disk, struct err *err);
	void (*step)(struct protocol *p, const struct protocol_event *event,
		     struct protocol_effects *effects);
	/* The moment of the next PROTOCOL_TICK that does something. */
	uint64_t (*deadline_ms)(const struct protocol *p);
	void (*status)(const struct protocol *p, struct protocol_status *status);
	/* Asserts every invariant of one replica. */
	void (*check)(const struct protocol *p);
	void (*close)(struct protocol *p);
};

extern const struct protocol_kind protocol_raft;

/* Planted bugs: BUG_NONE, then one for each line of bugs.def. */
enum bug {
#define BUG(id, name, where, anomaly, story) BUG_##id,
#include "reference/protocol/bugs.def"
#undef BUG
	BUG_COUNT
};

struct bug_row {
	const char *name, *where, *anomaly, *story;
};
extern const struct bug_row bug_table[BUG_COUNT];

/* The bit of a bug's name in protocol_config.bugs; 0 when there is no such name. */
uint64_t bug_bit(const char *name);

#define bug_is_on(bugs, id) (((bugs) >> BUG_##id & 1) != 0)

#endif
