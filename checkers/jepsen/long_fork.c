/* long_fork.c - keys that are written once: all readers must agree on an order in which
 * the writes happened.
 *
 * Operations: transactions, as f txn, write or read with a value of [["w" K V]] or
 * [["r" K V] ...]. Each key is written at most once and is nil before, so that its
 * version order is known: nil, then the value. A dependency graph over all transactions
 * decides, completely, whether some serial order explains every read; Jepsen compares
 * reads pair by pair within groups and misses loops through three of them.
 *
 *	long-fork       two (or more) reads see the writes in different orders.
 *	                w x 1 | w y 1 | r x 1, y nil | r y 1, x nil
 *	fractured-read  a read sees one write of a transaction and misses another.
 *	                w x 1, w y 1 | r x 1, y nil
 *	internal        a transaction does not see what it wrote before itself, or sees it
 *	                already before it writes it.
 *	aborted-read    a read sees what only a failed transaction wrote.
 *	unwritten-read  a read sees what nobody wrote.
 *
 * With the level "strict-serializable" asked for by name, the order must respect real
 * time as well: stale-read is a read that misses what was over before it began (allowed
 * below that level). A key that is written twice, or with nil, makes the answer unknown.
 * Details as
 * Jepsen's: reads-count, early-read-count (saw nothing), late-read-count (saw all),
 * forks. Lemmas of docs/CHECKERS.md: real time. O(total size of the transactions). */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/transaction/cycles.h"
#include "checkers/jepsen/commit_order.h"
#include "checkers/jepsen/fields.h"
#include "checkers/jepsen/long_fork.h"
#include "checkers/tell.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct write_once {
	uint32_t writer; /* op; NONE: nobody (so far) */
	uint32_t failed; /* an op that failed to write; NONE */
	val value;
};

struct forks {
	const struct history *history;
	struct check_result *result;
	struct value_ids keys;
	VEC(struct write_once) of;
	struct graph graph; /* node: index of the operation */
	bool *takes_part;   /* owned; by operation */
	uint64_t reads, early, late, forks;
};

static bool
is_txn(const struct op *op)
{
	return op->f == F_TXN || op->f == F_READ || op->f == F_WRITE;
}

static bool
is_understood(const struct history *history, const struct op *op)
{
	val txn = fork_body(op);
	struct fork_part part;

	if (!is_txn(op) || val_kind(txn) != VAL_LIST)
		return false;
	for (size_t i = 0; i < fields_items(&history->values, txn); i++)
		if (!fork_part_at(&history->values, txn, i, &part))
			return false;
	return true;
}

/* Only what has the functions of Jepsen's workload: general transactions have a checker
 * of their own. */
static int
long_fork_fits(const struct history *history)
{
	vec_each (struct op, op, &history->ops)
		if (op->f == F_TXN || !is_understood(history, op))
			return 0;
	return history->ops.count > 0 ? 60 : 0;
}

static struct write_once *
write_of(struct forks *forks, val key)
{
	uint32_t id = value_ids_add(&forks->keys, key);

	if (id == forks->of.count)
		vec_push(&forks->of, (struct write_once){.writer = NONE, .failed = NONE});
	return &forks->of.items[id];
}

/* Why the versions of a key are not known any more; NULL: they are. */
static const char *
note_writes(struct forks *forks, uint32_t index)
{
	const struct op *op = &forks->history->ops.items[index];
	const struct values *values = &forks->history->values;
	val txn = fork_body(op);
	struct fork_part part;

	for (size_t i = 0; i < fields_items(values, txn); i++) {
		fork_part_at(values, txn, i, &part);
		if (!part.is_write)
			continue;
		struct write_once *write = write_of(forks, part.key);
		if (op->type == OP_FAIL) {
			write->failed = index;
			continue;
		}
		if (write->writer != NONE)
			return "a key is written twice, so that the order of its values "
			       "is not known";
		if (part.value == VAL_OF_NIL)
			return "a key is written with nil, which reads see before as "
			       "well";
		write->writer = index;
		write->value = part.value;
		forks->takes_part[index] = true;
	}
	return NULL;
}

