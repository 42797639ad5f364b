#include "checkers/transaction/rw_register.h"

#include <string.h>

enum {
	RW_BYTES_EACH = 144,  /* of a micro-operation, until there is an order */
	DIRECT_SPARSENESS = 8 /* so many places for each written number at most */
};

static struct rw_versions *
versions_of(const struct dependencies *d)
{
	return d->type_state;
}

/* ---- versions by key and value --------------------------------------------------------
 */

static bool
same_value(const struct values *values, val a, val b)
{
	return a == b ||
	       (!(val_is_plain(a) && val_is_plain(b)) && val_equal(values, a, b));
}

static bool
holds(const struct rw_versions *v, const struct values *values, uint32_t slot,
      uint32_t key, val value)
{
	const struct version *there = &v->of.items[slot - 1];

	return there->key == key && same_value(values, there->value, value);
}

static uint32_t *
hashed_slot(const struct rw_versions *v, const struct values *values, uint32_t key,
	    val value)
{
	uint64_t hash = val_is_plain(value) ? value : val_hash(values, value);

	hash = (hash ^ (uint64_t)key << 40) * 0x9e3779b97f4a7c15u;
	for (size_t at = (hash >> 20) & v->slot_mask;; at = (at + 1) & v->slot_mask)
		if (v->slots[at] == 0 || holds(v, values, v->slots[at], key, value))
			return &v->slots[at];
}

/* Where the version of a key and value is, or belongs. */
static uint32_t *
slot_of(const struct rw_versions *v, const struct values *values, uint32_t key, val value)
{
	int64_t number;

	if (v->direct == NULL || !val_small_number(value, &number) ||
	    number < v->direct_low ||
	    (uint64_t)(number - v->direct_low) >= v->direct_span)
		return hashed_slot(v, values, key, value);
	uint32_t *slot = &v->direct[number - v->direct_low];
	if (*slot == 0 || holds(v, values, *slot, key, value))
		return slot;
	return hashed_slot(v, values, key, value);
}

/* An index of written numbers, when they are dense. */
static void
make_direct(const struct dependencies *d, struct rw_versions *v, size_t writes)
{
	int64_t low = INT64_MAX, high = INT64_MIN, number;

	vec_each (const struct mop, mop, &d->txns.mops) {
		if (mop->kind != MOP_WRITE)
			continue;
		if (!val_small_number(mop->value, &number))
			return;
		low = number < low ? number : low;
		high = number > high ? number : high;
	}
	if (writes == 0 || high - low >= DIRECT_SPARSENESS * (int64_t)writes)
		return;
	v->direct_low = low;
	v->direct_span = (size_t)(high - low) + 1;
	v->direct = mem_new(v->direct_span, sizeof(*v->direct));
}

static void
make_slots(struct dependencies *d, struct rw_versions *v)
{
	size_t writes = 0, slots = 16;

	vec_each (const struct mop, mop, &d->txns.mops)
		writes += mop->kind == MOP_WRITE;
	while (slots < 2 * writes)
		slots *= 2;
	v->slot_mask = slots - 1;
	v->slots = mem_new(slots, sizeof(*v->slots));
	make_direct(d, v, writes);
	vec_reserve(&v->of, d->txns.keys.count + writes);
	for (uint32_t key = 0; key < d->txns.keys.count; key++)
		vec_push(&v->of, (struct version){.key = key,
						  .writer = TXN_NONE,
						  .value = VAL_OF_NIL,
						  .is_final = true});
}

static bool
add_write(struct dependencies *d, uint32_t t, const struct mop *mop, struct err *err)
{
	struct rw_versions *v = versions_of(d);
	const struct values *values = &d->txns.history->values;
	uint32_t *slot = slot_of(v, values, mop->key, mop->value);

	if (mop->value == VAL_OF_NIL)
		return err_set(err, "transaction %u writes nil, the initial value", t);
	if (*slot != 0)
		return err_set(err,
			       "transactions %u and %u write the same value to one key",
			       v->of.items[*slot - 1].writer, t);
	vec_push(&v->of,
		 (struct version){.key = mop->key, .writer = t, .value = mop->value});
	*slot = (uint32_t)v->of.count;
	return true;
}

