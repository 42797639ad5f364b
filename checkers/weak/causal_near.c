/* Causal consistency and causal convergence of many sessions: what causal.c asks, without
 * clocks.
 *
 * All operations stand in a row that respects causes (lineup.h). A write that a read should
 * not have missed, because it replaced the read's source, stands between the two in the
 * row: only reads with such a write between are looked at, by a walk back through their
 * causes as far as the source, and forward again from it.
 *
 * Convergence: the row is the order for everyone when of what lies in a read's past nothing
 * stands behind the source. What does has to stand before it: the row is made again with
 * this known, until nothing new is found or it contradicts itself. Each such pair was
 * forced, so otherwise there is no order.
 *
 * Linear in the distances between reads and sources in the row, as far as the key was
 * written between; as many times as pairs come up late, which is a few. */
#include "checkers/budget.h"
#include "checkers/sort.h"
#include "checkers/weak/lineup.h"
#include "checkers/weak/weak_models.h"

struct walker {
	const struct weak *weak;
	const struct budget *budget;
	struct lineup row;
	uint32_t *seen;	   /* owned, by place: the walk that came there last */
	uint32_t *reached; /* owned, by place: the walk that came there from the source */
	uint32_t walk;
	VEC(uint32_t) open;
	VEC(uint64_t) pairs; /* before << 32 | after */
	bool converges;	     /* pairs are asked for */
	const char *broken;
	uint32_t at; /* the read where it broke */
};

enum {
	WALKER_BYTES_EACH = LINEUP_BYTES_EACH + 20, /* an operation, */
	PAIR_BYTES = 32,			    /* a pair, with its link */
	READS_BETWEEN_LOOKS = 64		    /* at the time */
};

/* ---- one read -------------------------------------------------------------------------
 */

static void
see(struct walker *w, uint32_t id, uint32_t from)
{
	uint32_t place = w->row.place[id];

	if (place < from || w->seen[place] == w->walk)
		return;
	w->seen[place] = w->walk;
	vec_push(&w->open, id);
}

/* Marks what is causally before the read, no farther back than `from`. */
static void
see_past(struct walker *w, uint32_t read, uint32_t from)
{
	const struct weak *weak = w->weak;

	w->walk++;
	see(w, read, from);
	while (w->open.count > 0) {
		uint32_t v = vec_pop(&w->open), source = weak->source[v];
		if (v > weak->start[weak->session[v]])
			see(w, v - 1, from);
		if (source != v && source != WEAK_INITIAL)
			see(w, source, from);
	}
}

static bool
sees_any(const struct walker *w, struct lineup_range range)
{
	for (uint32_t i = range.from; i < range.to; i++)
		if (w->seen[w->row.writes[i]] == w->walk)
			return true;
	return false;
}

static bool
is_reached(const struct walker *w, uint32_t id, uint32_t source)
{
	return id == source || w->reached[w->row.place[id]] == w->walk;
}

/* Whether the source is causally before it; told for all that stand before it already. */
static bool
follows(struct walker *w, uint32_t id, uint32_t source)
{
	const struct weak *weak = w->weak;
	uint32_t cause = weak->source[id];

	if (id > weak->start[weak->session[id]] && is_reached(w, id - 1, source))
		return true;
	return cause != id && cause != WEAK_INITIAL && is_reached(w, cause, source);
}

/* Of the writes that were seen between source and read: those that follow the source break
 * it, the others have to stand before it. */
static void
judge_between(struct walker *w, uint32_t read, uint32_t source)
{
	const struct weak *weak = w->weak;

	for (uint32_t i = w->row.place[source] + 1; i < w->row.place[read]; i++) {
		uint32_t v = w->row.order[i];
		if (w->seen[i] != w->walk)
			continue;
		if (follows(w, v, source))
			w->reached[i] = w->walk;
		if (!weak_is_write(weak, v) || weak->key[v] != weak->key[read])
			continue;
		if (w->reached[i] == w->walk)
			w->broken = "write-co-read";
		else if (w->converges)
			vec_push(&w->pairs, (uint64_t)v << 32 | source);
	}
}

