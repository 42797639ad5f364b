#include "checkers/online/holders.h"

#define NO_TOKEN_YET INT64_MIN

/* ---- one operation takes effect ---- */

/* Held already: the token is the same one, which may be met for the first time. */
static bool
meet_token(struct holding *holding, const struct holder_call *call)
{
	if (!call->has_token)
		return true;
	bool fits = holding->is_exact ? call->token == holding->token
				      : call->token >= holding->token;
	holding->token = call->token;
	holding->is_exact = true;
	return fits;
}

/* A token that nobody knows is taken as small as it can be. */
static bool
take_token(struct holding *holding, const struct holder_call *call)
{
	int64_t before = holding->token;

	holding->is_exact = call->has_token;
	holding->token =
		call->has_token ? call->token : before + (before != NO_TOKEN_YET);
	return !call->has_token || call->token > before;
}

static bool
acquire(const struct holders *holders, struct holding *holding,
	const struct holder_call *call)
{
	bool is_held = holding->out > 0;

	if (is_held && holding->owner != call->owner)
		return false;
	if (holding->out == holders->deepest)
		return false;
	holding->owner = call->owner;
	holding->out++;
	if (!holders->has_tokens)
		return true;
	return is_held ? meet_token(holding, call) : take_token(holding, call);
}

static bool
give_back(struct holding *holding, const struct holder_call *call)
{
	if (holding->out == 0 || holding->owner != call->owner)
		return false;
	holding->out--;
	if (holding->out == 0)
		holding->owner = 0;
	return true;
}

static bool
step(const struct holders *holders, struct holding *holding,
     const struct holder_call *call)
{
	return call->is_acquire ? acquire(holders, holding, call)
				: give_back(holding, call);
}

/* ---- sets of holdings ---- */

static uint32_t
uses(const struct holding *holding, uint32_t lost)
{
	for (size_t i = 0; i < holding->kinds; i++)
		if (holding->used[i].lost == lost)
			return holding->used[i].count;
	return 0;
}

static bool
uses_no_more(const struct holding *a, const struct holding *b)
{
	for (size_t i = 0; i < a->kinds; i++)
		if (a->used[i].count > uses(b, a->used[i].lost))
			return false;
	return true;
}

static bool
is_alike(const struct holding *a, const struct holding *b)
{
	return a->token == b->token && a->owner == b->owner && a->taken == b->taken &&
	       a->out == b->out && a->is_exact == b->is_exact;
}

static bool
is_known(const struct holding_list *list, const struct holding *holding)
{
	vec_each (struct holding, other, list)
		if (is_alike(other, holding) && uses_no_more(other, holding))
			return true;
	return false;
}

/* Takes out those that are no better than the holding. */
static void
drop_worse(struct holding_list *list, const struct holding *holding)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct holding *other = &list->items[i];
		if (is_alike(other, holding) && uses_no_more(holding, other))
			continue;
		if (kept < i)
			list->items[kept] = *other;
		kept++;
	}
	list->count = kept;
}

static void
add(struct holders *holders, struct holding_list *list, const struct holding *holding)
{
	if (list->count == HOLDINGS_MAX)
		holders->is_over = true;
	else
		vec_push(list, *holding);
}

/* For the next moment: only the best of those that are alike. */
static void
keep(struct holders *holders, const struct holding *holding)
{
	if (is_known(&holders->next, holding))
		return;
	drop_worse(&holders->next, holding);
	add(holders, &holders->next, holding);
}

/* On the way to there: those that are looked at already stay where they are. */
static void
keep_seen(struct holders *holders, const struct holding *holding)
{
	if (!is_known(&holders->seen, holding))
		add(holders, &holders->seen, holding);
}

static void
use(struct holders *holders, struct holding *holding, uint32_t lost)
{
	for (size_t i = 0; i < holding->kinds; i++)
		if (holding->used[i].lost == lost) {
			holding->used[i].count++;
			return;
		}
	if (holding->kinds == HOLDING_KINDS_MAX)
		holders->is_over = true;
	else
		holding->used[holding->kinds++] = (struct holding_use){lost, 1};
}

/* ---- operations of unknown outcome ---- */

static uint64_t
lost_key(bool is_acquire, online_value owner)
{
	return owner * 0x9e3779b97f4a7c15u + is_acquire;
}

