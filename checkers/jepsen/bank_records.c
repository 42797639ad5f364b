#include "checkers/jepsen/bank_records.h"

#include "checkers/jepsen/fields.h"

#include <string.h>

bool
bank_is_read(const struct op *op)
{
	return op->f == F_READ && op->type == OP_OK && op->output != VAL_OF_NIL;
}

bool
bank_is_transfer(const struct op *op)
{
	return op->f == F_TRANSFER && op->type != OP_FAIL;
}

bool
bank_transfer_of(const struct history *history, const struct op *op,
		 struct bank_transfer *transfer)
{
	const struct values *values = &history->values;

	transfer->from = fields_key(values, fields_get(values, op->input, "from"));
	transfer->to = fields_key(values, fields_get(values, op->input, "to"));
	return transfer->from != VAL_OF_NIL && transfer->to != VAL_OF_NIL &&
	       fields_number(values, fields_get(values, op->input, "amount"),
			     &transfer->amount);
}

int64_t
bank_change(const struct values *values, const struct bank_transfer *transfer,
	    val account)
{
	int64_t change = 0;

	if (val_equal(values, transfer->from, account))
		change -= transfer->amount;
	if (val_equal(values, transfer->to, account))
		change += transfer->amount;
	return change;
}

const struct op *
bank_stranger(const struct history *history)
{
	vec_each (struct op, op, &history->ops) {
		bool is_known = op->f == F_TRANSFER || op->f == F_READ;
		if (!is_known || (bank_is_read(op) && val_kind(op->output) != VAL_MAP))
			return op;
	}
	return NULL;
}

const struct op *
bank_mute_transfer(const struct history *history)
{
	struct bank_transfer transfer;

	vec_each (struct op, op, &history->ops)
		if (bank_is_transfer(op) && !bank_transfer_of(history, op, &transfer))
			return op;
	return NULL;
}

bool
bank_is_strict(const struct check_options *options)
{
	return options->level == NULL ||
	       strcmp(options->level, "strict-serializable") == 0;
}

bool
bank_allows_overdraft(const struct check_options *options)
{
	return options->model != NULL && strcmp(options->model, "overdraft") == 0;
}
