#include "tests/checkers/small_predicates.h"

#include <string.h>

/* ---- meaning ---- */

static const char *const predicate_names[] = {"=", "<", ">", "between", "mod", "all"};

static bool
satisfies(const struct mini_mop *mop, int value)
{
	switch (value == 0 ? -1 : mop->predicate) {
	case 0:
		return value == mop->a;
	case 1:
		return value < mop->a;
	case 2:
		return value > mop->a;
	case 3:
		return value >= mop->a && value <= mop->b;
	case 4:
		return value % mop->a == mop->b;
	default:
		return value != 0;
	}
}

static struct mini_state
show(const struct mini_mop *mop, struct mini_state now)
{
	for (int k = 0; k < MINI_KEYS; k++)
		if (!satisfies(mop, now.value[k]))
			now.value[k] = 0;
	return now;
}

/* While a transaction runs: the keys that it has read or written. */
struct run {
	const struct mini_level *level;
	struct mini_state now;
	bool touched[MINI_KEYS];
};

/* A predicate read shows what satisfies now; to repeatable read what it does not show says
 * nothing of keys that the transaction did not touch. */
static bool
predicate_fits(struct run *run, const struct mini_mop *mop)
{
	struct mini_state shown = show(mop, run->now);

	for (int k = 0; k < MINI_KEYS; k++) {
		bool counts = !run->level->items_only || run->touched[k] ||
			      mop->shown.value[k] != 0;
		if (counts && shown.value[k] != mop->shown.value[k])
			return false;
		run->touched[k] |= mop->shown.value[k] != 0;
	}
	return true;
}

static bool
mop_fits(struct run *run, const struct mini_txn *txn, const struct mini_mop *mop)
{
	bool is_ok = txn->type == OP_OK;

	if (mop->kind == MINI_PREDICATE)
		return !is_ok || predicate_fits(run, mop);
	run->touched[mop->key] = true;
	if (mop->kind == MINI_WRITE)
		run->now.value[mop->key] = mop->value;
	return mop->kind == MINI_WRITE || !is_ok ||
	       mop->value == run->now.value[mop->key];
}

static bool
txn_fits(const struct mini_txn *txn, const struct mini_level *level,
	 struct mini_state before)
{
	struct run run = {.level = level, .now = before};

	for (int i = 0; i < txn->count; i++)
		if (!mop_fits(&run, txn, &txn->mops[i]))
			return false;
	return true;
}

static bool
writes(const struct mini_txn *txn, int key)
{
	for (int i = 0; i < txn->count; i++)
		if (txn->mops[i].kind == MINI_WRITE && txn->mops[i].key == key)
			return true;
	return false;
}

/* How far the transactions have come; bit sets. */
struct stage {
	unsigned begun, committed;
	struct mini_state now;
};

static bool
may_begin(const struct mini *h, const struct mini_level *level, const struct stage *stage,
	  int t)
{
	const struct mini_txn *txn = &h->txns[t];

	if (txn->type == OP_FAIL || (stage->begun >> t & 1) != 0)
		return false;
	for (int u = 0; u < h->count; u++) {
		const struct mini_txn *other = &h->txns[u];
		bool is_over = (stage->committed >> u & 1) != 0;
		bool runs = (stage->begun >> u & 1) != 0 && !is_over;
		bool before = level->realtime && other->type == OP_OK &&
			      other->end < txn->begin;
		bool first = level->process && other->process == txn->process && u < t;
		bool later = level->process && other->process == txn->process && u > t &&
			     (stage->begun >> u & 1) != 0;
		if ((before && !is_over) || (first && other->type == OP_OK && !is_over) ||
		    (first && runs) || later)
			return false;
		for (int k = 0; k < MINI_KEYS && runs; k++)
			if (writes(other, k) && writes(txn, k))
				return false;
	}
	return txn_fits(txn, level, stage->now);
}

static void
commit(const struct mini_txn *txn, struct stage *stage, int t)
{
	for (int i = 0; i < txn->count; i++)
		if (txn->mops[i].kind == MINI_WRITE)
			stage->now.value[txn->mops[i].key] = txn->mops[i].value;
	stage->committed |= 1u << t;
}

static bool
can_finish(const struct mini *h, const struct mini_level *level,
	   const struct stage *stage)
{
	bool is_done = true;

	for (int t = 0; t < h->count; t++)
		is_done &= h->txns[t].type != OP_OK || (stage->committed >> t & 1) != 0;
	for (int t = 0; t < h->count && !is_done; t++) {
		struct stage next = *stage;
		bool runs = ((stage->begun & ~stage->committed) >> t & 1) != 0;
		if (!runs && !may_begin(h, level, stage, t))
			continue;
		next.begun |= 1u << t;
		if (runs || !level->snapshot)
			commit(&h->txns[t], &next, t);
		if (can_finish(h, level, &next))
			return true;
	}
	return is_done;
}

