/* generate_predicates.c - transactions over registers, with reads by predicate. Values of
 * even keys are even, those of odd keys odd, so that each predicate shows all values of a
 * key or none: what it does not show tells as much as what it shows. */
#include "checkers/generate/world.h"

enum {
	MOPS_MAX = 3,
	READ_PERCENT = 60,
	PREDICATE_PERCENT = 50, /* of the reads */
	PREDICATES = 3		/* all, above 0, odd or even */
};

static val
predicate(struct world *world)
{
	struct values *values = &world->history->values;

	switch (rng_below(&world->rng, PREDICATES)) {
	case 0:
		return val_list(values, (val[]){val_string(values, "all")}, 1);
	case 1:
		return val_pair(values, val_string(values, ">"), val_small(0));
	default:
		return val_list(values,
				(val[]){val_string(values, "mod"), val_small(2),
					val_small((int64_t)rng_below(&world->rng, 2))},
				3);
	}
}

static val
ask_mop(struct world *world)
{
	struct values *values = &world->history->values;
	int64_t key = (int64_t)rng_below(&world->rng, world->key_count);

	if (!world_chance(world, READ_PERCENT)) {
		int64_t written = 2 * ++world->last_unique + key % 2;
		return val_list(values,
				(val[]){val_string(values, "w"), val_small(key),
					val_small(written)},
				3);
	}
	bool by_predicate =
		world_chance(world, PREDICATE_PERCENT) && world_may_read_all(world);
	return val_list(values,
			(val[]){val_string(values, by_predicate ? "rp" : "r"),
				by_predicate ? predicate(world) : val_small(key),
				VAL_OF_NIL},
			3);
}

static void
ask_predicates(struct world *world, struct thing *thing, struct op *op)
{
	size_t count = 1 + rng_below(&world->rng, MOPS_MAX);
	val mops[MOPS_MAX];

	(void)thing;
	for (size_t i = 0; i < count; i++)
		mops[i] = ask_mop(world);
	op->f = F_TXN;
	op->input = val_list(&world->history->values, mops, count);
}

/* What the predicate asks for: 0 or 1 the rest by 2; else all. */
static int64_t
parity_of(const struct values *values, val predicate)
{
	return val_count(values, predicate) == 3
		       ? val_number(values, val_at(values, predicate, 2))
		       : 2;
}

static val
show(struct world *world, val predicate)
{
	struct values *values = &world->history->values;
	int64_t parity = parity_of(values, predicate);
	VEC(val) rows = {0};

	for (uint32_t key = 0; key < world->key_count; key++) {
		val value = world->things.items[key].value;
		if (value == VAL_OF_NIL || (parity < 2 && key % 2 != parity))
			continue;
		vec_push(&rows, val_small(key));
		vec_push(&rows, value);
	}
	val shown = val_map(values, rows.items, rows.count);
	vec_release(&rows);
	return shown;
}

static bool
is_by_predicate(const struct values *values, val mop)
{
	return val_kind(val_at(values, mop, 1)) == VAL_LIST;
}

static val
act_mop(struct world *world, val asked)
{
	struct values *values = &world->history->values;
	val name = val_at(values, asked, 0), subject = val_at(values, asked, 1);

	if (is_by_predicate(values, asked))
		return val_list(values, (val[]){name, subject, show(world, subject)}, 3);
	struct thing *thing = &world->things.items[val_number(values, subject)];
	if (val_at(values, asked, 2) == VAL_OF_NIL)
		return val_list(values, (val[]){name, subject, thing->value}, 3);
	thing->value = val_at(values, asked, 2);
	return asked;
}

static bool
act_predicates(struct world *world, struct thing *thing, struct op *op)
{
	struct values *values = &world->history->values;
	size_t count = val_count(values, op->input);
	val mops[MOPS_MAX];

	(void)thing;
	for (size_t i = 0; i < count; i++)
		mops[i] = act_mop(world, val_at(values, op->input, i));
	op->output = val_list(values, mops, count);
	return true;
}

/* ---- what is wrong with them ---- */

/* The rows of a transaction that reads by one predicate and does nothing else; nil: it is
 * another one, or was shown nothing. */
static val
rows_of(const struct mutating *m, const struct op *op)
{
	const struct values *values = &m->history->values;

	if (op->type != OP_OK || val_count(values, op->output) != 1)
		return VAL_OF_NIL;
	val mop = val_at(values, op->output, 0);
	val rows = is_by_predicate(values, mop) ? val_at(values, mop, 2) : VAL_OF_NIL;
	return rows != VAL_OF_NIL && val_count(values, rows) > 0 ? rows : VAL_OF_NIL;
}

