/* session.h - a service whose commands run at most once, however often they are retried.
 *
 * PURE. After Ongaro's thesis (2014), section 6.3. Every command in the log carries a
 * stamp: which client, the client's birth, and a sequence number that grows with every
 * command of that client. The table keeps, for each client, the newest sequence number
 * and its reply, and is part of the replicated state and of its snapshots:
 *
 *	sequence newer than the newest	run it, keep the reply		SESSION_RAN
 *	the newest			not run; the kept reply		SESSION_REPEATED
 *	older				not run; an error		SESSION_STALE
 *	client unknown, born after the
 *	last eviction			run it, keep the reply		SESSION_RAN
 *	client unknown, born before	not run; an error		SESSION_EXPIRED
 *
 * The table is bounded; the client longest unused is evicted first, by the order of the
 * log and so alike on all nodes. The birth closes the hole that eviction would leave: it
 * is an index of the log that was applied when the client began, so whatever the client
 * ran has a greater index; `horizon` is the greatest index at which an evicted client ran
 * something. An unknown client with birth >= horizon therefore never ran anything, and
 * one below it may have and is refused for good.
 *
 * Who makes stamps: faultline-node gives every connection a client of its own, so that it
 * can propose a command again after PROTOCOL_UNKNOWN. A client that wants to retry over
 * several nodes stamps its commands itself:
 *
 *	SESSION				-> "BIRTH:NAME", a fresh client
 *	ONCE BIRTH:NAME SEQUENCE COMMAND ARGUMENT...
 */
#ifndef REFERENCE_SERVICE_SESSION_H
#define REFERENCE_SERVICE_SESSION_H

#include "reference/service/service.h"

enum {
	SESSION_CLIENT_BYTES_MAX = 64,
	SESSIONS_MAX = 4096,
	SESSIONS_BYTES_MAX = 64 << 20, /* of kept replies */
};

struct session_stamp {
	struct bytes client; /* unique for ever; at most SESSION_CLIENT_BYTES_MAX */
	uint64_t birth;	     /* an index that was applied when the client began */
	uint64_t sequence;   /* grows from command to command; gaps are fine */
};

enum session_outcome {
	SESSION_RAN = 1,
	SESSION_REPEATED,
	SESSION_STALE,
	SESSION_EXPIRED,
	SESSION_GARBAGE, /* the entry is not a stamped command */
};

/* A stamped command as the bytes of a log entry, and back. `argv` has room for
 * RESP_ARGS_MAX; everything decoded points into `entry`. */
void session_entry_encode(const struct session_stamp *stamp, const struct bytes *argv,
			  size_t argc, struct buf *out);
bool session_entry_decode(struct bytes entry, struct session_stamp *stamp,
			  struct bytes *argv, size_t *argc);

/* Reads the first three words of ONCE; the command itself is argv + 3. False with the
 * reason as one line when they are no stamp. */
bool session_once_parse(const struct bytes *argv, size_t argc,
			struct session_stamp *stamp, struct err *err);

/* A service with its table of sessions. */
struct sessions;

/* `run_repeats` plants the bug retry-applied-twice: a repeated command runs again. */
struct sessions *sessions_open(const struct service_kind *kind, bool run_repeats);
void sessions_close(struct sessions *s);

/* Applies the committed entry at `index` (greater than all before) and appends the reply:
 * for stale and expired ones an error whose first word is STALE or EXPIRED. */
enum session_outcome sessions_apply(struct sessions *s, uint64_t index,
				    struct bytes entry, struct buf *reply);

/* Runs a command that is no write: no stamp, no log. */
void sessions_read(struct sessions *s, const struct bytes *argv, size_t argc,
		   struct buf *reply);

void sessions_snapshot(const struct sessions *s, struct buf *out);
bool sessions_restore(struct sessions *s, struct bytes snapshot, struct err *err);

/* Hash of service and table, and of the service alone. */
uint64_t sessions_hash(const struct sessions *s);
uint64_t sessions_service_hash(const struct sessions *s);
size_t sessions_count(const struct sessions *s);

#endif
