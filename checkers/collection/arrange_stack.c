/* Last in, first out, every value put once. An element whose operations can all happen at
 * instants at which no other element stays can be the bottom of the stack: it is set aside,
 * and the rest is a smaller problem, cut at those instants. When none is left all is well,
 * when none can be set aside no order exists.
 *
 * Time is cut into spans at the ends of the stays; within a span nothing changes. A tree
 * over the spans counts the stays and finds a span without any; a second tree, over the
 * steps (an operation and the spans it may happen in), finds those that reach the span.
 * Looks may also happen in a span in which their own element stays alone: then a tree of
 * sums names that element. O(n log n); looks of one element that have to wait are tried
 * again for every such span. */
#include "checkers/collection/cover.h"
#include "checkers/collection/stacking.h"

#include <stdlib.h>

enum {
	DONE = 1 << 28,	  /* added to the count of a span that needs no second look */
	PARKED = 1 << 24, /* ... until the element that stays there alone is set aside */
};

/* ---- spans -------------------------------------------------------------------------- */

static uint32_t
gap_of(const struct stacking *s, uint32_t position)
{
	return position == NO_POINT ? s->gap_count : position / 2;
}

static void
cut_spans(struct stacking *s)
{
	const struct elements *elements = s->elements;
	uint32_t last = 0;

	for (size_t i = 0; i < elements->key->count; i++) {
		uint32_t end = elements->end[i] == NO_POINT ? 0 : elements->end[i];
		last = elements->begin[i] > last ? elements->begin[i] : last;
		last = end > last ? end : last;
	}
	s->gap_count = last / 2 + 1;
	s->span_of = mem_new((size_t)s->gap_count + 1, sizeof(uint32_t));
	vec_each (struct element, e, &elements->items) {
		if (!element_has_stay(e))
			continue;
		s->stay_count++;
		s->span_of[e->put_to / 2] = 1;
		if (e->take_from != NO_POINT)
			s->span_of[e->take_from / 2] = 1;
	}
	for (uint32_t gap = 0, span = 0; gap < s->gap_count; gap++) {
		span += gap > 0 && s->span_of[gap];
		s->span_of[gap] = span;
		s->span_count = span + 1;
	}
	s->span_of[s->gap_count] = s->span_count;
	s->span_first = mem_new((size_t)s->span_count + 1, sizeof(uint32_t));
	for (uint32_t gap = s->gap_count; gap > 0; gap--)
		s->span_first[s->span_of[gap - 1]] = gap - 1;
}

static void
sum_add(struct stacking *s, uint32_t span, int64_t amount)
{
	for (size_t at = (size_t)span + 1; at <= s->span_count; at += at & -at)
		s->sums[at] += amount;
}

static int64_t
sum_at(const struct stacking *s, uint32_t span)
{
	int64_t sum = 0;

	for (size_t at = (size_t)span + 1; at > 0; at -= at & -at)
		sum += s->sums[at];
	return sum;
}

static uint32_t
stay_from(const struct stacking *s, const struct element *e)
{
	return s->span_of[e->put_to / 2];
}

static uint32_t
stay_to(const struct stacking *s, const struct element *e)
{
	return s->span_of[gap_of(s, e->take_from)];
}

static void
count_stays(struct stacking *s)
{
	const struct elements *elements = s->elements;
	int32_t *counts = mem_new((size_t)s->span_count + 1, sizeof(*counts));
	int32_t running = 0;

	if (elements->looks.count > 0)
		s->sums = mem_new((size_t)s->span_count + 1, sizeof(*s->sums));
	for (uint32_t i = 0; i < elements->items.count; i++) {
		const struct element *e = &elements->items.items[i];
		if (!element_has_stay(e))
			continue;
		counts[stay_from(s, e)]++;
		counts[stay_to(s, e)]--;
		if (s->sums != NULL) {
			sum_add(s, stay_from(s, e), i);
			sum_add(s, stay_to(s, e), -(int64_t)i);
		}
	}
	for (uint32_t span = 0; span < s->span_count; span++) {
		running += counts[span];
		counts[span] = running;
	}
	min_tree_init(&s->counts, counts, s->span_count);
	free(counts);
}

/* ---- steps -------------------------------------------------------------------------- */

static struct step
step_of(const struct stacking *s, uint32_t element, uint32_t op, uint32_t from,
	uint32_t to)
{
	uint32_t gap_to = gap_of(s, to) - 1;

	return (struct step){element, op, from / 2, gap_to, s->span_of[gap_to], NOT_YET};
}

