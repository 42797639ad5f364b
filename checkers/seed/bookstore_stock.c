/* bookstore_stock.c - who decides about the copies of each title: a sweep, or the engine. */
#include "base/mem.h"
#include "checkers/seed/bookstore.h"
#include "checkers/seed/bookstore_late.h"
#include "checkers/sort.h"
#include "checkers/tell.h"

#include <stdlib.h>
#include <string.h>

/* ---- the sweep ------------------------------------------------------------------------ */

/* What a title comes to when restocks are as early and buys as late as can be. */
struct sweep {
	const struct key_ops *key;
	struct linearizable_key *found;
	uint64_t *moments; /* owned: position << 32 | operation */
	size_t count;
	bool has_refusal;
	bool has_guessed; /* buys of unknown outcome were taken to explain a final stock */
	int64_t stock;
	uint32_t last_buy;	/* index into history->ops */
	VEC(uint32_t) doubtful; /* buys of unknown outcome, not yet taken */
	size_t taken;
};

static void
add_moment(struct sweep *sweep, uint32_t i)
{
	const struct history *history = sweep->key->history;
	const struct op *op = key_op(sweep->key, i);
	enum book_act act = book_act_of(history, op);
	uint32_t at = op->invoke_at;

	if (book_is_refusal(history, op))
		sweep->has_refusal = true;
	if (op->type == OP_FAIL)
		return;
	if (act == BOOK_BUY && op->type == OP_INFO)
		vec_push(&sweep->doubtful, i);
	bool is_final = act == BOOK_FINAL && op->type == OP_OK &&
			book_look(history, op, 0).has_stock;
	if (act == BOOK_BUY && op->type == OP_OK)
		at = op->complete_at;
	else if (act != BOOK_RESTOCK && !is_final)
		return;
	sweep->moments[sweep->count++] = (uint64_t)at << 32 | i;
}

static void
place(struct sweep *sweep, uint32_t i)
{
	sweep->found->order[sweep->found->order_count++] = sweep->key->ops[i];
}

/* A final stock below what was counted: buys of unknown outcome that had begun. */
static bool
fit_final(struct sweep *sweep, const struct op *final, int64_t stock)
{
	for (; sweep->stock > stock && sweep->taken < sweep->doubtful.count;
	     sweep->taken++) {
		uint32_t buy = sweep->doubtful.items[sweep->taken];
		if (key_op(sweep->key, buy)->invoke_at > final->invoke_at)
			return false;
		place(sweep, buy);
		sweep->has_guessed = true;
		sweep->stock--;
	}
	return sweep->stock == stock;
}

/* False: the sweep cannot go on. */
static bool
take_moment(struct sweep *sweep, uint32_t i)
{
	const struct history *history = sweep->key->history;
	const struct op *op = key_op(sweep->key, i);
	enum book_act act = book_act_of(history, op);

	if (act == BOOK_FINAL) {
		if (!fit_final(sweep, op, book_look(history, op, 0).stock))
			return false;
	} else if (act == BOOK_RESTOCK) {
		sweep->stock += book_copies(history, op);
	} else if (sweep->stock-- <= 0) {
		if (sweep->has_guessed)
			return false;
		uint32_t ops[] = {sweep->last_buy, sweep->key->ops[i], OP_NEVER};
		linearizable_conflict(sweep->found, "oversold",
				      "more copies were sold than there can have been",
				      sweep->last_buy == OP_NEVER ? ops + 1 : ops);
		return false;
	}
	if (act == BOOK_BUY)
		sweep->last_buy = sweep->key->ops[i];
	place(sweep, i);
	return true;
}

/* ---- refusals ------------------------------------------------------------------------- */

/* Two words an operation: its beginning, and its end. */
static uint64_t *
list_events(const struct key_ops *key, size_t *count)
{
	uint64_t *events = mem_new(2 * key->count + 1, sizeof(*events));

	*count = 0;
	for (uint32_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		events[(*count)++] = (uint64_t)op->invoke_at << 32 | i;
		if (op->complete_at != OP_NEVER)
			events[(*count)++] = (uint64_t)op->complete_at << 32 | i;
	}
	sort_words(events, *count);
	return events;
}

