/* core_layering_place.c - what a lemma says is seen by the transactions of a draft. */
#include "checkers/transaction/core_layering_parts.h"

#include <string.h>

enum {
	ROUNDS_MAX = 8
};

/* ---- putting in place -----------------------------------------------------------------
 */

static bool
uses(const struct layering *l, const struct core_list *path, uint32_t literal)
{
	for (size_t i = 0; i + 1 < path->count; i++)
		if (layering_literal(l, path->items[i], path->items[i + 1]) ==
		    literal + 1)
			return true;
	return false;
}

/* The paths without the literal; its edges shall be seen by what the transactions did. */
static void
take_paths_without(const struct layering *l, const struct draft *draft, uint32_t literal,
		   struct draft *other)
{
	vec_clear(&other->paths);
	each_path(path, draft)
	{
		if (!uses(l, &path, literal)) {
			draft_add_path(other, path.items, path.count);
			continue;
		}
		for (size_t i = 0; i + 1 < path.count; i++) {
			const uint32_t *edge = &path.items[i];
			row_add(&other->txns, edge[0]);
			row_add(&other->txns, edge[1]);
			if (layering_literal(l, edge[0], edge[1]) == literal + 1)
				layering_add_support(l, edge[0], edge[1], &other->txns);
			else
				draft_add_path(other, edge, 2);
		}
	}
}

/* What leaves a literal becomes a lemma of the draft, if it leaves it whatever is supposed;
 * else its cycle shall be spread out too. As deep as lemmas hang on each other. */
static void
find_source(struct layering *l, uint32_t literal, struct draft *draft)
{
	uint32_t lemma = l->lemma_of[literal / 2];

	if (l->known[literal] || lemma == 0 || row_has(&l->open, lemma - 1))
		return;
	const struct core_list *clause = &l->c.steps.items[lemma - 1].literals;
	if (clause->count == 1) {
		vec_insert(&draft->lemmas, 0, lemma - 1);
		l->known[literal] = true;
		return;
	}
	vec_push(&l->open, lemma - 1);
	for (size_t i = 0; i < clause->count; i++)
		if (clause->items[i] != literal)
			find_source(l, clause->items[i] ^ 1, draft);
}

/* An edge of a cycle that shall take the place of a lemma. */
static void
spread_edge(struct layering *l, uint32_t from, uint32_t to, struct draft *draft)
{
	uint32_t literal = layering_literal(l, from, to);
	uint32_t edge[2] = {from, to};

	row_add(&draft->txns, from);
	row_add(&draft->txns, to);
	if (literal != 0)
		find_source(l, literal - 1, draft);
	if (literal == 0 || l->known[literal - 1])
		draft_add_path(draft, edge, 2);
	else
		layering_add_support(l, from, to, &draft->txns);
}

/* The cycles that a lemma ends in, among the transactions of the draft. */
static bool
spread(struct layering *l, uint32_t lemma, struct draft *draft)
{
	bool ok = true;

	vec_clear(&l->open);
	vec_push(&l->open, lemma);
	for (size_t next = 0; next < l->open.count && ok; next++) {
		const struct core_list *cycle = layering_cycle(l, l->open.items[next]);
		ok = cycle != NULL && next <= RW_CORE_MAX;
		for (size_t i = 0; ok && i < cycle->count; i++) {
			spread_edge(l, cycle->items[i],
				    cycle->items[(i + 1) % cycle->count], draft);
			ok = draft->txns.count <= RW_CORE_MAX;
		}
		layering_let_go(l);
	}
	return ok;
}

/* What a lemma of the draft leaves is seen by its transactions instead, if they stay few. */
static bool
put_in_place(struct layering *l, struct draft *draft, size_t at)
{
	struct draft other = {0};
	uint32_t lemma = draft->lemmas.items[at], literal = UINT32_MAX;

	draft_copy(&other, draft);
	bool ok = layering_hold(l, draft);
	memset(l->known, 0, 2 * (size_t)l->c.choice_count * sizeof(*l->known));
	vec_each (const uint32_t, held, &l->c.held) {
		l->known[*held] = l->lemma_of[*held / 2] != lemma + 1;
		literal = l->known[*held] ? literal : *held;
	}
	if (ok && literal != UINT32_MAX) {
		take_paths_without(l, draft, literal, &other);
		row_add(&other.txns, core_clauses_first(&l->c, literal));
		row_add(&other.txns, core_clauses_second(&l->c, literal));
	}
	layering_let_go(l);
	vec_remove(&other.lemmas, at);
	ok = ok && literal != UINT32_MAX && spread(l, lemma, &other) &&
	     layering_refutes(l, &other);
	if (ok && other.txns.count > LAYER_TXNS_MAX)
		layering_leave_out(l, &other);
	ok = ok && other.txns.count <= LAYER_TXNS_MAX;
	if (ok)
		draft_copy(draft, &other);
	draft_release(&other);
	return ok;
}

void
layering_put_in_place(struct layering *l, struct draft *draft)
{
	bool changed = true;

	for (int i = 0; i < ROUNDS_MAX && changed; i++) {
		changed = false;
		for (size_t at = draft->lemmas.count; at-- > 0 && !changed;)
			changed = put_in_place(l, draft, at);
	}
}