static void
set_mop(struct mutating *m, struct op *op, val predicate, val rows)
{
	struct values *values = &m->history->values;
	val name = val_string(values, "rp");
	val asked = val_list(values, (val[]){name, predicate, VAL_OF_NIL}, 3);
	val shown = val_list(values, (val[]){name, predicate, rows}, 3);

	op->input = val_list(values, &asked, 1);
	op->output = val_list(values, &shown, 1);
}

/* What was asked for is not what was shown. */
static bool
predicate_mismatches(struct mutating *m, size_t i)
{
	struct values *values = &m->history->values;
	val rows = rows_of(m, op_at(m, i));

	if (rows == VAL_OF_NIL)
		return false;
	set_mop(m, op_at(m, i), val_pair(values, val_string(values, "<"), val_small(1)),
		rows);
	return true;
}

static bool
writes_key(const struct mutating *m, const struct op *op, val key)
{
	const struct values *values = &m->history->values;

	for (size_t i = 0; op->type == OP_OK && i < val_count(values, op->input); i++) {
		val mop = val_at(values, op->input, i);
		if (val_at(values, mop, 1) == key && val_at(values, mop, 2) != VAL_OF_NIL)
			return true;
	}
	return false;
}

static bool
is_written_before(const struct mutating *m, size_t i, val key)
{
	for (size_t j = i, back = 0; j-- > 0 && back < MUTATE_LOOK_BACK; back++)
		if (op_precedes(op_at(m, j), op_at(m, i)) &&
		    writes_key(m, op_at(m, j), key))
			return true;
	return false;
}

/* A row is missing whose key was written in real time before, and never deleted. */
static bool
row_is_missed(struct mutating *m, size_t i)
{
	struct values *values = &m->history->values;
	struct op *op = op_at(m, i);
	val rows = rows_of(m, op);
	size_t count = rows == VAL_OF_NIL ? 0 : val_count(values, rows);

	if (count == 0 || !is_written_before(m, i, val_at(values, rows, count - 2)))
		return false;
	VEC(val) kept = {0};
	for (size_t k = 0; k + 2 < count; k++)
		vec_push(&kept, val_at(values, rows, k));
	val predicate = val_at(values, val_at(values, op->output, 0), 1);
	set_mop(m, op, predicate, val_map(values, kept.items, kept.count));
	vec_release(&kept);
	return true;
}

/* A transaction at the end that finds no value so great, and writes one. */
static void
insert_skewed(struct mutating *m, int64_t number)
{
	struct values *values = &m->history->values;
	val great = val_pair(values, val_string(values, ">"), val_small(MUTATE_GARBAGE));
	val name = val_string(values, "rp"), none = val_map(values, NULL, 0);
	val write = val_list(values,
			     (val[]){val_string(values, "w"),
				     val_small(GENERATE_KEYS_MAX + number),
				     val_small(MUTATE_GARBAGE + number)},
			     3);
	val asked = val_list(values, (val[]){name, great, VAL_OF_NIL}, 3);
	val shown = val_list(values, (val[]){name, great, none}, 3);

	mutate_insert(m,
		      (struct op){.f = F_TXN,
				  .input = val_pair(values, asked, write),
				  .output = val_pair(values, shown, write)},
		      NULL);
}

/* Two at a time: each has its snapshot, but whichever came second saw a phantom too few. */
static bool
phantoms_skew(struct mutating *m, size_t i)
{
	size_t count = m->history->ops.count;

	(void)i;
	insert_skewed(m, 1);
	insert_skewed(m, 2);
	uint32_t first_ends = op_at(m, count)->complete_at;
	op_at(m, count)->complete_at = op_at(m, count + 1)->invoke_at;
	op_at(m, count + 1)->invoke_at = first_ends;
	return true;
}

const struct acting acting_rw_predicates = {
	.type = {"rw-predicates",
		 "transactions that write registers and read them by predicates",
		 {{"phantom-skew", "G2"},
		  {"missed-row", "*"},
		  {"predicate-mismatch", NULL}},
		 .checker = "rw-register"},
	.mutate = {phantoms_skew, row_is_missed, predicate_mismatches},
	.is_txn = true,
	.ask = ask_predicates,
	.act = act_predicates,
};