static size_t
element_steps(const struct stacking *s, uint32_t i, struct step *steps)
{
	const struct elements *elements = s->elements;
	const struct element *e = &elements->items.items[i];
	size_t count = 0;

	uint32_t put_from = element_put_from(elements, e);
	steps[count++] = step_of(s, i, e->put, put_from, e->put_to);
	if (e->take != NO_OP)
		steps[count++] = step_of(s, i, e->take, e->take_from, e->take_to);
	for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++) {
		uint32_t op = elements->looks.items[k].op;
		uint32_t begin = elements->begin[op], end = elements->end[op];
		steps[count++] = step_of(s, i, op, begin > put_from ? begin : put_from,
					 end < e->take_to ? end : e->take_to);
	}
	return count;
}

static void
sort_steps(struct stacking *s, const struct step *unsorted)
{
	int32_t *reaches = mem_new(s->step_count + 1, sizeof(*reaches));

	s->step_starts = mem_new((size_t)s->span_count + 2, sizeof(uint32_t));
	for (size_t i = 0; i < s->step_count; i++)
		s->step_starts[s->span_of[unsorted[i].gap_from] + 2]++;
	for (size_t span = 2; span <= (size_t)s->span_count + 1; span++)
		s->step_starts[span] += s->step_starts[span - 1];
	for (size_t i = 0; i < s->step_count; i++) {
		const struct step *step = &unsorted[i];
		uint32_t at = s->step_starts[s->span_of[step->gap_from] + 1]++;
		s->steps[at] = *step;
		reaches[at] = -(int32_t)step->span_to;
		s->next_step[at] = s->first_step[step->element];
		s->first_step[step->element] = at;
	}
	min_tree_init(&s->reaches, reaches, s->step_count);
	free(reaches);
}

static void
make_steps(struct stacking *s)
{
	const struct elements *elements = s->elements;
	size_t count = elements->items.count;
	size_t room = count * 2 + elements->looks.count + 1;
	struct step *unsorted = mem_resize(NULL, room, sizeof(*unsorted));

	s->steps = mem_resize(NULL, room, sizeof(*s->steps));
	s->first_step = mem_resize(NULL, count + 1, sizeof(uint32_t));
	s->next_step = mem_resize(NULL, room, sizeof(uint32_t));
	s->waiting = mem_new(count + 1, sizeof(uint32_t));
	for (uint32_t i = 0; i < count; i++) {
		s->first_step[i] = NO_OP;
		if (!element_has_stay(&elements->items.items[i]))
			continue;
		s->waiting[i] = (uint32_t)element_steps(s, i, unsorted + s->step_count);
		s->step_count += s->waiting[i];
	}
	sort_steps(s, unsorted);
	free(unsorted);
}

/* ---- setting aside ------------------------------------------------------------------ */

static void
set_aside(struct stacking *s, uint32_t element)
{
	const struct element *e = &s->elements->items.items[element];

	s->aside[s->aside_count++] = element;
	min_tree_add(&s->counts, stay_from(s, e), stay_to(s, e), -1);
	if (s->sums == NULL)
		return;
	sum_add(s, stay_from(s, e), -(int64_t)element);
	sum_add(s, stay_to(s, e), element);
	for (uint32_t span = s->parked[element]; span != 0;
	     span = s->next_parked[span - 1])
		min_tree_add(&s->counts, span - 1, span, -PARKED);
}

static void
happen(struct stacking *s, size_t at, uint32_t span)
{
	struct step *step = &s->steps[at];
	uint32_t first = s->span_first[span];

	step->gap = step->gap_from > first ? step->gap_from : first;
	min_tree_add(&s->reaches, at, at + 1, DONE);
	if (--s->waiting[step->element] == 0)
		set_aside(s, step->element);
}

/* The steps that begin in or before the span and reach it. Those before `end` whose reach
 * is at least the span are found by walking the tree from the left. */
static size_t
find_step(const struct stacking *s, size_t end, int32_t bound)
{
	const struct min_tree *tree = &s->reaches;
	size_t node = 1, first = 0, width = tree->leaves;
	int32_t above = 0;

	if (end == 0 || tree->lowest[1] > bound)
		return SIZE_MAX;
	while (node < tree->leaves) {
		above += tree->added[node];
		width /= 2;
		if (tree->lowest[2 * node] + above <= bound) {
			node = 2 * node;
		} else {
			node = 2 * node + 1;
			first += width;
			if (first >= end)
				return SIZE_MAX;
		}
	}
	return first < end && tree->lowest[node] + above <= bound ? first : SIZE_MAX;
}

