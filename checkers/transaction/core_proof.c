#include "checkers/transaction/core_proof.h"

#include "checkers/transaction/core_clauses.h"

static bool
check_step(struct core_clauses *c, size_t number)
{
	const struct core_step *step = &c->steps.items[number];
	enum core_outcome outcome = core_clauses_deny(c, &step->literals);

	for (size_t i = 0; i < step->hints.count && outcome == CORE_FOLLOWED; i++)
		outcome = core_clauses_use(
			c, &c->steps.items[step->hints.items[i]].literals);
	if (outcome == CORE_FOLLOWED &&
	    core_edges_are_cycle(&c->edges, step->txns.items, step->txns.count))
		outcome = CORE_REFUTED;
	core_clauses_let_go(c, 0);
	return outcome == CORE_REFUTED ||
	       err_set(c->err, "step %zu of the proof does not follow", number);
}

/* All steps; the last one leaves nothing. */
static bool
check_steps(struct core_clauses *c)
{
	for (size_t i = 0; i < c->steps.count; i++)
		if (!check_step(c, i))
			return false;
	return (c->steps.count > 0 && vec_last(&c->steps)->literals.count == 0) ||
	       err_set(c->err, "the proof leaves choices open");
}

bool
core_proof_check(const struct history *history, const struct anomaly *core,
		 const struct rw_claim *claim, struct err *err)
{
	struct core_clauses c;
	bool ok = core_clauses_init(&c, history, core, claim, err) && check_steps(&c);

	core_clauses_release(&c);
	return ok;
}
