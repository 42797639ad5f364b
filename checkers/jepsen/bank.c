/* bank.c - money moves between accounts, and every read of all of them sees the same
 * total.
 *
 * Operations: transfer {from, to, amount}; read (result: a map from accounts to
 * balances). The total, or a map with the balances at the beginning, comes as the initial
 * value (--init 100, --init '{"0":50,"1":50}'); without it, the total that most reads saw
 * is taken as the true one, and of equally many the one that was seen first. Balances below
 * zero are an anomaly, unless the model is "overdraft".
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
 *	impossible-balance  no choice among the transfers that may have happened by then
 *	                    explains the balance of an account: one that was acknowledged
 *	                    is missing, or one is seen twice or too early (bank_time.h).
 *	                    init {0 50, 1 50} | transfer 0 1 10 ok | read {0 50, 1 50}
 *	impossible-order    each balance can be explained, but not all of all reads by one
 *	                    order of the transfers (bank_order.h; small histories only).
 *	                    transfer 0 1 10 info | read {0 40, 1 60} | read {0 50, 1 50}
 *
 * The last two are judged in real time: not below the level "strict-serializable", which
 * is the default. Complete for totals, and for everything where the order is found or
 * refuted; else it sees no loss that the transfers under way can explain for each account
 * alone. Details as Jepsen's: read-count, error-count, total, errors {type: {count,
 * first, last, lowest, highest}} with indexes of operations and, for wrong totals, their
 * extremes; order: what was said of it. O(n log n + reads * accounts). */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/jepsen/bank_certify.h"
#include "checkers/jepsen/bank_order.h"
#include "checkers/jepsen/bank_records.h"
#include "checkers/jepsen/bank_time.h"
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
	uint64_t reads, bad_reads, impossible;
	struct errors errors[ERROR_KINDS];
};

static int
bank_fits(const struct history *history)
{
	bool some_transfer = false;

	vec_each (struct op, op, &history->ops) {
		if (op->f == F_TRANSFER)
			some_transfer = true;
		else if (op->f != F_READ ||
			 (bank_is_read(op) && val_kind(op->output) != VAL_MAP))
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
is_total_or_balances(const struct values *values, val init)
{
	int64_t total;

	return val_kind(init) == VAL_MAP || fields_number(values, init, &total);
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

struct read_total {
	int64_t total;
	size_t read; /* which of the reads */
};

static int
by_total(const void *a, const void *b)
{
	const struct read_total *x = a, *y = b;

	if (x->total != y->total)
		return x->total < y->total ? -1 : 1;
	return x->read < y->read ? -1 : x->read > y->read;
}

/* The total that most reads saw; of equals the one that was seen first. */
static void
guess_total(struct bank *bank)
{
	VEC(struct read_total) totals = {0};
	size_t best = 0, best_read = 0, run = 0;

	vec_each (struct op, op, &bank->history->ops)
		if (bank_is_read(op))
			vec_push(&totals,
				 (struct read_total){
					 total_of(&bank->history->values, op->output),
					 totals.count});
	if (totals.count > 0)
		qsort(totals.items, totals.count, sizeof(*totals.items), by_total);
	for (size_t i = 0; i < totals.count; i++) {
		const struct read_total *t = &totals.items[i];
		run = i > 0 && t->total == t[-1].total ? run + 1 : 1;
		size_t first = t[1 - (ptrdiff_t)run].read;
		if (run > best || (run == best && first < best_read)) {
			best = run;
			best_read = first;
			bank->total = t->total;
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
			   bank->has_total
				   ? ""
				   : ", which most reads, or the first of as many, saw");
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
	if (bank->result->anomaly_count <= ANOMALIES_MAX)
		vec_last(&bank->result->anomalies)->subject = account;
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
	tell_number(details, "impossible-balances", bank->impossible);
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

static void
judge_sums(struct bank *bank, const struct check_options *options)
{
	const struct history *history = bank->history;
	size_t bytes = value_ids_bytes(&bank->accounts);

	if (!bank->has_total)
		bytes += history->ops.count * sizeof(int64_t);
	if (tell_over_budget(options, bytes, bank->result))
		return;
	if (!bank->has_total)
		guess_total(bank);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		if (!bank_is_read(&history->ops.items[i]))
			continue;
		if (tell_over_budget(options, bytes, bank->result))
			return;
		judge_read(bank, i);
	}
}

/* What adds up may still be too old, or lost. Returns what to say of it. */
static char *
judge_time(struct bank *bank, const struct check_options *options)
{
	struct check_result *result = bank->result;
	char *why = NULL, *words = NULL;

	if (!bank_is_strict(options))
		return mem_string("; the order of transfers is not judged at this level");
	if (bank_mute_transfer(bank->history) != NULL)
		return mem_string("; what was transferred is not told");
	bank->impossible = bank_time_judge(bank->history, options, result);
	if (result->verdict != VERDICT_NONE)
		return mem_string("");
	enum verdict order = bank_order_judge(bank->history, options, result, &why);
	tell_name(&result->details, "order");
	json_print_string(verdict_name(order), strlen(verdict_name(order)),
			  &result->details);
	words = order == VERDICT_VALID
			? mem_string(", and one order of the transfers explains them")
			: mem_format(", and each balance is in the range of the "
				     "transfers; one order of all was not found: %s",
				     why != NULL ? why : "");
	free(why);
	return words;
}

static bool
is_judgeable(struct bank *bank, const struct check_options *options)
{
	const struct op *stranger = bank_stranger(bank->history);

	if (stranger != NULL)
		return !tell_unknown(
			bank->result,
			mem_format("'%s' of process %" PRIu32
				   " is neither a transfer nor a read of "
				   "balances",
				   history_f_name(bank->history, stranger->f),
				   stranger->process));
	return take_init(bank, options->init) ||
	       !tell_unknown(bank->result, mem_string("the initial value must be the "
						      "total or a map of balances"));
}

static void
bank_check(const struct history *history, const struct check_options *options,
	   struct check_result *result)
{
	struct bank bank = {.history = history, .result = result};
	char *words = NULL;

	result->complexity = "O(n log n + reads * accounts); all accounts together: "
			     "frontier, for small histories";
	result->operations = history->ops.count;
	bank.allows_negative = bank_allows_overdraft(options);
	if (is_judgeable(&bank, options))
		judge_sums(&bank, options);
	if (result->verdict == VERDICT_NONE && bank.reads > 0)
		words = judge_time(&bank, options);
	print_details(&bank, &result->details);
	if (bank.reads == 0)
		tell_unknown(result, mem_string("the balances were never read"));
	tell_end(result, mem_format("all of %" PRIu64 " reads add up to %" PRId64 "%s",
				    bank.reads, bank.total, words != NULL ? words : ""));
	free(words);
	value_ids_release(&bank.accounts);
}

const struct checker checker_bank = {
	.name = "bank",
	.summary = "transfers keep the total of all accounts, and none below zero",
	.fits = bank_fits,
	.check = bank_check,
	.certify = bank_certify,
	.begins_with = is_total_or_balances,
	.beginning = "the total or a map of balances",
	.knows_no_keys = true,
};
