#include "checkers/jepsen/bank_order.h"

#include "checkers/engine/linearizable.h"
#include "checkers/engine/states.h"
#include "checkers/jepsen/bank_path.h"
#include "checkers/jepsen/bank_records.h"
#include "checkers/jepsen/fields.h"

#include <stdlib.h>
#include <string.h>

enum bank_call {
	BANK_READ = 1, /* a: the state that it shows */
	BANK_MOVE,     /* a: the number of what is moved */
};

struct balances {
	int64_t are_known; /* else what the transfers changed so far */
	int64_t of[BANK_ORDER_ACCOUNTS];
};

struct move {
	uint32_t from, to;
	int64_t amount;
};

struct self {
	const struct history *history;
	struct value_ids accounts;
	struct states balances, moves;
	bool has_init;
};

static uint32_t
account_id(struct self *self, val name)
{
	return value_ids_add(&self->accounts, name) % BANK_ORDER_ACCOUNTS;
}

static struct balances
balances_of(struct self *self, val map)
{
	const struct values *values = &self->history->values;
	struct balances balances = {.are_known = val_kind(map) == VAL_MAP};

	for (size_t i = 0; i < fields_count(values, map); i++)
		fields_number(
			values, fields_at(values, map, i),
			&balances.of[account_id(self, fields_name(values, map, i))]);
	return balances;
}

static bool
number_of(struct self *self, const struct balances *balances, uint32_t *number)
{
	return states_number(&self->balances, balances, sizeof(*balances), number);
}

static void *
bank_open(const struct key_ops *key, const struct check_options *options)
{
	struct self *self = mem_new(1, sizeof(*self));
	size_t bytes = options->budget.bytes_max / 4;
	uint32_t number;

	self->history = key->history;
	self->has_init = val_kind(options->init) == VAL_MAP;
	value_ids_init(&self->accounts, &key->history->values);
	states_init(&self->balances, bytes);
	states_init(&self->moves, bytes);
	struct balances init = balances_of(self, options->init);
	number_of(self, &init, &number);
	return self;
}

static void
bank_close(void *context)
{
	struct self *self = context;

	value_ids_release(&self->accounts);
	states_release(&self->balances);
	states_release(&self->moves);
	free(self);
}

static bool
bank_decode(void *context, const struct op *op, struct call *call)
{
	struct self *self = context;
	struct bank_transfer transfer;

	call->b = 0;
	if (bank_is_read(op)) {
		struct balances balances = balances_of(self, op->output);
		call->kind = BANK_READ;
		return number_of(self, &balances, &call->a);
	}
	if (!bank_is_transfer(op) || !bank_transfer_of(self->history, op, &transfer))
		return false;
	struct move move = {account_id(self, transfer.from),
			    account_id(self, transfer.to), transfer.amount};
	call->kind = BANK_MOVE;
	return states_number(&self->moves, &move, sizeof(move), &call->a);
}

static uint32_t
bank_init(void *context)
{
	(void)context;
	return 0;
}

static bool
bank_step(void *context, uint32_t state, const struct call *call, uint32_t *next)
{
	struct self *self = context;
	struct balances balances;
	struct move move;

	states_read(&self->balances, state, &balances, sizeof(balances));
	*next = call->a;
	if (call->kind == BANK_READ && balances.are_known)
		return state == call->a;
	if (call->kind == BANK_READ)
		return true;
	states_read(&self->moves, call->a, &move, sizeof(move));
	balances.of[move.from] -= move.amount;
	balances.of[move.to] += move.amount;
	return number_of(self, &balances, next);
}

/* The first read that sets the balances changes the state. */
static bool
bank_call_is_read(void *context, const struct call *call)
{
	const struct self *self = context;

	return call->kind == BANK_READ && self->has_init;
}

static bool
bank_is_overwrite(void *context, const struct call *call)
{
	(void)context;
	(void)call;
	return false;
}

static uint32_t
bank_state_count(void *context)
{
	(void)context;
	return 0;
}

static bool
bank_is_full(void *context)
{
	const struct self *self = context;

	return self->balances.is_full || self->moves.is_full;
}

const struct model model_bank = {
	.name = "bank",
	.open = bank_open,
	.close = bank_close,
	.decode = bank_decode,
	.init = bank_init,
	.step = bank_step,
	.is_read = bank_call_is_read,
	.is_overwrite = bank_is_overwrite,
	.state_count = bank_state_count,
	.is_full = bank_is_full,
};

/* ---- what can be asked ---------------------------------------------------------------- */

static bool
understands(const struct history *history, const struct op *op, struct err *err)
{
	struct bank_transfer transfer;

	if (bank_is_transfer(op) && !bank_transfer_of(history, op, &transfer))
		return err_set(err, "a transfer does not say what it moved");
	return true;
}

