#include "checkers/weak/weak_core.h"

#include <string.h>

enum {
	EFFORT_FACTOR = 40,		/* times the operations of the whole, */
	EFFORT_LEAST = 4 * 1000 * 1000, /* and at least */
	WINDOW_LEAST = 32		/* operations */
};

struct shrinking {
	enum weak_model model;
	struct weak_limits limits;
	struct weak part; /* owned: forbidden */
	uint64_t effort_left;
};

/* Takes these ids of the part as the new part when the model forbids them alone. */
static bool
accept(struct shrinking *s, const uint32_t *ids, size_t count)
{
	struct weak_answer answer;
	struct weak part;
	uint64_t effort = count + 20;

	if (effort > s->effort_left || budget_is_over(&s->limits.budget))
		return false;
	s->effort_left -= effort;
	weak_part(&s->part, ids, count, &part);
	weak_decide(s->model, &part, &s->limits, &answer);
	if (answer.verdict != VERDICT_INVALID) {
		weak_release(&part);
		return false;
	}
	weak_release(&s->part);
	s->part = part;
	return true;
}

/* Keeps the operations with from <= op < to, if they are enough. */
static bool
accept_window(struct shrinking *s, uint32_t from, uint32_t to)
{
	uint32_t *ids = mem_new((size_t)s->part.count + 1, sizeof(*ids));
	size_t count = 0;

	for (uint32_t v = 0; v < s->part.count; v++)
		if (s->part.op[v] >= from && s->part.op[v] < to)
			ids[count++] = v;
	bool accepted = accept(s, ids, count);
	free(ids);
	return accepted;
}

/* The shortest part from the beginning that will do. */
static void
cut_end(struct shrinking *s, uint32_t at)
{
	uint32_t low = 0, high = (uint32_t)s->part.history->ops.count;

	if (at != UINT32_MAX && accept_window(s, 0, at + 1))
		high = at + 1;
	while (high - low > 1 && s->effort_left > s->part.count) {
		uint32_t middle = low + (high - low) / 2;
		if (accept_window(s, 0, middle))
			high = middle;
		else
			low = middle;
	}
}

/* The shortest of the windows 32, 64, 128, ... at the end that will do. */
static void
cut_beginning(struct shrinking *s)
{
	uint32_t end = (uint32_t)s->part.history->ops.count;
	uint32_t last = 0;

	for (uint32_t v = 0; v < s->part.count; v++)
		last = s->part.op[v] > last ? s->part.op[v] : last;
	for (uint32_t window = WINDOW_LEAST; window < last; window *= 2)
		if (accept_window(s, last - window, end))
			return;
}

/* Leaves out one piece of `piece` operations after the other; true when one went. */
static bool
drop_pieces(struct shrinking *s, uint32_t piece)
{
	uint32_t *ids = mem_new((size_t)s->part.count + 1, sizeof(*ids));
	bool has_dropped = false;

	for (uint32_t end = s->part.count; end > 0;) {
		uint32_t begin = end > piece ? end - piece : 0;
		size_t count = 0;
		for (uint32_t v = 0; v < s->part.count; v++)
			if (v < begin || v >= end)
				ids[count++] = v;
		has_dropped = accept(s, ids, count) || has_dropped;
		end = begin < s->part.count ? begin : s->part.count;
	}
	free(ids);
	return has_dropped;
}

void
weak_core_find(enum weak_model model, const struct weak *whole, uint32_t at,
	       const struct budget *budget, struct weak *core)
{
	struct shrinking s = {.model = model, .limits = {.budget = *budget}};
	uint32_t *all = mem_new((size_t)whole->count + 1, sizeof(*all));
	uint32_t piece;

	for (uint32_t v = 0; v < whole->count; v++)
		all[v] = v;
	weak_part(whole, all, whole->count, &s.part);
	free(all);
	s.effort_left = (uint64_t)whole->count * EFFORT_FACTOR + EFFORT_LEAST;
	cut_end(&s, at == WEAK_INITIAL ? UINT32_MAX : whole->op[at]);
	cut_beginning(&s);
	for (piece = s.part.count / 2 + 1; piece > 1; piece /= 2)
		drop_pieces(&s, piece);
	while (drop_pieces(&s, 1))
		;
	*core = s.part;
}
