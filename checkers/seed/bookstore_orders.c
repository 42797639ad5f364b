/* bookstore_orders.c - order logs: each acknowledged request stands there once, and no
 * other. */
#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/jepsen/fields.h"
#include "checkers/seed/bookstore.h"
#include "checkers/value_ids.h"

#include <stdlib.h>

struct request {
	uint32_t buy;	/* an acknowledged one, the first to be; else any */
	uint32_t ok_at; /* OP_NEVER: never acknowledged */
	uint32_t seen;	/* the last log that has it, + 1 */
	bool has_failed_only;
};

struct orders {
	const struct history *history;
	struct check_result *result;
	struct value_ids ids;
	VEC(struct request) requests;
};

static void
note_buy(struct orders *orders, uint32_t index)
{
	const struct op *op = &orders->history->ops.items[index];
	uint32_t id = value_ids_add(&orders->ids, op->input);

	if (id == orders->requests.count)
		vec_push(&orders->requests, (struct request){.buy = index,
							     .ok_at = OP_NEVER,
							     .has_failed_only = true});
	struct request *request = &orders->requests.items[id];
	request->has_failed_only = request->has_failed_only && op->type == OP_FAIL;
	if (op->type == OP_OK && op->complete_at < request->ok_at) {
		request->ok_at = op->complete_at;
		request->buy = index;
	}
}

/* The anomaly is about a request. */
static void
report(struct orders *orders, const char *name, val request, const char *sentence,
       uint32_t buy, uint32_t log)
{
	uint64_t told = orders->result->anomalies.count;
	val title = buy == OP_NEVER ? VAL_OF_NIL : orders->history->ops.items[buy].key;

	book_report(orders->history, orders->result, name, title, sentence, buy, log);
	if (orders->result->anomalies.count > told)
		vec_last(&orders->result->anomalies)->subject = request;
}

static void
judge_entry(struct orders *orders, uint32_t log, val entry)
{
	uint32_t id = value_ids_find(&orders->ids, entry);
	struct request *request =
		id == VALUE_ID_NONE ? NULL : &orders->requests.items[id];

	if (request == NULL || request->has_failed_only) {
		report(orders, "unknown-order", entry,
		       "the order log has a request that nobody made with success",
		       request == NULL ? OP_NEVER : request->buy, log);
		return;
	}
	if (request->seen == log + 1)
		report(orders, "double-order", entry,
		       "one request stands twice in the order log", request->buy, log);
	request->seen = log + 1;
}

static void
judge_log(struct orders *orders, uint32_t log)
{
	const struct op *op = &orders->history->ops.items[log];
	const struct values *values = &orders->history->values;

	for (size_t i = 0, n = fields_items(values, op->output); i < n; i++)
		judge_entry(orders, log, fields_item(values, op->output, i));
	vec_each (struct request, request, &orders->requests)
		if (request->ok_at < op->invoke_at && request->seen != log + 1)
			report(orders, "lost-order",
			       orders->history->ops.items[request->buy].input,
			       "an acknowledged buy is not in the order log",
			       request->buy, log);
}

bool
book_judge_orders(const struct history *history, const struct check_options *options,
		  struct check_result *result)
{
	struct orders orders = {.history = history, .result = result};
	bool is_over = false;

	value_ids_init(&orders.ids, &history->values);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (book_act_of(history, op) == BOOK_BUY && op->input != VAL_OF_NIL)
			note_buy(&orders, i);
	}
	for (uint32_t i = 0; i < history->ops.count && !is_over; i++) {
		const struct op *op = &history->ops.items[i];
		bool is_log =
			book_act_of(history, op) == BOOK_ORDERS && op->type == OP_OK;
		is_over = is_log && budget_is_over(&options->budget);
		if (is_log && !is_over)
			judge_log(&orders, i);
	}
	value_ids_release(&orders.ids);
	vec_release(&orders.requests);
	return !is_over;
}