bool
mini_has_order(const struct mini *h, const struct mini_level *level)
{
	const struct stage stage = {0};

	return can_finish(h, level, &stage);
}

/* ---- histories ---- */

static void
make_mop(struct mini_mop *mop, int keys, int *next_value, struct rng *rng)
{
	*mop = (struct mini_mop){.kind = rng_chance(rng, 0.5)	? MINI_WRITE
					 : rng_chance(rng, 0.5) ? MINI_PREDICATE
								: MINI_READ,
				 .key = (int)rng_below(rng, (uint64_t)keys),
				 .predicate = (int)rng_below(rng, 6),
				 .a = 1 + (int)rng_below(rng, 8),
				 .b = (int)rng_below(rng, 9)};
	if (mop->kind == MINI_WRITE)
		mop->value = (*next_value)++;
	if (mop->kind == MINI_PREDICATE && rng_chance(rng, 0.5)) {
		mop->predicate = 2;
		mop->a = (int)rng_below(rng, 3);
	}
}

/* What transaction number t sees of the states so far, and what it leaves in the last: all of
 * one state, or where it is odd now and then something of an older one. */
static void
run_mini(struct mini_txn *txn, int t, struct mini_state *states, double odd,
	 struct rng *rng)
{
	bool is_old = rng_chance(rng, odd), varies = rng_chance(rng, odd / 3);
	struct mini_state seen =
		states[is_old ? (int)rng_below(rng, (uint64_t)t + 1) : t];

	states[t + 1] = states[t];
	for (int i = 0; i < txn->count; i++) {
		struct mini_mop *mop = &txn->mops[i];
		if (varies && rng_chance(rng, 0.4))
			seen = states[rng_below(rng, (uint64_t)t + 1)];
		if (mop->kind == MINI_WRITE)
			seen.value[mop->key] = states[t + 1].value[mop->key] = mop->value;
		else if (mop->kind == MINI_READ)
			mop->value = seen.value[mop->key];
		else
			mop->shown = show(mop, seen);
	}
}

/* One that is free, or a new one. */
static int
choose_process(const struct mini *h, int t, struct rng *rng)
{
	int process = (int)rng_below(rng, 2);

	for (int u = 0; u < t; u++)
		if (h->txns[u].process == process &&
		    (h->txns[u].type == OP_INFO || h->txns[u].end >= h->txns[t].begin))
			return 2 + t;
	return process;
}

void
mini_make(struct mini *h, struct rng *rng)
{
	struct mini_state states[MINI_TXNS_MAX + 1] = {0};
	double odd = rng_chance(rng, 0.3) ? 0 : 0.7;
	int next_value = 1, keys = 1 + (int)rng_below(rng, MINI_KEYS);
	uint32_t now = 0;

	h->count = 2 + (int)rng_below(rng, MINI_TXNS_MAX - 1);
	for (int t = 0; t < h->count; t++) {
		struct mini_txn *txn = &h->txns[t];
		*txn = (struct mini_txn){.type = OP_OK, .begin = now};
		txn->end = now + 1 + (uint32_t)rng_below(rng, 12);
		txn->process = choose_process(h, t, rng);
		now += 1 + (uint32_t)rng_below(rng, 5);
		txn->count = 1 + (int)rng_below(rng, MINI_MOPS_MAX);
		for (int m = 0; m < txn->count; m++)
			make_mop(&txn->mops[m], keys, &next_value, rng);
		run_mini(txn, t, states, odd, rng);
		if (rng_chance(rng, 0.1))
			txn->type = rng_chance(rng, 0.3) ? OP_FAIL : OP_INFO;
		if (txn->type == OP_FAIL && rng_chance(rng, 0.9))
			states[t + 1] = states[t];
	}
}

/* ---- all histories ---- */

/* Shows of each of two keys nothing, or the value of any transaction. */
static struct mini_mop
choose_predicate(int count, bool is_all, struct choices *choices)
{
	struct mini_mop mop = {
		.kind = MINI_PREDICATE, .predicate = is_all ? 5 : 2, .a = 1};

	for (int k = 0; k < 2; k++)
		mop.shown.value[k] = (int)choose(choices, (size_t)count + 1);
	return mop;
}

