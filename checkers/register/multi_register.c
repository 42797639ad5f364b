#include "checkers/register/multi_register.h"

#include "checkers/budget.h"
#include "checkers/engine/linearizable.h"

#include <string.h>

enum {
	KEYS_MAX = 4096,
	MICRO_BYTES = 88 /* of what is read or written, in the plan of the engine */
};

static bool
is_word(const struct values *values, val v, const char *word)
{
	struct bytes text = val_text(values, v);

	return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

static bool
is_micro(const struct values *values, val v)
{
	if (val_kind(v) != VAL_LIST || val_count(values, v) != 3 ||
	    val_kind(val_at(values, v, 0)) != VAL_STRING)
		return false;
	val f = val_at(values, v, 0);
	return is_word(values, f, "r") || is_word(values, f, "w") ||
	       is_word(values, f, "read") || is_word(values, f, "write");
}

static bool
is_txn(const struct values *values, val v)
{
	if (val_kind(v) != VAL_LIST)
		return false;
	for (size_t i = 0; i < val_count(values, v); i++)
		if (!is_micro(values, val_at(values, v, i)))
			return false;
	return true;
}

static bool
multi_understands(const struct history *history, const struct op *op, struct err *err)
{
	const struct values *values = &history->values;
	bool is_answered = op->type == OP_OK && op->output != VAL_OF_NIL;

	if (op->f == F_TXN)
		return (is_txn(values, op->input) &&
			(!is_answered || is_txn(values, op->output))) ||
		       err_set(err,
			       "a txn of process %u is no list of [r KEY VALUE] and [w "
			       "KEY "
			       "VALUE]",
			       op->process);
	if (op->f != F_READ && op->f != F_WRITE)
		return err_set(err, "'%s' is not an operation of several registers",
			       history_f_name(history, op->f));
	val map = op->f == F_WRITE ? op->input : op->output;
	return (op->f == F_READ && !is_answered) || val_kind(map) == VAL_MAP ||
	       err_set(err, "a %s of process %u has no map of values",
		       history_f_name(history, op->f), op->process);
}

static bool
has_room(const struct history *history, const struct check_options *options,
	 struct err *err)
{
	size_t micros = 0;

	vec_each (struct op, op, &history->ops)
		micros += multi_register_micros(&history->values, op);
	return budget_has_room(&options->budget, micros, MICRO_BYTES, err);
}

/* Each state holds all registers. */
static bool
multi_accepts(const struct history *history, const struct check_options *options,
	      struct err *err)
{
	if (!has_room(history, options, err))
		return false;
	size_t keys = multi_register_keys(history, options);

	return keys <= KEYS_MAX ||
	       err_set(err, "%zu registers are more than the %d that fit one state", keys,
		       KEYS_MAX);
}

static const struct linearizable type = {
	.model = &model_multi_register,
	.complexity = "values written once: order by conflict-driven search; frontier "
		      "engine for others: exponential at worst in the operations open "
		      "at once",
	.understands = multi_understands,
	.accepts = multi_accepts,
	.decide = multi_register_decide,
};

/* Transactions have better checkers; maps have none. */
/* Maps under keys of their own are the values of plain registers. */
static int
multi_fits(const struct history *history)
{
	size_t maps = 0, others = 0;

	vec_each (struct op, op, &history->ops) {
		if (op->key != VAL_OF_NIL)
			return 0;
		maps += op->f == F_WRITE && val_kind(op->input) == VAL_MAP;
		others += op->f == F_TXN || val_kind(op->output) == VAL_MAP;
	}
	if (maps + others == 0)
		return 0;
	return linearizable_fits(&type, history, maps > 0 ? 10 : 1);
}

static void
multi_check(const struct history *history, const struct check_options *options,
	    struct check_result *result)
{
	linearizable_check(&type, history, options, result);
}

static bool
multi_certify(const struct history *history, const struct check_options *options,
	      const struct check_result *result, struct err *err)
{
	return linearizable_certify(&type, history, options, result, err);
}

const struct checker checker_multi_register = {
	.name = "multi-register",
	.summary = "several registers read and written at once, strictly serializable",
	.fits = multi_fits,
	.check = multi_check,
	.certify = multi_certify,
};
