/* versions_past.c - in the order of events: no replica, session or agreed update-if is
 * forgotten by what begins later. And, in the same order, how far reads were behind. */
#include "base/map.h"
#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/seed/versions.h"
#include "checkers/sort.h"

#include <stdlib.h>

#define NONE UINT32_MAX

/* The newest version that somebody knows of a key, and who showed it. */
struct newest {
	uint64_t version;
	uint32_t op; /* NONE: nobody */
};

struct past_of {
	struct map places; /* who << 32 | key -> index in `of` */
	VEC(struct newest) of;
};

struct sweep {
	struct store *store;
	struct past_of replicas, sessions, updates, all;
};

uint64_t *
version_events(const struct history *history, bool with_refusals, size_t *count)
{
	uint64_t *events = mem_new(2 * history->ops.count + 1, sizeof(*events));

	*count = 0;
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (op->type != OP_OK &&
		    !(with_refusals && version_is_locked(history, op)))
			continue;
		events[(*count)++] = (uint64_t)op->invoke_at << 32 | i;
		events[(*count)++] = (uint64_t)op->complete_at << 32 | i;
	}
	sort_words(events, *count);
	return events;
}

static struct newest *
newest_of(struct past_of *past, uint64_t who, uint32_t key)
{
	bool is_new;
	uint64_t *id = map_at(&past->places, who << 32 | key, &is_new);

	if (is_new) {
		*id = past->of.count;
		vec_push(&past->of, (struct newest){.op = NONE});
	}
	return &past->of.items[*id];
}

static void
raise(struct newest *newest, const struct shown *shown)
{
	if (newest->op == NONE || shown->version > newest->version)
		*newest = (struct newest){shown->version, shown->op};
}

static void
past_of_release(struct past_of *past)
{
	map_release(&past->places);
	vec_release(&past->of);
}

/* An update must be newer than what counts, a read not older. */
static bool
is_behind(const struct newest *newest, const struct shown *shown)
{
	return newest->op != NONE &&
	       (shown->is_update ? shown->version <= newest->version
				 : shown->version < newest->version);
}

static void
judge_replica(struct sweep *sweep, const struct shown *shown, uint32_t node)
{
	const struct newest *replica = newest_of(&sweep->replicas, node, shown->key);

	if (node == 0 || sweep->store->rules.is_volatile || !is_behind(replica, shown))
		return;
	store_report(sweep->store,
		     shown->is_update ? "version-not-newer" : "replica-regression",
		     shown->key,
		     shown->is_update
			     ? "the replica had shown a version that is as new, or newer"
			     : "the replica had shown a newer version before",
		     replica->op, shown->op);
}

static void
judge_begin(struct sweep *sweep, uint32_t index)
{
	struct store *store = sweep->store;
	const struct op *op = &store->history->ops.items[index];
	struct shown shown = {.key = store->key_of[index]};

	version_show(store->history, index, &shown);
	const struct newest *session =
		newest_of(&sweep->sessions, op->process, shown.key);
	const struct newest *update = newest_of(&sweep->updates, 0, shown.key);
	const struct newest *any = newest_of(&sweep->all, 0, shown.key);
	judge_replica(sweep, &shown, op->node);
	if (!store->rules.is_sessionless && is_behind(session, &shown))
		store_report(store, "session-regression", shown.key,
			     "the process had seen a newer version, or this one, before",
			     session->op, index);
	if (!shown.is_update && is_behind(update, &shown))
		store_report(store, "stale-after-update-if", shown.key,
			     "the read misses an update-if to which all replicas had "
			     "agreed",
			     update->op, index);
	if (store->rules.is_atomic && store->is_guarded[shown.key] &&
	    is_behind(any, &shown))
		store_report(store, "stale-read", shown.key,
			     "somebody had seen a newer version before", any->op, index);
}

static void
note_end(struct sweep *sweep, uint32_t index)
{
	const struct op *op = &sweep->store->history->ops.items[index];
	struct shown shown = {.key = sweep->store->key_of[index]};

	version_show(sweep->store->history, index, &shown);
	raise(newest_of(&sweep->replicas, op->node, shown.key), &shown);
	raise(newest_of(&sweep->sessions, op->process, shown.key), &shown);
	raise(newest_of(&sweep->all, 0, shown.key), &shown);
	if (op->f == F_UPDATE_IF)
		raise(newest_of(&sweep->updates, 0, shown.key), &shown);
}

