/* PRAM and causal memory of many sessions: what views.c asks, without clocks and rows.
 *
 * All operations stand in a row that respects session order and, for causal memory, causes
 * (lineup.h). The view of a session is that row but for a piece of it, from its first read,
 * or what it read from where the key was written since, to its last: what stands before the
 * piece comes first in the view, as it stands, and what stands behind it last. Within the
 * piece, as in views.c:
 *	1. The slot of an operation is the first read of the session that it must precede,
 *	   found by a walk back from each read.
 *	2. If ri returned w, every other write of the key whose slot is not behind ri gets no
 *	   later slot than w, with all that is before it, until nothing changes. An own later
 *	   operation that gets an earlier slot: a contradiction.
 *	3. In one slot these writes go before w: rings are a contradiction.
 * Each of these steps was forced. Where it holds for the piece, the view is right: a read whose
 * source stands before the piece returns the last write there, and no write of the key in the
 * piece has to come before it. (When it turns out that one has to, the piece begins with the
 * source, and all is done again.)
 *
 * Linear in the pieces, which is about as many operations as there were clients at once for
 * each operation of a session; a few passes. */
#include "checkers/budget.h"
#include "checkers/sort.h"
#include "checkers/weak/lineup.h"
#include "checkers/weak/weak_models.h"

#include <string.h>

#define NO_SLOT UINT32_MAX

struct pair {
	uint32_t before, after;
};

/* A write in the list of its slot; stale when it has an earlier one by now. */
struct member {
	uint32_t write, next; /* next: + 1; 0: none */
};

struct near_view {
	const struct weak *weak;
	const struct weak_limits *limits;
	const struct lineup *row;
	bool is_causal;
	uint32_t session, from, to; /* the piece of the row */
	VEC(uint32_t) reads;	    /* of the session */
	VEC(uint32_t) members;	    /* by read: the last of its slot's writes, + 1 */
	VEC(struct member) all_members;
	uint32_t *slot; /* owned, by id */
	VEC(uint32_t) open;
	VEC(struct pair) within;
	VEC(uint32_t) ids; /* what is given */
	bool has_changed, reaches_back;
	const char *broken;
	uint32_t at;
	struct placing *placing;
};

enum {
	NEAR_BYTES_EACH = LINEUP_BYTES_EACH + 64 /* an operation */
};

/* ---- the piece ------------------------------------------------------------------------
 */

/* The piece has to begin with the source of a read whose key was written since. */
static void
begin_at(struct near_view *view, uint32_t read, uint32_t end)
{
	uint32_t source = view->weak->source[read];
	uint32_t first = source == WEAK_INITIAL ? 0 : view->row->place[source];
	struct lineup_range since =
		lineup_between(view->row, view->weak->key[read],
			       source == WEAK_INITIAL ? 0 : first + 1, end);

	if (since.from == since.to)
		return;
	if (source == WEAK_INITIAL)
		first = view->row->writes[since.from];
	view->from = first < view->from ? first : view->from;
}

static void
find_piece(struct near_view *view)
{
	const struct weak *weak = view->weak;
	uint32_t end = weak->start[view->session + 1];

	for (uint32_t v = weak->start[view->session]; v < end; v++)
		if (!weak_is_write(weak, v)) {
			vec_push(&view->reads, v);
			vec_push(&view->members, 0);
		}
	view->from = view->to = 0;
	if (view->reads.count == 0)
		return;
	view->from = view->row->place[view->reads.items[0]];
	vec_each (uint32_t, read, &view->reads) {
		uint32_t source = weak->source[*read];
		uint32_t last = view->row->place[*read];
		if (source != WEAK_INITIAL && view->row->place[source] > last)
			last = view->row->place[source];
		begin_at(view, *read, last);
		view->to = last + 1 > view->to ? last + 1 : view->to;
	}
}

/* ---- slots ----------------------------------------------------------------------------
 */

static void
lower(struct near_view *view, uint32_t id, uint32_t slot)
{
	if (view->row->place[id] < view->from || view->slot[id] <= slot)
		return;
	view->slot[id] = slot;
	vec_push(&view->open, id);
	if (view->weak->session[id] == view->session && id > view->reads.items[slot]) {
		view->broken = "cyclic-hb";
		return;
	}
	if (!weak_is_write(view->weak, id))
		return;
	vec_push(&view->all_members, (struct member){id, view->members.items[slot]});
	view->members.items[slot] = (uint32_t)view->all_members.count;
}

/* Gives the slot, unless it has an earlier one, with all that is before it. */
static void
lower_past(struct near_view *view, uint32_t id, uint32_t slot)
{
	const struct weak *weak = view->weak;

	lower(view, id, slot);
	while (view->open.count > 0 && view->broken == NULL) {
		uint32_t v = vec_pop(&view->open), source = weak->source[v];
		bool is_cause = view->is_causal || weak->session[v] == view->session;
		if (v > weak->start[weak->session[v]])
			lower(view, v - 1, slot);
		if (is_cause && source != v && source != WEAK_INITIAL)
			lower(view, source, slot);
	}
}

