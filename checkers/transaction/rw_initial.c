#include "checkers/transaction/rw_initial.h"

#include "checkers/transaction/predicate.h"
#include "checkers/transaction/raw_txn.h"

bool
rw_initial_is_told(const struct check_options *options)
{
	return options->init != VAL_OF_NIL;
}

/* What retelling needs of one history. */
struct retelling {
	const struct check_options *options;
	struct values *values;
	val read_name;
	VEC(val) mops; /* of the transaction at hand */
};

/* Adds micro-operation i as it is told again; false when it writes the initial value. */
static bool
add_mop(struct retelling *r, const struct op *op, size_t i)
{
	struct raw_mop mop = raw_mop(r->values, op, i);
	val item = val_at(r->values, raw_list(op), i);
	bool is_initial = val_equal(r->values, mop.value, r->options->init);

	if (mop.f != 'r' && is_initial)
		return false;
	if (mop.value == VAL_OF_NIL && raw_is_read(op, &mop) &&
	    r->options->nil_is_unknown)
		return true;
	if (is_initial)
		item = val_list(r->values, (val[]){r->read_name, mop.key, VAL_OF_NIL}, 3);
	vec_push(&r->mops, item);
	return true;
}

/* What is none is left to the reader of transactions, who says so. */
static bool
is_txn(const struct values *values, const struct op *op)
{
	if (op->f != F_TXN || val_kind(raw_list(op)) != VAL_LIST)
		return false;
	for (size_t i = 0; i < raw_count(values, op); i++) {
		val mop = val_at(values, raw_list(op), i);
		if (val_kind(mop) != VAL_LIST || val_count(values, mop) < 2 ||
		    val_kind(val_at(values, mop, 0)) != VAL_STRING ||
		    val_text(values, val_at(values, mop, 0)).len == 0)
			return false;
	}
	return true;
}

static bool
retell(struct retelling *r, struct op *op, struct err *err)
{
	if (!is_txn(r->values, op))
		return true;
	vec_clear(&r->mops);
	for (size_t i = 0; i < raw_count(r->values, op); i++)
		if (!add_mop(r, op, i))
			return err_set(err,
				       "a transaction of process %u writes the "
				       "initial value, so that reads of it do not "
				       "say what they saw",
				       op->process);
	op->input = val_list(r->values, r->mops.items, r->mops.count);
	op->output = op->type == OP_OK ? op->input : VAL_OF_NIL;
	return true;
}

bool
rw_initial_retell(const struct history *history, const struct check_options *options,
		  struct history *retold, struct check_options *inner, struct err *err)
{
	struct retelling r = {.options = options, .values = &retold->values};
	bool ok = !predicates_are_in(history);

	history_copy(history, retold);
	*inner = *options;
	inner->init = VAL_OF_NIL;
	inner->nil_is_unknown = false;
	if (!ok)
		err_set(err, "predicate reads of registers that begin with another value "
			     "than nil are not understood");
	r.read_name = val_string(&retold->values, "r");
	vec_each (struct op, op, &retold->ops)
		ok = ok && retell(&r, op, err);
	vec_release(&r.mops);
	return ok;
}
