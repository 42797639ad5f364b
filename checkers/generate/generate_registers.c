/* generate_registers.c - registers that are linearizable: of one value, with versions, and
 * several at once. */
#include "checkers/generate/world.h"

enum {
	READ_PERCENT = 50,
	CAS_PERCENT = 20,
	VALUES = 5,  /* of a register whose values are not unique */
	WIDE_MAX = 4 /* registers that one operation writes */
};

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
	ask_with(world, thing, op, world_unique(world));
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

static bool
is_write(const struct op *op)
{
	return op_is(op, F_WRITE) || op_is(op, F_CAS);
}

static val
written_by(const struct mutating *m, const struct op *op)
{
	return op->f == F_CAS ? val_at(&m->history->values, op->input, 1) : op->input;
}

/* A read of w1's value, where w1 was over before w2 began, and w2 before the read. Values
 * are written once, so w2 stands between w1 and the read and ends the value. */
static bool
read_stale(struct mutating *m, size_t i)
{
	struct op *read = op_at(m, i);
	size_t w2, w1;

	if (!op_is(read, F_READ) ||
	    (w2 = mutate_before(m, read, i, is_write)) == SIZE_MAX ||
	    (w1 = mutate_before(m, op_at(m, w2), w2, is_write)) == SIZE_MAX)
		return false;
	read->output = written_by(m, op_at(m, w1));
	return true;
}

/* Nothing, after a write was over: no operation ever writes that. */
static bool
read_nothing(struct mutating *m, size_t i)
{
	struct op *read = op_at(m, i);

	if (!op_is(read, F_READ) || mutate_before(m, read, i, is_write) == SIZE_MAX)
		return false;
	read->output = VAL_OF_NIL;
	return true;
}

const struct acting acting_register = {
	.type = {"register",
		 "reads, writes and compare-and-set, every value written once",
		 {{"stale-read", NULL},
		  {"unwritten-read", NULL},
		  {"initial-read", "stale-read"}}},
	.mutate = {read_stale, mutate_garbage, read_nothing},
	.ask = ask_register,
	.act = act_register,
};

const struct acting acting_cas_register = {
	.type = {"cas-register",
		 "the same with five values, written again and again",
		 {{"unwritten-read", NULL},
		  {"initial-read", "stale-read|not-linearizable"}},
		 .checker = "register"},
	.mutate = {mutate_garbage, read_nothing},
	.ask = ask_cas_register,
	.act = act_register,
};

/* ---- versioned registers: [VERSION VALUE], the version is `number` ---- */

static void
ask_versioned(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	bool is_cas = thing->value != VAL_OF_NIL && world_chance(world, CAS_PERCENT);

	op->f = world_chance(world, READ_PERCENT) ? F_READ : is_cas ? F_CAS : F_WRITE;
	if (op->f == F_READ)
		return;
	val asked = world_unique(world);
	if (op->f == F_CAS)
		asked = val_pair(values, thing->value, asked);
	op->input = val_pair(values, VAL_OF_NIL, asked);
}

static bool
act_versioned(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	val told = thing->value;

	if (op->f != F_READ) {
		val asked = told = val_at(values, op->input, 1);
		if (op->f == F_CAS && val_at(values, asked, 0) != thing->value)
			return false;
		thing->value = op->f == F_CAS ? val_at(values, asked, 1) : asked;
		thing->number += 1 + (int64_t)rng_below(&world->rng, 3);
	}
	op->output = val_pair(values, val_small(thing->number), told);
	return true;
}

/* The version of a read with a value that no write brought. */
static bool
see_other_value(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	struct values *values = &m->history->values;

	if (!op_is(op, F_READ) || val_at(values, op->output, 1) == VAL_OF_NIL)
		return false;
	op->output = val_pair(values, val_at(values, op->output, 0),
			      val_small(MUTATE_GARBAGE));
	return true;
}

static bool
is_read(const struct op *op)
{
	return op_is(op, F_READ);
}

