/* generate_types.c - the objects that generated histories are played on. */
#include "checkers/generate/generate_world.h"

#include "base/assert.h"

enum {
	READ_PERCENT = 50,
	CAS_PERCENT = 20,
	VALUES = 5, /* of a register whose values are not unique */
	MOPS_MAX = 4,
	TXN_READ_PERCENT = 60,
	LIST_MAX = 64, /* writes to a key of transactions, then it retires */
};

static bool
chance(struct world *world, int percent)
{
	return rng_below(&world->rng, 100) < (uint64_t)percent;
}

static val
unique(struct world *world)
{
	return val_small(++world->last_unique);
}

/* ---- registers ---- */

static void
ask_with(struct world *world, struct thing *thing, struct op *op, val fresh)
{
	int drawn = (int)rng_below(&world->rng, 100);

	if (drawn < READ_PERCENT) {
		op->f = F_READ;
	} else if (drawn < READ_PERCENT + CAS_PERCENT && thing->value != VAL_OF_NIL) {
		op->f = F_CAS;
		op->input = val_pair(&world->history->values, thing->value, fresh);
	} else {
		op->f = F_WRITE;
		op->input = fresh;
	}
}

static void
ask_register(struct world *world, struct thing *thing, struct op *op)
{
	ask_with(world, thing, op, unique(world));
}

static void
ask_cas_register(struct world *world, struct thing *thing, struct op *op)
{
	ask_with(world, thing, op, val_small((int64_t)rng_below(&world->rng, VALUES)));
}

static bool
act_register(struct world *world, struct thing *thing, struct op *op)
{
	const struct values *values = &world->history->values;

	if (op->f == F_READ) {
		op->output = thing->value;
	} else if (op->f == F_WRITE) {
		op->output = thing->value = op->input;
	} else {
		if (val_at(values, op->input, 0) != thing->value)
			return false;
		thing->value = val_at(values, op->input, 1);
		op->output = op->input;
	}
	return true;
}

static const struct acting acting_register = {
	.type = {"register",
		 "reads, writes and compare-and-set, every value written once",
		 {"stale-read", "unwritten-read"}},
	.ask = ask_register,
	.act = act_register,
};

static const struct acting acting_cas_register = {
	.type = {"cas-register",
		 "the same with five values, written again and again",
		 {"unwritten-read"}},
	.ask = ask_cas_register,
	.act = act_register,
};

/* ---- sets ---- */

static void
ask_set(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	if (world->is_final || rng_below(&world->rng, world->read_each) == 0) {
		op->f = F_READ;
		return;
	}
	op->f = F_ADD;
	op->input = unique(world);
}

static bool
act_set(struct world *world, struct thing *thing, struct op *op)
{
	if (op->f == F_READ) {
		op->output = val_list(&world->history->values, thing->items.items,
				      thing->items.count);
	} else {
		vec_push(&thing->items, op->input);
		op->output = op->input;
	}
	return true;
}

static const struct acting acting_set = {
	.type = {"set",
		 "elements are added; some reads, and two of each key at the end",
		 {"lost-element", "unexpected-element", "duplicate-element"}},
	.has_final_reads = true,
	.ask = ask_set,
	.act = act_set,
};

/* ---- collections: put and take ---- */

static void
ask_collection(struct world *world, struct op *op, enum op_f put, enum op_f take)
{
	op->f = chance(world, 50) ? put : take;
	if (op->f == put)
		op->input = unique(world);
}

static void
ask_queue(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	ask_collection(world, op, F_ENQUEUE, F_DEQUEUE);
}

static void
ask_stack(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	ask_collection(world, op, F_PUSH, F_POP);
}

/* Priorities are drawn; their low bits make them unique. */
static void
ask_priority_queue(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	ask_collection(world, op, F_INSERT, F_POLL);
	if (op->f == F_INSERT)
		op->input = val_small((int64_t)rng_below(&world->rng, 1 << 20) << 32 |
				      world->last_unique);
}

/* Puts, or answers a take with nil when nothing is there; true: that was all. */
static bool
put_or_miss(struct thing *thing, struct op *op)
{
	if (op->input != VAL_OF_NIL) {
		vec_push(&thing->items, op->input);
		op->output = op->input;
		return true;
	}
	op->output = VAL_OF_NIL;
	return thing->items.count == thing->head;
}

