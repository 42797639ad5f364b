/* log.h - linearizability of one log with offsets; each key a log of its own.
 *
 * Operations: append V or send V (result: its offset, a number); read OFFSET (result: the
 * value there; nil: nothing was there yet). Offsets increase with every append and may
 * leave gaps. What failed did not happen. An append of unknown outcome counts where its
 * value was read at an offset that no acknowledged append has.
 *
 * With offsets known everything is forced: appends stand in the order of offsets, a read
 * after the append that it saw, a read of nothing before the append at its offset. One
 * pass propagates the earliest moment of each (O(n log n), complete); where appends of
 * unknown outcome wrote one value more than once, the frontier engine decides.
 *
 *	offset-conflict    One offset with two values, or given to two appends.
 *	                   append 1 -> 0 | append 2 -> 0
 *	never-appended     A value was read that nobody appended.
 *	                   read 0 -> 7
 *	offset-went-back   An append that began later got the smaller offset.
 *	                   append 1 -> 5 | append 2 -> 4
 *	not-yet-appended   A value was read before its append, or one after it, began.
 *	                   read 0 -> 1 | append 1 -> 0
 *	lost-append        Nothing was read at or after the append was certainly in.
 *	                   append 1 -> 0 | read 0 -> nil
 *	not-linearizable   No order exists, for another reason. */
#ifndef CHECKERS_LOG_H
#define CHECKERS_LOG_H

#include "checkers/engine/linearizable.h"

/* What an operation that did not fail says. */
struct logged {
	bool appends, is_known; /* an append of unknown outcome knows no offset */
	int64_t offset;
	val value; /* nil: nothing was there */
};

/* False when it says nothing. */
bool log_of(const struct history *history, const struct op *op, struct logged *logged);

/* All offsets that hold something, ascending, with what they hold. */
struct log_entry {
	int64_t offset;
	val value;
	uint32_t append; /* index in the key; LOG_NOBODY: of unknown outcome, or none */
	uint32_t teller; /* index in the key */
	bool is_contradicted;
};
struct log_entries {
	struct log_entry *items; /* a vec */
	size_t count, capacity;
};
#define LOG_NOBODY UINT32_MAX

void log_entries_init(struct log_entries *entries, const struct key_ops *key);
/* Where the offset is, or would be. */
size_t log_entries_find(const struct log_entries *entries, int64_t offset);

void log_decide(const struct key_ops *key, const struct check_options *options,
		struct linearizable_key *found);

extern const struct checker checker_log;
extern const struct model model_log;

#endif
