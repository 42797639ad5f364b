#include "checkers/transaction/txn_facts.h"

#include "base/search.h"
#include "checkers/sort.h"
#include "checkers/transaction/isolation.h"

#include <stdlib.h>
#include <string.h>

static const struct values *
values_of(const struct txn_facts *f)
{
	return &f->txns.history->values;
}

static bool
is_read(const struct txn_facts *f, uint32_t m)
{
	return f->txns.mops.items[m].kind == MOP_READ &&
	       txn_op(&f->txns, f->txn_of[m])->type == OP_OK;
}

static void
find(struct txn_facts *f, enum isolation_anomaly anomaly)
{
	f->found |= anomaly_bit(anomaly);
}

/* ---- writes ---------------------------------------------------------------------------
 */

static bool
is_write_of(const struct txn_facts *f, uint32_t m, uint32_t key, val value)
{
	const struct mop *mop = &f->txns.mops.items[m];

	return mop->key == key && val_equal(values_of(f), mop->value, value);
}

/* Where the write of a value to a key stands; 0 there: nobody wrote it. */
static uint32_t *
place_of_write(const struct txn_facts *f, uint32_t key, val value)
{
	int64_t number;

	if (val_small_number(value, &number) &&
	    (uint64_t)(number - f->near_low) < f->near_span) {
		uint32_t *place = &f->near[number - f->near_low];
		if (*place == 0 || is_write_of(f, *place - 1, key, value))
			return place;
	}
	uint64_t hash = val_hash(values_of(f), value);
	size_t slot = (size_t)(hash ^ ((uint64_t)key + 1) * 0x9e3779b97f4a7c15u);
	for (slot ^= slot >> 32;; slot++) {
		uint32_t *place = &f->slots[slot & f->slot_mask];
		if (*place == 0 || is_write_of(f, *place - 1, key, value))
			return place;
	}
}

/* Room for all; at most half of the slots will be taken. */
static void
make_places(struct txn_facts *f)
{
	int64_t low = INT64_MAX, high = INT64_MIN, number;
	size_t writes = 0, count = 2;

	vec_each (const struct mop, mop, &f->txns.mops) {
		if (mop->kind == MOP_READ)
			continue;
		writes++;
		if (!val_small_number(mop->value, &number))
			continue;
		low = number < low ? number : low;
		high = number > high ? number : high;
	}
	while (count < 2 * writes)
		count *= 2;
	f->slots = mem_new(count, sizeof(*f->slots));
	f->slot_mask = count - 1;
	if (low > high || (uint64_t)high - (uint64_t)low >= 2 * count)
		return;
	f->near_low = low;
	f->near_span = (size_t)(high - low) + 1;
	f->near = mem_new(f->near_span, sizeof(*f->near));
}

static bool
index_write(struct txn_facts *f, uint32_t m, struct err *err)
{
	const struct mop *mop = &f->txns.mops.items[m];
	uint32_t *place = place_of_write(f, mop->key, mop->value);

	if (*place != 0)
		return err_set(err, "transactions %u and %u write one value to one key",
			       f->txn_of[*place - 1], f->txn_of[m]);
	*place = m + 1;
	return true;
}

/* last_writer: by key, transaction + 1. */
static void
index_txn(struct txn_facts *f, uint32_t t, uint32_t *last_writer)
{
	const struct txn *txn = &f->txns.of.items[t];
	uint64_t *written = &f->written[txn->first];
	uint32_t count = 0;

	for (uint32_t m = txn->first + txn->count; m-- > txn->first;) {
		const struct mop *mop = &f->txns.mops.items[m];
		f->txn_of[m] = t;
		f->is_last[m] = mop->kind != MOP_READ && last_writer[mop->key] != t + 1;
		if (!f->is_last[m])
			continue;
		last_writer[mop->key] = t + 1;
		written[count++] = mop->key;
	}
	sort_words(written, count);
	while (count < txn->count)
		written[count++] = UINT64_MAX;
}

static bool
index_writes(struct txn_facts *f, struct err *err)
{
	uint32_t *last_writer = mem_new(f->txns.keys.count + 1, sizeof(*last_writer));

	for (uint32_t t = 0; t < f->txns.of.count; t++)
		index_txn(f, t, last_writer);
	free(last_writer);
	make_places(f);
	for (uint32_t m = 0; m < f->txns.mops.count; m++)
		if (f->txns.mops.items[m].kind != MOP_READ && !index_write(f, m, err))
			return false;
	return true;
}

