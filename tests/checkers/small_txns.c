#include "tests/checkers/small_txns.h"

#include "base/assert.h"

#include <string.h>

/* A register is a list of which only the last element is kept. */
struct state {
	int items[SMALL_KEYS_MAX][SMALL_LIST_MAX], length[SMALL_KEYS_MAX];
};

static void
put(const struct small_txns *h, struct state *state, const struct small_mop *mop)
{
	if (!h->are_lists)
		state->length[mop->key] = 0;
	state->items[mop->key][state->length[mop->key]++] = mop->value;
}

static int
value_in(const struct state *state, int key)
{
	return state->length[key] == 0 ? 0 : state->items[key][state->length[key] - 1];
}

static void
run(const struct small_txns *h, struct small_txn *txn, struct state seen,
    struct state *now)
{
	for (int i = 0; i < txn->mop_count; i++) {
		struct small_mop *mop = &txn->mops[i];
		if (mop->write) {
			put(h, &seen, mop);
			put(h, now, mop);
		} else {
			mop->value = value_in(&seen, mop->key);
		}
	}
}

static void
make_times(struct small_txns *h, struct rng *rng)
{
	uint32_t now = 0, free_at[3] = {0};
	bool sequential = rng_chance(rng, 0.5);

	for (int i = 0; i < h->count; i++) {
		struct small_txn *txn = &h->txns[i];
		txn->process = sequential ? (int)rng_below(rng, 3) : i;
		if (sequential && now < free_at[txn->process])
			now = free_at[txn->process];
		txn->begin = now;
		txn->end = txn->begin + 1 + (uint32_t)rng_below(rng, 12);
		if (sequential)
			free_at[txn->process] =
				txn->type == OP_INFO ? txn->end + 1 : txn->end + 1;
		now += 1 + (uint32_t)rng_below(rng, 5);
	}
}

/* Each transaction sees one of the last states; now and then one read is arbitrary. */
void
small_txns_make(struct small_txns *h, struct rng *rng)
{
	struct state states[SMALL_TXNS_MAX + 1] = {0};
	int value = 1;
	double odd = rng_chance(rng, 0.3) ? 0 : 0.7,
	       wild = rng_chance(rng, 0.5) ? 0 : 0.1;
	double write = 0.3 + 0.4 * rng_real(rng);

	h->count = 2 + (int)rng_below(rng, SMALL_TXNS_MAX - 1);
	h->keys = 1 + (int)rng_below(rng, SMALL_KEYS_MAX);
	for (int i = 0; i < h->count; i++) {
		struct small_txn *txn = &h->txns[i];
		*txn = (struct small_txn){.type = rng_chance(rng, 0.1) ? OP_INFO : OP_OK};
		txn->mop_count = 1 + (int)rng_below(rng, SMALL_MOPS_MAX);
		for (int m = 0; m < txn->mop_count; m++)
			txn->mops[m] = (struct small_mop){
				.write = rng_chance(rng, write),
				.key = (int)rng_below(rng, (uint64_t)h->keys),
				.value = value++};
		int seen =
			rng_chance(rng, odd) ? (int)rng_below(rng, (uint64_t)i + 1) : i;
		states[i + 1] = states[i];
		run(h, txn, states[seen], &states[i + 1]);
		if (rng_chance(rng, 0.05)) {
			txn->type = rng_chance(rng, 0.5) ? OP_FAIL : OP_INFO;
			states[i + 1] = states[i];
		}
	}
	for (int i = 0; i < h->count; i++)
		for (int m = 0; m < h->txns[i].mop_count; m++)
			if (!h->txns[i].mops[m].write && rng_chance(rng, wild)) {
				const struct small_txn *other =
					&h->txns[rng_below(rng, (uint64_t)h->count)];
				for (int k = 0; k < other->mop_count; k++)
					if (other->mops[k].write &&
					    other->mops[k].key == h->txns[i].mops[m].key)
						h->txns[i].mops[m].value =
							other->mops[k].value;
			}
	make_times(h, rng);
}

