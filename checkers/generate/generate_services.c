/* generate_services.c - small applications: a store with versions on several replicas, a
 * book shop, strings that are put and appended to. */
#include "checkers/generate/world.h"

#include "base/mem.h"

#include <stdlib.h>

enum {
	READ_PERCENT = 50,
	REPLICAS = 3,
	COPIES = 10, /* of each title at first */
	GOSSIP_PERCENT = 30
};

/* ---- versions: item r of a thing is what replica r shows: [V [NUMBER REPLICA]] or nil ---- */

static uint16_t
named(struct world *world, const char *name)
{
	return history_f(world->history, name, strlen(name));
}

static int64_t
number_of(const struct world *world, val shown)
{
	const struct values *values = &world->history->values;

	return shown == VAL_OF_NIL
		       ? 0
		       : val_number(values, val_at(values, val_at(values, shown, 1), 0));
}

static int64_t
replica_of(const struct world *world, val shown)
{
	const struct values *values = &world->history->values;

	return val_number(values, val_at(values, val_at(values, shown, 1), 1));
}

static bool
is_newer(const struct world *world, val a, val b)
{
	int64_t x = number_of(world, a), y = number_of(world, b);

	return x > y || (x == y && x > 0 && replica_of(world, a) < replica_of(world, b));
}

/* What the newest of the replicas shows. */
static val
newest(const struct world *world, const struct thing *thing)
{
	val best = thing->items.items[0];

	for (size_t r = 1; r < REPLICAS; r++)
		if (is_newer(world, thing->items.items[r], best))
			best = thing->items.items[r];
	return best;
}

static void
ask_versions(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;

	while (thing->items.count < REPLICAS)
		vec_push(&thing->items, VAL_OF_NIL);
	op->node = (uint8_t)(1 + op->process % REPLICAS);
	op->f = world->is_final			    ? named(world, "final-read")
		: world_chance(world, READ_PERCENT) ? F_READ
		: world_chance(world, READ_PERCENT) ? F_WRITE
						    : F_UPDATE_IF;
	if (op->f == F_WRITE || op->f == F_UPDATE_IF)
		op->input = world_unique(world);
	if (op->f != F_UPDATE_IF)
		return;
	val now = newest(world, thing);
	val old = now != VAL_OF_NIL ? val_at(values, now, 0) : VAL_OF_NIL;
	op->input = val_pair(values, old, op->input);
}

/* The value gets a version behind what the replica shows, and is shown there. */
static void
update(struct world *world, struct op *op, val *shown, val value)
{
	struct values *values = &world->history->values;

	op->output = val_pair(values, val_small(number_of(world, *shown) + 1),
			      val_small(op->node));
	*shown = val_pair(values, value, op->output);
}

/* All replicas agree on it: they show the newest, and then the new one. */
static bool
update_if(struct world *world, struct thing *thing, struct op *op)
{
	const struct values *values = &world->history->values;
	val now = newest(world, thing);
	val value = now != VAL_OF_NIL ? val_at(values, now, 0) : VAL_OF_NIL;

	if (now == VAL_OF_NIL || value != val_at(values, op->input, 0))
		return false;
	update(world, op, &now, val_at(values, op->input, 1));
	for (size_t r = 0; r < REPLICAS; r++)
		thing->items.items[r] = now;
	return true;
}

static bool
act_versions(struct world *world, struct thing *thing, struct op *op)
{
	val *shown = &thing->items.items[op->node - 1];
	val other = thing->items.items[rng_below(&world->rng, REPLICAS)];

	if (op->f == F_UPDATE_IF)
		return update_if(world, thing, op);
	if (world->is_final)
		other = newest(world, thing);
	if ((world->is_final || world_chance(world, GOSSIP_PERCENT)) &&
	    is_newer(world, other, *shown))
		*shown = other;
	if (op->f == F_WRITE)
		update(world, op, shown, op->input);
	else
		op->output = *shown;
	return true;
}

static bool
is_versioned_read(const struct op *op)
{
	return op_is(op, F_READ) && op->output != VAL_OF_NIL;
}