static uint32_t
lost_of(struct holders *holders, const struct holder_call *call)
{
	uint64_t key = lost_key(call->is_acquire, call->owner);
	uint32_t id = table_find(&holders->lost_ids, key);

	if (id != TABLE_NONE)
		return id;
	id = (uint32_t)holders->lost.count;
	if (holders->free_lost.count > 0)
		id = vec_pop(&holders->free_lost);
	else
		vec_push(&holders->lost, (struct holders_lost){.count = 0});
	holders->lost.items[id] = (struct holders_lost){.call = *call};
	table_put(&holders->lost_ids, key, id);
	return id;
}

/* The holding after one of unknown outcome. */
static void
take_lost(struct holders *holders, const struct holding *holding, bool is_acquire,
	  online_value owner)
{
	uint32_t id = table_find(&holders->lost_ids, lost_key(is_acquire, owner));
	struct holding after = *holding;

	if (id == TABLE_NONE || uses(holding, id) >= holders->lost.items[id].count ||
	    !step(holders, &after, &holders->lost.items[id].call))
		return;
	use(holders, &after, id);
	keep_seen(holders, &after);
}

/* How many of one kind all holdings have used. */
static uint32_t
used_by_all(const struct holders *holders, struct holding_use first)
{
	uint32_t least = first.count;

	for (size_t i = 1; i < holders->now.count && least > 0; i++) {
		uint32_t used = uses(&holders->now.items[i], first.lost);
		least = used < least ? used : least;
	}
	return least;
}

static void
forget_uses(struct holding *holding, uint32_t lost, uint32_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < holding->kinds; i++) {
		struct holding_use use = holding->used[i];
		use.count -= use.lost == lost ? count : 0;
		if (use.count > 0)
			holding->used[kept++] = use;
	}
	holding->kinds = (uint8_t)kept;
}

static void
forget_lost(struct holders *holders, uint32_t id, uint32_t count)
{
	struct holders_lost *lost = &holders->lost.items[id];

	lost->count -= count;
	if (lost->count > 0)
		return;
	table_remove(&holders->lost_ids,
		     lost_key(lost->call.is_acquire, lost->call.owner));
	vec_push(&holders->free_lost, id);
}

/* What all holdings have used has happened: it is neither lost nor counted any more. */
static void
settle(struct holders *holders)
{
	struct holding first = holders->now.items[0];

	for (size_t i = 0; i < first.kinds; i++) {
		uint32_t id = first.used[i].lost;
		uint32_t count = used_by_all(holders, first.used[i]);
		if (count == 0)
			continue;
		vec_each (struct holding, holding, &holders->now)
			forget_uses(holding, id, count);
		forget_lost(holders, id, count);
	}
}

/* ---- what can have been before an operation that ended ---- */

/* Without owners only how often it is held matters, and of sets of operations one inside
 * the other the smaller can do all that the larger can. */
static bool
is_counted(const struct holders *holders)
{
	return holders->has_one_owner && !holders->has_tokens;
}

/* Those of unknown outcome that can make an operation possible which is not: a release of
 * what is held, an acquire of who is to release. A nested acquire also saves a token. */
static void
try_lost(struct holders *holders, const struct holding *holding,
	 const struct holder_call *stuck)
{
	bool is_nested = holders->has_tokens && holders->deepest > 1;
	struct holding after = *holding;

	if (step(holders, &after, stuck) && !(is_nested && !stuck->is_acquire))
		return;
	if (holding->out > 0 && (stuck->is_acquire || !is_counted(holders)))
		take_lost(holders, holding, false, holding->owner);
	if (!stuck->is_acquire || (holders->has_one_owner && !is_counted(holders)))
		take_lost(holders, holding, true, stuck->owner);
}

static void
try_open(struct holders *holders, const struct holding *holding, uint32_t ending)
{
	bool is_acquire = holders->open.items[ending].is_acquire;
	uint64_t rest = holders->open_bits & ~holding->taken & ~((uint64_t)1 << ending);

	for (; rest != 0; rest &= rest - 1) {
		uint32_t number = (uint32_t)__builtin_ctzll(rest);
		const struct holder_call *call = &holders->open.items[number];
		struct holding after = *holding;
		if (is_counted(holders) && call->is_acquire == is_acquire)
			continue;
		after.taken |= (uint64_t)1 << number;
		if (step(holders, &after, call))
			keep_seen(holders, &after);
		if (!is_counted(holders))
			try_lost(holders, holding, call);
	}
}

