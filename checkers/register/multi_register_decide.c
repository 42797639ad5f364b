/* Where every value is written once, reads name their writers, and the search for an order
 * of transactions (checkers/transaction/rw_register.h) finds one where the engine would try
 * orders. Nothing is taken from it unproven: an order is replayed, and operations without
 * one are refuted by brute force, before either counts; all else is left to the engine. */
#include "checkers/budget.h"
#include "checkers/engine/certify.h"
#include "checkers/engine/oracle.h"
#include "checkers/engine/shrink.h"
#include "checkers/register/multi_register.h"
#include "checkers/transaction/rw_core.h"

#include <stdlib.h>
#include <string.h>

enum {
	OPS_MIN = 64,	   /* fewer are the engine's */
	MICRO_BYTES = 176, /* of a micro-operation: copied, and read as a transaction's */
	SUSPECTS_MAX = 16, /* that are decided by brute force */
	SHRINK_EFFORT = 100000,
	MARGIN_MIN = 64, /* events */
	MARGIN_MAX = 1 << 20
};

typedef VEC(uint32_t) txn_list;

/* Real time has the order within processes, but for what a crashed operation does late. */
static const struct rw_question strict = {.realtime = true};

/* ---- the history as transactions ------------------------------------------------------ */

static val
micro_of(struct values *to, const struct values *from, const char *f, val key, val v)
{
	const val items[] = {val_string(to, f), val_copy(to, from, key),
			     val_copy(to, from, v)};

	return val_list(to, items, 3);
}

/* What a map says, as micro-operations. */
static val
txn_of(struct values *to, const struct values *from, const char *f, val map, bool is_told)
{
	VEC(val) micros = {0};

	for (size_t i = 0; map != VAL_OF_NIL && i + 1 < val_count(from, map); i += 2)
		vec_push(&micros,
			 micro_of(to, from, f, val_at(from, map, i),
				  is_told ? val_at(from, map, i + 1) : VAL_OF_NIL));
	val txn = val_list(to, micros.items, micros.count);
	vec_release(&micros);
	return txn;
}

static void
make_txn(struct history *to, const struct values *from, struct op *op)
{
	const char *f = op->f == F_READ ? "r" : "w";

	if (op->f == F_TXN) {
		op->input = val_copy(&to->values, from, op->input);
		op->output = val_copy(&to->values, from, op->output);
		return;
	}
	val map = op->f == F_WRITE ? op->input : op->output;
	op->input = txn_of(&to->values, from, f, map, op->f == F_WRITE);
	if (op->type == OP_OK)
		op->output = txn_of(&to->values, from, f, map, true);
	op->f = F_TXN;
}

size_t
multi_register_micros(const struct values *values, const struct op *op)
{
	val told = op->f == F_READ ? op->output : op->input;

	if (val_kind(told) == VAL_LIST)
		return val_count(values, told);
	return val_kind(told) == VAL_MAP ? val_count(values, told) / 2 : 0;
}

/* The copy must be worth its memory before it is made. */
static bool
have_room(const struct key_ops *key, const struct budget *budget)
{
	size_t micros = 0;
	struct err err;

	for (size_t i = 0; i < key->count; i++)
		micros += multi_register_micros(&key->history->values, key_op(key, i));
	return budget_has_room(budget, micros, MICRO_BYTES, &err);
}

static void
make_txns(const struct key_ops *key, struct history *txns)
{
	history_init(txns);
	vec_reserve(&txns->ops, key->count);
	for (size_t i = 0; i < key->count; i++) {
		struct op op = *key_op(key, i);
		op.key = VAL_OF_NIL;
		op.error = 0;
		make_txn(txns, &key->history->values, &op);
		vec_push(&txns->ops, op);
	}
}

/* ---- what was found, proven ----------------------------------------------------------- */

/* The order without what says nothing to the model. */
static struct order
order_of(const struct key_ops *key, const struct check_options *options,
	 const struct dependencies *d, const struct rw_answer *answer)
{
	void *self = model_multi_register.open(key, options);
	struct order order = {.key = key->key};

	order.ops = mem_new(answer->order.count + 1, sizeof(*order.ops));
	vec_each (uint32_t, t, &answer->order) {
		uint32_t i = d->txns.of.items[*t].op;
		struct call call = {0};
		if (model_multi_register.decode(self, key_op(key, i), &call))
			order.ops[order.count++] = key->ops[i];
	}
	model_multi_register.close(self);
	return order;
}

static void
take_order(const struct key_ops *key, const struct check_options *options,
	   const struct dependencies *d, const struct rw_answer *answer,
	   struct linearizable_key *found)
{
	struct order order = order_of(key, options, d, answer);
	struct err err;

	if (!certify_orders(&model_multi_register, key->history, options, &order, 1,
			    &err)) {
		free(order.ops);
		return;
	}
	found->verdict = VERDICT_VALID;
	found->order = order.ops;
	found->order_count = order.count;
}

