/* core_layering_held.c - rows and drafts, and what a draft supposes and leaves. */
#include "checkers/transaction/core_layering_parts.h"

#include "base/search.h"
#include "checkers/transaction/rw_proof.h"

#include <stdlib.h>
#include <string.h>

/* ---- rows and drafts ------------------------------------------------------------------
 */

void
row_append(row *to, const uint32_t *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		vec_push(to, items[i]);
}

static void
row_copy(row *to, const row *from)
{
	vec_clear(to);
	row_append(to, from->items, from->count);
}

bool
row_has(const row *set, uint32_t item)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->items[i] == item)
			return true;
	return false;
}

void
row_add(row *set, uint32_t item)
{
	size_t at;

	search_first(at, 0, set->count, set->items[at] < item);
	if (at == set->count || set->items[at] != item)
		vec_insert(set, at, item);
}

void
draft_copy(struct draft *to, const struct draft *from)
{
	to->step = from->step;
	row_copy(&to->lemmas, &from->lemmas);
	row_copy(&to->txns, &from->txns);
	row_copy(&to->paths, &from->paths);
}

void
draft_release(struct draft *draft)
{
	vec_release(&draft->lemmas);
	vec_release(&draft->txns);
	vec_release(&draft->paths);
}

void
draft_add_path(struct draft *draft, const uint32_t *txns, size_t count)
{
	vec_push(&draft->paths, (uint32_t)count);
	row_append(&draft->paths, txns, count);
}

/* ---- what is held ---------------------------------------------------------------------
 */

uint32_t
layering_literal(const struct layering *l, uint32_t from, uint32_t to)
{
	struct core_why why = core_edges_why(&l->c.edges, from, to);

	if (why.first >= l->c.edges.count)
		return 0;
	const uint64_t *literal = map_find(&l->literals, (uint64_t)why.first << 32 | to);
	return literal != NULL ? (uint32_t)*literal : 0;
}

/* The same clause said again stands for the first one. */
static uint32_t
original(const struct layering *l, uint32_t number)
{
	for (;;) {
		const struct core_step *step = &l->c.steps.items[number];
		if (step->txns.count > 0 || step->hints.count != 1)
			return number;
		const struct core_step *before = &l->c.steps.items[step->hints.items[0]];
		if (before->literals.count != step->literals.count ||
		    memcmp(before->literals.items, step->literals.items,
			   step->literals.count * sizeof(uint32_t)) != 0)
			return number;
		number = step->hints.items[0];
	}
}

static enum core_outcome
use_lemma(struct layering *l, uint32_t lemma)
{
	size_t held = l->c.held.count;
	enum core_outcome outcome =
		core_clauses_use(&l->c, &l->c.steps.items[lemma].literals);

	if (l->c.held.count > held)
		l->lemma_of[*vec_last(&l->c.held) / 2] = lemma + 1;
	return outcome;
}

void
layering_let_go(struct layering *l)
{
	core_clauses_let_go(&l->c, 0);
	memset(l->lemma_of, 0, l->c.choice_count * sizeof(*l->lemma_of));
}

const struct core_list *
layering_cycle(struct layering *l, uint32_t number)
{
	const struct core_step *step = &l->c.steps.items[number];

	if (core_clauses_deny(&l->c, &step->literals) != CORE_FOLLOWED)
		return NULL;
	for (size_t i = 0; i < step->hints.count; i++) {
		uint32_t lemma = original(l, step->hints.items[i]);
		enum core_outcome outcome = use_lemma(l, lemma);
		if (outcome == CORE_WRONG)
			return NULL;
		if (outcome == CORE_FOLLOWED)
			continue;
		step = &l->c.steps.items[lemma];
		i = SIZE_MAX;
	}
	return step->txns.count > 1 ? &step->txns : NULL;
}

void
layering_take_lemmas(struct layering *l, struct draft *draft)
{
	bool *needed = mem_new(l->c.choice_count, sizeof(*needed));

	each_path(path, draft) for (size_t i = 0; i + 1 < path.count; i++)
	{
		uint32_t literal = layering_literal(l, path.items[i], path.items[i + 1]);
		if (literal != 0)
			needed[(literal - 1) / 2] = true;
	}
	for (size_t i = l->c.held.count; i-- > 0;) {
		uint32_t choice = l->c.held.items[i] / 2, lemma = l->lemma_of[choice];
		if (!needed[choice] || lemma == 0)
			continue;
		const struct core_list *clause = &l->c.steps.items[lemma - 1].literals;
		for (size_t k = 0; k < clause->count; k++)
			needed[clause->items[k] / 2] = true;
	}
	vec_clear(&draft->lemmas);
	vec_each (const uint32_t, literal, &l->c.held)
		if (needed[*literal / 2] && l->lemma_of[*literal / 2] != 0)
			vec_push(&draft->lemmas, l->lemma_of[*literal / 2] - 1);
	free(needed);
}

bool
layering_hold(struct layering *l, const struct draft *draft)
{
	bool ok = core_clauses_deny(&l->c, &l->c.steps.items[draft->step].literals) ==
		  CORE_FOLLOWED;

	for (size_t i = 0; i < draft->lemmas.count && ok; i++)
		ok = use_lemma(l, draft->lemmas.items[i]) == CORE_FOLLOWED;
	return ok;
}

static struct core_layer
layer_of(const struct draft *draft)
{
	return (struct core_layer){.step = draft->step,
				   .lemmas = {draft->lemmas.items, draft->lemmas.count},
				   .txns = {draft->txns.items, draft->txns.count},
				   .paths = {draft->paths.items, draft->paths.count}};
}

bool
layering_refutes(struct layering *l, const struct draft *draft)
{
	struct core_layer layer = layer_of(draft);
	struct proof_given given[LAYER_PATHS_MAX] = {0};
	uint32_t ops[RW_CORE_MAX];
	size_t count = 0;
	struct proof proof = {0};

	if (draft->txns.count > RW_CORE_MAX)
		return false;
	bool ok = layering_hold(l, draft);
	each_path(path, draft) if (ok && (ok = count < LAYER_PATHS_MAX)) ok =
		core_layers_given(&l->c.edges, &layer.txns, &path, &given[count++].order);
	for (size_t i = 0; i < draft->txns.count; i++)
		ops[i] = l->c.edges.ops[draft->txns.items[i]];
	if (ok)
		proof_find_given(l->c.edges.history, ops, draft->txns.count, given, count,
				 l->c.edges.claim, &proof);
	ok = proof.holds;
	proof_release(&proof);
	layering_let_go(l);
	return ok;
}

void
layering_add_support(const struct layering *l, uint32_t from, uint32_t to, row *txns)
{
	const struct core_edges *edges = &l->c.edges;
	struct core_why why = core_edges_why(edges, from, to);
	const struct core_touch *touch;
	uint32_t at = from;

	if (why.reason < CORE_BY_OVERWRITE || why.edge == CORE_NO_EDGE)
		return;
	while (txns->count <= RW_CORE_MAX && at < edges->count) {
		bool is_end = at == why.first ||
			      (why.reason == CORE_BY_OVERWRITE && at != from);
		row_add(txns, at);
		touch = is_end ? NULL : core_edges_touch(edges, at, why.key);
		at = touch != NULL ? touch->source : CORE_NOBODY;
	}
}
