#include "checkers/transaction/order_choices.h"

#include "base/assert.h"
#include "checkers/sort.h"

#include <string.h>

/* A clause in ->clauses: count, next clause for each of the two watches, literals; the
 * first two literals are the watched ones. */
enum {
	CLAUSE_COUNT = 0,
	CLAUSE_NEXT = 1,
	CLAUSE_LITERALS = 3
};
#define CLAUSE_NONE UINT32_MAX

/* A jump back over more levels than this is not made: they are unrelated choices of other
 * times, which would only be made again (Nadel and Ryvchin, "Chronological backtracking",
 * SAT 2018). */
enum {
	JUMP_LEVELS_MAX = 100
};

static uint32_t
current_level(const struct order_solver *s)
{
	return (uint32_t)s->levels.count;
}

static bool
is_true(const struct order_solver *s, uint32_t literal)
{
	return s->value[literal / 2] == literal % 2 + 1;
}

static bool
is_false(const struct order_solver *s, uint32_t literal)
{
	return s->value[literal / 2] == 2 - literal % 2;
}

/* ---- which choice is next: those of recent conflicts first ----------------------------
 * (variable move to front, Biere and Froehlich, SAT 2015; a heap, because after a conflict
 * most choices stay made and a list would be walked past all of them) */

static void
heap_set(struct order_solver *s, uint32_t at, uint32_t choice)
{
	s->heap[at] = choice;
	s->heap_place[choice] = at + 1;
}

static void
heap_rise(struct order_solver *s, uint32_t at)
{
	uint32_t choice = s->heap[at];

	for (; at > 0 && s->stamp[s->heap[(at - 1) / 2]] < s->stamp[choice];
	     at = (at - 1) / 2)
		heap_set(s, at, s->heap[(at - 1) / 2]);
	heap_set(s, at, choice);
}

static void
heap_push(struct order_solver *s, uint32_t choice)
{
	if (s->heap_place[choice] != 0)
		return;
	s->heap[s->heap_count] = choice;
	heap_rise(s, s->heap_count++);
}

static uint32_t
heap_pop(struct order_solver *s)
{
	uint32_t first = s->heap[0], moved = s->heap[--s->heap_count], at = 0;

	s->heap_place[first] = 0;
	if (s->heap_count == 0)
		return first;
	for (uint32_t child = 1; child < s->heap_count; child = 2 * at + 1) {
		if (child + 1 < s->heap_count &&
		    s->stamp[s->heap[child + 1]] > s->stamp[s->heap[child]])
			child++;
		if (s->stamp[s->heap[child]] < s->stamp[moved])
			break;
		heap_set(s, at, s->heap[child]);
		at = child;
	}
	heap_set(s, at, moved);
	return first;
}

static void
bump(struct order_solver *s, uint32_t choice)
{
	s->stamp[choice] = ++s->stamps;
	if (s->heap_place[choice] != 0)
		heap_rise(s, s->heap_place[choice] - 1);
}

static uint32_t
next_unmade(struct order_solver *s)
{
	while (s->heap_count > 0) {
		uint32_t choice = heap_pop(s);
		if (s->value[choice] == 0)
			return choice;
	}
	return NODE_NONE;
}

/* ---- making choices -------------------------------------------------------------------
 */

/* Notes what the cycle teaches: its choices, which with `literal` cannot stand. */
static void
take_cycle(struct order_solver *s, uint32_t literal)
{
	vec_each (uint32_t, node, &s->graph->cycle)
		s->touched[*node] = true;
	s->choice_used[literal / 2] = true;
	vec_each (uint32_t, label, &s->graph->labels) {
		s->choice_used[*label / 2] = true;
		if (*label != literal)
			vec_push(&s->conflict, *label);
	}
}

/* Makes a literal true and adds its edges; false when they close a cycle, whose other
 * literals are then added to ->conflict. */
static bool
make(struct order_solver *s, uint32_t literal, uint32_t reason)
{
	size_t arcs = s->graph->added.count;
	const struct arc *arc = s->choices.items[literal / 2].arcs[literal % 2];

	for (int i = 0; i < 2 && arc[i].from != NODE_NONE; i++)
		if (!acyclic_add(s->graph, arc[i].from, arc[i].to, literal)) {
			acyclic_undo(s->graph, arcs);
			take_cycle(s, literal);
			return false;
		}
	s->value[literal / 2] = (uint8_t)(literal % 2 + 1);
	s->level[literal / 2] = current_level(s);
	s->reason[literal / 2] = reason;
	vec_push(&s->trail, (struct made){.literal = literal, .arcs = arcs});
	return true;
}

