/* Sequential consistency: one row of all operations, mended until every read returns the last
 * write before it.
 *
 * The row respects session order and reads-from (lineup.h), and each order that was found
 * since. A read is in conflict with a write of its key that stands between its source and
 * it. Such a write must stand before the source or behind the read:
 *	1. before the source, when it has to be before the read,
 *	2. behind the read, when the source has to be before it, or there is none,
 *	3. where neither is forced: a guess, behind the read, as the row has the two writes.
 * Each time the row is mended where it was wrong: what has to be before the operation that
 * moves forward is put in front, all else behind, in the order in which they stood (as
 * Pearce and Kelly keep a topological order, 2006). A row without conflicts is the sequence.
 * With each order that was found the guesses are kept that it rests on. Where orders
 * contradict each other the last guess to blame is taken the other way, which rests on the
 * others to blame (Prosser's backjumping, 1993); with no guess to blame there is no
 * sequence.
 *
 * What is looked at stands between reads and their sources: nearly linear where few guesses
 * are wrong, and without clocks, however many sessions crashes make. Guesses at worst:
 * exponential; so after some wrong ones it is left to the search of sequential.c. */
#include "base/search.h"
#include "checkers/budget.h"
#include "checkers/weak/lineup.h"
#include "checkers/weak/sequential.h"

#include <string.h>

/* An order that was found, and the guesses that it rests on: a range of `reasons`. */
struct link {
	uint32_t before, after, next; /* next: another link to `after`, + 1; 0: none */
	uint32_t reasons, reason_count;
};

/* The write was put behind a read of the source, not before the source. */
struct guess {
	uint32_t write, source;
	size_t links; /* so many were known before */
};

/* How a walk came to an operation. */
struct step {
	uint32_t walk, to; /* to: what it has to be before */
	uint32_t link;	   /* by this link, + 1; 0: by session or reading */
};

struct mending {
	const struct weak *weak;
	const struct budget *budget;
	struct lineup row;
	uint32_t *links; /* owned, by id: its last link + 1; 0: none */
	VEC(struct link) all_links;
	VEC(uint32_t) reasons;
	struct step *steps; /* owned, by id: of the walk that came there last */
	uint32_t walk;
	VEC(uint32_t) open;
	VEC(uint32_t) moved;  /* a part of the row while it is mended */
	uint32_t *next_write; /* owned, by key: index into row.writes, + 1 */
	VEC(uint32_t) older;  /* in conflict with a read: to stand before its source, */
	VEC(uint32_t) newer;  /* or maybe behind it */
	VEC(uint32_t) blame;  /* guesses that what was found last rests on, ascending */
	VEC(struct guess) guesses;
	uint32_t flips;	 /* guesses that were wrong */
	bool may_guess;	 /* takes step 3 */
	uint32_t lowest; /* where the row was changed last */
	bool has_changed, has_conflict, is_broken;
};

enum {
	MENDING_BYTES_EACH = LINEUP_BYTES_EACH + 64, /* an operation */
	READS_BETWEEN_LOOKS = 64,		     /* at the time */
	FLIPS_MAX = 10000,			     /* then it is left to the search */
	ROOM_FACTOR = 4 /* of the budget's memory, one in so many bytes for links */
};

/* ---- what has to be before an operation -----------------------------------------------
 */

static bool
is_seen(const struct mending *m, uint32_t id)
{
	return m->steps[id].walk == m->walk;
}

static void
see(struct mending *m, uint32_t id, uint32_t from, uint32_t to, uint32_t link)
{
	if (m->row.place[id] < from || is_seen(m, id))
		return;
	m->steps[id] = (struct step){m->walk, to, link};
	vec_push(&m->open, id);
}

/* Marks what has to be before the operation, no farther back than `from`. */
static void
see_past(struct mending *m, uint32_t id, uint32_t from)
{
	const struct weak *weak = m->weak;

	m->walk++;
	see(m, id, from, id, 0);
	while (m->open.count > 0) {
		uint32_t v = vec_pop(&m->open), source = weak->source[v];
		if (v > weak->start[weak->session[v]])
			see(m, v - 1, from, v, 0);
		if (source != v && source != WEAK_INITIAL)
			see(m, source, from, v, 0);
		for (uint32_t i = m->links[v]; i != 0; i = m->all_links.items[i - 1].next)
			see(m, m->all_links.items[i - 1].before, from, v, i);
	}
}

