/* rw_weak_order.c - an order of the transactions, and whether it can be kept. */
#include "checkers/transaction/rw_weak_parts.h"

#include "checkers/sort.h"

#include <string.h>

enum {
	STATE_OPEN = 1, /* on the path that is looked at */
	STATE_DONE
};

/* ---- sessions -------------------------------------------------------------------------
 */

static void
number_sessions(struct weak *w)
{
	uint32_t n = (uint32_t)w->d->txns.of.count;
	struct map ids = {0};
	VEC(uint32_t) sizes = {0};

	for (uint32_t t = 0; t < n; t++) {
		bool is_new;
		if (!w->d->committed[t])
			continue;
		uint64_t *id = map_at(&ids, txn_op(&w->d->txns, t)->process, &is_new);
		if (is_new) {
			*id = sizes.count;
			vec_push(&sizes, 0);
		}
		w->session[t] = (uint32_t)*id;
		w->index[t] = ++sizes.items[*id];
	}
	w->sessions = (uint32_t)sizes.count;
	w->first_rank = mem_new((size_t)w->sessions + 1, sizeof(*w->first_rank));
	for (uint32_t s = 0; s < w->sessions; s++)
		w->first_rank[s + 1] = w->first_rank[s] + sizes.items[s];
	for (uint32_t t = 0; t < n; t++)
		if (w->d->committed[t])
			w->by_rank[w->first_rank[w->session[t]] + w->index[t] - 1] = t;
	vec_release(&sizes);
	map_release(&ids);
}

void
rw_weak_init(struct weak *w)
{
	size_t n = w->d->txns.of.count;
	size_t bytes =
		w->budget->bytes_max != 0 ? w->budget->bytes_max : BUDGET_BYTES_DEFAULT;

	w->missed_max = bytes / 4 / sizeof(struct missed);
	w->session = mem_new(n, sizeof(*w->session));
	w->index = mem_new(n, sizeof(*w->index));
	w->by_rank = mem_new(n, sizeof(*w->by_rank));
	w->order = mem_new(n, sizeof(*w->order));
	w->place = mem_new(n, sizeof(*w->place));
	number_sessions(w);
}

void
rw_weak_release(struct weak *w)
{
	free(w->session);
	free(w->index);
	free(w->first_rank);
	free(w->by_rank);
	free(w->order);
	free(w->place);
	free(w->writers);
	free(w->key_starts);
	vec_release(&w->missed);
}

/* ---- who wrote a key ------------------------------------------------------------------
 */

void
rw_weak_index_writers(struct weak *w)
{
	size_t keys = w->d->txns.keys.count, count = 0;

	if (w->writers != NULL)
		return;
	w->writers = mem_new(w->v->accesses.count, sizeof(*w->writers));
	w->key_starts = mem_new(keys + 1, sizeof(*w->key_starts));
	for (uint32_t t = 0; t < w->d->txns.of.count; t++) {
		if (!w->d->committed[t])
			continue;
		uint32_t rank = w->first_rank[w->session[t]] + w->index[t] - 1;
		each_access(access, w, t) if (access->written != VERSION_NONE)
			w->writers[count++] = (uint64_t)access->key << 32 | rank;
	}
	sort_words(w->writers, count);
	for (size_t key = 0, i = 0; key <= keys; key++) {
		while (i < count && w->writers[i] >> 32 < key)
			i++;
		w->key_starts[key] = i;
	}
}

size_t
rw_weak_writers_from(struct weak *w, uint32_t key, size_t low, uint32_t rank)
{
	uint64_t wanted = (uint64_t)key << 32 | rank;
	size_t high = w->key_starts[key + 1];

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (w->writers[middle] < wanted)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
rw_weak_add_missed(struct weak *w, struct missed missed)
{
	if (missed.missed == missed.read_from || missed.missed == missed.reader)
		return;
	if (missed.read_from == TXN_NONE) {
		w->initial = w->initial_missed ? w->initial : missed;
		w->initial_missed = true;
		return;
	}
	if (w->missed.count >= w->missed_max)
		w->is_over = true;
	else
		vec_push(&w->missed, missed);
}

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
	uint8_t *state; /* owned, by transaction */

	/* Only what has a place from first to last, with missed writes; else everything,
	 * without. */
	uint32_t first, last;
	const uint32_t *missed_into; /* by transaction: index + 1, or NULL */
	const uint32_t *missed_next;
};