static void
choose_mops(struct mini_txn *txn, int t, int count, bool is_all, struct choices *choices)
{
	enum {
		WRITES,
		ASKS,
		ASKS_AND_WRITES,
		WRITES_AND_ASKS,
		SHAPES
	};
	size_t shape = choose(choices, txn->type == OP_OK ? SHAPES : 1);
	struct mini_mop write = {.kind = MINI_WRITE, .value = t + 1};

	if (shape != ASKS)
		write.key = (int)choose(choices, 2);
	if (shape == WRITES || shape == WRITES_AND_ASKS)
		txn->mops[txn->count++] = write;
	if (shape != WRITES)
		txn->mops[txn->count++] = choose_predicate(count, is_all, choices);
	if (shape == ASKS_AND_WRITES)
		txn->mops[txn->count++] = write;
}

/* Each is over before the next one begins, which may be of its process, or when all have
 * begun. */
void
mini_choose(struct mini *h, int count, struct choices *choices)
{
	static const enum op_type types[] = {OP_OK, OP_FAIL, OP_INFO};
	bool is_all = choose(choices, 2) == 0;

	*h = (struct mini){.count = count};
	for (int t = 0; t < count; t++) {
		struct mini_txn *txn = &h->txns[t];
		const struct mini_txn *last = t > 0 ? txn - 1 : NULL;
		bool may_follow = last != NULL && last->type != OP_INFO &&
				  last->end < (uint32_t)(2 * t);
		txn->type = types[choose(choices, 3)];
		txn->begin = (uint32_t)(2 * t);
		txn->end = t + 1 < count && txn->type != OP_INFO && choose(choices, 2)
				   ? txn->begin + 1
				   : (uint32_t)(2 * count);
		txn->process = may_follow && choose(choices, 2) ? last->process : t;
		choose_mops(txn, t, count, is_all, choices);
	}
}

static val
predicate_value(struct values *values, const struct mini_mop *mop)
{
	val parts[3] = {val_string(values, predicate_names[mop->predicate]),
			val_small(mop->a), val_small(mop->b)};

	return val_list(values, parts,
			mop->predicate == 5  ? 1
			: mop->predicate < 3 ? 2
					     : 3);
}

/* Keys of maps are numbers in one half of the histories, and strings, as in JSON. */
static val
shown_value(struct values *values, const struct mini_mop *mop, bool has_strings)
{
	val entries[2 * MINI_KEYS];
	size_t count = 0;

	for (int k = 0; k < MINI_KEYS; k++) {
		if (mop->shown.value[k] == 0)
			continue;
		entries[count++] =
			has_strings ? val_string(values, (char[]){(char)('0' + k), '\0'})
				    : val_small(k);
		entries[count++] = val_small(mop->shown.value[k]);
	}
	return val_map(values, entries, count);
}

static val
mop_of(struct values *values, const struct mini_mop *mop, bool with_result, bool strings)
{
	bool taught = mop->kind == MINI_WRITE || (with_result && mop->value != 0);

	if (mop->kind == MINI_PREDICATE)
		return val_list(values,
				(val[]){val_string(values, "rp"),
					predicate_value(values, mop),
					with_result ? shown_value(values, mop, strings)
						    : VAL_OF_NIL},
				3);
	return val_list(values,
			(val[]){val_string(values, mop->kind == MINI_WRITE ? "w" : "r"),
				val_small(mop->key),
				taught ? val_small(mop->value) : VAL_OF_NIL},
			3);
}

void
mini_history(const struct mini *h, bool strings, struct history *history)
{
	history_init(history);
	for (int t = 0; t < h->count; t++) {
		const struct mini_txn *txn = &h->txns[t];
		val input[MINI_MOPS_MAX], output[MINI_MOPS_MAX];
		struct values *values = &history->values;
		for (int m = 0; m < txn->count; m++) {
			input[m] = mop_of(values, &txn->mops[m], false, strings);
			output[m] = mop_of(values, &txn->mops[m], true, strings);
		}
		struct op op = {.f = F_TXN,
				.type = (uint8_t)txn->type,
				.process = (uint32_t)txn->process,
				.invoke_at = txn->begin * 32 + (uint32_t)t};
		op.complete_at = txn->type == OP_INFO ? OP_NEVER
						      : txn->end * 32 + 16 + (uint32_t)t;
		op.input = val_list(values, input, (size_t)txn->count);
		op.output = txn->type == OP_OK
				    ? val_list(values, output, (size_t)txn->count)
				    : VAL_OF_NIL;
		history_add(history, &op);
	}
	history_sort(history);
}
