/* versions_updates.c - update-ifs: each met what it expected, none met what another one had
 * replaced, and none was refused for nothing. */
#include "base/mem.h"
#include "checkers/budget.h"
#include "checkers/seed/past.h"
#include "checkers/seed/versions.h"
#include "checkers/seed/versions_attempts.h"

#include <stdlib.h>

/* Some update of unknown outcome may have written the value, with any version. */
static bool
may_be_anywhere(const struct attempts *attempts, uint32_t key, val value,
		const struct op *op)
{
	const struct attempt_group *group = attempts_find(attempts, key, value);

	return group != NULL && group->info_begins < op->complete_at;
}

/* From the version of an update-if to older ones, as long as these were not over when it
 * began (strict: only the one before it): one of them must have the expected value. */
static void
judge_expected(struct store *store, const struct attempts *attempts, size_t at)
{
	const struct shown *shown = &store->shown.items[at];
	const struct op *ops = store->history->ops.items, *op = &ops[shown->op];
	bool is_strict = store->rules.is_strict ||
			 (store->rules.is_atomic && store->is_guarded[shown->key]);
	val expected = version_expected(store->history, op);
	const struct shown *met = NULL;
	bool is_over = false;

	for (size_t i = at; i > 0 && store->shown.items[i - 1].key == shown->key; i--) {
		const struct shown *older = &store->shown.items[i - 1];
		if (older->version == shown->version)
			continue;
		if (is_over && older->version != met->version)
			break;
		if (val_equal(&store->history->values, older->value, expected))
			return;
		is_over = is_over || is_strict ||
			  ops[older->op].complete_at < op->invoke_at;
		met = older;
	}
	if ((!is_over && expected == VAL_OF_NIL) ||
	    may_be_anywhere(attempts, shown->key, expected, op))
		return;
	store_report(store, "update-if-mismatch", shown->key,
		     "no version that the update-if can have met has the expected value",
		     is_over ? met->op : OP_NEVER, shown->op);
}

/* By key and expected value: the update-ifs that replaced it. */
static void
judge_lost_updates(struct store *store, const struct attempts *written)
{
	struct attempts taken = {.history = store->history};

	vec_each (struct shown, shown, &store->shown) {
		const struct op *op = &store->history->ops.items[shown->op];
		if (op->f == F_UPDATE_IF)
			attempts_add(&taken, shown->key, shown->op,
				     version_expected(store->history, op));
	}
	attempts_close(&taken);
	vec_each (struct attempt_group, group, &taken.groups) {
		const struct attempt_group *sources =
			attempts_find(written, group->key, group->value);
		uint32_t possible = group->value == VAL_OF_NIL;
		if (sources != NULL)
			possible += sources->oks + sources->infos;
		if (possible > 0 && group->oks > possible)
			store_report(
				store, "lost-update", group->key,
				"more update-ifs took the place of one value than it "
				"was written",
				group->first, group->second);
	}
	attempts_release(&taken);
}

/* ---- refusals ------------------------------------------------------------------------- */

/* Versions of a key, older first, and the earliest beginning from each on. */
struct refusals {
	struct store *store;
	struct past replicas;	      /* node << 32 | key */
	uint32_t *key_end;	      /* owned; by key: behind its last one in `shown` */
	uint32_t *earliest;	      /* owned; by place in `shown` */
	VEC(struct attempt) doubtful; /* updates of unknown outcome */
};

static void
refusals_init(struct refusals *refusals, struct store *store)
{
	const struct history *history = store->history;
	size_t count = store->shown.count;

	*refusals = (struct refusals){.store = store};
	refusals->key_end = mem_new(value_ids_count(&store->keys) + 1, sizeof(uint32_t));
	refusals->earliest = mem_new(count + 1, sizeof(uint32_t));
	for (uint32_t i = (uint32_t)count; i-- > 0;) {
		const struct shown *shown = &store->shown.items[i];
		const struct op *op = &history->ops.items[shown->op];
		uint32_t *end = &refusals->key_end[shown->key];
		uint32_t later = *end == 0 ? OP_NEVER : refusals->earliest[i + 1];
		*end = *end == 0 ? i + 1 : *end;
		refusals->earliest[i] = op->invoke_at < later ? op->invoke_at : later;
		past_add(&refusals->replicas, (uint64_t)op->node << 32 | shown->key,
			 op->complete_at, shown->version, shown->op);
	}
	past_close(&refusals->replicas);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (version_is_update(op) && op->type == OP_INFO)
			vec_push(&refusals->doubtful,
				 (struct attempt){store->key_of[i], i,
						  version_value(history, op)});
	}
}

static void
refusals_release(struct refusals *refusals)
{
	past_release(&refusals->replicas);
	free(refusals->key_end);
	free(refusals->earliest);
	vec_release(&refusals->doubtful);
}

/* An update to something newer, with another value, had begun before the refusal was over. */
static bool
can_have_come(const struct refusals *refusals, const struct shown *floor,
	      const struct op *refused, val expected)
{
	const struct store *store = refusals->store;
	const struct values *values = &store->history->values;
	const struct op *ops = store->history->ops.items;
	uint32_t end = refusals->key_end[floor->key];

	for (uint32_t i = store_first_newer(store, floor->key, floor->version);
	     i < end && refusals->earliest[i] < refused->complete_at; i++)
		if (store->shown.items[i].is_update &&
		    ops[store->shown.items[i].op].invoke_at < refused->complete_at &&
		    !val_equal(values, store->shown.items[i].value, expected))
			return true;
	vec_each (struct attempt, doubt, &refusals->doubtful)
		if (doubt->key == floor->key &&
		    ops[doubt->op].invoke_at < refused->complete_at &&
		    !val_equal(values, doubt->value, expected))
			return true;
	return false;
}

static void
judge_refusal(struct refusals *refusals, uint32_t index)
{
	struct store *store = refusals->store;
	const struct op *op = &store->history->ops.items[index];
	struct shown floor = {.key = store->key_of[index], .op = OP_NEVER};
	val expected = version_expected(store->history, op);
	const struct past_entry *newest =
		op->node == 0 || store->rules.is_volatile
			? NULL
			: past_newest(&refusals->replicas,
				      (uint64_t)op->node << 32 | floor.key,
				      op->invoke_at);

	if (newest != NULL)
		version_show(store->history, newest->op, &floor);
	if (val_equal(&store->history->values, floor.value, expected) &&
	    !can_have_come(refusals, &floor, op, expected))
		store_report(store, "unjustified-refusal", floor.key,
			     "the replica had the expected value, and nothing else can "
			     "have come since",
			     floor.op, index);
}

static void
judge_refusals(struct store *store)
{
	struct refusals refusals;

	refusals_init(&refusals, store);
	for (uint32_t i = 0; i < store->history->ops.count; i++)
		if (version_is_mismatch(store->history, &store->history->ops.items[i]))
			judge_refusal(&refusals, i);
	refusals_release(&refusals);
}

bool
versions_judge_updates(struct store *store)
{
	struct attempts attempts;
	size_t i = 0;

	attempts_init(&attempts, store);
	for (; i < store->shown.count && !budget_ends_at(store->budget, i); i++)
		if (store->history->ops.items[store->shown.items[i].op].f == F_UPDATE_IF)
			judge_expected(store, &attempts, i);
	judge_lost_updates(store, &attempts);
	attempts_release(&attempts);
	judge_refusals(store);
	return i == store->shown.count;
}
