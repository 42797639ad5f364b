#include "tests/checkers/typed_history.h"

#include "base/assert.h"

#include <stdlib.h>

static int64_t
below(struct typed_stage *stage, int64_t bound)
{
	return (int64_t)rng_below(stage->rng, (uint64_t)bound);
}

static bool
chance(struct typed_stage *stage, int percent)
{
	return below(stage, 100) < percent;
}

static int64_t
some_value(struct typed_stage *stage)
{
	if (stage->has_unique)
		return ++stage->object.next_unique;
	return 1 + below(stage, stage->variety);
}

/* A value that may have been meant: for lies. */
static int64_t
any_value(struct typed_stage *stage)
{
	return below(stage, stage->has_unique ? stage->object.next_unique + 1
					      : (int64_t)stage->variety + 1);
}

static val
value_or_nil(int64_t number)
{
	return number == 0 ? VAL_OF_NIL : val_small(number);
}

static void
lie_by_success(struct typed_stage *stage, struct op *op)
{
	(void)stage;
	op->type = OP_OK;
}

/* ---- locks and semaphores ------------------------------------------------------------ */

static void
lock_ask(struct typed_stage *stage, struct op *op)
{
	op->f = chance(stage, 50) ? F_ACQUIRE : F_RELEASE;
}

static bool
lock_act(struct typed_stage *stage, struct op *op)
{
	struct typed_object *lock = &stage->object;
	bool is_acquire = op->f == F_ACQUIRE;

	if (lock->owner != (is_acquire ? 0 : (int64_t)op->process + 1))
		return false;
	lock->owner = is_acquire ? (int64_t)op->process + 1 : 0;
	lock->number += is_acquire ? 1 + below(stage, 2) : 0;
	if (is_acquire)
		op->output = val_small(lock->number);
	return true;
}

static void
fenced_lie(struct typed_stage *stage, struct op *op)
{
	op->type = OP_OK;
	if (op->f == F_ACQUIRE)
		op->output = val_small(below(stage, stage->object.number + 2));
}

static bool
plain_lock_act(struct typed_stage *stage, struct op *op)
{
	bool done = lock_act(stage, op);

	op->output = VAL_OF_NIL;
	return done;
}

static void
semaphore_ask(struct typed_stage *stage, struct op *op)
{
	op->f = chance(stage, 50) ? F_ACQUIRE : F_RELEASE;
	if (chance(stage, 30))
		op->input = val_small(1 + below(stage, 2));
}

/* Two permits. */
static bool
semaphore_act(struct typed_stage *stage, struct op *op)
{
	int64_t permits = op->input == VAL_OF_NIL
				  ? 1
				  : val_number(&stage->history->values, op->input);
	int64_t out = stage->object.number + (op->f == F_ACQUIRE ? permits : -permits);

	if (out < 0 || out > 2)
		return false;
	stage->object.number = out;
	return true;
}

const struct typed typed_lock = {"lock", lock_ask, plain_lock_act, lie_by_success};
const struct typed typed_fenced_lock = {"fenced-lock", lock_ask, lock_act, fenced_lie};
const struct typed typed_semaphore = {"semaphore", semaphore_ask, semaphore_act,
				      lie_by_success};

/* ---- counters ------------------------------------------------------------------------ */

static void
counter_ask(struct typed_stage *stage, struct op *op)
{
	static const uint16_t fs[] = {F_INCREMENT, F_DECREMENT, F_ADD, F_FETCH_ADD};

	op->f = chance(stage, 50) ? F_READ : fs[below(stage, 4)];
	if (op->f == F_ADD || op->f == F_FETCH_ADD)
		op->input = val_small(below(stage, 7) - 3);
}

static void
unit_ask(struct typed_stage *stage, struct op *op)
{
	op->f = chance(stage, 50) ? F_READ : F_ADD;
	if (op->f == F_ADD)
		op->input = val_small(stage->variety == 1 ? -2 : (int64_t)stage->variety);
}

static void
fetch_ask(struct typed_stage *stage, struct op *op)
{
	op->f = chance(stage, 30) ? F_READ : F_FETCH_ADD;
	if (op->f == F_FETCH_ADD)
		op->input = val_small(1 + below(stage, 2));
}

