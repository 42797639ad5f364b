/* versions.h - a replicated store in which every value has a version, with gossip, and
 * update-if by agreement of all replicas.
 *
 * A version is [NUMBER REPLICA]: the higher number is newer, of equal ones the lower
 * replica. Operations, each with a key (the node of the operation is the replica that was
 * asked, if the history tells it):
 *
 *	write V			ok: VERSION
 *	update-if [OLD NEW]	ok: VERSION; fails when the value was not OLD ("mismatch" in
 *				the error), or when the key is "locked" by another one
 *	read			ok: [V VERSION], or nil when the key has no value
 *	final-read		the same, when all is quiet
 *
 * The model names what else is promised, or is not, as in --model atomic/volatile:
 *	volatile	replicas forget when they restart: they may go back
 *	sessionless	clients do not carry what they saw from replica to replica
 *	strict		an update-if replaces the version just before its own
 *	atomic		keys that only update-ifs change are linearizable
 *	coordinator	a write's version names the node that was asked
 * and the level how long a key may be locked after the last fault ended, as in --level 5s.
 *
 *	version-conflict    one version of a key has two values.
 *	version-reused      two acknowledged updates of a key have one version.
 *	wrong-coordinator   (coordinator) two writes of one node name two replicas, or two
 *	                    nodes name one.
 *	unwritten-version   a read saw a value that nobody had begun to write, or with a
 *	                    version other than the one that its write was told.
 *	aborted-version     a read saw what only failed updates wrote.
 *	replica-regression  a replica shows an older version than one that it showed or
 *	                    acknowledged before.
 *	version-not-newer   a replica gave an update a version that is not newer than one
 *	                    that it had shown before.
 *	session-regression  a process reads an older version than one that it saw or wrote,
 *	                    or is told one for an update that is not newer.
 *	stale-read          (atomic) a version is older than one that anybody saw before.
 *	lost-update         more update-ifs took the place of a value than it was written.
 *	update-if-mismatch  an update-if succeeded, but no version that it can have met has
 *	                    the expected value.
 *	unjustified-refusal an update-if was refused for its expected value, but the replica
 *	                    had shown that value and nothing else can have come since.
 *	stale-after-update-if
 *	                    a read misses an update-if that was acknowledged before the
 *	                    read began: all replicas had agreed to it.
 *	lost-version        a final read is older than an acknowledged update, or than what
 *	                    was seen before it.
 *	diverged            two final reads of a key differ.
 *	stuck-lock          a key was refused as locked for longer than the level says, with
 *	                    no update of it between.
 *
 * Versions order the updates of a key, so that every check is a maximum over the past:
 * O(n log n), complete for each property above. Staleness is measured for the details:
 * versions, and time, by which reads were behind acknowledged updates. */
#ifndef CHECKERS_VERSIONS_H
#define CHECKERS_VERSIONS_H

#include "checkers/checker.h"
#include "checkers/value_ids.h"

#define NO_VERSION UINT64_MAX

struct version_rules {
	bool is_volatile, is_sessionless, is_strict, is_atomic, names_coordinator;
	int64_t locked_ns_max; /* INT64_MAX: not asked */
};

bool version_rules_init(struct version_rules *rules, const struct check_options *options,
			struct err *err);

/* A value with its version, in the eyes of an operation that succeeded. */
struct shown {
	uint32_t key, op;
	uint64_t version; /* 0: the key has no value */
	val value;
	bool is_update;
};

struct store {
	const struct history *history;
	struct check_result *result;
	const struct budget *budget;
	struct version_rules rules;
	struct value_ids keys;
	uint32_t *key_of;      /* owned; by operation */
	bool *is_guarded;      /* owned; by key: no plain write that may have happened */
	int64_t locked_ns_max; /* measured */
	VEC(struct shown) shown; /* by key, version, updates first, operation */
};

bool version_is_update(const struct op *op);
bool version_is_look(const struct history *history, const struct op *op);
bool version_is_final(const struct history *history, const struct op *op);

/* What an update wants to write; what an update-if expects. */
val version_value(const struct history *history, const struct op *op);
val version_expected(const struct history *history, const struct op *op);

/* [NUMBER REPLICA] as one number in the order of age; NO_VERSION when it is none. */
uint64_t version_of(const struct values *values, val v);
uint32_t version_replica(uint64_t version);

/* What an ok operation shows, but for its key; false when it has another shape. */
bool version_show(const struct history *history, uint32_t index, struct shown *shown);

/* A refused update-if: for its value; for a lock. */
bool version_is_mismatch(const struct history *history, const struct op *op);
bool version_is_locked(const struct history *history, const struct op *op);

/* Beginnings and ends of operations that succeeded (and of those refused for a lock), in
 * order: position << 32 | operation. The caller frees. */
uint64_t *version_events(const struct history *history, bool with_refusals,
			 size_t *count);

/* When the last fault ended, 0 without faults. */
int64_t version_healed_ns(const struct history *history);

/* Reads keys and what was shown; false: an operation is none of a versioned store. */
bool store_init(struct store *store, const struct history *history);
void store_release(struct store *store);

/* The place in `shown` of the key's first version newer than this; else behind its last. */
uint32_t store_first_newer(const struct store *store, uint32_t key, uint64_t version);

void store_report(struct store *store, const char *name, uint32_t key,
		  const char *sentence, uint32_t a, uint32_t b);

/* The parts of the check. Each adds anomalies; false: the time is over. */
bool versions_judge_past(struct store *store);	  /* replicas, sessions, update-ifs */
bool versions_judge_sources(struct store *store); /* versions and their values */
bool versions_judge_updates(struct store *store); /* what update-ifs expected */
bool versions_judge_end(struct store *store);	  /* final reads, locks */

/* How far reads were behind updates that were acknowledged when they began. */
struct version_lag {
	uint64_t stale_reads, versions_max;
	int64_t ns_max;
};
void versions_measure(const struct store *store, struct version_lag *lag);

bool versions_certify(const struct history *history, const struct check_options *options,
		      const struct check_result *result, struct err *err);

extern const struct checker checker_versions;

#endif
