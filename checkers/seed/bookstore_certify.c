/* bookstore_certify.c - proofs of what lookups and order logs show: an anomaly by its own
 * operations, validity by looking each answer up in what came before it, sorted. */
#include "base/map.h"
#include "base/mem.h"
#include "checkers/jepsen/fields.h"
#include "checkers/seed/bookstore.h"
#include "checkers/seed/past.h"
#include "checkers/value_ids.h"

#include <stdlib.h>
#include <string.h>

/* ---- looks: anomalies ----------------------------------------------------------------- */

static bool
has_negative(const struct history *history, const struct op *op)
{
	for (size_t i = 0, n = book_looks(history, op); i < n; i++) {
		struct book_look look = book_look(history, op, i);
		if (look.has_stock && look.stock < 0)
			return true;
	}
	return false;
}

/* The later operation shows a title older than the version. */
static bool
shows_older(const struct history *history, const struct op *late, val title,
	    uint64_t version)
{
	for (size_t i = 0, n = book_looks(history, late); i < n; i++) {
		struct book_look look = book_look(history, late, i);
		if (look.version > 0 && look.version < version &&
		    val_equal(&history->values, look.title, title))
			return true;
	}
	return false;
}

static bool
is_stale(const struct history *history, const struct op *early, const struct op *late)
{
	return book_is_update(history, early) && early->complete_at < late->invoke_at &&
	       shows_older(history, late, early->key,
			   book_version(&history->values, early->output));
}

static bool
goes_back(const struct history *history, const struct op *early, const struct op *late)
{
	if (early->process != late->process || early->complete_at > late->invoke_at)
		return false;
	for (size_t i = 0, n = book_looks(history, early); i < n; i++) {
		struct book_look look = book_look(history, early, i);
		if (shows_older(history, late, look.title, look.version))
			return true;
	}
	return false;
}

static bool
is_conflict(const struct history *history, const struct op *a, const struct op *b)
{
	for (size_t i = 0, n = book_looks(history, a); i < n; i++)
		for (size_t k = 0, m = book_looks(history, b); k < m; k++) {
			struct book_look x = book_look(history, a, i);
			struct book_look y = book_look(history, b, k);
			if (book_looks_conflict(&history->values, &x, &y))
				return true;
		}
	return false;
}

static bool
are_finals_different(const struct history *history, const struct op *a,
		     const struct op *b)
{
	const struct values *values = &history->values;

	return a->type == OP_OK && b->type == OP_OK &&
	       book_act_of(history, a) == BOOK_FINAL &&
	       book_act_of(history, b) == BOOK_FINAL &&
	       val_equal(values, a->key, b->key) &&
	       !val_equal(values, a->output, b->output);
}

/* Some title of a is none of b. */
static bool
misses_title(const struct history *history, const struct op *a, const struct op *b)
{
	struct value_ids titles;
	bool misses = false;

	value_ids_init(&titles, &history->values);
	for (size_t i = 0, n = book_looks(history, b); i < n; i++)
		value_ids_add(&titles, book_look(history, b, i).title);
	for (size_t i = 0, n = book_looks(history, a); i < n && !misses; i++)
		misses = value_ids_find(&titles, book_look(history, a, i).title) ==
			 VALUE_ID_NONE;
	value_ids_release(&titles);
	return misses;
}

static bool
are_searches_different(const struct history *history, const struct op *a,
		       const struct op *b)
{
	return a->type == OP_OK && b->type == OP_OK &&
	       book_act_of(history, a) == BOOK_SEARCH &&
	       book_act_of(history, b) == BOOK_SEARCH &&
	       val_equal(&history->values, a->key, b->key) &&
	       (misses_title(history, a, b) || misses_title(history, b, a));
}

static const struct proof {
	const char *name;
	bool (*shows)(const struct history *history, const struct op *a,
		      const struct op *b);
} proofs[] = {
	{"stale-lookup", is_stale},
	{"session-regression", goes_back},
	{"version-conflict", is_conflict},
	{"diverged", are_finals_different},
	{"search-differs", are_searches_different},
};

/* True for an anomaly of another part. */
static bool
is_look_shown(const struct history *history, const struct anomaly *anomaly)
{
	const struct op *ops = history->ops.items;
	const uint32_t *of = anomaly->ops.items;

	if (strcmp(anomaly->name, "negative-stock") == 0)
		return anomaly->ops.count == 1 && has_negative(history, &ops[of[0]]);
	for (size_t i = 0; i < sizeof(proofs) / sizeof(proofs[0]); i++)
		if (strcmp(anomaly->name, proofs[i].name) == 0)
			return anomaly->ops.count == 2 &&
			       (proofs[i].shows(history, &ops[of[0]], &ops[of[1]]) ||
				proofs[i].shows(history, &ops[of[1]], &ops[of[0]]));
	return true;
}

