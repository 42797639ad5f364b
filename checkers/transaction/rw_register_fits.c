/* rw_register_fits.c - which histories are transactions on registers. */
#include "checkers/transaction/rw_register.h"

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