/* Every account that anything touches. */
static size_t
count_accounts(const struct history *history)
{
	const struct values *values = &history->values;
	struct bank_transfer transfer;
	struct value_ids ids;

	value_ids_init(&ids, values);
	vec_each (struct op, op, &history->ops) {
		for (size_t i = 0;
		     bank_is_read(op) && i < fields_count(values, op->output); i++)
			value_ids_add(&ids, fields_name(values, op->output, i));
		if (!bank_is_transfer(op) || !bank_transfer_of(history, op, &transfer))
			continue;
		value_ids_add(&ids, transfer.from);
		value_ids_add(&ids, transfer.to);
	}
	size_t count = value_ids_count(&ids);
	value_ids_release(&ids);
	return count;
}

/* Each read, and the initial balances, show every account, so that a read names one
 * state; and nothing is so large that a sum may overflow. */
static bool
are_whole(const struct history *history, val init, size_t accounts)
{
	const struct values *values = &history->values;

	if (val_kind(init) == VAL_MAP && fields_count(values, init) != accounts)
		return false;
	vec_each (struct op, op, &history->ops)
		if (bank_is_read(op) && fields_count(values, op->output) != accounts)
			return false;
	return true;
}

static bool
is_small(int64_t number)
{
	return number > INT32_MIN && number < INT32_MAX;
}

static bool
are_small(const struct history *history)
{
	const struct values *values = &history->values;
	struct bank_transfer transfer;
	int64_t balance;

	vec_each (struct op, op, &history->ops) {
		if (bank_is_transfer(op) && bank_transfer_of(history, op, &transfer) &&
		    !is_small(transfer.amount))
			return false;
		for (size_t i = 0;
		     bank_is_read(op) && i < fields_count(values, op->output); i++)
			if (!fields_number(values, fields_at(values, op->output, i),
					   &balance) ||
			    !is_small(balance))
				return false;
	}
	return true;
}

/* Keys are not judged: accounts are what a bank has. */
static bool
has_keys(const struct history *history)
{
	vec_each (struct op, op, &history->ops)
		if (op->key != VAL_OF_NIL)
			return true;
	return false;
}

static const char *
why_not(const struct history *history, val init, size_t bytes_max)
{
	if (bytes_max < BANK_ORDER_BYTES_MIN)
		return "there is too little memory for it";
	if (history->ops.count > BANK_ORDER_OPS)
		return "the history is too long for it";
	size_t accounts = count_accounts(history);
	if (accounts > BANK_ORDER_ACCOUNTS)
		return "there are too many accounts for it";
	if (!are_whole(history, init, accounts))
		return "not every read shows every account";
	if (!are_small(history) || has_keys(history))
		return "its amounts or keys do not fit it";
	return NULL;
}

static const struct linearizable type_bank = {
	.model = &model_bank,
	.complexity = "exponential in the transfers under way",
	.decide = bank_path_decide,
	.understands = understands,
};

static struct check_options
bounded(const struct check_options *options)
{
	struct check_options own = *options;

	if (own.budget.bytes_max == 0 || own.budget.bytes_max > BANK_ORDER_BYTES)
		own.budget.bytes_max = BANK_ORDER_BYTES;
	own.threads = 1;
	return own;
}

/* What the engine found becomes part of the bank's own result. */
static void
take_over(struct check_result *found, struct check_result *result)
{
	vec_each (struct order, order, &found->orders) {
		vec_push(&result->orders, *order);
		order->ops = NULL;
	}
	vec_each (struct anomaly, anomaly, &found->anomalies) {
		anomaly->name = "impossible-order";
		vec_push(&result->anomalies, *anomaly);
		*anomaly = (struct anomaly){0};
	}
	result->anomaly_count += found->anomaly_count;
	if (found->verdict == VERDICT_INVALID)
		result->verdict = VERDICT_INVALID;
}

enum verdict
bank_order_judge(const struct history *history, const struct check_options *options,
		 struct check_result *result, char **why)
{
	struct check_options own = bounded(options);
	struct check_result found = {0};
	const char *unasked = why_not(history, options->init, own.budget.bytes_max);

	*why = NULL;
	if (unasked != NULL) {
		*why = mem_string(unasked);
		return VERDICT_UNKNOWN;
	}
	linearizable_check(&type_bank, history, &own, &found);
	enum verdict verdict = found.verdict;
	if (verdict == VERDICT_UNKNOWN)
		*why = mem_string(found.reason);
	else
		take_over(&found, result);
	check_result_release(&found);
	return verdict;
}

bool
bank_order_certify(const struct history *history, const struct check_options *options,
		   const struct check_result *result, struct err *err)
{
	struct check_options own = bounded(options);

	return linearizable_certify(&type_bank, history, &own, result, err);
}
