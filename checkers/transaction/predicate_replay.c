#include "checkers/transaction/predicate_replay.h"

#include "checkers/transaction/predicate.h"
#include "checkers/transaction/raw_txn.h"

struct cell {
	val key, value;
};

struct replay {
	const struct history *history;
	VEC(struct cell) cells; /* what was written so far */
	struct map places;	/* hash of a key -> its cell + 1 */
};

static void
replay_write(struct replay *replay, val key, val value)
{
	const struct values *values = &replay->history->values;
	uint64_t *place = map_at(&replay->places, val_hash(values, key), NULL);

	if (*place == 0) {
		vec_push(&replay->cells, (struct cell){.key = key});
		*place = replay->cells.count;
	}
	replay->cells.items[*place - 1].value = value;
}

static bool
shows(const struct values *values, val result, const struct cell *cell)
{
	val key, value;

	for (size_t i = 0; i < predicate_result_count(values, result); i++) {
		predicate_result_at(values, result, i, &key, &value);
		if (predicate_same_key(values, key, cell->key))
			return val_equal(values, value, cell->value);
	}
	return false;
}

/* Every cell that satisfies is shown, and as many are shown as satisfy. */
static bool
replay_predicate(const struct replay *replay, val mop)
{
	const struct values *values = &replay->history->values;
	struct predicate predicate;
	struct err err;
	size_t matches = 0;
	val result;

	if (!predicate_parse(values, val_at(values, mop, 1), &predicate, &err) ||
	    !predicate_result(values, mop, &result, &err))
		return false;
	vec_each (const struct cell, cell, &replay->cells) {
		if (result == VAL_OF_NIL ||
		    !predicate_holds(values, &predicate, cell->value))
			continue;
		if (!shows(values, result, cell))
			return false;
		matches++;
	}
	return matches == predicate_result_count(values, result);
}

static bool
replay_txn(struct replay *replay, const struct op *op)
{
	const struct values *values = &replay->history->values;

	for (size_t i = 0; i < raw_count(values, op); i++) {
		val item = val_at(values, raw_list(op), i);
		struct raw_mop mop = raw_mop(values, op, i);
		if (mop.f == 'w')
			replay_write(replay, mop.key, mop.value);
		else if (op->type == OP_OK && predicate_is_read(values, item) &&
			 !replay_predicate(replay, item))
			return false;
	}
	return true;
}

bool
predicate_replay(const struct history *history, const struct order *order,
		 struct err *err)
{
	struct replay replay = {.history = history};
	bool ok = true;

	for (size_t i = 0; i < order->count && ok; i++)
		if (!replay_txn(&replay, &history->ops.items[order->ops[i]]))
			ok = err_set(
				err,
				"a predicate read of T%u does not show what satisfies it "
				"at step %zu of the order",
				order->ops[i], i);
	vec_release(&replay.cells);
	map_release(&replay.places);
	return ok;
}
