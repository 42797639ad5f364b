#include "checkers/collection/tuple_replay.h"

void
tuple_replay_init(struct tuple_replay *tuples, const struct values *values)
{
	*tuples = (struct tuple_replay){0};
	pattern_index_init(&tuples->asked, values);
}

void
tuple_replay_release(struct tuple_replay *tuples)
{
	vec_each (struct asked_pattern, ask, &tuples->asks)
		vec_release(&ask->came);
	vec_release(&tuples->asks);
	pattern_index_release(&tuples->asked);
}

void
tuple_replay_ask(struct tuple_replay *tuples, val pattern)
{
	if (pattern_index_add(&tuples->asked, pattern) == tuples->asks.count)
		vec_push(&tuples->asks, (struct asked_pattern){0});
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
		if (tuples->keeps_ids)
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
