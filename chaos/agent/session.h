/* session.h - one controller's stay on this host: requests in, replies out, and the
 * lease.
 *
 * While faults are in force and no request came for lease_ms, everything is healed. One
 * thread. */
#ifndef CHAOS_AGENT_SESSION_H
#define CHAOS_AGENT_SESSION_H

#include "chaos/agent/guardian.h"
#include "chaos/agent/lease.h"

struct session_options {
	const char *name;    /* unique on this host: names the record and the nft table */
	const char *state;   /* folder of undo records */
	const char *daemons; /* folder of daemons */
	const char *connection; /* SSH_CONNECTION of the controller, or "" */
	int lease_ms;
};

struct session {
	struct leases leases;
	struct undo undo;
	struct guardian guardian;
	bool guarded; /* the guardian lives */
	int lease_ms;
	int64_t heard_ns; /* last request */
	int lapsed;	  /* leases healed because the controller was silent */
	int replayed;	  /* leftovers of dead agents undone at the start */
	bool ended;	  /* the controller said bye */
};

/* Undoes what dead agents left, makes the record, starts the guardian. */
bool session_open(struct session *session, const struct session_options *options,
		  struct err *err);

/* Answers one line (without '\n'): appends the reply. */
void session_answer(struct session *session, const char *line, size_t bytes,
		    struct buf *out);

/* How long session_tick can wait: milliseconds, -1 for ever. */
int session_wait_ms(const struct session *session);

/* Ends leases whose time is over. */
void session_tick(struct session *session);

/* Heals everything and ends the guardian. When something could not be healed the record
 * stays, for the next agent. */
bool session_close(struct session *session, struct err *err);

#endif