static bool
add_writes(struct dependencies *d, struct err *err)
{
	for (uint32_t t = 0; t < d->txns.of.count; t++) {
		const struct txn *txn = &d->txns.of.items[t];
		for (uint32_t i = txn->first; i < txn->first + txn->count; i++) {
			const struct mop *mop = &d->txns.mops.items[i];
			if (mop->kind == MOP_APPEND)
				return err_set(err, "transaction %u appends to a list",
					       t);
			if (mop->kind == MOP_WRITE && !add_write(d, t, mop, err))
				return false;
		}
	}
	return true;
}

/* ---- what each transaction did --------------------------------------------------------
 */

/* While a transaction is walked through: what it knows of each key that it touched. */
struct walk {
	struct dependencies *d;
	bool nil_is_unknown;
	uint32_t t;
	uint32_t *place;       /* owned, by key: index + 1 of its access, when >= first */
	uint32_t first;	       /* of this transaction's accesses */
	uint32_t next_version; /* of the write that is met next */
	VEC(val) seen;	       /* by access: the value that a read must show now */
	bool is_every;	       /* each read is an access; nothing is judged */
};

static void
note(struct walk *walk, enum isolation_anomaly anomaly, uint32_t other,
     const struct mop *mop)
{
	if (!walk->is_every)
		dependencies_find(walk->d, anomaly, walk->t, other, mop->key, mop->value);
}

static void
push_access(struct walk *walk, uint32_t key)
{
	vec_push(&versions_of(walk->d)->accesses,
		 (struct rw_access){key, VERSION_NONE, VERSION_NONE, TXN_NO_SOURCE});
	vec_push(&walk->seen, VAL_OF_NIL);
}

static struct rw_access *
access_of(struct walk *walk, uint32_t key, bool *is_new)
{
	struct rw_versions *v = versions_of(walk->d);

	*is_new = walk->place[key] <= walk->first;
	if (*is_new) {
		push_access(walk, key);
		walk->place[key] = (uint32_t)v->accesses.count;
	}
	return &v->accesses.items[walk->place[key] - 1];
}

/* garbage-read: a value that nobody wrote. G1a: of a transaction that failed. G1b: one
 * that its transaction overwrote. [r x 7] with no write of 7; T1 [w x 1] failed, T2 [r x
 * 1]; T1 [w x 1] [w x 2], T2 [r x 1]. Reading one's own later write is internal. Returns
 * the writer that counts. */
static uint32_t
judge_source(struct walk *walk, const struct mop *mop, uint32_t version)
{
	struct dependencies *d = walk->d;
	const struct version *read = &versions_of(d)->of.items[version];

	if (read->writer == TXN_NONE)
		return TXN_NONE;
	enum op_type type = (enum op_type)txn_op(&d->txns, read->writer)->type;
	if (read->writer == walk->t)
		note(walk, ANOMALY_INTERNAL, UINT32_MAX, mop);
	else if (type == OP_FAIL)
		note(walk, ANOMALY_G1A, read->writer, mop);
	else if (!read->is_final)
		note(walk, ANOMALY_G1B, read->writer, mop);
	if (type == OP_INFO)
		d->committed[read->writer] = true;
	return type == OP_FAIL ? TXN_NO_SOURCE : read->writer;
}

