#include "checkers/online/permits.h"

#include "base/search.h"

enum {
	LEVELS_MAX = 64 /* beyond: not tried one by one */
};

/* How many of each kind. */
struct tally {
	uint32_t of[PERMIT_KINDS_MAX];
	size_t kinds;
};

/* ---- one operation takes effect ---- */

static bool
step(const struct permits *permits, uint32_t *out, const struct permit_kind *kind)
{
	if (kind->permits > (kind->is_acquire ? permits->most - *out : *out))
		return false;
	*out = kind->is_acquire ? *out + kind->permits : *out - kind->permits;
	return true;
}

static uint64_t
below(size_t number)
{
	return ((uint64_t)1 << number) - 1;
}

/* Books an effect on the last of the `count` first that has none, or on one that is lost. */
static bool
book(const struct permits *permits, struct permit_state *state, size_t kind, size_t count)
{
	uint64_t mask = count < PERMIT_POOL_MAX ? below(count) : UINT64_MAX;
	uint64_t idle = ~state->ahead[kind] & mask;

	if (idle != 0)
		state->ahead[kind] |= (uint64_t)1 << (63 - __builtin_clzll(idle));
	else if (state->lost[kind] < permits->kind[kind].lost)
		state->lost[kind]++;
	else
		return false;
	return true;
}

/* ---- what can be done later instead ---- */

/* The largest that fits, of those that acquire or of those that release. */
static size_t
largest_fitting(const struct permits *permits, const struct tally *rest, uint32_t out,
		bool is_acquire)
{
	size_t best = rest->kinds;

	for (size_t k = 0; k < rest->kinds; k++) {
		const struct permit_kind *kind = &permits->kind[k];
		uint32_t after = out;
		if (rest->of[k] > 0 && kind->is_acquire == is_acquire &&
		    step(permits, &after, kind) &&
		    (best == rest->kinds || kind->permits > permits->kind[best].permits))
			best = k;
	}
	return best;
}

static size_t
total(const struct tally *tally)
{
	size_t sum = 0;

	for (size_t k = 0; k < tally->kinds; k++)
		sum += tally->of[k];
	return sum;
}

/* Whether an order of them is found, with so many out at first; not all are looked for. */
static bool
can_follow(const struct permits *permits, struct tally rest, uint32_t out)
{
	for (size_t left = total(&rest); left > 0; left--) {
		size_t k = largest_fitting(permits, &rest, out, true);
		if (k == rest.kinds)
			k = largest_fitting(permits, &rest, out, false);
		if (k == rest.kinds)
			return false;
		step(permits, &out, &permits->kind[k]);
		rest.of[k]--;
	}
	return true;
}

/* Two of the size can be out, but for one permit: then an acquire fits, or a release. */
static bool
has_room(const struct permits *permits, uint32_t size)
{
	return permits->most >= 2 * (uint64_t)size - 1;
}

/* However many are out. Acquires and releases of a tally are as many permits: while there
 * are both, one of them fits, and those that are left then lead to where it began. */
static bool
can_follow_anywhere(const struct permits *permits, const struct tally *tally)
{
	uint32_t largest = 1;

	for (size_t k = 0; k < tally->kinds; k++)
		if (tally->of[k] > 0 && permits->kind[k].permits > largest)
			largest = permits->kind[k].permits;
	if (has_room(permits, largest))
		return true;
	for (uint32_t out = 0; out <= permits->most; out++)
		if (permits->most > LEVELS_MAX || !can_follow(permits, *tally, out))
			return false;
	return true;
}

/* ---- which state is better ---- */

static uint32_t
effects(const struct permit_state *state, size_t kind)
{
	return (uint32_t)__builtin_popcountll(state->ahead[kind]) + state->lost[kind];
}

/* Of the last `most` effects of the kind `a` has each as late as `b`. */
static bool
is_as_late(const struct permit_state *a, const struct permit_state *b, size_t kind,
	   uint32_t most)
{
	uint64_t rest = b->ahead[kind];

	for (uint32_t rank = 1; rest != 0 && rank <= most; rank++) {
		int last = 63 - __builtin_clzll(rest);
		if ((uint32_t)__builtin_popcountll(a->ahead[kind] >> last) < rank)
			return false;
		rest &= ~((uint64_t)1 << last);
	}
	return true;
}

/* What `b` did beyond `a` in *more. False: `a` did more of a kind. */
static bool
compare(const struct permits *permits, const struct permit_state *a,
	const struct permit_state *b, struct tally *more)
{
	more->kinds = permits->kinds;
	for (size_t k = 0; k < permits->kinds; k++) {
		uint32_t of_a = effects(a, k), of_b = effects(b, k);
		if (of_a > of_b)
			return false;
		more->of[k] = of_b - of_a;
	}
	return true;
}

/* As many of a kind as are open took effect: nothing that ends can need more of them. */
static bool
is_more_useless(const struct permits *permits, const struct permit_state *a,
		const struct permit_state *b, const struct tally *more)
{
	for (size_t k = 0; k < permits->kinds; k++)
		if ((more->of[k] > 0 && effects(a, k) < permits->kind[k].open) ||
		    !is_as_late(a, b, k, effects(a, k)))
			return false;
	return true;
}

