/* versions_sources.c - a version has one value and one update, and what is read was
 * written. */
#include "base/map.h"
#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/seed/versions.h"
#include "checkers/seed/versions_attempts.h"

#include <stdlib.h>

/* The update that was told this version, or NULL. Updates stand first in their version. */
static const struct shown *
teller(const struct shown *first, const struct shown *end)
{
	return first < end && first->is_update ? first : NULL;
}

/* A read must show what some update had begun to write, with the version that the update
 * was told. `first`: of its key and version. */
static void
judge_source(struct store *store, const struct attempts *attempts,
	     const struct shown *first, const struct shown *shown)
{
	const struct op *ops = store->history->ops.items;
	uint32_t ends = ops[shown->op].complete_at;
	const struct shown *told = teller(first, shown);

	if (shown->is_update || shown->version == 0)
		return;
	if (told != NULL && ops[told->op].invoke_at < ends &&
	    val_equal(&store->history->values, told->value, shown->value))
		return;
	const struct attempt_group *group =
		attempts_find(attempts, shown->key, shown->value);
	if (group != NULL && group->info_begins < ends)
		return;
	bool is_aborted = group != NULL && group->oks + group->infos == 0;
	store_report(store, is_aborted ? "aborted-version" : "unwritten-version",
		     shown->key,
		     is_aborted ? "the read saw what only failed updates wrote"
				: "the read saw a value, or its version, that no update "
				  "had begun to give it",
		     group != NULL ? group->first : OP_NEVER, shown->op);
}

/* Neighbours of one key and version: against the first of them. */
static void
judge_version(struct store *store, const struct shown *first, const struct shown *shown)
{
	if (!val_equal(&store->history->values, first->value, shown->value))
		store_report(store, "version-conflict", shown->key,
			     "one version has two values", first->op, shown->op);
	else if (shown->is_update)
		store_report(store, "version-reused", shown->key,
			     "two updates were told the same version", first->op,
			     shown->op);
}

/* The first write of each node, and of each replica in versions. */
static void
judge_coordinators(struct store *store)
{
	const struct op *ops = store->history->ops.items;
	uint32_t of_node[256] = {0}; /* operation + 1 */
	struct map of_replica = {0}; /* -> operation + 1 */
	struct shown other;

	vec_each (struct shown, shown, &store->shown) {
		const struct op *op = &ops[shown->op];
		uint32_t replica = version_replica(shown->version);
		if (op->f != F_WRITE || op->node == 0)
			continue;
		uint64_t *same = map_at(&of_replica, replica, NULL);
		uint32_t *mine = &of_node[op->node];
		if (*same != 0 && ops[*same - 1].node != op->node)
			store_report(store, "wrong-coordinator", shown->key,
				     "two nodes gave versions of one replica",
				     (uint32_t)*same - 1, shown->op);
		if (*mine != 0 && version_show(store->history, *mine - 1, &other) &&
		    version_replica(other.version) != replica)
			store_report(store, "wrong-coordinator", shown->key,
				     "one node gave versions of two replicas", *mine - 1,
				     shown->op);
		*same = *same == 0 ? shown->op + 1u : *same;
		*mine = *mine == 0 ? shown->op + 1u : *mine;
	}
	map_release(&of_replica);
}

bool
versions_judge_sources(struct store *store)
{
	struct attempts attempts;
	const struct shown *first = NULL;
	size_t i = 0;

	attempts_init(&attempts, store);
	for (; i < store->shown.count && !budget_ends_at(store->budget, i); i++) {
		const struct shown *shown = &store->shown.items[i];
		bool is_same = first != NULL && first->key == shown->key &&
			       first->version == shown->version;
		if (is_same && shown->version != 0)
			judge_version(store, first, shown);
		first = is_same ? first : shown;
		judge_source(store, &attempts, first, shown);
	}
	if (store->rules.names_coordinator)
		judge_coordinators(store);
	attempts_release(&attempts);
	return i == store->shown.count;
}
