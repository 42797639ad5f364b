/* generate_counts.c - counters, locks and semaphores, ids: objects that are a number. */
#include "checkers/generate/world.h"

#include "base/assert.h"

enum {
	READ_PERCENT = 50,
	PERMITS = 3 /* of a semaphore */
};

/* ---- counters ---- */

static void
ask_counter(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	op->f = world_chance(world, READ_PERCENT) ? F_READ : F_INCREMENT;
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

/* More than all increments together. */
static bool
count_too_high(struct mutating *m, size_t i)
{
	if (!op_is(op_at(m, i), F_READ))
		return false;
	op_at(m, i)->output = val_small((int64_t)m->history->ops.count + 1);
	return true;
}

/* Less than nothing, and nothing is ever taken away. */
static bool
count_too_low(struct mutating *m, size_t i)
{
	if (!op_is(op_at(m, i), F_READ))
		return false;
	op_at(m, i)->output = val_small(-1);
	return true;
}

const struct acting acting_counter = {
	.type = {"counter",
		 "increments by one, and reads",
		 {{"read-too-high", NULL}, {"read-too-low", NULL}}},
	.mutate = {count_too_high, count_too_low},
	.ask = ask_counter,
	.act = act_counter,
};

static void
ask_fetch_add(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	(void)thing;
	op->f = F_FETCH_ADD;
	op->input = val_small(1);
}

static bool
act_fetch_add(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	op->output = val_small(thing->number++);
	return true;
}

static bool
fetch_too_much(struct mutating *m, size_t i)
{
	if (!op_is(op_at(m, i), F_FETCH_ADD))
		return false;
	op_at(m, i)->output = val_small((int64_t)m->history->ops.count + 1);
	return true;
}

const struct acting acting_fetch_add = {
	.type = {"fetch-add",
		 "a counter that every increment reads",
		 {{"fetched-twice", "read-too-low|read-too-high|duplicate-fetch|counter-"
				    "went-back|not-linearizable"},
		  {"read-too-high", NULL}},
		 .checker = "counter"},
	.mutate = {mutate_given_twice, fetch_too_much},
	.ask = ask_fetch_add,
	.act = act_fetch_add,
};

/* ---- locks: `number` is the holder + 1, `head` the last token ---- */

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

static bool
act_fenced_lock(struct world *world, struct thing *thing, struct op *op)
{
	bool done = act_lock(world, thing, op);

	if (done && op->f == F_ACQUIRE)
		op->output = val_small((int64_t)++thing->head);
	return done;
}

/* Else a lock of a client that is gone would stay held for ever. */
static bool
is_release(const struct op *op)
{
	return op->f == F_RELEASE;
}

/* Somebody else acquires between an acquisition and its release. */
static bool
acquire_twice(struct mutating *m, size_t i)
{
	const struct op *acquire = op_at(m, i);

	if (!op_is(acquire, F_ACQUIRE))
		return false;
	mutate_insert(m, (struct op){.key = acquire->key, .f = F_ACQUIRE}, acquire);
	return true;
}

/* One releases who never acquired. */
static bool
release_unheld(struct mutating *m, size_t i)
{
	const struct op *op = op_at(m, i);

	if (op->type != OP_OK)
		return false;
	mutate_insert(m, (struct op){.key = op->key, .f = F_RELEASE}, op);
	return true;
}

const struct acting acting_lock = {
	.type = {"lock",
		 "acquire and release by the holder",
		 {{"lock-held-twice", NULL},
		  {"release-without-hold", "release-without-hold|not-linearizable"}}},
	.mutate = {acquire_twice, release_unheld},
	.ask = ask_lock,
	.act = act_lock,
	.act_unseen = is_release,
};

const struct acting acting_fenced_lock = {
	.type = {"fenced-lock",
		 "a lock whose tokens increase",
		 {{"token-not-increasing", NULL},
		  {"release-without-hold", "release-without-hold|not-linearizable"}}},
	.mutate = {mutate_given_twice, release_unheld},
	.ask = ask_lock,
	.act = act_fenced_lock,
	.act_unseen = is_release,
};

/* ---- semaphores: `number` is how many permits are out ---- */

static void
ask_semaphore(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	op->f = world_chance(world, 50) ? F_ACQUIRE : F_RELEASE;
}

static bool
act_semaphore(struct world *world, struct thing *thing, struct op *op)
{
	(void)world;
	if (thing->number == (op->f == F_ACQUIRE ? PERMITS : 0))
		return false;
	thing->number += op->f == F_ACQUIRE ? 1 : -1;
	return true;
}

/* More at once than there are. */
static bool
acquire_too_many(struct mutating *m, size_t i)
{
	if (!op_is(op_at(m, i), F_ACQUIRE))
		return false;
	op_at(m, i)->input = val_small(PERMITS + 1);
	return true;
}

/* More at once than can be out. */
static bool
release_too_many(struct mutating *m, size_t i)
{
	if (!op_is(op_at(m, i), F_RELEASE))
		return false;
	op_at(m, i)->input = val_small(PERMITS + 1);
	return true;
}

const struct acting acting_semaphore = {
	.type = {"semaphore",
		 "three permits, acquired and released by anybody",
		 {{"too-many-permits", NULL}, {"release-without-permit", NULL}},
		 .init = "3"},
	.mutate = {acquire_too_many, release_too_many},
	.ask = ask_semaphore,
	.act = act_semaphore,
	.act_unseen = is_release,
};

/* ---- ids: they grow, so that who began later has a greater one ---- */

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
	op->output = world_unique(world);
	return true;
}

static bool
is_id(const struct op *op)
{
	return op_is(op, F_GENERATE);
}

/* Two ids change places, and one of them was given before the other was asked for. */
static bool
swap_ids(struct mutating *m, size_t i)
{
	struct op *later = op_at(m, i);
	size_t j;

	if (!is_id(later) || (j = mutate_before(m, later, i, is_id)) == SIZE_MAX)
		return false;
	val id = later->output;
	later->output = op_at(m, j)->output;
	op_at(m, j)->output = id;
	return true;
}

const struct acting acting_ids = {
	.type = {"ids",
		 "ids that nobody was given before, and that grow",
		 {{"duplicate-id", NULL}, {"id-went-back", NULL}},
		 .checker = "unique-ids",
		 .model = "monotone"},
	.mutate = {mutate_given_twice, swap_ids},
	.ask = ask_id,
	.act = act_id,
};
