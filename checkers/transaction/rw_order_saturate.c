/* rw_order_saturate.c - what follows without a choice: where r read from w and o wrote the
 * same key, o comes before w or r before o; when one of the two closes a cycle, the other is
 * certain, and so on until nothing follows (Zennou et al., "Gradual consistency checking",
 * CAV 2019). Of a window of transactions at a time, by the closure of its edges: what follows
 * from some holds for all. */
#include "checkers/transaction/rw_order_parts.h"

#include "base/search.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

enum {
	WINDOW = 8000,
	RULES_MAX = 1 << 20
};

struct rule {
	uint32_t writer, reader, other;
};

/* Nodes are the transactions of the window; the last one stands for all initial values. */
struct window {
	struct build *b;
	uint32_t first, count; /* places */
	size_t words;	       /* of a row */
	uint64_t *rows;	       /* owned: who comes after each */
	VEC(struct arc) edges;
	size_t given; /* of the edges, those that were not derived */
	VEC(struct rule) rules;
	VEC(uint64_t) writes; /* key, place in the window; sorted */
};

/* ---- given ----------------------------------------------------------------------------
 */

#define each_access_in(access, w, i)                                                     \
	each_access(access, (w)->b, (w)->b->txns[(w)->first + (i)])

static void
find_writes(struct window *w)
{
	for (uint32_t i = 0; i < w->count; i++)
		each_access_in(access, w, i) if (access->written != VERSION_NONE)
			vec_push(&w->writes, (uint64_t)access->key << 32 | i);
	sort_words(w->writes.items, w->writes.count);
}

/* Whose write an access read: a node, or NODE_NONE when that is none of these. */
static uint32_t
source_of(const struct window *w, const struct rw_access *access)
{
	if (!reads_listed(w->b, access))
		return NODE_NONE;
	uint32_t writer = w->b->v->of.items[access->read].writer;
	if (writer == TXN_NONE)
		return w->count;
	uint32_t place = w->b->notes->index[writer] - 1;
	return place >= w->first && place - w->first < w->count ? place - w->first
								: NODE_NONE;
}

static size_t
first_write(const struct window *w, uint32_t key)
{
	size_t at;

	search_first(at, 0, w->writes.count, w->writes.items[at] < (uint64_t)key << 32);
	return at;
}

static void
add_read(struct window *w, uint32_t reader, const struct rw_access *access)
{
	uint32_t writer = source_of(w, access);

	if (writer == NODE_NONE)
		return;
	vec_push(&w->edges, (struct arc){writer, reader});
	for (size_t i = first_write(w, access->key);
	     i < w->writes.count && w->writes.items[i] >> 32 == access->key &&
	     w->rules.count <= RULES_MAX;
	     i++) {
		uint32_t other = (uint32_t)w->writes.items[i];
		if (other != writer && other != reader)
			vec_push(&w->rules, (struct rule){writer, reader, other});
	}
}

static void
add_given(struct window *w)
{
	struct map last = {0};

	for (uint32_t i = 0; i < w->count; i++) {
		uint32_t txn = w->b->txns[w->first + i];
		uint64_t *before =
			map_at(&last, txn_op(&w->b->d->txns, txn)->process, NULL);
		vec_push(&w->edges, (struct arc){w->count, i});
		if (w->b->question->process && *before != 0)
			vec_push(&w->edges, (struct arc){(uint32_t)*before - 1, i});
		*before = i + 1;
		each_access_in(access, w, i) add_read(w, i, access);
	}
	map_release(&last);
	w->given = w->edges.count;
}

/* ---- the closure ----------------------------------------------------------------------
 */

static bool
comes_after(const struct window *w, uint32_t node, uint32_t other)
{
	return (w->rows[node * w->words + other / 64] >> (other % 64) & 1) != 0;
}

/* Edges as rows, and nodes in an order that respects them. */
struct sorted {
	uint32_t *starts, *targets, *missing, *order; /* owned */
	uint32_t placed;
};

static void
sort_edges(const struct window *w, struct sorted *s)
{
	uint32_t nodes = w->count + 1;

	*s = (struct sorted){.starts = mem_new(nodes + 2, sizeof(uint32_t)),
			     .targets = mem_new(w->edges.count, sizeof(uint32_t)),
			     .missing = mem_new(nodes, sizeof(uint32_t)),
			     .order = mem_new(nodes, sizeof(uint32_t))};
	vec_each (const struct arc, edge, &w->edges) {
		s->starts[edge->from + 2]++;
		s->missing[edge->to]++;
	}
	for (uint32_t v = 2; v < nodes + 2; v++)
		s->starts[v] += s->starts[v - 1];
	vec_each (const struct arc, edge, &w->edges)
		s->targets[s->starts[edge->from + 1]++] = edge->to;
	for (uint32_t v = 0; v < nodes; v++)
		if (s->missing[v] == 0)
			s->order[s->placed++] = v;
	for (uint32_t head = 0; head < s->placed; head++) {
		uint32_t v = s->order[head];
		for (uint32_t e = s->starts[v]; e < s->starts[v + 1]; e++)
			if (--s->missing[s->targets[e]] == 0)
				s->order[s->placed++] = s->targets[e];
	}
}

