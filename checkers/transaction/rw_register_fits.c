/* rw_register_fits.c - which histories are transactions on registers. */
#include "checkers/transaction/rw_register.h"

#include "base/map.h"

enum {
	WRITES_MAX = 4096 /* that are looked at for a repeated one */
};

static bool
is_register_txn(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;

	for (size_t i = 0; i < val_count(values, op->input); i++) {
		val mop = val_at(values, op->input, i);
		if (val_kind(mop) != VAL_LIST || val_count(values, mop) < 2 ||
		    val_kind(val_at(values, mop, 0)) != VAL_STRING)
			return false;
		struct bytes f = val_text(values, val_at(values, mop, 0));
		if (f.len == 0 || (f.data[0] != 'w' && f.data[0] != 'r'))
			return false;
	}
	return true;
}

int
rw_register_fits(const struct history *history)
{
	int fit = 0;

	vec_each (const struct op, op, &history->ops) {
		if (op->f != F_TXN)
			continue;
		if (val_kind(op->input) != VAL_LIST || !is_register_txn(history, op))
			return 0;
		fit = 80;
	}
	return fit;
}

/* Adds the writes that a transaction asked for; true when one was there. */
static bool
repeats(const struct values *values, val txn, val init, struct map *written)
{
	for (size_t i = 0; i < val_count(values, txn); i++) {
		val mop = val_at(values, txn, i);
		bool is_new;
		if (val_text(values, val_at(values, mop, 0)).data[0] != 'w' ||
		    val_count(values, mop) != 3)
			continue;
		map_at(written, val_hash(values, mop), &is_new);
		if (!is_new || (init != VAL_OF_NIL &&
				val_equal(values, val_at(values, mop, 2), init)))
			return true;
	}
	return false;
}

bool
rw_register_repeats(const struct history *history, val init)
{
	struct map written = {0}; /* hashes: that two are one by chance does no harm */
	bool found = false;

	for (size_t i = 0; i < history->ops.count && !found && written.count < WRITES_MAX;
	     i++)
		if (history->ops.items[i].f == F_TXN)
			found = repeats(&history->values, history->ops.items[i].input,
					init, &written);
	map_release(&written);
	return found;
}
