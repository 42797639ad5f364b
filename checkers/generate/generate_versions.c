/* generate_versions.c - objects whose answers carry numbers that grow (versioned registers,
 * logs, fenced locks), and tuple spaces. */
#include "checkers/generate/generate_world.h"

#include "base/assert.h"

enum {
	READ_PERCENT = 50,
	CAS_PERCENT = 20,
	COLOURS = 3, /* second field of tuples */
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

/* ---- versioned registers: [VERSION VALUE], the version is `number` ---- */

static void
ask_versioned(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	bool is_cas = thing->value != VAL_OF_NIL && chance(world, CAS_PERCENT);

	op->f = chance(world, READ_PERCENT) ? F_READ : is_cas ? F_CAS : F_WRITE;
	if (op->f == F_READ)
		return;
	val asked = unique(world);
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

const struct acting acting_versioned_register = {
	.type = {"versioned-register",
		 "a register whose answers carry versions",
		 {"version-conflict"}},
	.ask = ask_versioned,
	.act = act_versioned,
};

/* ---- logs: offsets with gaps; `items` are values, nil in gaps ---- */

static void
ask_log(struct world *world, struct thing *thing, struct op *op)
{
	op->f = chance(world, READ_PERCENT) ? F_READ : F_APPEND;
	op->input = op->f == F_APPEND ? unique(world)
				      : val_small((int64_t)rng_below(
						&world->rng, thing->items.count + 2));
}

static bool
act_log(struct world *world, struct thing *thing, struct op *op)
{
	int64_t offset;

	if (op->f == F_APPEND) {
		if (chance(world, 10))
			vec_push(&thing->items, VAL_OF_NIL);
		op->output = val_small((int64_t)thing->items.count);
		vec_push(&thing->items, op->input);
		return true;
	}
	ASSERT(val_small_number(op->input, &offset));
	if ((size_t)offset < thing->items.count)
		op->output = thing->items.items[offset];
	return true;
}

const struct acting acting_log = {
	.type = {"log",
		 "appends that tell offsets, reads at offsets",
		 {"never-appended", "offset-conflict"}},
	.ask = ask_log,
	.act = act_log,
};

/* ---- fenced locks: `number` is the holder + 1, `head` the last token ---- */

static void
ask_fenced_lock(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	op->f = thing->number == (int64_t)op->process + 1 ? F_RELEASE : F_ACQUIRE;
}

static bool
act_fenced_lock(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	int64_t free_for = op->f == F_ACQUIRE ? 0 : (int64_t)op->process + 1;

	if (thing->number != free_for)
		return false;
	thing->number = op->f == F_ACQUIRE ? (int64_t)op->process + 1 : 0;
	if (op->f == F_ACQUIRE)
		op->output = val_small((int64_t)++thing->head);
	return true;
}

static bool
act_fenced_lock_unseen(const struct op *op)
{
	return op->f == F_RELEASE;
}

const struct acting acting_fenced_lock = {
	.type = {"fenced-lock", "a lock whose tokens increase", {"token-not-increasing"}},
	.ask = ask_fenced_lock,
	.act = act_fenced_lock,
	.act_unseen = act_fenced_lock_unseen,
};

/* ---- tuple spaces: tuples [ID COLOUR], taken by colour ---- */

static void
ask_tuple(struct world *world, struct thing *thing, struct op *op)
{
	val colour = val_small((int64_t)rng_below(&world->rng, COLOURS));
	bool is_read = chance(world, 20);

	(void)thing;
	op->f = is_read ? F_READ : chance(world, 50) ? F_WRITE : F_TAKE;
	op->input = val_pair(&world->history->values,
			     op->f == F_WRITE ? unique(world) : VAL_OF_NIL, colour);
}

static bool
act_tuple(struct world *world, struct thing *thing, struct op *op)
{
	const struct values *values = &world->history->values;

	if (op->f == F_WRITE) {
		vec_push(&thing->items, op->input);
		op->output = op->input;
		return true;
	}
	for (size_t i = thing->items.count; i-- > 0;) {
		val tuple = thing->items.items[i];
		if (val_at(values, tuple, 1) != val_at(values, op->input, 1))
			continue;
		op->output = tuple;
		if (op->f == F_TAKE) {
			thing->items.items[i] = *vec_last(&thing->items);
			thing->items.count--;
		}
		return true;
	}
	return true;
}

const struct acting acting_tuple_space = {
	.type = {"tuple-space",
		 "tuples written, read and taken by pattern",
		 {"taken-twice"}},
	.ask = ask_tuple,
	.act = act_tuple,
};
