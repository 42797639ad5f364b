#include "checkers/collection/tuple_replay.h"

void
tuple_replay_init(struct tuple_replay *tuples, const struct values *values)
{
	*tuples = (struct tuple_replay){0};
	pattern_index_init(&tuples->asked, values);
	pattern_index_init(&tuples->lent, values);
}

void
tuple_replay_release(struct tuple_replay *tuples)
{
	vec_each (struct asked_pattern, ask, &tuples->asks)
		vec_release(&ask->came);
	vec_each (struct lent_pattern, debt, &tuples->debts) {
		vec_release(&debt->places);
		vec_release(&debt->free);
	}
	vec_release(&tuples->asks);
	vec_release(&tuples->debts);
	pattern_index_release(&tuples->asked);
	pattern_index_release(&tuples->lent);
}

void
tuple_replay_ask(struct tuple_replay *tuples, val pattern)
{
	if (pattern_index_add(&tuples->asked, pattern) == tuples->asks.count)
		vec_push(&tuples->asks, (struct asked_pattern){0});
}

void
tuple_replay_lend(struct tuple_replay *tuples, val pattern)
{
	if (pattern_index_add(&tuples->lent, pattern) == tuples->debts.count)
		vec_push(&tuples->debts, (struct lent_pattern){{0}, {0}});
}

/* ---- tuples ------------------------------------------------------------------------- */

void
tuple_replay_put(struct tuple_replay *tuples, val tuple, uint32_t id)
{
	struct pattern_walk walk = {0};
	uint32_t pattern;

	while ((pattern = pattern_index_match(&tuples->asked, tuple, &walk)) !=
	       NO_PATTERN) {
		struct asked_pattern *ask = &tuples->asks.items[pattern];
		ask->matching++;
		if (tuples->debts.count > 0)
			vec_push(&ask->came, id);
	}
}

void
tuple_replay_remove(struct tuple_replay *tuples, val tuple)
{
	struct pattern_walk walk = {0};
	uint32_t pattern;

	while ((pattern = pattern_index_match(&tuples->asked, tuple, &walk)) !=
	       NO_PATTERN)
		tuples->asks.items[pattern].matching--;
}

bool
tuple_replay_next(struct tuple_replay *tuples, val pattern, const uint32_t *live,
		  uint32_t *id)
{
	struct asked_pattern *ask =
		&tuples->asks.items[pattern_index_find(&tuples->asked, pattern)];

	*id = VALUE_ID_NONE;
	while (ask->came.count > 0 && live[*vec_last(&ask->came)] == 0)
		ask->came.count--;
	if (ask->came.count > 0)
		*id = *vec_last(&ask->came);
	return ask->matching > 0;
}

/* ---- takes of unknown outcome ------------------------------------------------------- */

void
tuple_replay_owe(struct tuple_replay *tuples, val pattern, uint32_t place)
{
	struct lent_pattern *debt =
		&tuples->debts.items[pattern_index_find(&tuples->lent, pattern)];

	vec_push(&debt->free, (uint32_t)debt->places.count);
	vec_push(&debt->places, place);
}

/* The first debt from this one on that is not paid; their count: none. */
static uint32_t
first_free(struct lent_pattern *debt, uint32_t at)
{
	while (at < debt->free.count && debt->free.items[at] != at) {
		uint32_t next = debt->free.items[at];
		if (next < debt->free.count)
			debt->free.items[at] = debt->free.items[next];
		at = next;
	}
	return at;
}

/* The first that came after this place. */
static uint32_t
first_after(const struct lent_pattern *debt, uint32_t since)
{
	size_t low = 0, high = debt->places.count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (debt->places.items[middle] <= since)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low;
}

bool
tuple_replay_pay(struct tuple_replay *tuples, val tuple, uint32_t since)
{
	struct pattern_walk walk = {0};
	struct lent_pattern *best = NULL;
	uint32_t best_at = 0, best_strictness = 0, id;

	while ((id = pattern_index_match(&tuples->lent, tuple, &walk)) != NO_PATTERN) {
		struct lent_pattern *debt = &tuples->debts.items[id];
		uint32_t strictness = tuples->lent.strictness.items[id];
		uint32_t at = first_free(debt, first_after(debt, since));
		if (at == debt->places.count ||
		    (best != NULL && strictness < best_strictness) ||
		    (best != NULL && strictness == best_strictness &&
		     best->places.items[best_at] <= debt->places.items[at]))
			continue;
		best = debt;
		best_at = at;
		best_strictness = strictness;
	}
	if (best == NULL)
		return false;
	best->free.items[best_at] = best_at + 1;
	return true;
}
