/* list_append_judge.c - what is wrong with reads of lists without a cycle. */
#include "checkers/transaction/list_append_lists.h"

#include <stdlib.h>
#include <string.h>

static bool
is_aborted(const struct dependencies *d, uint32_t txn)
{
	return d->txns.of.items[txn].type == OP_FAIL;
}

static bool
is_prefix(const struct lists *lists, const struct list *list, val read, uint32_t length)
{
	size_t read_count, longest_count;
	const val *seen = val_items(lists->values, read, &read_count);
	const val *longest = val_items(lists->values, list->longest, &longest_count);

	if (memcmp(seen, longest, length * sizeof(*seen)) == 0)
		return true;
	for (uint32_t i = 0; i < length; i++)
		if (!val_equal(lists->values, seen[i], longest[i]))
			return false;
	return true;
}

static void
judge_read(struct dependencies *d, struct lists *lists, uint32_t t, const struct mop *mop)
{
	const struct list *list = &lists->of[mop->key];
	uint32_t length = mop->length;

	if (length == 0)
		return;
	if (!is_prefix(lists, list, mop->value, length)) {
		dependencies_find(d, ANOMALY_INCOMPATIBLE_ORDER, t, NOBODY, mop->key,
				  mop->value);
		return;
	}
	uint32_t last = list->start + length - 1;
	uint32_t writer = lists->writers[last];
	if (writer != NOBODY && writer != t && !lists->final[last])
		dependencies_find(d, ANOMALY_G1B, t, writer, mop->key,
				  list_element(lists, list, length - 1));
}

/* Who appended the next element, from this position on, and did not abort. */
static uint32_t
next_lasting(const struct dependencies *d, const struct lists *lists, uint32_t key,
	     uint32_t position)
{
	const struct list *list = &lists->of[key];

	for (; position < list->length; position++) {
		uint32_t writer = lists->writers[list->start + position];
		if (writer != NOBODY && !is_aborted(d, writer))
			return writer;
	}
	return NOBODY;
}

/* Elements without a writer, and elements of aborted writers, once for each element; a
 * reader of the aborted element is named: the reader of the longest list. */
static void
judge_elements(struct dependencies *d, struct lists *lists,
	       const uint32_t *longest_reader)
{
	for (uint32_t key = 0; key < d->txns.keys.count; key++)
		for (uint32_t i = 0; i < lists->of[key].length; i++) {
			uint32_t writer = lists->writers[lists->of[key].start + i];
			val v = list_element(lists, &lists->of[key], i);
			if (writer == NOBODY) {
				bool is_first =
					*list_place(lists, key, v, false) == i + 1;
				if (is_first)
					dependencies_find(d, ANOMALY_GARBAGE_READ,
							  longest_reader[key], NOBODY,
							  key, v);
			} else if (is_aborted(d, writer)) {
				dependencies_find(d, ANOMALY_G1A, longest_reader[key],
						  writer, key, v);
				uint32_t builder = next_lasting(d, lists, key, i + 1);
				if (builder != NOBODY)
					dependencies_find(d, ANOMALY_DIRTY_UPDATE,
							  builder, writer, key, v);
			}
		}
}

/* A later read of a key in one transaction shows the earlier read and the own appends
 * since. */
static bool
continues(const struct lists *lists, const struct mop *from, const struct mop *to)
{
	uint32_t before = from->kind == MOP_READ ? from->length : 0;
	uint32_t length = to->length, appended = 0;

	for (const struct mop *mop = from; mop < to; mop++)
		appended += mop->kind == MOP_APPEND && mop->key == to->key;
	if (from->kind == MOP_READ ? length != before + appended : length < appended)
		return false;
	for (uint32_t i = 0; i < before; i++)
		if (!val_equal(lists->values, val_at(lists->values, from->value, i),
			       val_at(lists->values, to->value, i)))
			return false;
	uint32_t at = length - appended;
	for (const struct mop *mop = from; mop < to; mop++)
		if (mop->kind == MOP_APPEND && mop->key == to->key &&
		    !val_equal(lists->values, mop->value,
			       val_at(lists->values, to->value, at++)))
			return false;
	return true;
}

/* A read shows what its transaction appends only later. */
static bool
sees_own_future(const struct dependencies *d, struct lists *lists, const struct txn *txn,
		const struct mop *read)
{
	const struct mop *end = d->txns.mops.items + txn->first + txn->count;

	for (const struct mop *later = read + 1; later < end && read->length > 0;
	     later++) {
		if (later->kind != MOP_APPEND || later->key != read->key)
			continue;
		uint32_t place = *list_place(lists, later->key, later->value, false);
		if (place > 0 && place <= read->length &&
		    val_equal(lists->values, later->value,
			      val_at(lists->values, read->value, place - 1)))
			return true;
	}
	return false;
}

/* Whether the transaction appends to the key, before or after. */
static bool
appends_to(const struct dependencies *d, const struct txn *txn, const struct mop *read)
{
	const struct mop *first = first_on_key(d, txn, read);

	return first->kind == MOP_APPEND || appends_again(d, txn, first);
}

/* Two committed transactions that read a key up to the same element of others and both
 * append to it. */
static void
judge_update(struct dependencies *d, struct lists *lists, uint32_t t,
	     const struct mop *mop, uint32_t *updaters)
{
	const struct list *list = &lists->of[mop->key];

	if (mop->length > list->length || !appends_to(d, &d->txns.of.items[t], mop) ||
	    (d->finding_count > 0 && mop->length > 0 &&
	     !is_prefix(lists, list, mop->value, mop->length)))
		return;
	uint32_t length = length_of_others(lists, t, mop->key, mop->length);
	if (length > 0 && lists->writers[list->start + length - 1] == NOBODY)
		return; /* an element that nobody appended there is no version */
	uint32_t *updater = &updaters[list->start + length];
	if (*updater != 0 && *updater != t + 1)
		dependencies_find(d, ANOMALY_LOST_UPDATE, t, *updater - 1, mop->key,
				  mop->value);
	*updater = t + 1;
}

static void
judge_updates(struct dependencies *d, struct lists *lists)
{
	const struct list *last = &lists->of[d->txns.keys.count - 1];
	uint32_t *updaters =
		mem_new((size_t)last->start + last->length + 1, sizeof(*updaters));

	each_txn (txn, d)
		each_mop (mop, txn, d)
			if (is_read(txn, mop))
				judge_update(d, lists, number_of(d, txn), mop, updaters);
	free(updaters);
}

static void
judge_reads(struct dependencies *d, struct lists *lists)
{
	uint32_t *longest_reader = mem_new(d->txns.keys.count, sizeof(*longest_reader));

	each_txn (txn, d)
		each_mop (mop, txn, d) {
			if (!is_read(txn, mop))
				continue;
			uint32_t t = number_of(d, txn);
			if (mop->value == lists->of[mop->key].longest)
				longest_reader[mop->key] = t;
			judge_read(d, lists, t, mop);
			const struct mop *first = first_on_key(d, txn, mop);
			if ((first < mop && !continues(lists, first, mop)) ||
			    sees_own_future(d, lists, txn, mop))
				dependencies_find(d, ANOMALY_INTERNAL, t, NOBODY,
						  mop->key, mop->value);
		}
	judge_elements(d, lists, longest_reader);
	free(longest_reader);
}

void
list_judge(struct dependencies *d, struct lists *lists)
{
	judge_reads(d, lists);
	if (d->txns.keys.count > 0)
		judge_updates(d, lists);
}
