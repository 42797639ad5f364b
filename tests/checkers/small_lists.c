#include "tests/checkers/small_lists.h"

#include <string.h>

enum {
	TXNS_MAX = 8,
	KEYS_MAX = 3,
	MOPS_MAX = 4,
	LIST_MAX = 40
};

struct lists {
	val items[KEYS_MAX][LIST_MAX];
	size_t length[KEYS_MAX];
};

struct maker {
	struct history *history;
	struct rng *rng;
	struct lists states[TXNS_MAX + 1];
	int keys;
	int64_t element;
	double lag; /* chance that a transaction, or one of its keys, sees an old state */
	double wild; /* chance that a read shows what it cannot */
	bool torn;   /* keys lag one by one */
};

static val
make_mop(struct maker *m, const char *f, int key, val value)
{
	struct values *values = &m->history->values;

	return val_list(values, (val[]){val_string(values, f), val_small(key), value}, 3);
}

/* What the transaction at place i sees. */
static struct lists
view(struct maker *m, int i)
{
	struct lists seen = m->states[i];

	for (int key = 0; key < m->keys; key++) {
		int at = rng_chance(m->rng, m->lag)
				 ? (int)rng_below(m->rng, (uint64_t)i + 1)
				 : i;
		memcpy(seen.items[key], m->states[at].items[key],
		       sizeof(seen.items[key]));
		seen.length[key] = m->states[at].length[key];
		if (!m->torn && key == 0 && at != i)
			return m->states[at];
	}
	return seen;
}

/* What a read shows: now and then a list that is wrong in itself. */
static val
make_read(struct maker *m, const struct lists *seen, int key, bool is_first)
{
	val items[LIST_MAX + 1];
	size_t count = seen->length[key];

	memcpy(items, seen->items[key], count * sizeof(*items));
	if (rng_chance(m->rng, m->wild)) {
		uint64_t kind = rng_below(m->rng, 4);
		size_t at = count > 0 ? rng_below(m->rng, count) : 0;
		if (kind == 0)
			items[count++] = val_small(1000 + (int64_t)rng_below(m->rng, 3));
		else if (kind == 1 && count > 0)
			items[count++] = items[at];
		else if (kind == 2 && count > 0)
			items[at] = items[0];
		else if (kind == 3 && is_first) /* what comes next, also of its own */
			items[count++] = val_small(m->element);
	}
	return val_list(&m->history->values, items, count);
}

static void
make_txn(struct maker *m, int i, struct op *op)
{
	struct values *values = &m->history->values;
	struct lists seen = view(m, i), now = m->states[i];
	val asked[MOPS_MAX], did[MOPS_MAX];
	size_t count = 1 + rng_below(m->rng, MOPS_MAX);
	bool touched[KEYS_MAX] = {false};

	for (size_t k = 0; k < count; k++) {
		int key = (int)rng_below(m->rng, (uint64_t)m->keys);
		if (rng_chance(m->rng, 0.5)) {
			val element = val_small(m->element++);
			asked[k] = did[k] = make_mop(m, "append", key, element);
			seen.items[key][seen.length[key]++] = element;
			now.items[key][now.length[key]++] = element;
			touched[key] = true;
			continue;
		}
		val read = make_read(m, &seen, key, !touched[key]);
		touched[key] = true;
		asked[k] = make_mop(m, "r", key, VAL_OF_NIL);
		did[k] = make_mop(m, "r", key, read);
	}
	op->input = val_list(values, asked, count);
	op->output = op->type == OP_OK ? val_list(values, did, count) : VAL_OF_NIL;
	bool lost = op->type != OP_OK && rng_chance(m->rng, 0.7);
	m->states[i + 1] = lost ? m->states[i] : now;
}

