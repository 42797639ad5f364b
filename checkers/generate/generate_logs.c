/* generate_logs.c - logs with offsets, partitions with consumers, streams of tuples. */
#include "checkers/generate/world.h"

#include "base/assert.h"

enum {
	READ_PERCENT = 50,
	POLL_PERCENT = 20,
	GAP_PERCENT = 10,
	POLL_MAX = 16, /* records of a partition in one poll, but for the last ones */
	TUPLE_KEYS = 4,
};

/* Appends behind a gap, sometimes; the offset. `items` are values, nil in gaps. */
static size_t
append(struct world *world, struct thing *thing, val value)
{
	if (world_chance(world, GAP_PERCENT))
		vec_push(&thing->items, VAL_OF_NIL);
	vec_push(&thing->items, value);
	return thing->items.count - 1;
}

/* ---- logs ---- */

static void
ask_log(struct world *world, struct thing *thing, struct op *op)
{
	op->f = world_chance(world, READ_PERCENT) ? F_READ : F_APPEND;
	op->input = op->f == F_APPEND ? world_unique(world)
				      : val_small((int64_t)rng_below(
						&world->rng, thing->items.count + 2));
}

static bool
act_log(struct world *world, struct thing *thing, struct op *op)
{
	int64_t offset;

	if (op->f == F_APPEND) {
		op->output = val_small((int64_t)append(world, thing, op->input));
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
		 {{"never-appended", "never-appended|offset-conflict"},
		  {"offset-conflict", NULL}}},
	.mutate = {mutate_garbage_read, mutate_given_twice},
	.ask = ask_log,
	.act = act_log,
};

/* ---- kafka: partitions; `head` is the first record that nobody polled yet.
 *
 * A consumer's word about a partition is the offset after its last record, + 1. A new one
 * begins at `head`, so that every record is polled by somebody in the end. */

static void
ask_kafka(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	val send[] = {val_string(values, "send"), val_small(world_key(world, thing)),
		      VAL_OF_NIL};
	val poll = val_string(values, "poll");

	op->f = world->is_final || world_chance(world, POLL_PERCENT) ? F_POLL : F_SEND;
	if (op->f == F_SEND)
		send[2] = world_unique(world);
	val mop =
		op->f == F_SEND ? val_list(values, send, 3) : val_list(values, &poll, 1);
	op->input = val_list(values, &mop, 1);
}

/* The records of a partition that come next, as a list of [OFFSET VALUE]; nil: none. */
static val
poll_partition(struct world *world, uint32_t partition, uint32_t process)
{
	struct thing *thing = &world->things.items[partition];
	uint64_t *position = world_of_process(world, process, partition);
	size_t at = *position > 0 ? *position - 1 : thing->head;
	VEC(val) records = {0};

	if (world->is_final && thing->head < at)
		at = thing->head;
	for (; at < thing->items.count; at++) {
		if (records.count == POLL_MAX && !world->is_final)
			break;
		if (thing->items.items[at] != VAL_OF_NIL)
			vec_push(&records,
				 val_pair(&world->history->values, val_small((int64_t)at),
					  thing->items.items[at]));
	}
	*position = at + 1;
	thing->head = at > thing->head ? at : thing->head;
	val list = records.count > 0 ? val_list(&world->history->values, records.items,
						records.count)
				     : VAL_OF_NIL;
	vec_release(&records);
	return list;
}

/* Of many partitions some, from `first` on, but for the last polls. */
static val
poll_some(struct world *world, uint32_t first, uint32_t process)
{
	bool is_all = world->is_final || world->key_count <= WORLD_WIDE;
	uint32_t count = is_all ? world->key_count : WORLD_WIDE;
	VEC(val) items = {0};

	for (uint32_t i = 0; i < count; i++) {
		uint32_t partition = is_all ? i : (first + i) % world->key_count;
		val records = poll_partition(world, partition, process);
		if (records == VAL_OF_NIL)
			continue;
		vec_push(&items, val_small(partition));
		vec_push(&items, records);
	}
	val map = val_map(&world->history->values, items.items, items.count);
	vec_release(&items);
	return map;
}

static bool
act_kafka(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	val mop = val_at(values, op->input, 0);
	val parts[3] = {val_at(values, mop, 0)};

	if (op->f == F_POLL) {
		parts[1] = poll_some(world, world_key(world, thing), op->process);
	} else {
		val value = val_at(values, mop, 2);
		parts[1] = val_at(values, mop, 1);
		parts[2] = val_pair(
			values, val_small((int64_t)append(world, thing, value)), value);
	}
	mop = val_list(values, parts, op->f == F_POLL ? 2 : 3);
	op->output = val_list(values, &mop, 1);
	return true;
}

static bool
is_poll(const struct op *op)
{
	return op->f == F_POLL;
}

/* The map of an ok poll's records, if there are some. */
static bool
polled(const struct mutating *m, const struct op *op, val *map)
{
	const struct values *values = &m->history->values;

	if (!op_is(op, F_POLL))
		return false;
	*map = val_at(values, val_at(values, op->output, 0), 1);
	return val_count(values, *map) > 0;
}

