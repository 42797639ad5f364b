#include "checkers/transaction/core_layers.h"

#include "base/search.h"

enum {
	HEAD = 4 /* words before those of a layer */
};

bool
core_layers_take(struct core_list *words, struct core_layer *layer)
{
	if (words->count < HEAD)
		return false;
	const uint32_t *head = words->items;
	uint64_t all = (uint64_t)head[1] + head[2] + head[3];
	if (all > words->count - HEAD)
		return false;
	core_list_cut(words, HEAD);
	layer->step = head[0];
	layer->lemmas = core_list_cut(words, head[1]);
	layer->txns = core_list_cut(words, head[2]);
	layer->paths = core_list_cut(words, head[3]);
	return true;
}

bool
core_layers_take_path(struct core_list *paths, struct core_list *path)
{
	if (paths->count == 0 || paths->items[0] > paths->count - 1)
		return false;
	uint32_t count = core_list_cut(paths, 1).items[0];
	*path = core_list_cut(paths, count);
	return true;
}

/* ---- paths ---- */

/* Among the layer's transactions; their count when it is none of them. */
static size_t
place_of(const struct core_list *txns, uint32_t txn)
{
	size_t at;

	search_first(at, 0, txns->count, txns->items[at] < txn);
	return at < txns->count && txns->items[at] == txn ? at : txns->count;
}

/* Under snapshot isolation two anti-dependencies in a row do not join, between parallel
 * snapshots none joins another. */
static bool
joins(const struct core_edges *edges, enum core_edge edge, enum core_edge before,
      size_t weak)
{
	if (edge != CORE_WEAK)
		return edge == CORE_STRONG;
	return edges->claim->parallel ? weak == 0
				      : !edges->claim->snapshot || before != CORE_WEAK;
}

bool
core_layers_given(const struct core_edges *edges, const struct core_list *txns,
		  const struct core_list *path, struct rw_given *given)
{
	enum core_edge first = CORE_NO_EDGE, before = CORE_NO_EDGE;
	size_t weak = 0;

	for (size_t i = 0; i + 1 < path->count; i++) {
		enum core_edge edge =
			core_edges_why(edges, path->items[i], path->items[i + 1]).edge;
		if (!joins(edges, edge, before, weak))
			return false;
		first = i == 0 ? edge : first;
		before = edge;
		weak += edge == CORE_WEAK;
	}
	if (path->count < 2)
		return false;
	size_t from = place_of(txns, path->items[0]);
	size_t to = place_of(txns, path->items[path->count - 1]);
	bool is_weak = edges->claim->parallel && weak > 0;
	*given = (struct rw_given){.from = (uint32_t)from,
				   .to = (uint32_t)to,
				   .from_begin = is_weak || first == CORE_WEAK,
				   .to_commit = is_weak || before == CORE_WEAK};
	return from < txns->count && to < txns->count && from != to;
}

/* ---- layers ---- */

bool
core_layers_suppose(struct core_clauses *c, const struct core_layer *layer)
{
	enum core_outcome outcome =
		core_clauses_deny(c, &c->steps.items[layer->step].literals);

	for (size_t i = 0; i < layer->lemmas.count && outcome == CORE_FOLLOWED; i++)
		outcome = core_clauses_use(
			c, &c->steps.items[layer->lemmas.items[i]].literals);
	return outcome == CORE_FOLLOWED;
}

/* The numbers are of things that are there, and lemmas come from earlier steps. */
static bool
is_sound(const struct core_clauses *c, const struct core_layer *layer)
{
	bool is = layer->step < c->steps.count && layer->txns.count <= LAYER_TXNS_MAX;

	for (size_t i = 0; i < layer->lemmas.count && is; i++)
		is = layer->lemmas.items[i] < layer->step;
	for (size_t i = 0; i < layer->txns.count && is; i++)
		is = layer->txns.items[i] < c->edges.count &&
		     (i == 0 || layer->txns.items[i - 1] < layer->txns.items[i]);
	for (struct core_list paths = layer->paths, path; is && paths.count > 0;) {
		is = core_layers_take_path(&paths, &path);
		for (size_t i = 0; is && i < path.count; i++)
			is = path.items[i] < c->edges.count;
	}
	return is;
}

static bool
check_paths(const struct core_clauses *c, const struct core_layer *layer)
{
	struct rw_given given[LAYER_PATHS_MAX];
	uint32_t ops[LAYER_TXNS_MAX];
	struct core_list paths = layer->paths, path;
	size_t count = 0;
	bool ok = true;

	while (ok && core_layers_take_path(&paths, &path))
		ok = count < LAYER_PATHS_MAX &&
		     core_layers_given(&c->edges, &layer->txns, &path, &given[count++]);
	for (size_t i = 0; i < layer->txns.count; i++)
		ops[i] = c->edges.ops[layer->txns.items[i]];
	return ok ? rw_certify_given(c->edges.history, ops, layer->txns.count, given,
				     count, c->edges.claim, c->err)
		  : err_set(c->err, "an order that is given does not follow");
}

static bool
check_layer(struct core_clauses *c, const struct core_layer *layer)
{
	if (!is_sound(c, layer))
		return err_set(c->err, "a layer names what is not there");
	bool ok = core_layers_suppose(c, layer) ? check_paths(c, layer)
						: err_set(c->err, "a lemma says nothing");
	core_clauses_let_go(c, 0);
	return ok;
}

bool
core_layers_check(const struct history *history, const struct anomaly *core,
		  const struct rw_claim *claim, struct err *err)
{
	struct core_list words = {core->layers.items, core->layers.count};
	struct core_clauses c;
	struct core_layer layer;
	bool ok = core_clauses_init(&c, history, core, claim, err);

	for (bool is_first = true; ok && words.count > 0; is_first = false) {
		ok = (core_layers_take(&words, &layer) ||
		      err_set(err, "the layers end in the midst of one")) &&
		     check_layer(&c, &layer);
		if (ok && is_first && c.steps.items[layer.step].literals.count > 0)
			ok = err_set(err, "the first layer supposes something");
	}
	core_clauses_release(&c);
	return ok;
}
