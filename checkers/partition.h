/* partition.h - a history cut by key: linearizability is local, so each key is judged
 * alone.
 *
 * Source: Herlihy and Wing, "Linearizability", 1990, section 3.3. Keys are numbered in
 * the order in which the history meets them; within a key the operations stand in the
 * order of their invocations, as in the history. 4 bytes an operation. Immutable once
 * made. */
#ifndef CHECKERS_PARTITION_H
#define CHECKERS_PARTITION_H

#include "base/history.h"
#include "checkers/value_ids.h"

/* The operations of one key, borrowed from the partition (or from a test). */
struct key_ops {
	const struct history *history;
	val key;
	const uint32_t *ops; /* indexes into history->ops, by invoke_at, ascending */
	size_t count;
};

struct partition {
	const struct history *history; /* borrowed */
	struct value_ids keys;
	uint32_t *starts; /* owned; where each key begins in `ops`, one more at the end */
	uint32_t *ops;	  /* owned */
};

void partition_init(struct partition *partition, const struct history *history);
void partition_release(struct partition *partition);

size_t partition_count(const struct partition *partition);
struct key_ops partition_at(const struct partition *partition, size_t i);

/* Keys by falling number of operations (ties: by number), so that parallel workers take
 * the large ones first. The caller frees. */
uint32_t *partition_largest_first(const struct partition *partition);

static inline const struct op *
key_op(const struct key_ops *key, size_t i)
{
	return &key->history->ops.items[key->ops[i]];
}

#endif
