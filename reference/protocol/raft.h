/* raft.h - Raft (Ongaro and Ousterhout, "In Search of an Understandable Consensus
 * Algorithm", 2014; pre-vote, check-quorum and read index from Ongaro's thesis, 2014) as
 * one replica's state and the functions over it. Private to reference/protocol/raft*.c;
 * everybody else uses protocol_raft of protocol.h.
 *
 * Safety rests on no clock: time only starts elections and makes leaders that hear nobody
 * step down. During a step `out` is the caller's effects, else NULL. Every queue is
 * bounded below; what does not fit is refused (PROTOCOL_REFUSED) or left to a retry.
 *
 * Departures from the paper:
 * - a follower whose log conflicts at or below its commit index cannot exist; such
 * entries in an append are skipped unread, so that no message can undo what was
 * committed;
 * - an append's log matching check is skipped below the commit index for the same reason.
 */
#ifndef REFERENCE_PROTOCOL_RAFT_H
#define REFERENCE_PROTOCOL_RAFT_H

#include "base/rng.h"
#include "reference/protocol/raft_codec.h"
#include "reference/protocol/raft_log.h"

enum {
	RAFT_FLIGHT_MAX = 256,	    /* bound on config.append_in_flight_max */
	RAFT_PROPOSALS_MAX = 65536, /* open proposals of this node */
	RAFT_READS_MAX = 65536,	    /* open reads of this node */
	RAFT_QUESTIONS_MAX = 4096,  /* read questions that a leader holds */
	RAFT_TAIL_MAX = 16384, /* entries kept behind a snapshot for slow followers */
	RAFT_PATIENCE = 3,     /* proposals and reads end after this many election_ms */
};

#define RAFT_SNAPSHOT_BYTES_MAX ((uint64_t)1 << 30)

enum raft_role {
	RAFT_FOLLOWER = 1,
	RAFT_PRE_CANDIDATE,
	RAFT_CANDIDATE,
	RAFT_LEADER
};

/* How a leader feeds a follower. */
enum raft_progress {
	RAFT_PROBING = 1, /* one append at a time until one matches */
	RAFT_PIPELINING,  /* appends sent ahead of their answers */
	RAFT_SENDING_SNAPSHOT,
};

/* What is known of each node; of the replica itself only `id`, `match` and `granted`. */
struct raft_peer {
	node_id id;
	bool granted; /* voted for us in this campaign */
	enum raft_progress progress;
	bool waiting;	      /* for the one answer while probing or sending chunks */
	uint64_t match, next; /* match: known to be durable there; next to send */
	uint64_t heard_ms;    /* its last answer in this term */
	uint64_t round;	      /* newest heartbeat round that it answered */
	uint64_t round_sent, commit_sent;
	uint64_t flight[RAFT_FLIGHT_MAX]; /* last index of each unanswered append, a ring
					   */
	uint32_t flight_head, flight_count;
	struct raft_snapshot *snapshot; /* shared; while sending a snapshot */
	uint64_t offset;		/* of the chunk to send */
};

struct raft_proposal {
	uint64_t tag, deadline_ms;
	bool done;
};

/* A read of this node; reads asked with one question form a run. */
struct raft_read {
	uint64_t tag, deadline_ms;
	uint64_t question; /* 0: not asked yet */
};

/* A read question at the leader; round 0: no heartbeat round was started for it yet. */
struct raft_question {
	node_id from;
	uint64_t question, index, round;
};

/* A snapshot that arrives in chunks. */
struct raft_incoming {
	node_id from;
	uint64_t leader_term, index, term, total;
	struct buf data;
};

struct raft {
	struct protocol_config config;
	struct protocol_effects *out;
	struct rng rng;
	uint64_t now_ms;
	bool started; /* the first event came */

	uint64_t term;
	node_id vote;
	struct raft_log log;
	struct raft_snapshot *snapshot; /* newest; NULL: none */
	uint64_t persisted;		/* the log up to here is on disk */
	uint64_t commit, applied;	/* applied: handed out to the caller */

	enum raft_role role;
	node_id leader; /* 0: unknown */
	uint64_t leader_heard_ms, election_deadline_ms;
	uint64_t heartbeat_deadline_ms; /* of a leader, or to ask for votes again */
	size_t quorum;
	struct raft_peer peers[PROTOCOL_NODES_MAX]; /* config.node_count of them */
	struct raft_peer *self;			    /* into peers */

