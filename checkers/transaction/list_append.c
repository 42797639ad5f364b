#include "checkers/transaction/list_append.h"

#include "checkers/transaction/list_append_lists.h"

#include "base/assert.h"

#include <stdlib.h>
#include <string.h>

enum {
	EDGE_BYTES = 8 /* of an edge in the rows, and of what is made of them */
};

static bool
is_read(const struct dependencies *d, const struct txn *txn, const struct mop *mop)
{
	return mop->kind == MOP_READ &&
	       txn_op(&d->txns, (uint32_t)(txn - d->txns.of.items))->type == OP_OK;
}

static uint32_t
number_of(const struct dependencies *d, const struct txn *txn)
{
	return (uint32_t)(txn - d->txns.of.items);
}

static bool
find_longest(struct dependencies *d, struct lists *lists, struct err *err)
{
	each_txn (txn, d)
		each_mop (mop, txn, d) {
			if (mop->kind == MOP_WRITE)
				return err_set(
					err, "transaction %u writes instead of appending",
					number_of(d, txn));
			if (!is_read(d, txn, mop) || mop->value == VAL_OF_NIL)
				continue;
			if (val_kind(mop->value) != VAL_LIST)
				return err_set(
					err,
					"transaction %u reads something that is no list",
					number_of(d, txn));
			struct list *list = &lists->of[mop->key];
			if (mop->length > list->length) {
				list->length = mop->length;
				list->longest = mop->value;
			}
		}
	return true;
}

static void
place_elements(struct dependencies *d, struct lists *lists)
{
	size_t total = 0;

	for (uint32_t key = 0; key < d->txns.keys.count; key++) {
		lists->of[key].start = (uint32_t)total;
		total += lists->of[key].length + 1; /* one more: the end of the list */
	}
	list_choose_indexes(lists, d->txns.keys.count);
	lists->writers = mem_new(total, sizeof(*lists->writers));
	lists->final = mem_new(total, sizeof(*lists->final));
	memset(lists->writers, 0xff, total * sizeof(*lists->writers));
	for (uint32_t key = 0; key < d->txns.keys.count; key++)
		for (uint32_t i = 0; i < lists->of[key].length; i++) {
			val v = list_element(lists, &lists->of[key], i);
			uint32_t *place = list_place(lists, key, v, true);
			if (*place != 0)
				dependencies_find(d, ANOMALY_DUPLICATE, NOBODY, NOBODY,
						  key, v);
			else
				*place = i + 1;
		}
}

/* Whether the transaction appends to the same key again after this micro-operation. */
static bool
appends_again(const struct dependencies *d, const struct txn *txn, const struct mop *mop)
{
	const struct mop *end = d->txns.mops.items + txn->first + txn->count;

	for (const struct mop *later = mop + 1; later < end; later++)
		if (later->kind == MOP_APPEND && later->key == mop->key)
			return true;
	return false;
}

/* The transaction that appended each element that was read. An open transaction of which
 * an element was read has committed. */
static bool
find_writers(struct dependencies *d, struct lists *lists, struct err *err)
{
	each_txn (txn, d)
		each_mop (mop, txn, d) {
			if (mop->kind != MOP_APPEND)
				continue;
			struct list *list = &lists->of[mop->key];
			uint32_t place = *list_place(lists, mop->key, mop->value, false);
			uint32_t t = number_of(d, txn);
			if (place == 0)
				continue;
			uint32_t *writer = &lists->writers[list->start + place - 1];
			if (*writer != NOBODY)
				return err_set(
					err,
					"an element was appended twice to one key (by "
					"transactions %u and %u)",
					*writer, t);
			*writer = t;
			lists->final[list->start + place - 1] =
				!appends_again(d, txn, mop);
			if (txn_op(&d->txns, t)->type == OP_INFO)
				d->committed[t] = true;
		}
	return true;
}

static void
find_unread(struct dependencies *d, struct lists *lists)
{
	each_txn (txn, d)
		each_mop (mop, txn, d)
			if (mop->kind == MOP_APPEND && d->committed[number_of(d, txn)] &&
			    *list_place(lists, mop->key, mop->value, false) == 0)
				vec_push(&lists->of[mop->key].unread, number_of(d, txn));
	for (uint32_t key = 0; key < d->txns.keys.count; key++)
		d->writes_unordered |= lists->of[key].unread.count > 1;
}

