#include "checkers/transaction/core_clauses.h"

#include <stdlib.h>

enum {
	STEP_HEAD = 3 /* words before those of a step */
};

/* ---- reading --------------------------------------------------------------------------
 */

bool
core_proof_take_choices(struct core_list *words, struct core_list *pairs)
{
	if (words->count == 0 || words->items[0] > (words->count - 1) / 2)
		return false;
	*pairs = core_list_cut(words, 2 * (size_t)core_list_cut(words, 1).items[0]);
	return true;
}

bool
core_proof_take_step(struct core_list *words, struct core_step *step)
{
	const uint32_t *counts = words->items;

	if (words->count < STEP_HEAD ||
	    (uint64_t)counts[0] + counts[1] + counts[2] > words->count - STEP_HEAD)
		return false;
	core_list_cut(words, STEP_HEAD);
	step->literals = core_list_cut(words, counts[0]);
	step->hints = core_list_cut(words, counts[1]);
	step->txns = core_list_cut(words, counts[2]);
	return true;
}

static bool
are_below(const struct core_list *list, uint32_t end)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i] >= end)
			return false;
	return true;
}

static bool
take_choices(struct core_clauses *c, struct core_list *words)
{
	struct core_list pairs;

	if (!core_proof_take_choices(words, &pairs) || !are_below(&pairs, c->edges.count))
		return err_set(c->err, "the choices of the proof are not whole, or name "
				       "what is not there");
	c->choices = pairs.items;
	c->choice_count = (uint32_t)(pairs.count / 2);
	c->value = mem_new(c->choice_count, sizeof(*c->value));
	for (size_t i = 0; i < pairs.count; i += 2)
		if (!core_edges_conflict(&c->edges, pairs.items[i], pairs.items[i + 1]))
			return err_set(c->err, "choice %zu is about no key", i / 2);
	return true;
}

static bool
take_step(struct core_clauses *c, struct core_list *words)
{
	struct core_step step;

	if (!core_proof_take_step(words, &step))
		return err_set(c->err, "the proof ends in the midst of a step");
	bool ok = are_below(&step.literals, 2 * c->choice_count) &&
		  are_below(&step.hints, (uint32_t)c->steps.count) &&
		  are_below(&step.txns, c->edges.count);
	vec_push(&c->steps, step);
	return ok ||
	       err_set(c->err, "step %zu names what is not there", c->steps.count - 1);
}

bool
core_clauses_init(struct core_clauses *c, const struct history *history,
		  const struct anomaly *core, const struct rw_claim *claim,
		  struct err *err)
{
	struct core_list words = {core->proof.items, core->proof.count};

	*c = (struct core_clauses){.err = err};
	bool ok = core_edges_init(&c->edges, history, core, claim, err) &&
		  take_choices(c, &words);
	while (ok && words.count > 0)
		ok = take_step(c, &words);
	return ok;
}

void
core_clauses_release(struct core_clauses *c)
{
	core_edges_release(&c->edges);
	free(c->value);
	vec_release(&c->held);
	vec_release(&c->steps);
}

/* ---- what follows ---------------------------------------------------------------------
 */

void
core_clauses_choose(struct core_clauses *c, uint32_t literal)
{
	if (core_clauses_hold(c, literal))
		return;
	c->value[literal / 2] = (uint8_t)(literal % 2 + 1);
	core_edges_suppose(&c->edges, core_clauses_first(c, literal),
			   core_clauses_second(c, literal));
	vec_push(&c->held, literal);
}

void
core_clauses_let_go(struct core_clauses *c, size_t left)
{
	while (c->held.count > left) {
		uint32_t literal = vec_pop(&c->held);
		c->value[literal / 2] = 0;
		core_edges_take_back(&c->edges, core_clauses_first(c, literal),
				     core_clauses_second(c, literal));
	}
}

enum core_outcome
core_clauses_deny(struct core_clauses *c, const struct core_list *literals)
{
	for (size_t i = 0; i < literals->count; i++) {
		if (core_clauses_hold(c, literals->items[i]))
			return CORE_REFUTED;
		core_clauses_choose(c, literals->items[i] ^ 1);
	}
	return CORE_FOLLOWED;
}

enum core_outcome
core_clauses_use(struct core_clauses *c, const struct core_list *literals)
{
	uint32_t left = UINT32_MAX;

	for (size_t i = 0; i < literals->count; i++) {
		uint32_t literal = literals->items[i];
		if (core_clauses_hold(c, literal))
			return CORE_FOLLOWED;
		if (core_clauses_hold(c, literal ^ 1) || literal == left)
			continue;
		if (left != UINT32_MAX)
			return CORE_WRONG;
		left = literal;
	}
	if (left == UINT32_MAX)
		return CORE_REFUTED;
	core_clauses_choose(c, left);
	return CORE_FOLLOWED;
}
