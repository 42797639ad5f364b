/* The elements in the order in which they were set aside, each between two neighbours in the
 * list of what was placed before, where its stay is. */
#include "checkers/collection/gap_list.h"
#include "checkers/collection/stacking.h"

#include <stdlib.h>

static int
by_gap(const void *a, const void *b)
{
	const struct step *x = a, *y = b;

	if (x->gap != y->gap)
		return x->gap < y->gap ? -1 : 1;
	return x->op < y->op ? -1 : x->op > y->op;
}

static uint32_t
clamp(uint32_t gap, uint32_t low, uint32_t high)
{
	return gap < low ? low : gap > high ? high : gap;
}

/* The element between its neighbours: put, looks, take. */
static void
place_element(const struct stacking *s, uint32_t element, uint32_t *gap_of_op,
	      struct gap_list *list, struct step *looks)
{
	const struct elements *elements = s->elements;
	const struct element *e = &elements->items.items[element];
	uint32_t low = gap_list_before(list, e->put_to / 2 - 1);
	uint32_t after = low == NO_OP ? NO_OP : list->last_at[low];
	uint32_t follower = after == NO_OP ? list->head : list->next[after];
	uint32_t high = follower == NO_OP ? s->gap_count : gap_of_op[follower];

	low = low == NO_OP ? 0 : low;
	uint32_t put = clamp(gap_of_op[e->put], low, high);
	uint32_t take = e->take == NO_OP ? high : clamp(gap_of_op[e->take], low, high);
	gap_of_op[e->put] = put;
	gap_list_insert(list, after, e->put, put);
	after = e->put;
	for (uint32_t k = 0; k < e->look_count; k++) {
		uint32_t op = elements->looks.items[e->look_first + k].op;
		looks[k] =
			(struct step){.op = op, .gap = clamp(gap_of_op[op], put, take)};
	}
	if (e->look_count > 1)
		qsort(looks, e->look_count, sizeof(*looks), by_gap);
	for (uint32_t k = 0; k < e->look_count; k++) {
		gap_of_op[looks[k].op] = looks[k].gap;
		gap_list_insert(list, after, looks[k].op, looks[k].gap);
		after = looks[k].op;
	}
	if (e->take == NO_OP)
		return;
	gap_of_op[e->take] = take;
	gap_list_insert(list, after, e->take, take);
}

/* Put, seen and taken at one instant, on top of whatever is there. */
static void
place_visit(const struct elements *elements, const struct element *e,
	    struct gap_list *list)
{
	uint32_t gap = e->take_from / 2;
	uint32_t after = gap_list_last_before(list, gap);

	gap_list_insert(list, after, e->put, gap);
	after = e->put;
	for (uint32_t k = e->look_first; k < e->look_first + e->look_count; k++) {
		gap_list_insert(list, after, elements->looks.items[k].op, gap);
		after = elements->looks.items[k].op;
	}
	gap_list_insert(list, after, e->take, gap);
}

void
stacking_write_order(const struct stacking *s, uint32_t *gap_of_op,
		     struct arrangement *out)
{
	const struct elements *elements = s->elements;
	struct step *looks = mem_new(elements->looks.count + 1, sizeof(*looks));
	struct gap_list list;

	gap_list_init(&list, elements->key->count, s->gap_count);
	vec_each (uint32_t, miss, &elements->misses)
		gap_list_insert(&list, gap_list_last_before(&list, gap_of_op[*miss]),
				*miss, gap_of_op[*miss]);
	for (size_t i = 0; i < s->step_count; i++)
		gap_of_op[s->steps[i].op] = s->steps[i].gap;
	for (size_t i = 0; i < s->aside_count; i++)
		place_element(s, s->aside[i], gap_of_op, &list, looks);
	vec_each (struct element, e, &elements->items) {
		if (!element_has_stay(e))
			place_visit(elements, e, &list);
	}
	out->order = mem_resize(NULL, (size_t)list.count + 1, sizeof(uint32_t));
	for (uint32_t op = list.head; op != NO_OP; op = list.next[op])
		out->order[out->count++] = op;
	gap_list_release(&list);
	free(looks);
}