static bool
counter_act(struct typed_stage *stage, struct op *op)
{
	int64_t delta = op->f == F_DECREMENT ? -1 : op->f == F_INCREMENT ? 1 : 0;

	if (op->input != VAL_OF_NIL)
		delta = val_number(&stage->history->values, op->input);
	if (op->f == F_READ || op->f == F_FETCH_ADD)
		op->output = val_small(stage->object.number);
	stage->object.number += delta;
	return true;
}

static void
counter_lie(struct typed_stage *stage, struct op *op)
{
	if (op->output == VAL_OF_NIL)
		return;
	int64_t value = val_number(&stage->history->values, op->output);
	op->output = val_small(value + (int64_t)stage->variety * (below(stage, 5) - 2));
}

const struct typed typed_counter = {"counter", counter_ask, counter_act, counter_lie};
const struct typed typed_unit_counter = {"unit-counter", unit_ask, counter_act,
					 counter_lie};
const struct typed typed_fetch_counter = {"fetch-counter", fetch_ask, counter_act,
					  counter_lie};

/* ---- log ----------------------------------------------------------------------------- */

static void
log_ask(struct typed_stage *stage, struct op *op)
{
	op->f = chance(stage, 50) ? F_APPEND : F_READ;
	if (op->f == F_APPEND)
		op->input = val_small(some_value(stage));
	else
		op->input =
			val_small(below(stage, (int64_t)stage->object.items.count + 2));
}

/* An item of nil is a gap. */
static bool
log_act(struct typed_stage *stage, struct op *op)
{
	struct typed_object *log = &stage->object;

	if (op->f == F_APPEND) {
		if (chance(stage, 15))
			vec_push(&log->items, VAL_OF_NIL);
		op->output = val_small((int64_t)log->items.count);
		vec_push(&log->items, op->input);
		return true;
	}
	size_t at = (size_t)val_number(&stage->history->values, op->input);
	op->output = at < log->items.count ? log->items.items[at] : VAL_OF_NIL;
	return true;
}

static void
log_lie(struct typed_stage *stage, struct op *op)
{
	if (op->f == F_APPEND && op->type == OP_OK)
		op->output =
			val_small(below(stage, (int64_t)stage->object.items.count + 1));
	else if (op->f == F_READ)
		op->output = value_or_nil(any_value(stage));
}

const struct typed typed_log = {"log", log_ask, log_act, log_lie};

/* ---- several registers at once ------------------------------------------------------- */

static val
micro_op(struct typed_stage *stage, const char *f, int64_t key, val v)
{
	struct values *values = &stage->history->values;

	return val_list(values, (val[]){val_string(values, f), val_small(key), v}, 3);
}

static void
multi_ask(struct typed_stage *stage, struct op *op)
{
	val items[3];
	size_t count = 1 + (size_t)below(stage, 3);
	bool is_read = chance(stage, 40);

	op->f = F_TXN;
	for (size_t i = 0; i < count; i++) {
		bool reads = is_read || chance(stage, 30);
		int64_t key = below(stage, 3);
		items[i] =
			reads ? micro_op(stage, "r", key, VAL_OF_NIL)
			      : micro_op(stage, "w", key, val_small(some_value(stage)));
	}
	op->input = val_list(&stage->history->values, items, count);
}

static bool
multi_act(struct typed_stage *stage, struct op *op)
{
	struct values *values = &stage->history->values;
	size_t count = val_count(values, op->input);
	val items[3];

	for (size_t i = 0; i < count; i++) {
		val micro = val_at(values, op->input, i);
		int64_t key = val_number(values, val_at(values, micro, 1));
		int64_t *cell = &stage->object.cells[key];
		items[i] = micro;
		if (val_at(values, micro, 2) == VAL_OF_NIL)
			items[i] = micro_op(stage, "r", key, value_or_nil(*cell));
		else
			*cell = val_number(values, val_at(values, micro, 2));
	}
	op->output = val_list(values, items, count);
	return true;
}

