#include "checkers/transaction/core_edges.h"

#include "base/search.h"
#include "checkers/transaction/core_lists.h"
#include "checkers/transaction/raw_txn.h"
#include "checkers/transaction/rw_effects.h"

#include <stdlib.h>

/* ---- what they did --------------------------------------------------------------------
 */

/* The number of a key; CORE_NOBODY when another key has its hash. */
static uint32_t
number_of(struct core_edges *edges, val key)
{
	const struct values *values = &edges->history->values;
	uint64_t *number = map_at(&edges->keys, val_hash(values, key), NULL);

	if (*number == 0) {
		vec_push(&edges->key_values, key);
		*number = edges->key_values.count;
	}
	return val_equal(values, edges->key_values.items[*number - 1], key)
		       ? (uint32_t)*number - 1
		       : CORE_NOBODY;
}

static uint64_t
hash_of_write(const struct core_edges *edges, uint32_t key, val value)
{
	return val_hash(&edges->history->values, value) * 0x9e3779b97f4a7c15u + key;
}

static int
by_key(const void *a, const void *b)
{
	const struct core_touch *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

void
core_edges_close_txn(struct core_edges *edges, uint32_t txn, size_t first)
{
	qsort(edges->touches.items + first, edges->touches.count - first,
	      sizeof(*edges->touches.items), by_key);
	edges->starts[txn + 1] = (uint32_t)edges->touches.count;
}

static bool
add_txn(struct core_edges *edges, uint32_t t, struct err *err)
{
	struct effects effects = {0};
	size_t first = edges->touches.count;
	bool ok = rw_effects_collect(edges->history, edges->ops[t],
				     edges->claim->nil_is_unknown, &effects);

	vec_each (const struct effect, effect, &effects.of) {
		struct core_touch touch = {.key = number_of(edges, effect->key),
					   .writes = effect->writes,
					   .chain = CORE_OPEN,
					   .source = CORE_NOBODY,
					   .below = CORE_NOBODY,
					   .read = effect->read,
					   .written = effect->written};
		if (effect->reads && effect->read == VAL_OF_NIL)
			touch.source = touch.below = CORE_INITIAL;
		else if (effect->reads)
			touch.source = CORE_OPEN;
		ok = ok && touch.key != CORE_NOBODY;
		vec_push(&edges->touches, touch);
	}
	vec_release(&effects.of);
	core_edges_close_txn(edges, t, first);
	return ok || err_set(err, "operation %u contradicts itself", edges->ops[t]);
}

static bool
add_all(struct core_edges *edges, struct err *err)
{
	const struct history *history = edges->history;
	bool ok = true;

	for (uint32_t t = 0; t < edges->count && ok; t++) {
		uint32_t op = edges->ops[t];
		ok = op < history->ops.count && history->ops.items[op].f == F_TXN &&
		     history->ops.items[op].type != OP_FAIL &&
		     raw_took_place(history, op);
		ok = ok ? add_txn(edges, t, err)
			: err_set(err, "operation %u did not take place", op);
	}
	return ok;
}

/* ---- who read from whom, and chains ---------------------------------------------------
 */

static bool
index_writes(struct core_edges *edges, struct err *err)
{
	for (size_t i = 0; i < edges->touches.count; i++) {
		const struct core_touch *touch = &edges->touches.items[i];
		bool is_new = true;
		if (touch->writes)
			*map_at(&edges->writes,
				hash_of_write(edges, touch->key, touch->written),
				&is_new) = i + 1;
		if (!is_new)
			return err_set(err, "two of these transactions write the same");
	}
	return true;
}

static uint32_t
txn_of(const struct core_edges *edges, size_t touch)
{
	uint32_t behind;

	search_first(behind, 1, edges->count, edges->starts[behind] <= touch);
	return behind - 1;
}

static void
find_source(struct core_edges *edges, struct core_touch *reader)
{
	const uint64_t *found =
		map_find(&edges->writes, hash_of_write(edges, reader->key, reader->read));
	const struct core_touch *write =
		found != NULL ? &edges->touches.items[*found - 1] : NULL;
	bool is = write != NULL && write->key == reader->key &&
		  val_equal(&edges->history->values, write->written, reader->read);

	reader->source = is ? txn_of(edges, *found - 1) : CORE_NOBODY;
}

static struct core_touch *
touch_of(const struct core_edges *edges, uint32_t txn, uint32_t key)
{
	for (uint32_t i = edges->starts[txn]; i < edges->starts[txn + 1]; i++)
		if (edges->touches.items[i].key == key)
			return &edges->touches.items[i];
	return NULL;
}

/* Goes back from a write to what it read, to the first; a ring has none. Then all on the way
 * know it. */
static void
find_chain(struct core_edges *edges, struct core_touch *touch, uint32_t txn)
{
	struct core_touch *at = touch;
	uint32_t first = txn, steps = 0;

	while (at->chain == CORE_OPEN && at->source < edges->count &&
	       steps++ < edges->count) {
		first = at->source;
		at = touch_of(edges, first, at->key);
	}
	uint32_t chain = at->chain != CORE_OPEN	      ? at->chain
			 : at->source == CORE_INITIAL ? CORE_INITIAL
			 : at->source < edges->count  ? CORE_NOBODY
						      : first;
	for (at = touch; at->chain == CORE_OPEN;) {
		at->chain = chain;
		if (at->source < edges->count)
			at = touch_of(edges, at->source, at->key);
	}
}

static void
find_chains(struct core_edges *edges)
{
	vec_each (struct core_touch, touch, &edges->touches)
		if (touch->source == CORE_OPEN)
			find_source(edges, touch);
	for (uint32_t t = 0; t < edges->count; t++)
		for (uint32_t i = edges->starts[t]; i < edges->starts[t + 1]; i++)
			if (edges->touches.items[i].writes)
				find_chain(edges, &edges->touches.items[i], t);
	vec_each (struct core_touch, reader, &edges->touches)
		if (reader->source < edges->count)
			reader->below =
				touch_of(edges, reader->source, reader->key)->chain;
}

bool
core_edges_init(struct core_edges *edges, const struct history *history,
		const struct anomaly *core, const struct rw_claim *claim, struct err *err)
{
	*edges = (struct core_edges){.history = history,
				     .claim = claim,
				     .ops = core->ops.items,
				     .count = (uint32_t)core->ops.count};
	edges->starts = mem_new(core->ops.count + 1, sizeof(*edges->starts));
	if (claim->are_lists ? !core_lists_add(edges, err)
			     : !add_all(edges, err) || !index_writes(edges, err))
		return false;
	find_chains(edges);
	return true;
}

void
core_edges_release(struct core_edges *edges)
{
	vec_release(&edges->touches);
	vec_release(&edges->key_values);
	map_release(&edges->keys);
	map_release(&edges->writes);
	map_release(&edges->before);
	free(edges->starts);
}

/* ---- who comes first ------------------------------------------------------------------
 */

/* The touches of one key by two transactions. */
struct meeting {
	const struct core_touch *from, *from_end, *to, *to_end;
};

static struct meeting
meeting_of(const struct core_edges *edges, uint32_t from, uint32_t to)
{
	const struct core_touch *touches = edges->touches.items;
	const uint32_t *starts = edges->starts;

	return (struct meeting){touches + starts[from], touches + starts[from + 1],
				touches + starts[to], touches + starts[to + 1]};
}

/* Goes to the next key that both touched; false when there is none. */
static bool
meet(struct meeting *m)
{
	while (m->from < m->from_end && m->to < m->to_end && m->from->key != m->to->key)
		if (m->from->key < m->to->key)
			m->from++;
		else
			m->to++;
	return m->from < m->from_end && m->to < m->to_end;
}

bool
core_edges_conflict(const struct core_edges *edges, uint32_t a, uint32_t c)
{
	struct meeting m = meeting_of(edges, a, c);

	for (; a != c && meet(&m); m.from++)
		if (m.from->writes && m.to->writes)
			return true;
	return false;
}

static uint64_t
pair_of(uint32_t a, uint32_t c)
{
	return (uint64_t)a << 32 | c;
}

void
core_edges_suppose(struct core_edges *edges, uint32_t a, uint32_t c)
{
	(*map_at(&edges->before, pair_of(a, c), NULL))++;
}

void
core_edges_take_back(struct core_edges *edges, uint32_t a, uint32_t c)
{
	(*map_at(&edges->before, pair_of(a, c), NULL))--;
}

/* The chain of which `first` is the first comes before `to`, the first of another. */
static bool
chain_precedes(const struct core_edges *edges, uint32_t first, uint32_t to)
{
	if (first == to || first == CORE_NOBODY)
		return false;
	const uint64_t *times = map_find(&edges->before, pair_of(first, to));
	return first == CORE_INITIAL || (times != NULL && *times > 0);
}

/* Which of the two it is, by what they did with one key. */
static struct core_why
why_by_key(const struct core_edges *edges, const struct meeting *m, uint32_t from,
	   uint32_t to)
{
	struct core_why why = {.key = m->from->key, .first = CORE_NOBODY};
	bool is_first = m->to->writes && m->to->chain == to;

	if (m->to->source == from) {
		why.edge = CORE_STRONG;
		why.reason = CORE_BY_READ;
	} else if (is_first && m->from->writes &&
		   chain_precedes(edges, m->from->chain, to)) {
		why.edge = CORE_STRONG;
		why.reason = CORE_BY_WRITE_CHAIN;
		why.first = m->from->chain;
	} else if (m->from->source != CORE_NOBODY && m->from->source == m->to->source &&
		   m->to->writes) {
		why.edge = CORE_WEAK;
		why.reason = CORE_BY_OVERWRITE;
	} else if (is_first && chain_precedes(edges, m->from->below, to)) {
		why.edge = CORE_WEAK;
		why.reason = CORE_BY_READ_CHAIN;
		why.first = m->from->below;
	}
	return why;
}

/* By process or time. */
static struct core_why
why_by_time(const struct core_edges *edges, uint32_t from, uint32_t to)
{
	const struct op *a = &edges->history->ops.items[edges->ops[from]];
	const struct op *b = &edges->history->ops.items[edges->ops[to]];
	struct core_why why = {.edge = CORE_STRONG, .first = CORE_NOBODY};

	if (edges->claim->process && a->process == b->process &&
	    a->invoke_at < b->invoke_at)
		why.reason = CORE_BY_PROCESS;
	else if (edges->claim->realtime && a->complete_at < b->invoke_at)
		why.reason = CORE_BY_TIME;
	else
		why.edge = CORE_NO_EDGE;
	return why;
}

struct core_why
core_edges_why(const struct core_edges *edges, uint32_t from, uint32_t to)
{
	struct meeting m = meeting_of(edges, from, to);
	struct core_why best = {.edge = CORE_NO_EDGE, .first = CORE_NOBODY};

	if (from == to)
		return best;
	best = why_by_time(edges, from, to);
	for (; best.edge != CORE_STRONG && meet(&m); m.from++) {
		struct core_why why = why_by_key(edges, &m, from, to);
		best = why.edge > best.edge ? why : best;
	}
	return best;
}

const struct core_touch *
core_edges_touch(const struct core_edges *edges, uint32_t txn, uint32_t key)
{
	return touch_of(edges, txn, key);
}

static enum core_edge
edge_of(const struct core_edges *edges, uint32_t from, uint32_t to)
{
	return core_edges_why(edges, from, to).edge;
}

/* From begin to commit, twice in a row, does not join; with parallel snapshots it does so
 * once. */
bool
core_edges_are_cycle(const struct core_edges *edges, const uint32_t *txns, size_t count)
{
	enum core_edge before = CORE_STRONG;
	size_t weak = 0;

	for (size_t i = 0; i < count; i++)
		if (txns[i] >= edges->count)
			return false;
	if (count > 1)
		before = edge_of(edges, txns[count - 1], txns[0]);
	for (size_t i = 0; i < count; i++) {
		enum core_edge edge = edge_of(edges, txns[i], txns[(i + 1) % count]);
		if (edge == CORE_NO_EDGE ||
		    (edges->claim->snapshot && edge == CORE_WEAK && before == CORE_WEAK))
			return false;
		before = edge;
		weak += edge == CORE_WEAK;
	}
	return count > 1 && (!edges->claim->parallel || weak <= 1);
}
