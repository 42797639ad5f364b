/* bank.c - money moves between accounts, and every read of all of them sees the same
 * total.
 *
 * Operations: transfer {from, to, amount}; read (result: a map from accounts to
 * balances). The total, or a map with the balances at the beginning, comes as the initial
 * value (--init 100, --init '{"0":50,"1":50}'); without it, the total that most reads saw
 * is taken as the true one. Balances below zero are an anomaly, unless the model is
 * "overdraft".
 *
 *	wrong-total         the balances of a read do not add up: it saw half a transfer.
 *	                    init 100 | read {0 40, 1 50}
 *	negative-balance    an account is below zero: two transfers saw the same money.
 *	                    read {0 -10, 1 110}
 *	nil-balance         an account has no balance.
 *	                    read {0 nil, 1 100}
 *	unexpected-account, missing-account
 *	                    (with the initial balances) an account that is none, or that
 *	                    is not there. Jepsen misses the second when it is empty.
 *
 * Complete for totals of reads; it sees neither lost nor stale transfers that keep the
 * total. Details as Jepsen's: read-count, error-count, total, errors {type: {count,
 * first, last, lowest, highest}} with indexes of operations and, for wrong totals, their
 * extremes. O(reads * accounts). */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/jepsen/fields.h"
#include "checkers/tell.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum error_kind {
	UNEXPECTED_ACCOUNT = 0,
	MISSING_ACCOUNT,
	NIL_BALANCE,
	WRONG_TOTAL,
	NEGATIVE_BALANCE,
	ERROR_KINDS
};

static const char *const error_names[] = {"unexpected-account", "missing-account",
					  "nil-balance", "wrong-total",
					  "negative-balance"};

struct errors {
	uint64_t count;
	uint32_t first, last;
	int64_t lowest, highest; /* the total, or the balance */
};

struct bank {
	const struct history *history;
	struct check_result *result;
	struct value_ids accounts; /* of the initial balances */
	bool has_accounts, has_total, allows_negative;
	int64_t total;
	uint64_t reads, bad_reads;
	struct errors errors[ERROR_KINDS];
};

static bool
is_read(const struct op *op)
{
	return op->f == F_READ && op->type == OP_OK;
}

static int
bank_fits(const struct history *history)
{
	bool some_transfer = false;

	vec_each (struct op, op, &history->ops) {
		if (op->f == F_TRANSFER)
			some_transfer = true;
		else if (op->f != F_READ ||
			 (is_read(op) && val_kind(op->output) != VAL_MAP))
			return 0;
	}
	return some_transfer ? 80 : 0;
}

/* Saturated: such a total is wrong in any case. */
static int64_t
add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static int64_t
total_of(const struct values *values, val balances)
{
	int64_t total = 0, balance;

	for (size_t i = 0; i < fields_count(values, balances); i++)
		if (fields_number(values, fields_at(values, balances, i), &balance))
			total = add(total, balance);
	return total;
}

static bool
take_init(struct bank *bank, val init)
{
	const struct values *values = &bank->history->values;

	value_ids_init(&bank->accounts, values);
	bank->has_total = init != VAL_OF_NIL;
	if (fields_number(values, init, &bank->total) || init == VAL_OF_NIL)
		return true;
	if (val_kind(init) != VAL_MAP)
		return false;
	bank->has_accounts = true;
	bank->total = total_of(values, init);
	for (size_t i = 0; i < fields_count(values, init); i++)
		value_ids_add(&bank->accounts, fields_name(values, init, i));
	return true;
}

static int
by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* The total that most reads saw; the lowest of equals. */
static void
guess_total(struct bank *bank)
{
	VEC(int64_t) totals = {0};
	size_t best = 0, run = 0;

	vec_each (struct op, op, &bank->history->ops)
		if (is_read(op))
			vec_push(&totals, total_of(&bank->history->values, op->output));
	if (totals.count > 0)
		qsort(totals.items, totals.count, sizeof(int64_t), by_number);
	for (size_t i = 0; i < totals.count; i++) {
		run = i > 0 && totals.items[i] == totals.items[i - 1] ? run + 1 : 1;
		if (run > best) {
			best = run;
			bank->total = totals.items[i];
		}
	}
	vec_release(&totals);
}