static void
multi_lie(struct typed_stage *stage, struct op *op)
{
	struct values *values = &stage->history->values;
	val items[3];

	if (val_kind(op->output) != VAL_LIST)
		return;
	size_t count = val_count(values, op->output);
	for (size_t i = 0; i < count; i++) {
		val micro = val_at(values, op->input, i);
		items[i] = val_at(values, op->output, i);
		if (val_at(values, micro, 2) == VAL_OF_NIL && chance(stage, 60))
			items[i] = micro_op(stage, "r",
					    val_number(values, val_at(values, micro, 1)),
					    value_or_nil(any_value(stage)));
	}
	op->output = val_list(values, items, count);
}

const struct typed typed_multi_register = {"multi-register", multi_ask, multi_act,
					   multi_lie};

/* ---- registers with versions --------------------------------------------------------- */

static val
versioned(struct typed_stage *stage, val version, val v)
{
	return val_pair(&stage->history->values, version, v);
}

static void
versioned_ask(struct typed_stage *stage, struct op *op)
{
	struct values *values = &stage->history->values;
	int64_t dice = below(stage, 100);

	op->f = dice < 45 ? F_READ : dice < 80 ? F_WRITE : F_CAS;
	if (op->f == F_WRITE)
		op->input = versioned(stage, VAL_OF_NIL, val_small(some_value(stage)));
	if (op->f == F_CAS)
		op->input = versioned(
			stage, VAL_OF_NIL,
			val_pair(values,
				 value_or_nil(chance(stage, 70) ? stage->object.number
								: any_value(stage)),
				 val_small(some_value(stage))));
}

static bool
versioned_act(struct typed_stage *stage, struct op *op)
{
	struct values *values = &stage->history->values;
	struct typed_object *object = &stage->object;

	if (op->f == F_READ) {
		op->output = versioned(stage, val_small(object->version),
				       value_or_nil(object->number));
		return true;
	}
	val input = val_at(values, op->input, 1);
	if (op->f == F_CAS) {
		if (value_or_nil(object->number) != val_at(values, input, 0))
			return false;
		object->number = val_number(values, val_at(values, input, 1));
	} else {
		object->number = val_number(values, input);
	}
	object->version += 1 + chance(stage, 20);
	op->output = versioned(stage, val_small(object->version), input);
	return true;
}

static void
versioned_lie(struct typed_stage *stage, struct op *op)
{
	struct values *values = &stage->history->values;

	if (val_kind(op->output) != VAL_LIST)
		return;
	val version = val_at(values, op->output, 0), v = val_at(values, op->output, 1);
	int64_t dice = below(stage, 4);
	if (dice == 0)
		version = VAL_OF_NIL;
	else if (dice < 3)
		version = val_small(below(stage, stage->object.version + 2));
	else if (op->f == F_READ)
		v = value_or_nil(any_value(stage));
	op->output = versioned(stage, version, v);
}

const struct typed typed_versioned = {"versioned-register", versioned_ask, versioned_act,
				      versioned_lie};

/* ---- sets ---------------------------------------------------------------------------- */

static void
set_ask(struct typed_stage *stage, struct op *op)
{
	op->f = chance(stage, 50) ? F_ADD : F_READ;
	if (op->f == F_ADD)
		op->input = val_small(some_value(stage));
}

static bool
set_act(struct typed_stage *stage, struct op *op)
{
	struct typed_object *set = &stage->object;

	if (op->f == F_READ) {
		op->output = val_list(&stage->history->values, set->items.items,
				      set->items.count);
		return true;
	}
	vec_each (val, item, &set->items)
		if (*item == op->input)
			return true;
	vec_push(&set->items, op->input);
	return true;
}

/* Loses an element, or adds one. */
static void
set_lie(struct typed_stage *stage, struct op *op)
{
	struct values *values = &stage->history->values;
	val items[64];
	size_t count = 0;

	if (op->f != F_READ || val_kind(op->output) != VAL_LIST)
		return;
	int64_t lost = below(stage, (int64_t)stage->object.items.count + 2);
	for (size_t i = 0; i < val_count(values, op->output); i++)
		if ((int64_t)i != lost && count < 60)
			items[count++] = val_at(values, op->output, i);
	if (chance(stage, 20))
		items[count++] = val_small(1 + any_value(stage));
	op->output = val_list(values, items, count);
}

