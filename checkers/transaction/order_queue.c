/* order_queue.c - which choice is next: those of recent conflicts first (variable move to
 * front, Biere and Froehlich, SAT 2015; a heap, because after a conflict most choices stay
 * made and a list would be walked past all of them). */
#include "checkers/transaction/order_search.h"

#include "checkers/sort.h"

#include <string.h>

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

void
order_queue_push(struct order_solver *s, uint32_t choice)
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

void
order_queue_bump(struct order_solver *s, uint32_t choice)
{
	s->stamp[choice] = ++s->stamps;
	if (s->heap_place[choice] != 0)
		heap_rise(s, s->heap_place[choice] - 1);
}

uint32_t
order_queue_next(struct order_solver *s)
{
	while (s->heap_count > 0) {
		uint32_t choice = heap_pop(s);
		if (s->value[choice] == 0)
			return choice;
	}
	return NODE_NONE;
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

void
order_queue_fill(struct order_solver *s)
{
	uint64_t *words = mem_new(s->choice_count, sizeof(*words));

	for (uint32_t choice = 0; choice < s->choice_count; choice++)
		words[choice] = (uint64_t)place_of(s, choice) << 32 | choice;
	sort_words(words, s->choice_count);
	s->heap_count = 0;
	memset(s->heap_place, 0, s->choice_count * sizeof(*s->heap_place));
	for (uint32_t i = 0; i < s->choice_count; i++) {
		s->stamp[(uint32_t)words[i]] = s->choice_count - i;
		order_queue_push(s, (uint32_t)words[i]);
	}
	s->stamps = s->choice_count;
	free(words);
}