/* Copies that were surely there from a refusal's beginning to its end: acknowledged before
 * it, and not taken by buys that began before it was over. */
static void
refute_refusals(const struct key_ops *key, int64_t initial,
		struct linearizable_key *found)
{
	int64_t *surely = mem_new(key->count + 1, sizeof(*surely));
	int64_t restocked = 0, begun = 0;
	size_t count;
	uint64_t *events = list_events(key, &count);

	for (size_t e = 0; e < count; e++) {
		uint32_t i = (uint32_t)events[e];
		const struct op *op = key_op(key, i);
		enum book_act act = book_act_of(key->history, op);
		bool begins = events[e] >> 32 == op->invoke_at;
		if (begins)
			surely[i] = initial + restocked;
		if (act == BOOK_BUY && begins && op->type != OP_FAIL)
			begun++;
		if (act == BOOK_RESTOCK && !begins && op->type == OP_OK)
			restocked += book_copies(key->history, op);
		if (!begins && book_is_refusal(key->history, op) && surely[i] > begun)
			linearizable_conflict(found, "false-sold-out",
					      "the buy was refused though copies were "
					      "there all the time",
					      (uint32_t[]){key->ops[i], OP_NEVER});
	}
	free(events);
	free(surely);
}

/* ---- a title -------------------------------------------------------------------------- */

/* Where no sweep fits, nor an order in which all happens late, the engine decides. */
static void
stock_decide(const struct key_ops *key, const struct check_options *options,
	     struct linearizable_key *found)
{
	struct sweep sweep = {.key = key, .found = found, .last_buy = OP_NEVER};
	int64_t initial =
		book_initial_stock(&key->history->values, options->init, key->key);
	bool fits = true;

	if (budget_is_over(&options->budget)) {
		found->verdict = VERDICT_UNKNOWN;
		return;
	}
	sweep.stock = initial;
	sweep.moments = mem_new(key->count + 1, sizeof(*sweep.moments));
	found->order = mem_new(key->count + 1, sizeof(*found->order));
	for (uint32_t i = 0; i < key->count; i++)
		add_moment(&sweep, i);
	sort_words(sweep.moments, sweep.count);
	for (size_t m = 0; m < sweep.count && fits; m++)
		fits = take_moment(&sweep, (uint32_t)sweep.moments[m]);
	if (sweep.has_refusal)
		refute_refusals(key, initial, found);
	if (fits && !sweep.has_refusal)
		found->verdict = VERDICT_VALID;
	else if (found->verdict == VERDICT_NONE &&
		 book_order_late(key, options, initial, found))
		found->verdict = VERDICT_VALID;
	if (found->verdict != VERDICT_VALID) {
		free(found->order);
		found->order = NULL;
		found->order_count = 0;
	}
	free(sweep.moments);
	vec_release(&sweep.doubtful);
}

/* ---- the frame ------------------------------------------------------------------------ */

static bool
stock_understands(const struct history *history, const struct op *op, struct err *err)
{
	(void)history;
	(void)op;
	(void)err;
	return true;
}

/* Copies of the title sold by the position, and those that can have been there. */
static bool
is_oversold(const struct key_ops *key, int64_t initial, uint32_t position)
{
	int64_t sold = 0, supply = initial;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		enum book_act act = book_act_of(key->history, op);
		sold += act == BOOK_BUY && op->type == OP_OK &&
			op->complete_at <= position;
		if (act == BOOK_RESTOCK && op->type != OP_FAIL &&
		    op->invoke_at < position)
			supply += book_copies(key->history, op);
	}
	return sold > supply;
}

static bool
is_refusal_false(const struct key_ops *key, int64_t initial, const struct op *refusal)
{
	int64_t surely = initial;

	for (size_t i = 0; i < key->count; i++) {
		const struct op *op = key_op(key, i);
		enum book_act act = book_act_of(key->history, op);
		if (act == BOOK_RESTOCK && op->type == OP_OK &&
		    op->complete_at < refusal->invoke_at)
			surely += book_copies(key->history, op);
		surely -= act == BOOK_BUY && op->type != OP_FAIL &&
			  op->invoke_at < refusal->complete_at;
	}
	return surely > 0;
}

