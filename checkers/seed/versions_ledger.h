/* versions_ledger.h - all that a history of versions says, in sorted lists and maps: what the
 * proofs of versions look answers up in. Shares the reading of operations with the decider
 * (versions.h), nothing else. Private to versions_certify.c. */
#ifndef CHECKERS_VERSIONS_LEDGER_H
#define CHECKERS_VERSIONS_LEDGER_H

#include "base/map.h"
#include "checkers/seed/past.h"
#include "checkers/seed/versions.h"

/* What is known of a value of a key. */
struct cell {
	uint32_t info_begins; /* OP_NEVER: no update of it has an unknown outcome */
	uint32_t written,
		taken; /* updates that did not fail; update-ifs that expected it */
	bool has_failed;
};

/* What is known of a version of a key. */
struct told {
	uint32_t first, update; /* operation + 1 */
};

struct ledger {
	const struct history *history;
	struct version_rules rules;
	struct value_ids keys, values, versions;
	struct map cell_of, told_of; /* key << 32 | value or version -> index + 1 */
	VEC(struct cell) cells;
	VEC(struct told) tolds;
	struct past replicas, sessions, agreed, all, acked; /* by who << 32 | key */
	struct past
		by_value; /* by key << 32 | value, at places in the order of versions */
	struct past
		unlocks; /* by key, at beginnings: when acknowledged updates were over */
	struct past refusals;	  /* by key, at ends: of refusals for a lock */
	VEC(struct shown) sorted; /* by key and version */
	uint32_t *place;	  /* owned; by operation: the first of its version */
	bool *is_guarded;	  /* owned; by key */
};

void ledger_init(struct ledger *ledger, const struct history *history,
		 const struct version_rules *rules);
void ledger_release(struct ledger *ledger);

static inline const struct op *
ledger_op(const struct ledger *ledger, uint32_t index)
{
	return &ledger->history->ops.items[index];
}

/* The number of an operation's key; what it shows, when it succeeded. */
uint32_t ledger_key(struct ledger *ledger, uint32_t index);
struct shown ledger_shown(struct ledger *ledger, uint32_t index);

/* Valid until the next of them. */
struct cell *ledger_cell(struct ledger *ledger, uint32_t key, val value);
struct told *ledger_told(struct ledger *ledger, uint32_t key, uint64_t version);

static inline uint64_t
ledger_place(uint32_t who, uint32_t what)
{
	return (uint64_t)who << 32 | what;
}

#endif
