/* generate_replicas.c - registers of stores with replicas: sequential, causal, and
 * convergent in the end.
 *
 * All writes stand in one log. A session sees a beginning of it, which grows. It sees its
 * own writes at once: a sequential store lets it catch up for that, a causal one does not,
 * so that what others wrote before may come after. Nothing is seen before its causes, since
 * these stand earlier in the log. */
#include "checkers/generate/world.h"

enum {
	READ_PERCENT = 60,
	CATCH_UP =
		16,   /* writes that a session sees at most with one operation, behind, */
	LAG_MAX = 64, /* and by which it is behind at most */
	NODES = 2     /* each of which is asked in the end */
};

/* Words of a session: how much of the log it saw, and about its last write to a key. */
#define SESSION_SAW UINT32_MAX

/* A write in the log; `items` of a thing are these, as numbers. */
struct entry {
	uint64_t at, process;
	val value;
};

static struct entry
entry_of(const struct thing *thing, size_t i)
{
	const val *items = thing->items.items + 3 * i;

	return (struct entry){items[0], items[1], items[2]};
}

static uint64_t
log_length(const struct world *world)
{
	return (uint64_t)world->things.items[0].number;
}

/* The session sees more of the log, at least up to LAG_MAX behind its end. */
static uint64_t
catch_up(struct world *world, uint32_t process)
{
	uint64_t *saw = world_of_process(world, process, SESSION_SAW);
	uint64_t end = log_length(world);

	*saw += rng_below(&world->rng, CATCH_UP);
	if (*saw + LAG_MAX < end)
		*saw = end - LAG_MAX;
	if (*saw > end)
		*saw = end;
	return *saw;
}

/* The newest write that the session sees: of others those that it saw since its own. */
static val
visible(struct world *world, const struct thing *thing, uint32_t process)
{
	uint32_t key = world_key(world, thing);
	uint64_t saw = *world_of_process(world, process, SESSION_SAW);
	uint64_t own = *world_of_process(world, process, key), own_saw = own >> 32;
	size_t own_entry = (uint32_t)own; /* + 1; 0: it never wrote the key */

	for (size_t i = thing->items.count / 3; i-- > 0;) {
		struct entry entry = entry_of(thing, i);
		if (own_entry > 0 && entry.at < own_saw)
			break;
		if (entry.at < saw && entry.process != process)
			return entry.value;
	}
	return own_entry > 0 ? entry_of(thing, own_entry - 1).value : VAL_OF_NIL;
}

static void
ask_replica(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	op->f = world_chance(world, READ_PERCENT) ? F_READ : F_WRITE;
	if (op->f == F_WRITE)
		op->input = world_unique(world);
}

static void
add_entry(struct world *world, struct thing *thing, const struct op *op)
{
	vec_push(&thing->items, (val)log_length(world));
	vec_push(&thing->items, (val)op->process);
	vec_push(&thing->items, op->input);
	world->things.items[0].number++;
}

static bool
act_causal(struct world *world, struct thing *thing, struct op *op)
{
	uint64_t saw = catch_up(world, op->process);

	if (op->f == F_READ) {
		op->output = visible(world, thing, op->process);
		return true;
	}
	add_entry(world, thing, op);
	*world_of_process(world, op->process, world_key(world, thing)) =
		saw << 32 | (thing->items.count / 3);
	op->output = op->input;
	return true;
}

static bool
act_sequential(struct world *world, struct thing *thing, struct op *op)
{
	uint64_t *saw = world_of_process(world, op->process, SESSION_SAW);

	if (op->f == F_WRITE)
		*saw = log_length(world);
	return act_causal(world, thing, op);
}

static bool
is_write(const struct op *op)
{
	return op_is(op, F_WRITE);
}

/* Nothing, after the session itself wrote: whoever sees its own writes sees them or what
 * came after. */
static bool
forget_own_write(struct mutating *m, size_t i)
{
	struct op *read = op_at(m, i);

	if (!op_is(read, F_READ))
		return false;
	for (size_t j = i, back = 0; j-- > 0 && back < MUTATE_LOOK_BACK; back++) {
		const struct op *op = op_at(m, j);
		if (!is_write(op) || op->process != read->process || op->key != read->key)
			continue;
		read->output = VAL_OF_NIL;
		return true;
	}
	return false;
}

const struct acting acting_sequential = {
	.type = {"sequential",
		 "registers whose readers may lag, all in one order",
		 {{"initial-read", "cyclic-order|not-sequential"},
		  {"unwritten-read", NULL}}},
	.mutate = {forget_own_write, mutate_garbage_read},
	.ask = ask_replica,
	.act = act_sequential,
};

const struct acting acting_causal = {
	.type = {"causal",
		 "registers of which everybody sees causes before effects",
		 {{"initial-read", "write-hb-init-read|write-co-init-read"},
		  {"unwritten-read", NULL}}},
	.mutate = {forget_own_write, mutate_garbage_read},
	.ask = ask_replica,
	.act = act_causal,
};

/* ---- convergence: reads lag behind until all is over ---- */

static void
ask_convergent(struct world *world, struct thing *thing, struct op *op)
{
	uint32_t asked = world->is_final ? thing->asked++ : op->process;

	op->node = (uint8_t)(1 + asked % NODES);
	ask_replica(world, thing, op);
	if (world->is_final) {
		op->f = F_READ;
		op->input = VAL_OF_NIL;
	}
}

static bool
act_convergent(struct world *world, struct thing *thing, struct op *op)
{
	if (op->f == F_READ && world->is_final) {
		size_t count = thing->items.count / 3;
		op->output = count > 0 ? entry_of(thing, count - 1).value : VAL_OF_NIL;
		return true;
	}
	return act_causal(world, thing, op);
}

/* A final read shows what had been replaced: w1 was over before w2 began. */
static bool
end_with_old_value(struct mutating *m, size_t i)
{
	struct op *read = op_at(m, i);
	size_t w2, w1;

	if (!op_is(read, F_READ) || i + 1 < m->history->ops.count ||
	    (w2 = mutate_before(m, read, i, is_write)) == SIZE_MAX ||
	    (w1 = mutate_before(m, op_at(m, w2), w2, is_write)) == SIZE_MAX)
		return false;
	read->output = op_at(m, w1)->input;
	return true;
}

static bool
end_with_garbage(struct mutating *m, size_t i)
{
	return i + 1 == m->history->ops.count && mutate_garbage_read(m, i);
}

const struct acting acting_convergence = {
	.type = {"convergence",
		 "registers that lag, and agree in the end",
		 {{"lost-update", NULL}, {"unwritten-read", NULL}}},
	.mutate = {end_with_old_value, end_with_garbage},
	.has_final_reads = true,
	.ask = ask_convergent,
	.act = act_convergent,
};
