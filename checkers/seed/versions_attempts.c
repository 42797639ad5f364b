#include "checkers/seed/versions_attempts.h"

#include "base/search.h"

#include <stdlib.h>

void
attempts_add(struct attempts *attempts, uint32_t key, uint32_t op, val value)
{
	vec_push(&attempts->of, (struct attempt){key, op, value});
}

static int
by_key_and_value(const void *a, const void *b, void *values)
{
	const struct attempt *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	int order = val_compare(values, x->value, y->value);
	return order != 0 ? order : x->op < y->op ? -1 : x->op > y->op;
}

static void
count_in(struct attempt_group *group, const struct op *op, uint32_t index)
{
	if (group->first == OP_NEVER)
		group->first = index;
	else if (group->second == OP_NEVER)
		group->second = index;
	group->oks += op->type == OP_OK;
	group->infos += op->type == OP_INFO;
	group->fails += op->type == OP_FAIL;
	if (op->type == OP_INFO && op->invoke_at < group->info_begins)
		group->info_begins = op->invoke_at;
}

void
attempts_close(struct attempts *attempts)
{
	const struct values *values = &attempts->history->values;

	if (attempts->of.count > 0)
		qsort_r(attempts->of.items, attempts->of.count, sizeof(struct attempt),
			by_key_and_value, (void *)values);
	vec_each (struct attempt, attempt, &attempts->of) {
		bool is_first = attempt == attempts->of.items ||
				attempt[-1].key != attempt->key ||
				!val_equal(values, attempt[-1].value, attempt->value);
		if (is_first)
			vec_push(&attempts->groups,
				 (struct attempt_group){.key = attempt->key,
							.value = attempt->value,
							.first = OP_NEVER,
							.second = OP_NEVER,
							.info_begins = OP_NEVER});
		count_in(vec_last(&attempts->groups),
			 &attempts->history->ops.items[attempt->op], attempt->op);
	}
	vec_release(&attempts->of);
}

void
attempts_release(struct attempts *attempts)
{
	vec_release(&attempts->of);
	vec_release(&attempts->groups);
}

void
attempts_init(struct attempts *attempts, const struct store *store)
{
	const struct history *history = store->history;

	*attempts = (struct attempts){.history = history};
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (version_is_update(op))
			attempts_add(attempts, store->key_of[i], i,
				     version_value(history, op));
	}
	attempts_close(attempts);
}

const struct attempt_group *
attempts_find(const struct attempts *attempts, uint32_t key, val value)
{
	const struct values *values = &attempts->history->values;
	const struct attempt_group *groups = attempts->groups.items;
	size_t at;

	search_first(at, 0, attempts->groups.count,
		     groups[at].key != key
			     ? groups[at].key < key
			     : val_compare(values, groups[at].value, value) < 0);
	return at < attempts->groups.count && groups[at].key == key &&
			       val_compare(values, groups[at].value, value) == 0
		       ? &groups[at]
		       : NULL;
}
