#include "checkers/jepsen/bank_time.h"

#include "base/mem.h"
#include "checkers/jepsen/bank_records.h"
#include "checkers/jepsen/fields.h"
#include "checkers/tell.h"
#include "checkers/value_ids.h"

#include <stdlib.h>

enum {
	PROOF_BYTES = 192, /* an operation: four entries of bank_certify.c's ledgers */
};

typedef __int128 money; /* sums of any number of amounts */

/* What transfers moved into and out of an account; out is negative. */
struct flow {
	money in, out;
};

struct account {
	struct flow begun, over;
	uint32_t last_over;    /* op: the transfer that was over last; OP_NEVER: none */
	money lowest, highest; /* the initial balance */
	uint32_t lowest_read, highest_read; /* ops that say so; OP_NEVER: given */
	bool has_lowest, has_highest;
};

struct sweep {
	const struct history *history;
	const struct check_options *options;
	struct check_result *result;
	struct value_ids ids;
	VEC(struct account) accounts;
	struct flow **before; /* owned, by op: what was over when the read began */
	uint32_t *done;	      /* owned: ops that were answered, by completion */
	size_t done_count, bytes;
	uint64_t found;
};

static struct account *
account_of(struct sweep *sweep, val name)
{
	uint32_t id = value_ids_add(&sweep->ids, name);

	if (id == sweep->accounts.count)
		vec_push(&sweep->accounts, (struct account){.last_over = OP_NEVER});
	return &sweep->accounts.items[id];
}

static void
add_change(struct flow *flow, int64_t change)
{
	if (change > 0)
		flow->in += change;
	else
		flow->out += change;
}

static void
note_transfer(struct sweep *sweep, uint32_t index, bool is_over)
{
	const struct op *op = &sweep->history->ops.items[index];
	const struct values *values = &sweep->history->values;
	struct bank_transfer transfer;

	if (!bank_transfer_of(sweep->history, op, &transfer))
		return;
	const val sides[] = {transfer.from, transfer.to};
	size_t count = val_equal(values, transfer.from, transfer.to) ? 1 : 2;
	for (size_t i = 0; i < count; i++) {
		struct account *account = account_of(sweep, sides[i]);
		add_change(is_over ? &account->over : &account->begun,
			   bank_change(values, &transfer, sides[i]));
		if (is_over)
			account->last_over = index;
	}
}

/* An account that appears later had seen no transfer by then. */
static void
note_read_begun(struct sweep *sweep, uint32_t index)
{
	size_t count = fields_count(&sweep->history->values,
				    sweep->history->ops.items[index].output);
	struct flow *before = mem_new(count + 1, sizeof(*before));

	for (size_t i = 0; i < count; i++)
		before[i] =
			account_of(sweep,
				   fields_name(&sweep->history->values,
					       sweep->history->ops.items[index].output,
					       i))
				->over;
	sweep->before[index] = before;
	sweep->bytes += count * sizeof(*before);
}

static void
report(struct sweep *sweep, uint32_t read, val name, const struct account *account,
       uint32_t other)
{
	struct buf text = {0};

	sweep->found++;
	buf_string(&text, "the balance of account ");
	tell_value(sweep->history, name, &text);
	buf_string(&text,
		   other == OP_NEVER
			   ? " does not follow from the initial one by any of the "
			     "transfers that can have happened"
			   : " does not follow from that in another read by any of "
			     "the transfers that can have happened between them");
	tell(sweep->history, sweep->result, "impossible-balance", VAL_OF_NIL, &text,
	     (uint32_t[]){other, account->last_over, read}, 3);
	if (sweep->result->anomaly_count <= ANOMALIES_MAX)
		vec_last(&sweep->result->anomalies)->subject = name;
}

/* The bounds that the read gives, taken over unless they exclude the known ones. */
static void
bound(struct sweep *sweep, uint32_t read, val name, money balance, struct flow before)
{
	struct account *account = account_of(sweep, name);
	money lowest = balance - (before.out + account->begun.in);
	money highest = balance - (before.in + account->begun.out);

	if (account->has_highest && lowest > account->highest) {
		report(sweep, read, name, account, account->highest_read);
		return;
	}
	if (account->has_lowest && highest < account->lowest) {
		report(sweep, read, name, account, account->lowest_read);
		return;
	}
	if (!account->has_lowest || lowest > account->lowest) {
		account->lowest = lowest;
		account->lowest_read = read;
	}
	if (!account->has_highest || highest < account->highest) {
		account->highest = highest;
		account->highest_read = read;
	}
	account->has_lowest = account->has_highest = true;
}

