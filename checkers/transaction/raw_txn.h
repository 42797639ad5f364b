/* raw_txn.h - transactions as they stand in a history, for the certificates: these share
 * nothing with the deciders, so they read the operations again. PURE. */
#ifndef CHECKERS_RAW_TXN_H
#define CHECKERS_RAW_TXN_H

#include "base/assert.h"
#include "base/history.h"

/* One micro-operation [f key value]. */
struct raw_mop {
	char f; /* 'r', 'w' or 'a' */
	val key, value;
};

/* What a committed transaction did, or what another one tried. */
static inline val
raw_list(const struct op *op)
{
	return op->type == OP_OK && op->output != VAL_OF_NIL ? op->output : op->input;
}

static inline size_t
raw_count(const struct values *values, const struct op *op)
{
	return op->f == F_TXN ? val_count(values, raw_list(op)) : 0;
}

/* Micro-operation number i. What a transaction read is known of committed ones only: reads
 * of others are nil. */
static inline struct raw_mop
raw_mop(const struct values *values, const struct op *op, size_t i)
{
	size_t count;
	const val *mop = val_items(values, val_at(values, raw_list(op), i), &count);

	ASSERT(count >= 2);
	struct raw_mop raw = {.f = val_text(values, mop[0]).data[0], .key = mop[1]};
	if (count == 3 && (raw.f != 'r' || op->type == OP_OK))
		raw.value = mop[2];
	return raw;
}

/* Whether it is an answer of a read. */
static inline bool
raw_is_read(const struct op *op, const struct raw_mop *mop)
{
	return mop->f == 'r' && op->type == OP_OK;
}

/* The place of an element in what was read, counted from 1; 0: it is not there. */
static inline size_t
raw_place(const struct values *values, val list, val element)
{
	size_t count = 0;
	const val *items =
		val_kind(list) == VAL_LIST ? val_items(values, list, &count) : NULL;

	for (size_t i = 0; i < count; i++)
		if (val_equal(values, items[i], element))
			return i + 1;
	return 0;
}

/* Of an operation, by its index: it wrote or appended the value to the key; one of its reads
 * of the key shows the value, as it is or in a list; it certainly took place, since it was
 * acknowledged or somebody read something that it wrote. */
bool raw_wrote(const struct history *history, uint32_t op, val key, val value);
bool raw_showed(const struct history *history, uint32_t op, val key, val value);
bool raw_took_place(const struct history *history, uint32_t op);

/* The operation's read number `at` (from 0) of the key shows the value as it is, or in a list
 * as the last that it did not append itself. */
bool raw_reads_last(const struct history *history, uint32_t op, size_t at, val key,
		    val value);

/* Neither list is the beginning of the other. */
bool raw_disagree(const struct values *values, val a, val b);

#endif