void
small_txns_read_again(struct small_txns *h, struct rng *rng)
{
	for (int t = 0; t < h->count; t++)
		for (int m = 1; m < h->txns[t].mop_count; m++) {
			struct small_mop *mop = &h->txns[t].mops[m];
			const struct small_txn *other =
				&h->txns[rng_below(rng, (uint64_t)h->count)];
			if (mop->write || !rng_chance(rng, 0.5))
				continue;
			mop->key = h->txns[t].mops[0].key;
			mop->value = 0;
			for (int k = 0; k < other->mop_count; k++)
				if (other->mops[k].write &&
				    other->mops[k].key == mop->key)
					mop->value = other->mops[k].value;
		}
}

static val
mop_value(struct values *values, const struct small_mop *mop, bool with_result)
{
	val result = mop->value != 0 && (mop->write || with_result)
			     ? val_small(mop->value)
			     : VAL_OF_NIL;

	return val_list(values,
			(val[]){val_string(values, mop->write ? "w" : "r"),
				val_small(mop->key), result},
			3);
}

void
small_txns_history(const struct small_txns *h, struct history *history)
{
	history_init(history);
	for (int i = 0; i < h->count; i++) {
		const struct small_txn *txn = &h->txns[i];
		val input[SMALL_MOPS_MAX], output[SMALL_MOPS_MAX];
		for (int m = 0; m < txn->mop_count; m++) {
			input[m] = mop_value(&history->values, &txn->mops[m], false);
			output[m] = mop_value(&history->values, &txn->mops[m], true);
		}
		size_t count = (size_t)txn->mop_count;
		struct op op = {.f = F_TXN, .type = (uint8_t)txn->type};
		op.process = (uint32_t)txn->process;
		op.invoke_at = txn->begin * 32 + (uint32_t)i;
		op.complete_at = txn->type == OP_INFO ? OP_NEVER
						      : txn->end * 32 + 16 + (uint32_t)i;
		op.input = val_list(&history->values, input, count);
		op.output = txn->type == OP_OK ? val_list(&history->values, output, count)
					       : VAL_OF_NIL;
		history_add(history, &op);
	}
	history_sort(history);
}

static int
number_of(const struct values *values, val v)
{
	return v == VAL_OF_NIL ? 0 : (int)val_number(values, v);
}

static struct small_mop
mop_of(const struct values *values, val list)
{
	val f = val_at(values, list, 0), value = val_at(values, list, 2);
	struct small_mop mop = {.key = number_of(values, val_at(values, list, 1))};

	mop.write = f != val_string((struct values *)values, "r");
	ASSERT(mop.key < SMALL_KEYS_MAX);
	if (val_kind(value) != VAL_LIST) {
		mop.value = number_of(values, value);
		return mop;
	}
	mop.length = (int)val_count(values, value);
	ASSERT(mop.length <= SMALL_LIST_MAX);
	for (int i = 0; i < mop.length; i++)
		mop.list[i] = number_of(values, val_at(values, value, (size_t)i));
	return mop;
}

static void
add_txn(struct small_txns *h, const struct values *values, const struct op *op)
{
	struct small_txn *txn = &h->txns[h->count++];
	val mops = op->type == OP_OK ? op->output : op->input;

	ASSERT(h->count <= SMALL_TXNS_MAX && val_count(values, mops) <= SMALL_MOPS_MAX);
	*txn = (struct small_txn){.type = (enum op_type)op->type,
				  .process = (int)op->process,
				  .begin = op->invoke_at,
				  .end = op->complete_at,
				  .mop_count = (int)val_count(values, mops)};
	for (int i = 0; i < txn->mop_count; i++) {
		val mop = val_at(values, mops, (size_t)i);
		txn->mops[i] = mop_of(values, mop);
		h->are_lists |= val_kind(val_at(values, mop, 2)) == VAL_LIST ||
				val_at(values, mop, 0) ==
					val_string((struct values *)values, "append");
		if (txn->mops[i].key >= h->keys)
			h->keys = txn->mops[i].key + 1;
	}
}

void
small_txns_of(struct small_txns *h, const struct history *history)
{
	*h = (struct small_txns){0};
	vec_each (const struct op, op, &history->ops)
		add_txn(h, &history->values, op);
}

/* ---- brute force ----------------------------------------------------------------------
 */

struct brute {
	const struct small_txns *h;
	bool snapshot, process, realtime;
	int order[SMALL_TXNS_MAX], count;
	bool used[SMALL_TXNS_MAX];
	struct state states[SMALL_TXNS_MAX + 1];
};