static void
walk_to(struct walk *walk, uint32_t txn)
{
	walk->state[txn] = STATE_OPEN;
	vec_push(&walk->path,
		 (struct step){txn, walk->w->v->starts[txn],
			       walk->missed_into != NULL ? walk->missed_into[txn] : 0});
}

static bool
is_inside(const struct walk *walk, uint32_t txn)
{
	uint32_t place = walk->w->place[txn];

	return walk->missed_into == NULL || (place >= walk->first && place <= walk->last);
}

/* The next that must stand before the one at the end of the path and is not done;
 * TXN_NONE when there is none. */
static uint32_t
next_before(struct walk *walk)
{
	const struct weak *w = walk->w;
	struct step *step = vec_last(&walk->path);
	uint32_t end = w->v->starts[step->txn + 1], source;
	uint32_t previous =
		w->question->process ? rw_weak_previous(w, step->txn) : TXN_NONE;

	if (previous != TXN_NONE && walk->state[previous] != STATE_DONE &&
	    is_inside(walk, previous))
		return previous;
	while (step->next_access < end) {
		if (rw_weak_source(w, &w->v->accesses.items[step->next_access++],
				   &source) &&
		    source != TXN_NONE && walk->state[source] != STATE_DONE &&
		    is_inside(walk, source))
			return source;
	}
	while (step->next_missed != 0) {
		uint32_t at = step->next_missed - 1;
		step->next_missed = walk->missed_next[at];
		uint32_t missed = w->missed.items[at].missed;
		if (walk->state[missed] != STATE_DONE && is_inside(walk, missed))
			return missed;
	}
	return TXN_NONE;
}

/* What is done gets the next place (NULL: none). False when the walk meets itself. */
static bool
walk_from(struct walk *walk, uint32_t txn, struct weak *placed)
{
	if (walk->state[txn] == STATE_DONE)
		return true;
	walk_to(walk, txn);
	while (walk->path.count > 0) {
		uint32_t before = next_before(walk);
		if (before != TXN_NONE) {
			if (walk->state[before] == STATE_OPEN)
				return false;
			walk_to(walk, before);
			continue;
		}
		uint32_t done = vec_pop(&walk->path).txn;
		walk->state[done] = STATE_DONE;
		if (placed != NULL) {
			placed->order[placed->count++] = done;
			placed->place[done] = placed->count;
		}
	}
	return true;
}

bool
rw_weak_place(struct weak *w)
{
	uint32_t n = (uint32_t)w->d->txns.of.count;
	struct walk walk = {.w = w, .state = mem_new(n, sizeof(*walk.state))};
	bool ok = true;

	for (uint32_t t = 0; t < n && ok; t++)
		if (w->d->committed[t])
			ok = walk_from(&walk, t, w);
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
			ok = walk_from(walk, w->order[place - 1], NULL);
		place--;
	}
	return ok;
}

bool
rw_weak_is_acyclic(const struct weak *w)
{
	uint32_t *reach = find_backward(w);

	if (reach == NULL)
		return true;
	size_t n = w->d->txns.of.count;
	uint32_t *into = mem_new(n, sizeof(*into));
	uint32_t *next = mem_new(w->missed.count, sizeof(*next));
	for (uint32_t i = 0; i < w->missed.count; i++) {
		uint32_t to = w->missed.items[i].read_from;
		next[i] = into[to];
		into[to] = i + 1;
	}
	struct walk walk = {.w = w,
			    .state = mem_new(n, sizeof(*walk.state)),
			    .missed_into = into,
			    .missed_next = next};
	bool ok = walk_stretches(&walk, reach);
	free(walk.state);
	vec_release(&walk.path);
	free(next);
	free(into);
	free(reach);
	return ok;
}