	VEC(struct raft_proposal) proposals; /* by deadline, from proposal_head on */
	size_t proposal_head;
	VEC(struct raft_read) reads; /* by deadline */
	uint64_t question;	     /* the newest asked; 0: none is open */
	uint64_t question_next, question_asked_ms;
	VEC(struct raft_question) questions; /* leader's, by round, round 0 last */
	uint64_t round;			     /* newest heartbeat round started */
	struct raft_incoming incoming;
};

/* raft.c: roles and what all parts use */
void raft_become_follower(struct raft *raft, uint64_t term, node_id leader);
void raft_become_leader(struct raft *raft);
void raft_hard_state_changed(struct raft *raft);
void raft_set_election_deadline(struct raft *raft);
struct raft_peer *raft_peer(struct raft *raft, node_id id);
void raft_send(struct raft *raft, node_id to, const struct raft_message *message);
void raft_queue_message(struct raft *raft, node_id to, bool early, size_t start);
void raft_answer(struct raft *raft, enum protocol_answer_kind kind, uint64_t tag,
		 uint64_t index, const char *reason);
void raft_append_entry(struct raft *raft, const struct protocol_entry *entry);
void raft_cut(struct raft *raft, uint64_t index);

/* raft_vote.c: elections */
void raft_campaign(struct raft *raft);
void raft_ask_for_votes(struct raft *raft);
void raft_on_pre_vote(struct raft *raft, node_id from, const struct raft_message *m);
void raft_on_pre_vote_answer(struct raft *raft, node_id from,
			     const struct raft_message *m);
void raft_on_vote(struct raft *raft, node_id from, const struct raft_message *m);
void raft_on_vote_answer(struct raft *raft, node_id from, const struct raft_message *m);
bool raft_hears_leader(const struct raft *raft);

/* raft_append.c: replication, both sides, and the commit rule */
void raft_reset_progress(struct raft *raft);
void raft_heartbeat(struct raft *raft);
bool raft_hears_quorum(const struct raft *raft);
void raft_replicate(struct raft *raft);
void raft_maybe_commit(struct raft *raft);
void raft_heard(struct raft *raft, struct raft_peer *peer, uint64_t round);
void raft_matched(struct raft *raft, struct raft_peer *peer, uint64_t index);
void raft_on_append(struct raft *raft, node_id from, const struct raft_message *m);
void raft_on_append_answer(struct raft *raft, node_id from, const struct raft_message *m);

/* raft_propose.c: from a caller's command to an entry, and what became of it */
void raft_propose(struct raft *raft, uint64_t tag, struct bytes data);
void raft_proposal_applied(struct raft *raft, uint64_t tag);
void raft_expire_proposals(struct raft *raft);
void raft_on_forward(struct raft *raft, node_id from, const struct raft_message *m);
void raft_on_forward_refused(struct raft *raft, const struct raft_message *m);

/* raft_read.c: linearizable reads */
void raft_read(struct raft *raft, uint64_t tag);
void raft_ask(struct raft *raft);
void raft_forget_question(struct raft *raft);
void raft_expire_reads(struct raft *raft);
void raft_start_round(struct raft *raft);
void raft_finish_rounds(struct raft *raft);
void raft_on_read(struct raft *raft, node_id from, const struct raft_message *m);
void raft_on_read_answer(struct raft *raft, const struct raft_message *m);

/* raft_snapshot.c: compaction and transfer */
void raft_compact(struct raft *raft, uint64_t index, struct bytes data);
void raft_begin_snapshot(struct raft *raft, struct raft_peer *peer);
void raft_end_snapshot(struct raft *raft, struct raft_peer *peer);
void raft_send_chunk(struct raft *raft, struct raft_peer *peer);
void raft_on_snapshot(struct raft *raft, node_id from, const struct raft_message *m);
void raft_on_snapshot_answer(struct raft *raft, node_id from,
			     const struct raft_message *m);

/* raft_open.c: opening from disk, closing, checking */
struct protocol *raft_open(const struct protocol_config *config,
			   const struct protocol_disk *disk, struct err *err);
void raft_close(struct protocol *p);
void raft_check(const struct protocol *p);

#define raft_field(m, name) ((m)->field[RAFT_FIELD_##name])

#endif
