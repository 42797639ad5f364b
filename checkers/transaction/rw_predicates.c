#include "checkers/transaction/rw_predicates.h"

#include "base/search.h"
#include "checkers/transaction/predicate_replay.h"
#include "checkers/transaction/rw_order.h"
#include "checkers/transaction/rw_register.h"
#include "checkers/transaction/rw_proof.h"

#include <stdio.h>
#include <string.h>

static void
say_why(struct rw_predicates *p)
{
	struct buf key = {0};

	val_print(&p->history->values, p->expanded.unknown_key, &key);
	snprintf(p->why, sizeof(p->why),
		 "which version of key %.100s T%u's predicate read saw is not known",
		 buf_text(&key), p->expanded.unknown_op);
	buf_release(&key);
}

bool
rw_predicates_are_items(const struct check_options *options)
{
	return options->level != NULL && strcmp(options->level, "repeatable-read") == 0;
}

bool
rw_predicates_may_be_left_out(uint64_t forbidden)
{
	return (forbidden & ~level_forbids_named("strong-read-committed")) == 0;
}

bool
rw_predicates_init(struct rw_predicates *p, const struct history *history,
		   const struct check_options *options, struct err *err)
{
	*p = (struct rw_predicates){.history = history, .options = options};
	p->is_repeatable = rw_predicates_are_items(options);
	if (!predicate_expand(history, options, p->is_repeatable, &p->expanded, err))
		return false;
	if (p->expanded.leaves_out)
		say_why(p);
	return true;
}

void
rw_predicates_release(struct rw_predicates *p)
{
	expanded_release(&p->expanded);
}

/* The transaction of an operation; they are in the same order. */
static uint32_t
txn_of(const struct dependencies *d, uint32_t op)
{
	uint32_t at;

	search_first(at, 0, (uint32_t)d->txns.of.count, d->txns.of.items[at].op < op);
	return at;
}

void
rw_predicates_find(const struct rw_predicates *p, struct dependencies *d)
{
	const struct values *values = &p->expanded.history.values;

	vec_each (const struct predicate_mismatch, mismatch, &p->expanded.mismatches) {
		uint32_t txn = txn_of(d, mismatch->op);
		const struct txn *t = &d->txns.of.items[txn];
		for (uint32_t i = t->first; i < t->first + t->count; i++) {
			const struct mop *mop = &d->txns.mops.items[i];
			if (mop->kind != MOP_READ ||
			    !val_equal(values, mop->value, mismatch->value))
				continue;
			dependencies_find(d, ANOMALY_PREDICATE_MISMATCH, txn, UINT32_MAX,
					  mop->key, mismatch->value);
			break;
		}
	}
}

bool
rw_predicates_allow(const struct rw_predicates *p, const struct order *order,
		    bool snapshot)
{
	const struct predicate_claim claim = {.snapshot = snapshot,
					      .items_only = p->is_repeatable,
					      .nil_is_unknown =
						      p->options->nil_is_unknown};
	struct err err;

	return !p->expanded.leaves_out ||
	       predicate_replay(p->history, order, &claim, &err);
}

static enum verdict
judge_items(const struct rw_predicates *p, struct dependencies *d)
{
	const struct rw_question serial = {0};
	struct rw_answer answer;
	VEC(uint32_t) txns = {0};

	if (d->findings.count > 0)
		return VERDICT_INVALID;
	for (uint32_t t = 0; t < d->txns.of.count; t++)
		if (d->committed[t])
			vec_push(&txns, t);
	rw_order_find(d, txns.items, (uint32_t)txns.count, &serial, &p->options->budget,
		      &answer);
	enum verdict verdict = answer.verdict;
	rw_answer_release(&answer);
	vec_release(&txns);
	return verdict;
}

enum verdict
rw_predicates_repeatable(const struct rw_predicates *p)
{
	enum verdict verdict = VERDICT_UNKNOWN;
	struct dependencies d = {0};
	struct expanded items;
	struct err err;

	if (predicate_expand(p->history, p->options, true, &items, &err)) {
		if (rw_register_read(&d, &items.history, p->options, &err))
			verdict = judge_items(p, &d);
		dependencies_release(&d);
	}
	expanded_release(&items);
	return verdict;
}

/* "G2-item-process" without its item. */
static const char *
name_with_predicates(const char *name)
{
	static const enum isolation_anomaly renamed[][2] = {
		{ANOMALY_G2_ITEM, ANOMALY_G2},
		{ANOMALY_G2_PROCESS, ANOMALY_PREDICATE_PROCESS},
		{ANOMALY_G2_REALTIME, ANOMALY_PREDICATE_REALTIME},
	};

	for (size_t i = 0; i < sizeof(renamed) / sizeof(renamed[0]); i++)
		if (strcmp(name, anomaly_name(renamed[i][0])) == 0)
			return anomaly_name(renamed[i][1]);
	return NULL;
}

const char *
rw_predicates_name(const struct rw_predicates *p, const char *name, const uint32_t *ops,
		   size_t count, const struct rw_claim *claim)
{
	const char *other = name_with_predicates(name);
	struct expanded items;
	struct proof proof;
	struct err err;

	if (other == NULL || p->is_repeatable)
		return name;
	if (predicate_expand(p->history, p->options, true, &items, &err)) {
		proof_find(&items.history, ops, count, claim, &proof);
		name = proof.holds ? name : other;
		proof_release(&proof);
	}
	expanded_release(&items);
	return name;
}
