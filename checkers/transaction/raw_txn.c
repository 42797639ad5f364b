#include "checkers/transaction/raw_txn.h"

bool
raw_wrote(const struct history *history, uint32_t op, val key, val value)
{
	const struct values *values = &history->values;
	const struct op *o = &history->ops.items[op];

	for (size_t i = 0; i < raw_count(values, o); i++) {
		struct raw_mop mop = raw_mop(values, o, i);
		if (mop.f != 'r' && val_equal(values, mop.key, key) &&
		    val_equal(values, mop.value, value))
			return true;
	}
	return false;
}

bool
raw_showed(const struct history *history, uint32_t op, val key, val value)
{
	const struct values *values = &history->values;
	const struct op *o = &history->ops.items[op];

	for (size_t i = 0; i < raw_count(values, o); i++) {
		struct raw_mop mop = raw_mop(values, o, i);
		if (raw_is_read(o, &mop) && val_equal(values, mop.key, key) &&
		    (val_equal(values, mop.value, value) ||
		     raw_place(values, mop.value, value) != 0))
			return true;
	}
	return false;
}

bool
raw_reads_last(const struct history *history, uint32_t op, size_t at, val key, val value)
{
	const struct values *values = &history->values;
	const struct op *o = &history->ops.items[op];
	struct raw_mop mop = raw_mop(values, o, at);

	if (!raw_is_read(o, &mop) || !val_equal(values, mop.key, key))
		return false;
	size_t place = raw_place(values, mop.value, value);
	if (place == 0)
		return val_equal(values, mop.value, value);
	for (size_t i = place; i < val_count(values, mop.value); i++)
		if (!raw_wrote(history, op, key, val_at(values, mop.value, i)))
			return false;
	return true;
}

/* Some read of the key shows the value. O(elements read of the key). */
static bool
was_read(const struct history *history, val key, val value)
{
	for (uint32_t op = 0; op < history->ops.count; op++)
		if (raw_showed(history, op, key, value))
			return true;
	return false;
}

bool
raw_took_place(const struct history *history, uint32_t op)
{
	const struct values *values = &history->values;
	const struct op *o = &history->ops.items[op];

	for (size_t i = 0; o->type != OP_OK && i < raw_count(values, o); i++) {
		struct raw_mop mop = raw_mop(values, o, i);
		if (mop.f != 'r' && was_read(history, mop.key, mop.value))
			return true;
	}
	return o->type == OP_OK;
}

bool
raw_disagree(const struct values *values, val a, val b)
{
	if (val_kind(a) != VAL_LIST || val_kind(b) != VAL_LIST)
		return false;
	for (size_t i = 0; i < val_count(values, a) && i < val_count(values, b); i++)
		if (!val_equal(values, val_at(values, a, i), val_at(values, b, i)))
			return true;
	return false;
}