/* All orders of open operations and of those of unknown outcome, up to the one that ends. */
static void
spread(struct holders *holders, const struct holding *from, uint32_t ending)
{
	const struct holder_call *call = &holders->open.items[ending];

	vec_clear(&holders->seen);
	vec_push(&holders->seen, *from);
	for (size_t i = 0; i < holders->seen.count && !holders->is_over; i++) {
		struct holding holding = holders->seen.items[i], after = holding;
		bool fits = step(holders, &after, call);
		if (fits)
			keep(holders, &after);
		if (fits && is_counted(holders))
			continue;
		try_open(holders, &holding, ending);
		try_lost(holders, &holding, call);
	}
}

/* Those in which it has taken effect: no two become alike by that. */
static void
end_taken(struct holders *holders, uint64_t bit)
{
	vec_each (struct holding, holding, &holders->now) {
		if (!(holding->taken & bit))
			continue;
		vec_push(&holders->next, *holding);
		vec_last(&holders->next)->taken &= ~bit;
	}
}

static void
find_next(struct holders *holders, uint32_t ending)
{
	uint64_t bit = (uint64_t)1 << ending;

	vec_clear(&holders->next);
	end_taken(holders, bit);
	for (size_t i = 0; i < holders->now.count && !holders->is_over; i++)
		if (!(holders->now.items[i].taken & bit))
			spread(holders, &holders->now.items[i], ending);
}

static void
drop_taken(struct holders *holders, uint32_t number)
{
	vec_clear(&holders->next);
	vec_each (struct holding, holding, &holders->now)
		if (!(holding->taken >> number & 1))
			vec_push(&holders->next, *holding);
}

static void
lose(struct holders *holders, uint32_t number)
{
	uint32_t id = lost_of(holders, &holders->open.items[number]);
	uint64_t bit = (uint64_t)1 << number;

	holders->lost.items[id].count++;
	vec_clear(&holders->next);
	vec_each (struct holding, holding, &holders->now) {
		struct holding after = *holding;
		after.taken &= ~bit;
		if (holding->taken & bit)
			use(holders, &after, id);
		keep(holders, &after);
	}
}

static enum holders_state
conclude(struct holders *holders, uint32_t number, enum op_type type)
{
	if (holders->is_over)
		return HOLDERS_UNKNOWN;
	if (holders->next.count > 0) {
		struct holding_list before = holders->now;
		holders->now = holders->next;
		holders->next = before;
		settle(holders);
		return HOLDERS_FINE;
	}
	if (type != OP_OK || !holders->has_tokens)
		return HOLDERS_BROKEN;
	holders->has_tokens = false;
	find_next(holders, number);
	return holders->next.count > 0 ? HOLDERS_BROKEN_BY_TOKEN : HOLDERS_BROKEN;
}

/* ---- from outside ---- */

bool
holders_begin(struct holders *holders, const struct holder_call *call, uint32_t *number)
{
	if (holders->open_bits == UINT64_MAX)
		return false;
	*number = (uint32_t)__builtin_ctzll(~holders->open_bits);
	if (*number == holders->open.count)
		vec_push(&holders->open, *call);
	holders->open.items[*number] = *call;
	holders->open_bits |= (uint64_t)1 << *number;
	return true;
}

enum holders_state
holders_end(struct holders *holders, uint32_t number, enum op_type type,
	    const int64_t *token)
{
	struct holder_call *call = &holders->open.items[number];

	if (token != NULL) {
		call->has_token = true;
		call->token = *token;
	}
	if (type == OP_OK)
		find_next(holders, number);
	else if (type == OP_FAIL)
		drop_taken(holders, number);
	else
		lose(holders, number);
	enum holders_state state = conclude(holders, number, type);
	holders->open_bits &= ~((uint64_t)1 << number);
	return state;
}

void
holders_start(struct holders *holders)
{
	vec_push(&holders->now, (struct holding){.token = NO_TOKEN_YET});
}

void
holders_release(struct holders *holders)
{
	vec_release(&holders->now);
	vec_release(&holders->seen);
	vec_release(&holders->next);
	vec_release(&holders->open);
	vec_release(&holders->lost);
	vec_release(&holders->free_lost);
	table_release(&holders->lost_ids);
}

size_t
holders_bytes(const struct holders *holders)
{
	return (holders->now.capacity + holders->seen.capacity + holders->next.capacity) *
		       sizeof(struct holding) +
	       holders->open.capacity * sizeof(struct holder_call) +
	       holders->lost.capacity * sizeof(struct holders_lost) +
	       holders->free_lost.capacity * sizeof(uint32_t) +
	       table_bytes(&holders->lost_ids);
}
