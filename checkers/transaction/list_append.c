#include "checkers/transaction/list_append.h"

#include "checkers/transaction/list_append_lists.h"

#include "base/parallel.h"

#include <stdlib.h>
#include <string.h>

enum {
	APPEND_BYTES_EACH = 64, /* of a micro-operation */
	EDGE_BYTES = 8,		/* of an edge in the rows, and of what is made of them */
	TXNS_PARALLEL = 20000	/* below, a thread costs more than it saves */
};

static bool
find_longest(struct dependencies *d, struct lists *lists, struct err *err)
{
	each_txn (txn, d)
		each_mop (mop, txn, d) {
			if (mop->kind == MOP_WRITE)
				return err_set(
					err, "transaction %u writes instead of appending",
					number_of(d, txn));
			if (!is_read(txn, mop) || mop->value == VAL_OF_NIL)
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

static bool
set_writer(uint32_t *writer, uint32_t t, struct err *err)
{
	if (*writer != NOBODY)
		return err_set(err,
			       "an element was appended twice to one key (by "
			       "transactions %u and %u)",
			       *writer, t);
	*writer = t;
	return true;
}

/* The transaction that appended each element that was read, and committed ones whose
 * element nobody read. An open transaction of which an element was read has committed. */
static bool
find_writers(struct dependencies *d, struct lists *lists, struct err *err)
{
	each_txn (txn, d)
		each_mop (mop, txn, d) {
			if (mop->kind != MOP_APPEND)
				continue;
			uint32_t place = *list_place(lists, mop->key, mop->value, false);
			uint32_t t = number_of(d, txn);
			if (place == 0) {
				if (txn->type == OP_OK)
					vec_push(&lists->of[mop->key].unread, t);
				continue;
			}
			uint32_t at = lists->of[mop->key].start + place - 1;
			if (!set_writer(&lists->writers[at], t, err))
				return false;
			lists->final[at] = !appends_again(d, txn, mop);
			if (txn->type == OP_INFO)
				d->committed[t] = true;
		}
	return true;
}

/* Of open transactions that did commit, as is known once all writers are. */
static void
find_unread_of_open(struct dependencies *d, struct lists *lists)
{
	each_txn (txn, d) {
		if (txn->type != OP_INFO || !d->committed[number_of(d, txn)])
			continue;
		each_mop (mop, txn, d)
			if (mop->kind == MOP_APPEND &&
			    *list_place(lists, mop->key, mop->value, false) == 0)
				vec_push(&lists->of[mop->key].unread, number_of(d, txn));
	}
	for (uint32_t key = 0; key < d->txns.keys.count; key++)
		d->writes_unordered |= lists->of[key].unread.count > 1;
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

/* A read that differs from what the transaction read or appended before depends on who
 * appended its last element all the same; what it lacks says nothing of levels that allow it.
 */
static void
add_other_source(struct dependencies *d, struct lists *lists, uint32_t t,
		 const struct mop *mop, uint32_t expected)
{
	const struct list *list = &lists->of[mop->key];

	if (mop->length > list->length)
		return;
	uint32_t length = length_of_others(lists, t, mop->key, mop->length);
	uint32_t source = length > 0 ? lists->writers[list->start + length - 1] : NOBODY;
	if (length != expected && source != NOBODY)
		graph_add(&d->graph, source, t, EDGE_WR);
}

/* Own appends before it are not counted; a second read of a key teaches nothing more, if it
 * is the same. */
static void
add_edges_of_read(struct dependencies *d, struct lists *lists, const struct txn *txn,
		  const struct mop *mop)
{
	const struct mop *before = first_on_key(d, txn, mop);
	uint32_t own = 0, t = number_of(d, txn);

	for (; before < mop; before++) {
		if (before->key == mop->key && before->kind == MOP_READ) {
			add_other_source(d, lists, t, mop, before->length - own);
			return;
		}
		own += before->key == mop->key;
	}
	if (mop->length >= own)
		add_read_edges(d, lists, t, mop->key, mop->length - own);
	add_other_source(d, lists, t, mop, mop->length - own);
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
			if (is_read(txn, mop))
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

void
list_append_release(const struct dependencies *d, struct lists *lists)
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

/* What both threads of a judgement share. */
struct halves {
	struct dependencies *d;
	struct lists *lists;
	const struct budget *budget;
	struct err *err;
	bool ok;
};

static void
do_half(void *context, size_t half)
{
	struct halves *halves = context;

	if (half == 0)
		halves->ok = build_graph(halves->d, halves->lists, halves->budget,
					 halves->err);
	else
		list_judge(halves->d, halves->lists);
}

bool
list_append_index(struct dependencies *d, struct lists *lists, struct err *err)
{
	lists->values = &d->txns.history->values;
	lists->of = mem_new(d->txns.keys.count, sizeof(*lists->of));
	if (!find_longest(d, lists, err))
		return false;
	place_elements(d, lists);
	if (!find_writers(d, lists, err))
		return false;
	find_unread_of_open(d, lists);
	return true;
}

static bool
depend(struct dependencies *d, struct lists *lists, const struct check_options *options,
       struct err *err)
{
	struct halves halves = {d, lists, &options->budget, err, true};
	bool is_long = d->txns.of.count >= TXNS_PARALLEL;

	if (!list_append_index(d, lists, err))
		return false;
	parallel_for(2, is_long ? options->threads : 1, do_half, &halves);
	return halves.ok;
}

bool
list_append_depend(struct dependencies *d, const struct history *history,
		   const struct check_options *options, struct err *err)
{
	if (!txns_fit(history, &options->budget, APPEND_BYTES_EACH, err) ||
	    !txns_init(&d->txns, history, err))
		return false;
	dependencies_init(d);
	struct lists lists = {0};
	bool ok = depend(d, &lists, options, err);
	list_append_release(d, &lists);
	return ok;
}
