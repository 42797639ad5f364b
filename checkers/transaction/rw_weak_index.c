/* rw_weak_index.c - transactions by process, writers by key. */
#include "checkers/transaction/rw_weak_parts.h"

#include "base/search.h"
#include "checkers/sort.h"

#include <string.h>

enum {
	SMALL_PROCESSES = 1 << 20 /* numbers below are found without hashing */
};

/* ---- sessions -------------------------------------------------------------------------
 */

/* The number of a process, by when it is met; mostly the same few come again and again. */
struct numbers {
	struct map ids;
	VEC(uint32_t) small; /* of small processes: number + 1 */
	uint32_t count;
};

static uint32_t
number_of(struct numbers *numbers, uint32_t process)
{
	if (process >= SMALL_PROCESSES) {
		uint64_t *id = map_at(&numbers->ids, process, NULL);
		*id = *id != 0 ? *id : ++numbers->count;
		return (uint32_t)*id - 1;
	}
	while (numbers->small.count <= process)
		vec_push(&numbers->small, 0);
	uint32_t *number = &numbers->small.items[process];
	*number = *number != 0 ? *number : ++numbers->count;
	return *number - 1;
}

static void
release_numbers(struct numbers *numbers)
{
	map_release(&numbers->ids);
	vec_release(&numbers->small);
}

static void
find_sessions(struct weak *w)
{
	uint32_t n = (uint32_t)w->d->txns.of.count;
	struct numbers numbers = {0};
	VEC(uint32_t) latest = {0};

	w->session = mem_new(n, sizeof(*w->session));
	w->previous = mem_new(n, sizeof(*w->previous));
	for (uint32_t t = 0; t < n; t++) {
		if (!w->d->committed[t])
			continue;
		uint32_t number = number_of(&numbers, txn_op(&w->d->txns, t)->process);
		if (number == latest.count)
			vec_push(&latest, TXN_NONE);
		w->session[t] = number;
		w->previous[t] = latest.items[number];
		latest.items[number] = t;
	}
	w->sessions = numbers.count;
	vec_release(&latest);
	release_numbers(&numbers);
}

void
rw_weak_rank(struct weak *w)
{
	uint32_t n = (uint32_t)w->d->txns.of.count;

	if (w->index != NULL)
		return;
	if (w->session == NULL)
		find_sessions(w);
	w->index = mem_new(n, sizeof(*w->index));
	w->by_rank = mem_new(n, sizeof(*w->by_rank));
	w->first_rank = mem_new((size_t)w->sessions + 1, sizeof(*w->first_rank));
	for (uint32_t t = 0; t < n; t++)
		if (w->d->committed[t])
			w->index[t] = ++w->first_rank[w->session[t] + 1];
	for (uint32_t s = 0; s < w->sessions; s++)
		w->first_rank[s + 1] += w->first_rank[s];
	for (uint32_t t = 0; t < n; t++)
		if (w->d->committed[t])
			w->by_rank[w->first_rank[w->session[t]] + w->index[t] - 1] = t;
}

void
rw_weak_init(struct weak *w)
{
	size_t n = w->d->txns.of.count;
	size_t bytes =
		w->budget->bytes_max != 0 ? w->budget->bytes_max : BUDGET_BYTES_DEFAULT;

	w->missed_max = bytes / 4 / sizeof(struct missed);
	w->order = mem_new(n, sizeof(*w->order));
	w->place = mem_new(n, sizeof(*w->place));
	if (w->question->process)
		find_sessions(w);
}

void
rw_weak_release(struct weak *w)
{
	free(w->previous);
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
	rw_weak_rank(w);
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

	search_first(low, low, w->key_starts[key + 1], w->writers[low] < wanted);
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
