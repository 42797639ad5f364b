#include "checkers/transaction/rw_core.h"

#include "base/search.h"
#include "checkers/transaction/rw_shortest.h"

#include <stdlib.h>
#include <string.h>

enum {
	ROUNDS_MAX = 4,
	ORDERS = 6, /* in which one after the other is left out */
	FEW = 64,   /* about so few, questions cost next to nothing */
	/* So many are looked at for a shorter derivation; fewer where each two may be apart in
	 * time; more when no small one is among these. */
	NEAR_TXNS = 300,
	WIDE_TXNS = SHORTEST_TXNS_MAX,
	SMALL = 12
};

struct shrinking {
	const struct rw_core_search *search;
	int64_t effort; /* transactions that may still be asked about */
	uint32_t *rest; /* owned: what is asked next; room for the core */
};

static bool
ask(struct shrinking *s, const uint32_t *txns, uint32_t count, struct rw_answer *answer)
{
	const struct rw_core_search *search = s->search;

	s->effort -= count;
	rw_order_try(search->d, txns, count, search->question, search->budget, answer);
	return answer->verdict == VERDICT_INVALID;
}

static bool
has_no_order(struct shrinking *s, const uint32_t *txns, uint32_t count)
{
	struct rw_answer answer;
	bool none = ask(s, txns, count, &answer);

	rw_answer_release(&answer);
	return none;
}

/* ---- leaving out ---------------------------------------------------------------------- */

/* When those in ->rest have no order they become the core, or what the search needed of them
 * to show it does, if that is much less: it must be asked about again. */
static bool
take_rest(struct shrinking *s, uint32_t left, uint32_t *core, uint32_t *count)
{
	struct rw_answer answer;
	bool none = ask(s, s->rest, left, &answer);

	if (none && answer.core.count < left - left / 8 &&
	    has_no_order(s, answer.core.items, (uint32_t)answer.core.count)) {
		left = (uint32_t)answer.core.count;
		memcpy(s->rest, answer.core.items, left * sizeof(*core));
	}
	rw_answer_release(&answer);
	if (!none)
		return false;
	memcpy(core, s->rest, left * sizeof(*core));
	*count = left;
	return true;
}

/* How many of the core come before a transaction. */
static uint32_t
count_before(const uint32_t *core, uint32_t count, uint32_t txn)
{
	uint32_t before;

	search_first(before, 0, count, core[before] < txn);
	return before;
}

/* Leaves out chunks, half of all at first, until at most `enough` are left. */
static void
leave_out_chunks(struct shrinking *s, uint32_t enough, uint32_t *core, uint32_t *count)
{
	for (uint32_t chunk = (*count + 1) / 2; chunk > 0; chunk /= 2)
		for (uint32_t start = 0; start<*count && * count> enough;) {
			uint32_t cut = *count - start < chunk ? *count - start : chunk;
			uint32_t left = *count - cut, first = core[start];
			if (s->effort <= 0 || budget_is_over(s->search->budget))
				return;
			memcpy(s->rest, core, start * sizeof(*core));
			memcpy(s->rest + start, core + start + cut,
			       (left - start) * sizeof(*core));
			if (left > 0 && take_rest(s, left, core, count))
				start = count_before(core, *count, first);
			else
				start += cut;
		}
}

/* All that are not gone, into ->rest. */
static uint32_t
list_rest(struct shrinking *s, const uint32_t *core, uint32_t count, const bool *gone)
{
	uint32_t left = 0;

	for (uint32_t i = 0; i < count; i++)
		if (!gone[i])
			s->rest[left++] = core[i];
	return left;
}

/* Leaves out one after the other, from the place `first` on, round about, forwards or
 * backwards; returns how many cannot be left out, which are in ->rest. */
static uint32_t
leave_out_each(struct shrinking *s, const uint32_t *core, uint32_t count, uint32_t first,
	       bool backwards)
{
	bool *gone = mem_new(count, sizeof(*gone));

	for (uint32_t i = 0; i < count && s->effort > 0; i++) {
		uint32_t place = (first + (backwards ? count - i : i)) % count;
		gone[place] = true;
		uint32_t left = list_rest(s, core, count, gone);
		gone[place] = left > 0 && has_no_order(s, s->rest, left);
	}
	uint32_t left = list_rest(s, core, count, gone);
	free(gone);
	return left;
}

/* Leaves out what it can in several orders, and keeps the smallest rest. */
static void
leave_out_most(struct shrinking *s, uint32_t *core, uint32_t *count)
{
	uint32_t *best = mem_new(*count, sizeof(*best)), best_count = *count;
	int orders = *count <= FEW ? ORDERS : 1;

	memcpy(best, core, *count * sizeof(*core));
	for (int i = 0; i < orders && !budget_is_over(s->search->budget); i++) {
		uint32_t left = leave_out_each(s, core, *count,
					       *count * (uint32_t)i / ORDERS, i % 2 != 0);
		if (left >= best_count)
			continue;
		memcpy(best, s->rest, left * sizeof(*best));
		best_count = left;
	}
	memcpy(core, best, best_count * sizeof(*core));
	*count = best_count;
	free(best);
}

/* ---- what is near --------------------------------------------------------------------- */

static uint32_t
place_in_all(const struct rw_core_search *search, uint32_t txn)
{
	uint32_t behind;

	search_first(behind, 1, search->all_count, search->all[behind] <= txn);
	return behind - 1;
}

/* The transactions of the core and as many to each side of each as make `max` together. */
static uint32_t
find_near(const struct rw_core_search *search, const uint32_t *core, uint32_t count,
	  uint32_t max, uint32_t *near)
{
	uint32_t reach = (max - count) / (2 * count), next = 0, found = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t place = place_in_all(search, core[i]);
		uint32_t from = place > reach ? place - reach : 0;
		for (next = from > next ? from : next;
		     next <= place + reach && next < search->all_count; next++)
			near[found++] = search->all[next];
	}
	return found;
}

/* Looks for a shorter derivation; true when it led to a smaller core. What has no parallel
 * snapshots has no snapshots, and maybe for the same reason. */
static bool
look_nearby(struct shrinking *s, uint32_t max, uint32_t *core, uint32_t *count)
{
	const struct rw_core_search *search = s->search;
	struct rw_question question = *search->question;
	uint32_t near[SHORTEST_TXNS_MAX], found[SHORTEST_TXNS_MAX];

	question.snapshot |= question.parallel;
	if (*count > max)
		return false;
	uint32_t few =
		rw_shortest_core(search->d, &question, search->budget, near,
				 find_near(search, core, *count, max, near), found);
	if (few == 0 || few > *count || !has_no_order(s, found, few))
		return false;
	leave_out_most(s, found, &few);
	if (few >= *count)
		return false;
	memcpy(core, found, few * sizeof(*core));
	*count = few;
	return true;
}

void
rw_core_shrink(const struct rw_core_search *search, uint32_t *core, uint32_t *count)
{
	struct shrinking s = {.search = search,
			      .effort = search->effort_max,
			      .rest = mem_new(*count, sizeof(*s.rest))};
	bool is_timed = search->question->realtime;
	uint32_t near =
		is_timed || search->question->snapshot || search->question->parallel
			? NEAR_TXNS
			: 2 * NEAR_TXNS;

	leave_out_chunks(&s, near, core, count);
	for (int i = 0; i < ROUNDS_MAX && look_nearby(&s, near, core, count); i++)
		;
	leave_out_chunks(&s, FEW, core, count);
	leave_out_most(&s, core, count);
	if (*count > SMALL && !is_timed)
		look_nearby(&s, WIDE_TXNS, core, count);
	free(s.rest);
}
