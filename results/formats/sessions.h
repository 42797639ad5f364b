/* sessions.h - makes a history out of transactions that a file tells session by session.
 *
 * The formats of the isolation checkers (dbcop, Plume, AWDIT, Cobra) say what each session
 * did one after the other, and nothing about time between sessions
 * (results/formats/rounds.h). One thread. O(transactions + micro-operations). */
#ifndef RESULTS_SESSIONS_H
#define RESULTS_SESSIONS_H

#include "base/history.h"
#include "results/formats/scan.h"

struct session_txn {
	uint32_t session;
	bool is_aborted, is_unknown; /* neither: committed */
};

struct session_mop {
	uint32_t txn;
	bool is_write;
	val key, value;
};

struct sessions {
	struct history *history; /* borrowed */
	size_t bytes_max;	 /* bound on what stands here; 0: none */
	val missing; /* a value that a read shows where nothing was written: becomes nil.
			nil: there is none */
	VEC(struct session_txn) txns;
	VEC(struct session_mop) mops; /* in any order */
};

void sessions_init(struct sessions *sessions, struct history *history, size_t bytes_max);
void sessions_release(struct sessions *sessions);

/* The next transaction of a session; returns its number. */
uint32_t sessions_begin(struct sessions *sessions, uint32_t session);

/* One more micro-operation of a transaction, any that began. False when memory is up. */
bool sessions_add(struct sessions *sessions, const struct session_mop *mop);

/* Puts all transactions into the history: ok, fail or info. Call once. Returns
 * their number. */
size_t sessions_finish(struct sessions *sessions);

/* Reads an integer, "expected WHAT" otherwise. */
bool sessions_number(struct scan *scan, const char *what, val *number);

#endif
