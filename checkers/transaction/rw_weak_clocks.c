#include "checkers/transaction/rw_weak_clocks.h"

#include <string.h>

enum {
	ROOM_MIN = 16
};
#define NO_SLOT UINT32_MAX

/* ---- clocks ---------------------------------------------------------------------------
 */

static uint32_t *
words_of(const struct clocks *c, uint32_t slot)
{
	return &c->words[(size_t)slot * c->stride];
}

/* Room for more clocks or more chains; false when the budget has none. */
static bool
resize(struct clocks *c, uint32_t room, uint32_t stride)
{
	if ((size_t)room * stride * sizeof(*c->words) > c->bytes_max)
		return false;
	uint32_t *words = mem_new((size_t)room * stride, sizeof(*words));
	for (uint32_t slot = 0; slot < c->slot_count; slot++)
		memcpy(&words[(size_t)slot * stride], words_of(c, slot),
		       c->stride * sizeof(*words));
	free(c->words);
	c->words = words;
	c->slot_room = room;
	c->stride = stride;
	return true;
}

/* A clock of zeros. */
static uint32_t
new_slot(struct clocks *c)
{
	if (c->free_slots.count > 0) {
		uint32_t slot = vec_pop(&c->free_slots);
		memset(words_of(c, slot), 0, c->stride * sizeof(*c->words));
		return slot;
	}
	if (c->slot_count == c->slot_room && !resize(c, 2 * c->slot_room, c->stride))
		return NO_SLOT;
	return c->slot_count++;
}

static void
join(struct clocks *c, uint32_t slot, uint32_t other)
{
	uint32_t *words = words_of(c, slot);
	const uint32_t *joined = words_of(c, other);

	for (size_t i = 0; i < c->chains.count; i++)
		words[i] = joined[i] > words[i] ? joined[i] : words[i];
}

static void
use_up(struct clocks *c, uint32_t txn)
{
	if (--c->waiting[txn] == 0)
		vec_push(&c->free_slots, c->slot[txn]);
}

/* Takes over the clock of the one before in the process, or copies it. */
static bool
begin_clock(struct clocks *c, uint32_t txn, uint32_t previous)
{
	if (previous != TXN_NONE && c->waiting[previous] == 1) {
		c->slot[txn] = c->slot[previous];
		c->waiting[previous] = 0;
		return true;
	}
	c->slot[txn] = new_slot(c);
	if (c->slot[txn] == NO_SLOT)
		return false;
	if (previous == TXN_NONE)
		return true;
	join(c, c->slot[txn], c->slot[previous]);
	use_up(c, previous);
	return true;
}

bool
clocks_enter(struct clocks *c, uint32_t txn)
{
	const struct weak *w = c->w;
	uint32_t source;

	if (!begin_clock(c, txn, rw_weak_previous(w, txn)))
		return false;
	each_access(read, w, txn)
	{
		if (rw_weak_source(read, &source) && source != TXN_NONE &&
		    !clock_sees(c, clock_of(c, txn), source))
			join(c, c->slot[txn], c->slot[source]);
	}
	return true;
}

/* ---- chains ---------------------------------------------------------------------------
 */

/* The first idle chain whose end this clock has seen, with a number below `below`. */
static uint32_t
find_idle(const struct clocks *c, const uint32_t *clock, uint32_t below)
{
	for (uint32_t chain = 0; chain < c->chains.count && chain < below; chain++)
		if (c->chains.items[chain].is_idle &&
		    clock[chain] >= c->chains.items[chain].length)
			return chain;
	return UINT32_MAX;
}

static bool
has_next(const struct weak *w, uint32_t txn)
{
	uint32_t session = w->session[txn];

	return w->index[txn] < w->first_rank[session + 1] - w->first_rank[session];
}

/* Goes on with the chain of the process, or an earlier one that has come free. */
static bool
join_chain(struct clocks *c, uint32_t txn)
{
	uint32_t previous = rw_weak_previous(c->w, txn);
	uint32_t own = previous != TXN_NONE ? c->chain[previous] : UINT32_MAX;
	uint32_t number = find_idle(c, clock_of(c, txn), own);

	if (number == UINT32_MAX)
		number = own;
	else if (own != UINT32_MAX)
		c->chains.items[own].is_idle = true;
	if (number == UINT32_MAX) {
		number = (uint32_t)c->chains.count;
		if (number == c->stride && !resize(c, c->slot_room, 2 * c->stride))
			return false;
		vec_push(&c->chains, (struct chain){.end = TXN_NONE});
	}
	struct chain *chain = &c->chains.items[number];
	c->chain[txn] = number;
	c->chain_before[txn] = chain->end;
	c->number[txn] = ++chain->length;
	chain->end = txn;
	chain->is_idle = !has_next(c->w, txn);
	return true;
}