/* With what `b` did beyond done now, `a` is as late. */
static bool
is_late_after(const struct permits *permits, const struct permit_state *a,
	      const struct permit_state *b, const struct tally *more)
{
	struct permit_state after = *a;

	for (size_t k = 0; k < permits->kinds; k++) {
		for (uint32_t i = 0; i < more->of[k]; i++)
			if (!book(permits, &after, k, permits->kind[k].pool.count))
				return false;
		if (!is_as_late(&after, b, k, UINT32_MAX))
			return false;
	}
	return true;
}

/* All that can follow `b` can follow `a`. On the way to an end it is not known how many are
 * out when what is left for later has its turn. */
static bool
is_as_good(const struct permits *permits, const struct permit_state *a,
	   const struct permit_state *b, bool is_on_way)
{
	struct tally more;

	if (a->out != b->out || !compare(permits, a, b, &more))
		return false;
	if (is_more_useless(permits, a, b, &more))
		return true;
	if (!is_late_after(permits, a, b, &more))
		return false;
	return is_on_way ? can_follow_anywhere(permits, &more)
			 : can_follow(permits, more, a->out);
}

static void
add(struct permits *permits, struct permit_states *list, const struct permit_state *state)
{
	if (list->count == PERMIT_STATES_MAX)
		permits->is_over = true;
	else
		vec_push(list, *state);
}

/* For the next moment: the best only. */
static void
keep(struct permits *permits, const struct permit_state *state)
{
	size_t kept = 0;

	vec_each (struct permit_state, other, &permits->next)
		if (is_as_good(permits, other, state, false))
			return;
	for (size_t i = 0; i < permits->next.count; i++)
		if (!is_as_good(permits, state, &permits->next.items[i], false))
			permits->next.items[kept++] = permits->next.items[i];
	permits->next.count = kept;
	add(permits, &permits->next, state);
}

/* On the way to there: those that are looked at already stay where they are. */
static void
see(struct permits *permits, const struct permit_state *state)
{
	vec_each (struct permit_state, other, &permits->seen)
		if (is_as_good(permits, other, state, true))
			return;
	add(permits, &permits->seen, state);
}

/* ---- an operation that succeeded ---- */

/* It was an effect since it began, its own or the earliest; its bit remains set till it
 * leaves the pool. */
static void
end_ahead(struct permits *permits, const struct permit_state *state, uint32_t kind,
	  size_t number)
{
	struct permit_state after = *state;
	uint64_t bit = (uint64_t)1 << number;

	if (!(state->ahead[kind] & bit)) {
		uint64_t later = state->ahead[kind] & ~below(number);
		if (later == 0)
			return;
		after.ahead[kind] = (after.ahead[kind] & ~(later & -later)) | bit;
	}
	keep(permits, &after);
}

/* It takes effect only now: the effect that was booked on it was another's. */
static bool
clear_booked(const struct permits *permits, struct permit_state *state, uint32_t kind,
	     size_t number)
{
	uint64_t bit = (uint64_t)1 << number;

	if ((state->ahead[kind] & bit) && !book(permits, state, kind, number))
		return false;
	state->ahead[kind] |= bit;
	return true;
}

static void
try_ahead(struct permits *permits, const struct permit_state *state)
{
	for (size_t k = 0; k < permits->kinds; k++) {
		struct permit_state after = *state;
		if (step(permits, &after.out, &permits->kind[k]) &&
		    book(permits, &after, k, permits->kind[k].pool.count))
			see(permits, &after);
	}
}

/* All orders of what may have taken effect before it. */
static void
spread(struct permits *permits, uint32_t kind)
{
	for (size_t i = 0; i < permits->seen.count && !permits->is_over; i++) {
		struct permit_state state = permits->seen.items[i], after = state;
		bool fits = step(permits, &after.out, &permits->kind[kind]);
		if (fits)
			keep(permits, &after);
		if (!fits || !permits->is_greedy)
			try_ahead(permits, &state);
	}
}

static void
end_ok(struct permits *permits, uint32_t kind, size_t number)
{
	vec_clear(&permits->seen);
	vec_each (struct permit_state, state, &permits->now) {
		struct permit_state open = *state;
		end_ahead(permits, state, kind, number);
		if (clear_booked(permits, &open, kind, number))
			see(permits, &open);
	}
	spread(permits, kind);
}

static void
end_fail(struct permits *permits, uint32_t kind, size_t number)
{
	vec_each (struct permit_state, state, &permits->now) {
		struct permit_state after = *state;
		if (clear_booked(permits, &after, kind, number))
			keep(permits, &after);
	}
}

/* ---- the pools ---- */