/* ---- looks: valid --------------------------------------------------------------------- */

struct shelf {
	const struct history *history;
	struct value_ids titles, topics;
	struct past updates, sessions; /* by title; by process << 32 | title */
};

static void
shelf_init(struct shelf *shelf, const struct history *history)
{
	*shelf = (struct shelf){.history = history};
	value_ids_init(&shelf->titles, &history->values);
	value_ids_init(&shelf->topics, &history->values);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (book_is_update(history, op))
			past_add(&shelf->updates, value_ids_add(&shelf->titles, op->key),
				 op->complete_at,
				 book_version(&history->values, op->output), i);
		for (size_t k = 0, n = book_looks(history, op); k < n; k++) {
			struct book_look look = book_look(history, op, k);
			uint64_t title = value_ids_add(&shelf->titles, look.title);
			past_add(&shelf->sessions, (uint64_t)op->process << 32 | title,
				 op->complete_at, look.version, i);
		}
	}
	past_close(&shelf->updates);
	past_close(&shelf->sessions);
}

static void
shelf_release(struct shelf *shelf)
{
	value_ids_release(&shelf->titles);
	value_ids_release(&shelf->topics);
	past_release(&shelf->updates);
	past_release(&shelf->sessions);
}

static bool
is_new_enough(const struct op *op, uint64_t group, const struct past *past,
	      uint64_t version)
{
	const struct past_entry *newest = past_newest(past, group, op->invoke_at);

	return newest == NULL || newest->version <= version;
}

static bool
is_look_sound(const struct shelf *shelf, const struct op *op, size_t i)
{
	struct book_look look = book_look(shelf->history, op, i);
	uint64_t title = value_ids_find(&shelf->titles, look.title);
	uint64_t session = (uint64_t)op->process << 32 | title;

	if (look.has_stock && look.stock < 0)
		return false;
	return look.version == 0 ||
	       (is_new_enough(op, title, &shelf->updates, look.version) &&
		is_new_enough(op, session, &shelf->sessions, look.version));
}

/* Lists of operations by a number, and the comparison of each with the first of its kind
 * that `counts`. */
static bool
agree_by(const struct history *history, struct value_ids *ids, enum book_act act,
	 bool (*differ)(const struct history *history, const struct op *a,
			const struct op *b))
{
	struct map first = {0};
	bool agree = true;

	for (uint32_t i = 0; i < history->ops.count && agree; i++) {
		const struct op *op = &history->ops.items[i];
		if (op->type != OP_OK || book_act_of(history, op) != act)
			continue;
		uint64_t *other = map_at(&first, value_ids_add(ids, op->key), NULL);
		if (*other == 0)
			*other = (uint64_t)i + 1;
		else
			agree = !differ(history, &history->ops.items[*other - 1], op);
	}
	map_release(&first);
	return agree;
}

/* title << 32 | version's number -> what was told of it. */
static bool
are_versions_single(struct shelf *shelf)
{
	const struct history *history = shelf->history;
	struct value_ids versions, prices;
	struct map stocks = {0}, costs = {0};
	bool single = true, is_new;

	value_ids_init(&versions, &history->values);
	value_ids_init(&prices, &history->values);
	vec_each (struct op, op, &history->ops)
		for (size_t i = 0, n = book_looks(history, op); i < n && single; i++) {
			struct book_look look = book_look(history, op, i);
			if (look.version == 0)
				continue;
			uint64_t place =
				(uint64_t)value_ids_add(&shelf->titles, look.title)
					<< 32 |
				value_ids_add(&versions,
					      val_small((int64_t)look.version));
			uint64_t *stock =
				look.has_stock ? map_at(&stocks, place, &is_new) : NULL;
			if (stock != NULL && is_new)
				*stock = (uint64_t)look.stock;
			single = stock == NULL || *stock == (uint64_t)look.stock;
			uint64_t price = look.price == VAL_OF_NIL
						 ? 0
						 : value_ids_add(&prices, look.price) + 1;
			uint64_t *cost =
				price > 0 ? map_at(&costs, place, &is_new) : NULL;
			if (cost != NULL && is_new)
				*cost = price;
			single = single && (cost == NULL || *cost == price);
		}
	value_ids_release(&versions);
	value_ids_release(&prices);
	map_release(&stocks);
	map_release(&costs);
	return single;
}