const struct typed typed_set = {"set-full", set_ask, set_act, set_lie};

/* ---- ids ----------------------------------------------------------------------------- */

static void
ids_ask(struct typed_stage *stage, struct op *op)
{
	(void)stage;
	op->f = F_GENERATE;
}

static bool
ids_act(struct typed_stage *stage, struct op *op)
{
	op->output = val_small(++stage->object.number);
	return true;
}

static void
ids_lie(struct typed_stage *stage, struct op *op)
{
	op->output = val_small(1 + below(stage, stage->object.number + 2));
}

const struct typed typed_ids = {"unique-ids", ids_ask, ids_act, ids_lie};

/* ---- the play ------------------------------------------------------------------------ */

struct actor {
	bool is_open, has_run, ok;
	uint32_t name;
	struct op op;
};

static void
begin(struct typed_stage *stage, const struct typed *type, struct actor *actor)
{
	struct err err;

	actor->is_open = true;
	actor->has_run = false;
	actor->op = (struct op){.process = actor->name,
				.invoke_ns = stage->history->events * (int64_t)1000};
	type->ask(stage, &actor->op);
	ASSERT(history_invoke(stage->history, &actor->op, &err));
}

static void
act(struct typed_stage *stage, const struct typed *type, struct actor *actor)
{
	actor->has_run = true;
	actor->ok = type->act(stage, &actor->op);
}

/* An operation of unknown outcome may have taken effect or not; its process is gone. */
static void
end(struct typed_stage *stage, const struct typed *type, const struct typed_shape *shape,
    struct actor *actor, uint32_t *names)
{
	struct op op;
	struct err err;
	bool is_info = chance(stage, shape->info_percent);

	if (!actor->has_run && !is_info)
		act(stage, type, actor);
	op = actor->op;
	op.type = is_info ? OP_INFO : actor->ok ? OP_OK : OP_FAIL;
	if (!is_info && chance(stage, shape->wrong_percent))
		type->lie(stage, &op);
	if (op.type != OP_OK)
		op.output = VAL_OF_NIL;
	op.complete_ns = stage->history->events * (int64_t)1000;
	ASSERT(history_complete(stage->history, &op, &err));
	if (is_info)
		actor->name = (*names)++;
	actor->is_open = false;
}

void
typed_play(struct history *history, const struct typed *type,
	   const struct typed_shape *shape, struct rng *rng)
{
	struct typed_stage stage = {.history = history,
				    .rng = rng,
				    .variety = shape->variety,
				    .has_unique = shape->has_unique};
	struct actor *actors = mem_new(shape->processes, sizeof(*actors));
	uint32_t names = shape->processes;
	size_t left = shape->ops, open = 0;

	history_init(history);
	for (uint32_t i = 0; i < shape->processes; i++)
		actors[i].name = i;
	while (left > 0 || open > 0) {
		struct actor *actor = &actors[rng_below(rng, shape->processes)];
		if (!actor->is_open && left > 0) {
			begin(&stage, type, actor);
			left--;
			open++;
		} else if (actor->is_open && !actor->has_run && chance(&stage, 50)) {
			act(&stage, type, actor);
		} else if (actor->is_open) {
			end(&stage, type, shape, actor, &names);
			open--;
		}
	}
	vec_release(&stage.object.items);
	free(actors);
}

struct typed_shape
typed_some_shape(struct rng *rng, size_t ops_max)
{
	return (struct typed_shape){.ops = 2 + rng_below(rng, ops_max - 1),
				    .processes = 1 + (uint32_t)rng_below(rng, 5),
				    .variety = 1 + (uint32_t)rng_below(rng, 4),
				    .has_unique = rng_chance(rng, 0.5),
				    .info_percent = (int)rng_below(rng, 30),
				    .wrong_percent = (int)rng_below(rng, 40)};
}
