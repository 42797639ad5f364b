/* bookstore against its definitions: an order of copies by trying everything, looks and
 * logs by all pairs. */
#include "base/map.h"
#include "checkers/generate/generate.h"
#include "checkers/seed/bookstore.h"
#include "checkers/seed/bookstore_late.h"
#include "tests/checkers/budgets.h"
#include "tests/checkers/definition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *const anomalies[] = {"oversold",
					"false-sold-out",
					"wrong-stock",
					"negative-stock",
					"stale-lookup",
					"session-regression",
					"version-conflict",
					"diverged",
					"search-differs",
					"double-order",
					"lost-order",
					"unknown-order",
					NULL};

enum {
	INITIAL = 1
};

/* ---- copies: every order -------------------------------------------------------------- */

struct search {
	const struct history *history;
	uint32_t all; /* operations about copies, a bit each */
};

static bool
is_sold_out(const struct history *history, const struct op *op)
{
	return op->type == OP_FAIL && strstr(history_error(history, op), "stock");
}

static bool
is_about_copies(const struct history *history, const struct op *op)
{
	const char *f = history_f_name(history, op->f);

	if (strcmp(f, "buy") == 0)
		return op->type != OP_FAIL || is_sold_out(history, op);
	if (strcmp(f, "restock") == 0)
		return op->type != OP_FAIL;
	return strcmp(f, "final-lookup") == 0 && op->type == OP_OK &&
	       book_look(history, op, 0).has_stock;
}

/* An earlier attempt at the same request has taken effect. */
static bool
was_executed(const struct search *search, uint32_t done, const struct op *op)
{
	const struct history *history = search->history;

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *other = &history->ops.items[i];
		if (done >> i & 1 && op->input != VAL_OF_NIL && other->f == op->f &&
		    other->type != OP_FAIL && other->input == op->input)
			return true;
	}
	return false;
}

/* The stock after the operation; negative: not possible. */
static int64_t
after(const struct search *search, uint32_t done, int64_t stock, const struct op *op)
{
	const char *f = history_f_name(search->history, op->f);

	if (is_sold_out(search->history, op))
		return stock == 0 ? 0 : -1;
	if (strcmp(f, "restock") == 0)
		return stock + val_number(&search->history->values, op->input);
	if (strcmp(f, "buy") == 0)
		return was_executed(search, done, op) ? stock : stock - 1;
	return book_look(search->history, op, 0).stock == stock ? stock : -1;
}

static bool
has_order(const struct search *search, uint32_t done, int64_t stock)
{
	const struct op *ops = search->history->ops.items;
	bool is_complete = true;

	for (uint32_t i = 0; i < search->history->ops.count; i++)
		if ((search->all & ~done) >> i & 1 && ops[i].type != OP_INFO)
			is_complete = false;
	if (is_complete)
		return true;
	for (uint32_t i = 0; i < search->history->ops.count; i++) {
		bool is_next = (search->all & ~done) >> i & 1;
		for (uint32_t k = 0; k < search->history->ops.count && is_next; k++)
			if ((search->all & ~done) >> k & 1 &&
			    ops[k].complete_at < ops[i].invoke_at)
				is_next = false;
		int64_t next = is_next ? after(search, done, stock, &ops[i]) : -1;
		if (next >= 0 && has_order(search, done | 1u << i, next))
			return true;
	}
	return false;
}

static bool
are_copies_allowed(const struct history *history)
{
	struct search search = {.history = history};

	for (uint32_t i = 0; i < history->ops.count; i++)
		if (is_about_copies(history, &history->ops.items[i]))
			search.all |= 1u << i;
	return has_order(&search, 0, INITIAL);
}

/* ---- looks and logs: all pairs -------------------------------------------------------- */

static bool
is_f(const struct history *history, const struct op *op, const char *name)
{
	return strcmp(history_f_name(history, op->f), name) == 0;
}

static int64_t
member(const struct history *history, const struct op *op, const char *name)
{
	const struct values *values = &history->values;

	if (val_kind(op->output) == VAL_INT)
		return val_number(values, op->output);
	for (size_t i = 0;
	     val_kind(op->output) == VAL_MAP && i + 1 < val_count(values, op->output);
	     i += 2) {
		struct bytes text = val_text(values, val_at(values, op->output, i));
		if (text.len == strlen(name) && memcmp(text.data, name, text.len) == 0)
			return val_number(values, val_at(values, op->output, i + 1));
	}
	return -1000;
}

static bool
looks(const struct history *history, const struct op *op)
{
	return op->type == OP_OK &&
	       (is_f(history, op, "lookup") || is_f(history, op, "final-lookup"));
}

