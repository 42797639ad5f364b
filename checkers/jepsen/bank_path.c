#include "checkers/jepsen/bank_path.h"

#include "base/search.h"
#include "checkers/jepsen/bank_path_parts.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

/* ---- what happens --------------------------------------------------------------------- */

static void
place(struct path *p, uint32_t i)
{
	p->is_done[i] = true;
	p->found->order[p->found->order_count++] = p->key->ops[i];
}

static void
serve_reads(struct path *p)
{
	size_t kept = 0;

	for (size_t k = 0; k < p->reads.count; k++) {
		uint32_t i = p->reads.items[k];
		if (p->is_done[i])
			continue;
		if (p->number[i] == p->now)
			place(p, i);
		else
			p->reads.items[kept++] = i;
	}
	p->reads.count = kept;
}

static void
forget_kind(struct path *p, uint32_t number)
{
	for (size_t i = 0; i < p->usable.count; i++)
		if (p->usable.items[i] == number) {
			p->usable.items[i] = vec_pop(&p->usable);
			return;
		}
}

static void
transfer(struct path *p, uint32_t i)
{
	struct kind *kind = &p->kinds.items[p->kind_of[i]];
	size_t at = 0;

	while (kind->open.items[at] != i)
		at++;
	memmove(&kind->open.items[at], &kind->open.items[at + 1],
		(--kind->open.count - at) * sizeof(uint32_t));
	if (kind->open.count == 0)
		forget_kind(p, p->kind_of[i]);
	p->now += p->number[i];
	place(p, i);
	serve_reads(p);
}

static void
go(struct path *p, const struct way *way)
{
	for (size_t k = 0; k < way->count; k++)
		transfer(p, *vec_last(&p->kinds.items[way->kinds[k]].open));
}

/* The open read that is nearest and from which the goal can be reached still. */
static bool
next_read(struct path *p, uint32_t goal, struct way *way)
{
	struct way direct, on;
	bool is_found = bank_ways_find(p, p->now, p->number[goal],
				       STEPS_MAX + (goal == p->stuck), &direct);

	*way = direct;
	vec_each (uint32_t, read, &p->reads) {
		size_t most = is_found && way->count > 0 ? way->count - 1 : STEPS_MAX - 1;
		if (*read == goal || p->is_done[*read] ||
		    !bank_ways_find(p, p->now, p->number[*read], most, &on) ||
		    on.count > most)
			continue;
		struct way rest;
		if (!bank_ways_find(p, p->number[*read], p->number[goal], STEPS_MAX - 1,
				    &rest) ||
		    (is_found && rest.count + on.count > direct.count))
			continue;
		*way = on;
		is_found = true;
	}
	return is_found;
}

static bool
reach(struct path *p, uint32_t goal)
{
	struct way way;

	while (!p->is_done[goal]) {
		if (p->work > BANK_PATH_WORK || !next_read(p, goal, &way))
			return false;
		go(p, &way);
	}
	return true;
}

/* Reads that no way would lead to any more. */
static void
rescue_reads(struct path *p, uint32_t i)
{
	struct way before, after;

	for (size_t k = 0; k < p->reads.count && !p->is_done[i];) {
		uint32_t read = p->reads.items[k];
		if (!p->is_done[read] &&
		    bank_ways_find(p, p->now, p->number[read], 3, &before) &&
		    !bank_ways_find(p, p->now + p->number[i], p->number[read], 3,
				    &after) &&
		    reach(p, read))
			k = 0;
		else
			k++;
	}
}

/* ---- events --------------------------------------------------------------------------- */

/* The one that is over first comes last. */
static void
open_transfer(struct path *p, uint32_t i)
{
	struct kind *kind = &p->kinds.items[p->kind_of[i]];
	size_t at;

	search_first(at, 0, kind->open.count,
		     bank_path_over_at(p, kind->open.items[at]) >=
			     bank_path_over_at(p, i));
	vec_insert(&kind->open, at, i);
	if (kind->open.count == 1)
		vec_push(&p->usable, p->kind_of[i]);
}

static void
begin(struct path *p, uint32_t i)
{
	if (p->kind_of[i] == NO_KIND) {
		vec_push(&p->reads, i);
		serve_reads(p);
		return;
	}
	if (p->hold[i] > p->event)
		vec_push(&p->held, i);
	else
		open_transfer(p, i);
}

static void
release_held(struct path *p)
{
	size_t kept = 0;

	for (size_t k = 0; k < p->held.count; k++) {
		uint32_t i = p->held.items[k];
		if (p->hold[i] > p->event)
			p->held.items[kept++] = i;
		else
			open_transfer(p, i);
	}
	p->held.count = kept;
}

