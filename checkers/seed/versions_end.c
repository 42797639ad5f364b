/* versions_end.c - when all is quiet: replicas agree on the newest, and no key stays
 * locked. */
#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/seed/past.h"
#include "checkers/seed/versions.h"

#include <stdlib.h>

/* ---- final reads ---------------------------------------------------------------------- */

/* The newest acknowledged update of each key (its place in `shown` + 1). */
static uint32_t *
newest_updates(const struct store *store)
{
	uint32_t *newest = mem_new(value_ids_count(&store->keys) + 1, sizeof(*newest));

	for (uint32_t i = 0; i < store->shown.count; i++)
		if (store->shown.items[i].is_update)
			newest[store->shown.items[i].key] = i + 1;
	return newest;
}

static void
judge_final(struct store *store, const struct past *seen, const uint32_t *newest,
	    const struct shown *shown)
{
	const struct op *op = &store->history->ops.items[shown->op];
	const struct past_entry *before = past_newest(seen, shown->key, op->invoke_at);
	uint32_t acked = newest[shown->key];

	if (acked != 0 && shown->version < store->shown.items[acked - 1].version)
		store_report(store, "lost-version", shown->key,
			     "a final read is older than an acknowledged update",
			     store->shown.items[acked - 1].op, shown->op);
	else if (before != NULL && shown->version < before->version)
		store_report(store, "lost-version", shown->key,
			     "a final read is older than what was seen before it",
			     before->op, shown->op);
}

static void
judge_finals(struct store *store)
{
	uint32_t *newest = newest_updates(store);
	struct past seen = {0};
	const struct shown *first = NULL; /* final read of the key */

	vec_each (struct shown, shown, &store->shown)
		past_add(&seen, shown->key,
			 store->history->ops.items[shown->op].complete_at, shown->version,
			 shown->op);
	past_close(&seen);
	vec_each (struct shown, shown, &store->shown) {
		if (!version_is_final(store->history,
				      &store->history->ops.items[shown->op]))
			continue;
		judge_final(store, &seen, newest, shown);
		if (first != NULL && first->key == shown->key &&
		    first->version != shown->version)
			store_report(store, "diverged", shown->key,
				     "final reads show different versions", first->op,
				     shown->op);
		if (first == NULL || first->key != shown->key)
			first = shown;
	}
	past_release(&seen);
	free(newest);
}

/* ---- locks ---------------------------------------------------------------------------- */

/* A key that is refused as locked, with no acknowledged update under way since. */
struct lock {
	uint32_t first;	       /* the first refusal; OP_NEVER: not locked */
	uint32_t open;	       /* acknowledged updates that began and are not over */
	uint32_t worst, until; /* the refusals of the longest time, for the report */
	int64_t ns;
};

/* Time is counted from the end of the first refusal to the beginning of a later one, and
 * not before the last fault ended. */
static void
note_refusal(struct store *store, struct lock *lock, uint32_t index, bool begins)
{
	const struct op *ops = store->history->ops.items;

	if (!begins) {
		if (lock->first == OP_NEVER && lock->open == 0)
			lock->first = index;
		return;
	}
	if (lock->first == OP_NEVER)
		return;
	int64_t since = ops[lock->first].complete_ns;
	int64_t healed = version_healed_ns(store->history);
	int64_t ns = ops[index].invoke_ns - (since > healed ? since : healed);
	if (ns <= lock->ns)
		return;
	lock->ns = ns;
	lock->worst = lock->first;
	lock->until = index;
}

static void
follow_locks(struct store *store, struct lock *locks)
{
	size_t count;
	uint64_t *events = version_events(store->history, true, &count);

	for (size_t e = 0; e < count; e++) {
		uint32_t i = (uint32_t)events[e];
		const struct op *op = &store->history->ops.items[i];
		struct lock *lock = &locks[store->key_of[i]];
		bool begins = events[e] >> 32 == op->invoke_at;
		if (op->type == OP_FAIL) {
			note_refusal(store, lock, i, begins);
		} else if (version_is_update(op)) {
			lock->open = begins ? lock->open + 1 : lock->open - 1;
			lock->first = OP_NEVER;
		}
	}
	free(events);
}

static void
judge_locks(struct store *store)
{
	size_t keys = value_ids_count(&store->keys);
	struct lock *locks = mem_new(keys + 1, sizeof(*locks));

	for (uint32_t key = 0; key < keys; key++)
		locks[key].first = OP_NEVER;
	follow_locks(store, locks);
	for (uint32_t key = 0; key < keys; key++) {
		if (locks[key].ns > store->locked_ns_max)
			store->locked_ns_max = locks[key].ns;
		if (locks[key].ns > store->rules.locked_ns_max)
			store_report(store, "stuck-lock", key,
				     "the key was locked for longer than is allowed",
				     locks[key].worst, locks[key].until);
	}
	free(locks);
}

bool
versions_judge_end(struct store *store)
{
	judge_finals(store);
	judge_locks(store);
	return !budget_is_over(store->budget);
}
