/* generate_invariants.c - transactions that are judged by what always holds: forks, G2,
 * values that only grow, money. */
#include "checkers/generate/world.h"

enum {
	READ_PERCENT = 50,
	GROUP = 3,   /* keys that are read together */
	MONEY = 100, /* of each account at first */
	TRANSFER_MAX = 20
};

static val
mop(struct values *values, const char *f, val key, val value)
{
	const val parts[] = {val_string(values, f), key, value};

	return val_list(values, parts, 3);
}

/* ---- long forks: keys are written once; `items` of the first thing are their values ---- */

static void
ask_fork(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	int64_t first = world->last_unique > GROUP ? world->last_unique - GROUP : 0;
	val mops[GROUP];

	(void)thing;
	op->f = world_chance(world, READ_PERCENT) ? F_READ : F_WRITE;
	if (op->f == F_WRITE) {
		val key = world_unique(world);
		mops[0] = mop(values, "w", key, val_small(1));
		op->input = val_list(values, mops, 1);
		return;
	}
	for (int64_t i = 0; i < GROUP; i++)
		mops[i] = mop(values, "r", val_small(first + 1 + i), VAL_OF_NIL);
	op->input = val_list(values, mops, GROUP);
}

static bool
act_fork(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	size_t count = val_count(values, op->input);
	val mops[GROUP];

	thing = &world->things.items[0];
	while (thing->items.count <= (size_t)world->last_unique + GROUP)
		vec_push(&thing->items, VAL_OF_NIL);
	for (size_t i = 0; i < count; i++) {
		mops[i] = val_at(values, op->input, i);
		val key = val_at(values, mops[i], 1);
		val *value = &thing->items.items[val_number(values, key)];
		if (op->f == F_WRITE)
			*value = val_at(values, mops[i], 2);
		else
			mops[i] = mop(values, "r", key, *value);
	}
	op->output = val_list(values, mops, count);
	return true;
}

static void
insert_fork_read(struct mutating *m, val x, val of_x, val y, val of_y)
{
	struct values *values = &m->history->values;
	struct op read = {.f = F_READ};
	val mops[] = {mop(values, "r", x, VAL_OF_NIL), mop(values, "r", y, VAL_OF_NIL)};

	read.input = val_list(values, mops, 2);
	mops[0] = mop(values, "r", x, of_x);
	mops[1] = mop(values, "r", y, of_y);
	read.output = val_list(values, mops, 2);
	mutate_insert(m, read, NULL);
}

/* Two reads in the end: one sees the first of two writes only, the other the second. */
static bool
fork_reads(struct mutating *m, size_t i)
{
	const struct values *values = &m->history->values;

	if (!op_is(op_at(m, i), F_WRITE))
		return false;
	for (size_t j = i, back = 0; j-- > 0 && back < MUTATE_LOOK_BACK; back++) {
		if (!op_is(op_at(m, j), F_WRITE))
			continue;
		val x = val_at(values, val_at(values, op_at(m, i)->input, 0), 1);
		val y = val_at(values, val_at(values, op_at(m, j)->input, 0), 1);
		insert_fork_read(m, x, val_small(1), y, VAL_OF_NIL);
		insert_fork_read(m, x, VAL_OF_NIL, y, val_small(1));
		return true;
	}
	return false;
}

static bool
read_unwritten(struct mutating *m, size_t i)
{
	struct values *values = &m->history->values;
	struct op *op = op_at(m, i);

	if (!op_is(op, F_READ))
		return false;
	val first = val_at(values, op->output, 0);
	val other = mop(values, "r", val_at(values, first, 1), val_small(MUTATE_GARBAGE));
	op->output = mutate_list(m, op->output, first, other);
	return true;
}

const struct acting acting_long_fork = {
	.type = {"long-fork",
		 "keys written once, and reads of several",
		 {{"long-fork", NULL}, {"unwritten-read", NULL}}},
	.mutate = {fork_reads, read_unwritten},
	.is_txn = true,
	.ask = ask_fork,
	.act = act_fork,
};

