/* rw_order_views.c - parallel snapshot isolation: nobody depends on who overwrote what it
 * read.
 *
 * The graph holds writes and reads of writes alone. Where an order of it is found, each
 * reader is looked at in front of which somebody stands who overwrote what it read: a way
 * from there to the reader is a cycle with one anti-dependency, and the choices on it
 * cannot stand together. That is a clause, the search goes on, and ends since it learns
 * something each time. */
#include "checkers/transaction/rw_order_parts.h"

#include "base/map.h"
#include "checkers/sort.h"

#include <stdlib.h>

struct views {
	struct build *b;
	struct order_solver *solver;
	struct map
		choices; /* two chains of a key -> number + 1 of the choice between them */
	size_t known;	 /* choices that are in there */
	uint32_t *next;	 /* owned, by segment: the next of its key + 1; 0: none */
	uint32_t *literal; /* owned, by segment: says that it comes before the next;
			     * NODE_NONE: it does whatever is chosen */
	VEC(uint64_t) heads;
	VEC(uint32_t) literals;
};

/* ---- choices --------------------------------------------------------------------------
 */

static uint64_t *
number_of(struct views *v, uint32_t one, uint32_t other)
{
	uint64_t pair =
		one < other ? (uint64_t)one << 32 | other : (uint64_t)other << 32 | one;

	return map_at(&v->choices, pair, NULL);
}

/* Chains are known by the nodes behind them, from which the edges of a choice begin. */
static void
index_choices(struct views *v)
{
	for (; v->known < v->solver->choices.count; v->known++) {
		const struct order_choice *choice = &v->solver->choices.items[v->known];
		*number_of(v, choice->arcs[0][0].from, choice->arcs[1][0].from) =
			v->known + 1;
	}
}

/* The literal that says that `a` comes before `c`. */
static uint32_t
literal_of(struct views *v, const struct segment *a, const struct segment *c)
{
	uint32_t choice = (uint32_t)*number_of(v, a->after, c->after) - 1;

	return 2 * choice +
	       (v->solver->choices.items[choice].arcs[0][0].from != a->after);
}

/* Two neighbours of a key; false when the choice between them had not been told. */
static bool
put_behind(struct views *v, uint32_t before, uint32_t segment, bool is_initial)
{
	const struct segment *a = &v->b->segments.items[before];
	const struct segment *c = &v->b->segments.items[segment];

	if (v->next[before] == segment + 1)
		return true;
	v->next[before] = segment + 1;
	v->literal[before] = NODE_NONE;
	if (is_initial)
		return true;
	bool is_told = *number_of(v, a->after, c->after) != 0;
	if (!is_told) {
		struct order_choice choice = rw_order_choice(v->b, a, c);
		order_solver_add(v->solver, &choice);
		index_choices(v);
	}
	v->literal[before] = literal_of(v, a, c);
	return is_told;
}

/* The chains of a key, of which the first is the initial one, stand in a row. */
static bool
line_up(struct views *v, uint32_t first, uint32_t end)
{
	const struct build *b = v->b;
	uint32_t before = first;
	bool is_told = true;

	vec_clear(&v->heads);
	for (uint32_t s = first + 1; s < end; s++) {
		uint32_t head = commit_node(b, b->segments.items[s].head);
		vec_push(&v->heads, (uint64_t)v->solver->graph->place[head] << 32 | s);
	}
	sort_words(v->heads.items, v->heads.count);
	vec_each (const uint64_t, word, &v->heads) {
		uint32_t segment = (uint32_t)*word;
		is_told &= put_behind(v, before, segment, before == first);
		before = segment;
	}
	v->next[before] = 0;
	return is_told;
}

static bool
line_up_all(struct views *v)
{
	const struct build *b = v->b;
	bool is_told = true;

	for (size_t key = 0; key + 1 < b->key_starts.count; key++)
		is_told &= line_up(v, b->key_starts.items[key],
				   b->key_starts.items[key + 1]);
	return is_told;
}

/* ---- readers --------------------------------------------------------------------------
 */

/* Who overwrote what was read, and the literal by which it did; NODE_NONE for both where
 * nobody did, or where it is not chosen at present. */
static uint32_t
overwriter_of(struct views *v, const struct rw_access *read, uint32_t *literal)
{
	const struct build *b = v->b;
	uint32_t successor = b->notes->successor[read->read];
	uint32_t segment = b->notes->segment_of[read->read] - 1;

	*literal = NODE_NONE;
	if (successor != 0)
		return b->v->of.items[successor - 1].writer;
	if (v->next[segment] == 0)
		return NODE_NONE;
	*literal = v->literal[segment];
	if (*literal != NODE_NONE && v->solver->value[*literal / 2] != *literal % 2 + 1)
		return NODE_NONE;
	return b->segments.items[v->next[segment] - 1].head;
}

/* Whether the reader may come before the overwriter: an edge that closes no cycle. */
static bool
may_precede(struct views *v, uint32_t reader, uint32_t overwriter)
{
	struct acyclic *graph = v->solver->graph;
	size_t added = graph->added.count;

	if (graph->place[reader] < graph->place[overwriter])
		return true;
	if (!acyclic_add(graph, reader, overwriter, LABEL_NONE))
		return false;
	acyclic_undo(graph, added);
	return true;
}

/* False when the search has ended: nothing can be chosen. */
static bool
refute(struct views *v, uint32_t literal)
{
	vec_clear(&v->literals);
	if (literal != NODE_NONE)
		vec_push(&v->literals, literal);
	vec_each (const uint32_t, label, &v->solver->graph->labels)
		if (*label != literal)
			vec_push(&v->literals, *label);
	return order_solver_refute(v->solver, v->literals.items, v->literals.count);
}

/* VALID when all readers hold, UNKNOWN when something was learned. */
static enum verdict
look_at_readers(struct views *v)
{
	const struct build *b = v->b;
	enum verdict verdict = VERDICT_VALID;

	for (uint32_t i = 0; i < b->count; i++)
		each_access(read, b, b->txns[i])
		{
			uint32_t literal, writer;
			if (!reads_listed(b, read))
				continue;
			writer = overwriter_of(v, read, &literal);
			if (writer == NODE_NONE || writer == b->txns[i] ||
			    may_precede(v, i, commit_node(b, writer)))
				continue;
			verdict = VERDICT_UNKNOWN;
			if (!refute(v, literal))
				return VERDICT_INVALID;
		}
	return verdict;
}

static enum verdict
settle(struct views *v)
{
	for (;;) {
		enum verdict verdict = order_solve(v->solver);
		if (verdict != VERDICT_VALID ||
		    v->solver->choices.count > v->b->choices_max)
			return verdict == VERDICT_VALID ? VERDICT_UNKNOWN : verdict;
		index_choices(v);
		if (!line_up_all(v))
			continue;
		verdict = look_at_readers(v);
		if (verdict != VERDICT_UNKNOWN)
			return verdict;
	}
}

enum verdict
rw_order_settle_views(struct build *b, struct order_solver *solver)
{
	struct views v = {.b = b, .solver = solver};

	solver->keeps_made = true;
	v.next = mem_new(b->segments.count + 1, sizeof(*v.next));
	v.literal = mem_new(b->segments.count + 1, sizeof(*v.literal));
	enum verdict verdict = settle(&v);
	free(v.next);
	free(v.literal);
	map_release(&v.choices);
	vec_release(&v.heads);
	vec_release(&v.literals);
	return verdict;
}
