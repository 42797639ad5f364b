#include "checkers/transaction/core_clauses.h"

#include <stdlib.h>

/* ---- reading --------------------------------------------------------------------------
 */

static bool
take_list(struct core_clauses *c, size_t count, uint32_t below, struct core_list *list)
{
	if ((size_t)(c->words_end - c->words) < count)
		return err_set(c->err, "the proof ends in the midst of a step");
	*list = (struct core_list){c->words, count};
	c->words += count;
	for (size_t i = 0; i < count; i++)
		if (list->items[i] >= below)
			return err_set(c->err, "step %zu names what is not there",
				       c->steps.count);
	return true;
}

static bool
take_choices(struct core_clauses *c)
{
	struct core_list count = {0}, pairs = {0};

	if (!take_list(c, 1, UINT32_MAX / 2, &count) ||
	    !take_list(c, 2 * (size_t)count.items[0], c->edges.count, &pairs))
		return false;
	c->choices = pairs.items;
	c->choice_count = count.items[0];
	c->value = mem_new(c->choice_count, sizeof(*c->value));
	for (size_t i = 0; i < pairs.count; i += 2)
		if (!core_edges_conflict(&c->edges, pairs.items[i], pairs.items[i + 1]))
			return err_set(c->err, "choice %zu is about no key", i / 2);
	return true;
}

static bool
take_step(struct core_clauses *c)
{
	struct core_list counts = {0};
	struct core_step step = {0};
	bool ok = take_list(c, 3, UINT32_MAX, &counts) &&
		  take_list(c, counts.items[0], 2 * c->choice_count, &step.literals) &&
		  take_list(c, counts.items[1], (uint32_t)c->steps.count, &step.hints) &&
		  take_list(c, counts.items[2], c->edges.count, &step.txns);

	vec_push(&c->steps, step);
	return ok;
}

bool
core_clauses_init(struct core_clauses *c, const struct history *history,
		  const struct anomaly *core, const struct rw_claim *claim,
		  struct err *err)
{
	*c = (struct core_clauses){.words = core->proof.items,
				   .words_end = core->proof.items + core->proof.count,
				   .err = err};
	bool ok =
		core_edges_init(&c->edges, history, core, claim, err) && take_choices(c);

	while (ok && c->words < c->words_end)
		ok = take_step(c);
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
