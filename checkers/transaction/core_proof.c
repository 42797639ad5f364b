#include "checkers/transaction/core_proof.h"

#include "checkers/transaction/core_edges.h"

#include <stdlib.h>

/* Words in the proof. */
struct list {
	const uint32_t *items;
	size_t count;
};

struct checking {
	struct core_edges edges;
	const uint32_t *words, *words_end; /* what is left of the proof */
	const uint32_t *choices;	   /* pairs */
	uint32_t choice_count;
	uint8_t *value;		  /* owned, by choice: side + 1 that holds; 0: open */
	VEC(uint32_t) held;	  /* literals that hold */
	VEC(struct list) clauses; /* of the steps */
	struct err *err;
};

/* ---- reading --------------------------------------------------------------------------
 */

static bool
take_list(struct checking *c, size_t count, uint32_t below, struct list *list)
{
	if ((size_t)(c->words_end - c->words) < count)
		return err_set(c->err, "the proof ends in the midst of a step");
	*list = (struct list){c->words, count};
	c->words += count;
	for (size_t i = 0; i < count; i++)
		if (list->items[i] >= below)
			return err_set(c->err, "step %zu names what is not there",
				       c->clauses.count);
	return true;
}

static bool
take_choices(struct checking *c)
{
	struct list count = {0}, pairs = {0};

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

struct step {
	struct list literals, hints, txns;
};

static bool
take_step(struct checking *c, struct step *step)
{
	struct list counts = {0};

	return take_list(c, 3, UINT32_MAX, &counts) &&
	       take_list(c, counts.items[0], 2 * c->choice_count, &step->literals) &&
	       take_list(c, counts.items[1], (uint32_t)c->clauses.count, &step->hints) &&
	       take_list(c, counts.items[2], c->edges.count, &step->txns);
}

/* ---- what follows ---------------------------------------------------------------------
 */

static bool
holds(const struct checking *c, uint32_t literal)
{
	return c->value[literal / 2] == literal % 2 + 1;
}

static void
hold(struct checking *c, uint32_t literal)
{
	const uint32_t *pair = &c->choices[literal / 2 * 2];

	if (holds(c, literal))
		return;
	c->value[literal / 2] = (uint8_t)(literal % 2 + 1);
	core_edges_suppose(&c->edges, pair[literal % 2], pair[1 - literal % 2]);
	vec_push(&c->held, literal);
}

static void
let_go(struct checking *c)
{
	while (c->held.count > 0) {
		uint32_t literal = vec_pop(&c->held);
		const uint32_t *pair = &c->choices[literal / 2 * 2];
		c->value[literal / 2] = 0;
		core_edges_take_back(&c->edges, pair[literal % 2], pair[1 - literal % 2]);
	}
}

enum outcome {
	REFUTED, /* what was supposed cannot be */
	FOLLOWED,
	WRONG
};

static enum outcome
suppose_false(struct checking *c, const struct list *literals)
{
	for (size_t i = 0; i < literals->count; i++) {
		if (holds(c, literals->items[i]))
			return REFUTED;
		hold(c, literals->items[i] ^ 1);
	}
	return FOLLOWED;
}

/* Of a clause that is known, the one literal that is left. */
static enum outcome
use_clause(struct checking *c, const struct list *clause)
{
	uint32_t left = UINT32_MAX;

	for (size_t i = 0; i < clause->count; i++) {
		uint32_t literal = clause->items[i];
		if (holds(c, literal))
			return FOLLOWED;
		if (holds(c, literal ^ 1) || literal == left)
			continue;
		if (left != UINT32_MAX)
			return WRONG;
		left = literal;
	}
	if (left == UINT32_MAX)
		return REFUTED;
	hold(c, left);
	return FOLLOWED;
}

static bool
check_step(struct checking *c, const struct step *step)
{
	enum outcome outcome = suppose_false(c, &step->literals);

	for (size_t i = 0; i < step->hints.count && outcome == FOLLOWED; i++)
		outcome = use_clause(c, &c->clauses.items[step->hints.items[i]]);
	if (outcome == FOLLOWED &&
	    core_edges_are_cycle(&c->edges, step->txns.items, step->txns.count))
		outcome = REFUTED;
	let_go(c);
	return outcome == REFUTED ||
	       err_set(c->err, "step %zu of the proof does not follow", c->clauses.count);
}

/* All steps; the last one leaves nothing. */
static bool
check_steps(struct checking *c)
{
	struct step step = {0};
	bool is_empty = false;

	while (c->words < c->words_end) {
		if (!take_step(c, &step) || !check_step(c, &step))
			return false;
		vec_push(&c->clauses, step.literals);
		is_empty = step.literals.count == 0;
	}
	return is_empty || err_set(c->err, "the proof leaves choices open");
}

bool
core_proof_check(const struct history *history, const struct anomaly *core,
		 const struct rw_claim *claim, struct err *err)
{
	struct checking c = {.words = core->proof.items,
			     .words_end = core->proof.items + core->proof.count,
			     .err = err};
	bool ok = core_edges_init(&c.edges, history, core, claim, err) &&
		  take_choices(&c) && check_steps(&c);

	core_edges_release(&c.edges);
	free(c.value);
	vec_release(&c.held);
	vec_release(&c.clauses);
	return ok;
}