/* ---- lists ----------------------------------------------------------------------------
 */

static void
find_longest(struct txn_facts *f)
{
	for (uint32_t m = 0; m < f->txns.mops.count; m++) {
		const struct mop *mop = &f->txns.mops.items[m];
		struct key_facts *key = &f->keys[mop->key];
		if (!is_read(f, m) || val_kind(mop->value) != VAL_LIST ||
		    val_count(values_of(f), mop->value) <= key->length)
			continue;
		key->longest = mop->value;
		key->length = val_count(values_of(f), mop->value);
	}
}

static void
judge_element(struct txn_facts *f, uint32_t key, size_t i)
{
	const struct key_facts *facts = &f->keys[key];
	uint32_t writer =
		*place_of_write(f, key, val_at(values_of(f), facts->longest, i));

	if (writer == 0) {
		find(f, ANOMALY_GARBAGE_READ);
		return;
	}
	uint32_t m = writer - 1;
	if (f->was_read[m])
		find(f, ANOMALY_DUPLICATE);
	if (txn_op(&f->txns, f->txn_of[m])->type == OP_FAIL) {
		find(f, ANOMALY_G1A);
		find(f, ANOMALY_DIRTY_UPDATE);
	}
	f->was_read[m] = true;
	f->appends[facts->first + i] = m + 1;
}

static void
judge_elements(struct txn_facts *f)
{
	size_t total = 0;

	for (uint32_t key = 0; key < f->txns.keys.count; key++) {
		f->keys[key].first = total;
		total += f->keys[key].length;
	}
	f->appends = mem_new(total + 1, sizeof(*f->appends));
	for (uint32_t key = 0; key < f->txns.keys.count; key++)
		for (size_t i = 0; i < f->keys[key].length; i++)
			judge_element(f, key, i);
}

static bool
is_beginning(const struct txn_facts *f, val read, val longest)
{
	size_t count, longest_count;
	const val *a = val_items(values_of(f), read, &count);
	const val *b = val_items(values_of(f), longest, &longest_count);

	if (memcmp(a, b, count * sizeof(*a)) == 0)
		return true;
	for (size_t i = 0; i < count; i++)
		if (!val_equal(values_of(f), a[i], b[i]))
			return false;
	return true;
}

/* ---- reads ----------------------------------------------------------------------------
 */

/* A later read of a key in one transaction continues the earlier one: with what was
 * appended or written since. `own`: its writes to the key before the read. */
struct own {
	uint32_t first_touch;	     /* mop, at most the read itself */
	uint32_t first_read;	     /* mop + 1 */
	uint32_t writes, last_write; /* how many; mop + 1 */
};

static struct own
own_before(const struct txn_facts *f, uint32_t m)
{
	struct own own = {.first_touch = f->touched[f->txns.mops.items[m].key]};

	for (uint32_t i = own.first_touch; i < m; i++) {
		const struct mop *mop = &f->txns.mops.items[i];
		bool taught = mop->value != VAL_OF_NIL || !f->nil_is_unknown;
		if (mop->key != f->txns.mops.items[m].key)
			continue;
		if (mop->kind == MOP_READ) {
			own.first_read =
				own.first_read == 0 && taught ? i + 1 : own.first_read;
		} else {
			own.writes++;
			own.last_write = i + 1;
		}
	}
	return own;
}

/* The last `count` elements of the read are the own appends from `since` on, in order. */
static bool
ends_with_own(const struct txn_facts *f, uint32_t m, uint32_t count, uint32_t since)
{
	const struct mop *read = &f->txns.mops.items[m];
	uint32_t at = read->length - count;

	for (uint32_t i = since; i < m; i++) {
		const struct mop *mop = &f->txns.mops.items[i];
		if (mop->kind == MOP_APPEND && mop->key == read->key &&
		    !val_equal(values_of(f), mop->value,
			       val_at(values_of(f), read->value, at++)))
			return false;
	}
	return true;
}

