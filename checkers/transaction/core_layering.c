#include "checkers/transaction/core_layering_parts.h"

#include <stdlib.h>

/* ---- cycles ---------------------------------------------------------------------------
 */

/* How much is lost when a stretch of a cycle is given as a whole: first of all, lemmas. */
static size_t
cost_of_stretch(const struct layering *l, const struct core_list *cycle, size_t from,
		size_t length)
{
	size_t lemmas = 0;

	for (size_t i = from; i < from + length; i++)
		lemmas += layering_literal(l, cycle->items[i % cycle->count],
					   cycle->items[(i + 1) % cycle->count]) != 0;
	return lemmas;
}

/* Of a cycle that is too long, the stretch that costs least. */
static size_t
find_stretch(const struct layering *l, const struct core_list *cycle, size_t length)
{
	size_t best = 0, best_cost = SIZE_MAX;

	for (size_t from = 0; from < cycle->count; from++) {
		size_t cost = cost_of_stretch(l, cycle, from, length);
		if (cost < best_cost)
			best = from;
		best_cost = cost < best_cost ? cost : best_cost;
	}
	return best;
}

static void
start_with_cycle(struct layering *l, const struct core_list *cycle, struct draft *draft)
{
	size_t count = cycle->count;
	size_t length = count > LAYER_TXNS_MAX ? count - LAYER_TXNS_MAX + 1 : 1;
	size_t start = length > 1 ? find_stretch(l, cycle, length) : 0;
	row around = {0};

	for (size_t i = 0; i <= count; i++)
		vec_push(&around, cycle->items[(start + i) % count]);
	draft_add_path(draft, around.items, length + 1);
	for (size_t i = length; i < count; i++)
		draft_add_path(draft, &around.items[i], 2);
	row_add(&draft->txns, around.items[0]);
	for (size_t i = length; i < count; i++)
		row_add(&draft->txns, around.items[i]);
	vec_release(&around);
}

/* ---- leaving out ----------------------------------------------------------------------
 */

static bool
take_if_refuted(struct layering *l, struct draft *draft, const struct draft *other)
{
	bool is = layering_refutes(l, other);

	if (is)
		draft_copy(draft, other);
	return is;
}

/* All paths but those from or to a transaction, and but the one at a place. */
static void
copy_paths(const struct draft *draft, size_t but, uint32_t txn, struct draft *other)
{
	size_t at = 0;

	vec_clear(&other->paths);
	each_path(path, draft) if (at++ != but && path.items[0] != txn &&
				   path.items[path.count - 1] != txn)
		draft_add_path(other, path.items, path.count);
}

static size_t
count_paths(const struct draft *draft)
{
	size_t count = 0;

	each_path(path, draft) count++;
	return count;
}

static struct core_list
path_at(const struct draft *draft, size_t at)
{
	struct core_list found = {0};

	each_path(path, draft) if (at-- == 0) found = path;
	return found;
}

/* A given order is left out, maybe where those through whom it is seen come in. */
static bool
leave_out_path(struct layering *l, struct draft *draft, size_t at, bool with_support)
{
	struct draft other = {0};
	struct core_list path = path_at(draft, at);

	draft_copy(&other, draft);
	copy_paths(draft, at, CORE_NOBODY, &other);
	bool ok = true;
	if (with_support && (ok = path.count == 2 && layering_hold(l, draft)))
		layering_add_support(l, path.items[0], path.items[1], &other.txns);
	layering_let_go(l);
	ok = ok && (!with_support || other.txns.count <= LAYER_TXNS_MAX) &&
	     take_if_refuted(l, draft, &other);
	draft_release(&other);
	return ok;
}

static bool
leave_out_txn(struct layering *l, struct draft *draft, size_t at)
{
	struct draft other = {0};

	draft_copy(&other, draft);
	copy_paths(draft, SIZE_MAX, draft->txns.items[at], &other);
	vec_remove(&other.txns, at);
	bool ok = take_if_refuted(l, draft, &other);
	draft_release(&other);
	return ok;
}

void
layering_leave_out(struct layering *l, struct draft *draft)
{
	for (int with_support = 0; with_support < 2; with_support++)
		for (size_t at = count_paths(draft); at-- > 0;)
			leave_out_path(l, draft, at, with_support != 0);
	for (size_t at = draft->txns.count; at-- > 0;)
		leave_out_txn(l, draft, at);
	if (layering_hold(l, draft))
		layering_take_lemmas(l, draft);
	layering_let_go(l);
}

/* ---- layers ---------------------------------------------------------------------------
 */

static bool
make_layer(struct layering *l, uint32_t step, struct draft *draft)
{
	const struct core_list *cycle = layering_cycle(l, step);

	draft->step = step;
	if (cycle != NULL) {
		start_with_cycle(l, cycle, draft);
		layering_take_lemmas(l, draft);
	}
	layering_let_go(l);
	if (cycle == NULL || !layering_refutes(l, draft))
		return false;
	layering_put_in_place(l, draft);
	layering_leave_out(l, draft);
	return true;
}

static void
write_layer(const struct draft *draft, struct anomaly *core)
{
	vec_push(&core->layers, draft->step);
	vec_push(&core->layers, (uint32_t)draft->lemmas.count);
	vec_push(&core->layers, (uint32_t)draft->txns.count);
	vec_push(&core->layers, (uint32_t)draft->paths.count);
	vec_each (const uint32_t, lemma, &draft->lemmas)
		vec_push(&core->layers, *lemma);
	vec_each (const uint32_t, txn, &draft->txns)
		vec_push(&core->layers, *txn);
	vec_each (const uint32_t, word, &draft->paths)
		vec_push(&core->layers, *word);
}

/* The last step, then the lemmas that it needs, and so on. */
static void
make_layers(struct layering *l, struct anomaly *core)
{
	vec_push(&l->told, (uint32_t)l->c.steps.count - 1);
	for (size_t i = 0; i < l->told.count && i < LAYERS_MAX; i++) {
		struct draft draft = {0};
		bool ok = make_layer(l, l->told.items[i], &draft);
		if (ok)
			write_layer(&draft, core);
		for (size_t k = 0; ok && k < draft.lemmas.count; k++)
			if (!row_has(&l->told, draft.lemmas.items[k]))
				vec_push(&l->told, draft.lemmas.items[k]);
		draft_release(&draft);
		if (!ok && i == 0)
			return;
	}
}

void
core_layering_find(const struct history *history, const struct rw_claim *claim,
		   struct anomaly *core)
{
	struct layering l = {0};
	struct err err;

	if (core_clauses_init(&l.c, history, core, claim, &err) && l.c.steps.count > 0) {
		l.lemma_of = mem_new(l.c.choice_count + 1, sizeof(*l.lemma_of));
		l.known = mem_new(2 * ((size_t)l.c.choice_count + 1), sizeof(*l.known));
		for (uint32_t i = 0; i < 2 * l.c.choice_count; i++)
			*map_at(&l.literals,
				(uint64_t)core_clauses_first(&l.c, i) << 32 |
					core_clauses_second(&l.c, i),
				NULL) = i + 1;
		make_layers(&l, core);
	}
	core_clauses_release(&l.c);
	map_release(&l.literals);
	free(l.lemma_of);
	free(l.known);
	vec_release(&l.open);
	vec_release(&l.told);
}
