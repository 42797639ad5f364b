#include "checkers/collection/owed_takes.h"

#include "checkers/collection/take_asks.h"
#include "checkers/gap_set.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

enum {
	WORK_MAX = 1 << 25, /* gaps passed and elements asked for */
	CHECK_BUDGET = 1 << 16
};

#define NOBODY UINT32_MAX

/* An operation that first asked for something, or would have if it had not waited. */
struct choice {
	uint32_t ask, gap;
	uint32_t owed;	   /* so many were, before */
	uint32_t waits;	   /* likewise */
	uint32_t short_at; /* there were too few takes when it did not wait */
	bool has_waited;
};

struct wait {
	uint32_t ask, next, instant; /* what was so before */
};

struct sweep {
	const struct elements *elements;
	struct take_asks asks;
	struct gap_set in;  /* what lingers, was put and is not owed, by priority */
	uint64_t *arrivals; /* owned; gap << 32 | of asks.lingering, ascending */
	size_t arrived;
	uint32_t *agenda;   /* owned; by gap: the first ask there; NOBODY */
	uint32_t *next;	    /* owned; by ask: the next in the same gap; NOBODY */
	uint32_t *instant;  /* owned; by ask: the instant it has now */
	VEC(uint32_t) owed; /* of asks.lingering */
	VEC(struct choice) choices;
	VEC(struct wait) waits;
	uint32_t gap, ask; /* where the sweep is */
	uint32_t *most;	   /* owned; what was owed when it got furthest */
	size_t most_count;
	size_t work;
};

/* ---- asks by time --------------------------------------------------------------------- */

static uint32_t
instant_of(const struct sweep *s, uint32_t ask)
{
	return s->asks.instants.items[s->instant[ask]];
}

static void
enter(struct sweep *s, uint32_t ask)
{
	uint32_t *first = &s->agenda[instant_of(s, ask)];

	s->next[ask] = *first;
	*first = ask;
}

static void
wait_until(struct sweep *s, uint32_t ask, uint32_t instant)
{
	vec_push(&s->waits, (struct wait){ask, s->next[ask], s->instant[ask]});
	s->instant[ask] = instant;
	enter(s, ask);
}

static void
undo_wait(struct sweep *s)
{
	struct wait wait = vec_pop(&s->waits);

	s->agenda[instant_of(s, wait.ask)] = s->next[wait.ask];
	s->instant[wait.ask] = wait.instant;
	s->next[wait.ask] = wait.next;
}

/* ---- what is in ----------------------------------------------------------------------- */

static void
arrive(struct sweep *s)
{
	for (; s->arrived < s->asks.lingering.count &&
	       s->arrivals[s->arrived] >> 32 <= s->gap;
	     s->arrived++)
		gap_set_free(&s->in, (uint32_t)s->arrivals[s->arrived]);
}

static void
remove_one(struct sweep *s, uint32_t lingering)
{
	gap_set_take(&s->in, lingering, lingering + 1);
}

static void
undo_until(struct sweep *s, const struct choice *choice)
{
	while (s->waits.count > choice->waits)
		undo_wait(s);
	while (s->owed.count > choice->owed)
		gap_set_free(&s->in, vec_pop(&s->owed));
	for (; s->arrived > 0 && s->arrivals[s->arrived - 1] >> 32 > choice->gap;
	     s->arrived--)
		remove_one(s, (uint32_t)s->arrivals[s->arrived - 1]);
	s->gap = choice->gap;
	s->ask = choice->ask;
}

/* ---- the sweep ------------------------------------------------------------------------ */

/* The ask takes effect now. False: more is owed than takes had begun. */
static bool
serve(struct sweep *s)
{
	uint32_t below = s->asks.asks.items[s->ask].below;
	uint32_t first = gap_set_from(&s->in, s->asks.asks.items[s->ask].from);

	if (first >= below)
		return true;
	vec_push(&s->choices, (struct choice){.ask = s->ask,
					      .gap = s->gap,
					      .owed = (uint32_t)s->owed.count,
					      .waits = (uint32_t)s->waits.count});
	uint32_t begun = take_asks_begun(&s->asks, s->gap);
	for (; first < below; first = gap_set_from(&s->in, first)) {
		if (s->owed.count == begun)
			return false;
		remove_one(s, first);
		vec_push(&s->owed, first);
		s->work++;
	}
	return true;
}

/* The first instant of the ask after which another take has begun than before `short_at`;
 * NOBODY: none. */