/* A read of what its transaction does not know by itself. */
static void
walk_outer_read(struct walk *walk, struct rw_access *access, const struct mop *mop)
{
	struct dependencies *d = walk->d;
	struct rw_versions *v = versions_of(d);
	uint32_t version = mop->key;

	if (mop->value != VAL_OF_NIL) {
		uint32_t slot =
			*slot_of(v, &d->txns.history->values, mop->key, mop->value);
		if (slot == 0) {
			note(walk, ANOMALY_GARBAGE_READ, UINT32_MAX, mop);
			return;
		}
		version = slot - 1;
	}
	uint32_t source = judge_source(walk, mop, version);
	if (source == walk->t)
		return;
	access->read = version;
	access->source = source;
}

/* The transaction has read or written the key before. */
static void
walk_read_again(struct walk *walk, const struct mop *mop, bool is_same, bool is_own)
{
	struct rw_versions *v = versions_of(walk->d);
	struct rw_access outer = {.source = TXN_NO_SOURCE};

	if (is_same && is_own)
		return;
	v->reads_again = true;
	if (walk->is_every) {
		push_access(walk, mop->key);
		walk_outer_read(walk, vec_last(&v->accesses), mop);
	} else if (!is_same) {
		v->reads_differ = true;
		note(walk, ANOMALY_INTERNAL, UINT32_MAX, mop);
		walk_outer_read(walk, &outer, mop);
	}
}

static void
walk_read(struct walk *walk, const struct mop *mop)
{
	const struct values *values = &walk->d->txns.history->values;
	bool is_new;

	if (mop->value == VAL_OF_NIL && walk->nil_is_unknown)
		return;
	struct rw_access *access = access_of(walk, mop->key, &is_new);
	val *seen = &walk->seen.items[walk->place[mop->key] - 1 - walk->first];
	if (is_new) {
		*seen = mop->value;
		walk_outer_read(walk, access, mop);
		return;
	}
	walk_read_again(walk, mop, same_value(values, *seen, mop->value),
			access->written != VERSION_NONE);
}

static void
walk_txn(struct walk *walk, uint32_t t)
{
	struct dependencies *d = walk->d;
	struct rw_versions *v = versions_of(d);
	const struct txn *txn = &d->txns.of.items[t];
	bool is_ok = txn_op(&d->txns, t)->type == OP_OK, is_new;

	walk->t = t;
	walk->first = v->starts[t] = (uint32_t)v->accesses.count;
	vec_clear(&walk->seen);
	for (uint32_t i = txn->first; i < txn->first + txn->count; i++) {
		const struct mop *mop = &d->txns.mops.items[i];
		if (mop->kind == MOP_READ && is_ok)
			walk_read(walk, mop);
		if (mop->kind != MOP_WRITE)
			continue;
		struct rw_access *access = access_of(walk, mop->key, &is_new);
		access->written = walk->next_version++;
		walk->seen.items[walk->place[mop->key] - 1 - walk->first] = mop->value;
	}
}

static void
walk_all(struct dependencies *d, bool is_every)
{
	struct rw_versions *v = versions_of(d);
	uint32_t n = (uint32_t)d->txns.of.count;
	struct walk walk = {.d = d,
			    .nil_is_unknown = v->nil_is_unknown,
			    .next_version = (uint32_t)d->txns.keys.count,
			    .is_every = is_every};

	walk.place = mem_new(d->txns.keys.count, sizeof(*walk.place));
	for (uint32_t t = 0; t < n; t++)
		walk_txn(&walk, t);
	v->starts[n] = (uint32_t)v->accesses.count;
	vec_release(&walk.seen);
	free(walk.place);
}

/* The last write of each transaction to each key; before any read is judged. */
static void
mark_final(struct dependencies *d)
{
	struct rw_versions *v = versions_of(d);
	uint32_t *last = mem_new(d->txns.keys.count, sizeof(*last));

	for (uint32_t version = (uint32_t)v->of.count; version-- > d->txns.keys.count;) {
		struct version *written = &v->of.items[version];
		written->is_final = last[written->key] != written->writer + 1;
		last[written->key] = written->writer + 1;
	}
	free(last);
}