static void
note(struct bank *bank, enum error_kind kind, uint32_t read, int64_t number)
{
	struct errors *errors = &bank->errors[kind];

	if (errors->count++ == 0)
		*errors = (struct errors){1, read, read, number, number};
	errors->last = read;
	errors->lowest = number < errors->lowest ? number : errors->lowest;
	errors->highest = number > errors->highest ? number : errors->highest;
}

static void
report(struct bank *bank, enum error_kind kind, uint32_t read, int64_t number,
       val account)
{
	struct buf text = {0};

	note(bank, kind, read, number);
	if (kind == WRONG_TOTAL) {
		buf_printf(&text, "the balances add up to %" PRId64 ", not %" PRId64 "%s",
			   number, bank->total,
			   bank->has_total ? "" : ", which most reads saw");
	} else {
		static const char *const words[] = {"is unknown", "is missing",
						    "has no balance", "", "is overdrawn"};
		buf_string(&text, "account ");
		tell_value(bank->history, account, &text);
		buf_printf(&text, " %s", words[kind]);
		if (kind == NEGATIVE_BALANCE)
			buf_printf(&text, ": %" PRId64, number);
	}
	tell(bank->history, bank->result, error_names[kind], VAL_OF_NIL, &text, &read, 1);
}

static void
judge_account(struct bank *bank, uint32_t read, val account, val balance)
{
	int64_t number;

	if (bank->has_accounts &&
	    value_ids_find(&bank->accounts, account) == VALUE_ID_NONE)
		report(bank, UNEXPECTED_ACCOUNT, read, 0, account);
	if (!fields_number(&bank->history->values, balance, &number))
		report(bank, NIL_BALANCE, read, 0, account);
	else if (number < 0 && !bank->allows_negative)
		report(bank, NEGATIVE_BALANCE, read, number, account);
}

static void
judge_missing(struct bank *bank, uint32_t index, val balances)
{
	const struct values *values = &bank->history->values;
	size_t count = value_ids_count(&bank->accounts);
	bool *present = mem_new(count + 1, sizeof(*present));

	for (size_t i = 0; i < fields_count(values, balances); i++) {
		uint32_t id =
			value_ids_find(&bank->accounts, fields_name(values, balances, i));
		if (id != VALUE_ID_NONE)
			present[id] = true;
	}
	for (uint32_t id = 0; id < count; id++)
		if (!present[id])
			report(bank, MISSING_ACCOUNT, index, 0,
			       value_ids_value(&bank->accounts, id));
	free(present);
}

static void
judge_read(struct bank *bank, uint32_t index)
{
	const struct values *values = &bank->history->values;
	val balances = bank->history->ops.items[index].output;
	uint64_t before = bank->result->anomaly_count;
	int64_t total = total_of(values, balances);

	bank->reads++;
	if (total != bank->total)
		report(bank, WRONG_TOTAL, index, total, VAL_OF_NIL);
	for (size_t i = 0; i < fields_count(values, balances); i++)
		judge_account(bank, index, fields_name(values, balances, i),
			      fields_at(values, balances, i));
	judge_missing(bank, index, balances);
	bank->bad_reads += bank->result->anomaly_count > before;
}

static void
print_details(const struct bank *bank, struct buf *details)
{
	tell_number(details, "read-count", bank->reads);
	tell_number(details, "error-count", bank->bad_reads);
	tell_name(details, "total");
	buf_printf(details, "%" PRId64, bank->total);
	tell_name(details, "errors");
	buf_char(details, '{');
	for (int kind = 0; kind < ERROR_KINDS; kind++) {
		const struct errors *errors = &bank->errors[kind];
		if (errors->count == 0)
			continue;
		tell_name(details, error_names[kind]);
		buf_printf(details,
			   "{\"count\":%" PRIu64 ",\"first\":%" PRIu32
			   ",\"last\":%" PRIu32 ",\"lowest\":%" PRId64
			   ",\"highest\":%" PRId64 "}",
			   errors->count, errors->first, errors->last, errors->lowest,
			   errors->highest);
	}
	buf_char(details, '}');
}

/* The first operation that is none of a bank; NULL: all are. */
static const struct op *
find_stranger(const struct history *history)
{
	vec_each (struct op, op, &history->ops) {
		bool is_known = op->f == F_TRANSFER || op->f == F_READ;
		if (!is_known || (is_read(op) && val_kind(op->output) != VAL_MAP))
			return op;
	}
	return NULL;
}

