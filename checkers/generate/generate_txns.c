/* generate_txns.c - transactions over lists that are appended to, and over registers. */
#include "checkers/generate/world.h"

enum {
	MOPS_MAX = 4,
	TXN_READ_PERCENT = 60,
	LIST_MAX = 64, /* writes to a key of transactions, then it retires */
};

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
		bool is_read = world_chance(world, TXN_READ_PERCENT);
		val key = choose_key(world, is_read);
		mops[i] = is_read ? mop(world, "r", key, VAL_OF_NIL)
				  : mop(world, write, key, world_unique(world));
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

/* ---- what is wrong with them ---- */

static val
mop_part(const struct mutating *m, val mops, size_t i, size_t part)
{
	const struct values *values = &m->history->values;

	return val_at(values, val_at(values, mops, i), part);
}

static bool
is_read_mop(const struct mutating *m, const struct op *op, size_t i)
{
	return mop_part(m, op->input, i, 2) == VAL_OF_NIL;
}

/* The first micro-operation that reads a key which the transaction does not write and reads
 * only once, so that nothing within it contradicts; SIZE_MAX: none. */
static size_t
outer_read(const struct mutating *m, const struct op *op)
{
	size_t count = val_count(&m->history->values, op->input);

	for (size_t i = 0; i < count; i++) {
		bool is_alone = is_read_mop(m, op, i);
		for (size_t j = 0; j < count && is_alone; j++)
			is_alone = j == i || mop_part(m, op->input, j, 1) !=
						     mop_part(m, op->input, i, 1);
		if (is_alone)
			return i;
	}
	return SIZE_MAX;
}

/* Replaces what micro-operation i of an ok transaction read. */
static void
set_read(struct mutating *m, struct op *op, size_t i, val seen)
{
	struct values *values = &m->history->values;
	VEC(val) mops = {0};

	for (size_t j = 0; j < val_count(values, op->output); j++)
		vec_push(&mops, val_at(values, op->output, j));
	const val items[] = {val_at(values, mops.items[i], 0),
			     val_at(values, mops.items[i], 1), seen};
	mops.items[i] = val_list(values, items, 3);
	op->output = val_list(values, mops.items, mops.count);
	vec_release(&mops);
}

/* What the transaction writes last to the key; nil: nothing. */
static val
written_last(const struct mutating *m, const struct op *op, val key)
{
	val written = VAL_OF_NIL;

	for (size_t i = 0; i < val_count(&m->history->values, op->input); i++)
		if (mop_part(m, op->input, i, 1) == key && !is_read_mop(m, op, i))
			written = mop_part(m, op->input, i, 2);
	return written;
}

static val
last_write(const struct mutating *m, const struct op *op, val key)
{
	return op->type == OP_OK ? written_last(m, op, key) : VAL_OF_NIL;
}

static size_t
txn_writing_before(const struct mutating *m, const struct op *later, val key, size_t i)
{
	for (size_t back = 0; i-- > 0 && back < MUTATE_LOOK_BACK; back++)
		if (op_precedes(op_at(m, i), later) &&
		    last_write(m, op_at(m, i), key) != VAL_OF_NIL)
			return i;
	return SIZE_MAX;
}

static bool
txn_sees_garbage(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	size_t read;

	if (op->type != OP_OK || (read = outer_read(m, op)) == SIZE_MAX)
		return false;
	val seen = mop_part(m, op->output, read, 2);
	bool is_list = val_kind(seen) == VAL_LIST;
	if (!is_list && seen == VAL_OF_NIL)
		return false; /* it does not say which of the two types it is */
	set_read(m, op, read,
		 is_list ? mutate_list(m, seen, VAL_OF_NIL, val_small(MUTATE_GARBAGE))
			 : val_small(MUTATE_GARBAGE));
	return true;
}

/* As for registers: a value that was overwritten in real time before the transaction began.
 * A list lacks an element that was appended in real time before it began. */
static bool
txn_reads_stale(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	size_t read, w2, w1;

	if (op->type != OP_OK || (read = outer_read(m, op)) == SIZE_MAX)
		return false;
	val key = mop_part(m, op->input, read, 1),
	    seen = mop_part(m, op->output, read, 2);
	if (seen == VAL_OF_NIL || (w2 = txn_writing_before(m, op, key, i)) == SIZE_MAX)
		return false;
	if (val_kind(seen) == VAL_LIST) {
		val last = mutate_last(m, seen);
		if (last_write(m, op_at(m, w2), key) != last ||
		    val_count(&m->history->values, seen) < 2)
			return false;
		set_read(m, op, read, mutate_list(m, seen, last, VAL_OF_NIL));
		return true;
	}
	if ((w1 = txn_writing_before(m, op_at(m, w2), key, w2)) == SIZE_MAX)
		return false;
	set_read(m, op, read, last_write(m, op_at(m, w1), key));
	return true;
}

static bool
txn_sees_twice(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	size_t read;

	if (op->type != OP_OK || (read = outer_read(m, op)) == SIZE_MAX)
		return false;
	val seen = mop_part(m, op->output, read, 2);
	if (mutate_last(m, seen) == VAL_OF_NIL)
		return false;
	set_read(m, op, read, mutate_list(m, seen, VAL_OF_NIL, mutate_last(m, seen)));
	return true;
}

/* A transaction sees what only a failed one wrote. */
static bool
txn_sees_failed(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	size_t read;

	if (op->type != OP_OK || (read = outer_read(m, op)) == SIZE_MAX)
		return false;
	val key = mop_part(m, op->input, read, 1);
	val seen = mop_part(m, op->output, read, 2);
	for (size_t j = i, back = 0; j-- > 0 && back < MUTATE_LOOK_BACK; back++) {
		val written = op_at(m, j)->type == OP_FAIL
				      ? written_last(m, op_at(m, j), key)
				      : VAL_OF_NIL;
		if (written == VAL_OF_NIL || seen == VAL_OF_NIL)
			continue;
		set_read(m, op, read,
			 val_kind(seen) == VAL_LIST
				 ? mutate_list(m, seen, VAL_OF_NIL, written)
				 : written);
		return true;
	}
	return false;
}

const struct acting acting_list_append = {
	.type = {"list-append",
		 "transactions that append to lists and read them",
		 {{"stale-read", "*"},
		  {"garbage-read", "garbage-read|incompatible-order"},
		  {"duplicate-elements", "duplicate-elements|incompatible-order"},
		  {"aborted-read", "G1a|incompatible-order"}}},
	.mutate = {txn_reads_stale, txn_sees_garbage, txn_sees_twice, txn_sees_failed},
	.is_txn = true,
	.ask = ask_append_txn,
	.act = act_append_txn,
};

const struct acting acting_rw_register = {
	.type = {"rw-register",
		 "transactions that write registers and read them",
		 {{"stale-read", "*"}, {"garbage-read", NULL}, {"aborted-read", "G1a"}}},
	.mutate = {txn_reads_stale, txn_sees_garbage, txn_sees_failed},
	.is_txn = true,
	.ask = ask_register_txn,
	.act = act_register_txn,
};
