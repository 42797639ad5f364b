/* bookstore.c - a shop with scarce titles, caches in front, several replicas behind.
 *
 * Operations, each with the title as its key (the node of an operation is the replica that
 * answered, if the history tells it):
 *
 *	buy REQUEST		a request id, or nil; ok: nil or the title's VERSION after
 *				it; fails with an error that says "stock" when sold out
 *	restock N		ok: nil or VERSION
 *	update PRICE		ok: nil or VERSION
 *	lookup			ok: {"version": V, "stock": N, "price": P}, any of them
 *	final-lookup		the same, when all is quiet
 *	orders			(without a key) ok: the request ids in the order log
 *
 * The stock at the beginning is the initial value: a number for every title, or a map.
 *
 *	oversold            more copies were sold than there can have been.
 *	                    init 1 | buy ok | buy ok
 *	negative-stock      a lookup saw less than no copy.
 *	false-sold-out      a buy was refused as sold out though copies must have been
 *	                    there all the time.
 *	stale-lookup        a lookup that began after an update was acknowledged shows an
 *	                    older version: the cache was not invalidated, or filled late.
 *	session-regression  a process sees an older version than before.
 *	double-order        a request id stands twice in an order log.
 *	lost-order          an acknowledged buy is in no order log that was read after it.
 *	unknown-order       an order log has a request that nobody made, or that failed.
 *	diverged            two final lookups of a title differ.
 *	wrong-stock         the final stock is not what was there, plus restocks, less
 *	                    buys (those of unknown outcome counted both ways).
 *
 * Each is a sweep over the past: O(n log n). Sold-out answers are judged by bounds, which
 * is sound, and complete when no other buy of the title is open. */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/jepsen/fields.h"
#include "checkers/tell.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum act {
	ACT_OTHER,
	ACT_BUY,
	ACT_RESTOCK,
	ACT_UPDATE,
	ACT_LOOKUP,
	ACT_FINAL,
	ACT_ORDERS
};

struct title {
	int64_t initial;
	int64_t sold, begun;	    /* buys acknowledged; begun and not failed */
	int64_t restocked, offered; /* copies: acknowledged; begun and not failed */
	uint32_t last_buy;
	uint64_t version;	    /* newest acknowledged; 0: none */
	uint32_t version_op, final; /* ops */
	bool is_oversold;
};

struct shop {
	const struct history *history;
	struct check_result *result;
	val init;
	bool has_stock;
	struct value_ids titles;
	VEC(struct title) of;
	uint32_t *title_of; /* owned; by operation */
	uint8_t *acts;	    /* owned; by operation */
	int64_t *surely;    /* owned; by operation: copies that were there at its begin */
	struct map sessions; /* process << 32 | title -> op + 1 of the newest lookup */
	uint64_t buys, lookups, orders;
};

static enum act
act_of(const struct history *history, const struct op *op)
{
	static const char *const names[] = {"",	      "buy",	      "restock", "update",
					    "lookup", "final-lookup", "orders"};
	const char *name = history_f_name(history, op->f);

	for (int act = ACT_BUY; act <= ACT_ORDERS; act++)
		if (strcmp(name, names[act]) == 0)
			return (enum act)act;
	return ACT_OTHER;
}

static int
bookstore_fits(const struct history *history)
{
	bool some_buy = false;

	vec_each (struct op, op, &history->ops) {
		enum act act = act_of(history, op);
		if (act == ACT_OTHER)
			return 0;
		some_buy |= act == ACT_BUY;
	}
	return some_buy ? 60 : 0;
}

/* A version, 0 when the answer tells none. */
static uint64_t
version_of(const struct values *values, val answer)
{
	int64_t version;

	if (val_kind(answer) == VAL_MAP)
		answer = fields_get(values, answer, "version");
	return fields_number(values, answer, &version) && version > 0 ? (uint64_t)version
								      : 0;
}

static int64_t
copies_of(const struct shop *shop, const struct op *op)
{
	int64_t copies = 0;

	fields_number(&shop->history->values, op->input, &copies);
	return copies > 0 && copies < INT32_MAX ? copies : 0;
}

static int64_t
initial_stock(const struct shop *shop, val title)
{
	const struct values *values = &shop->history->values;
	int64_t stock = 0;

	if (fields_number(values, shop->init, &stock))
		return stock;
	for (size_t i = 0; i < fields_count(values, shop->init); i++)
		if (val_equal(values, fields_name(values, shop->init, i),
			      fields_key(values, title)))
			fields_number(values, fields_at(values, shop->init, i), &stock);
	return stock;
}