static void
give_slots(struct near_view *view)
{
	for (uint32_t i = 0; i < view->reads.count && view->broken == NULL; i++) {
		view->at = view->reads.items[i];
		lower_past(view, view->at, i);
	}
}

/* Another write of the key has to stand before the source of read i, which has the slot. */
static void
put_before(struct near_view *view, uint32_t source, uint32_t slot, uint32_t other)
{
	if (view->slot[other] > slot) {
		view->has_changed = true;
		lower_past(view, other, slot);
	}
	vec_push(&view->within, (struct pair){other, source});
}

/* A write of the key of read i that has to stand before it. */
static void
judge_other(struct near_view *view, uint32_t i, uint32_t other)
{
	uint32_t source = view->weak->source[view->reads.items[i]];

	if (other == source || view->slot[other] > i)
		return;
	if (source == WEAK_INITIAL)
		view->broken = "write-hb-init-read";
	else if (view->row->place[source] < view->from)
		view->reaches_back = true;
	else if (view->slot[other] >= view->slot[source])
		put_before(view, source, view->slot[source], other);
}

/* By the writes of the key in the piece. */
static void
judge_by_key(struct near_view *view, uint32_t i, struct lineup_range writes)
{
	for (uint32_t w = writes.from; w < writes.to && view->broken == NULL; w++)
		judge_other(view, i, view->row->order[view->row->writes[w]]);
}

/* By the slots from that of the source on. */
static void
judge_by_slot(struct near_view *view, uint32_t i, uint32_t first)
{
	uint32_t key = view->weak->key[view->reads.items[i]];

	for (uint32_t slot = first; slot <= i && view->broken == NULL; slot++)
		for (uint32_t m = view->members.items[slot]; m != 0;
		     m = view->all_members.items[m - 1].next) {
			uint32_t write = view->all_members.items[m - 1].write;
			if (view->weak->key[write] == key && view->slot[write] == slot)
				judge_other(view, i, write);
		}
}

static void
judge_read(struct near_view *view, uint32_t i)
{
	const struct weak *weak = view->weak;
	uint32_t read = view->reads.items[i], source = weak->source[read];
	struct lineup_range writes =
		lineup_between(view->row, weak->key[read], view->from, view->to);
	size_t each = view->all_members.count / view->reads.count + 1;
	bool is_here = source != WEAK_INITIAL && view->row->place[source] >= view->from;
	uint32_t first = is_here ? view->slot[source] : 0;

	view->at = read;
	if ((i - first + 1) * each < writes.to - writes.from)
		judge_by_slot(view, i, first);
	else
		judge_by_key(view, i, writes);
}

/* Later reads first: what they push forward, the earlier ones see. What goes before what
 * within slots is as the last pass has found it, which changed nothing. False: stopped. */
static bool
settle(struct near_view *view)
{
	do {
		view->has_changed = false;
		vec_clear(&view->within);
		for (uint32_t i = (uint32_t)view->reads.count;
		     i-- > 0 && view->broken == NULL && !view->reaches_back;)
			judge_read(view, i);
		if (budget_is_over(&view->limits->budget))
			return false;
	} while (view->has_changed && view->broken == NULL && !view->reaches_back);
	return true;
}

/* ---- the view as a sequence -----------------------------------------------------------
 */

/* The piece by slots, each ended by its read; in a slot as they stand in the row. */
static uint64_t *
by_slot(const struct near_view *view)
{
	uint32_t count = view->to - view->from;
	uint64_t *words = mem_new((size_t)count + 1, sizeof(*words));

	for (uint32_t i = 0; i < count; i++) {
		uint32_t v = view->row->order[view->from + i], slot = view->slot[v];
		bool is_read = slot != NO_SLOT && view->reads.items[slot] == v;
		uint64_t rank = slot == NO_SLOT ? NO_SLOT : 2 * (uint64_t)slot + is_read;
		words[i] = rank << 32 | (view->from + i);
	}
	sort_words(words, count);
	return words;
}

/* All writes: what stands before the piece, the piece, what stands behind it. */
static void
give_whole(struct near_view *view, uint32_t piece)
{
	const struct lineup *row = view->row;
	struct weak_order order = {.session = view->session};
	uint32_t count = view->weak->count,
		 *ids = mem_new((size_t)count + 1, sizeof(*ids));

	for (uint32_t i = 0; i <= count; i++) {
		if (i == view->from)
			for (uint32_t j = 0; j < piece; j++)
				ids[order.count++] = view->ids.items[j];
		if (i < count && (i < view->from || i >= view->to) &&
		    weak_is_write(view->weak, row->order[i]))
			ids[order.count++] = row->order[i];
	}
	order.ids = ids;
	view->limits->taker->take(view->limits->taker->context, &order);
	free(ids);
}

