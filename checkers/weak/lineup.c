#include "checkers/weak/lineup.h"

#include "base/search.h"
#include "checkers/sort.h"

#include <string.h>

/* By when they were invoked. */
static uint64_t *
by_invocation(const struct weak *weak)
{
	uint64_t *words = mem_new((size_t)weak->count + 1, sizeof(*words));

	for (uint32_t v = 0; v < weak->count; v++)
		words[v] = (uint64_t)weak->op[v] << 32 | v;
	sort_words(words, weak->count);
	return words;
}

/* Nobody knows when it happened; the first who read it does best. */
static bool
has_no_time(const struct weak *weak, uint32_t id)
{
	return weak->history->ops.items[weak->op[id]].type == OP_INFO;
}

static bool
put_all(const struct weak *weak, struct placing *placing)
{
	uint64_t *words = by_invocation(weak);
	bool ok = true;

	for (int late = 0; late < 2; late++)
		for (uint32_t i = 0; i < weak->count && ok; i++) {
			uint32_t v = (uint32_t)words[i];
			if (late || !has_no_time(weak, v))
				ok = placing_put(placing, v);
		}
	free(words);
	return ok;
}

/* Notes where everything stands. */
static void
index_places(struct lineup *lineup)
{
	const struct weak *weak = lineup->weak;
	uint32_t *next = mem_new((size_t)weak->key_count + 1, sizeof(*next));

	for (uint32_t k = 0; k < weak->key_count; k++)
		next[k] = weak->runs[weak->key_runs[k]];
	for (uint32_t i = 0; i < weak->count; i++) {
		uint32_t v = lineup->order[i];
		lineup->place[v] = i;
		if (weak_is_write(weak, v))
			lineup->writes[next[weak->key[v]]++] = i;
	}
	free(next);
}

bool
lineup_init(struct lineup *lineup, const struct weak *weak, bool is_causal)
{
	struct placing placing;

	*lineup = (struct lineup){.weak = weak, .is_causal = is_causal};
	lineup->order = mem_new((size_t)weak->count + 1, sizeof(*lineup->order));
	lineup->place = mem_new((size_t)weak->count + 1, sizeof(*lineup->place));
	lineup->writes = mem_new((size_t)weak->count + 1, sizeof(*lineup->writes));
	placing_init(&placing, weak, is_causal);
	bool ok = put_all(weak, &placing);
	if (ok) {
		memcpy(lineup->order, placing.order,
		       weak->count * sizeof(*lineup->order));
		index_places(lineup);
	}
	placing_release(&placing);
	return ok;
}

bool
lineup_again(struct lineup *lineup, struct placing *placing)
{
	const struct weak *weak = lineup->weak;

	for (uint32_t i = 0; i < weak->count; i++)
		if (!placing_put(placing, lineup->order[i]))
			return false;
	memcpy(lineup->order, placing->order, weak->count * sizeof(*lineup->order));
	index_places(lineup);
	return true;
}

void
lineup_release(struct lineup *lineup)
{
	free(lineup->order);
	free(lineup->place);
	free(lineup->writes);
}

struct lineup_range
lineup_between(const struct lineup *lineup, uint32_t key, uint32_t from, uint32_t to)
{
	const struct weak *weak = lineup->weak;
	uint32_t first = weak->runs[weak->key_runs[key]];
	uint32_t end = weak->runs[weak->key_runs[key + 1]];
	struct lineup_range range;

	search_first(range.from, first, end, lineup->writes[range.from] < from);
	search_first(range.to, range.from, end, lineup->writes[range.to] < to);
	return range;
}

uint32_t
lineup_last_before(const struct lineup *lineup, uint32_t key, uint32_t place)
{
	struct lineup_range range = lineup_between(lineup, key, 0, place);

	return range.from == range.to ? WEAK_INITIAL
				      : lineup->order[lineup->writes[range.to - 1]];
}