/* The version of a read with a value that nobody wrote. */
static bool
read_other_value(struct mutating *m, size_t i)
{
	struct values *values = &m->history->values;
	struct op *op = op_at(m, i);

	if (!is_versioned_read(op))
		return false;
	op->output = val_pair(values, val_small(MUTATE_GARBAGE),
			      val_at(values, op->output, 1));
	return true;
}

static bool
is_update(const struct op *op)
{
	return op_is(op, F_WRITE) || op_is(op, F_UPDATE_IF);
}

static bool
reuse_version(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	size_t j;

	if (!is_update(op) || (j = mutate_before(m, op, i, is_update)) == SIZE_MAX)
		return false;
	op->output = op_at(m, j)->output;
	return true;
}

/* One of the last reads shows nothing, though an update was acknowledged. */
static bool
end_with_nothing(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);

	if (!op_is_named(m, op, "final-read") ||
	    mutate_before(m, op, i, is_update) == SIZE_MAX)
		return false;
	op->output = VAL_OF_NIL;
	return true;
}

const struct acting acting_versions = {
	.type = {"versions",
		 "a replicated store whose values have versions",
		 {{"unwritten-version", NULL},
		  {"version-reused", "version-reused|version-conflict|version-not-newer"},
		  {"lost-version", NULL}}},
	.mutate = {read_other_value, reuse_version, end_with_nothing},
	.has_final_reads = true,
	.ask = ask_versions,
	.act = act_versions,
};

/* ---- book shop: `number` is the stock, `head` the version, `value` the price; the items of
 * the first title are the requests in the order log ---- */

static void
ask_shop(struct world *world, struct thing *thing, struct op *op)
{
	uint64_t drawn = rng_below(&world->rng, 100);

	op->key = val_small(world_key(world, thing));
	if (thing->asked++ == 0)
		thing->number = COPIES;
	if (world->is_final) {
		uint64_t *has_orders = world_of_process(world, UINT32_MAX, 0);
		op->f = named(world, *has_orders ? "final-lookup" : "orders");
		op->key = *has_orders ? op->key : VAL_OF_NIL;
		*has_orders = 1;
		return;
	}
	op->f = named(world, drawn < 40	  ? "buy"
			     : drawn < 50 ? "restock"
			     : drawn < 60 ? "update"
					  : "lookup");
	if (drawn < 40)
		op->input = world_unique(world);
	else if (drawn < 60)
		op->input = val_small((int64_t)(1 + rng_below(&world->rng, 4)));
}

static val
lookup(struct world *world, const struct thing *thing)
{
	struct values *values = &world->history->values;
	const val items[] = {
		val_string(values, "version"), val_small((int64_t)thing->head),
		val_string(values, "stock"),   val_small(thing->number),
		val_string(values, "price"),   thing->value};

	return val_map(values, items, 6);
}

static bool
buy(struct world *world, struct thing *thing, struct op *op)
{
	if (thing->number == 0) {
		op->error = history_error_id(world->history, "out of stock");
		return false;
	}
	thing->number--;
	vec_push(&world->things.items[0].items, op->input);
	return true;
}

static bool
act_shop(struct world *world, struct thing *thing, struct op *op)
{
	const struct thing *log = &world->things.items[0];
	const char *name = history_f_name(world->history, op->f);

	if (strcmp(name, "orders") == 0) {
		op->output = val_list(&world->history->values, log->items.items,
				      log->items.count);
		return true;
	}
	if (op->input == VAL_OF_NIL) {
		op->output = lookup(world, thing);
		return true;
	}
	if (strcmp(name, "buy") == 0 && !buy(world, thing, op))
		return false;
	if (strcmp(name, "restock") == 0)
		thing->number += val_number(&world->history->values, op->input);
	if (strcmp(name, "update") == 0)
		thing->value = op->input;
	op->output = val_small((int64_t)++thing->head);
	return true;
}

static bool
is_change(const struct op *op)
{
	return op->type == OP_OK && val_kind(op->output) == VAL_INT;
}

static bool
sell_nothing(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);

	if (!op_is_named(m, op, "lookup"))
		return false;
	val stock = val_string(&m->history->values, "stock");
	op->output = mutate_map(m, op->output, stock, val_small(-1));
	return true;
}