static bool
shows(const struct small_txns *h, const struct small_mop *read, const struct state *seen)
{
	int key = read->key;

	if (!h->are_lists)
		return value_in(seen, key) == read->value;
	return read->length == seen->length[key] &&
	       memcmp(read->list, seen->items[key],
		      (size_t)read->length * sizeof(*read->list)) == 0;
}

static bool
reads_fit(const struct small_txns *h, const struct small_txn *txn, struct state seen)
{
	for (int i = 0; i < txn->mop_count; i++)
		if (txn->mops[i].write)
			put(h, &seen, &txn->mops[i]);
		else if (txn->type == OP_OK && !shows(h, &txn->mops[i], &seen))
			return false;
	return true;
}

bool
small_txn_writes(const struct small_txn *txn, int key)
{
	for (int i = 0; i < txn->mop_count; i++)
		if (txn->mops[i].write && txn->mops[i].key == key)
			return true;
	return false;
}

static bool
is_first_committer(const struct brute *b, int txn, int snapshot)
{
	for (int i = snapshot; i < b->count; i++)
		for (int key = 0; key < b->h->keys; key++)
			if (small_txn_writes(&b->h->txns[txn], key) &&
			    small_txn_writes(&b->h->txns[b->order[i]], key))
				return false;
	return true;
}

bool
small_txns_precedes(const struct small_txns *h, const struct small_txn *before,
		    const struct small_txn *after)
{
	if (before->process != after->process || before->begin >= after->begin)
		return false;
	for (int i = 0; i < h->count; i++) {
		const struct small_txn *t = &h->txns[i];
		if (t->process == before->process && t->type == OP_INFO &&
		    t->begin >= before->begin && t->begin < after->begin)
			return false;
	}
	return true;
}

/* All that must precede `txn` and took effect has done so before its snapshot. What is
 * still to come must not have to precede it either; an open one that is never run need
 * not. */
static bool
respects_order(const struct brute *b, int txn, int snapshot)
{
	const struct small_txn *t = &b->h->txns[txn];

	for (int i = 0; i < b->count; i++) {
		const struct small_txn *o = &b->h->txns[b->order[i]];
		bool after = b->process && small_txns_precedes(b->h, t, o);
		bool before = (b->process && small_txns_precedes(b->h, o, t)) ||
			      (b->realtime && o->type == OP_OK && o->end < t->begin);
		if (after || (before && i >= snapshot))
			return false;
	}
	for (int other = 0; other < b->h->count && b->realtime; other++) {
		const struct small_txn *o = &b->h->txns[other];
		if (!b->used[other] && o->type == OP_OK && o->end < t->begin)
			return false;
	}
	return true;
}

static bool extend(struct brute *b);

static bool
try_next(struct brute *b, int txn, int snapshot)
{
	const struct small_txn *t = &b->h->txns[txn];

	if (!reads_fit(b->h, t, b->states[snapshot]) ||
	    !respects_order(b, txn, snapshot) ||
	    (b->snapshot && !is_first_committer(b, txn, snapshot)))
		return false;
	b->used[txn] = true;
	b->order[b->count] = txn;
	b->states[b->count + 1] = b->states[b->count];
	for (int i = 0; i < t->mop_count; i++)
		if (t->mops[i].write)
			put(b->h, &b->states[b->count + 1], &t->mops[i]);
	b->count++;
	bool found = extend(b);
	b->count--;
	b->used[txn] = false;
	return found;
}

static bool
extend(struct brute *b)
{
	bool missing = false;

	for (int txn = 0; txn < b->h->count; txn++)
		missing |= !b->used[txn] && b->h->txns[txn].type == OP_OK;
	if (!missing)
		return true;
	for (int txn = 0; txn < b->h->count; txn++) {
		if (b->used[txn] || b->h->txns[txn].type == OP_FAIL)
			continue;
		for (int snapshot = b->snapshot ? 0 : b->count; snapshot <= b->count;
		     snapshot++)
			if (try_next(b, txn, snapshot))
				return true;
	}
	return false;
}

bool
small_txns_have_order(const struct small_txns *h, bool snapshot, bool process,
		      bool realtime)
{
	struct brute b = {
		.h = h, .snapshot = snapshot, .process = process, .realtime = realtime};

	return extend(&b);
}
