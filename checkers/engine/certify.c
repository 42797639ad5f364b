#include "checkers/engine/certify.h"

#include <stdlib.h>

struct replay {
	const struct model *model;
	const struct history *history;
	const struct check_options *options;
	uint64_t *placed; /* one bit an operation of the history */
};

static bool
place_once(struct replay *replay, uint32_t index, struct err *err)
{
	uint64_t bit = (uint64_t)1 << (index % 64);

	if (index >= replay->history->ops.count)
		return err_set(err, "operation %u is not in the history", index);
	if (replay->placed[index / 64] & bit)
		return err_set(err, "operation %u stands twice in the order", index);
	replay->placed[index / 64] |= bit;
	return true;
}

static bool
belongs(const struct replay *replay, const struct op *op, val key)
{
	return val_equal(&replay->history->values, op->key, key);
}

static bool
not_allowed(const struct replay *replay, void *self, size_t place, uint32_t index,
	    struct err *err)
{
	if (!model_is_full(replay->model, self))
		return err_set(err, "operation %u is not allowed at place %zu", index,
			       place);
	err_set(err, "there was no memory for the state after operation %u", index);
	return err_hint(err, "allow more with --budget");
}

/* Replays one key from the model's first state. */
static bool
replay_order(struct replay *replay, void *self, const struct order *order,
	     struct err *err)
{
	uint32_t state = replay->model->init(self);
	uint32_t invoked_last = 0;

	for (size_t i = 0; i < order->count; i++) {
		uint32_t index = order->ops[i];
		if (!place_once(replay, index, err))
			return false;
		const struct op *op = &replay->history->ops.items[index];
		struct call call = {.op = index, .optional = op->type == OP_INFO};
		if (!belongs(replay, op, order->key) || op->type == OP_NONE ||
		    !replay->model->decode(self, op, &call))
			return err_set(err, "operation %u has no place in this order",
				       index);
		if (!replay->model->step(self, state, &call, &state))
			return not_allowed(replay, self, i, index, err);
		if (op->type != OP_INFO && op->complete_at < invoked_last)
			return err_set(
				err,
				"operation %u completed before one ahead of it began",
				index);
		if (op->invoke_at > invoked_last)
			invoked_last = op->invoke_at;
	}
	return true;
}

/* What stands in no order must be of a kind that may be left out. */
static bool
nothing_is_missing(struct replay *replay, void *self, struct err *err)
{
	for (size_t i = 0; i < replay->history->ops.count; i++) {
		const struct op *op = &replay->history->ops.items[i];
		struct call call = {0};
		if (replay->placed[i / 64] >> (i % 64) & 1 || op->type == OP_INFO)
			continue;
		if (replay->model->decode(self, op, &call))
			return err_set(err, "operation %zu is missing in the order", i);
	}
	return true;
}

bool
certify_orders(const struct model *model, const struct history *history,
	       const struct check_options *options, const struct order *orders,
	       size_t count, struct err *err)
{
	struct replay replay = {model, history, options, NULL};
	bool holds = true;

	replay.placed = mem_new(history->ops.count / 64 + 1, sizeof(uint64_t));
	for (size_t i = 0; i < count && holds; i++) {
		struct key_ops key = {history, orders[i].key, orders[i].ops,
				      orders[i].count};
		void *self = model->open(&key, options);
		holds = replay_order(&replay, self, &orders[i], err);
		model->close(self);
	}
	if (holds) {
		void *self = model->open(&(struct key_ops){.history = history}, options);
		holds = nothing_is_missing(&replay, self, err);
		model->close(self);
	}
	free(replay.placed);
	return holds;
}
