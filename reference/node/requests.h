/* requests.h - commands of clients, from the question to the answer.
 *
 * A write is stamped (reference/service/session.h), proposed, and proposed again with the
 * same stamp when the protocol refuses it or loses sight of it, until it is applied here or
 * its time is over. A read asks for a read index, again when refused, and runs once that
 * index is applied. Nothing here knows sockets: the owner gives the commands and is told
 * when a reply is complete. One thread. */
#ifndef REFERENCE_NODE_REQUESTS_H
#define REFERENCE_NODE_REQUESTS_H

#include "reference/protocol/protocol.h"
#include "reference/service/session.h"

enum {
	REQUESTS_MAX = 1 << 14
}; /* open at once; more are refused */

struct request {
	void *owner;	      /* borrowed; NULL: the client has left */
	struct request *next; /* the owner's list, in the order asked */
	bool is_write, is_done;
	bool has_own_stamp; /* ONCE: the client sees STALE and EXPIRED itself */
	bool was_expired;   /* out: the session is no more; begin a new one */
	struct buf reply;   /* out: RESP, when done */

	/* The rest is private. */
	struct buf entry;		/* the stamped command */
	uint64_t tag_first, tag;	/* of its first and latest attempt */
	uint64_t deadline_ms, retry_ms; /* retry_ms: when to ask again; 0: being asked */
	uint64_t read_index;		/* run the read when this is applied */
	bool is_ready;			/* read_index is known */
	bool may_have_run;		/* some attempt may have passed unseen */
	const char *reason;		/* why the last attempt failed */
	uint32_t slot;
};

struct requests;

struct requests_calls {
	void *context;
	/* Steps the protocol with PROTOCOL_PROPOSE or PROTOCOL_READ. */
	void (*submit)(void *context, enum protocol_event_kind kind, uint64_t tag,
		       struct bytes data);
	void (*done)(void *context, struct request *request);
};

/* `start` differs at every start of the node: tags begin there. */
struct requests *requests_open(struct sessions *sessions,
			       const struct requests_calls *calls, uint64_t start,
			       uint64_t request_ms);
void requests_close(struct requests *requests);

/* A request that the owner fills itself; it is done at once. */
struct request *requests_add_done(struct requests *requests, void *owner);

/* A command; NULL when REQUESTS_MAX are open. `stamp` NULL: a read. The request may be done
 * before this returns only through requests_tick, _apply or _answer. */
struct request *requests_add(struct requests *requests, void *owner,
			     const struct session_stamp *stamp, const struct bytes *argv,
			     size_t argc, uint64_t now_ms);

/* Frees a request: a done one, or one that lost its owner (it is then freed when done). */
void requests_drop(struct requests *requests, struct request *request);

/* Applies a committed entry of the node `self`'s log to the service. */
void requests_apply(struct requests *requests, const struct protocol_entry *entry,
		    node_id self);
void requests_answer(struct requests *requests, const struct protocol_answer *answer,
		     uint64_t now_ms);
/* Everything up to `index` is applied: runs the reads that waited for it. */
void requests_applied(struct requests *requests, uint64_t index);
/* The state was replaced: commands may have run without being seen. */
void requests_state_replaced(struct requests *requests);
/* Ends what is overdue and asks again; returns when to be called next, UINT64_MAX: never. */
uint64_t requests_tick(struct requests *requests, uint64_t now_ms);

size_t requests_open_count(const struct requests *requests);

#endif