static void
judge_list_again(struct txn_facts *f, uint32_t m, const struct own *own)
{
	const struct mop *first = &f->txns.mops.items[own->first_read - 1];
	const struct mop *read = &f->txns.mops.items[m];
	uint32_t since = 0;

	for (uint32_t i = own->first_read; i < m; i++)
		since += f->txns.mops.items[i].kind == MOP_APPEND &&
			 f->txns.mops.items[i].key == read->key;
	if (read->length != first->length + since ||
	    (first->length > 0 && !is_beginning(f, first->value, read->value)) ||
	    !ends_with_own(f, m, since, own->first_read))
		find(f, ANOMALY_INTERNAL);
}

/* What the transaction appends only later stands among the first `count` elements. */
static bool
shows_later_own(const struct txn_facts *f, uint32_t m, uint32_t count)
{
	const struct mop *mops = f->txns.mops.items;
	const struct txn *txn = &f->txns.of.items[f->txn_of[m]];
	const uint32_t *appends = &f->appends[f->keys[mops[m].key].first];

	for (uint32_t later = m + 1; later < txn->first + txn->count; later++)
		for (uint32_t i = 0; mops[later].kind == MOP_APPEND &&
				     mops[later].key == mops[m].key && i < count;
		     i++)
			if (appends[i] == later + 1)
				return true;
	return false;
}

/* The last element that the transaction did not append itself. */
static void
take_list_source(struct txn_facts *f, uint32_t m)
{
	const struct mop *read = &f->txns.mops.items[m];
	const uint32_t *appends = &f->appends[f->keys[read->key].first];
	uint32_t length = read->length;

	while (length > 0 && appends[length - 1] != 0 &&
	       f->txn_of[appends[length - 1] - 1] == f->txn_of[m])
		length--;
	uint32_t append = length == 0 ? 0 : appends[length - 1];
	f->length[m] = length;
	f->source_mop[m] = length == 0	 ? FACT_INITIAL
			   : append == 0 ? FACT_NONE
					 : append - 1;
	if (append != 0 && !f->is_last[append - 1])
		find(f, ANOMALY_G1B);
}

static void
judge_list(struct txn_facts *f, uint32_t m)
{
	const struct mop *read = &f->txns.mops.items[m];
	const struct key_facts *key = &f->keys[read->key];
	struct own own = own_before(f, m);

	if (read->length > 0 && !is_beginning(f, read->value, key->longest)) {
		find(f, ANOMALY_INCOMPATIBLE_ORDER);
		return;
	}
	if (own.first_read != 0)
		judge_list_again(f, m, &own);
	else if (read->length < own.writes ||
		 !ends_with_own(f, m, own.writes, own.first_touch) ||
		 shows_later_own(f, m, read->length - own.writes))
		find(f, ANOMALY_INTERNAL);
	take_list_source(f, m);
}

static void
judge_source(struct txn_facts *f, uint32_t m, uint32_t write)
{
	f->was_read[write] = true;
	if (f->txn_of[write] == f->txn_of[m]) {
		find(f, ANOMALY_INTERNAL);
		return;
	}
	if (txn_op(&f->txns, f->txn_of[write])->type == OP_FAIL) {
		find(f, ANOMALY_G1A);
		find(f, ANOMALY_DIRTY_UPDATE);
	} else if (!f->is_last[write]) {
		find(f, ANOMALY_G1B);
	}
	f->source_mop[m] = write;
}

static void
judge_value(struct txn_facts *f, uint32_t m)
{
	const struct mop *read = &f->txns.mops.items[m];
	struct own own = own_before(f, m);
	uint32_t known = own.last_write != 0 ? own.last_write : own.first_read;

	if (read->value == VAL_OF_NIL && f->nil_is_unknown)
		return;
	bool fits = known == 0 || val_equal(values_of(f), read->value,
					    f->txns.mops.items[known - 1].value);
	if (!fits)
		find(f, ANOMALY_INTERNAL);
	if (fits && own.last_write != 0)
		return;
	if (read->value == VAL_OF_NIL) {
		f->source_mop[m] = FACT_INITIAL;
		return;
	}
	uint32_t writer = *place_of_write(f, read->key, read->value);
	if (writer == 0)
		find(f, ANOMALY_GARBAGE_READ);
	else
		judge_source(f, m, writer - 1);
}

/* ---- updates --------------------------------------------------------------------------
 */