static void
report(struct shop *shop, const char *name, uint32_t title, const char *sentence,
       uint32_t a, uint32_t b)
{
	val t = title == NONE ? VAL_OF_NIL : value_ids_value(&shop->titles, title);
	struct buf text = {0};

	if (title != NONE) {
		buf_string(&text, "title ");
		tell_value(shop->history, t, &text);
		buf_string(&text, ": ");
	}
	buf_string(&text, sentence);
	tell(shop->history, shop->result, name, t, &text, (uint32_t[]){a, b}, 2);
}

/* ---- the sweep ------------------------------------------------------------------------ */

/* What a lookup showed against what was acknowledged when it began. */
static void
begin_lookup(struct shop *shop, uint32_t index, const struct title *title)
{
	const struct op *op = &shop->history->ops.items[index];
	const struct values *values = &shop->history->values;
	uint64_t version = version_of(values, op->output);
	uint64_t session = (uint64_t)op->process << 32 | shop->title_of[index];
	uint64_t *before = map_at(&shop->sessions, session, NULL);
	int64_t stock;

	if (op->type != OP_OK)
		return;
	shop->lookups++;
	if (fields_number(values, fields_get(values, op->output, "stock"), &stock) &&
	    stock < 0)
		report(shop, "negative-stock", shop->title_of[index],
		       "there are fewer copies than none", index, OP_NEVER);
	if (version == 0)
		return;
	if (version < title->version)
		report(shop, "stale-lookup", shop->title_of[index],
		       "the lookup is older than an acknowledged update",
		       title->version_op, index);
	if (*before != 0 &&
	    version_of(values, shop->history->ops.items[*before - 1].output) > version)
		report(shop, "session-regression", shop->title_of[index],
		       "the process had seen a newer version", (uint32_t)*before - 1,
		       index);
	else
		*before = index + 1u;
}

static void
begin(struct shop *shop, uint32_t index)
{
	const struct op *op = &shop->history->ops.items[index];
	struct title *title = &shop->of.items[shop->title_of[index]];
	enum act act = (enum act)shop->acts[index];

	shop->surely[index] = title->initial + title->restocked;
	if (act == ACT_BUY && op->type != OP_FAIL)
		title->begun++;
	if (act == ACT_RESTOCK && op->type != OP_FAIL)
		title->offered += copies_of(shop, op);
	if (act == ACT_LOOKUP || act == ACT_FINAL)
		begin_lookup(shop, index, title);
}

static void
end_buy(struct shop *shop, uint32_t index, struct title *title)
{
	const struct op *op = &shop->history->ops.items[index];

	if (!shop->has_stock)
		return;
	if (op->type == OP_FAIL) {
		bool says_stock =
			strstr(history_error(shop->history, op), "stock") != NULL;
		if (says_stock && shop->surely[index] - title->begun > 0)
			report(shop, "false-sold-out", shop->title_of[index],
			       "the buy was refused though copies were there all the "
			       "time",
			       index, OP_NEVER);
		return;
	}
	if (++title->sold > title->initial + title->offered && !title->is_oversold) {
		title->is_oversold = true;
		report(shop, "oversold", shop->title_of[index],
		       "more copies were sold than there can have been", title->last_buy,
		       index);
	}
	title->last_buy = index;
}

static void
end(struct shop *shop, uint32_t index)
{
	const struct op *op = &shop->history->ops.items[index];
	struct title *title = &shop->of.items[shop->title_of[index]];
	enum act act = (enum act)shop->acts[index];

	shop->buys += act == ACT_BUY && op->type == OP_OK;
	if (act == ACT_BUY)
		end_buy(shop, index, title);
	if (act == ACT_RESTOCK && op->type == OP_OK)
		title->restocked += copies_of(shop, op);
	if (op->type != OP_OK || act == ACT_LOOKUP || act == ACT_FINAL ||
	    act == ACT_ORDERS)
		return;
	uint64_t version = version_of(&shop->history->values, op->output);
	if (version > title->version) {
		title->version = version;
		title->version_op = index;
	}
}

static void
sweep(struct shop *shop)
{
	const struct history *history = shop->history;
	size_t positions = 0;

	vec_each (struct op, op, &history->ops) {
		positions = op->invoke_at >= positions ? op->invoke_at + 1u : positions;
		if (op->complete_at != OP_NEVER && op->complete_at >= positions)
			positions = op->complete_at + 1u;
	}
	uint64_t *events = mem_new(positions + 1, sizeof(*events));
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		events[op->invoke_at] = (uint64_t)i << 2 | 1;
		if (op->complete_at != OP_NEVER)
			events[op->complete_at] = (uint64_t)i << 2 | 2;
	}
	for (size_t at = 0; at < positions; at++) {
		if (events[at] & 1)
			begin(shop, (uint32_t)(events[at] >> 2));
		else if (events[at] & 2)
			end(shop, (uint32_t)(events[at] >> 2));
	}
	free(events);
}