void
small_lists_make(struct history *history, struct rng *rng)
{
	struct maker m = {.history = history, .rng = rng, .element = 1};
	uint32_t now = 0, free_at[3] = {0};
	int count = 2 + (int)rng_below(rng, TXNS_MAX - 2);

	history_init(history);
	m.keys = 1 + (int)rng_below(rng, KEYS_MAX);
	m.lag = rng_chance(rng, 0.2) ? 0 : 0.7 * rng_real(rng);
	m.wild = rng_chance(rng, 0.15) ? 0.15 : 0;
	m.torn = rng_chance(rng, 0.5);
	for (int i = 0; i < count; i++) {
		uint32_t process = (uint32_t)rng_below(rng, 3);
		struct op op = {.f = F_TXN, .process = process};
		op.type = rng_chance(rng, 0.08)	  ? OP_INFO
			  : rng_chance(rng, 0.06) ? OP_FAIL
						  : OP_OK;
		now = now < free_at[process] ? free_at[process] : now;
		op.invoke_at = now * 32 + (uint32_t)i;
		free_at[process] = now + 1 + (uint32_t)rng_below(rng, 6);
		op.complete_at = op.type == OP_INFO
					 ? OP_NEVER
					 : free_at[process] * 32 - 16 + (uint32_t)i;
		make_txn(&m, i, &op);
		history_add(history, &op);
		now += (uint32_t)rng_below(rng, 4);
	}
	history_sort(history);
}

/* ---- reads of a key again ------------------------------------------------------------- */

/* What some transaction read of the key; empty when it did not. */
static val
some_read(struct history *history, val key, struct rng *rng)
{
	struct values *values = &history->values;
	const struct op *op =
		&history->ops.items[rng_below(rng, (uint64_t)history->ops.count)];
	val found = val_list(values, NULL, 0);

	for (size_t i = 0; op->type == OP_OK && i < val_count(values, op->output); i++) {
		val mop = val_at(values, op->output, i);
		if (val_at(values, mop, 0) == val_string(values, "r") &&
		    val_at(values, mop, 1) == key)
			found = val_at(values, mop, 2);
	}
	return found;
}

static void
read_again(struct history *history, struct op *op, struct rng *rng)
{
	struct values *values = &history->values;
	val mops[MOPS_MAX];
	size_t count = val_count(values, op->output);

	for (size_t i = 0; i < count; i++)
		mops[i] = val_at(values, op->output, i);
	for (size_t i = 1; i < count; i++) {
		val key = val_at(values, mops[0], 1);
		if (val_at(values, mops[i], 0) != val_string(values, "r") ||
		    !rng_chance(rng, 0.5))
			continue;
		mops[i] = val_list(values,
				   (val[]){val_string(values, "r"), key,
					   some_read(history, key, rng)},
				   3);
	}
	op->output = val_list(values, mops, count);
}

void
small_lists_read_again(struct history *history, struct rng *rng)
{
	vec_each (struct op, op, &history->ops)
		if (op->type == OP_OK)
			read_again(history, op, rng);
}

/* ---- reads left out ------------------------------------------------------------------- */

/* The micro-operations that are kept, the same of what was asked and of what was done. */
static val
keep_some(struct values *values, val list, const bool *keeps)
{
	val kept[MOPS_MAX];
	size_t count = 0;

	for (size_t i = 0; list != VAL_OF_NIL && i < val_count(values, list); i++)
		if (keeps[i])
			kept[count++] = val_at(values, list, i);
	return list == VAL_OF_NIL ? list : val_list(values, kept, count);
}

void
small_lists_forget_reads(struct history *history, struct rng *rng)
{
	struct values *values = &history->values;

	vec_each (struct op, op, &history->ops) {
		bool keeps[MOPS_MAX];
		for (size_t i = 0; i < val_count(values, op->input); i++) {
			val f = val_at(values, val_at(values, op->input, i), 0);
			keeps[i] = i == 0 || f != val_string(values, "r") ||
				   rng_chance(rng, 0.3);
		}
		op->output = keep_some(values, op->output, keeps);
		op->input = keep_some(values, op->input, keeps);
	}
}
