#include "checkers/generate/mutate.h"

bool
mutate_somewhere(struct mutating *m, bool (*mutate)(struct mutating *m, size_t i))
{
	size_t count = m->history->ops.count, start = rng_below(m->rng, count);

	for (size_t i = 0; i < count; i++)
		if (mutate(m, (start + i) % count))
			return true;
	return false;
}

size_t
mutate_before(const struct mutating *m, const struct op *later, size_t i,
	      bool (*is)(const struct op *op))
{
	for (size_t back = 0; i-- > 0 && back < MUTATE_LOOK_BACK; back++) {
		const struct op *op = op_at(m, i);
		if (is(op) && op->key == later->key && op_precedes(op, later))
			return i;
	}
	return SIZE_MAX;
}

/* Positions are spread, so that there is room behind each. */
static uint32_t
spread(struct history *history, uint32_t *process)
{
	uint32_t last = 0;

	vec_each (struct op, op, &history->ops) {
		op->invoke_at *= 4;
		if (op->complete_at != OP_NEVER)
			op->complete_at *= 4;
		uint32_t end =
			op->complete_at != OP_NEVER ? op->complete_at : op->invoke_at;
		last = end > last ? end : last;
		*process = op->process >= *process ? op->process + 1 : *process;
	}
	return last;
}

static int64_t
last_moment(const struct history *history)
{
	int64_t last = 0;

	vec_each (struct op, op, &history->ops)
		last = op->complete_ns > last ? op->complete_ns : last;
	return last;
}

void
mutate_insert(struct mutating *m, struct op op, const struct op *after)
{
	uint32_t at = after != NULL ? after->complete_at * 4 : 0;

	op.invoke_ns = after != NULL ? after->complete_ns : last_moment(m->history);
	op.complete_ns = op.invoke_ns;
	uint32_t last = spread(m->history, &op.process);
	at = after != NULL ? at : last;
	op.invoke_at = at + 1;
	op.complete_at = at + 2;
	op.type = OP_OK;
	history_add(m->history, &op);
	history_sort(m->history);
}

/* ---- answers ---- */

val
mutate_list(struct mutating *m, val list, val without, val with)
{
	struct values *values = &m->history->values;
	VEC(val) items = {0};

	for (size_t i = 0; list != VAL_OF_NIL && i < val_count(values, list); i++) {
		val item = val_at(values, list, i);
		if (without == VAL_OF_NIL || !val_equal(values, item, without))
			vec_push(&items, item);
	}
	if (with != VAL_OF_NIL)
		vec_push(&items, with);
	val changed = val_list(values, items.items, items.count);
	vec_release(&items);
	return changed;
}

val
mutate_last(const struct mutating *m, val list)
{
	const struct values *values = &m->history->values;

	if (val_kind(list) != VAL_LIST || val_count(values, list) == 0)
		return VAL_OF_NIL;
	return val_at(values, list, val_count(values, list) - 1);
}

val
mutate_map(struct mutating *m, val map, val key, val value)
{
	struct values *values = &m->history->values;
	VEC(val) items = {0};

	for (size_t i = 0; i < val_count(values, map); i++) {
		bool is_value = i % 2 == 1 && val_at(values, map, i - 1) == key;
		vec_push(&items, is_value ? value : val_at(values, map, i));
	}
	val changed = val_map(values, items.items, items.count);
	vec_release(&items);
	return changed;
}

/* ---- what families share ---- */

bool
op_is_take(const struct op *op)
{
	return op->type == OP_OK && op->output != VAL_OF_NIL &&
	       (op->f == F_DEQUEUE || op->f == F_POP || op->f == F_POLL ||
		op->f == F_TAKE || op->f == F_GENERATE || op->f == F_ACQUIRE ||
		op->f == F_APPEND || op->f == F_FETCH_ADD);
}

bool
mutate_garbage(struct mutating *m, size_t i)
{
	if (!op_is(op_at(m, i), F_READ) && !op_is_take(op_at(m, i)))
		return false;
	op_at(m, i)->output = val_small(MUTATE_GARBAGE);
	return true;
}

bool
mutate_garbage_read(struct mutating *m, size_t i)
{
	return op_is(op_at(m, i), F_READ) && mutate_garbage(m, i);
}

bool
mutate_given_twice(struct mutating *m, size_t i)
{
	if (!op_is_take(op_at(m, i)))
		return false;
	for (size_t j = i; j-- > 0;) {
		if (!op_is_take(op_at(m, j)) || op_at(m, i)->key != op_at(m, j)->key)
			continue;
		op_at(m, i)->output = op_at(m, j)->output;
		return true;
	}
	return false;
}

bool
mutate_unexpected(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);

	if (!op_is(op, F_READ))
		return false;
	op->output = mutate_list(m, op->output, VAL_OF_NIL, val_small(MUTATE_GARBAGE));
	return true;
}

bool
mutate_duplicate(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	val last = op_is(op, F_READ) ? mutate_last(m, op->output) : VAL_OF_NIL;

	if (last == VAL_OF_NIL)
		return false;
	op->output = mutate_list(m, op->output, VAL_OF_NIL, last);
	return true;
}

bool
mutate_lose(struct mutating *m, const char *f, val key, val element)
{
	const struct values *values = &m->history->values;
	bool was_there = false;

	vec_each (struct op, op, &m->history->ops) {
		if (!op_is_named(m, op, f) || op->key != key ||
		    val_kind(op->output) != VAL_LIST)
			continue;
		val less = mutate_list(m, op->output, element, VAL_OF_NIL);
		was_there |= val_count(values, less) < val_count(values, op->output);
		op->output = less;
	}
	return was_there;
}
