/* generate_collections.c - what is put and taken again: queues, stacks, bags, priority
 * queues, queues that are drained, tuple spaces. */
#include "checkers/generate/world.h"

#include "base/assert.h"

enum {
	PEEK_PERCENT = 10,
	COLOURS = 3, /* second field of tuples */
};

static void
ask_collection(struct world *world, struct op *op, enum op_f put, enum op_f take)
{
	op->f = world_chance(world, PEEK_PERCENT) ? F_PEEK
		: world_chance(world, 50)	  ? put
						  : take;
	if (op->f == put)
		op->input = world_unique(world);
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
	op->output = thing->items.items[thing->head];
	if (op->f == F_PEEK)
		return true;
	thing->head++;
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
	if (put_or_miss(thing, op))
		return true;
	op->output = *vec_last(&thing->items);
	thing->items.count -= op->f == F_POP;
	return true;
}

static bool
act_bag(struct world *world, struct thing *thing, struct op *op)
{
	if (put_or_miss(thing, op))
		return true;
	size_t at = rng_below(&world->rng, thing->items.count);
	op->output = thing->items.items[at];
	if (op->f == F_PEEK)
		return true;
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
	if (op->f == F_PEEK)
		return true;
	thing->items.items[0] = *vec_last(&thing->items);
	thing->items.count--;
	sift_down(thing);
	return true;
}

/* ---- what is wrong with them ---- */

static bool
is_put(const struct op *op)
{
	return op_is(op, F_ENQUEUE) || op_is(op, F_PUSH) || op_is(op, F_INSERT);
}

static struct op *
put_of(const struct mutating *m, val element, size_t before)
{
	for (size_t back = 0; before-- > 0 && back < MUTATE_LOOK_BACK; back++)
		if (is_put(op_at(m, before)) && op_at(m, before)->input == element)
			return op_at(m, before);
	return NULL;
}

/* a was put before b, and taken before b, all in real time; now they are taken the other
 * way round. */
static bool
swap_order(struct mutating *m, size_t i)
{
	struct op *second = op_at(m, i);

	if (!op_is_take(second))
		return false;
	for (size_t j = i, back = 0; j-- > 0 && back < MUTATE_LOOK_BACK; back++) {
		struct op *first = op_at(m, j);
		if (!op_is_take(first) || first->key != second->key ||
		    !op_precedes(first, second))
			continue;
		struct op *put_first = put_of(m, first->output, j);
		struct op *put_second = put_of(m, second->output, i);
		if (put_first == NULL || put_second == NULL ||
		    !op_precedes(put_first, put_second) ||
		    !op_precedes(put_second, first))
			continue;
		val output = first->output;
		first->output = second->output;
		second->output = output;
		return true;
	}
	return false;
}

/* A take finds nothing between a put and the take of its element. */
static bool
miss_what_is_there(struct mutating *m, size_t i)
{
	const struct op *take = op_at(m, i);

	if (!op_is_take(take))
		return false;
	const struct op *put = put_of(m, take->output, i);
	if (put == NULL || !op_precedes(put, take))
		return false;
	mutate_insert(m, (struct op){.key = take->key, .f = take->f}, put);
	return true;
}

const struct acting acting_queue = {
	.type = {"queue",
		 "enqueue and dequeue, first in first out",
		 {{"out-of-order", "out-of-order|seen-after-taken|seen-before-added"},
		  {"taken-twice", NULL},
		  {"never-added", NULL},
		  {"false-empty", "false-empty|not-linearizable"}}},
	.mutate = {swap_order, mutate_given_twice, mutate_garbage, miss_what_is_there},
	.ask = ask_queue,
	.act = act_queue,
};

const struct acting acting_stack = {
	.type = {"stack",
		 "push and pop, last in first out",
		 {{"taken-twice", NULL},
		  {"never-added", NULL},
		  {"false-empty", "false-empty|not-linearizable"}}},
	.mutate = {mutate_given_twice, mutate_garbage, miss_what_is_there},
	.ask = ask_stack,
	.act = act_stack,
};