/* ---- g2: two inserts of each key, of which one may succeed; `last_unique` counts them ---- */

static void
ask_g2(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	val row = world_unique(world);

	(void)thing;
	op->f = F_INSERT;
	op->key = val_small(world->last_unique / 2);
	op->input = world->last_unique % 2 == 0 ? val_pair(values, row, VAL_OF_NIL)
						: val_pair(values, VAL_OF_NIL, row);
}

/* A word of no process: the key has a row. */
static bool
act_g2(struct world *world, struct thing *thing, struct op *op)
{
	uint64_t *has_row =
		world_of_process(world, UINT32_MAX,
				 (uint32_t)val_number(&world->history->values, op->key));

	(void)thing;
	if (*has_row != 0)
		return false;
	*has_row = 1;
	op->output = op->input;
	return true;
}

/* Another one of the key succeeds: at the end, */
static bool
insert_late(struct mutating *m, size_t i)
{
	const struct op *op = op_at(m, i);

	if (!op_is(op, F_INSERT))
		return false;
	mutate_insert(m,
		      (struct op){.f = F_INSERT,
				  .key = op->key,
				  .input = op->input,
				  .output = op->input},
		      NULL);
	return true;
}

/* or the one that was refused. */
static bool
insert_refused(struct mutating *m, size_t i)
{
	struct op *refused = op_at(m, i);

	if (refused->type != OP_FAIL)
		return false;
	vec_each (struct op, op, &m->history->ops) {
		if (!op_is(op, F_INSERT) || op->key != refused->key)
			continue;
		refused->type = OP_OK;
		refused->output = refused->input;
		refused->error = 0;
		return true;
	}
	return false;
}

const struct acting acting_g2 = {
	.type = {"g2",
		 "inserts where a predicate finds nothing",
		 {{"G2-predicate", NULL}, {"late-insert", "G2-predicate"}}},
	.mutate = {insert_refused, insert_late},
	.is_txn = true,
	.ask = ask_g2,
	.act = act_g2,
};

/* ---- monotonic: increments that tell the value, reads of several ---- */

static void
ask_monotonic(struct world *world, struct thing *thing, struct op *op)
{
	uint32_t first = world_key(world, thing), count = world->key_count;
	val keys[GROUP];

	op->f = world_chance(world, READ_PERCENT) ? F_READ : F_INCREMENT;
	op->input = val_small(first);
	if (op->f == F_INCREMENT)
		return;
	count = count < GROUP ? count : GROUP;
	for (uint32_t i = 0; i < count; i++)
		keys[i] = val_small((first + i) % world->key_count);
	op->input = val_list(&world->history->values, keys, count);
}

static bool
act_monotonic(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	bool is_read = op->f == F_READ;
	size_t count = is_read ? val_count(values, op->input) : 1;
	val items[2 * GROUP];

	thing->number += !is_read;
	for (size_t i = 0; i < count; i++) {
		items[2 * i] = is_read ? val_at(values, op->input, i) : op->input;
		int64_t key = val_number(values, items[2 * i]);
		items[2 * i + 1] = val_small(world->things.items[key].number);
	}
	op->output = val_map(values, items, 2 * count);
	return true;
}

/* Two reads in the end of which each saw less of one key than the other. */
static bool
read_crosswise(struct mutating *m, size_t i)
{
	struct values *values = &m->history->values;
	const struct op *op = op_at(m, i);

	if (!op_is(op, F_READ) || val_count(values, op->output) < 4)
		return false;
	val x = val_at(values, op->output, 0), y = val_at(values, op->output, 2);
	for (int side = 0; side < 2; side++) {
		const val items[] = {x, val_small(MUTATE_GARBAGE + side), y,
				     val_small(MUTATE_GARBAGE - side)};
		const val keys[] = {x, y};
		mutate_insert(m,
			      (struct op){.f = F_READ,
					  .input = val_list(values, keys, 2),
					  .output = val_map(values, items, 4)},
			      NULL);
	}
	return true;
}

