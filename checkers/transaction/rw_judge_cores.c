/* rw_judge_cores.c - why a level does not hold: few transactions without an order. */
#include "checkers/transaction/core_certify.h"
#include "checkers/transaction/core_layering.h"
#include "checkers/transaction/core_tell.h"
#include "checkers/transaction/list_core.h"
#include "checkers/transaction/rw_core.h"
#include "checkers/transaction/rw_judge.h"
#include "checkers/transaction/rw_proof.h"
#include "checkers/transaction/steps.h"

#include <string.h>

enum {
	SHRINK_EFFORT = 100000,
	TXNS_SHOWN = 12
};

static bool
have_no_order(struct judge *j, const struct order_level *row, const uint32_t *txns,
	      size_t count, struct rw_answer *answer)
{
	judge_ask(j, txns, count, &row->question, answer);
	return answer->verdict == VERDICT_INVALID;
}

/* The core must prove it again by itself: it is what the search met, not the proof. The
 * smaller core of that second search is taken when it is one too. */
static bool
keep_smaller(struct judge *j, const struct order_level *row,
	     const struct rw_answer *first)
{
	struct rw_answer second, third = {0};
	bool proven =
		have_no_order(j, row, first->core.items, first->core.count, &second);

	if (proven) {
		bool smaller = have_no_order(j, row, second.core.items, second.core.count,
					     &third);
		const struct rw_answer *best = smaller ? &second : first;
		vec_push(&j->cores, (struct core_found){.level = row});
		struct core_found *found = vec_last(&j->cores);
		for (size_t i = 0; i < best->core.count; i++)
			vec_push(&found->txns, best->core.items[i]);
	}
	rw_answer_release(&second);
	rw_answer_release(&third);
	return proven;
}

/* When no smaller core proves it again, all transactions are the core. */
static void
keep_all(struct judge *j, const struct order_level *row)
{
	vec_push(&j->cores, (struct core_found){.level = row});
	vec_each (uint32_t, txn, &j->txns)
		vec_push(&vec_last(&j->cores)->txns, *txn);
}

void
judge_keep_core(struct judge *j, const struct order_level *row,
		const struct rw_answer *first)
{
	if (!keep_smaller(j, row, first))
		keep_all(j, row);
}

/* ---- words ---- */

static struct rw_claim
claim_of(const struct order_level *row, const struct check_options *options)
{
	return (struct rw_claim){.snapshot = row->question.snapshot,
				 .process = row->question.process,
				 .realtime = row->question.realtime,
				 .nil_is_unknown = options->nil_is_unknown,
				 .parallel = row->question.parallel};
}

static void
print_txns(const struct history *history, const uint32_t *ops, size_t count,
	   bool with_times, struct buf *text)
{
	for (size_t i = 0; i < count && i < TXNS_SHOWN; i++) {
		step_print_txn(history, ops[i], text);
		if (with_times)
			step_print_events(history, ops[i], text);
		buf_char(text, '\n');
	}
	if (count > TXNS_SHOWN)
		buf_printf(text, "and %zu more\n", count - TXNS_SHOWN);
}

static bool
is_reported(const struct check_result *result, const char *name)
{
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (strcmp(anomaly->name, name) == 0)
			return true;
	return false;
}

/* Of exactly what the name says; without one the certificate finds its own (core_certify.h).
 */
static void
prove_core(struct judge *j, struct anomaly *anomaly, const uint32_t *txns, uint32_t count)
{
	struct rw_claim claim = core_claim(anomaly->name, j->options);
	struct rw_question question = {.snapshot = claim.snapshot,
				       .process = claim.process,
				       .realtime = claim.realtime,
				       .parallel = claim.parallel};
	struct rw_answer answer;

	rw_order_prove(&j->d, txns, count, &question, &j->options->budget, &answer);
	vec_each (const uint32_t, word, &answer.proof)
		vec_push(&anomaly->proof, *word);
	if (count > TXNS_SHOWN && answer.proof.count > 0 && !j->are_lists)
		core_layering_find(j->d.txns.history, &claim, anomaly);
	if (answer.proof.count == 0)
		j->why_unproven = answer.reason;
	rw_answer_release(&answer);
}

/* The core in words: its transactions, and the cycles that all orders of the writes have,
 * as far as they were found. */
static void
describe_small(struct judge *j, const struct core_found *core, const struct proof *proof,
	       struct anomaly *anomaly, struct buf *text)
{
	const struct order_level *row = core->level;