static bool
is_pair_sound(const struct history *history, const struct op *a, const struct op *b)
{
	int64_t x = member(history, a, "version"), y = member(history, b, "version");
	bool is_past = a->complete_at < b->invoke_at;
	bool updates = a->type == OP_OK &&
		       (is_f(history, a, "buy") || is_f(history, a, "restock") ||
			is_f(history, a, "update"));

	if (is_f(history, a, "search") && is_f(history, b, "search") &&
	    a->type == OP_OK && b->type == OP_OK)
		return val_equal(&history->values, a->output, b->output);
	if (!looks(history, b))
		return true;
	if (member(history, b, "stock") < 0 && member(history, b, "stock") > -1000)
		return false;
	int64_t stock_a = member(history, a, "stock");
	int64_t stock_b = member(history, b, "stock");
	if (looks(history, a) && x == y && x > 0 && stock_a > -1000 && stock_b > -1000 &&
	    stock_a != stock_b)
		return false;
	if (looks(history, a) && is_f(history, a, "final-lookup") &&
	    is_f(history, b, "final-lookup") &&
	    !val_equal(&history->values, a->output, b->output))
		return false;
	if (!is_past || y <= 0 || x <= y)
		return true;
	return !updates && !(looks(history, a) && a->process == b->process);
}

static size_t
times_in(const struct history *history, const struct op *log, val request)
{
	size_t times = 0;

	for (size_t i = 0; i < val_count(&history->values, log->output); i++)
		times += val_equal(&history->values, request,
				   val_at(&history->values, log->output, i));
	return times;
}

static bool
is_log_sound(const struct history *history, const struct op *log)
{
	for (size_t i = 0; i < val_count(&history->values, log->output); i++) {
		val request = val_at(&history->values, log->output, i);
		bool is_bought = false;
		vec_each (struct op, op, &history->ops)
			is_bought = is_bought ||
				    (is_f(history, op, "buy") && op->type != OP_FAIL &&
				     val_equal(&history->values, op->input, request));
		if (!is_bought || times_in(history, log, request) != 1)
			return false;
	}
	vec_each (struct op, op, &history->ops)
		if (is_f(history, op, "buy") && op->type == OP_OK &&
		    op->input != VAL_OF_NIL && op->complete_at < log->invoke_at &&
		    times_in(history, log, op->input) == 0)
			return false;
	return true;
}

static bool
is_allowed(const struct history *history, bool strict)
{
	(void)strict;
	vec_each (struct op, b, &history->ops) {
		if (is_f(history, b, "orders") && b->type == OP_OK &&
		    !is_log_sound(history, b))
			return false;
		vec_each (struct op, a, &history->ops)
			if (!is_pair_sound(history, a, b))
				return false;
	}
	return are_copies_allowed(history);
}

/* ---- histories ------------------------------------------------------------------------ */

static val
initial(struct values *values, int64_t factor)
{
	(void)values;
	(void)factor;
	return val_small(INITIAL);
}

static val
text(struct history *history, const char *string)
{
	return val_string(&history->values, string);
}

static void
set_f(struct history *history, struct op *op, const char *name)
{
	op->f = history_f(history, name, strlen(name));
}

static void
ask_copies(struct history *history, struct choices *choices, struct op *op)
{
	static const char *const names[] = {"buy", "buy", "restock", "final-lookup"};
	static const char *const requests[] = {"r1", "r2", "r3", "r4"};

	set_f(history, op,
	      names[choices->tries_all ? 1 + choose(choices, 2) : choose(choices, 4)]);
	if (is_f(history, op, "buy") && choose_whether(choices, 0.6))
		op->input = text(history, requests[choose(choices, 4)]);
	if (is_f(history, op, "restock"))
		op->input = val_small(1 + (int64_t)choose(choices, 2));
}

/* Failed buys are refusals, mostly: an error is given beforehand and counts when it
 * fails. */
static void
ask_refused(struct history *history, struct choices *choices, struct op *op)
{
	ask_copies(history, choices, op);
	if (is_f(history, op, "buy"))
		op->error = history_error_id(history, "out of stock");
}

static void
answer_copies(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	val members[2] = {text(history, "stock")};

	op->error = 0;
	if (!is_f(history, op, "final-lookup"))
		return;
	members[1] = val_small((int64_t)choose(choices, 4));
	op->output = val_map(values, members, 2);
}

static void
copies_agree_with_every_order(void **state)
{
	static const struct definition bookstore = {.checker = "bookstore",
						    .ask = ask_refused,
						    .answer = answer_copies,
						    .is_allowed = is_allowed,
						    .init = initial,
						    .anomalies = anomalies,
						    .keeps_numbers = true,
						    .ops_all = 3};

	(void)state;
	definition_compare(&bookstore);
}