/* ---- the dead -------------------------------------------------------------------------
 */

static void
lose_seer(struct clocks *c, uint32_t txn)
{
	if (--c->seers[txn] == 0)
		vec_push(&c->dying, txn);
}

static void
leave_chain(struct clocks *c, uint32_t txn)
{
	struct chain *chain = &c->chains.items[c->chain[txn]];

	if (c->number[txn] != 0 && chain->end == txn) {
		chain->length--;
		chain->end = c->chain_before[txn];
	}
	c->number[txn] = 0;
}

/* Nobody to come can see it: those that it saw lose a seer. */
static void
bury(struct clocks *c, uint32_t first)
{
	const struct weak *w = c->w;
	uint32_t source;

	vec_push(&c->dying, first);
	while (c->dying.count > 0) {
		uint32_t txn = vec_pop(&c->dying);
		leave_chain(c, txn);
		if (rw_weak_previous(w, txn) != TXN_NONE)
			lose_seer(c, rw_weak_previous(w, txn));
		each_access(read, w, txn)
		{
			if (rw_weak_source(read, &source) && source != TXN_NONE)
				lose_seer(c, source);
		}
	}
}

bool
clocks_leave(struct clocks *c, uint32_t txn)
{
	const struct weak *w = c->w;
	uint32_t source;

	each_access(read, w, txn)
	{
		if (rw_weak_source(read, &source) && source != TXN_NONE)
			use_up(c, source);
	}
	if (c->seers[txn] == 0) {
		uint32_t previous = rw_weak_previous(w, txn);
		if (previous != TXN_NONE)
			c->chains.items[c->chain[previous]].is_idle = true;
		vec_push(&c->free_slots, c->slot[txn]);
		bury(c, txn);
		return true;
	}
	if (!join_chain(c, txn))
		return false;
	words_of(c, c->slot[txn])[c->chain[txn]] = c->number[txn];
	return true;
}

/* ---- the whole ------------------------------------------------------------------------
 */

static void
count_users(struct clocks *c)
{
	const struct weak *w = c->w;
	uint32_t source;

	for (uint32_t i = 0; i < w->count; i++) {
		uint32_t previous = rw_weak_previous(w, w->order[i]);
		if (previous != TXN_NONE)
			c->waiting[previous]++;
		each_access(read, w, w->order[i])
		{
			if (rw_weak_source(read, &source) && source != TXN_NONE)
				c->waiting[source]++;
		}
	}
	memcpy(c->seers, c->waiting, w->d->txns.of.count * sizeof(*c->seers));
}

void
clocks_init(struct clocks *c, const struct weak *w)
{
	size_t n = w->d->txns.of.count;
	size_t bytes =
		w->budget->bytes_max != 0 ? w->budget->bytes_max : BUDGET_BYTES_DEFAULT;

	*c = (struct clocks){.w = w, .bytes_max = bytes / 4};
	c->chain = mem_new(n, sizeof(*c->chain));
	c->number = mem_new(n, sizeof(*c->number));
	c->chain_before = mem_new(n, sizeof(*c->chain_before));
	c->waiting = mem_new(n, sizeof(*c->waiting));
	c->seers = mem_new(n, sizeof(*c->seers));
	c->slot = mem_new(n, sizeof(*c->slot));
	c->words = mem_new(ROOM_MIN * ROOM_MIN, sizeof(*c->words));
	c->slot_room = c->stride = ROOM_MIN;
	count_users(c);
}

void
clocks_release(struct clocks *c)
{
	free(c->chain);
	free(c->number);
	free(c->chain_before);
	free(c->waiting);
	free(c->seers);
	free(c->slot);
	free(c->words);
	vec_release(&c->chains);
	vec_release(&c->free_slots);
	vec_release(&c->dying);
}