	print_txns(j->d.txns.history, anomaly->ops.items, anomaly->ops.count,
		   row->question.realtime, text);
	buf_string(text, proof->holds ? proof->text : "");
	if (j->are_lists)
		list_core_print(&j->d, core->txns.items, anomaly, text);
	buf_printf(text, "so these %zu have no order that is %s", anomaly->ops.count,
		   row->level);
	vec_each (const struct anomaly_step, step, &proof->steps)
		vec_push(&anomaly->steps, *step);
}

/* A large one, a dozen at a time. */
static void
describe_layers(struct judge *j, const struct order_level *row, struct anomaly *anomaly,
		struct buf *text)
{
	struct rw_claim claim = core_claim(anomaly->name, j->options);

	core_tell(j->d.txns.history, &claim, row->level, anomaly, text);
	buf_printf(text, "all together are %zu transactions without an order",
		   anomaly->ops.count);
}

static void
describe_core(struct judge *j, const struct core_found *core, const struct proof *proof,
	      struct anomaly *anomaly)
{
	struct buf text = {0};

	buf_printf(&text, "%s%s\n", anomaly_definition(anomaly_find(anomaly->name)),
		   proof->holds && !proof->is_plain ? ", whatever the order of the writes"
						    : "");
	if (anomaly->layers.count > 0)
		describe_layers(j, core->level, anomaly, &text);
	else
		describe_small(j, core, proof, anomaly, &text);
	anomaly->text = text.data;
}

static void
report_core(struct judge *j, const struct core_found *core)
{
	const struct order_level *row = core->level;
	struct rw_claim claim = claim_of(row, j->options);
	const uint32_t *txns = core->txns.items;
	uint32_t count = (uint32_t)core->txns.count;
	uint32_t *ops = mem_new(count, sizeof(*ops));
	struct proof proof = {0};

	for (uint32_t i = 0; i < count; i++)
		ops[i] = j->d.txns.of.items[txns[i]].op;
	if (!j->are_lists)
		proof_find(j->d.txns.history, ops, count, &claim, &proof);
	const char *name = proof.holds && !row->question.parallel
				   ? proof.anomaly
				   : anomaly_name(row->anomaly);
	if (j->predicates != NULL)
		name = rw_predicates_name(j->predicates, name, ops, count, &claim);
	struct anomaly *anomaly =
		is_reported(j->result, name)
			? NULL
			: check_result_anomaly(j->result, name, VAL_OF_NIL);
	for (uint32_t i = 0; anomaly != NULL && i < count; i++)
		vec_push(&anomaly->ops, ops[i]);
	if (anomaly != NULL) {
		anomaly->is_core = true;
		prove_core(j, anomaly, txns, count);
		describe_core(j, core, &proof, anomaly);
	}
	proof_release(&proof);
	free(ops);
}

static void
shrink(struct judge *j, struct core_found *core)
{
	struct rw_core_search search = {.d = &j->d,
					.question = &core->level->question,
					.budget = &j->options->budget,
					.all = j->txns.items,
					.all_count = (uint32_t)j->txns.count,
					.effort_max = SHRINK_EFFORT};
	uint32_t count = (uint32_t)core->txns.count;

	rw_core_shrink(&search, core->txns.items, &count);
	core->txns.count = count;
}

static bool
is_asked_for(const struct judge *j, const struct core_found *core, bool snapshot)
{
	const struct rw_question *question = &core->level->question;

	return (j->asked & anomaly_bit(core->level->anomaly)) != 0 &&
	       (question->snapshot || question->parallel) == snapshot;
}

/* Of the cores of serial orders, or of those of snapshots, the one of the weakest level tells
 * most. When it cannot be taken in at a glance, one of the strongest level goes before
 * it: few transactions close a cycle in time, where it takes many without. */
static void
report_kind(struct judge *j, bool snapshot)
{
	struct core_found *weakest = NULL, *strongest = NULL;

	vec_each (struct core_found, core, &j->cores) {
		if (!is_asked_for(j, core, snapshot))
			continue;
		strongest = strongest == NULL ? core : strongest;
		weakest = core;
	}
	if (weakest == NULL)
		return;
	shrink(j, weakest);
	if (weakest != strongest && weakest->txns.count > TXNS_SHOWN) {
		shrink(j, strongest);
		if (strongest->txns.count <= TXNS_SHOWN)
			report_core(j, strongest);
	}
	report_core(j, weakest);
}

void
judge_report_cores(struct judge *j)
{
	report_kind(j, true);
	report_kind(j, false);
}