/* A read of rows in the order of their timestamps, of which the second is smaller. */
static bool
read_rows_backwards(struct mutating *m, size_t i)
{
	struct values *values = &m->history->values;

	(void)i;
	mutate_insert(m,
		      (struct op){.f = F_READ,
				  .output = val_pair(values, val_small(2), val_small(1))},
		      NULL);
	return true;
}

const struct acting acting_monotonic = {
	.type = {"monotonic",
		 "increments that tell the value, reads of several",
		 {{"nonmonotonic-cycle", NULL}, {"nonmonotonic-order", NULL}}},
	.mutate = {read_crosswise, read_rows_backwards},
	.is_txn = true,
	.ask = ask_monotonic,
	.act = act_monotonic,
};

/* ---- bank: `number` is what an account has more than at first ---- */

static void
ask_bank(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	uint32_t from = world_key(world, thing);
	uint32_t to = (uint32_t)rng_below(&world->rng, world->key_count);

	bool is_read = world_chance(world, READ_PERCENT) && world_may_read_all(world);

	op->f = is_read ? F_READ : F_TRANSFER;
	if (is_read)
		return;
	const val items[] = {val_string(values, "from"),
			     val_small(from),
			     val_string(values, "to"),
			     val_small(to),
			     val_string(values, "amount"),
			     val_small(rng_between(&world->rng, 1, TRANSFER_MAX))};
	op->input = val_map(values, items, 6);
}

static val
balances(struct world *world)
{
	VEC(val) items = {0};

	for (uint32_t key = 0; key < world->key_count; key++) {
		vec_push(&items, val_small(key));
		vec_push(&items, val_small(MONEY + world->things.items[key].number));
	}
	val map = val_map(&world->history->values, items.items, items.count);
	vec_release(&items);
	return map;
}

static bool
act_bank(struct world *world, struct thing *thing, struct op *op)
{
	const struct values *values = &world->history->values;

	if (op->f == F_READ) {
		op->output = balances(world);
		return true;
	}
	int64_t amount = val_number(values, val_at(values, op->input, 5));
	if (MONEY + thing->number < amount)
		return false;
	thing->number -= amount;
	world->things.items[val_number(values, val_at(values, op->input, 3))].number +=
		amount;
	op->output = op->input;
	return true;
}

/* Changes the balance of the first account by `less`, and of the second by `more`. */
static bool
change_balances(struct mutating *m, size_t i, int64_t less, int64_t more)
{
	struct values *values = &m->history->values;
	struct op *op = op_at(m, i);

	if (!op_is(op, F_READ) || (more > 0 && val_count(values, op->output) < 4))
		return false;
	int64_t first = val_number(values, val_at(values, op->output, 1));
	op->output = mutate_map(m, op->output, val_small(0), val_small(first - less));
	if (more == 0)
		return true;
	int64_t second = val_number(values, val_at(values, op->output, 3));
	op->output = mutate_map(m, op->output, val_small(1), val_small(second + more));
	return true;
}

static bool
read_half_a_transfer(struct mutating *m, size_t i)
{
	return change_balances(m, i, 1, 0);
}

static bool
read_overdraft(struct mutating *m, size_t i)
{
	return change_balances(m, i, MUTATE_GARBAGE, MUTATE_GARBAGE);
}

static bool
read_no_balance(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);

	if (!op_is(op, F_READ))
		return false;
	op->output = mutate_map(m, op->output, val_small(0), VAL_OF_NIL);
	return true;
}

const struct acting acting_bank = {
	.type = {"bank",
		 "transfers between accounts, and reads of all of them",
		 {{"wrong-total", NULL},
		  {"negative-balance", NULL},
		  {"nil-balance", NULL}}},
	.mutate = {read_half_a_transfer, read_overdraft, read_no_balance},
	.is_txn = true,
	.ask = ask_bank,
	.act = act_bank,
};