static bool
are_looks_sound(struct shelf *shelf, struct err *err)
{
	const struct history *history = shelf->history;

	vec_each (struct op, op, &history->ops)
		for (size_t i = 0, n = book_looks(history, op); i < n; i++)
			if (!is_look_sound(shelf, op, i))
				return err_set(err, "an answer at %u is too old",
					       op->invoke_at);
	if (!agree_by(history, &shelf->titles, BOOK_FINAL, are_finals_different))
		return err_set(err, "final lookups differ");
	if (!agree_by(history, &shelf->topics, BOOK_SEARCH, are_searches_different))
		return err_set(err, "searches of one topic differ");
	return are_versions_single(shelf) || err_set(err, "one version shows two things");
}

bool
book_certify_looks(const struct history *history, const struct check_result *result,
		   struct err *err)
{
	struct shelf shelf;
	bool holds = true;

	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (!is_look_shown(history, anomaly))
			return err_set(err, "the operations of '%s' do not show it",
				       anomaly->name);
	if (result->verdict != VERDICT_VALID)
		return true;
	shelf_init(&shelf, history);
	holds = are_looks_sound(&shelf, err);
	shelf_release(&shelf);
	return holds;
}

/* ---- order logs ----------------------------------------------------------------------- */

static size_t
count_in_log(const struct history *history, const struct op *log, val request)
{
	size_t count = 0;

	if (log->type != OP_OK || book_act_of(history, log) != BOOK_ORDERS)
		return 0;
	for (size_t i = 0, n = fields_items(&history->values, log->output); i < n; i++)
		count += val_equal(&history->values, request,
				   fields_item(&history->values, log->output, i));
	return count;
}

/* A buy of the request that did not fail. */
static bool
was_bought(const struct history *history, val request)
{
	vec_each (struct op, op, &history->ops)
		if (op->type != OP_FAIL && book_act_of(history, op) == BOOK_BUY &&
		    val_equal(&history->values, op->input, request))
			return true;
	return false;
}

static bool
is_acknowledged(const struct history *history, const struct op *op, val request)
{
	return op->type == OP_OK && book_act_of(history, op) == BOOK_BUY &&
	       val_equal(&history->values, op->input, request) && request != VAL_OF_NIL;
}

/* True for an anomaly of another part. */
static bool
is_order_shown(const struct history *history, const struct anomaly *anomaly)
{
	bool is_double = strcmp(anomaly->name, "double-order") == 0;
	bool is_lost = strcmp(anomaly->name, "lost-order") == 0;
	bool is_unknown = strcmp(anomaly->name, "unknown-order") == 0;

	vec_each (uint32_t, a, &anomaly->ops) {
		const struct op *log = &history->ops.items[*a];
		size_t times = count_in_log(history, log, anomaly->subject);
		if ((is_double && times > 1) ||
		    (is_unknown && times > 0 && !was_bought(history, anomaly->subject)))
			return true;
		vec_each (uint32_t, b, &anomaly->ops) {
			const struct op *buy = &history->ops.items[*b];
			if (is_lost && times == 0 && log->type == OP_OK &&
			    book_act_of(history, log) == BOOK_ORDERS &&
			    is_acknowledged(history, buy, anomaly->subject) &&
			    buy->complete_at < log->invoke_at)
				return true;
		}
	}
	return !is_double && !is_lost && !is_unknown;
}

/* The log's requests as ids: each once, each bought, and all that were acknowledged. */
static bool
is_log_sound(const struct history *history, const struct op *log)
{
	const struct values *values = &history->values;
	size_t count = fields_items(values, log->output), bought = 0;
	struct value_ids entries;
	bool sound = true;

	value_ids_init(&entries, values);
	for (size_t i = 0; i < count; i++)
		value_ids_add(&entries, fields_item(values, log->output, i));
	sound = value_ids_count(&entries) == count;
	bool *is_bought = mem_new(count + 1, sizeof(*is_bought));
	vec_each (struct op, op, &history->ops) {
		if (book_act_of(history, op) != BOOK_BUY || op->type == OP_FAIL ||
		    op->input == VAL_OF_NIL)
			continue;
		uint32_t id = value_ids_find(&entries, op->input);
		if (id != VALUE_ID_NONE && !is_bought[id]) {
			is_bought[id] = true;
			bought++;
		}
		if (op->type == OP_OK && op->complete_at < log->invoke_at)
			sound = sound && id != VALUE_ID_NONE;
	}
	free(is_bought);
	value_ids_release(&entries);
	return sound && bought == count;
}

bool
book_certify_orders(const struct history *history, const struct check_result *result,
		    struct err *err)
{
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (!is_order_shown(history, anomaly))
			return err_set(err, "the order log of '%s' does not show it",
				       anomaly->name);
	vec_each (struct op, op, &history->ops)
		if (result->verdict == VERDICT_VALID && op->type == OP_OK &&
		    book_act_of(history, op) == BOOK_ORDERS && !is_log_sound(history, op))
			return err_set(err, "an order log is not sound");
	return true;
}