/* The room of what was taken is given back when it is half of all. */
static bool
act_queue(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	if (put_or_miss(thing, op))
		return true;
	op->output = thing->items.items[thing->head++];
	if (thing->head * 2 < thing->items.count)
		return true;
	thing->items.count -= thing->head;
	for (size_t i = 0; i < thing->items.count; i++)
		thing->items.items[i] = thing->items.items[thing->head + i];
	thing->head = 0;
	return true;
}

static bool
act_stack(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	if (!put_or_miss(thing, op))
		op->output = vec_pop(&thing->items);
	return true;
}

static bool
act_bag(struct world *world, struct thing *thing, struct op *op)
{
	if (put_or_miss(thing, op))
		return true;
	size_t at = rng_below(&world->rng, thing->items.count);
	op->output = thing->items.items[at];
	thing->items.items[at] = *vec_last(&thing->items);
	thing->items.count--;
	return true;
}

static bool
is_greater(val a, val b)
{
	int64_t x, y;

	ASSERT(val_small_number(a, &x) && val_small_number(b, &y));
	return x > y;
}

static void
swap(struct thing *thing, size_t a, size_t b)
{
	val item = thing->items.items[a];

	thing->items.items[a] = thing->items.items[b];
	thing->items.items[b] = item;
}

static void
sift_up(struct thing *thing)
{
	const val *items = thing->items.items;

	for (size_t i = thing->items.count - 1; i > 0; i = (i - 1) / 2) {
		if (!is_greater(items[i], items[(i - 1) / 2]))
			return;
		swap(thing, i, (i - 1) / 2);
	}
}

static void
sift_down(struct thing *thing)
{
	const val *items = thing->items.items;
	size_t count = thing->items.count;

	for (size_t i = 0; 2 * i + 1 < count;) {
		size_t child = 2 * i + 1;
		child += child + 1 < count && is_greater(items[child + 1], items[child]);
		if (!is_greater(items[child], items[i]))
			return;
		swap(thing, i, child);
		i = child;
	}
}

static bool
act_priority_queue(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	if (put_or_miss(thing, op)) {
		if (op->f == F_INSERT)
			sift_up(thing);
		return true;
	}
	op->output = thing->items.items[0];
	thing->items.items[0] = *vec_last(&thing->items);
	thing->items.count--;
	sift_down(thing);
	return true;
}

static const struct acting acting_queue = {
	.type = {"queue",
		 "enqueue and dequeue, first in first out",
		 {"out-of-order", "taken-twice", "never-added", "false-empty"}},
	.ask = ask_queue,
	.act = act_queue,
};

static const struct acting acting_stack = {
	.type = {"stack",
		 "push and pop, last in first out",
		 {"taken-twice", "never-added", "false-empty"}},
	.ask = ask_stack,
	.act = act_stack,
};

static const struct acting acting_priority_queue = {
	.type = {"priority-queue",
		 "insert and poll, the greatest first",
		 {"taken-twice", "never-added", "false-empty"}},
	.ask = ask_priority_queue,
	.act = act_priority_queue,
};

static const struct acting acting_bag = {
	.type = {"bag",
		 "enqueue and dequeue in any order (--checker bag)",
		 {"taken-twice", "never-added", "false-empty"}},
	.ask = ask_queue,
	.act = act_bag,
};

/* ---- counters, locks, ids ---- */

static void
ask_counter(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	op->f = chance(world, READ_PERCENT) ? F_READ : F_INCREMENT;
}

static bool
act_counter(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	if (op->f == F_INCREMENT)
		thing->number++;
	else
		op->output = val_small(thing->number);
	return true;
}

static const struct acting acting_counter = {
	.type = {"counter", "increments by one, and reads", {"read-too-high"}},
	.ask = ask_counter,
	.act = act_counter,
};

static void
ask_lock(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	op->f = thing->number == (int64_t)op->process + 1 ? F_RELEASE : F_ACQUIRE;
}

static bool
act_lock(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	int64_t free_for = op->f == F_ACQUIRE ? 0 : (int64_t)op->process + 1;

	if (thing->number != free_for)
		return false;
	thing->number = op->f == F_ACQUIRE ? (int64_t)op->process + 1 : 0;
	return true;
}

/* Else a lock of a client that is gone would stay held for ever. */
static bool
act_lock_unseen(const struct op *op)
{
	return op->f == F_RELEASE;
}