static void
go_back(struct order_solver *s, uint32_t level)
{
	if (level >= current_level(s))
		return;
	size_t keep = s->levels.items[level];
	acyclic_undo(s->graph, s->trail.items[keep].arcs);
	while (s->trail.count > keep) {
		uint32_t choice = vec_pop(&s->trail).literal / 2;
		s->value[choice] = 0;
		heap_push(s, choice);
	}
	s->levels.count = level;
	s->next = keep;
}

/* ---- clauses --------------------------------------------------------------------------
 */

static uint32_t *
clause_literals(const struct order_solver *s, uint32_t clause)
{
	return &s->clauses.items[clause + CLAUSE_LITERALS];
}

static void
watch(struct order_solver *s, uint32_t clause, int which)
{
	uint32_t literal = clause_literals(s, clause)[which];

	s->clauses.items[clause + CLAUSE_NEXT + (uint32_t)which] = s->watches[literal];
	s->watches[literal] = clause * 2 + (uint32_t)which;
}

/* Keeps the clause: `asserted`, or one of the negations of the literals. The second
 * watch is the literal that was made last. */
static uint32_t
keep_clause(struct order_solver *s, uint32_t asserted, const uint32_t *literals,
	    size_t count)
{
	uint32_t clause = (uint32_t)s->clauses.count;
	size_t latest = 0;

	vec_push(&s->clauses, (uint32_t)count + 1);
	vec_push(&s->clauses, CLAUSE_NONE);
	vec_push(&s->clauses, CLAUSE_NONE);
	vec_push(&s->clauses, asserted);
	for (size_t i = 0; i < count; i++) {
		vec_push(&s->clauses, literals[i] ^ 1);
		if (s->level[literals[i] / 2] > s->level[literals[latest] / 2])
			latest = i;
	}
	if (count == 0)
		return clause;
	uint32_t *kept = clause_literals(s, clause);
	uint32_t swapped = kept[1];
	kept[1] = kept[1 + latest];
	kept[1 + latest] = swapped;
	watch(s, clause, 0);
	watch(s, clause, 1);
	return clause;
}

static void
conflict_of_clause(struct order_solver *s, uint32_t clause, uint32_t except)
{
	const uint32_t *literals = clause_literals(s, clause);

	for (uint32_t i = 0; i < s->clauses.items[clause + CLAUSE_COUNT]; i++)
		if (literals[i] != except)
			vec_push(&s->conflict, literals[i] ^ 1);
}

/* Looks for another literal to watch; true when one was found. */
static bool
rewatch(struct order_solver *s, uint32_t clause, int which)
{
	uint32_t *literals = clause_literals(s, clause);

	for (uint32_t i = 2; i < s->clauses.items[clause + CLAUSE_COUNT]; i++)
		if (!is_false(s, literals[i])) {
			uint32_t swapped = literals[which];
			literals[which] = literals[i];
			literals[i] = swapped;
			watch(s, clause, which);
			return true;
		}
	return false;
}

/* Visits the clauses that watch a literal that became false. */
static bool
visit_watches(struct order_solver *s, uint32_t falsified)
{
	uint32_t place = s->watches[falsified], stay = CLAUSE_NONE;
	bool ok = true;

	s->watches[falsified] = CLAUSE_NONE;
	while (place != CLAUSE_NONE) {
		uint32_t clause = place / 2;
		int which = (int)(place % 2);
		uint32_t *link = &s->clauses.items[clause + CLAUSE_NEXT + place % 2];
		uint32_t following = *link, other = clause_literals(s, clause)[1 - which];
		if (!ok || is_true(s, other) || !rewatch(s, clause, which)) {
			*link = stay;
			stay = place;
			if (ok && !is_true(s, other)) {
				ok = !is_false(s, other) && make(s, other, clause);
				if (!ok)
					conflict_of_clause(s, clause,
							   is_false(s, other) ? NODE_NONE
									      : other);
			}
		}
		place = following;
	}
	/* `make` gives no watches, so nobody has put anything into this list since. */
	s->watches[falsified] = stay;
	return ok;
}

static bool
propagate(struct order_solver *s)
{
	while (s->next < s->trail.count)
		if (!visit_watches(s, s->trail.items[s->next++].literal ^ 1))
			return false;
	return true;
}

/* ---- learning -------------------------------------------------------------------------
 */

static void
mark_seen(struct order_solver *s, uint32_t literal, uint32_t level, size_t *open)
{
	uint32_t choice = literal / 2;

	if (s->seen[choice] || s->level[choice] == 0)
		return;
	s->seen[choice] = 1;
	bump(s, choice);
	if (s->level[choice] == level)
		++*open;
	else
		vec_push(&s->learned, literal);
}