static bool
must_reach(struct path *p, uint32_t read)
{
	p->failed = read;
	return p->is_done[read] || reach(p, read);
}

/* Before something is forced: reads that are to be served earlier, and those that could. */
static bool
look_at_reads(struct path *p)
{
	struct way way;

	for (size_t k = 0; k < p->reads.count; k++) {
		uint32_t read = p->reads.items[k];
		if (p->is_done[read])
			continue;
		if (p->early[read] == p->event + 1) {
			if (!must_reach(p, read))
				return false;
			k = SIZE_MAX; /* they have changed */
		} else if (bank_ways_find(p, p->now, p->number[read],
					  read == p->stuck ? STEPS_MAX : 3, &way)) {
			vec_push(&p->could, (uint64_t)read << 32 | p->event);
			if (bank_path_dares(p) && reach(p, read))
				k = SIZE_MAX;
		}
	}
	return true;
}

static bool
end(struct path *p, uint32_t i)
{
	if (p->is_done[i])
		return true;
	if (!look_at_reads(p))
		return false;
	if (p->kind_of[i] == NO_KIND)
		return must_reach(p, i);
	rescue_reads(p, i);
	if (!p->is_done[i])
		transfer(p, i);
	return true;
}

static void
list_events(struct path *p)
{
	p->events = mem_new(2 * p->key->count + 1, sizeof(*p->events));
	for (uint32_t i = 0; i < p->key->count; i++) {
		const struct op *op = bank_path_op(p, i);
		if (!p->is_used[i])
			continue;
		p->events[p->event_count++] = (uint64_t)op->invoke_at << 32 | i << 1;
		if (op->type == OP_OK)
			p->events[p->event_count++] =
				(uint64_t)op->complete_at << 32 | i << 1 | 1;
	}
	sort_words(p->events, p->event_count);
}

static void
start_again(struct path *p, uint64_t first)
{
	vec_each (struct kind, kind, &p->kinds)
		vec_clear(&kind->open);
	vec_clear(&p->reads);
	vec_clear(&p->usable);
	vec_clear(&p->held);
	vec_clear(&p->could);
	memset(p->is_done, 0, p->key->count * sizeof(*p->is_done));
	p->found->order_count = 0;
	p->now = first;
}

bool
bank_path_attempt(struct path *p, uint64_t first, const struct check_options *options)
{
	start_again(p, first);
	p->work += p->key->count / 16 + 1;
	for (p->event = 0; p->event < p->event_count; p->event++) {
		uint32_t i = (uint32_t)p->events[p->event] >> 1;
		rng_init(&p->dice, p->salts[p->event]);
		release_held(p);
		if ((p->events[p->event] & 1) == 0)
			begin(p, i);
		else if (!end(p, i))
			return false;
		if (p->event % 64 == 0 && budget_is_over(&options->budget))
			return false;
	}
	return true;
}

static void
path_release(struct path *p)
{
	value_ids_release(&p->accounts);
	vec_each (struct kind, kind, &p->kinds)
		vec_release(&kind->open);
	vec_release(&p->kinds);
	vec_release(&p->pairs);
	vec_release(&p->reads);
	vec_release(&p->usable);
	free(p->number);
	free(p->kind_of);
	free(p->is_done);
	free(p->is_used);
	free(p->events);
	free(p->early);
	free(p->salts);
	free(p->hold);
	vec_release(&p->held);
	vec_release(&p->could);
}

void
bank_path_decide(const struct key_ops *key, const struct check_options *options,
		 struct linearizable_key *found)
{
	struct path p = {.key = key, .found = found};
	struct rng rng;

	rng_init(&rng, 1);
	for (size_t i = 0; i < BANK_PATH_ACCOUNTS; i++)
		p.factors[i] = rng_next(&rng) | 1;
	value_ids_init(&p.accounts, &key->history->values);
	p.number = mem_new(key->count + 1, sizeof(*p.number));
	p.kind_of = mem_new(key->count + 1, sizeof(*p.kind_of));
	p.is_done = mem_new(key->count + 1, sizeof(*p.is_done));
	p.is_used = mem_new(key->count + 1, sizeof(*p.is_used));
	found->order = mem_new(key->count + 1, sizeof(*found->order));
	bank_ways_prepare(&p);
	list_events(&p);
	p.early = mem_new(key->count + 1, sizeof(*p.early));
	p.hold = mem_new(key->count + 1, sizeof(*p.hold));
	p.salts = mem_new(p.event_count + 1, sizeof(*p.salts));
	if (bank_tries_find(&p, options)) {
		found->verdict = VERDICT_VALID;
	} else {
		free(found->order);
		found->order = NULL;
		found->order_count = 0;
	}
	path_release(&p);
}