const struct acting acting_priority_queue = {
	.type = {"priority-queue",
		 "insert and poll, the greatest first",
		 {{"taken-twice", NULL},
		  {"never-added", NULL},
		  {"false-empty", "false-empty|not-linearizable"}}},
	.mutate = {mutate_given_twice, mutate_garbage, miss_what_is_there},
	.ask = ask_priority_queue,
	.act = act_priority_queue,
};

const struct acting acting_bag = {
	.type = {"bag",
		 "enqueue and dequeue in any order",
		 {{"taken-twice", NULL},
		  {"never-added", NULL},
		  {"false-empty", "false-empty|not-linearizable"}}},
	.mutate = {mutate_given_twice, mutate_garbage, miss_what_is_there},
	.ask = ask_queue,
	.act = act_bag,
};

/* ---- queues that are drained in the end ---- */

static void
ask_draining(struct world *world, struct thing *thing, struct op *op)
{
	(void)thing;
	op->f = world->is_final		  ? F_DRAIN
		: world_chance(world, 50) ? F_ENQUEUE
					  : F_DEQUEUE;
	if (op->f == F_ENQUEUE)
		op->input = world_unique(world);
}

static bool
act_draining(struct world *world, struct thing *thing, struct op *op)
{
	if (op->f != F_DRAIN)
		return act_bag(world, thing, op);
	op->output =
		val_list(&world->history->values, thing->items.items, thing->items.count);
	thing->items.count = 0;
	return true;
}

/* What a dequeue of unknown outcome took could not be told from what was lost. */
static bool
is_dequeue(const struct op *op)
{
	return op->f == F_DEQUEUE;
}

/* An acknowledged element is taken by nobody: who took it found nothing. */
static bool
lose_element(struct mutating *m, size_t i)
{
	const struct op *put = op_at(m, i);

	if (!is_put(put))
		return false;
	bool was_out = mutate_lose(m, "drain", put->key, put->input);
	vec_each (struct op, take, &m->history->ops)
		if (op_is(take, F_DEQUEUE) && take->key == put->key &&
		    take->output == put->input) {
			take->output = VAL_OF_NIL;
			was_out = true;
		}
	return was_out;
}

const struct acting acting_total_queue = {
	.type = {"total-queue",
		 "enqueue and dequeue in any order, drained in the end",
		 {{"lost-element", NULL}, {"unexpected-element", NULL}}},
	.mutate = {lose_element, mutate_garbage},
	.has_final_reads = true,
	.ask = ask_draining,
	.act = act_draining,
	.is_seen = is_dequeue,
};

/* ---- tuple spaces: tuples [ID COLOUR], taken by colour ---- */

static void
ask_tuple(struct world *world, struct thing *thing, struct op *op)
{
	val colour = val_small((int64_t)rng_below(&world->rng, COLOURS));
	bool is_read = world_chance(world, 20);

	(void)thing;
	op->f = is_read ? F_READ : world_chance(world, 50) ? F_WRITE : F_TAKE;
	op->input = val_pair(&world->history->values,
			     op->f == F_WRITE ? world_unique(world) : VAL_OF_NIL, colour);
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

static bool
take_garbage(struct mutating *m, size_t i)
{
	struct values *values = &m->history->values;
	struct op *op = op_at(m, i);

	if (!op_is_take(op) && !(op_is(op, F_READ) && op->output != VAL_OF_NIL))
		return false;
	op->output = val_pair(values, val_small(MUTATE_GARBAGE),
			      val_at(values, op->output, 1));
	return true;
}

/* mutate_given_twice, of tuples that one pattern matches. */
static bool
take_twice(struct mutating *m, size_t i)
{
	const struct values *values = &m->history->values;
	struct op *second = op_at(m, i);

	if (!op_is_take(second))
		return false;
	for (size_t j = i, back = 0; j-- > 0 && back < MUTATE_LOOK_BACK; back++) {
		const struct op *first = op_at(m, j);
		if (!op_is_take(first) || first->key != second->key ||
		    val_at(values, first->input, 1) != val_at(values, second->input, 1))
			continue;
		second->output = first->output;
		return true;
	}
	return false;
}

const struct acting acting_tuple_space = {
	.type = {"tuple-space",
		 "tuples written, read and taken by pattern",
		 {{"taken-twice", NULL}, {"never-added", NULL}}},
	.mutate = {take_twice, take_garbage},
	.ask = ask_tuple,
	.act = act_tuple,
};
