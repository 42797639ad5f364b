/* generate_sets.c - what is added and read as a whole: sets, and lists of rows. */
#include "checkers/generate/world.h"

/* Most operations add; all reads together are no longer than what was added is often. */
static bool
is_time_to_read(struct world *world)
{
	return world->is_final || rng_below(&world->rng, world->read_each) == 0;
}

static void
ask_adding(struct world *world, struct op *op, enum op_f add)
{
	op->f = is_time_to_read(world) ? F_READ : add;
	if (op->f == add)
		op->input = world_unique(world);
}

static bool
act_all(struct world *world, struct thing *thing, struct op *op)
{
	if (op->input == VAL_OF_NIL) {
		op->output = val_list(&world->history->values, thing->items.items,
				      thing->items.count);
	} else {
		vec_push(&thing->items, op->input);
		op->output = op->input;
	}
	return true;
}

/* ---- sets ---- */

static void
ask_set(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	ask_adding(world, op, F_ADD);
}

/* An acknowledged element is in no read. */
static bool
lose_element(struct mutating *m, size_t i)
{
	const struct op *add = op_at(m, i);

	if (!op_is(add, F_ADD))
		return false;
	return mutate_lose(m, "read", add->key, add->input);
}

const struct acting acting_set = {
	.type = {"set",
		 "elements are added; some reads, and two of each key at the end",
		 {{"lost-element", NULL},
		  {"unexpected-element", NULL},
		  {"duplicate-element", NULL}}},
	.mutate = {lose_element, mutate_unexpected, mutate_duplicate},
	.has_final_reads = true,
	.ask = ask_set,
	.act = act_all,
};

/* ---- causal reverse: the same, of writes ---- */

static void
ask_rows(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	ask_adding(world, op, F_WRITE);
}

static bool
is_write(const struct op *op)
{
	return op_is(op, F_WRITE);
}

static bool
holds(const struct mutating *m, val list, val item)
{
	const struct values *values = &m->history->values;

	for (size_t i = 0; i < val_count(values, list); i++)
		if (val_at(values, list, i) == item)
			return true;
	return false;
}

/* A read misses w1, which was over before w2 began, and sees w2. */
static bool
see_effect_without_cause(struct mutating *m, size_t i)
{
	const struct op *w2 = op_at(m, i);
	size_t w1;

	if (!is_write(w2) || (w1 = mutate_before(m, w2, i, is_write)) == SIZE_MAX)
		return false;
	vec_each (struct op, read, &m->history->ops) {
		if (!op_is(read, F_READ) || read->key != w2->key ||
		    !holds(m, read->output, w2->input))
			continue;
		read->output =
			mutate_list(m, read->output, op_at(m, w1)->input, VAL_OF_NIL);
		return true;
	}
	return false;
}

const struct acting acting_causal_reverse = {
	.type = {"causal-reverse",
		 "writes, and reads of all that was written so far",
		 {{"causal-reverse", NULL}, {"unexpected-element", NULL}}},
	.mutate = {see_effect_without_cause, mutate_unexpected},
	.has_final_reads = true,
	.ask = ask_rows,
	.act = act_all,
};

/* ---- dirty reads: single reads on the way, strong ones of all at the end ---- */

static void
ask_dirty(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	if (world->is_final)
		op->f = history_f(world->history, "strong-read", strlen("strong-read"));
	else
		op->f = world_chance(world, 30) ? F_READ : F_WRITE;
	if (op->f == F_WRITE)
		op->input = world_unique(world);
}

static bool
act_dirty(struct world *world, struct thing *thing, struct op *op)
{
	thing = &world->things.items[0];
	if (op->f != F_READ)
		return act_all(world, thing, op);
	size_t count = thing->items.count;
	op->output = count > 0 ? thing->items.items[rng_below(&world->rng, count)]
			       : VAL_OF_NIL;
	return true;
}

/* An acknowledged write is in no strong read. */
static bool
lose_write(struct mutating *m, size_t i)
{
	const struct op *write = op_at(m, i);

	if (!is_write(write))
		return false;
	return mutate_lose(m, "strong-read", write->key, write->input);
}

/* A read sees what only a failed write wrote. */
static bool
see_failed_write(struct mutating *m, size_t i)
{
	const struct op *write = op_at(m, i);

	if (write->f != F_WRITE || write->type != OP_FAIL)
		return false;
	for (size_t j = i + 1; j < m->history->ops.count; j++) {
		struct op *read = op_at(m, j);
		if (!op_is(read, F_READ) || read->key != write->key)
			continue;
		read->output = write->input;
		return true;
	}
	return false;
}

const struct acting acting_dirty_reads = {
	.type = {"dirty-reads",
		 "writes, reads of one value, strong reads of all at the end",
		 {{"lost-write", NULL},
		  {"unwritten-read", NULL},
		  {"aborted-read", NULL}}},
	.mutate = {lose_write, mutate_garbage_read, see_failed_write},
	.has_final_reads = true,
	.is_txn = true,
	.ask = ask_dirty,
	.act = act_dirty,
};