/* A lookup shows a version that was replaced before it began. */
static bool
look_at_old(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	size_t now, old;

	if (!op_is_named(m, op, "lookup") ||
	    (now = mutate_before(m, op, i, is_change)) == SIZE_MAX ||
	    (old = mutate_before(m, op_at(m, now), now, is_change)) == SIZE_MAX)
		return false;
	val version = val_string(&m->history->values, "version");
	op->output = mutate_map(m, op->output, version, op_at(m, old)->output);
	return true;
}

static bool
order_twice(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);
	val last = op_is_named(m, op, "orders") ? mutate_last(m, op->output) : VAL_OF_NIL;

	if (last == VAL_OF_NIL)
		return false;
	op->output = mutate_list(m, op->output, VAL_OF_NIL, last);
	return true;
}

static bool
lose_order(struct mutating *m, size_t i)
{
	const struct op *op = op_at(m, i);

	if (!op_is_named(m, op, "buy"))
		return false;
	return mutate_lose(m, "orders", VAL_OF_NIL, op->input);
}

const struct acting acting_bookstore = {
	.type = {"bookstore",
		 "a shop with scarce titles, ten copies of each",
		 {{"negative-stock", NULL},
		  {"stale-lookup", NULL},
		  {"double-order", NULL},
		  {"lost-order", NULL}},
		 .init = "10"},
	.mutate = {sell_nothing, look_at_old, order_twice, lose_order},
	.has_final_reads = true,
	.ask = ask_shop,
	.act = act_shop,
};

/* ---- tokens: strings; each is written with its own token ---- */

static void
ask_tokens(struct world *world, struct thing *thing, struct op *op)
{
	struct buf token = {0};

	(void)thing;
	op->f = world_chance(world, READ_PERCENT) ? F_READ
		: world_chance(world, 40)	  ? F_WRITE
						  : F_APPEND;
	if (op->f == F_READ)
		return;
	buf_printf(&token, "t%lld;", (long long)++world->last_unique);
	op->input = val_bytes(&world->history->values, token.data, token.len);
	buf_release(&token);
}

static val
joined(struct values *values, val a, val b)
{
	struct buf text = {0};
	struct bytes first =
		a != VAL_OF_NIL ? val_text(values, a) : (struct bytes){"", 0};

	buf_append(&text, first.data, first.len);
	buf_append(&text, val_text(values, b).data, val_text(values, b).len);
	val whole = val_bytes(values, text.data, text.len);
	buf_release(&text);
	return whole;
}

static bool
act_tokens(struct world *world, struct thing *thing, struct op *op)
{
	if (op->f == F_WRITE)
		thing->value = op->input;
	else if (op->f == F_APPEND)
		thing->value = joined(&world->history->values, thing->value, op->input);
	else
		op->output = thing->value;
	return true;
}

static bool
is_token_read(const struct op *op)
{
	return op_is(op, F_READ) && op->output != VAL_OF_NIL;
}

/* The last token of two or more, which was appended, stands there once more. */
static bool
execute_twice(struct mutating *m, size_t i)
{
	struct values *values = &m->history->values;
	struct op *op = op_at(m, i);

	if (!is_token_read(op))
		return false;
	struct bytes text = val_text(values, op->output);
	const char *before = memrchr(text.data, ';', text.len - 1);
	if (before == NULL)
		return false;
	char *last = mem_string(before + 1);
	op->output = joined(values, op->output, val_string(values, last));
	free(last);
	return true;
}

static bool
read_other_token(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);

	if (!is_token_read(op))
		return false;
	op->output = val_string(&m->history->values, "never;");
	return true;
}

/* Nothing, after something was written: nothing ever takes it all away. */
static bool
lose_tokens(struct mutating *m, size_t i)
{
	struct op *op = op_at(m, i);

	if (!op_is(op, F_READ) || mutate_before(m, op, i, is_token_read) == SIZE_MAX)
		return false;
	op->output = VAL_OF_NIL;
	return true;
}

const struct acting acting_tokens = {
	.type = {"tokens",
		 "strings that are put and appended to",
		 {{"duplicate-execution", "duplicate-execution|not-linearizable"},
		  {"unwritten-token", "unwritten-token|lost-token"},
		  {"lost-token", "lost-token|not-linearizable"}}},
	.mutate = {execute_twice, read_other_token, lose_tokens},
	.ask = ask_tokens,
	.act = act_tokens,
};