static uint32_t
later_instant(const struct sweep *s, uint32_t ask, uint32_t short_at)
{
	uint32_t begun = take_asks_begun(&s->asks, short_at);
	uint32_t end = s->asks.asks.items[ask].first + s->asks.asks.items[ask].count;

	if (begun == s->asks.begins.count)
		return NOBODY;
	for (uint32_t i = s->instant[ask] + 1; i < end; i++)
		if (s->asks.instants.items[i] >= s->asks.begins.items[begun])
			return i;
	return NOBODY;
}

static void
keep_most(struct sweep *s)
{
	if (s->owed.count <= s->most_count)
		return;
	s->most_count = s->owed.count;
	s->most = mem_resize(s->most, s->most_count, sizeof(*s->most));
	memcpy(s->most, s->owed.items, s->most_count * sizeof(*s->most));
}

/* Somebody waits, and the sweep goes on behind him. False: nobody can. */
static bool
make_wait(struct sweep *s)
{
	uint32_t short_at = s->gap;

	keep_most(s);
	while (s->choices.count > 0) {
		struct choice choice = vec_pop(&s->choices);
		undo_until(s, &choice);
		if (choice.has_waited) {
			short_at =
				choice.short_at < short_at ? choice.short_at : short_at;
			continue;
		}
		uint32_t later = later_instant(s, choice.ask, short_at);
		if (later == NOBODY)
			continue;
		choice.has_waited = true;
		choice.short_at = short_at;
		vec_push(&s->choices, choice);
		s->ask = s->next[choice.ask];
		wait_until(s, choice.ask, later);
		return true;
	}
	return false;
}

static bool
is_over(struct sweep *s)
{
	s->work++;
	return s->work > WORK_MAX || (s->work % CHECK_BUDGET == 0 &&
				      budget_is_over(&s->elements->options->budget));
}

static bool
sweep(struct sweep *s)
{
	uint32_t end = s->elements->event_count + 1;

	for (s->gap = 0, s->ask = s->agenda[0]; !is_over(s);) {
		arrive(s);
		while (s->ask != NOBODY) {
			if (serve(s))
				s->ask = s->next[s->ask];
			else if (!make_wait(s))
				return false;
		}
		if (++s->gap == end)
			return true;
		s->ask = s->agenda[s->gap];
	}
	return false;
}

/* ---- all together --------------------------------------------------------------------- */

static void
sweep_init(struct sweep *s)
{
	size_t lingering = s->asks.lingering.count, asks = s->asks.asks.count;
	size_t gaps = (size_t)s->elements->event_count + 1;

	s->agenda = mem_resize(NULL, gaps, sizeof(uint32_t));
	s->next = mem_resize(NULL, asks + 1, sizeof(uint32_t));
	s->instant = mem_resize(NULL, asks + 1, sizeof(uint32_t));
	s->arrivals = mem_resize(NULL, lingering + 1, sizeof(uint64_t));
	memset(s->agenda, 0xff, gaps * sizeof(uint32_t));
	for (uint32_t ask = (uint32_t)asks; ask-- > 0;) {
		s->instant[ask] = s->asks.asks.items[ask].first;
		enter(s, ask);
	}
	gap_set_init(&s->in, (uint32_t)lingering);
	gap_set_take(&s->in, 0, (uint32_t)lingering);
	for (uint32_t i = 0; i < lingering; i++)
		s->arrivals[i] = (uint64_t)s->asks.lingering.items[i].arrives << 32 | i;
	sort_words(s->arrivals, lingering);
}

static void
sweep_release(struct sweep *s)
{
	free(s->agenda);
	free(s->next);
	free(s->instant);
	free(s->arrivals);
	free(s->most);
	vec_release(&s->owed);
	vec_release(&s->choices);
	vec_release(&s->waits);
	gap_set_release(&s->in);
}

bool
owed_takes_find(const struct elements *elements, uint32_t **owed, size_t *count)
{
	struct sweep s = {.elements = elements};
	bool is_found = false;

	*owed = NULL;
	*count = 0;
	if (take_asks_init(&s.asks, elements)) {
		sweep_init(&s);
		is_found = sweep(&s);
		keep_most(&s);
		*count = is_found ? s.owed.count : s.most_count;
		*owed = mem_new(*count + 1, sizeof(**owed));
		const uint32_t *chosen = is_found ? s.owed.items : s.most;
		for (size_t i = 0; i < *count; i++)
			(*owed)[i] = s.asks.lingering.items[chosen[i]].element;
		sweep_release(&s);
	}
	take_asks_release(&s.asks);
	return is_found;
}