static void
leave_pool(struct permits *permits, struct permit_states *states, uint32_t kind,
	   size_t number)
{
	struct permit_kind *of = &permits->kind[kind];

	of->open -= of->pool.items[number].is_open;
	vec_remove(&of->pool, number);
	vec_each (struct permit_state, state, states) {
		uint64_t bits = state->ahead[kind];
		state->ahead[kind] =
			(bits & below(number)) | (bits >> 1 & ~below(number));
	}
}

/* The first of a pool is lost: an effect may have been this one whenever it was. */
static void
lose_first(struct permits *permits, uint32_t kind)
{
	vec_each (struct permit_state, state, &permits->now)
		state->lost[kind] += state->ahead[kind] & 1;
	permits->kind[kind].lost++;
	leave_pool(permits, &permits->now, kind, 0);
}

/* What all states have used of those that are lost has happened. */
static void
settle(struct permits *permits, uint32_t kind)
{
	uint32_t least = permits->kind[kind].lost;

	vec_each (struct permit_state, state, &permits->now)
		least = state->lost[kind] < least ? state->lost[kind] : least;
	vec_each (struct permit_state, state, &permits->now)
		state->lost[kind] -= least;
	permits->kind[kind].lost -= least;
}

static void
tidy(struct permits *permits, uint32_t kind)
{
	struct permit_kind *of = &permits->kind[kind];

	while (of->pool.count > 0 && !of->pool.items[0].is_open)
		lose_first(permits, kind);
	settle(permits, kind);
}

/* ---- from outside ---- */

static bool
is_in_use(const struct permit_kind *kind)
{
	return kind->pool.count > 0 || kind->lost > 0;
}

static uint32_t
kind_of(const struct permits *permits, bool is_acquire, uint32_t count)
{
	uint32_t unused = (uint32_t)permits->kinds;

	for (uint32_t k = 0; k < permits->kinds; k++) {
		const struct permit_kind *kind = &permits->kind[k];
		if (kind->is_acquire == is_acquire && kind->permits == count)
			return k;
		if (!is_in_use(kind))
			unused = k;
	}
	return unused;
}

/* While there is room for all that is in use, an operation that fits need not wait for
 * others: these fit after it as well. */
static void
see_room(struct permits *permits)
{
	permits->is_greedy = true;
	for (size_t k = 0; k < permits->kinds; k++)
		if (is_in_use(&permits->kind[k]) &&
		    permits->kind[k].permits <= permits->most &&
		    !has_room(permits, permits->kind[k].permits))
			permits->is_greedy = false;
}

bool
permits_begin(struct permits *permits, bool is_acquire, uint32_t count, int64_t began,
	      uint32_t *kind)
{
	*kind = kind_of(permits, is_acquire, count);
	if (*kind == PERMIT_KINDS_MAX)
		return false;
	permits->kinds += *kind == permits->kinds;
	struct permit_kind *of = &permits->kind[*kind];
	of->is_acquire = is_acquire;
	of->permits = count;
	if (of->pool.count == PERMIT_POOL_MAX) {
		lose_first(permits, *kind);
		tidy(permits, *kind);
	}
	vec_push(&of->pool, (struct permit_ask){began, true});
	of->open++;
	see_room(permits);
	return true;
}

/* The operation has left the pool, with `next` for what can be by now. */
static enum permits_verdict
conclude(struct permits *permits, uint32_t kind, size_t number)
{
	struct permit_states before = permits->now;

	if (permits->is_over)
		return PERMITS_UNKNOWN;
	if (permits->next.count == 0)
		return PERMITS_BROKEN;
	leave_pool(permits, &permits->next, kind, number);
	permits->now = permits->next;
	permits->next = before;
	tidy(permits, kind);
	return PERMITS_FINE;
}

enum permits_verdict
permits_end(struct permits *permits, uint32_t kind, int64_t began, enum op_type type)
{
	struct permit_kind *of = &permits->kind[kind];
	size_t number;

	search_first(number, 0, of->pool.count, of->pool.items[number].began < began);
	if (number == of->pool.count || of->pool.items[number].began != began)
		return PERMITS_UNHEARD;
	if (type == OP_INFO) {
		of->pool.items[number].is_open = false;
		of->open--;
		tidy(permits, kind);
		return PERMITS_FINE;
	}
	vec_clear(&permits->next);
	if (type == OP_OK)
		end_ok(permits, kind, number);
	else
		end_fail(permits, kind, number);
	return conclude(permits, kind, number);
}

void
permits_start(struct permits *permits, uint32_t most)
{
	permits->most = most;
	vec_push(&permits->now, (struct permit_state){.out = 0});
}

void
permits_release(struct permits *permits)
{
	for (size_t k = 0; k < permits->kinds; k++)
		vec_release(&permits->kind[k].pool);
	vec_release(&permits->now);
	vec_release(&permits->seen);
	vec_release(&permits->next);
}

size_t
permits_bytes(const struct permits *permits)
{
	size_t bytes = (permits->now.capacity + permits->seen.capacity +
			permits->next.capacity) *
		       sizeof(struct permit_state);

	for (size_t k = 0; k < permits->kinds; k++)
		bytes += permits->kind[k].pool.capacity * sizeof(struct permit_ask);
	return bytes;
}