/* From the literals of ->conflict, all true, to the first unique implication point: the
 * one literal of the highest level to which all others of that level lead. The rest is in
 * ->learned. */
static uint32_t
find_uip(struct order_solver *s, uint32_t level)
{
	size_t open = 0, at = s->trail.count;
	uint32_t literal = NODE_NONE;

	vec_clear(&s->learned);
	vec_each (uint32_t, start, &s->conflict)
		mark_seen(s, *start, level, &open);
	for (;;) {
		do
			literal = s->trail.items[--at].literal;
		while (!s->seen[literal / 2] || s->level[literal / 2] != level);
		if (--open == 0)
			break;
		uint32_t clause = s->reason[literal / 2];
		ASSERT(clause != CLAUSE_NONE);
		const uint32_t *literals = clause_literals(s, clause);
		for (uint32_t i = 0; i < s->clauses.items[clause + CLAUSE_COUNT]; i++)
			if (literals[i] != literal)
				mark_seen(s, literals[i] ^ 1, level, &open);
		s->seen[literal / 2] = 0;
	}
	s->seen[literal / 2] = 0;
	vec_each (uint32_t, other, &s->learned)
		s->seen[*other / 2] = 0;
	return literal;
}

static uint32_t
highest_level(const struct order_solver *s, const uint32_t *literals, size_t count)
{
	uint32_t highest = 0;

	for (size_t i = 0; i < count; i++)
		if (s->level[literals[i] / 2] > highest)
			highest = s->level[literals[i] / 2];
	return highest;
}

/* The literal is true whatever else is chosen; false when its opposite is too. The clause
 * has no watches: it is looked up when the choice is made. */
static bool
keep_unit(struct order_solver *s, uint32_t literal, uint32_t clause)
{
	uint32_t *unit = &s->unit[literal / 2];

	if (*unit != 0)
		return clause_literals(s, *unit - 1)[0] == literal;
	*unit = clause + 1;
	return true;
}

/* Learns from ->conflict and goes on behind it; false when there is nothing to choose
 * that could avoid it. */
static bool
learn(struct order_solver *s)
{
	for (;;) {
		uint32_t level = highest_level(s, s->conflict.items, s->conflict.count);
		s->conflicts++;
		if (level == 0)
			return false;
		uint32_t uip = find_uip(s, level);
		uint32_t back = highest_level(s, s->learned.items, s->learned.count);
		go_back(s, level - 1 - back > JUMP_LEVELS_MAX ? level - 1 : back);
		uint32_t clause =
			keep_clause(s, uip ^ 1, s->learned.items, s->learned.count);
		if (s->learned.count == 0 && !keep_unit(s, uip ^ 1, clause))
			return false;
		vec_clear(&s->conflict);
		if (make(s, uip ^ 1, clause))
			return true;
		conflict_of_clause(s, clause, uip ^ 1);
	}
}

/* ---- the search -----------------------------------------------------------------------
 */

/* The side whose edges the present order already respects, or else the one whose first
 * edge leads less far back. */
static uint32_t
likely_side(const struct order_solver *s, uint32_t choice)
{
	const struct order_choice *of = &s->choices.items[choice];
	const struct arc *a = of->arcs[0], *b = of->arcs[1];
	const uint32_t *place = s->graph->place;
	if (b->from == NODE_NONE)
		return 0;
	int64_t of_a = (int64_t)place[a->to] - place[a->from];
	int64_t of_b = (int64_t)place[b->to] - place[b->from];

	return of_b > of_a;
}

/* Tries the likely side; when a cycle forbids it, that is a reason for the other. */
static bool
decide(struct order_solver *s, uint32_t choice)
{
	uint32_t literal = choice * 2 + likely_side(s, choice);

	s->decisions++;
	vec_clear(&s->conflict);
	if (s->unit[choice] != 0) {
		uint32_t unit = s->unit[choice] - 1;
		return make(s, clause_literals(s, unit)[0], unit);
	}
	vec_push(&s->levels, s->trail.count);
	if (make(s, literal, CLAUSE_NONE))
		return true;
	s->levels.count--;
	uint32_t clause =
		keep_clause(s, literal ^ 1, s->conflict.items, s->conflict.count);
	vec_clear(&s->conflict);
	if (make(s, literal ^ 1, clause))
		return true;
	conflict_of_clause(s, clause, literal ^ 1);
	return false;
}