/* Replaces the records of the first partition of a poll. */
static void
set_records(struct mutating *m, struct op *op, val map, val records)
{
	struct values *values = &m->history->values;
	const val parts[] = {val_string(values, "poll"),
			     mutate_map(m, map, val_at(values, map, 0), records)};
	val mop = val_list(values, parts, 2);

	op->output = val_list(values, &mop, 1);
}

/* The last record is one that nobody sent. */
static bool
poll_garbage(struct mutating *m, size_t i)
{
	struct values *values = &m->history->values;
	struct op *op = op_at(m, i);
	val map;

	if (!polled(m, op, &map))
		return false;
	val records = val_at(values, map, 1), last = mutate_last(m, records);
	val other = val_pair(values, val_at(values, last, 0), val_small(MUTATE_GARBAGE));
	set_records(m, op, map, mutate_list(m, records, last, other));
	return true;
}

/* A poll leaps over a record that others, or its sender, saw. */
static bool
poll_skips(struct mutating *m, size_t i)
{
	struct values *values = &m->history->values;
	struct op *op = op_at(m, i);
	val map;

	if (!polled(m, op, &map) || val_count(values, val_at(values, map, 1)) < 3)
		return false;
	val records = val_at(values, map, 1), middle = val_at(values, records, 1);
	val skipped = val_at(values, middle, 1);
	vec_each (struct op, send, &m->history->ops) {
		if (!op_is(send, F_SEND) ||
		    val_at(values, val_at(values, send->input, 0), 2) != skipped)
			continue;
		set_records(m, op, map, mutate_list(m, records, middle, VAL_OF_NIL));
		return true;
	}
	return false;
}

/* Two records were acknowledged at one offset. */
static bool
send_twice(struct mutating *m, size_t i)
{
	struct values *values = &m->history->values;
	struct op *op = op_at(m, i);

	if (!op_is(op, F_SEND))
		return false;
	val mop = val_at(values, op->output, 0);
	for (size_t j = i, back = 0; j-- > 0 && back < MUTATE_LOOK_BACK; back++) {
		if (!op_is(op_at(m, j), F_SEND))
			continue;
		val other = val_at(values, op_at(m, j)->output, 0);
		if (val_at(values, other, 1) != val_at(values, mop, 1))
			continue;
		val offset = val_at(values, val_at(values, other, 2), 0);
		val value = val_at(values, val_at(values, mop, 2), 1);
		const val parts[] = {val_at(values, mop, 0), val_at(values, mop, 1),
				     val_pair(values, offset, value)};
		mop = val_list(values, parts, 3);
		op->output = val_list(values, &mop, 1);
		return true;
	}
	return false;
}

const struct acting acting_kafka = {
	.type = {"kafka",
		 "records sent to partitions and polled by consumers",
		 {{"unsent", NULL},
		  {"int-poll-skip", NULL},
		  {"inconsistent-offsets", NULL}}},
	.mutate = {poll_garbage, poll_skips, send_twice},
	.has_final_reads = true,
	.is_txn = true,
	.ask = ask_kafka,
	.act = act_kafka,
	.is_seen = is_poll,
};

/* ---- streams: `items` of the first thing are what came out ---- */

static void
ask_stream(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	val key = val_small((int64_t)rng_below(&world->rng, TUPLE_KEYS));

	(void)thing;
	op->f = world->is_final ? history_f(world->history, "collect", strlen("collect"))
				: F_SEND;
	if (op->f == F_SEND)
		op->input = val_pair(values, world_unique(world), key);
}

static bool
act_stream(struct world *world, struct thing *thing, struct op *op)
{
	thing = &world->things.items[0];
	if (op->f == F_SEND)
		vec_push(&thing->items, op->input);
	else
		op->output = val_list(&world->history->values, thing->items.items,
				      thing->items.count);
	return true;
}

static bool
lose_tuple(struct mutating *m, size_t i)
{
	const struct op *send = op_at(m, i);

	if (!op_is(send, F_SEND))
		return false;
	return mutate_lose(m, "collect", send->key, send->input);
}

/* The last collection, which is the one that is judged. */
static struct op *
last_collection(struct mutating *m, size_t i)
{
	bool is_last = i + 1 == m->history->ops.count;

	return is_last && op_is_named(m, op_at(m, i), "collect") ? op_at(m, i) : NULL;
}

static bool
double_tuple(struct mutating *m, size_t i)
{
	struct op *op = last_collection(m, i);
	val last = op != NULL ? mutate_last(m, op->output) : VAL_OF_NIL;

	if (last == VAL_OF_NIL)
		return false;
	op->output = mutate_list(m, op->output, VAL_OF_NIL, last);
	return true;
}

static bool
collect_garbage(struct mutating *m, size_t i)
{
	struct op *op = last_collection(m, i);

	if (op == NULL)
		return false;
	val garbage =
		val_pair(&m->history->values, val_small(MUTATE_GARBAGE), val_small(0));
	op->output = mutate_list(m, op->output, VAL_OF_NIL, garbage);
	return true;
}

const struct acting acting_stream = {
	.type = {"stream",
		 "tuples through a pipeline, each exactly once",
		 {{"lost-tuple", NULL},
		  {"duplicate-tuple", NULL},
		  {"unknown-tuple", NULL}}},
	.mutate = {lose_tuple, double_tuple, collect_garbage},
	.has_final_reads = true,
	.is_txn = true,
	.ask = ask_stream,
	.act = act_stream,
};