static void
judge_read(struct walker *w, uint32_t read)
{
	uint32_t source = w->weak->source[read];
	uint32_t from = source == WEAK_INITIAL ? 0 : w->row.place[source] + 1;
	struct lineup_range between =
		lineup_between(&w->row, w->weak->key[read], from, w->row.place[read]);

	if (between.from == between.to)
		return;
	see_past(w, read, from);
	if (!sees_any(w, between))
		return;
	if (source == WEAK_INITIAL)
		w->broken = "write-co-init-read";
	else
		judge_between(w, read, source);
	w->at = read;
}

/* False: stopped. */
static bool
judge_reads(struct walker *w)
{
	for (uint32_t i = 0; i < w->weak->count && w->broken == NULL; i++) {
		uint32_t v = w->row.order[i];
		if (i % READS_BETWEEN_LOOKS == 0 && budget_is_over(w->budget))
			return false;
		if (!weak_is_write(w->weak, v))
			judge_read(w, v);
	}
	return true;
}

/* ---- one order for everyone -----------------------------------------------------------
 */

/* Each pair once. */
static void
sort_pairs(struct walker *w)
{
	size_t kept = 0;

	sort_words(w->pairs.items, w->pairs.count);
	for (size_t i = 0; i < w->pairs.count; i++)
		if (i == 0 || w->pairs.items[i] != w->pairs.items[i - 1])
			w->pairs.items[kept++] = w->pairs.items[i];
	w->pairs.count = kept;
}

static void
make_row_again(struct walker *w)
{
	struct placing placing;

	sort_pairs(w);
	placing_init(&placing, w->weak, true);
	vec_each (uint64_t, pair, &w->pairs)
		placing_link(&placing, (uint32_t)(*pair >> 32), (uint32_t)*pair);
	if (!lineup_again(&w->row, &placing)) {
		w->broken = "cyclic-cf";
		w->at = WEAK_INITIAL;
	}
	placing_release(&placing);
}

/* The reason why it stopped, or NULL. */
static const char *
judge(struct walker *w)
{
	size_t known;

	do {
		known = w->pairs.count;
		if (!judge_reads(w))
			return BUDGET_TIME_IS_OVER;
		if (!budget_has_room(w->budget, w->pairs.count, PAIR_BYTES,
				     &(struct err){0}))
			return "the budget of memory is too small for what reads order";
		if (w->pairs.count > known && w->broken == NULL)
			make_row_again(w);
	} while (w->pairs.count > known && w->broken == NULL);
	return NULL;
}

static void
walk_all(struct walker *w, const struct weak_limits *limits, struct weak_answer *answer)
{
	w->seen = mem_new((size_t)w->weak->count + 1, sizeof(*w->seen));
	w->reached = mem_new((size_t)w->weak->count + 1, sizeof(*w->reached));
	const char *stopped = judge(w);

	answer->verdict = VERDICT_VALID;
	if (stopped != NULL)
		weak_answer_unknown(answer, stopped);
	else if (w->broken != NULL)
		weak_answer_invalid(answer, w->broken, w->at);
	else
		weak_give(limits, WEAK_EVERYONE, w->row.order, w->weak->count);
	free(w->seen);
	free(w->reached);
	vec_release(&w->open);
	vec_release(&w->pairs);
}

void
causal_near_decide(enum weak_model model, const struct weak *weak,
		   const struct weak_limits *limits, struct weak_answer *answer)
{
	struct walker w = {
		.weak = weak, .budget = &limits->budget, .converges = model == WEAK_CCV};
	struct err err;

	if (!budget_has_room(&limits->budget, weak->count, WALKER_BYTES_EACH, &err)) {
		weak_answer_unknown(answer, "the budget of memory is too small");
		return;
	}
	if (lineup_init(&w.row, weak, true))
		walk_all(&w, limits, answer);
	else
		weak_answer_invalid(answer, "cyclic-co", WEAK_INITIAL);
	lineup_release(&w.row);
}
