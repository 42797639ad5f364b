#include "checkers/transaction/predicate_replay.h"

#include "checkers/transaction/predicate.h"
#include "checkers/transaction/raw_txn.h"

#include <stdlib.h>

struct cell {
	val value;	     /* what was committed last */
	val own;	     /* what the transaction `owner` - 1 wrote */
	uint32_t owner;	     /* operation + 1 */
	uint32_t touched_by; /* operation + 1: it read or wrote the key */
	uint32_t shown_by;   /* ->reads */
};

struct replay {
	const struct history *history;
	const struct predicate_claim *claim;
	VEC(struct cell) cells;
	struct map places; /* hash of a key -> its cell + 1 */
	uint32_t reads;	   /* predicate reads so far */
	bool *has_begun;   /* owned, by operation */
};

static struct cell *
cell_of(struct replay *r, val key)
{
	uint64_t *place = map_at(&r->places, val_hash(&r->history->values, key), NULL);

	if (*place == 0) {
		vec_push(&r->cells, (struct cell){.value = VAL_OF_NIL});
		*place = r->cells.count;
	}
	return &r->cells.items[*place - 1];
}

/* Of a key as a result names it; NULL: nobody has met it so far. */
static struct cell *
cell_shown(struct replay *r, val key)
{
	const struct values *values = &r->history->values;
	const uint64_t *place = map_find(&r->places, val_hash(values, key));

	if (place == NULL && predicate_key_number(values, key, &key))
		place = map_find(&r->places, val_hash(values, key));
	return place == NULL ? NULL : &r->cells.items[*place - 1];
}

static val
value_for(const struct cell *cell, uint32_t op)
{
	return cell->owner == op + 1 ? cell->own : cell->value;
}

/* What is shown is there, and satisfies. */
static bool
shows_truth(struct replay *r, uint32_t op, const struct predicate *predicate, val result)
{
	const struct values *values = &r->history->values;
	val key, value;

	r->reads++;
	for (size_t i = 0; i < predicate_result_count(values, result); i++) {
		predicate_result_at(values, result, i, &key, &value);
		struct cell *cell = cell_shown(r, key);
		if (cell == NULL || !val_equal(values, value, value_for(cell, op)) ||
		    !predicate_holds(values, predicate, value))
			return false;
		cell->shown_by = r->reads;
		cell->touched_by = op + 1;
	}
	return true;
}

static bool
hides_nothing(const struct replay *r, uint32_t op, const struct predicate *predicate)
{
	vec_each (const struct cell, cell, &r->cells) {
		bool counts = !r->claim->items_only || cell->touched_by == op + 1;
		if (counts && cell->shown_by != r->reads &&
		    predicate_holds(&r->history->values, predicate, value_for(cell, op)))
			return false;
	}
	return true;
}

static bool
replay_predicate(struct replay *r, uint32_t op, val mop)
{
	const struct values *values = &r->history->values;
	struct predicate predicate;
	struct err err;
	val result;

	if (!predicate_parse(values, val_at(values, mop, 1), &predicate, &err) ||
	    !predicate_result(values, mop, &result, &err))
		return false;
	return result == VAL_OF_NIL || (shows_truth(r, op, &predicate, result) &&
					hides_nothing(r, op, &predicate));
}

/* The transaction's reads, on what was committed and what it wrote itself. */
static bool
begin(struct replay *r, uint32_t index)
{
	const struct values *values = &r->history->values;
	const struct op *op = &r->history->ops.items[index];

	for (size_t i = 0; i < raw_count(values, op); i++) {
		val item = val_at(values, raw_list(op), i);
		struct raw_mop mop = raw_mop(values, op, i);
		if (predicate_is_read(values, item)) {
			if (op->type == OP_OK && !replay_predicate(r, index, item))
				return false;
			continue;
		}
		struct cell *cell = cell_of(r, mop.key);
		bool taught = mop.value != VAL_OF_NIL || !r->claim->nil_is_unknown;
		if (mop.f == 'w') {
			cell->own = mop.value;
			cell->owner = index + 1;
		}
		if (mop.f == 'w' || (raw_is_read(op, &mop) && taught))
			cell->touched_by = index + 1;
	}
	return true;
}

static void
commit(struct replay *r, uint32_t index)
{
	const struct values *values = &r->history->values;
	const struct op *op = &r->history->ops.items[index];

	for (size_t i = 0; i < raw_count(values, op); i++) {
		struct raw_mop mop = raw_mop(values, op, i);
		if (mop.f == 'w')
			cell_of(r, mop.key)->value = mop.value;
	}
}

static bool
step(struct replay *r, uint32_t index)
{
	bool begins = !r->has_begun[index];

	r->has_begun[index] = true;
	if (begins && !begin(r, index))
		return false;
	if (!begins || !r->claim->snapshot)
		commit(r, index);
	return true;
}

bool
predicate_replay(const struct history *history, const struct order *order,
		 const struct predicate_claim *claim, struct err *err)
{
	struct replay r = {.history = history, .claim = claim};
	bool ok = true;

	r.has_begun = mem_new(history->ops.count + 1, sizeof(*r.has_begun));
	for (size_t i = 0; i < order->count && ok; i++)
		if (order->ops[i] >= history->ops.count || !step(&r, order->ops[i]))
			ok = err_set(
				err,
				"a predicate read of T%u does not show what satisfies it "
				"at step %zu of the order",
				order->ops[i], i);
	vec_release(&r.cells);
	map_release(&r.places);
	free(r.has_begun);
	return ok;
}
