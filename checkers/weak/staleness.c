#include "checkers/weak/staleness.h"

#include "checkers/budget.h"

#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

/* ---- measuring --------------------------------------------------------------------- */

struct sweep {
	const struct observed *observed;
	struct staleness *staleness;
	uint32_t *done;	       /* by key: acknowledged writes that are over */
	uint32_t *begun;       /* by key: acknowledged writes that began */
	uint32_t *begun_at;    /* by write: `begun` when it was over */
	uint32_t *open;	       /* by key: the newest of the open acknowledged writes */
	uint32_t *next, *prev; /* by write: its neighbours among the open ones */
	uint32_t *first_done;  /* by key, backwards: of the writes that began later, the
				  one that was over first */
	uint32_t *replacer;    /* by write: `first_done` when it was over */
};

static const struct op *
op_of(const struct sweep *sweep, uint32_t i)
{
	return &sweep->observed->history->ops.items[i];
}

static bool
is_acknowledged(const struct sweep *sweep, uint32_t i)
{
	return op_of(sweep, i)->f == F_WRITE && op_of(sweep, i)->type == OP_OK;
}

static void
open_write(struct sweep *sweep, uint32_t i)
{
	uint32_t key = sweep->observed->key[i];

	sweep->begun[key]++;
	sweep->prev[i] = NONE;
	sweep->next[i] = sweep->open[key];
	if (sweep->open[key] != NONE)
		sweep->prev[sweep->open[key]] = i;
	sweep->open[key] = i;
}

static void
close_write(struct sweep *sweep, uint32_t i)
{
	uint32_t key = sweep->observed->key[i];

	sweep->done[key]++;
	sweep->begun_at[i] = sweep->begun[key];
	if (sweep->next[i] != NONE)
		sweep->prev[sweep->next[i]] = sweep->prev[i];
	if (sweep->prev[i] != NONE)
		sweep->next[sweep->prev[i]] = sweep->next[i];
	else
		sweep->open[key] = sweep->next[i];
}

/* Acknowledged writes that began after the source was over and were over before now: all
 * that are over, less those that began before the source was over. */
static uint32_t
versions_since(const struct sweep *sweep, uint32_t key, uint32_t source)
{
	uint32_t began_before = 0;

	if (source == OBSERVED_INITIAL)
		return sweep->done[key];
	if (source >= OBSERVED_NOTHING || sweep->begun_at[source] == 0)
		return 0; /* no write, of unknown outcome, or not over */
	began_before = sweep->begun_at[source];
	for (uint32_t i = sweep->open[key]; i != NONE; i = sweep->next[i])
		if (op_of(sweep, i)->invoke_at < op_of(sweep, source)->complete_at)
			began_before--;
	return sweep->done[key] - began_before;
}

/* False: stopped. */
static bool
sweep_forward(struct sweep *sweep, const struct budget *budget)
{
	const struct observed *observed = sweep->observed;

	for (uint32_t e = 0; e < observed->event_count; e++) {
		if (budget_ends_at(budget, e))
			return false;
		uint32_t i = observed->events[e] / 2;
		bool is_completion = observed->events[e] % 2;
		if (is_acknowledged(sweep, i)) {
			if (is_completion)
				close_write(sweep, i);
			else
				open_write(sweep, i);
		} else if (!is_completion && observed_is_answer(observed, i)) {
			sweep->staleness->versions[i] = versions_since(
				sweep, observed->key[i], observed->source[i]);
		}
	}
	return true;
}

static void
sweep_backward(struct sweep *sweep)
{
	const struct observed *observed = sweep->observed;

	for (uint32_t e = observed->event_count; e-- > 0;) {
		uint32_t i = observed->events[e] / 2;
		uint32_t *first = &sweep->first_done[observed->key[i]];
		if (!is_acknowledged(sweep, i))
			continue;
		if (observed->events[e] % 2)
			sweep->replacer[i] = *first;
		else if (*first == NONE ||
			 op_of(sweep, i)->complete_at < op_of(sweep, *first)->complete_at)
			*first = i;
	}
}

static void
find_replacers(struct sweep *sweep)
{
	const struct observed *observed = sweep->observed;

	for (uint32_t i = 0; i < observed->history->ops.count; i++) {
		uint32_t source = observed->source[i], replacer = NONE;
		if (source == OBSERVED_INITIAL)
			replacer = sweep->first_done[observed->key[i]];
		else if (source < OBSERVED_NOTHING)
			replacer = sweep->replacer[source];
		if (replacer != NONE &&
		    op_of(sweep, replacer)->complete_at > op_of(sweep, i)->invoke_at)
			replacer = NONE;
		sweep->staleness->replacer[i] = replacer;
	}
}

static uint32_t *
nones(size_t count)
{
	uint32_t *items = mem_new(count + 1, sizeof(*items));

	memset(items, 0xff, count * sizeof(*items));
	return items;
}

bool
staleness_measure(const struct observed *observed, const struct budget *budget,
		  struct staleness *staleness)
{
	size_t ops = observed->history->ops.count, keys = observed->key_count;
	struct sweep sweep = {.observed = observed, .staleness = staleness};

	staleness->versions = mem_new(ops + 1, sizeof(uint32_t));
	staleness->replacer = nones(ops);
	sweep.done = mem_new(keys + 1, sizeof(uint32_t));
	sweep.begun = mem_new(keys + 1, sizeof(uint32_t));
	sweep.begun_at = mem_new(ops + 1, sizeof(uint32_t));
	sweep.open = nones(keys);
	sweep.next = nones(ops);
	sweep.prev = nones(ops);
	sweep.first_done = nones(keys);
	sweep.replacer = nones(ops);
	bool is_done = sweep_forward(&sweep, budget);
	if (is_done) {
		sweep_backward(&sweep);
		find_replacers(&sweep);
	}
	free(sweep.done);
	free(sweep.begun);
	free(sweep.begun_at);
	free(sweep.open);
	free(sweep.next);
	free(sweep.prev);
	free(sweep.first_done);
	free(sweep.replacer);
	return is_done;
}

void
staleness_release(struct staleness *staleness)
{
	free(staleness->versions);
	free(staleness->replacer);
}

int64_t
staleness_ns(const struct observed *observed, const struct staleness *staleness,
	     uint32_t read)
{
	const struct op *ops = observed->history->ops.items;
	uint32_t replacer = staleness->replacer[read];

	if (replacer == NONE)
		return 0;
	int64_t ns = ops[read].invoke_ns - ops[replacer].complete_ns;
	return ns > 0 ? ns : 0;
}
