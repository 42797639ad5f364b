#include "checkers/jepsen/bank_certify.h"

#include "base/mem.h"
#include "base/search.h"
#include "checkers/jepsen/bank_order.h"
#include "checkers/jepsen/bank_records.h"
#include "checkers/jepsen/fields.h"

#include <stdlib.h>
#include <string.h>

typedef __int128 money;

/* ---- sums ----------------------------------------------------------------------------- */

static money
sum_of(const struct values *values, val balances)
{
	money sum = 0;
	int64_t balance;

	for (size_t i = 0; i < fields_count(values, balances); i++)
		if (fields_number(values, fields_at(values, balances, i), &balance))
			sum += balance;
	return sum;
}

static bool
has_account(const struct values *values, val balances, val account)
{
	for (size_t i = 0; i < fields_count(values, balances); i++)
		if (val_equal(values, fields_name(values, balances, i), account))
			return true;
	return false;
}

/* Numbers only, none below zero unless that is allowed. */
static bool
is_sound(const struct history *history, const struct op *read, bool allows_negative)
{
	const struct values *values = &history->values;
	int64_t balance;

	for (size_t i = 0; i < fields_count(values, read->output); i++)
		if (!fields_number(values, fields_at(values, read->output, i),
				   &balance) ||
		    (balance < 0 && !allows_negative))
			return false;
	return true;
}

/* The accounts of the initial balances, when those are told. */
static bool
has_all_accounts(const struct history *history, const struct op *read, val init)
{
	const struct values *values = &history->values;

	if (val_kind(init) != VAL_MAP)
		return true;
	for (size_t i = 0; i < fields_count(values, init); i++)
		if (!has_account(values, read->output, fields_name(values, init, i)))
			return false;
	for (size_t i = 0; i < fields_count(values, read->output); i++)
		if (!has_account(values, init, fields_name(values, read->output, i)))
			return false;
	return true;
}

/* The total that is told; false: none is. */
static bool
told_total(const struct history *history, val init, money *total)
{
	*total = 0;
	if (val_kind(init) == VAL_INT)
		*total = val_number(&history->values, init);
	else if (val_kind(init) == VAL_MAP)
		*total = sum_of(&history->values, init);
	return init != VAL_OF_NIL;
}

static bool
sums_hold(const struct history *history, const struct check_options *options)
{
	bool negative = bank_allows_overdraft(options), has_total;
	money total, sum;

	has_total = told_total(history, options->init, &total);
	vec_each (struct op, op, &history->ops) {
		if (!bank_is_read(op))
			continue;
		sum = sum_of(&history->values, op->output);
		if (!is_sound(history, op, negative) ||
		    !has_all_accounts(history, op, options->init) ||
		    (has_total && sum != total))
			return false;
		total = sum;
		has_total = true;
	}
	return has_total;
}

/* ---- balances in real time, an account at a time -------------------------------------- */

/* Changes of one account, by when they began or were over, with their sums. */
struct change {
	uint32_t at;
	int64_t amount;
	money in, out; /* of all up to this one */
};

struct changes {
	VEC(struct change) of;
};