/* By counting; else brute force or the engine is asked (linearizable.h). */
static bool
stock_contradicts(const struct key_ops *key, const struct check_options *options,
		  const struct anomaly *anomaly)
{
	int64_t initial =
		book_initial_stock(&key->history->values, options->init, key->key);

	vec_each (const uint32_t, i, &anomaly->ops) {
		const struct op *op = &key->history->ops.items[*i];
		if (strcmp(anomaly->name, "oversold") == 0 && op->type == OP_OK &&
		    is_oversold(key, initial, op->complete_at))
			return true;
		if (strcmp(anomaly->name, "false-sold-out") == 0 &&
		    book_is_refusal(key->history, op) &&
		    is_refusal_false(key, initial, op))
			return true;
	}
	return false;
}

static const char *
stock_name_core(const struct history *history, const uint32_t *ops, size_t count,
		const char **why)
{
	bool some_final = false, some_refusal = false;

	for (size_t i = 0; i < count; i++) {
		const struct op *op = &history->ops.items[ops[i]];
		some_final = some_final || book_act_of(history, op) == BOOK_FINAL;
		some_refusal = some_refusal || book_is_refusal(history, op);
	}
	if (some_final) {
		*why = "the final stock is not what was there, plus restocks, less buys";
		return "wrong-stock";
	}
	*why = some_refusal ? "a buy was refused at no moment at which nothing was there"
			    : "more copies were sold than there can have been";
	return some_refusal ? "false-sold-out" : "oversold";
}

static const struct linearizable type = {.model = &model_stock,
					 .complexity = "O(n log n)",
					 .understands = stock_understands,
					 .decide = stock_decide,
					 .contradicts = stock_contradicts,
					 .name_core = stock_name_core};

/* Anomalies and orders move from the one result to the other. */
static void
merge(struct check_result *stock, struct check_result *result)
{
	vec_each (struct anomaly, anomaly, &stock->anomalies)
		if (result->anomalies.count < ANOMALIES_MAX) {
			vec_push(&result->anomalies, *anomaly);
			*anomaly = (struct anomaly){0};
		}
	result->anomaly_count += stock->anomaly_count;
	vec_each (struct order, order, &stock->orders)
		vec_push(&result->orders, *order);
	vec_clear(&stock->orders);
	if (stock->verdict == VERDICT_INVALID)
		result->verdict = VERDICT_INVALID;
	if (stock->verdict == VERDICT_UNKNOWN) {
		tell_unknown(result, stock->reason);
		stock->reason = NULL;
	}
}

void
book_judge_stock(const struct history *history, const struct check_options *options,
		 struct check_result *result)
{
	struct check_result stock = {0};
	struct history copies;

	book_copies_init(&copies, history);
	linearizable_check(&type, &copies, options, &stock);
	merge(&stock, result);
	check_result_release(&stock);
	book_copies_release(&copies);
}

static bool
is_about_stock(const struct anomaly *anomaly)
{
	return strcmp(anomaly->name, "oversold") == 0 ||
	       strcmp(anomaly->name, "false-sold-out") == 0 ||
	       strcmp(anomaly->name, "wrong-stock") == 0;
}

bool
book_certify_stock(const struct history *history, const struct check_options *options,
		   const struct check_result *result, struct err *err)
{
	struct check_result stock = *result;
	struct history copies;

	if (options->init == VAL_OF_NIL)
		return true;
	stock.anomalies.items =
		mem_new(result->anomalies.count + 1, sizeof(*stock.anomalies.items));
	stock.anomalies.count = 0;
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (is_about_stock(anomaly))
			stock.anomalies.items[stock.anomalies.count++] = *anomaly;
	book_copies_init(&copies, history);
	bool holds = linearizable_certify(&type, &copies, options, &stock, err);
	book_copies_release(&copies);
	free(stock.anomalies.items);
	return holds;
}