static void
ask_look(struct history *history, struct choices *choices, struct op *op)
{
	static const char *const names[] = {"lookup", "update",	      "restock",
					    "buy",    "final-lookup", "orders",
					    "search", "lookup"};
	static const char *const requests[] = {"r1", "r2", "r3", "r4"};

	set_f(history, op, names[choose(choices, choices->tries_all ? 4 : 8)]);
	if (is_f(history, op, "buy"))
		op->input = text(history, requests[choose(choices, 4)]);
	if (is_f(history, op, "restock") || is_f(history, op, "update"))
		op->input = val_small(4);
}

static void
answer_log(struct history *history, struct choices *choices, struct op *op)
{
	val entries[DEFINITION_OPS_MAX + 1];
	size_t count = 0;

	vec_each (struct op, buy, &history->ops)
		if (is_f(history, buy, "buy") && choose_whether(choices, 0.9))
			entries[count++] = buy->input;
	if (choose_whether(choices, 0.05))
		entries[count++] = text(history, "r5");
	op->output = val_list(&history->values, entries, count);
}

static void
answer_look(struct history *history, struct choices *choices, struct op *op)
{
	struct values *values = &history->values;
	int64_t version = 1 + (int64_t)(choices->tries_all ? choose(choices, 2)
							   : history->ops.count / 2 +
								     choose(choices, 3));
	val members[4] = {text(history, "version"), val_small(version),
			  text(history, "stock"),
			  val_small(choose_whether(choices, 0.03)
					    ? -1
					    : version + choose_whether(choices, 0.03))};

	if (is_f(history, op, "orders"))
		answer_log(history, choices, op);
	else if (is_f(history, op, "search"))
		op->output =
			val_list(values, (val[]){text(history, "t"), text(history, "u")},
				 2 - choose_whether(choices, 0.1));
	else if (is_f(history, op, "lookup"))
		op->output =
			val_map(values, members, choose_whether(choices, 0.7) ? 4 : 2);
	else if (is_f(history, op, "final-lookup"))
		op->output = val_map(values, members, 2);
	else if (choose_whether(choices, 0.8))
		op->output = val_small(version);
}

/* Enough copies for everybody. */
static val
plenty(struct values *values, int64_t factor)
{
	(void)values;
	(void)factor;
	return val_small(1000);
}

static bool
are_looks_allowed(const struct history *history, bool strict)
{
	(void)strict;
	vec_each (struct op, b, &history->ops) {
		if (is_f(history, b, "orders") && b->type == OP_OK &&
		    !is_log_sound(history, b))
			return false;
		vec_each (struct op, a, &history->ops)
			if (!is_pair_sound(history, a, b))
				return false;
	}
	return true;
}

static void
looks_and_logs_agree_with_all_pairs(void **state)
{
	static const struct definition bookstore = {.checker = "bookstore",
						    .ask = ask_look,
						    .answer = answer_look,
						    .is_allowed = are_looks_allowed,
						    .init = plenty,
						    .anomalies = anomalies,
						    .keeps_numbers = true,
						    .has_sessions = true,
						    .ops_all = 2};

	(void)state;
	definition_compare(&bookstore);
}

/* Refusals and final stocks among crashed buys and restocks: without a search. */
static void
crashed_buys_have_an_order_in_which_all_is_late(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct generate_options how = {.type = "bookstore",
					       .operations = 3000,
					       .processes = 150,
					       .info_percent = 10 + (int)(seed % 3) * 10,
					       .seed = seed};
		struct check_options options = {0};
		struct history history, copies;
		struct partition titles;
		struct err err;
		history_init(&history);
		assert_true(generate_history(&history, &how, &err));
		book_copies_init(&copies, &history);
		partition_init(&titles, &copies);
		for (uint32_t t = 0; t < partition_count(&titles); t++) {
			struct key_ops key = partition_at(&titles, t);
			struct linearizable_key found = {0};
			found.order = mem_new(key.count + 1, sizeof(*found.order));
			assert_true(book_order_late(&key, &options, 10, &found));
			free(found.order);
		}
		partition_release(&titles);
		book_copies_release(&copies);
		history_release(&history);
	}
}

/* ---- budgets -------------------------------------------------------------------------- */

static void
a_budget_that_is_over_means_unknown(void **state)
{
	struct history history;

	(void)state;
	history_init(&history);
	for (uint32_t i = 0; i < 500; i++) {
		struct op op = {.type = OP_OK,
				.process = i,
				.invoke_at = 2 * i,
				.complete_at = 2 * i + 1};
		set_f(&history, &op, "buy");
		history_add(&history, &op);
	}
	budgets_bind(&checker_bookstore, &history,
		     (struct check_options){.init = val_small(900)}, 4096);
	history_release(&history);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_agree_with_every_order),
		cmocka_unit_test(looks_and_logs_agree_with_all_pairs),
		cmocka_unit_test(crashed_buys_have_an_order_in_which_all_is_late),
		cmocka_unit_test(a_budget_that_is_over_means_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