static void
give(struct near_view *view)
{
	const struct weak_taker *taker = view->limits->taker;
	const struct placing *placing = view->placing;

	vec_clear(&view->ids);
	for (uint32_t i = 0; i < placing->count; i++)
		if (weak_is_write(view->weak, placing->order[i]) ||
		    view->weak->session[placing->order[i]] == view->session)
			vec_push(&view->ids, placing->order[i]);
	uint32_t count = (uint32_t)view->ids.count;
	struct weak_order order = {.session = view->session,
				   .ids = view->ids.items,
				   .count = count,
				   .rest = view->row->order,
				   .rest_count = view->weak->count,
				   .rest_first = view->from};
	if (taker->takes_short)
		taker->take(taker->context, &order);
	else
		give_whole(view, count);
}

/* Puts the piece in order; there is none when a ring must be respected. */
static void
order_piece(struct near_view *view)
{
	struct placing *placing = view->placing;
	uint64_t *words = by_slot(view);
	bool ok = true;

	placing->session = view->session;
	placing->rank = view->row->place;
	placing->from = view->from;
	vec_each (struct pair, pair, &view->within)
		placing_link(placing, pair->before, pair->after);
	for (uint32_t i = 0; i < view->to - view->from && ok; i++)
		ok = placing_put(placing, view->row->order[(uint32_t)words[i]]);
	if (!ok)
		view->broken = "cyclic-hb";
	else if (view->limits->taker != NULL)
		give(view);
	placing_clear(placing);
	free(words);
}

/* ---- session after session ------------------------------------------------------------
 */

static void
forget_piece(struct near_view *view)
{
	for (uint32_t i = view->from; i < view->to; i++)
		view->slot[view->row->order[i]] = NO_SLOT;
	vec_each (uint32_t, last, &view->members)
		*last = 0;
	vec_clear(&view->all_members);
	vec_clear(&view->open);
	vec_clear(&view->within);
	view->reaches_back = false;
}

/* Settles the piece, a longer one where it has to be. False: stopped. */
static bool
settle_piece(struct near_view *view)
{
	bool ok;

	for (;;) {
		give_slots(view);
		ok = view->broken != NULL || settle(view);
		if (!ok || view->broken != NULL || !view->reaches_back)
			return ok;
		forget_piece(view);
		begin_at(view, view->at, view->to);
	}
}

/* False: stopped. */
static bool
judge_session(struct near_view *view)
{
	find_piece(view);
	bool ok = settle_piece(view);
	if (ok && view->broken == NULL &&
	    (view->within.count > 0 || view->limits->taker != NULL))
		order_piece(view);
	forget_piece(view);
	vec_clear(&view->reads);
	vec_clear(&view->members);
	return ok;
}

static void
judge_sessions(struct near_view *view, struct weak_answer *answer)
{
	const struct weak *weak = view->weak;

	answer->verdict = VERDICT_VALID;
	for (uint32_t s = 0; s < weak->session_count && view->broken == NULL; s++) {
		view->session = s;
		if (budget_is_over(&view->limits->budget) || !judge_session(view)) {
			weak_answer_unknown(answer, BUDGET_TIME_IS_OVER);
			return;
		}
	}
	if (view->broken != NULL)
		weak_answer_invalid(answer, view->broken, view->at);
}

static void
judge_all(struct near_view *view, struct weak_answer *answer)
{
	const struct weak *weak = view->weak;
	struct placing placing;

	placing_init(&placing, weak, view->is_causal);
	view->placing = &placing;
	view->slot = mem_new((size_t)weak->count + 1, sizeof(*view->slot));
	memset(view->slot, 0xff, weak->count * sizeof(*view->slot));
	judge_sessions(view, answer);
	placing_release(&placing);
	free(view->slot);
	vec_release(&view->reads);
	vec_release(&view->members);
	vec_release(&view->all_members);
	vec_release(&view->open);
	vec_release(&view->within);
	vec_release(&view->ids);
}

void
views_near_decide(enum weak_model model, const struct weak *weak,
		  const struct weak_limits *limits, struct weak_answer *answer)
{
	struct lineup row;
	struct near_view view = {.weak = weak,
				 .limits = limits,
				 .row = &row,
				 .is_causal = model == WEAK_CM};
	struct err err;

	if (!budget_has_room(&limits->budget, weak->count, NEAR_BYTES_EACH, &err)) {
		weak_answer_unknown(answer, "the budget of memory is too small");
		return;
	}
	bool has_row = lineup_init(&row, weak, true);
	if (!has_row && model == WEAK_PRAM) {
		lineup_release(&row);
		has_row = lineup_init(&row, weak, false);
	}
	if (has_row)
		judge_all(&view, answer);
	else
		weak_answer_invalid(answer, "cyclic-co", WEAK_INITIAL);
	lineup_release(&row);
}