bool
versions_judge_past(struct store *store)
{
	struct sweep sweep = {.store = store};
	size_t count, e = 0;
	uint64_t *events = version_events(store->history, false, &count);

	for (; e < count && !budget_ends_at(store->budget, e); e++) {
		uint32_t i = (uint32_t)events[e];
		if (events[e] >> 32 == store->history->ops.items[i].invoke_at)
			judge_begin(&sweep, i);
		else
			note_end(&sweep, i);
	}
	free(events);
	past_of_release(&sweep.replicas);
	past_of_release(&sweep.sessions);
	past_of_release(&sweep.updates);
	past_of_release(&sweep.all);
	return e == count;
}

/* ---- how far behind ------------------------------------------------------------------- */

/* Updates by key and version: a tree of counts (Fenwick 1994) of those that are over, and
 * of each update the one not older that was over first. */
struct ranks {
	const struct store *store;
	uint32_t *rank;	 /* owned; by operation: of its version among `shown` */
	uint32_t *end;	 /* owned; by key: behind its last one */
	uint32_t *first; /* owned; by rank: the operation that was over first; NONE */
	uint32_t *tree;	 /* owned */
	size_t count;
};

static void
ranks_init(struct ranks *ranks, const struct store *store)
{
	size_t count = store->shown.count;

	*ranks = (struct ranks){.store = store, .count = count};
	ranks->rank = mem_new(store->history->ops.count + 1, sizeof(uint32_t));
	ranks->end = mem_new(value_ids_count(&store->keys) + 1, sizeof(uint32_t));
	ranks->first = mem_new(count + 1, sizeof(uint32_t));
	ranks->tree = mem_new(count + 1, sizeof(uint32_t));
	for (uint32_t i = 0; i < count; i++) {
		const struct shown *shown = &store->shown.items[i];
		bool is_tie = i > 0 && shown[-1].key == shown->key &&
			      shown[-1].version == shown->version;
		ranks->rank[shown->op] = is_tie ? ranks->rank[shown[-1].op] : i;
		ranks->end[shown->key] = i + 1;
	}
	for (uint32_t i = (uint32_t)count; i-- > 0;) {
		const struct op *ops = store->history->ops.items;
		const struct shown *shown = &store->shown.items[i];
		bool is_last = i + 1 == ranks->end[shown->key];
		uint32_t newer = is_last ? NONE : ranks->first[i + 1];
		ranks->first[i] = newer;
		if (shown->is_update && (newer == NONE || ops[shown->op].complete_at <
								  ops[newer].complete_at))
			ranks->first[i] = shown->op;
	}
}

static void
ranks_release(struct ranks *ranks)
{
	free(ranks->rank);
	free(ranks->end);
	free(ranks->first);
	free(ranks->tree);
}

static void
ranks_add(struct ranks *ranks, uint32_t rank)
{
	for (size_t i = (size_t)rank + 1; i <= ranks->count; i += i & -i)
		ranks->tree[i]++;
}

static uint64_t
ranks_below(const struct ranks *ranks, uint32_t rank)
{
	uint64_t sum = 0;

	for (size_t i = rank; i > 0; i -= i & -i)
		sum += ranks->tree[i];
	return sum;
}

static void
measure_read(const struct ranks *ranks, uint32_t read, struct version_lag *lag)
{
	const struct op *ops = ranks->store->history->ops.items;
	uint32_t key = ranks->store->key_of[read], end = ranks->end[key];
	uint32_t from = store_first_newer(
		ranks->store, key, ranks->store->shown.items[ranks->rank[read]].version);
	uint64_t behind = ranks_below(ranks, end) - ranks_below(ranks, from);

	if (behind == 0)
		return;
	int64_t ns = ops[read].invoke_ns - ops[ranks->first[from]].complete_ns;
	lag->stale_reads++;
	lag->versions_max = behind > lag->versions_max ? behind : lag->versions_max;
	lag->ns_max = ns > lag->ns_max ? ns : lag->ns_max;
}

void
versions_measure(const struct store *store, struct version_lag *lag)
{
	struct ranks ranks;
	size_t count;
	uint64_t *events = version_events(store->history, false, &count);

	*lag = (struct version_lag){0};
	ranks_init(&ranks, store);
	for (size_t e = 0; e < count; e++) {
		uint32_t i = (uint32_t)events[e];
		const struct op *op = &store->history->ops.items[i];
		bool begins = events[e] >> 32 == op->invoke_at;
		if (!begins && version_is_update(op))
			ranks_add(&ranks, ranks.rank[i]);
		if (begins && !version_is_update(op))
			measure_read(&ranks, i, lag);
	}
	ranks_release(&ranks);
	free(events);
}