/* Transactions that are said to contradict each other, when brute force says so too. */
static void
take_core(const struct key_ops *key, const struct check_options *options,
	  const struct dependencies *d, const uint32_t *txns, size_t count,
	  struct linearizable_key *found)
{
	uint32_t ops[ORACLE_CALLS_MAX + 1];
	struct shrink shrink;

	if (count > ORACLE_CALLS_MAX || found->verdict != VERDICT_NONE)
		return;
	for (size_t i = 0; i < count; i++)
		ops[i] = key->ops[d->txns.of.items[txns[i]].op];
	shrink_init(&shrink, &model_multi_register, key, options);
	size_t left = shrink_core(&shrink, ops, count);
	shrink_release(&shrink);
	if (left == 0 || left > LINEARIZABLE_WITNESSES)
		return;
	ops[left] = OP_NEVER;
	linearizable_conflict(found, "not-linearizable",
			      "no order of these operations is possible", ops);
}

/* A stretch of the history. */
struct window {
	uint32_t from, until;
};

static struct window
window_of(const struct dependencies *d, const struct rw_answer *met)
{
	struct window window = {.from = OP_NEVER};

	vec_each (uint32_t, t, &met->core) {
		uint32_t begin = d->begin[*t], end = d->end[*t];
		window.from = begin < window.from ? begin : window.from;
		window.until = end != OP_NEVER && end > window.until ? end : window.until;
	}
	return window;
}

/* The committed transactions that were at work then; true when these have no order. */
static bool
have_no_order(const struct dependencies *d, const struct window *window,
	      const struct budget *budget, txn_list *near)
{
	struct rw_answer answer;

	vec_clear(near);
	for (uint32_t t = 0; t < d->txns.of.count; t++)
		if (d->committed[t] && d->begin[t] <= window->until &&
		    d->end[t] >= window->from)
			vec_push(near, t);
	rw_order_find(d, near->items, (uint32_t)near->count, &strict, budget, &answer);
	bool none = answer.verdict == VERDICT_INVALID;
	rw_answer_release(&answer);
	return none;
}

/* The search names transactions that it met, but not all that they read from: the stretch
 * around them is widened until it shows the same alone, and what is not needed left out. */
static void
take_stretch(const struct key_ops *key, const struct check_options *options,
	     const struct dependencies *d, const struct rw_answer *met,
	     struct linearizable_key *found)
{
	struct window window = window_of(d, met);
	txn_list near = {0};
	uint32_t margin = MARGIN_MIN;

	while (!have_no_order(d, &window, &options->budget, &near) &&
	       !budget_is_over(&options->budget) && near.count < d->txns.of.count) {
		window.from -= margin < window.from ? margin : window.from;
		window.until += margin;
		margin *= 4;
		if (margin > MARGIN_MAX)
			break;
	}
	uint32_t count = (uint32_t)near.count;
	uint32_t *core = mem_new(near.count, sizeof(*core));
	struct rw_core_search search = {.d = d,
					.question = &strict,
					.budget = &options->budget,
					.all = near.items,
					.all_count = count,
					.effort_max = SHRINK_EFFORT};
	memcpy(core, near.items, count * sizeof(*core));
	rw_core_shrink(&search, core, &count);
	take_core(key, options, d, core, count, found);
	free(core);
	vec_release(&near);
}

/* ---- deciding ------------------------------------------------------------------------- */

static void
search(const struct key_ops *key, const struct check_options *options,
       const struct dependencies *d, struct linearizable_key *found)
{
	struct rw_answer answer;
	VEC(uint32_t) txns = {0};

	for (uint32_t t = 0; t < d->txns.of.count; t++)
		if (d->committed[t])
			vec_push(&txns, t);
	rw_order_find(d, txns.items, (uint32_t)txns.count, &strict, &options->budget,
		      &answer);
	if (answer.verdict == VERDICT_VALID)
		take_order(key, options, d, &answer, found);
	if (answer.verdict == VERDICT_INVALID)
		take_stretch(key, options, d, &answer, found);
	rw_answer_release(&answer);
	vec_release(&txns);
}

/* What single reads show to be wrong; what remains is a question of order. */
static void
judge(const struct key_ops *key, const struct check_options *options,
      const struct dependencies *d, struct linearizable_key *found)
{
	for (size_t i = 0; i < d->findings.count && i < SUSPECTS_MAX; i++) {
		const struct finding *finding = &d->findings.items[i];
		uint32_t txns[] = {finding->txn, finding->other};
		take_core(key, options, d, txns, finding->other < TXN_NO_SOURCE ? 2 : 1,
			  found);
	}
	if (d->findings.count == 0)
		search(key, options, d, found);
}

void
multi_register_decide(const struct key_ops *key, const struct check_options *options,
		      struct linearizable_key *found)
{
	struct dependencies d = {0};
	struct history txns;
	struct err err;

	if (key->count < OPS_MIN || options->init != VAL_OF_NIL ||
	    !have_room(key, &options->budget))
		return;
	make_txns(key, &txns);
	if (rw_register_read(&d, &txns, options, &err))
		judge(key, options, &d, found);
	dependencies_release(&d);
	history_release(&txns);
}