/* Where in the present order a choice belongs. */
static uint32_t
place_of(const struct order_solver *s, uint32_t choice)
{
	const struct order_choice *of = &s->choices.items[choice];
	const uint32_t *place = s->graph->place;
	uint32_t first = place[of->arcs[0][0].to];

	if (of->arcs[1][0].from != NODE_NONE && place[of->arcs[1][0].to] < first)
		first = place[of->arcs[1][0].to];
	return first;
}

/* From the front of the present order to its back: what is close together there is
 * decided together, and conflicts stay local. */
static void
queue_choices(struct order_solver *s)
{
	uint64_t *words = mem_new(s->choice_count, sizeof(*words));

	for (uint32_t choice = 0; choice < s->choice_count; choice++)
		words[choice] = (uint64_t)place_of(s, choice) << 32 | choice;
	sort_words(words, s->choice_count);
	s->heap_count = 0;
	memset(s->heap_place, 0, s->choice_count * sizeof(*s->heap_place));
	for (uint32_t i = 0; i < s->choice_count; i++) {
		s->stamp[(uint32_t)words[i]] = s->choice_count - i;
		heap_push(s, (uint32_t)words[i]);
	}
	s->stamps = s->choice_count;
	free(words);
}

static void *
grow(void *items, size_t old, size_t count, size_t bytes)
{
	char *grown = mem_resize(items, count, bytes);

	memset(grown + old * bytes, 0, (count - old) * bytes);
	return grown;
}

/* Room in the arrays for the choices that were added; then all are made again, as the
 * present order suggests, so that the new ones are made next to those near them. */
static void
take_choices(struct order_solver *s)
{
	size_t old = s->choice_count, n = s->choices.count;

	if (old == n)
		return;
	s->choice_used = grow(s->choice_used, old, n, sizeof(*s->choice_used));
	s->value = grow(s->value, old, n, sizeof(*s->value));
	s->level = grow(s->level, old, n, sizeof(*s->level));
	s->reason = grow(s->reason, old, n, sizeof(*s->reason));
	s->unit = grow(s->unit, old, n, sizeof(*s->unit));
	s->watches = grow(s->watches, 2 * old, 2 * n, sizeof(*s->watches));
	s->heap = grow(s->heap, old, n, sizeof(*s->heap));
	s->heap_place = grow(s->heap_place, old, n, sizeof(*s->heap_place));
	s->stamp = grow(s->stamp, old, n, sizeof(*s->stamp));
	s->seen = grow(s->seen, old, n, sizeof(*s->seen));
	memset(s->watches + 2 * old, 0xff, 2 * (n - old) * sizeof(*s->watches));
	s->choice_count = (uint32_t)n;
	go_back(s, 0);
	queue_choices(s);
}

enum verdict
order_solve(struct order_solver *s)
{
	take_choices(s);
	for (uint64_t turn = 0;; turn++) {
		bool ok = propagate(s);
		uint32_t choice = ok ? next_unmade(s) : NODE_NONE;
		if (ok && choice == NODE_NONE)
			return VERDICT_VALID;
		if (ok && !decide(s, choice)) {
			heap_push(s, choice);
			ok = false;
		}
		if (!ok && !learn(s))
			return VERDICT_INVALID;
		if (s->conflicts > s->conflicts_max)
			return VERDICT_UNKNOWN;
		if (turn % 256 == 0 &&
		    (budget_is_over(s->budget) ||
		     s->clauses.count * sizeof(uint32_t) > s->bytes_max ||
		     s->clauses.count > UINT32_MAX / 4))
			return VERDICT_UNKNOWN;
	}
}

void
order_solver_init(struct order_solver *s, struct acyclic *graph,
		  const struct budget *budget)
{
	size_t bytes = budget->bytes_max != 0 ? budget->bytes_max : BUDGET_BYTES_DEFAULT;

	*s = (struct order_solver){.graph = graph,
				   .budget = budget,
				   .conflicts_max = UINT64_MAX,
				   .bytes_max = bytes / 4};
	s->touched = mem_new(graph->node_count, sizeof(*s->touched));
}

void
order_solver_add(struct order_solver *s, const struct order_choice *choice)
{
	vec_push(&s->choices, *choice);
}

void
order_solver_release(struct order_solver *s)
{
	free(s->touched);
	free(s->choice_used);
	free(s->value);
	free(s->level);
	free(s->reason);
	free(s->unit);
	free(s->watches);
	free(s->heap);
	free(s->heap_place);
	free(s->stamp);
	free(s->seen);
	vec_release(&s->choices);
	vec_release(&s->clauses);
	vec_release(&s->trail);
	vec_release(&s->levels);
	vec_release(&s->conflict);
	vec_release(&s->learned);
}
