/* rw_weak_order.c - an order of the transactions, and whether it can be kept. */
#include "checkers/transaction/rw_weak_parts.h"

#include <string.h>

enum {
	STATE_OPEN = 1, /* on the path that is looked at */
	STATE_DONE
};

/* ---- a walk to the past ---------------------------------------------------------------
 */

/* A depth-first walk from each transaction to all that must stand before it. */
struct walk {
	const struct weak *w;
	VEC(struct step {
		uint32_t txn;
		uint32_t next_access;
		uint32_t next_missed; /* index + 1 */
	})
	path;
	uint8_t *state; /* borrowed, by transaction */

	/* Borrowed, NULL: none. Those that are done, as they came to be. */
	uint32_t *done;
	uint32_t done_count;

	/* Only what has a place from first to last, with missed writes; else everything,
	 * without. */
	uint32_t first, last;
	const struct missed_rows *rows; /* NULL: without */
};

static void
walk_to(struct walk *walk, uint32_t txn)
{
	walk->state[txn] = STATE_OPEN;
	vec_push(&walk->path,
		 (struct step){txn, walk->w->v->starts[txn],
			       walk->rows != NULL ? walk->rows->into[txn] : 0});
}

static bool
is_inside(const struct walk *walk, uint32_t txn)
{
	uint32_t place = walk->w->place[txn];

	return walk->rows == NULL || (place >= walk->first && place <= walk->last);
}

static bool
is_missing(const struct walk *walk, uint32_t txn)
{
	return walk->state[txn] != STATE_DONE && is_inside(walk, txn);
}

/* The next that must stand before the one at the end of the path and is not done;
 * TXN_NONE when there is none. */
static uint32_t
next_before(struct walk *walk)
{
	const struct weak *w = walk->w;
	struct step *step = vec_last(&walk->path);
	uint32_t end = w->v->starts[step->txn + 1];
	uint32_t previous = rw_weak_previous(w, step->txn);

	if (previous != TXN_NONE && is_missing(walk, previous))
		return previous;
	while (step->next_access < end) {
		uint32_t source = w->v->accesses.items[step->next_access++].source;
		if (is_txn(source) && is_missing(walk, source))
			return source;
	}
	while (step->next_missed != 0) {
		uint32_t at = step->next_missed - 1;
		step->next_missed = walk->rows->next.items[at];
		if (is_missing(walk, w->missed.items[at].missed))
			return w->missed.items[at].missed;
	}
	return TXN_NONE;
}

static void
end_with(struct walk *walk, uint32_t txn)
{
	walk->state[txn] = STATE_DONE;
	if (walk->done != NULL)
		walk->done[walk->done_count++] = txn;
}

/* False when the walk meets itself. */
static bool
walk_from(struct walk *walk, uint32_t txn)
{
	if (walk->state[txn] == STATE_DONE)
		return true;
	walk_to(walk, txn);
	while (walk->path.count > 0) {
		uint32_t before = next_before(walk);
		if (before == TXN_NONE) {
			end_with(walk, vec_pop(&walk->path).txn);
			continue;
		}
		if (walk->state[before] == STATE_OPEN)
			return false;
		walk_to(walk, before);
	}
	return true;
}

/* All that it must stand behind is done: the walk from it would not leave it. Mostly so. */
static bool
is_ready(const struct walk *walk, uint32_t txn)
{
	const struct weak *w = walk->w;
	uint32_t previous = rw_weak_previous(w, txn);

	if (previous != TXN_NONE && walk->state[previous] != STATE_DONE)
		return false;
	each_access(access, w,
		    txn) if (is_txn(access->source) &&
			     walk->state[access->source] != STATE_DONE) return false;
	return true;
}

bool
rw_weak_place(struct weak *w)
{
	uint32_t n = (uint32_t)w->d->txns.of.count;
	struct walk walk = {
		.w = w, .state = mem_new(n, sizeof(*walk.state)), .done = w->order};
	bool ok = true;

	for (uint32_t t = 0; t < n && ok; t++) {
		if (!w->d->committed[t] || walk.state[t] == STATE_DONE)
			continue;
		if (is_ready(&walk, t))
			end_with(&walk, t);
		else
			ok = walk_from(&walk, t);
	}
	w->count = walk.done_count;
	for (uint32_t i = 0; i < w->count; i++)
		w->place[w->order[i]] = i + 1;
	free(walk.state);
	vec_release(&walk.path);
	return ok;
}

/* ---- with missed writes ---------------------------------------------------------------
 */

/* By place: how far back to the end the missed writes that lead here come from. */
static uint32_t *
find_backward(const struct weak *w)
{
	uint32_t *reach = NULL;

	vec_each (const struct missed, m, &w->missed) {
		uint32_t from = w->place[m->missed], to = w->place[m->read_from];
		if (from < to)
			continue;
		if (reach == NULL)
			reach = mem_new((size_t)w->count + 1, sizeof(*reach));
		reach[to] = from > reach[to] ? from : reach[to];
	}
	return reach;
}

static bool
walk_stretches(struct walk *walk, const uint32_t *reach)
{
	const struct weak *w = walk->w;
	bool ok = true;

	for (uint32_t place = 1; place <= w->count && ok; place++) {
		if (reach[place] == 0)
			continue;
		walk->first = place;
		walk->last = reach[place];
		for (uint32_t p = place; p <= walk->last; p++)
			walk->last = reach[p] > walk->last ? reach[p] : walk->last;
		for (; place <= walk->last && ok; place++)
			ok = walk_from(walk, w->order[place - 1]);
		place--;
	}
	return ok;
}

bool
rw_weak_is_acyclic(const struct weak *w)
{
	uint32_t *reach = find_backward(w);
	struct missed_rows rows = {0};

	if (reach == NULL)
		return true;
	rw_weak_link_missed(w, &rows);
	struct walk walk = {.w = w, .rows = &rows, .state = rows.state};
	bool ok = walk_stretches(&walk, reach);
	vec_release(&walk.path);
	rw_weak_release_rows(&rows);
	free(reach);
	return ok;
}

bool
rw_weak_sort(struct weak *w, struct missed_rows *rows, uint32_t first, uint32_t last)
{
	uint32_t count = last - first + 1;
	uint32_t *window = w->order + first - 1;
	struct walk walk = {.w = w,
			    .rows = rows,
			    .state = rows->state,
			    .done = mem_new(count, sizeof(*walk.done)),
			    .first = first,
			    .last = last};
	bool ok = true;

	for (uint32_t i = 0; i < count && ok; i++)
		ok = walk_from(&walk, window[i]);
	for (uint32_t i = 0; i < count; i++)
		rows->state[window[i]] = 0;
	for (uint32_t i = 0; i < count && ok; i++) {
		window[i] = walk.done[i];
		w->place[window[i]] = first + i;
	}
	free(walk.done);
	vec_release(&walk.path);
	return ok;
}

void
rw_weak_link_missed(const struct weak *w, struct missed_rows *rows)
{
	size_t n = w->d->txns.of.count;

	if (rows->into == NULL) {
		rows->into = mem_new(n, sizeof(*rows->into));
		rows->state = mem_new(n, sizeof(*rows->state));
	}
	for (size_t i = rows->next.count; i < w->missed.count; i++) {
		uint32_t *into = &rows->into[w->missed.items[i].read_from];
		vec_push(&rows->next, *into);
		*into = (uint32_t)i + 1;
	}
}

void
rw_weak_release_rows(struct missed_rows *rows)
{
	free(rows->into);
	free(rows->state);
	vec_release(&rows->next);
}
