/* rw_order_saturate.c - what follows without a choice: where r read from w and o wrote the
 * same key, o comes before w or r before o; when one of the two closes a cycle, the other is
 * certain, and so on until nothing follows (Zennou et al., "Gradual consistency checking",
 * CAV 2019). Of a window of transactions at a time, by the closure of its edges: what follows
 * from some holds for all. */
#include "checkers/transaction/rw_windows.h"

#include "base/parallel.h"
#include "base/search.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

enum {
	WINDOW = 8000,
	GAIN = 50, /* a round of a large window that adds to fewer than one in 50 is the last */
	RULES_MAX = 1 << 20,
	AT_ONCE = 2 /* windows, on so many threads */
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
	return window_has(w, place) ? place - w->first : NODE_NONE;
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
			vec_push(&w->rules, (struct read_rule){writer, reader, other});
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
	w->given = (uint32_t)w->edges.count;
}

/* Edges that another window derived between transactions of this one. */
static void
import_edges(struct window *w, const struct windows *all, uint32_t number)
{
	const struct window *from = &all->of.items[number];

	for (uint32_t i = from->imported_end; i < from->edges.count; i++) {
		struct arc edge = from->edges.items[i];
		if (!window_has(w, from->first + edge.from) ||
		    !window_has(w, from->first + edge.to))
			continue;
		vec_push(&w->edges, (struct arc){from->first + edge.from - w->first,
						 from->first + edge.to - w->first});
		vec_push(&w->imported, (struct derived_edge){number, i});
	}
}

/* ---- the closure ----------------------------------------------------------------------
 */

static bool
comes_after(const struct window *w, uint32_t node, uint32_t other)
{
	return (w->rows[node * w->words + other / 64] >> (other % 64) & 1) != 0;
}

/* Edges in rows. Nodes are placed from the last on, each behind all that it leads to, so that
 * of those the one placed last leads to most of the others. */
struct sorted {
	uint32_t *in_starts, *in;   /* owned: where edges come from, by node */
	uint32_t *out_starts, *out; /* owned: where they lead, in the order of placing */
	uint32_t *out_ends;	    /* owned: of those placed so far */
	uint32_t *order;	    /* owned: nodes, the last first */
	uint64_t *row;		    /* owned: the one in the making */
};

static void
sorted_init(struct sorted *s, const struct window *w)
{
	uint32_t nodes = w->count + 1;

	s->in_starts = mem_new(nodes + 2, sizeof(uint32_t));
	s->out_starts = mem_new(nodes + 1, sizeof(uint32_t));
	s->in = mem_new(w->edges.count, sizeof(uint32_t));
	s->out = mem_new(w->edges.count, sizeof(uint32_t));
	s->order = mem_new(nodes, sizeof(uint32_t));
	s->row = mem_new(w->words, sizeof(*s->row));
	vec_each (const struct arc, edge, &w->edges) {
		s->in_starts[edge->to + 2]++;
		s->out_starts[edge->from + 1]++;
	}
	for (uint32_t v = 1; v <= nodes; v++) {
		s->in_starts[v + 1] += s->in_starts[v];
		s->out_starts[v] += s->out_starts[v - 1];
	}
	vec_each (const struct arc, edge, &w->edges)
		s->in[s->in_starts[edge->to + 1]++] = edge->from;
	s->out_ends = mem_new(nodes, sizeof(uint32_t));
	memcpy(s->out_ends, s->out_starts, nodes * sizeof(uint32_t));
}

static void
sorted_release(struct sorted *s)
{
	free(s->in_starts);
	free(s->in);
	free(s->out_starts);
	free(s->out);
	free(s->out_ends);
	free(s->order);
	free(s->row);
}

/* Whether something changed behind a node; *first: the word before which its row is zero. */
static bool
is_row_due(const struct window *w, const struct sorted *s, uint32_t v, uint32_t *first)
{
	bool due = w->has_new[v];

	*first = (uint32_t)w->words;
	for (uint32_t e = s->out_starts[v]; e < s->out_ends[v]; e++) {
		uint32_t next = s->out[e];
		uint32_t of_next = w->first_words[next];
		due |= w->has_changed[next];
		of_next = next / 64 < of_next ? next / 64 : of_next;
		*first = of_next < *first ? of_next : *first;
	}
	return due;
}

