#include "checkers/weak/weak_layers.h"

#include "checkers/transaction/core_layering.h"
#include "checkers/transaction/core_layers.h"
#include "checkers/transaction/core_proof.h"
#include "checkers/transaction/core_tell.h"
#include "checkers/transaction/rw_order.h"

#include <string.h>

static const struct rw_claim in_sessions = {.process = true};

/* ---- operations as transactions -------------------------------------------------------- */

static const struct op *
op_of(const struct weak *core, uint32_t id)
{
	return &core->history->ops.items[core->op[id]];
}

/* The process; of a session behind a crash, which is not its process' first, another one. */
static uint32_t
process_of(const struct weak *core, uint32_t session)
{
	uint32_t process = op_of(core, core->start[session])->process;

	for (uint32_t s = 0; s < session; s++)
		if (op_of(core, core->start[s])->process == process)
			return UINT32_MAX - 1 - session;
	return process;
}

static val
mop_of(struct values *to, const struct weak *core, uint32_t id)
{
	const struct values *from = &core->history->values;
	const struct op *op = op_of(core, id);
	bool is_write = weak_is_write(core, id);
	val value = is_write			       ? op->input
		    : core->source[id] == WEAK_INITIAL ? VAL_OF_NIL
						       : op->output;
	const val items[] = {val_string(to, is_write ? "w" : "r"),
			     val_copy(to, from, op->key), val_copy(to, from, value)};

	return val_list(to, items, 3);
}

/* Each operation as a transaction; with numbers kept they stand where they do in the history,
 * for the words, and nothing between them. */
static void
make_txns(const struct weak *core, bool keeps_numbers, struct history *txns)
{
	size_t count = 0;

	history_init(txns);
	for (uint32_t v = 0; v < core->count; v++)
		if (!keeps_numbers || core->op[v] >= count)
			count = keeps_numbers ? core->op[v] + (size_t)1 : core->count;
	txns->ops.items = mem_new(count, sizeof(*txns->ops.items));
	txns->ops.count = txns->ops.capacity = count;
	for (uint32_t v = 0; v < core->count; v++) {
		val mop = mop_of(&txns->values, core, v);
		val list = val_list(&txns->values, &mop, 1);
		txns->ops.items[keeps_numbers ? core->op[v] : v] =
			(struct op){.f = F_TXN,
				    .type = OP_OK,
				    .process = process_of(core, core->session[v]),
				    .invoke_at = v,
				    .complete_at = core->count + v,
				    .input = list,
				    .output = list};
	}
}

/* ---- the proof -------------------------------------------------------------------------- */

static void
prove(const struct weak *core, const struct budget *budget, struct anomaly *anomaly)
{
	const struct rw_question question = {.process = true};
	const struct check_options options = {.budget = *budget};
	uint32_t *txns = mem_new((size_t)core->count + 1, sizeof(*txns));
	struct dependencies d = {0};
	struct rw_answer answer = {0};
	struct history history;
	struct err err;

	make_txns(core, false, &history);
	if (rw_register_read(&d, &history, &options, &err) &&
	    d.txns.of.count == core->count) {
		for (uint32_t v = 0; v < core->count; v++)
			txns[v] = v;
		rw_order_prove(&d, txns, core->count, &question, budget, &answer);
		vec_each (const uint32_t, word, &answer.proof)
			vec_push(&anomaly->proof, *word);
	}
	rw_answer_release(&answer);
	dependencies_release(&d);
	history_release(&history);
	free(txns);
}

bool
weak_layers_tell(const struct weak *core, const struct budget *budget,
		 struct anomaly *anomaly, struct buf *text)
{
	struct history history;

	prove(core, budget, anomaly);
	make_txns(core, true, &history);
	if (anomaly->proof.count > 0)
		core_layering_find(&history, &in_sessions, anomaly);
	if (anomaly->layers.count > 0)
		core_tell(&history, &in_sessions, "sequential", anomaly, text);
	vec_release(&anomaly->steps); /* of values of the copy, which ends here */
	history_release(&history);
	return anomaly->layers.count > 0;
}

bool
weak_layers_certify(const struct weak *core, const struct anomaly *anomaly,
		    struct err *err)
{
	struct history history;

	if (core->count != anomaly->ops.count ||
	    memcmp(core->op, anomaly->ops.items, core->count * sizeof(*core->op)) != 0)
		return err_set(err, "what is told are other operations");
	make_txns(core, true, &history);
	bool ok = core_proof_check(&history, anomaly, &in_sessions, err) &&
		  core_layers_check(&history, anomaly, &in_sessions, err);
	history_release(&history);
	return ok;
}
