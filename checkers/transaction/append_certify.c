#include "checkers/transaction/append_certify.h"

#include "checkers/transaction/raw_txn.h"

#include <stdlib.h>
#include <string.h>

struct list {
	VEC(val) elements;
	uint32_t appending; /* transactions that run and append to it */
};

enum phase {
	PHASE_NONE,
	PHASE_BEGUN,
	PHASE_COMMITTED,
};

struct replay {
	const struct history *history;
	const struct append_claim *claim;
	struct map ids; /* hash of key -> index into lists + 1 */
	VEC(struct list) lists;
	struct map processes; /* process -> its latest operation begun + 1 */
	uint8_t *phase;	      /* owned, by operation */
	uint32_t latest_begin;
};

static struct list *
list_of(struct replay *r, val key)
{
	uint64_t *index = map_at(&r->ids, val_hash(&r->history->values, key), NULL);

	if (*index == 0) {
		vec_push(&r->lists, (struct list){0});
		*index = r->lists.count;
	}
	return &r->lists.items[*index - 1];
}

/* The first `count` items of the list are those of the read. */
static bool
begins_with(struct replay *r, const val *seen, const struct list *list, size_t count)
{
	bool ok = true;

	if (count > 0 && memcmp(seen, list->elements.items, count * sizeof(*seen)) != 0)
		for (size_t i = 0; i < count && ok; i++)
			ok = val_equal(&r->history->values, seen[i],
				       list->elements.items[i]);
	return ok;
}

static const val *
items_read(struct replay *r, const struct raw_mop *read, size_t *count)
{
	*count = 0;
	return read->value == VAL_OF_NIL
		       ? NULL
		       : val_items(&r->history->values, read->value, count);
}

/* The read is the list and then what the transaction appended to it before. */
static bool
shows(struct replay *r, const struct op *op, size_t at, const struct raw_mop *read)
{
	const struct values *values = &r->history->values;
	const struct list *list = list_of(r, read->key);
	size_t count, there = list->elements.count;
	const val *seen = items_read(r, read, &count);
	bool ok = count >= there && begins_with(r, seen, list, there);

	for (size_t i = 0; i < at && ok; i++) {
		struct raw_mop mop = raw_mop(values, op, i);
		if (mop.f == 'a' && val_equal(values, mop.key, read->key))
			ok = there < count && val_equal(values, seen[there++], mop.value);
	}
	return ok && there == count;
}

static bool
keeps_process(struct replay *r, const struct op *op)
{
	uint64_t *before = map_at(&r->processes, op->process, NULL);
	bool ok = !r->claim->process || *before == 0 ||
		  (r->history->ops.items[*before - 1].invoke_at < op->invoke_at &&
		   r->phase[*before - 1] == PHASE_COMMITTED);

	*before = (uint64_t)(op - r->history->ops.items) + 1;
	return ok;
}

/* A key is counted once for each of its appends, and when the transaction ends as often. */
static bool
begin(struct replay *r, const struct op *op)
{
	const struct values *values = &r->history->values;
	bool ok = true;

	for (size_t i = 0; i < raw_count(values, op) && ok; i++) {
		struct raw_mop mop = raw_mop(values, op, i);
		if (raw_is_read(op, &mop))
			ok = shows(r, op, i, &mop);
		else if (mop.f == 'a')
			ok = list_of(r, mop.key)->appending == 0;
	}
	for (size_t i = 0; i < raw_count(values, op) && ok; i++) {
		struct raw_mop mop = raw_mop(values, op, i);
		if (mop.f == 'a')
			list_of(r, mop.key)->appending++;
	}
	return ok;
}

static void
commit(struct replay *r, const struct op *op)
{
	const struct values *values = &r->history->values;

	for (size_t i = 0; i < raw_count(values, op); i++) {
		struct raw_mop mop = raw_mop(values, op, i);
		if (mop.f != 'a')
			continue;
		struct list *list = list_of(r, mop.key);
		vec_push(&list->elements, mop.value);
		list->appending--;
	}
}

/* All at once, while no other runs: each micro-operation on the lists as they are. */
static bool
run(struct replay *r, const struct op *op)
{
	const struct values *values = &r->history->values;
	bool ok = true;

	for (size_t i = 0; i < raw_count(values, op) && ok; i++) {
		struct raw_mop mop = raw_mop(values, op, i);
		struct list *list = list_of(r, mop.key);
		size_t count;
		if (mop.f == 'a') {
			vec_push(&list->elements, mop.value);
		} else if (raw_is_read(op, &mop)) {
			const val *seen = items_read(r, &mop, &count);
			ok = count == list->elements.count &&
			     begins_with(r, seen, list, count);
		}
	}
	return ok;
}

static bool
enter(struct replay *r, const struct op *op)
{
	r->latest_begin =
		op->invoke_at > r->latest_begin ? op->invoke_at : r->latest_begin;
	return keeps_process(r, op) && (r->claim->snapshot ? begin(r, op) : run(r, op));
}

/* Under snapshot isolation the first time a transaction begins, the second time it
 * commits; else it does both. */
static bool
step(struct replay *r, uint32_t index)
{
	const struct op *op = &r->history->ops.items[index];
	uint8_t *phase = &r->phase[index];

	if (*phase == PHASE_COMMITTED || op->type == OP_FAIL || op->f != F_TXN)
		return false;
	if (*phase == PHASE_NONE) {
		if (!enter(r, op))
			return false;
		*phase = PHASE_BEGUN;
		if (r->claim->snapshot)
			return true;
	}
	*phase = PHASE_COMMITTED;
	if (r->claim->snapshot)
		commit(r, op);
	return !r->claim->realtime || op->complete_at >= r->latest_begin;
}

bool
append_certify_order(const struct history *history, const struct order *order,
		     const struct append_claim *claim, struct err *err)
{
	struct replay r = {.history = history, .claim = claim};
	size_t count = history->ops.count;
	bool ok = true;

	r.phase = mem_new(count + 1, sizeof(*r.phase));
	for (size_t i = 0; i < order->count && ok; i++)
		if (order->ops[i] >= count || !step(&r, order->ops[i]))
			ok = err_set(err, "the order breaks at its step %zu", i);
	for (size_t o = 0; o < count && ok; o++)
		if (history->ops.items[o].f == F_TXN &&
		    history->ops.items[o].type == OP_OK && r.phase[o] != PHASE_COMMITTED)
			ok = err_set(err, "the order lacks operation %zu", o);
	vec_each (struct list, list, &r.lists)
		vec_release(&list->elements);
	vec_release(&r.lists);
	map_release(&r.ids);
	map_release(&r.processes);
	free(r.phase);
	return ok;
}