static void
report_value(struct forks *forks, uint32_t read, const struct fork_part *part,
	     const struct write_once *write)
{
	bool is_aborted = write->failed != NONE && write->writer == NONE;
	struct buf text = {0};

	buf_string(&text, "the read saw ");
	tell_value(forks->history, part->value, &text);
	buf_string(&text, " of key ");
	tell_value(forks->history, part->key, &text);
	buf_string(&text, is_aborted ? ", which only a failed transaction wrote"
				     : ", which nobody wrote");
	tell(forks->history, forks->result,
	     is_aborted ? "aborted-read" : "unwritten-read", part->key, &text,
	     (uint32_t[]){is_aborted ? write->failed : write->writer, read}, 2);
}

/* What the parts before part `end` of a transaction wrote to a key; nil: nothing. */
static val
own_before(const struct values *values, val txn, size_t end, val key)
{
	struct fork_part part;

	for (size_t i = 0; i < end; i++) {
		fork_part_at(values, txn, i, &part);
		if (part.is_write && val_equal(values, part.key, key))
			return part.value;
	}
	return VAL_OF_NIL;
}

/* A key that the transaction writes itself. */
static void
read_own(struct forks *forks, uint32_t index, size_t i, const struct fork_part *part)
{
	const struct values *values = &forks->history->values;
	val expected = own_before(values, fork_body(&forks->history->ops.items[index]), i,
				  part->key);
	struct buf text = {0};

	if (val_equal(values, expected, part->value))
		return;
	buf_string(&text, "the transaction writes key ");
	tell_value(forks->history, part->key, &text);
	buf_string(&text, " itself and reads ");
	tell_value(forks->history, part->value, &text);
	buf_string(&text, expected == VAL_OF_NIL ? " before that" : " after that");
	tell(forks->history, forks->result, "internal", part->key, &text, &index, 1);
}

static void
depend(struct forks *forks, uint32_t index, const struct fork_part *part)
{
	const struct values *values = &forks->history->values;
	const struct write_once *write = write_of(forks, part->key);

	if (part->value == VAL_OF_NIL) {
		if (write->writer != NONE)
			graph_add(&forks->graph, index, write->writer, EDGE_RW);
	} else if (write->writer != NONE &&
		   val_equal(values, write->value, part->value)) {
		graph_add(&forks->graph, write->writer, index, EDGE_WR);
	} else {
		report_value(forks, index, part, write);
	}
}

static void
note_reads(struct forks *forks, uint32_t index)
{
	const struct op *op = &forks->history->ops.items[index];
	const struct values *values = &forks->history->values;
	size_t reads = 0, seen = 0;
	struct fork_part part;

	if (op->type != OP_OK)
		return;
	forks->takes_part[index] = true;
	for (size_t i = 0; i < fields_items(values, fork_body(op)); i++) {
		fork_part_at(values, fork_body(op), i, &part);
		if (part.is_write)
			continue;
		reads++;
		seen += part.value != VAL_OF_NIL;
		if (write_of(forks, part.key)->writer == index)
			read_own(forks, index, i, &part);
		else
			depend(forks, index, &part);
	}
	forks->reads += reads > 0;
	forks->early += reads > 0 && seen == 0;
	forks->late += reads > 0 && seen == reads;
}

/* A cycle with one anti-dependency is one read that saw half of a transaction. */
static void
report_cycle(void *self, const uint32_t *nodes, size_t count)
{
	struct forks *forks = self;
	struct buf text = {0};
	size_t missed = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned kinds =
			graph_kinds(&forks->graph, nodes[i], nodes[(i + 1) % count]);
		missed += (kinds & EDGE_WR) == 0;
	}
	forks->forks += missed != 1;
	if (count == 0)
		tell_unknown(forks->result, mem_string("the reads contradict each other "
						       "in a cycle too long to show"));
	else if (missed == 1)
		buf_string(&text, "the read saw one write of a transaction and missed "
				  "another");
	else
		buf_printf(&text,
			   "%zu reads saw the writes in orders that contradict "
			   "each other",
			   missed);
	if (count > 0)
		tell(forks->history, forks->result,
		     missed == 1 ? "fractured-read" : "long-fork", VAL_OF_NIL, &text,
		     nodes, count);
}

static void
report_late(struct forks *forks, uint32_t late, uint32_t early)
{
	uint32_t path[CYCLE_NODES_MAX];
	struct buf text = {0};
	size_t length = graph_path(&forks->graph, EDGE_ALL_DATA, early, late, NULL, 0,
				   path, CYCLE_NODES_MAX);

	buf_string(&text, "what was over before the other began must come before it, and "
			  "what was read says that it comes after");
	tell(forks->history, forks->result, "stale-read", VAL_OF_NIL, &text, path,
	     length);
}