static void
fill_row(struct window *w, const struct sorted *s, uint32_t v)
{
	uint64_t *row = &w->rows[v * w->words];

	memset(row, 0, w->words * sizeof(*row));
	for (uint32_t e = s->starts[v]; e < s->starts[v + 1]; e++) {
		uint32_t next = s->targets[e];
		const uint64_t *after = &w->rows[next * w->words];
		if (comes_after(w, v, next))
			continue;
		for (size_t i = 0; i < w->words; i++)
			row[i] |= after[i];
		row[next / 64] |= UINT64_C(1) << (next % 64);
	}
}

/* False when the edges have a cycle. */
static bool
close_edges(struct window *w)
{
	struct sorted s;

	sort_edges(w, &s);
	bool ok = s.placed == w->count + 1;
	for (uint32_t i = s.placed; ok && i-- > 0;)
		fill_row(w, &s, s.order[i]);
	free(s.starts);
	free(s.targets);
	free(s.missing);
	free(s.order);
	return ok;
}

/* ---- what follows ---------------------------------------------------------------------
 */

/* Of one rule; false when neither side can be. *settled: it says no more. */
static bool
apply(struct window *w, const struct rule *rule, bool *settled)
{
	bool other_first = !comes_after(w, rule->writer, rule->other);
	bool reader_first = !comes_after(w, rule->other, rule->reader);

	*settled = true;
	if (comes_after(w, rule->other, rule->writer) ||
	    comes_after(w, rule->reader, rule->other))
		return true;
	if (!other_first && !reader_first)
		return false;
	if (!other_first)
		vec_push(&w->edges, (struct arc){rule->reader, rule->other});
	else if (!reader_first)
		vec_push(&w->edges, (struct arc){rule->other, rule->writer});
	else
		*settled = false;
	return true;
}

static bool
apply_all(struct window *w)
{
	size_t left = 0;
	bool settled;

	vec_each (const struct rule, rule, &w->rules) {
		if (!apply(w, rule, &settled))
			return false;
		if (!settled)
			w->rules.items[left++] = *rule;
	}
	w->rules.count = left;
	return true;
}

static bool
saturate(struct window *w, const struct budget *budget)
{
	for (size_t before = SIZE_MAX; before != w->edges.count;) {
		if (budget_is_over(budget))
			return true;
		before = w->edges.count;
		if (!close_edges(w) || !apply_all(w))
			return false;
	}
	return true;
}

static bool
saturate_window(struct window *w, const struct budget *budget)
{
	bool ok = true;

	w->words = (w->count + 64) / 64;
	find_writes(w);
	add_given(w);
	if (w->rules.count <= RULES_MAX) {
		w->rows = mem_new((w->count + 1) * w->words, sizeof(*w->rows));
		ok = saturate(w, budget);
	}
	for (size_t i = w->given; ok && i < w->edges.count; i++) {
		struct arc edge = w->edges.items[i];
		add_arc(w->b, w->first + edge.from, w->first + edge.to);
	}
	free(w->rows);
	vec_release(&w->edges);
	vec_release(&w->rules);
	vec_release(&w->writes);
	return ok;
}

bool
rw_order_saturate(struct build *b, const struct budget *budget, struct rw_answer *answer)
{
	for (uint32_t first = 0; first < b->count; first += WINDOW / 2) {
		struct window w = {.b = b, .first = first, .count = b->count - first};
		if (w.count > WINDOW)
			w.count = WINDOW;
		if (budget_is_over(budget) || saturate_window(&w, budget))
			continue;
		answer->verdict = VERDICT_INVALID;
		for (uint32_t i = 0; i < w.count; i++)
			vec_push(&answer->core, b->txns[first + i]);
		return false;
	}
	return true;
}

void
rw_order_saturated_core(const struct build *b, const uint32_t *nodes, size_t count,
			struct rw_answer *answer)
{
	const uint32_t stride = WINDOW / 2;
	uint32_t low = count > 0 ? UINT32_MAX : 0, high = count > 0 ? 0 : b->count;

	for (size_t i = 0; i < count; i++) {
		if (nodes[i] >= b->count)
			continue;
		low = nodes[i] < low ? nodes[i] : low;
		high = nodes[i] > high ? nodes[i] : high;
	}
	uint32_t first = low < stride ? 0 : (low / stride - 1) * stride;
	for (uint32_t i = first; i < b->count && i / stride <= high / stride + 1; i++)
		vec_push(&answer->core, b->txns[i]);
}