/* ---- in the end ----------------------------------------------------------------------- */

static void
judge_final(struct shop *shop, uint32_t index)
{
	const struct op *op = &shop->history->ops.items[index];
	const struct values *values = &shop->history->values;
	uint32_t id = shop->title_of[index];
	struct title *title = &shop->of.items[id];
	int64_t stock;

	if (op->type != OP_OK)
		return;
	if (title->final != NONE &&
	    !val_equal(values, op->output, shop->history->ops.items[title->final].output))
		report(shop, "diverged", id, "final lookups differ", title->final, index);
	title->final = index;
	if (!shop->has_stock ||
	    !fields_number(values, fields_get(values, op->output, "stock"), &stock))
		return;
	int64_t least = title->initial + title->restocked - title->begun;
	int64_t most = title->initial + title->offered - title->sold;
	if (stock < (least > 0 ? least : 0) || stock > most)
		report(shop, "wrong-stock", id,
		       "the final stock is not what was there, plus restocks, less buys",
		       title->last_buy, index);
}

struct request {
	uint32_t buy, seen; /* op; mark: op of the log + 1 */
	uint32_t log;	    /* an order log that has it */
	bool is_acked, all_failed;
	uint32_t ok_at;
};

struct requests {
	struct value_ids ids;
	VEC(struct request) of;
};

static void
requests_init(struct requests *requests, const struct shop *shop)
{
	const struct history *history = shop->history;

	*requests = (struct requests){0};
	value_ids_init(&requests->ids, &history->values);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (shop->acts[i] != ACT_BUY || op->input == VAL_OF_NIL)
			continue;
		uint32_t id = value_ids_add(&requests->ids, op->input);
		if (id == requests->of.count)
			vec_push(&requests->of, (struct request){.buy = i,
								 .log = NONE,
								 .all_failed = true,
								 .ok_at = OP_NEVER});
		struct request *request = &requests->of.items[id];
		request->all_failed = request->all_failed && op->type == OP_FAIL;
		if (op->type == OP_OK && op->complete_at < request->ok_at) {
			request->is_acked = true;
			request->ok_at = op->complete_at;
			request->buy = i;
		}
	}
}

/* One order log: no request twice, none from nowhere, all that were acknowledged. */
static void
judge_orders(struct shop *shop, struct requests *requests, uint32_t index)
{
	const struct op *op = &shop->history->ops.items[index];
	const struct values *values = &shop->history->values;

	for (size_t i = 0; i < fields_items(values, op->output); i++) {
		uint32_t id = value_ids_find(&requests->ids,
					     fields_item(values, op->output, i));
		struct request *request =
			id == VALUE_ID_NONE ? NULL : &requests->of.items[id];
		if (request == NULL || request->all_failed) {
			report(shop, "unknown-order", NONE,
			       "the order log has a request that nobody made with "
			       "success",
			       request == NULL ? OP_NEVER : request->buy, index);
			continue;
		}
		if (request->seen == index + 1)
			report(shop, "double-order", shop->title_of[request->buy],
			       "one request stands twice in the order log", request->buy,
			       index);
		request->seen = index + 1;
	}
	vec_each (struct request, request, &requests->of)
		if (request->is_acked && request->ok_at < op->invoke_at &&
		    request->seen != index + 1)
			report(shop, "lost-order", shop->title_of[request->buy],
			       "an acknowledged buy is not in the order log",
			       request->buy, index);
}

static void
judge_end(struct shop *shop)
{
	struct requests requests;

	requests_init(&requests, shop);
	for (uint32_t i = 0; i < shop->history->ops.count; i++) {
		if (shop->acts[i] == ACT_FINAL)
			judge_final(shop, i);
		if (shop->acts[i] != ACT_ORDERS ||
		    shop->history->ops.items[i].type != OP_OK)
			continue;
		shop->orders++;
		judge_orders(shop, &requests, i);
	}
	value_ids_release(&requests.ids);
	vec_release(&requests.of);
}