static void
take_times(const struct forks *forks, struct commit_times *times)
{
	commit_times_init(times, forks->graph.node_count);
	for (size_t i = 0; i < forks->history->ops.count; i++) {
		const struct op *op = &forks->history->ops.items[i];
		if (!forks->takes_part[i])
			continue;
		times->begin[i] = op->invoke_at;
		times->end[i] = op->complete_at;
	}
}

/* A serial order of the transactions, in real time when that is asked for: the
 * certificate of valid. */
static void
find_order(struct forks *forks, bool in_time)
{
	size_t ops = forks->history->ops.count;
	struct order order = {.ops = mem_new(ops + 1, sizeof(uint32_t))};
	struct commit_times times = {0};
	uint32_t late, early;

	if (in_time)
		take_times(forks, &times);
	if (commit_order_find(&forks->graph, EDGE_ALL_DATA, in_time ? &times : NULL,
			      order.ops, &late, &early)) {
		for (size_t i = 0; i < ops; i++)
			if (forks->takes_part[order.ops[i]])
				order.ops[order.count++] = order.ops[i];
		vec_push(&forks->result->orders, order);
	} else {
		report_late(forks, late, early);
		free(order.ops);
	}
	commit_times_release(&times);
}

static size_t
bytes_of(const struct forks *forks)
{
	return value_ids_bytes(&forks->keys) +
	       forks->of.capacity * sizeof(struct write_once) +
	       forks->history->ops.count * sizeof(bool) +
	       2 * forks->graph.pending.capacity * sizeof(struct edge) +
	       commit_order_bytes(&forks->graph);
}

static void
judge(struct forks *forks, const struct check_options *options)
{
	uint32_t count = (uint32_t)forks->history->ops.count;

	graph_init(&forks->graph, count);
	for (uint32_t i = 0; i < count; i++) {
		if (tell_over_budget(options, bytes_of(forks), forks->result))
			break;
		note_reads(forks, i);
	}
	graph_build(&forks->graph);
	if (!tell_over_budget(options, 0, forks->result))
		cycles_find(&forks->graph, EDGE_ALL_DATA, report_cycle, forks);
	if (forks->result->verdict == VERDICT_NONE)
		find_order(forks, fork_is_strict(options));
	graph_release(&forks->graph);
}

/* Everything that is written, once each; false with the reason in the result. */
static bool
take_writes(struct forks *forks, const struct check_options *options)
{
	const struct history *history = forks->history;

	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (tell_over_budget(options, bytes_of(forks), forks->result))
			return false;
		if (!is_understood(history, op))
			return !tell_unknown(forks->result,
					     mem_format("'%s' is not a transaction of "
							"reads and writes",
							history_f_name(history, op->f)));
		const char *why = note_writes(forks, i);
		if (why != NULL)
			return !tell_unknown(forks->result, mem_string(why));
	}
	return true;
}

static void
long_fork_check(const struct history *history, const struct check_options *options,
		struct check_result *result)
{
	struct forks forks = {.history = history, .result = result};

	result->complexity = "O(total size of the transactions)";
	result->operations = history->ops.count;
	forks.takes_part = mem_new(history->ops.count + 1, sizeof(bool));
	value_ids_init(&forks.keys, &history->values);
	if (take_writes(&forks, options))
		judge(&forks, options);
	tell_number(&result->details, "reads-count", forks.reads);
	tell_number(&result->details, "early-read-count", forks.early);
	tell_number(&result->details, "late-read-count", forks.late);
	tell_number(&result->details, "forks", forks.forks);
	if (forks.reads == 0)
		tell_unknown(result, mem_string("nothing was ever read"));
	tell_end(result,
		 mem_format("one order of the writes explains all of %" PRIu64 " reads",
			    forks.reads));
	value_ids_release(&forks.keys);
	vec_release(&forks.of);
	free(forks.takes_part);
}

const struct checker checker_long_fork = {
	.name = "long-fork",
	.summary = "readers of keys that are written once agree on the order of writes",
	.fits = long_fork_fits,
	.check = long_fork_check,
	.certify = long_fork_certify,
	.knows_no_keys = true,
};