/* What a read saw that was over before a write began which was over before this read. */
static bool
see_old_version(struct mutating *m, size_t i)
{
	struct op *read = op_at(m, i);
	size_t write, old;

	if (!op_is(read, F_READ) ||
	    (write = mutate_before(m, read, i, is_write)) == SIZE_MAX ||
	    (old = mutate_before(m, op_at(m, write), write, is_read)) == SIZE_MAX)
		return false;
	read->output = op_at(m, old)->output;
	return true;
}

const struct acting acting_versioned_register = {
	.type = {"versioned-register",
		 "a register whose answers carry versions",
		 {{"version-conflict", "version-conflict|unwritten-version"},
		  {"stale-read", "version-went-back"}}},
	.mutate = {see_other_value, see_old_version},
	.ask = ask_versioned,
	.act = act_versioned,
};

/* ---- several registers at once: maps are written, and all are read ---- */

static void
ask_wide(struct world *world, struct thing *thing, struct op *op)
{
	val items[2 * WIDE_MAX];
	uint32_t first = world_key(world, thing), count = world->key_count;

	bool is_read = world_chance(world, READ_PERCENT) && world_may_read_all(world);

	op->f = is_read ? F_READ : F_WRITE;
	if (is_read)
		return;
	count = count < WIDE_MAX ? count : WIDE_MAX;
	count = 1 + (uint32_t)rng_below(&world->rng, count);
	for (uint32_t i = 0; i < count; i++) {
		items[2 * i] = val_small((first + i) % world->key_count);
		items[2 * i + 1] = world_unique(world);
	}
	op->input = val_map(&world->history->values, items, 2 * (size_t)count);
}

static val
all_registers(struct world *world)
{
	VEC(val) items = {0};

	for (uint32_t key = 0; key < world->key_count; key++) {
		vec_push(&items, val_small(key));
		vec_push(&items, world->things.items[key].value);
	}
	val map = val_map(&world->history->values, items.items, items.count);
	vec_release(&items);
	return map;
}

static bool
act_wide(struct world *world, struct thing *thing, struct op *op)
{
	const struct values *values = &world->history->values;

	(void)thing;
	if (op->f == F_READ) {
		op->output = all_registers(world);
		return true;
	}
	for (size_t i = 0; i < val_count(values, op->input); i += 2) {
		int64_t key = val_number(values, val_at(values, op->input, i));
		world->things.items[key].value = val_at(values, op->input, i + 1);
	}
	op->output = op->input;
	return true;
}

/* A register that the write w2 set shows what it held before, in a read that began after
 * w2 was over and shows the others of w2, if there are any. */
static bool
see_torn(struct mutating *m, size_t i)
{
	const struct values *values = &m->history->values;
	struct op *read = op_at(m, i);
	size_t w2, old;

	if (!op_is(read, F_READ) ||
	    (w2 = mutate_before(m, read, i, is_write)) == SIZE_MAX ||
	    (old = mutate_before(m, op_at(m, w2), w2, is_read)) == SIZE_MAX)
		return false;
	int64_t key = val_number(values, val_at(values, op_at(m, w2)->input, 0));
	read->output =
		mutate_map(m, read->output, val_small(key),
			   val_at(values, op_at(m, old)->output, 2 * (size_t)key + 1));
	return true;
}

static bool
see_unwritten(struct mutating *m, size_t i)
{
	struct op *read = op_at(m, i);

	if (!op_is(read, F_READ))
		return false;
	read->output =
		mutate_map(m, read->output, val_small(0), val_small(MUTATE_GARBAGE));
	return true;
}

const struct acting acting_multi_register = {
	.type = {"multi-register",
		 "maps of registers are written and read at once",
		 {{"torn-read", "not-linearizable"},
		  {"unwritten-read", "not-linearizable"}}},
	.mutate = {see_torn, see_unwritten},
	.is_txn = true,
	.ask = ask_wide,
	.act = act_wide,
};