/* ---- what is wrong without a cycle ----------------------------------------------------
 */

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
	struct list *list = &lists->of[mop->key];
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
		if (writer != NOBODY && txn_op(&d->txns, writer)->type != OP_FAIL)
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
			} else if (txn_op(&d->txns, writer)->type == OP_FAIL) {
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

/* The first micro-operation of the transaction on the key of `mop`. */
static const struct mop *
first_on_key(const struct dependencies *d, const struct txn *txn, const struct mop *mop)
{
	const struct mop *first = d->txns.mops.items + txn->first;

	while (first->key != mop->key)
		first++;
	return first;
}

/* Two committed transactions that read a key up to the same element and both append to
 * it. */
static void
judge_update(struct dependencies *d, struct lists *lists, uint32_t t,
	     const struct mop *mop, uint32_t *updaters)
{
	uint32_t length = mop->length;
	struct list *list = &lists->of[mop->key];

	if (length > list->length || !appends_again(d, &d->txns.of.items[t], mop) ||
	    (d->finding_count > 0 && length > 0 &&
	     !is_prefix(lists, list, mop->value, length)))
		return;
	uint32_t *updater = &updaters[list->start + length];
	if (*updater != 0)
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
			if (is_read(d, txn, mop) && first_on_key(d, txn, mop) == mop)
				judge_update(d, lists, number_of(d, txn), mop, updaters);
	free(updaters);
}

static void
judge_reads(struct dependencies *d, struct lists *lists)
{
	uint32_t *longest_reader = mem_new(d->txns.keys.count, sizeof(*longest_reader));

	each_txn (txn, d)
		each_mop (mop, txn, d) {
			if (!is_read(d, txn, mop))
				continue;
			uint32_t t = number_of(d, txn);
			if (mop->value == lists->of[mop->key].longest)
				longest_reader[mop->key] = t;
			judge_read(d, lists, t, mop);
			const struct mop *first = first_on_key(d, txn, mop);
			if (first < mop && !continues(lists, first, mop))
				dependencies_find(d, ANOMALY_INTERNAL, t, NOBODY,
						  mop->key, mop->value);
		}
	judge_elements(d, lists, longest_reader);
	free(longest_reader);
}

/* ---- edges ----------------------------------------------------------------------------
 */

static void
add_version_edges(struct dependencies *d, struct lists *lists)
{
	for (uint32_t key = 0; key < d->txns.keys.count; key++) {
		struct list *list = &lists->of[key];
		uint32_t before = NOBODY;
		for (uint32_t i = 0; i < list->length; i++) {
			uint32_t writer = lists->writers[list->start + i];
			if (writer != NOBODY && before != NOBODY)
				graph_add(&d->graph, before, writer, EDGE_WW);
			before = writer != NOBODY ? writer : before;
		}
		if (before != NOBODY)
			vec_each (uint32_t, unread, &list->unread)
				graph_add(&d->graph, before, *unread, EDGE_WW);
	}
}

/* The read saw the first `length` elements (own appends not counted): it depends on the
 * writer of the last one and is overtaken by the writer of the next one that is not
 * itself. */
static void
add_read_edges(struct dependencies *d, struct lists *lists, uint32_t t, uint32_t key,
	       uint32_t length)
{
	struct list *list = &lists->of[key];
	uint32_t next = length;

	if (length > list->length)
		return;
	if (length > 0 && lists->writers[list->start + length - 1] != NOBODY)
		graph_add(&d->graph, lists->writers[list->start + length - 1], t,
			  EDGE_WR);
	while (next < list->length && (lists->writers[list->start + next] == t ||
				       lists->writers[list->start + next] == NOBODY))
		next++;
	if (next < list->length) {
		graph_add(&d->graph, t, lists->writers[list->start + next], EDGE_RW);
		return;
	}
	vec_each (uint32_t, unread, &list->unread)
		graph_add(&d->graph, t, *unread, EDGE_RW);
}

/* A read of a whole list leads to every append that nobody read: of those there may be as
 * many as there are reads. */
static bool
has_room(const struct dependencies *d, const struct budget *budget, struct err *err)
{
	size_t bytes_max =
		budget->bytes_max != 0 ? budget->bytes_max : BUDGET_BYTES_DEFAULT;

	if (budget_is_over(budget))
		return err_set(err, "the budget ended while the dependencies were found");
	return d->graph.edge_count * EDGE_BYTES <= bytes_max ||
	       err_set(err, "the dependencies between appends that nobody read need more "
			    "memory than the budget");
}

/* Own appends before it are not counted; a second read of a key teaches nothing more. */
static void
add_edges_of_read(struct dependencies *d, struct lists *lists, const struct txn *txn,
		  const struct mop *mop)
{
	const struct mop *before = first_on_key(d, txn, mop);
	uint32_t own = 0;

	for (; before < mop; before++) {
		if (before->key == mop->key && before->kind == MOP_READ)
			return;
		own += before->key == mop->key;
	}
	if (mop->length >= own)
		add_read_edges(d, lists, number_of(d, txn), mop->key, mop->length - own);
}

static bool
add_edges(struct dependencies *d, struct lists *lists, const struct budget *budget,
	  struct err *err)
{
	add_version_edges(d, lists);
	each_txn (txn, d) {
		if (!has_room(d, budget, err))
			return false;
		each_mop (mop, txn, d)
			if (is_read(d, txn, mop))
				add_edges_of_read(d, lists, txn, mop);
	}
	dependencies_add_process(d);
	return true;
}

/* The edges are found twice: ten million transactions have fifty million. */
static bool
build_graph(struct dependencies *d, struct lists *lists, const struct budget *budget,
	    struct err *err)
{
	graph_count(&d->graph);
	if (!add_edges(d, lists, budget, err))
		return false;
	graph_place(&d->graph);
	if (!add_edges(d, lists, budget, err))
		return false;
	graph_build(&d->graph);
	return true;
}

static void
release_lists(const struct dependencies *d, struct lists *lists)
{
	for (uint32_t key = 0; key < d->txns.keys.count; key++) {
		free(lists->of[key].places);
		vec_release(&lists->of[key].unread);
	}
	free(lists->of);
	free(lists->writers);
	free(lists->final);
	free(lists->shared);
	map_release(&lists->places);
}

static bool
depend(struct dependencies *d, struct lists *lists, const struct budget *budget,
       struct err *err)
{
	if (!find_longest(d, lists, err))
		return false;
	place_elements(d, lists);
	if (!find_writers(d, lists, err))
		return false;
	find_unread(d, lists);
	judge_reads(d, lists);
	if (d->txns.keys.count > 0)
		judge_updates(d, lists);
	return build_graph(d, lists, budget, err);
}

bool
list_append_depend(struct dependencies *d, const struct history *history,
		   const struct budget *budget, struct err *err)
{
	if (!txns_init(&d->txns, history, err))
		return false;
	dependencies_init(d);
	struct lists lists = {.values = &history->values,
			      .of = mem_new(d->txns.keys.count, sizeof(*lists.of))};
	bool ok = depend(d, &lists, budget, err);
	release_lists(d, &lists);
	return ok;
}