/* ---- what rests on guesses ------------------------------------------------------------
 */

static void
blame(struct mending *m, uint32_t guess)
{
	size_t at;

	search_first(at, 0, m->blame.count, m->blame.items[at] < guess);
	if (at == m->blame.count || m->blame.items[at] != guess)
		vec_insert(&m->blame, at, guess);
}

/* The guesses on the way by which the last walk came to the operation. */
static void
blame_way(struct mending *m, uint32_t id)
{
	for (; m->steps[id].to != id; id = m->steps[id].to) {
		if (m->steps[id].link == 0)
			continue;
		struct link link = m->all_links.items[m->steps[id].link - 1];
		for (uint32_t i = 0; i < link.reason_count; i++)
			blame(m, m->reasons.items[link.reasons + i]);
	}
}

/* Rests on what is blamed. */
static void
add_link(struct mending *m, uint32_t before, uint32_t after)
{
	struct link link = {.before = before,
			    .after = after,
			    .next = m->links[after],
			    .reasons = (uint32_t)m->reasons.count,
			    .reason_count = (uint32_t)m->blame.count};

	vec_each (uint32_t, guess, &m->blame)
		vec_push(&m->reasons, *guess);
	vec_push(&m->all_links, link);
	m->links[after] = (uint32_t)m->all_links.count;
}

/* ---- mending the row ------------------------------------------------------------------
 */

/* Where the writes of a part of the row stood, of each key, others of the key stand now. */
static void
place_part(struct mending *m, uint32_t from)
{
	struct lineup *row = &m->row;
	uint32_t to = from + (uint32_t)m->moved.count;

	for (uint32_t i = 0; i < m->moved.count; i++) {
		uint32_t v = m->moved.items[i], *next = &m->next_write[m->weak->key[v]];
		row->order[from + i] = v;
		row->place[v] = from + i;
		if (weak_is_write(m->weak, v) && *next == 0)
			*next = lineup_between(row, m->weak->key[v], from, to).from + 1;
	}
	for (uint32_t i = 0; i < m->moved.count; i++) {
		uint32_t v = m->moved.items[i];
		if (weak_is_write(m->weak, v))
			row->writes[m->next_write[m->weak->key[v]]++ - 1] = from + i;
	}
	vec_each (uint32_t, v, &m->moved)
		m->next_write[m->weak->key[*v]] = 0;
}

/* The part of the row between two operations: what was seen in front. */
static void
move_seen_forward(struct mending *m, uint32_t from, uint32_t to)
{
	vec_clear(&m->moved);
	for (int is_behind = 0; is_behind < 2; is_behind++)
		for (uint32_t i = from; i <= to; i++) {
			uint32_t v = m->row.order[i];
			if (is_seen(m, v) != is_behind)
				vec_push(&m->moved, v);
		}
	place_part(m, from);
}

static void
mend(struct mending *m, uint32_t before, uint32_t after)
{
	uint32_t from = m->row.place[after], to = m->row.place[before];

	see_past(m, before, from);
	if (is_seen(m, after)) {
		m->is_broken = true;
		blame_way(m, after);
		return;
	}
	move_seen_forward(m, from, to);
	m->lowest = from < m->lowest ? from : m->lowest;
	m->has_changed = true;
}

/* One has to be before the other, because of what is blamed. */
static void
put_before(struct mending *m, uint32_t before, uint32_t after)
{
	if (m->row.place[after] < m->row.place[before])
		mend(m, before, after);
	if (!m->is_broken)
		add_link(m, before, after);
}

/* Whether it rests on nothing but guesses with lower numbers. */
static bool
rests_below(const struct mending *m, const struct link *link, uint32_t guess)
{
	return link->reason_count == 0 ||
	       m->reasons.items[link->reasons + link->reason_count - 1] < guess;
}