static const struct acting acting_lock = {
	.type = {"lock", "acquire and release by the holder", {"lock-held-twice"}},
	.ask = ask_lock,
	.act = act_lock,
	.act_unseen = act_lock_unseen,
};

static void
ask_id(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	(void)thing;
	op->f = F_GENERATE;
}

static bool
act_id(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	op->output = unique(world);
	return true;
}

static const struct acting acting_ids = {
	.type = {"ids", "ids that nobody was given before", {"duplicate-id"}},
	.ask = ask_id,
	.act = act_id,
};

/* ---- transactions ---- */

static val
mop(struct world *world, const char *f, val key, val value)
{
	struct values *values = &world->history->values;
	const val items[] = {val_string(values, f), key, value};

	return val_list(values, items, 3);
}

/* A key whose list is long gives way to a new one, so that reads stay short. */
static val
choose_key(struct world *world, bool is_read)
{
	uint32_t *live = &world->live[rng_below(&world->rng, world->key_count)];
	uint32_t key = *live;

	if (!is_read && ++world->things.items[key].asked == LIST_MAX) {
		*live = (uint32_t)world->things.count;
		vec_push(&world->things, (struct thing){0});
	}
	return val_small(key);
}

static void
ask_txn(struct world *world, struct op *op, const char *write)
{
	val mops[MOPS_MAX];
	size_t count = 1 + rng_below(&world->rng, MOPS_MAX);

	op->f = F_TXN;
	for (size_t i = 0; i < count; i++) {
		bool is_read = chance(world, TXN_READ_PERCENT);
		val key = choose_key(world, is_read);
		mops[i] = is_read ? mop(world, "r", key, VAL_OF_NIL)
				  : mop(world, write, key, unique(world));
	}
	op->input = val_list(&world->history->values, mops, count);
}

static void
ask_append_txn(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	ask_txn(world, op, "append");
}

static void
ask_register_txn(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	ask_txn(world, op, "w");
}

/* Calls `act_mop` for each micro-operation; it returns what a read sees. */
static void
act_txn(struct world *world, struct op *op,
	val (*act_mop)(struct world *world, struct thing *thing, val written))
{
	struct values *values = &world->history->values;
	size_t count = val_count(values, op->input);
	val mops[MOPS_MAX];

	for (size_t i = 0; i < count; i++) {
		val asked = val_at(values, op->input, i), key = val_at(values, asked, 1);
		val written = val_at(values, asked, 2);
		struct thing *thing = &world->things.items[val_number(values, key)];
		val seen = act_mop(world, thing, written);
		mops[i] = written != VAL_OF_NIL ? asked : mop(world, "r", key, seen);
	}
	op->output = val_list(values, mops, count);
}

static val
append_mop(struct world *world, struct thing *thing, val written)
{
	if (written != VAL_OF_NIL) {
		vec_push(&thing->items, written);
		return VAL_OF_NIL;
	}
	return thing->items.count == 0 ? VAL_OF_NIL
				       : val_list(&world->history->values,
						  thing->items.items, thing->items.count);
}

static val
register_mop(struct world *world, struct thing *thing, val written)
{
	(void)world;
	if (written != VAL_OF_NIL)
		thing->value = written;
	return thing->value;
}

static bool
act_append_txn(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	act_txn(world, op, append_mop);
	return true;
}

static bool
act_register_txn(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	act_txn(world, op, register_mop);
	return true;
}

static const struct acting acting_list_append = {
	.type = {"list-append",
		 "transactions that append to lists and read them",
		 {"stale-read", "garbage-read", "duplicate-elements"}},
	.is_txn = true,
	.ask = ask_append_txn,
	.act = act_append_txn,
};

static const struct acting acting_rw_register = {
	.type = {"rw-register",
		 "transactions that write registers and read them",
		 {"stale-read", "garbage-read"}},
	.is_txn = true,
	.ask = ask_register_txn,
	.act = act_register_txn,
};

const struct acting *const generate_actings[] = {
	&acting_register,
	&acting_cas_register,
	&acting_versioned_register,
	&acting_set,
	&acting_queue,
	&acting_stack,
	&acting_bag,
	&acting_priority_queue,
	&acting_tuple_space,
	&acting_counter,
	&acting_lock,
	&acting_fenced_lock,
	&acting_ids,
	&acting_log,
	&acting_list_append,
	&acting_rw_register,
};
const size_t generate_acting_count =
	sizeof(generate_actings) / sizeof(generate_actings[0]);
