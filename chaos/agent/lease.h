/* lease.h - the faults in force on this host, each under the number of its lease.
 *
 * Undo records come first, then the deed, then its proof. Functions append what they
 * found as NAME=VALUE words (protocol.h says which). One thread. */
#ifndef CHAOS_AGENT_LEASE_H
#define CHAOS_AGENT_LEASE_H

#include "chaos/agent/cut.h"
#include "chaos/agent/process.h"
#include "chaos/agent/protocol.h"
#include "chaos/agent/undo.h"

enum {
	LEASES_MAX = 64
};

struct lease {
	uint64_t id;
	enum verb kind;			/* VERB_CUT, VERB_PAUSE, VERB_KILL */
	int64_t since_ns;		/* proven to be in force since */
	struct cut_addresses addresses; /* owned; cut */
	char daemon[65];		/* pause, kill */
	struct processes tree;		/* owned; pause, kill */
	int64_t cpu_ms;			/* pause: used before */
};

struct leases {
	VEC(struct lease) of;
	struct cut_table table;
	struct undo *undo;   /* borrowed */
	const char *daemons; /* borrowed: the folder with DAEMON/pid and DAEMON/start */
};

void leases_release(struct leases *leases);

bool leases_cut(struct leases *leases, const struct request *request, struct buf *values,
		struct err *err);
bool leases_counts(struct leases *leases, const struct request *request,
		   struct buf *values, struct err *err);
bool leases_pause(struct leases *leases, const struct request *request,
		  struct buf *values, struct err *err);
bool leases_kill(struct leases *leases, const struct request *request, struct buf *values,
		 struct err *err);
bool leases_heal(struct leases *leases, const struct request *request, struct buf *values,
		 struct err *err);

/* Heals everything, the newest first, going on after failures; gives the first error. */
bool leases_heal_all(struct leases *leases, int *healed, struct err *err);

/* Renews what the kernel would let lapse. */
bool leases_renew(struct leases *leases, struct err *err);

#endif
