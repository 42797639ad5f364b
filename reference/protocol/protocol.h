/* protocol.h - a replication protocol as a pure function: an event in, effects out.
 *
 * PURE: no clock, no I/O, no random numbers but a seeded word of its state. The caller
 * (reference/node, or reference/sim under virtual time) owns sockets, disk and time.
 *
 * One iteration of the caller:
 *	1. step for each event that arrived, then step(PROTOCOL_FLUSH): what was gathered
 *	   from the events leaves as few, large messages
 *	2. messages marked `early` may leave now
 *	3. persist effects: hard state, an installed snapshot, truncation, appended
 *	   entries; one sync for all of them
 *	4. only then send the other messages
 *	5. apply the committed entries to the service; answer clients
 *	6. effects_clear; if anything was persisted, step(PROTOCOL_PERSISTED): commit may
 *	   advance. When that had effects, go on at 2
 * Effects pile up over the steps of one iteration; effects_clear empties them.
 *
 * What the protocol forgets at a restart its peers may still send: the tags of proposals
 * and reads and the seed in the configuration must be others after every start of a node.
 *
 * Messages are bytes: the protocol encodes and decodes its own, and refuses garbage. They
 * may be lost, repeated, delayed and overtake each other. A command may reach the log
 * twice when the message that forwards it is repeated: sessions (reference/service) see to
 * that. */
#ifndef REFERENCE_PROTOCOL_PROTOCOL_H
#define REFERENCE_PROTOCOL_PROTOCOL_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

typedef uint32_t node_id; /* 1..; 0 is nobody */

enum {
	PROTOCOL_NODES_MAX = 31
};

enum protocol_event_kind {
	PROTOCOL_TICK = 1,  /* time passed: now_ms */
	PROTOCOL_MESSAGE,   /* from, data */
	PROTOCOL_PROPOSE,   /* tag, data: a command for the log */
	PROTOCOL_READ,	    /* tag: when may a linearizable read be served here? */
	PROTOCOL_PERSISTED, /* all effects handed out so far are on disk */
	PROTOCOL_COMPACT, /* index, data: the service's snapshot as of the applied index,
			     which is on disk already: the log up to it may go */
	PROTOCOL_FLUSH,	  /* no more events in this iteration */
};

struct protocol_event {
	enum protocol_event_kind kind;
	uint64_t now_ms; /* every event carries the time; it never goes back */
	node_id from;
	uint64_t tag; /* the caller's name for a proposal or read; never used twice */
	uint64_t index;
	struct bytes data; /* borrowed for the call */
};

/* One entry of the log. */
struct protocol_entry {
	uint64_t index, term;
	node_id origin;	   /* where it was proposed; 0: the protocol's own (no command) */
	uint64_t tag;	   /* the proposer's tag there */
	struct bytes data; /* in the protocol's log or `retired`: until effects_clear */
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

/* What the caller must do, in the order of the fields. A proposal is answered by its
 * entry in `apply` (origin is this node) or by an answer below, never by both, unless the
 * answer was PROTOCOL_UNKNOWN: then its entry may still come. */
struct protocol_effects {
	bool hard_state_changed; /* persist `term` and `vote` */
	uint64_t term;
	node_id vote;
	bool snapshot_installed; /* replace the whole log and the service by this */
	uint64_t snapshot_index, snapshot_term;
	struct bytes snapshot;
	uint64_t truncate_from; /* remove the entries from this index on; 0: none */
	VEC(struct protocol_entry) append; /* then add these */
	VEC(struct protocol_message) messages;
	VEC(struct protocol_entry) apply; /* committed, ascending */
	VEC(struct protocol_answer) answers;
	struct buf memory;   /* bytes of the messages */
	VEC(void *) retired; /* memory that the fields above may still point at */
};

/* Whether something must be written and synced. */
bool effects_persist(const struct protocol_effects *effects);

/* Whether there is anything at all to do. */
bool effects_any(const struct protocol_effects *effects);

void effects_clear(struct protocol_effects *effects);
void effects_release(struct protocol_effects *effects);

/* What was on disk at start. Everything is borrowed for the call of init. */
struct protocol_disk {
	uint64_t term;
	node_id vote;
	uint64_t snapshot_index, snapshot_term;
	struct bytes snapshot;
	const struct protocol_entry *entries; /* from snapshot_index + 1 on, no gaps */
	size_t entry_count;
};

struct protocol_config {
	node_id self;
	node_id nodes[PROTOCOL_NODES_MAX];
	size_t node_count;
	uint64_t seed;	      /* another one at every start */
	uint32_t election_ms; /* least election timeout; drawn from [e, 2e) */
	uint32_t heartbeat_ms;
	uint32_t append_bytes_max;     /* of entries in one message */
	uint32_t append_in_flight_max; /* unanswered append messages a follower */
	uint32_t log_bytes_max; /* proposals are refused above it until compaction */
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
	/* The moment of the next PROTOCOL_TICK that does something; 0 before the first
	 * event. */
	uint64_t (*deadline_ms)(const struct protocol *p);
	void (*status)(const struct protocol *p, struct protocol_status *status);
	/* Looks at one entry of the log, for checks; false when it is not there. */
	bool (*entry)(const struct protocol *p, uint64_t index,
		      struct protocol_entry *entry);
	/* Asserts every invariant of one replica. */
	void (*check)(const struct protocol *p);
	void (*close)(struct protocol *p);
};

extern const struct protocol_kind protocol_raft;

/* Planted bugs: BUG_NONE, then one for each line of bugs.def. */
enum bug {
	BUG_NONE = 0,
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