/* As number `place` of all, with its reasons behind those of the ones before. */
static void
keep_link(struct mending *m, struct link link, size_t place)
{
	uint32_t *reasons = m->reasons.items;

	memmove(&reasons[m->reasons.count], &reasons[link.reasons],
		link.reason_count * sizeof(*reasons));
	link.reasons = (uint32_t)m->reasons.count;
	m->reasons.count += link.reason_count;
	link.next = m->links[link.after];
	m->all_links.items[place] = link;
	m->links[link.after] = (uint32_t)place + 1;
}

/* Forgets the guess, those after it, and what rests on them. */
static void
forget_from(struct mending *m, uint32_t number)
{
	struct guess guess = m->guesses.items[number];
	size_t kept = guess.links, end = m->all_links.count;

	for (size_t i = end; i-- > kept;)
		m->links[m->all_links.items[i].after] = m->all_links.items[i].next;
	m->reasons.count =
		kept < end ? m->all_links.items[kept].reasons : m->reasons.count;
	for (size_t i = kept; i < end; i++)
		if (rests_below(m, &m->all_links.items[i], number))
			keep_link(m, m->all_links.items[i], kept++);
	m->all_links.count = kept;
	m->guesses.count = number;
}

/* Where it is broken, the last guess to blame is taken the other way, which rests on the
 * others; the row respects what is left. False: there is none. */
static bool
take_back(struct mending *m)
{
	while (m->is_broken && m->blame.count > 0) {
		uint32_t number = vec_pop(&m->blame);
		struct guess guess = m->guesses.items[number];
		forget_from(m, number);
		m->is_broken = false;
		m->flips++;
		put_before(m, guess.write, guess.source);
	}
	return !m->is_broken;
}

/* ---- conflicts ------------------------------------------------------------------------
 */

/* The writes between the read and its source, by whether they have to be before the read. */
static void
find_conflicts(struct mending *m, uint32_t read, uint32_t from)
{
	struct lineup_range between =
		lineup_between(&m->row, m->weak->key[read], from, m->row.place[read]);

	vec_clear(&m->older);
	vec_clear(&m->newer);
	if (between.from == between.to)
		return;
	see_past(m, read, from);
	for (uint32_t i = between.from; i < between.to; i++) {
		uint32_t write = m->row.order[m->row.writes[i]];
		if (is_seen(m, write))
			vec_push(&m->older, write);
		else
			vec_push(&m->newer, write);
	}
}

static bool
has_to_follow(struct mending *m, uint32_t write, uint32_t source)
{
	if (source == WEAK_INITIAL)
		return true;
	if (m->row.place[write] < m->row.place[source])
		return false;
	see_past(m, write, m->row.place[source]);
	return is_seen(m, source);
}

static void
guess(struct mending *m, uint32_t read, uint32_t source, uint32_t write)
{
	blame(m, (uint32_t)m->guesses.count);
	vec_push(&m->guesses, (struct guess){write, source, m->all_links.count});
	put_before(m, read, write);
}

/* A write that does not have to be before the read, but stands there. */
static void
judge_newer(struct mending *m, uint32_t read, uint32_t source, uint32_t write)
{
	if (m->is_broken || m->row.place[write] > m->row.place[read] ||
	    (source != WEAK_INITIAL && m->row.place[write] < m->row.place[source]))
		return;
	vec_clear(&m->blame);
	if (has_to_follow(m, write, source)) {
		if (source != WEAK_INITIAL)
			blame_way(m, source);
		put_before(m, read, write);
	} else if (m->may_guess) {
		guess(m, read, source, write);
	} else {
		m->has_conflict = true;
	}
}

/* A write that has to be before the read, and stands behind its source. */
static void
judge_older(struct mending *m, uint32_t read, uint32_t source, uint32_t write)
{
	uint32_t from = source == WEAK_INITIAL ? 0 : m->row.place[source];

	if (m->is_broken || m->row.place[write] < from)
		return;
	vec_clear(&m->blame);
	see_past(m, read, from);
	blame_way(m, write);
	if (source == WEAK_INITIAL)
		m->is_broken = true;
	else
		put_before(m, write, source);
}