static bool
open_shop(struct shop *shop)
{
	const struct history *history = shop->history;

	shop->has_stock = shop->init != VAL_OF_NIL;
	shop->title_of = mem_new(history->ops.count + 1, sizeof(uint32_t));
	shop->acts = mem_new(history->ops.count + 1, sizeof(uint8_t));
	shop->surely = mem_new(history->ops.count + 1, sizeof(int64_t));
	value_ids_init(&shop->titles, &history->values);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		shop->acts[i] = (uint8_t)act_of(history, op);
		shop->title_of[i] = value_ids_add(&shop->titles, op->key);
		if (shop->title_of[i] == shop->of.count)
			vec_push(&shop->of,
				 (struct title){.initial = initial_stock(shop, op->key),
						.last_buy = OP_NEVER,
						.version_op = OP_NEVER,
						.final = NONE});
		if (shop->acts[i] == ACT_OTHER)
			return false;
	}
	return true;
}

static void
close_shop(struct shop *shop)
{
	value_ids_release(&shop->titles);
	vec_release(&shop->of);
	free(shop->title_of);
	free(shop->acts);
	free(shop->surely);
	map_release(&shop->sessions);
}

static void
bookstore_check(const struct history *history, const struct check_options *options,
		struct check_result *result)
{
	struct shop shop = {.history = history, .result = result, .init = options->init};

	result->complexity = "O(n log n)";
	result->operations = history->ops.count;
	if (open_shop(&shop)) {
		sweep(&shop);
		judge_end(&shop);
	} else {
		tell_unknown(result, mem_string("an operation is none of a book store"));
	}
	tell_number(&result->details, "buys", shop.buys);
	tell_number(&result->details, "lookups", shop.lookups);
	tell_number(&result->details, "order-logs", shop.orders);
	if (!shop.has_stock && shop.buys > 0)
		tell_unknown(result,
			     mem_string("the history does not say how many copies "
					"there were (--init N)"));
	if (shop.buys + shop.lookups == 0)
		tell_unknown(result, mem_string("nothing was bought or looked up"));
	tell_end(result, mem_format("%" PRIu64 " buys and %" PRIu64
				    " lookups agree with the stock and the updates",
				    shop.buys, shop.lookups));
	close_shop(&shop);
	result->is_unproven = true; /* certify proves some anomalies only */
}

/* ---- proof: counts over the whole history by plain definitions ------------------------ */

/* Copies of the title sold (ok) by the position, and those that can have been there. */
static void
count_copies(const struct history *history, val title, uint32_t position, val init,
	     int64_t *sold, int64_t *supply)
{
	struct shop shop = {.history = history, .init = init};

	*sold = 0;
	*supply = initial_stock(&shop, title);
	vec_each (struct op, op, &history->ops) {
		enum act act = act_of(history, op);
		if (!val_equal(&history->values, op->key, title))
			continue;
		*sold += act == ACT_BUY && op->type == OP_OK &&
			 op->complete_at <= position;
		if (act == ACT_RESTOCK && op->type != OP_FAIL && op->invoke_at < position)
			*supply += copies_of(&shop, op);
	}
}

static bool
shows(const struct history *history, const struct check_options *options,
      const struct anomaly *anomaly)
{
	const struct values *values = &history->values;
	const struct op *last = &history->ops.items[*vec_last(&anomaly->ops)];
	const struct op *first = &history->ops.items[anomaly->ops.items[0]];
	int64_t sold, supply;

	if (strcmp(anomaly->name, "oversold") == 0) {
		uint32_t at = last->complete_at > first->complete_at ||
					      first->complete_at == OP_NEVER
				      ? last->complete_at
				      : first->complete_at;
		count_copies(history, anomaly->key, at, options->init, &sold, &supply);
		return sold > supply;
	}
	if (strcmp(anomaly->name, "stale-lookup") == 0 ||
	    strcmp(anomaly->name, "session-regression") == 0)
		return first->complete_at < last->invoke_at &&
		       version_of(values, first->output) >
			       version_of(values, last->output);
	if (strcmp(anomaly->name, "diverged") == 0)
		return !val_equal(values, first->output, last->output);
	return true;
}

static bool
bookstore_certify(const struct history *history, const struct check_options *options,
		  const struct check_result *result, struct err *err)
{
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (!shows(history, options, anomaly))
			return err_set(err, "the operations of '%s' do not show it",
				       anomaly->name);
	return true;
}

const struct checker checker_bookstore = {
	.name = "bookstore",
	.summary = "no copy sold twice, no stale lookups, every order once",
	.fits = bookstore_fits,
	.check = bookstore_check,
	.certify = bookstore_certify,
};