/* lost-update: two committed transactions read one version and both replace it: T1 [r x
 * nil] [w x 1], T2 [r x nil] [w x 2]. dirty-update: the replaced version was aborted. */
static void
judge_update(struct dependencies *d, uint32_t t, const struct rw_access *a,
	     uint32_t *updaters)
{
	const struct version *read = &versions_of(d)->of.items[a->read];
	uint32_t *updater = &updaters[a->read];

	if (read->writer != TXN_NONE && txn_op(&d->txns, read->writer)->type == OP_FAIL)
		dependencies_find(d, ANOMALY_DIRTY_UPDATE, t, read->writer, a->key,
				  read->value);
	if (*updater != 0 && *updater != t + 1)
		dependencies_find(d, ANOMALY_LOST_UPDATE, t, *updater - 1, a->key,
				  read->value);
	*updater = t + 1;
}

static void
judge_each_update(struct dependencies *d)
{
	struct rw_versions *v = versions_of(d);
	uint32_t *updaters = mem_new(v->of.count, sizeof(*updaters));
	uint32_t *writer = mem_new(d->txns.keys.count, sizeof(*writer)); /* by key */

	for (uint32_t t = 0; t < d->txns.of.count; t++) {
		const struct rw_access *a = v->accesses.items + v->starts[t];
		const struct rw_access *end = v->accesses.items + v->starts[t + 1];
		for (const struct rw_access *at = a; at < end && d->committed[t]; at++)
			if (at->written != VERSION_NONE)
				writer[at->key] = t + 1;
		for (; a < end; a++)
			if (a->read != VERSION_NONE && writer[a->key] == t + 1)
				judge_update(d, t, a, updaters);
	}
	free(updaters);
	free(writer);
}

/* Each read counts, where those of one transaction differ. */
static void
judge_updates(struct dependencies *d)
{
	bool differ = versions_of(d)->reads_differ;

	if (differ)
		rw_register_swap_reads(d);
	judge_each_update(d);
	if (differ)
		rw_register_swap_reads(d);
}

void
rw_register_release(struct dependencies *d)
{
	struct rw_versions *v = versions_of(d);

	vec_release(&v->of);
	vec_release(&v->accesses);
	vec_release(&v->reasons);
	free(v->slots);
	free(v->direct);
	free(v->starts);
	vec_release(&v->other_accesses);
	free(v->other_starts);
	free(v->notes.index);
	free(v->notes.successor);
	free(v->notes.segment_of);
	free(v->notes.has_before);
	free(v);
}

bool
rw_register_read(struct dependencies *d, const struct history *history,
		 const struct check_options *options, struct err *err)
{
	if (!txns_fit(history, &options->budget, RW_BYTES_EACH, err) ||
	    !txns_init(&d->txns, history, err))
		return false;
	dependencies_init(d);
	uint32_t n = (uint32_t)d->txns.of.count;
	struct rw_versions *v = mem_new(1, sizeof(*v));
	d->type_state = v;
	d->release_type = rw_register_release;
	v->starts = mem_new((size_t)n + 1, sizeof(*v->starts));
	make_slots(d, v);
	if (!add_writes(d, err))
		return false;
	mark_final(d);
	v->nil_is_unknown = options->nil_is_unknown;
	v->threads = options->threads;
	walk_all(d, false);
	judge_updates(d);
	return true;
}

void
rw_register_swap_reads(struct dependencies *d)
{
	struct rw_versions *v = versions_of(d);
	struct rw_versions kept = *v;
	bool is_new = v->other_starts == NULL;

	memcpy(&v->accesses, &kept.other_accesses, sizeof(v->accesses));
	v->starts = kept.other_starts;
	memcpy(&v->other_accesses, &kept.accesses, sizeof(v->accesses));
	v->other_starts = kept.starts;
	if (!is_new)
		return;
	v->starts = mem_new((size_t)d->txns.of.count + 1, sizeof(*v->starts));
	walk_all(d, true);
}
