#include "checkers/jepsen/bank_certify.h"

#include "base/mem.h"
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
	size_t low = 0, high = changes->of.count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (changes->of.items[middle].at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? changes->of.items[low - 1] : (struct change){0};
}

struct ledger {
	struct changes begun, over;
};

static void
ledger_init(struct ledger *ledger, const struct history *history, val account)
{
	struct bank_transfer transfer;

	*ledger = (struct ledger){0};
	vec_each (struct op, op, &history->ops) {
		if (!bank_is_transfer(op) || !bank_transfer_of(history, op, &transfer))
			continue;
		int64_t amount = bank_change(&history->values, &transfer, account);
		struct change change = {.at = op->invoke_at, .amount = amount};
		vec_push(&ledger->begun.of, change);
		change.at = op->complete_at;
		if (op->type == OP_OK)
			vec_push(&ledger->over.of, change);
	}
	add_up(&ledger->begun);
	add_up(&ledger->over);
}

static void
ledger_release(struct ledger *ledger)
{
	vec_release(&ledger->begun.of);
	vec_release(&ledger->over.of);
}

struct range {
	money low, high;
	bool is_bounded;
};

static void
narrow(struct range *range, money low, money high)
{
	if (!range->is_bounded || low > range->low)
		range->low = low;
	if (!range->is_bounded || high < range->high)
		range->high = high;
	range->is_bounded = true;
}

/* What the read says of the initial balance of the account. */
static void
narrow_by_read(struct range *range, const struct ledger *ledger,
	       const struct history *history, const struct op *read, val account)
{
	const struct values *values = &history->values;
	struct change over = sum_before(&ledger->over, read->invoke_at);
	struct change begun = sum_before(&ledger->begun, read->complete_at);
	int64_t balance;

	for (size_t i = 0; i < fields_count(values, read->output); i++)
		if (val_equal(values, fields_name(values, read->output, i), account) &&
		    fields_number(values, fields_at(values, read->output, i), &balance))
			narrow(range, balance - over.out - begun.in,
			       balance - over.in - begun.out);
}

static void
narrow_by_init(struct range *range, const struct history *history, val init, val account)
{
	const struct values *values = &history->values;
	int64_t balance;

	for (size_t i = 0; i < fields_count(values, init); i++)
		if (val_equal(values, fields_name(values, init, i), account) &&
		    fields_number(values, fields_at(values, init, i), &balance)) {
			narrow(range, balance, balance);
			return;
		}
}

static bool
account_holds(const struct history *history, val init, val account)
{
	struct range range = {0};
	struct ledger ledger;

	ledger_init(&ledger, history, account);
	narrow_by_init(&range, history, init, account);
	vec_each (struct op, op, &history->ops)
		if (bank_is_read(op))
			narrow_by_read(&range, &ledger, history, op, account);
	ledger_release(&ledger);
	return !range.is_bounded || range.low <= range.high;
}

/* Every account that a read shows. */
static bool
balances_hold(const struct history *history, val init)
{
	struct value_ids ids;
	bool holds = true;

	value_ids_init(&ids, &history->values);
	vec_each (struct op, op, &history->ops)
		for (size_t i = 0;
		     bank_is_read(op) && i < fields_count(&history->values, op->output);
		     i++)
			value_ids_add(&ids, fields_name(&history->values, op->output, i));
	for (uint32_t id = 0; holds && id < value_ids_count(&ids); id++)
		holds = account_holds(history, init, value_ids_value(&ids, id));
	value_ids_release(&ids);
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
	return balances_hold(history, options->init) ||
	       err_set(err, "the transfers do not explain a balance");
}

/* ---- anomalies ------------------------------------------------------------------------ */

/* The listed reads, and the initial balance, exclude each other. */
static bool
shows_balance(const struct history *history, const struct check_options *options,
	      const struct anomaly *anomaly)
{
	struct range range = {0};
	struct ledger ledger;

	if (!bank_is_strict(options) || bank_mute_transfer(history) != NULL)
		return false;
	ledger_init(&ledger, history, anomaly->subject);
	narrow_by_init(&range, history, options->init, anomaly->subject);
	vec_each (uint32_t, i, &anomaly->ops)
		if (bank_is_read(&history->ops.items[*i]))
			narrow_by_read(&range, &ledger, history, &history->ops.items[*i],
				       anomaly->subject);
	ledger_release(&ledger);
	return range.is_bounded && range.low > range.high;
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
certify_anomaly(const struct history *history, const struct check_options *options,
		const struct anomaly *anomaly)
{
	const struct values *values = &history->values;
	const struct op *read = &history->ops.items[anomaly->ops.items[0]];
	bool is_told = val_kind(options->init) == VAL_MAP;
	const char *name = anomaly->name;

	if (strcmp(name, "impossible-balance") == 0)
		return shows_balance(history, options, anomaly);
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

bool
bank_certify(const struct history *history, const struct check_options *options,
	     const struct check_result *result, struct err *err)
{
	if (result->verdict == VERDICT_VALID)
		return certify_valid(history, options, result, err);
	if (result->anomalies.count > 0 &&
	    strcmp(result->anomalies.items[0].name, "impossible-order") == 0)
		return bank_order_certify(history, options, result, err);
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (!certify_anomaly(history, options, anomaly))
			return err_set(err, "the operations of '%s' do not show it",
				       anomaly->name);
	return result->anomalies.count > 0 || err_set(err, "no anomaly is told");
}