static void
note_read_over(struct sweep *sweep, uint32_t index)
{
	const struct values *values = &sweep->history->values;
	val balances = sweep->history->ops.items[index].output;
	size_t count = fields_count(values, balances);
	int64_t balance;

	for (size_t i = 0; i < count; i++)
		if (fields_number(values, fields_at(values, balances, i), &balance))
			bound(sweep, index, fields_name(values, balances, i), balance,
			      sweep->before[index][i]);
	free(sweep->before[index]);
	sweep->before[index] = NULL;
	sweep->bytes -= count * sizeof(struct flow);
}

static void
take_init(struct sweep *sweep, val init)
{
	const struct values *values = &sweep->history->values;
	int64_t balance;

	for (size_t i = 0; i < fields_count(values, init); i++)
		if (fields_number(values, fields_at(values, init, i), &balance)) {
			struct account *account =
				account_of(sweep, fields_name(values, init, i));
			if (account->has_lowest)
				continue; /* named twice */
			account->lowest = account->highest = balance;
			account->has_lowest = account->has_highest = true;
			account->lowest_read = account->highest_read = OP_NEVER;
		}
}

static int
by_completion(const void *a, const void *b, void *context)
{
	const struct op *ops = context;
	uint32_t x = ops[*(const uint32_t *)a].complete_at;
	uint32_t y = ops[*(const uint32_t *)b].complete_at;

	return x < y ? -1 : x > y;
}

static void
sort_done(struct sweep *sweep)
{
	const struct history *history = sweep->history;

	sweep->done = mem_new(history->ops.count + 1, sizeof(*sweep->done));
	for (uint32_t i = 0; i < history->ops.count; i++)
		if (history->ops.items[i].type == OP_OK)
			sweep->done[sweep->done_count++] = i;
	qsort_r(sweep->done, sweep->done_count, sizeof(*sweep->done), by_completion,
		history->ops.items);
}

static void
note_begun(struct sweep *sweep, uint32_t index)
{
	const struct op *op = &sweep->history->ops.items[index];

	if (bank_is_transfer(op))
		note_transfer(sweep, index, false);
	else if (bank_is_read(op))
		note_read_begun(sweep, index);
}

static void
note_over(struct sweep *sweep, uint32_t index)
{
	const struct op *op = &sweep->history->ops.items[index];

	if (bank_is_transfer(op))
		note_transfer(sweep, index, true);
	else if (bank_is_read(op))
		note_read_over(sweep, index);
}

/* In the order of events. */
static void
walk(struct sweep *sweep)
{
	const struct op *ops = sweep->history->ops.items;
	size_t begun = 0, over = 0, count = sweep->history->ops.count;

	while (over < sweep->done_count &&
	       !tell_over_budget(sweep->options, sweep->bytes, sweep->result))
		if (begun < count &&
		    ops[begun].invoke_at < ops[sweep->done[over]].complete_at)
			note_begun(sweep, (uint32_t)begun++);
		else
			note_over(sweep, sweep->done[over++]);
}

uint64_t
bank_time_judge(const struct history *history, const struct check_options *options,
		struct check_result *result)
{
	struct sweep sweep = {.history = history, .options = options, .result = result};
	size_t count = history->ops.count;

	sweep.bytes = count * (sizeof(struct flow *) + sizeof(uint32_t) + PROOF_BYTES);
	if (tell_over_budget(options, sweep.bytes, result))
		return 0;
	value_ids_init(&sweep.ids, &history->values);
	sweep.before = mem_new(count + 1, sizeof(*sweep.before));
	take_init(&sweep, options->init);
	sort_done(&sweep);
	walk(&sweep);
	for (size_t i = 0; i < count; i++)
		free(sweep.before[i]);
	free(sweep.before);
	free(sweep.done);
	value_ids_release(&sweep.ids);
	vec_release(&sweep.accounts);
	return sweep.found;
}