static void
judge_read(struct mending *m, uint32_t read)
{
	uint32_t source = m->weak->source[read];

	find_conflicts(m, read, source == WEAK_INITIAL ? 0 : m->row.place[source] + 1);
	vec_each (uint32_t, write, &m->older)
		judge_older(m, read, source, *write);
	vec_each (uint32_t, write, &m->newer)
		judge_newer(m, read, source, *write);
}

/* False: stopped. */
static bool
judge_reads(struct mending *m)
{
	m->has_changed = m->has_conflict = false;
	for (uint32_t i = 0; i < m->weak->count && !m->is_broken; i++) {
		uint32_t v = m->row.order[i];
		if (i % READS_BETWEEN_LOOKS == 0 && budget_is_over(m->budget))
			return false;
		if (!weak_is_write(m->weak, v))
			judge_read(m, v);
	}
	return true;
}

/* What is forced, until nothing new is found. False: stopped. */
static bool
mend_forced(struct mending *m)
{
	do {
		if (!judge_reads(m))
			return false;
	} while (m->has_changed && !m->is_broken);
	return true;
}

/* For what was found. */
static bool
has_room(const struct mending *m)
{
	size_t bytes = m->all_links.count * sizeof(*m->all_links.items) +
		       m->reasons.count * sizeof(*m->reasons.items);
	struct err err;

	return budget_has_room(m->budget, bytes, ROOM_FACTOR, &err);
}

/* From the first to the last: no read before the current place is in conflict. False:
 * stopped. */
static bool
mend_guessing(struct mending *m)
{
	uint32_t steps = 0;

	m->may_guess = true;
	for (uint32_t i = 0; i < m->weak->count;) {
		uint32_t v = m->row.order[i];
		if (++steps % READS_BETWEEN_LOOKS == 0 && budget_is_over(m->budget))
			return false;
		m->lowest = i + 1;
		if (!weak_is_write(m->weak, v))
			judge_read(m, v);
		if (m->is_broken && m->lowest > i)
			m->lowest = i; /* it is in conflict yet */
		if (m->is_broken && !take_back(m))
			return true;
		if (m->flips > FLIPS_MAX || !has_room(m))
			return false;
		i = m->lowest;
	}
	return true;
}

static bool
mend_row(struct mending *m, const struct weak_limits *limits, struct weak_answer *answer)
{
	size_t room = (size_t)m->weak->count + 1;

	m->links = mem_new(room, sizeof(*m->links));
	m->steps = mem_new(room, sizeof(*m->steps));
	m->next_write = mem_new((size_t)m->weak->key_count + 1, sizeof(*m->next_write));
	bool is_done =
		mend_forced(m) && (m->is_broken || !m->has_conflict || mend_guessing(m));
	answer->verdict = VERDICT_VALID;
	if (!is_done)
		weak_answer_unknown(answer,
				    budget_is_over(m->budget)
					    ? BUDGET_TIME_IS_OVER
					    : "too many guesses at one order of all "
					      "sessions were wrong; nothing forces a "
					      "contradiction");
	else if (m->is_broken)
		weak_answer_invalid(answer,
				    m->flips > 0 ? "not-sequential" : "cyclic-order",
				    WEAK_INITIAL);
	else
		weak_give(limits, WEAK_EVERYONE, m->row.order, m->weak->count);
	free(m->links);
	free(m->steps);
	free(m->next_write);
	vec_release(&m->all_links);
	vec_release(&m->guesses);
	vec_release(&m->open);
	vec_release(&m->moved);
	vec_release(&m->reasons);
	vec_release(&m->blame);
	vec_release(&m->older);
	vec_release(&m->newer);
	return is_done;
}

bool
sequential_row_decide(const struct weak *weak, const struct weak_limits *limits,
		      struct weak_answer *answer)
{
	struct mending m = {.weak = weak, .budget = &limits->budget};
	struct err err;
	bool is_done = true;

	if (!budget_has_room(&limits->budget, weak->count, MENDING_BYTES_EACH, &err)) {
		weak_answer_unknown(answer, "the budget of memory is too small");
		return false;
	}
	if (lineup_init(&m.row, weak, true))
		is_done = mend_row(&m, limits, answer);
	else
		weak_answer_invalid(answer, "cyclic-order", WEAK_INITIAL);
	lineup_release(&m.row);
	return is_done;
}
