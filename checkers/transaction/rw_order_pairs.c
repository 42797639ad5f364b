/* rw_order_pairs.c - which of two chains of one key comes first. */
#include "checkers/transaction/rw_order_parts.h"

#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

/* ---- which chain comes first ----------------------------------------------------------
 */

/* The edges that say that segment `a` comes before `c` of the same key. */
static void
side_arcs(const struct build *b, const struct segment *a, const struct segment *c,
	  struct arc *arcs)
{
	arcs[0] = (struct arc){a->after, commit_node(b, c->head)};
	arcs[1] = (struct arc){NODE_NONE, NODE_NONE};
	if (b->question->snapshot && a->tail != TXN_NONE)
		arcs[1] = (struct arc){commit_node(b, a->tail), begin_node(b, c->head)};
}

static void
add_forced(struct build *b, const struct segment *a, const struct segment *c)
{
	struct arc arcs[2];

	side_arcs(b, a, c, arcs);
	for (int i = 0; i < 2 && arcs[i].from != NODE_NONE; i++)
		add_arc(b, arcs[i].from, arcs[i].to);
}

struct order_choice
rw_order_choice(const struct build *b, const struct segment *a, const struct segment *c)
{
	struct order_choice choice;

	side_arcs(b, a, c, choice.arcs[0]);
	side_arcs(b, c, a, choice.arcs[1]);
	return choice;
}

static void
add_choice(struct build *b, const struct segment *a, const struct segment *c)
{
	if (b->choices.count >= b->choices_max)
		b->is_over = true;
	else
		vec_push(&b->choices, rw_order_choice(b, a, c));
}

static int
by_end(const void *a, const void *b)
{
	const struct segment *const *x = a, *const *y = b;

	return (*x)->end_min < (*y)->end_min   ? -1
	       : (*x)->end_min > (*y)->end_min ? 1
	       : (*x)->head < (*y)->head       ? -1
					       : 1;
}

static int
by_begin(const void *a, const void *b)
{
	const struct segment *const *x = a, *const *y = b;

	return (*x)->begin_max < (*y)->begin_max   ? -1
	       : (*x)->begin_max > (*y)->begin_max ? 1
	       : (*x)->head < (*y)->head	   ? -1
						   : 1;
}

/* Segments that are over, in some operation, before another began: forced. Only as many
 * edges as are needed: none across a segment that lies between. `starts`: by begin. */
static void
add_forced_by_time(struct build *b, struct segment *const *ends,
		   struct segment *const *starts, size_t count)
{
	size_t first = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t end_min = UINT32_MAX;
		while (first < count && starts[first]->begin_max <= ends[i]->end_min)
			first++;
		for (size_t j = first; j < count && starts[j]->begin_max <= end_min;
		     j++) {
			if (starts[j] == ends[i])
				continue;
			add_forced(b, ends[i], starts[j]);
			if (starts[j]->end_min < end_min)
				end_min = starts[j]->end_min;
		}
	}
}

/* Pairs that time leaves open: neither is over before the other began. `ends`: by end. */
static void
add_choices_left(struct build *b, struct segment *const *ends, size_t count)
{
	for (size_t i = 0; i < count && !b->is_over; i++)
		for (size_t j = i; j-- > 0 && !b->is_over;) {
			if (ends[j]->end_min < ends[i]->begin_max)
				break;
			if (ends[i]->end_min >= ends[j]->begin_max)
				add_choice(b, ends[j], ends[i]);
		}
}

static void
order_key(struct build *b, uint32_t first, uint32_t end)
{
	struct segment **ends, **starts;

	if (end - first < 2)
		return;
	size_t count = end - first - 1;
	for (uint32_t s = first + 1; s < end; s++)
		add_forced(b, &b->segments.items[first], &b->segments.items[s]);
	ends = mem_new(count, sizeof(*ends));
	starts = mem_new(count, sizeof(*starts));
	for (size_t i = 0; i < count; i++)
		ends[i] = starts[i] = &b->segments.items[first + 1 + i];
	qsort(ends, count, sizeof(struct segment *), by_end);
	qsort(starts, count, sizeof(struct segment *), by_begin);
	if (!is_lazy(b))
		add_forced_by_time(b, ends, starts, count);
	add_choices_left(b, ends, count);
	free(ends);
	free(starts);
}

void
rw_order_add_choices(struct build *b)
{
	for (size_t key = 0; key + 1 < b->key_starts.count; key++)
		order_key(b, b->key_starts.items[key], b->key_starts.items[key + 1]);
}

/* ---- chains far apart in time ---------------------------------------------------------
 */

/* Of the chains of a key in the order of their heads, the one that reaches furthest, by
 * each of the two edges that a choice may have. */
struct reach {
	const struct segment *after, *commit;
	uint32_t after_place, commit_place;
};

static void
reach_further(const struct build *b, const uint32_t *place, const struct segment *segment,
	      struct reach *reach)
{
	uint32_t after = place[segment->after];
	uint32_t commit = place[commit_node(b, segment->tail)];

	if (reach->after == NULL || after > reach->after_place) {
		reach->after = segment;
		reach->after_place = after;
	}
	if (reach->commit == NULL || commit > reach->commit_place) {
		reach->commit = segment;
		reach->commit_place = commit;
	}
}

/* The chain that this one stands in the midst of, or NULL. */
static const struct segment *
overlapped(const struct build *b, const uint32_t *place, const struct segment *segment,
	   const struct reach *reach)
{
	if (reach->after == NULL)
		return NULL;
	if (place[commit_node(b, segment->head)] < reach->after_place)
		return reach->after;
	if (b->question->snapshot &&
	    place[begin_node(b, segment->head)] < reach->commit_place)
		return reach->commit;
	return NULL;
}

static bool
add_overlaps_of_key(struct build *b, struct order_solver *solver, uint32_t first,
		    uint32_t end, uint64_t *heads)
{
	const uint32_t *place = solver->graph->place;
	struct reach reach = {0};
	bool added = false;

	for (uint32_t s = first; s < end; s++)
		heads[s - first] =
			(uint64_t)place[commit_node(b, b->segments.items[s].head)] << 32 |
			s;
	sort_words(heads, end - first);
	for (uint32_t i = 0; i < end - first; i++) {
		const struct segment *segment = &b->segments.items[(uint32_t)heads[i]];
		const struct segment *other = overlapped(b, place, segment, &reach);
		if (other != NULL) {
			struct order_choice choice = rw_order_choice(b, other, segment);
			order_solver_add(solver, &choice);
			added = true;
		}
		reach_further(b, place, segment, &reach);
	}
	return added;
}

bool
rw_order_add_overlaps(struct build *b, struct order_solver *solver)
{
	uint64_t *heads = mem_new(b->segments.count, sizeof(*heads));
	bool added = false;

	for (size_t key = 0; key + 1 < b->key_starts.count; key++)
		added |= add_overlaps_of_key(b, solver, b->key_starts.items[key] + 1,
					     b->key_starts.items[key + 1], heads);
	free(heads);
	return added;
}