/* Of those that a node leads to, the ones placed last lead to most of the rest, which then
 * need not be looked at. */
static void
fill_row(struct window *w, struct sorted *s, uint32_t v)
{
	uint64_t *kept = &w->rows[v * w->words], *row = s->row;
	uint32_t first;

	w->has_changed[v] = false;
	if (!is_row_due(w, s, v, &first))
		return;
	size_t bytes = (w->words - first) * sizeof(*row);
	memset(row + first, 0, bytes);
	for (uint32_t e = s->out_ends[v]; e-- > s->out_starts[v];) {
		uint32_t next = s->out[e];
		const uint64_t *after = &w->rows[next * w->words];
		if ((row[next / 64] >> (next % 64) & 1) != 0)
			continue;
		for (size_t i = w->first_words[next]; i < w->words; i++)
			row[i] |= after[i];
		row[next / 64] |= UINT64_C(1) << (next % 64);
	}
	w->has_changed[v] = memcmp(row + first, kept + first, bytes) != 0;
	memcpy(kept + first, row + first, bytes);
	w->first_words[v] = first;
}

/* False when the edges have a cycle. */
static bool
close_edges(struct window *w)
{
	uint32_t nodes = w->count + 1, placed = 0;
	struct sorted s;

	sorted_init(&s, w);
	for (uint32_t v = 0; v < nodes; v++)
		if (s.out_starts[v + 1] == s.out_starts[v])
			s.order[placed++] = v;
	for (uint32_t head = 0; head < placed; head++) {
		uint32_t v = s.order[head];
		fill_row(w, &s, v);
		for (uint32_t e = s.in_starts[v]; e < s.in_starts[v + 1]; e++) {
			uint32_t from = s.in[e];
			s.out[s.out_ends[from]++] = v;
			if (s.out_ends[from] == s.out_starts[from + 1])
				s.order[placed++] = from;
		}
	}
	sorted_release(&s);
	memset(w->has_new, false, nodes);
	return placed == nodes;
}

/* ---- what follows ---------------------------------------------------------------------
 */

static void
derive(struct window *w, uint32_t from, uint32_t to, uint32_t third)
{
	vec_push(&w->edges, (struct arc){from, to});
	vec_push(&w->thirds, third);
	w->has_new[from] = true;
}

/* Of one rule; false when neither side can be. *settled: it says no more. */
static bool
apply(struct window *w, const struct read_rule *rule, bool *settled)
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
		derive(w, rule->reader, rule->other, rule->writer | DERIVED_READER_FIRST);
	else if (!reader_first)
		derive(w, rule->other, rule->writer, rule->reader);
	else
		*settled = false;
	return true;
}

static bool
is_rule_due(const struct window *w, const struct read_rule *rule)
{
	return w->has_changed[rule->writer] || w->has_changed[rule->reader] ||
	       w->has_changed[rule->other];
}

static bool
apply_all(struct window *w)
{
	size_t left = 0;
	bool settled;

	vec_each (const struct read_rule, rule, &w->rules) {
		settled = false;
		if (is_rule_due(w, rule) && !apply(w, rule, &settled)) {
			w->refuted = *rule;
			return false;
		}
		if (!settled)
			w->rules.items[left++] = *rule;
	}
	w->rules.count = left;
	return true;
}

/* Each round costs the same, and the last ten of a large window add next to nothing that the
 * search would not find. */
static size_t
least_gain(const struct window *w)
{
	return w->count < WINDOW / 2 ? 0 : w->count / GAIN;
}