static void
bank_check(const struct history *history, const struct check_options *options,
	   struct check_result *result)
{
	struct bank bank = {.history = history, .result = result};
	const struct op *stranger = find_stranger(history);

	result->complexity = "O(reads * accounts)";
	result->operations = history->ops.count;
	bank.allows_negative =
		options->model != NULL && strcmp(options->model, "overdraft") == 0;
	if (stranger != NULL)
		tell_unknown(result,
			     mem_format("'%s' of process %" PRIu32 " is neither a "
					"transfer nor a read of balances",
					history_f_name(history, stranger->f),
					stranger->process));
	else if (!take_init(&bank, options->init))
		tell_unknown(result, mem_string("the initial value must be the total or "
						"a map of balances"));
	if (!bank.has_total)
		guess_total(&bank);
	for (uint32_t i = 0; result->verdict != VERDICT_UNKNOWN && i < history->ops.count;
	     i++)
		if (is_read(&history->ops.items[i]) && !budget_is_over(&options->budget))
			judge_read(&bank, i);
	print_details(&bank, &result->details);
	if (budget_is_over(&options->budget))
		tell_unknown(result, mem_string("the budget of time is used up"));
	else if (bank.reads == 0)
		tell_unknown(result, mem_string("the balances were never read"));
	tell_end(result, mem_format("all of %" PRIu64 " reads add up to %" PRId64,
				    bank.reads, bank.total));
	value_ids_release(&bank.accounts);
	/* Anomalies of single accounts are not derived again. */
	result->is_unproven = result->verdict == VERDICT_INVALID;
}

/* ---- proof: plain sums, compared with the first read's ------------------------------ */

static bool
is_sound(const struct history *history, const struct op *read, bool allows_negative,
	 int64_t *total)
{
	bool sound = true;

	*total = 0;
	for (size_t i = 0; i < fields_count(&history->values, read->output); i++) {
		val balance = fields_at(&history->values, read->output, i);
		if (val_kind(balance) != VAL_INT) {
			sound = false;
			continue;
		}
		int64_t number = val_number(&history->values, balance);
		sound = sound && (number >= 0 || allows_negative);
		*total = add(*total, number);
	}
	return sound;
}

static bool
certify_valid(const struct history *history, const struct check_options *options)
{
	bool negative =
		options->model != NULL && strcmp(options->model, "overdraft") == 0;
	int64_t first = 0, total;
	bool has_first = false;

	if (val_kind(options->init) == VAL_INT) {
		first = val_number(&history->values, options->init);
		has_first = true;
	}
	vec_each (struct op, op, &history->ops) {
		if (!is_read(op))
			continue;
		if (!is_sound(history, op, negative, &total) ||
		    (has_first && total != first))
			return false;
		first = total;
		has_first = true;
	}
	return has_first;
}

/* Its read is unsound, has another total than some other read or the initial value, or
 * other accounts than it. */
static bool
certify_anomaly(const struct history *history, const struct check_options *options,
		const struct anomaly *anomaly)
{
	const struct op *read = &history->ops.items[anomaly->ops.items[0]];
	int64_t total, other;

	if (strcmp(anomaly->name, "wrong-total") != 0) {
		if (strstr(anomaly->name, "-account") != NULL)
			return val_kind(options->init) == VAL_MAP;
		return !is_sound(history, read, false, &total);
	}
	is_sound(history, read, true, &total);
	if (val_kind(options->init) == VAL_INT)
		return total != val_number(&history->values, options->init);
	if (val_kind(options->init) == VAL_MAP)
		return total != total_of(&history->values, options->init);
	vec_each (struct op, op, &history->ops)
		if (is_read(op)) {
			is_sound(history, op, true, &other);
			if (other != total)
				return true;
		}
	return false;
}

static bool
bank_certify(const struct history *history, const struct check_options *options,
	     const struct check_result *result, struct err *err)
{
	bool holds = result->verdict == VERDICT_VALID ? certify_valid(history, options)
						      : result->anomalies.count > 0;

	vec_each (struct anomaly, anomaly, &result->anomalies)
		holds = holds && certify_anomaly(history, options, anomaly);
	return holds || err_set(err, "the balances say otherwise");
}

const struct checker checker_bank = {
	.name = "bank",
	.summary = "transfers keep the total of all accounts, and none below zero",
	.fits = bank_fits,
	.check = bank_check,
	.certify = bank_certify,
};