/* Which versions some transaction has read and replaced: its number + 1. */
struct updated {
	uint32_t *initial; /* owned, by key */
	uint32_t *by_mop;  /* owned, by the mop that wrote it */
};

/* Two transactions that read one version and both replaced it. */
static void
judge_update(struct txn_facts *f, struct updated *updated, uint32_t m)
{
	uint32_t key = f->txns.mops.items[m].key, source = f->source_mop[m];

	if (source == FACT_NONE || !txn_facts_writes(f, f->txn_of[m], key))
		return;
	uint32_t *updater = source == FACT_INITIAL ? &updated->initial[key]
						   : &updated->by_mop[source];
	if (*updater != 0 && *updater != f->txn_of[m] + 1)
		find(f, ANOMALY_LOST_UPDATE);
	*updater = f->txn_of[m] + 1;
}

/* Keeps where its transaction first touched the key. */
static void
touch(struct txn_facts *f, uint32_t m)
{
	uint32_t *touched = &f->touched[f->txns.mops.items[m].key];

	if (f->txn_of[*touched] != f->txn_of[m] ||
	    f->txns.mops.items[*touched].key != f->txns.mops.items[m].key)
		*touched = m;
}

static void
judge_reads(struct txn_facts *f)
{
	struct updated updated = {
		.initial = mem_new(f->txns.keys.count + 1, sizeof(uint32_t)),
		.by_mop = mem_new(f->txns.mops.count + 1, sizeof(uint32_t))};

	for (uint32_t m = 0; m < f->txns.mops.count; m++) {
		touch(f, m);
		f->source_mop[m] = FACT_NONE;
		if (!is_read(f, m))
			continue;
		(f->are_lists ? judge_list : judge_value)(f, m);
		judge_update(f, &updated, m);
	}
	free(updated.initial);
	free(updated.by_mop);
}

static bool
are_lists(const struct txns *txns)
{
	bool are = false;

	vec_each (const struct mop, mop, &txns->mops) {
		if (mop->kind == MOP_WRITE)
			return false;
		are |= mop->kind == MOP_APPEND || mop->length > 0;
	}
	return are;
}

bool
txn_facts_init(struct txn_facts *facts, const struct history *history,
	       bool nil_is_unknown, struct err *err)
{
	*facts = (struct txn_facts){.nil_is_unknown = nil_is_unknown};
	if (!txns_init(&facts->txns, history, err))
		return false;
	size_t mops = facts->txns.mops.count + 1;
	facts->keys = mem_new(facts->txns.keys.count + 1, sizeof(*facts->keys));
	facts->touched = mem_new(facts->txns.keys.count + 1, sizeof(*facts->touched));
	facts->is_last = mem_new(mops, sizeof(*facts->is_last));
	facts->written = mem_new(mops, sizeof(*facts->written));
	facts->txn_of = mem_new(mops, sizeof(*facts->txn_of));
	facts->source_mop = mem_new(mops, sizeof(*facts->source_mop));
	facts->length = mem_new(mops, sizeof(*facts->length));
	facts->was_read = mem_new(mops, sizeof(*facts->was_read));
	if (!index_writes(facts, err))
		return false;
	facts->are_lists = are_lists(&facts->txns);
	if (facts->are_lists)
		find_longest(facts);
	judge_elements(facts);
	judge_reads(facts);
	return true;
}

void
txn_facts_release(struct txn_facts *facts)
{
	txns_release(&facts->txns);
	free(facts->keys);
	free(facts->appends);
	free(facts->slots);
	free(facts->near);
	free(facts->is_last);
	free(facts->written);
	free(facts->touched);
	free(facts->txn_of);
	free(facts->source_mop);
	free(facts->length);
	free(facts->was_read);
}

uint32_t
txn_facts_source(const struct txn_facts *facts, uint32_t mop)
{
	uint32_t write = facts->source_mop[mop];

	return write == FACT_INITIAL || write == FACT_NONE ? write : facts->txn_of[write];
}

bool
txn_facts_writes(const struct txn_facts *facts, uint32_t txn, uint32_t key)
{
	const struct txn *of = &facts->txns.of.items[txn];
	size_t at, end = of->first + of->count;

	search_first(at, of->first, end, facts->written[at] < key);
	return at < end && facts->written[at] == key;
}