static void
saturate(struct window *w, const struct budget *budget)
{
	for (size_t before = SIZE_MAX; before != w->edges.count && !w->is_refuted;) {
		if (budget_is_over(budget))
			return;
		before = w->edges.count;
		vec_push(&w->rounds, (uint32_t)before);
		w->is_refuted = !close_edges(w) || !apply_all(w);
		if (w->edges.count - before < least_gain(w))
			return;
	}
}

static void
saturate_window(struct windows *all, uint32_t number, const struct budget *budget)
{
	struct window *w = &all->of.items[number];

	w->words = (w->count + 64) / 64;
	find_writes(w);
	add_given(w);
	if (number % 2 != 0) {
		import_edges(w, all, number - 1);
		if (number + 1 < all->of.count)
			import_edges(w, all, number + 1);
	}
	w->imported_end = (uint32_t)w->edges.count;
	if (w->rules.count <= RULES_MAX) {
		w->rows = mem_new((w->count + 1) * w->words, sizeof(*w->rows));
		w->first_words = mem_new(w->count + 1, sizeof(*w->first_words));
		w->has_new = mem_new(w->count + 1, sizeof(*w->has_new));
		w->has_changed = mem_new(w->count + 1, sizeof(*w->has_changed));
		memset(w->has_new, true, w->count + 1);
		saturate(w, budget);
	}
	free(w->rows);
	free(w->first_words);
	free(w->has_new);
	free(w->has_changed);
	w->rows = NULL;
	vec_release(&w->rules);
	vec_release(&w->writes);
}

static void
take_edges(struct build *b, const struct window *w)
{
	for (size_t i = w->imported_end; i < w->edges.count; i++) {
		struct arc edge = w->edges.items[i];
		add_arc(b, w->first + edge.from, w->first + edge.to);
	}
}

/* Windows that have no transaction in common. */
struct apart {
	struct windows *all;
	const struct budget *budget;
	uint32_t numbers[AT_ONCE];
	size_t count;
};

static void
saturate_one(void *context, size_t i)
{
	const struct apart *apart = context;

	if (!budget_is_over(apart->budget))
		saturate_window(apart->all, apart->numbers[i], apart->budget);
}

/* Every other window from `first` on, as many as at once; false when one has no order. */
static bool
saturate_apart(struct build *b, int64_t first, const struct budget *budget,
	       struct rw_answer *answer)
{
	struct apart apart = {.all = b->windows, .budget = budget};

	for (int64_t i = first; i < first + 2 * AT_ONCE; i += 2)
		if (i >= 0 && i < (int64_t)apart.all->of.count)
			apart.numbers[apart.count++] = (uint32_t)i;
	parallel_for(apart.count, b->v->threads, saturate_one, &apart);
	for (size_t i = 0; i < apart.count; i++) {
		const struct window *w = &apart.all->of.items[apart.numbers[i]];
		if (w->is_refuted) {
			answer->verdict = VERDICT_INVALID;
			rw_order_core_of_window(b, apart.numbers[i], answer);
			return false;
		}
		take_edges(b, w);
	}
	return true;
}

/* Some windows next to each other first, then those half in the one and half in the next of
 * them, which go on from what these two found. */
bool
rw_order_saturate(struct build *b, const struct budget *budget, struct rw_answer *answer)
{
	struct windows *all = b->windows;
	bool ok = true;

	for (uint32_t first = 0; first < b->count; first += WINDOW / 2) {
		uint32_t left = b->count - first;
		vec_push(&all->of,
			 (struct window){.b = b,
					 .first = first,
					 .count = left < WINDOW ? left : WINDOW});
	}
	for (int64_t i = 0; i <= (int64_t)all->of.count && ok; i += 2 * AT_ONCE)
		ok = saturate_apart(b, i, budget, answer) &&
		     saturate_apart(b, i - 1, budget, answer);
	return ok;
}

void
rw_order_release_windows(struct windows *all)
{
	vec_each (struct window, w, &all->of) {
		vec_release(&w->edges);
		vec_release(&w->imported);
		vec_release(&w->thirds);
		vec_release(&w->rounds);
		free(w->out_starts);
		free(w->out);
		free(w->needed);
	}
	vec_release(&all->of);
}