/* Nothing stays in the span: every step that reaches it can happen. */
static void
use_empty_span(struct stacking *s, uint32_t span)
{
	size_t end = s->step_starts[span + 1];

	min_tree_add(&s->counts, span, (size_t)span + 1, DONE);
	for (size_t at = find_step(s, end, -(int32_t)span); at != SIZE_MAX;
	     at = find_step(s, end, -(int32_t)span))
		happen(s, at, span);
}

/* One element stays in the span: its own looks can happen. */
static void
use_lone_span(struct stacking *s, uint32_t span)
{
	uint32_t element = (uint32_t)sum_at(s, span);
	uint32_t *link = &s->first_step[element];

	min_tree_add(&s->counts, span, (size_t)span + 1, PARKED);
	s->next_parked[span] = s->parked[element];
	s->parked[element] = span + 1;
	while (*link != NO_OP) {
		uint32_t at = *link;
		struct step *step = &s->steps[at];
		bool reaches =
			s->span_of[step->gap_from] <= span && step->span_to >= span;
		if (step->gap != NOT_YET || reaches)
			*link = s->next_step[at];
		else
			link = &s->next_step[at];
		if (step->gap == NOT_YET && reaches)
			happen(s, at, span);
	}
}

static void
find_stuck(const struct stacking *s, struct finding *finding)
{
	const struct elements *elements = s->elements;

	finding->name = "out-of-order";
	for (uint32_t i = 0; i < elements->items.count; i++) {
		const struct element *e = &elements->items.items[i];
		if (s->waiting[i] == 0)
			continue;
		vec_push(&finding->ops, e->put);
		if (e->take != NO_OP)
			vec_push(&finding->ops, e->take);
		for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++)
			vec_push(&finding->ops, elements->looks.items[k].op);
	}
}

static bool
set_all_aside(struct stacking *s, struct finding *finding)
{
	int32_t most = s->sums == NULL ? 0 : 1;

	while (s->aside_count < s->stay_count && min_tree_lowest(&s->counts) <= most) {
		uint32_t span = (uint32_t)min_tree_place(&s->counts);
		if (min_tree_lowest(&s->counts) == 0)
			use_empty_span(s, span);
		else
			use_lone_span(s, span);
	}
	if (s->aside_count < s->stay_count)
		find_stuck(s, finding);
	return s->aside_count == s->stay_count;
}

/* ---- all together -------------------------------------------------------------------- */

static bool
place_misses(const struct stacking *s, uint32_t *gap_of_op, struct finding *finding)
{
	const struct elements *elements = s->elements;
	struct cover cover;
	bool fits = true;

	cover_init(&cover);
	for (uint32_t e = 0; e < elements->items.count && elements->misses.count > 0; e++)
		cover_add(&cover, elements, e);
	cover_finish(&cover, elements);
	for (size_t i = 0; i < elements->misses.count && fits; i++) {
		uint32_t miss = elements->misses.items[i], point = 0;
		fits = cover_free_point(&cover, elements->begin[miss],
					elements->end[miss], &point);
		if (!fits)
			cover_find(&cover, elements, miss, finding);
		gap_of_op[miss] = point / 2;
	}
	cover_release(&cover);
	return fits;
}

static void
release(struct stacking *s)
{
	free(s->span_of);
	free(s->span_first);
	free(s->steps);
	free(s->step_starts);
	free(s->first_step);
	free(s->next_step);
	free(s->waiting);
	min_tree_release(&s->counts);
	min_tree_release(&s->reaches);
	free(s->sums);
	free(s->parked);
	free(s->next_parked);
	free(s->aside);
}

bool
arrange_stack(const struct elements *elements, struct arrangement *out,
	      struct finding *finding)
{
	struct stacking s = {.elements = elements};
	uint32_t *gap_of_op = mem_new(elements->key->count + 1, sizeof(*gap_of_op));

	cut_spans(&s);
	count_stays(&s);
	make_steps(&s);
	s.aside = mem_new(s.stay_count + 1, sizeof(uint32_t));
	s.parked = mem_new(elements->items.count + 1, sizeof(uint32_t));
	s.next_parked = mem_new((size_t)s.span_count + 1, sizeof(uint32_t));
	bool fits = place_misses(&s, gap_of_op, finding) && set_all_aside(&s, finding);
	if (fits)
		stacking_write_order(&s, gap_of_op, out);
	free(gap_of_op);
	release(&s);
	return fits;
}
