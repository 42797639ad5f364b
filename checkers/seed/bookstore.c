#include "checkers/seed/bookstore.h"

#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/jepsen/fields.h"
#include "checkers/tell.h"

#include <inttypes.h>
#include <string.h>

enum {
	BYTES_EACH = 400 /* an operation: copies, maps and what was seen */
};

/* ---- reading -------------------------------------------------------------------------- */

enum book_act
book_act_of(const struct history *history, const struct op *op)
{
	static const char *const names[] = {"",	      "buy",	"restock",
					    "update", "lookup", "final-lookup",
					    "search", "orders"};
	const char *name = history_f_name(history, op->f);

	for (int act = BOOK_BUY; act <= BOOK_ORDERS; act++)
		if (strcmp(name, names[act]) == 0)
			return (enum book_act)act;
	return BOOK_OTHER;
}

uint64_t
book_version(const struct values *values, val answer)
{
	int64_t version;

	if (val_kind(answer) == VAL_MAP)
		answer = fields_get(values, answer, "version");
	return fields_number(values, answer, &version) && version > 0 ? (uint64_t)version
								      : 0;
}

bool
book_is_update(const struct history *history, const struct op *op)
{
	enum book_act act = book_act_of(history, op);

	return op->type == OP_OK &&
	       (act == BOOK_BUY || act == BOOK_RESTOCK || act == BOOK_UPDATE);
}

size_t
book_looks(const struct history *history, const struct op *op)
{
	enum book_act act = book_act_of(history, op);

	if (op->type != OP_OK)
		return 0;
	if (act == BOOK_SEARCH)
		return fields_items(&history->values, op->output);
	return act == BOOK_LOOKUP || act == BOOK_FINAL;
}

struct book_look
book_look(const struct history *history, const struct op *op, size_t i)
{
	const struct values *values = &history->values;
	bool is_search = book_act_of(history, op) == BOOK_SEARCH;
	val shown = is_search ? fields_item(values, op->output, i) : op->output;
	bool is_map = val_kind(shown) == VAL_MAP;
	struct book_look look = {.title = op->key};

	if (is_search)
		look.title = is_map ? fields_get(values, shown, "title") : shown;
	if (!is_map && is_search)
		return look;
	look.version = book_version(values, shown);
	look.price = fields_get(values, shown, "price");
	look.has_stock =
		fields_number(values, fields_get(values, shown, "stock"), &look.stock);
	return look;
}

int64_t
book_copies(const struct history *history, const struct op *op)
{
	int64_t copies = 0;

	fields_number(&history->values, op->input, &copies);
	return copies > 0 && copies < INT32_MAX ? copies : 0;
}

int64_t
book_initial_stock(const struct values *values, val init, val title)
{
	int64_t stock = 0;

	if (!fields_number(values, init, &stock))
		for (size_t i = 0; i < fields_count(values, init); i++)
			if (val_equal(values, fields_name(values, init, i),
				      fields_key(values, title)))
				fields_number(values, fields_at(values, init, i), &stock);
	return stock > 0 && stock < INT32_MAX ? stock : 0;
}

bool
book_is_refusal(const struct history *history, const struct op *op)
{
	return op->type == OP_FAIL && book_act_of(history, op) == BOOK_BUY &&
	       strstr(history_error(history, op), "stock") != NULL;
}

bool
book_looks_conflict(const struct values *values, const struct book_look *a,
		    const struct book_look *b)
{
	if (a->version == 0 || a->version != b->version ||
	    !val_equal(values, a->title, b->title))
		return false;
	return (a->has_stock && b->has_stock && a->stock != b->stock) ||
	       (a->price != VAL_OF_NIL && b->price != VAL_OF_NIL &&
		!val_equal(values, a->price, b->price));
}

void
book_report(const struct history *history, struct check_result *result, const char *name,
	    val title, const char *sentence, uint32_t a, uint32_t b)
{
	struct buf text = {0};

	if (title != VAL_OF_NIL) {
		buf_string(&text, "title ");
		tell_value(history, title, &text);
		buf_string(&text, ": ");
	}
	buf_string(&text, sentence);
	tell(history, result, name, title, &text, (uint32_t[]){a, b}, 2);
}

/* ---- the checker ---------------------------------------------------------------------- */

static int
bookstore_fits(const struct history *history)
{
	vec_each (struct op, op, &history->ops)
		if (book_act_of(history, op) == BOOK_OTHER)
			return 0;
	return history->ops.count > 0 ? 60 : 0;
}

struct figures {
	uint64_t buys, looks, logs;
};

/* False when an operation is none of a book store. */
static bool
count(const struct history *history, struct figures *figures)
{
	vec_each (struct op, op, &history->ops) {
		enum book_act act = book_act_of(history, op);
		bool is_ok = op->type == OP_OK;
		figures->buys += is_ok && act == BOOK_BUY;
		figures->looks += is_ok && act >= BOOK_LOOKUP && act <= BOOK_SEARCH;
		figures->logs += is_ok && act == BOOK_ORDERS;
		if (act == BOOK_OTHER)
			return false;
	}
	return true;
}

static void
judge(const struct history *history, const struct check_options *options,
      const struct figures *figures, struct check_result *result)
{
	bool has_stock = options->init != VAL_OF_NIL;

	if (!book_judge_looks(history, options, result) ||
	    !book_judge_orders(history, options, result))
		tell_unknown(result, mem_string(BUDGET_TIME_IS_OVER));
	if (has_stock)
		book_judge_stock(history, options, result);
	else if (figures->buys > 0)
		tell_unknown(result,
			     mem_string("the history does not say how many copies "
					"there were (--init N)"));
	if (figures->buys + figures->looks == 0)
		tell_unknown(result, mem_string("nothing was bought or looked up"));
}

static void
bookstore_check(const struct history *history, const struct check_options *options,
		struct check_result *result)
{
	struct figures figures = {0};
	struct err err;

	result->complexity = "O(n log n); frontier engine for titles with refusals";
	result->operations = history->ops.count;
	if (!budget_has_room(&options->budget, history->ops.count, BYTES_EACH, &err))
		tell_unknown(result, mem_string(err.text));
	else if (count(history, &figures))
		judge(history, options, &figures, result);
	else
		tell_unknown(result, mem_string("an operation is none of a book store"));
	tell_number(&result->details, "buys", figures.buys);
	tell_number(&result->details, "lookups", figures.looks);
	tell_number(&result->details, "order-logs", figures.logs);
	tell_end(result, mem_format("%" PRIu64 " buys and %" PRIu64
				    " lookups agree with the stock and the updates",
				    figures.buys, figures.looks));
}

static bool
bookstore_certify(const struct history *history, const struct check_options *options,
		  const struct check_result *result, struct err *err)
{
	return book_certify_looks(history, result, err) &&
	       book_certify_orders(history, result, err) &&
	       book_certify_stock(history, options, result, err);
}

static bool
is_stock(const struct values *values, val init)
{
	int64_t copies;

	return val_kind(init) == VAL_MAP || fields_number(values, init, &copies);
}

const struct checker checker_bookstore = {
	.name = "bookstore",
	.summary = "no copy sold twice, no stale lookups, every order once",
	.fits = bookstore_fits,
	.check = bookstore_check,
	.certify = bookstore_certify,
	.begins_with = is_stock,
	.beginning = "a number of copies or a map of them by title",
};