static int
by_place(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static void
add_up(struct changes *changes)
{
	money in = 0, out = 0;

	if (changes->of.count > 0)
		qsort(changes->of.items, changes->of.count, sizeof(struct change),
		      by_place);
	vec_each (struct change, change, &changes->of) {
		in += change->amount > 0 ? change->amount : 0;
		out += change->amount < 0 ? change->amount : 0;
		change->in = in;
		change->out = out;
	}
}

/* All that happened before the position. */
static struct change
sum_before(const struct changes *changes, uint32_t at)
{
	size_t first;

	search_first(first, 0, changes->of.count, changes->of.items[first].at < at);
	return first > 0 ? changes->of.items[first - 1] : (struct change){0};
}

struct range {
	money low, high;
	bool is_bounded;
};

struct ledger {
	struct changes begun, over;
};

/* The ledgers of all accounts that transfers or reads name. */
struct book {
	const struct history *history;
	val init;
	struct value_ids ids;
	VEC(struct ledger) ledgers;
};

static struct ledger *
ledger_of(struct book *book, val account)
{
	uint32_t id = value_ids_add(&book->ids, account);

	if (id == book->ledgers.count)
		vec_push(&book->ledgers, (struct ledger){0});
	return &book->ledgers.items[id];
}

static void
enter(struct book *book, val account, int64_t amount, const struct op *op)
{
	struct ledger *ledger = ledger_of(book, account);
	struct change change = {.at = op->invoke_at, .amount = amount};

	vec_push(&ledger->begun.of, change);
	change.at = op->complete_at;
	if (op->type == OP_OK)
		vec_push(&ledger->over.of, change);
}

static void
book_init(struct book *book, const struct history *history, val init)
{
	struct bank_transfer transfer;

	*book = (struct book){.history = history, .init = init};
	value_ids_init(&book->ids, &history->values);
	vec_each (struct op, op, &history->ops) {
		if (!bank_is_transfer(op) || !bank_transfer_of(history, op, &transfer) ||
		    val_equal(&history->values, transfer.from, transfer.to))
			continue;
		enter(book, transfer.from, -transfer.amount, op);
		enter(book, transfer.to, transfer.amount, op);
	}
	vec_each (struct ledger, ledger, &book->ledgers) {
		add_up(&ledger->begun);
		add_up(&ledger->over);
	}
}

static void
book_release(struct book *book)
{
	vec_each (struct ledger, ledger, &book->ledgers) {
		vec_release(&ledger->begun.of);
		vec_release(&ledger->over.of);
	}
	vec_release(&book->ledgers);
	value_ids_release(&book->ids);
}

static void
narrow(struct range *range, money low, money high)
{
	if (!range->is_bounded || low > range->low)
		range->low = low;
	if (!range->is_bounded || high < range->high)
		range->high = high;
	range->is_bounded = true;
}

/* What one balance of a read says of the initial one. */
static void
narrow_by_balance(struct range *range, const struct ledger *ledger, const struct op *read,
		  int64_t balance)
{
	struct change over = sum_before(&ledger->over, read->invoke_at);
	struct change begun = sum_before(&ledger->begun, read->complete_at);

	narrow(range, balance - over.out - begun.in, balance - over.in - begun.out);
}

static void
narrow_by_init(struct range *range, const struct book *book, val account)
{
	const struct values *values = &book->history->values;
	int64_t balance;

	for (size_t i = 0; i < fields_count(values, book->init); i++)
		if (val_equal(values, fields_name(values, book->init, i), account) &&
		    fields_number(values, fields_at(values, book->init, i), &balance)) {
			narrow(range, balance, balance);
			return;
		}
}

static bool
is_possible(const struct range *range)
{
	return !range->is_bounded || range->low <= range->high;
}

/* Reads of every account leave a balance that it may have begun with. */
static bool
balances_hold(struct book *book)
{
	const struct values *values = &book->history->values;
	VEC(struct range) ranges = {0};
	int64_t balance;
	bool holds = true;

	for (size_t i = 0; i < fields_count(values, book->init); i++)
		ledger_of(book, fields_name(values, book->init, i));
	vec_each (struct op, op, &book->history->ops)
		for (size_t i = 0;
		     bank_is_read(op) && i < fields_count(values, op->output); i++) {
			val account = fields_name(values, op->output, i);
			const struct ledger *ledger = ledger_of(book, account);
			size_t id = (size_t)(ledger - book->ledgers.items);
			while (ranges.count < book->ledgers.count)
				vec_push(&ranges, (struct range){0});
			if (fields_number(values, fields_at(values, op->output, i),
					  &balance))
				narrow_by_balance(&ranges.items[id], ledger, op, balance);
		}
	for (size_t id = 0; holds && id < ranges.count; id++) {
		narrow_by_init(&ranges.items[id], book,
			       value_ids_value(&book->ids, (uint32_t)id));
		holds = is_possible(&ranges.items[id]);
	}
	vec_release(&ranges);
	return holds;
}

static bool
certify_valid(const struct history *history, const struct check_options *options,
	      const struct check_result *result, struct err *err)
{
	if (!sums_hold(history, options))
		return err_set(err, "the balances do not add up");
	if (!bank_is_strict(options) || bank_mute_transfer(history) != NULL)
		return true;
	if (result->orders.count > 0)
		return bank_order_certify(history, options, result, err);
	struct book book;
	book_init(&book, history, options->init);
	bool holds = balances_hold(&book);
	book_release(&book);
	return holds || err_set(err, "the transfers do not explain a balance");
}

/* ---- anomalies ------------------------------------------------------------------------ */

/* What the read says of the balances of the account. */
static void
narrow_by_read(struct range *range, struct book *book, const struct op *read, val account)
{
	const struct values *values = &book->history->values;
	int64_t balance;

	for (size_t i = 0; i < fields_count(values, read->output); i++)
		if (val_equal(values, fields_name(values, read->output, i), account) &&
		    fields_number(values, fields_at(values, read->output, i), &balance))
			narrow_by_balance(range, ledger_of(book, account), read, balance);
}

/* The listed reads, and the initial balance, exclude each other. */
static bool
shows_balance(struct book *book, const struct anomaly *anomaly)
{
	struct range range = {0};

	narrow_by_init(&range, book, anomaly->subject);
	vec_each (uint32_t, i, &anomaly->ops)
		if (bank_is_read(&book->history->ops.items[*i]))
			narrow_by_read(&range, book, &book->history->ops.items[*i],
				       anomaly->subject);
	return !is_possible(&range);
}

/* Another total than that of the bank or, where that is not told, of another read. */
static bool
shows_total(const struct history *history, val init, const struct op *read)
{
	money sum = sum_of(&history->values, read->output), total;

	if (told_total(history, init, &total))
		return sum != total;
	vec_each (struct op, op, &history->ops)
		if (bank_is_read(op) && sum_of(&history->values, op->output) != sum)
			return true;
	return false;
}

/* Some balance of the account is no number; or one is below zero. */
static bool
shows_bad_balance(const struct history *history, const struct op *read, val account,
		  bool is_nil)
{
	const struct values *values = &history->values;
	int64_t balance;

	for (size_t i = 0; i < fields_count(values, read->output); i++) {
		if (!val_equal(values, fields_name(values, read->output, i), account))
			continue;
		bool is_number = fields_number(values, fields_at(values, read->output, i),
					       &balance);
		if (is_nil ? !is_number : is_number && balance < 0)
			return true;
	}
	return false;
}

static bool
certify_anomaly(struct book *book, const struct check_options *options,
		const struct anomaly *anomaly)
{
	const struct history *history = book->history;
	const struct values *values = &history->values;
	const struct op *read = &history->ops.items[anomaly->ops.items[0]];
	bool is_told = val_kind(options->init) == VAL_MAP;
	const char *name = anomaly->name;

	if (strcmp(name, "impossible-balance") == 0)
		return bank_is_strict(options) && bank_mute_transfer(history) == NULL &&
		       shows_balance(book, anomaly);
	if (!bank_is_read(read))
		return false;
	if (strcmp(name, "wrong-total") == 0)
		return shows_total(history, options->init, read);
	if (strcmp(name, "nil-balance") == 0)
		return shows_bad_balance(history, read, anomaly->subject, true);
	if (strcmp(name, "negative-balance") == 0)
		return !bank_allows_overdraft(options) &&
		       shows_bad_balance(history, read, anomaly->subject, false);
	bool is_there = has_account(values, read->output, anomaly->subject);
	bool is_known = has_account(values, options->init, anomaly->subject);
	bool is_missing = strcmp(name, "missing-account") == 0;
	return is_told && is_there != is_known && is_known == is_missing;
}

static bool
certify_anomalies(const struct history *history, const struct check_options *options,
		  const struct check_result *result, struct err *err)
{
	struct book book;
	bool holds = result->anomalies.count > 0 || err_set(err, "no anomaly is told");

	book_init(&book, history, options->init);
	vec_each (struct anomaly, anomaly, &result->anomalies)
		holds = holds && (certify_anomaly(&book, options, anomaly) ||
				  err_set(err, "the operations of '%s' do not show it",
					  anomaly->name));
	book_release(&book);
	return holds;
}

bool
bank_certify(const struct history *history, const struct check_options *options,
	     const struct check_result *result, struct err *err)
{
	if (result->verdict == VERDICT_VALID)
		return certify_valid(history, options, result, err);
	if (result->anomalies.count > 0 &&
	    strcmp(result->anomalies.items[0].name, "impossible-order") == 0)
		return bank_order_certify(history, options, result, err);
	return certify_anomalies(history, options, result, err);
}
