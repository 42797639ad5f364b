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
 *	aborted-read    a read sees what only a failed transaction wrote.
 *	unwritten-read  a read sees what nobody wrote.
 *
 * With the level "strict-serializable" asked for by name, the order must respect real
 * time as well: stale-read is a read that misses what was over before it began (allowed
 * below that level). A key that is written twice makes the answer unknown. Details as
 * Jepsen's: reads-count, early-read-count (saw nothing), late-read-count (saw all),
 * forks. Lemmas of docs/CHECKERS.md: real time. O(total size of the transactions). */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/transaction/cycles.h"
#include "checkers/jepsen/fields.h"
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

/* A micro-operation [f key value]. */
struct part {
	bool is_write;
	val key, value;
};

static bool
part_at(const struct values *values, val txn, size_t i, struct part *part)
{
	val mop = fields_item(values, txn, i), f = fields_item(values, mop, 0);

	part->key = fields_item(values, mop, 1);
	part->value = fields_item(values, mop, 2);
	part->is_write =
		fields_is_text(values, f, "w") || fields_is_text(values, f, "write");
	return part->is_write || fields_is_text(values, f, "r") ||
	       fields_is_text(values, f, "read");
}

static bool
is_txn(const struct op *op)
{
	return op->f == F_TXN || op->f == F_READ || op->f == F_WRITE;
}

/* What it did when that is known, else what it tried. */
static val
body_of(const struct op *op)
{
	return op->type == OP_OK && op->output != VAL_OF_NIL ? op->output : op->input;
}

static bool
is_understood(const struct history *history, const struct op *op)
{
	val txn = body_of(op);
	struct part part;

	if (!is_txn(op) || val_kind(txn) != VAL_LIST)
		return false;
	for (size_t i = 0; i < fields_items(&history->values, txn); i++)
		if (!part_at(&history->values, txn, i, &part))
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

/* False when a key is written for the second time. */
static bool
note_writes(struct forks *forks, uint32_t index)
{
	const struct op *op = &forks->history->ops.items[index];
	const struct values *values = &forks->history->values;
	val txn = body_of(op);
	struct part part;

	for (size_t i = 0; i < fields_items(values, txn); i++) {
		part_at(values, txn, i, &part);
		if (!part.is_write)
			continue;
		struct write_once *write = write_of(forks, part.key);
		if (op->type == OP_FAIL) {
			write->failed = index;
			continue;
		}
		if (write->writer != NONE)
			return false;
		write->writer = index;
		write->value = part.value;
		forks->takes_part[index] = true;
	}
	return true;
}

static void
report_value(struct forks *forks, uint32_t read, const struct part *part,
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

static void
depend(struct forks *forks, uint32_t index, const struct part *part)
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
	struct part part;

	if (op->type != OP_OK)
		return;
	forks->takes_part[index] = true;
	for (size_t i = 0; i < fields_items(values, body_of(op)); i++) {
		part_at(values, body_of(op), i, &part);
		if (part.is_write)
			continue;
		reads++;
		seen += part.value != VAL_OF_NIL;
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

/* A serial order of the transactions: the certificate of valid. */
static void
keep_order(struct forks *forks)
{
	size_t ops = forks->history->ops.count, count;
	uint32_t *nodes = mem_new(ops + 1, sizeof(*nodes));
	struct order order = {.ops = nodes};

	if (graph_order(&forks->graph, EDGE_ALL_DATA, nodes, &count)) {
		for (size_t i = 0; i < count; i++)
			if (forks->takes_part[nodes[i]])
				order.ops[order.count++] = nodes[i];
		vec_push(&forks->result->orders, order);
	} else {
		free(nodes);
	}
}

static bool
is_strict(const struct check_options *options)
{
	return options->level != NULL &&
	       strcmp(options->level, "strict-serializable") == 0;
}

/* Real time, when asked for and when the rest holds. */
static void
judge_time(struct forks *forks)
{
	size_t count = forks->history->ops.count;
	uint32_t *begin = mem_new(count + 1, sizeof(*begin));
	uint32_t *end = mem_new(count + 1, sizeof(*end));
	uint32_t *commit = mem_new(count + 1, sizeof(*commit));
	uint32_t late, early, path[CYCLE_NODES_MAX];
	struct buf text = {0};

	for (size_t i = 0; i < count; i++) {
		const struct op *op = &forks->history->ops.items[i];
		begin[i] = forks->takes_part[i] ? op->invoke_at : 0;
		end[i] = forks->takes_part[i] ? op->complete_at : OP_NEVER;
	}
	if (!graph_commit_points(&forks->graph, EDGE_ALL_DATA, begin, end, commit, &late,
				 &early)) {
		size_t length = graph_path(&forks->graph, EDGE_ALL_DATA, early, late,
					   NULL, 0, path, CYCLE_NODES_MAX);
		buf_string(&text, "what was over before the other began must come before "
				  "it, and what was read says that it comes after");
		tell(forks->history, forks->result, "stale-read", VAL_OF_NIL, &text, path,
		     length);
	}
	free(begin);
	free(end);
	free(commit);
}

static void
judge(struct forks *forks, const struct check_options *options)
{
	size_t count = forks->history->ops.count;

	graph_init(&forks->graph, (uint32_t)count);
	for (uint32_t i = 0; i < count; i++)
		note_reads(forks, i);
	graph_build(&forks->graph);
	cycles_find(&forks->graph, EDGE_ALL_DATA, report_cycle, forks);
	if (forks->result->verdict == VERDICT_NONE && is_strict(options))
		judge_time(forks);
	if (forks->result->verdict == VERDICT_NONE)
		keep_order(forks);
	graph_release(&forks->graph);
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
	for (uint32_t i = 0; i < history->ops.count && result->reason == NULL; i++) {
		if (!is_understood(history, &history->ops.items[i]))
			tell_unknown(result,
				     mem_format("'%s' is not a transaction of "
						"reads and writes",
						history_f_name(history,
							       history->ops.items[i].f)));
		else if (!note_writes(&forks, i))
			tell_unknown(result, mem_string("a key is written twice, so that "
							"the order of its values is not "
							"known"));
	}
	if (result->verdict == VERDICT_NONE)
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

/* ---- proof: replay of the order, and a cycle among the operations ------------------- */

static bool
replay(const struct history *history, const struct op *op, struct value_ids *written)
{
	const struct values *values = &history->values;
	val txn = body_of(op);
	struct part part;

	for (size_t i = 0; i < fields_items(values, txn) && op->type == OP_OK; i++) {
		part_at(values, txn, i, &part);
		bool is_there = value_ids_find(written, part.key) != VALUE_ID_NONE;
		if (!part.is_write && is_there != (part.value != VAL_OF_NIL))
			return false;
	}
	for (size_t i = 0; i < fields_items(values, txn); i++) {
		part_at(values, txn, i, &part);
		if (part.is_write)
			value_ids_add(written, part.key);
	}
	return true;
}

static bool
certify_valid(const struct history *history, const struct order *order)
{
	struct value_ids written;
	bool *placed = mem_new(history->ops.count + 1, sizeof(*placed));
	bool holds = true;

	value_ids_init(&written, &history->values);
	for (size_t i = 0; i < order->count && holds; i++) {
		holds = !placed[order->ops[i]] &&
			history->ops.items[order->ops[i]].type != OP_FAIL &&
			replay(history, &history->ops.items[order->ops[i]], &written);
		placed[order->ops[i]] = true;
	}
	for (size_t i = 0; i < history->ops.count; i++)
		holds = holds && (placed[i] || history->ops.items[i].type != OP_OK);
	value_ids_release(&written);
	free(placed);
	return holds;
}

/* a wrote what b saw, or a missed what b wrote. */
static bool
data_precedes(const struct history *history, const struct op *a, const struct op *b)
{
	const struct values *values = &history->values;
	struct part x, y;

	for (size_t i = 0; i < fields_items(values, body_of(a)); i++)
		for (size_t j = 0; j < fields_items(values, body_of(b)); j++) {
			part_at(values, body_of(a), i, &x);
			part_at(values, body_of(b), j, &y);
			if (x.is_write == y.is_write || !val_equal(values, x.key, y.key))
				continue;
			if (x.is_write ? b->type == OP_OK &&
						 val_equal(values, x.value, y.value)
				       : a->type == OP_OK && x.value == VAL_OF_NIL)
				return true;
		}
	return false;
}

static bool
precedes(const struct history *history, const struct op *a, const struct op *b)
{
	return data_precedes(history, a, b) || a->complete_at < b->invoke_at;
}

/* The read saw something of the key that no transaction wrote with success. */
static bool
shows_value(const struct history *history, const struct anomaly *anomaly)
{
	const struct values *values = &history->values;
	const struct op *read = &history->ops.items[*vec_last(&anomaly->ops)];
	struct part seen, other;

	vec_each (uint32_t, i, &anomaly->ops)
		if (history->ops.items[*i].type == OP_OK)
			read = &history->ops.items[*i];
	for (size_t i = 0; i < fields_items(values, body_of(read)); i++) {
		part_at(values, body_of(read), i, &seen);
		bool is_written = seen.is_write || seen.value == VAL_OF_NIL;
		vec_each (struct op, op, &history->ops)
			for (size_t j = 0; j < fields_items(values, body_of(op)) &&
					   op->type != OP_FAIL && !is_written;
			     j++) {
				part_at(values, body_of(op), j, &other);
				is_written = other.is_write &&
					     val_equal(values, other.key, seen.key) &&
					     val_equal(values, other.value, seen.value);
			}
		if (!is_written)
			return true;
	}
	return false;
}

static bool
certify_anomaly(const struct history *history, const struct anomaly *anomaly)
{
	if (strstr(anomaly->name, "aborted") != NULL ||
	    strstr(anomaly->name, "unwritten") != NULL)
		return shows_value(history, anomaly);
	return cycles_hold(history, anomaly->ops.items, anomaly->ops.count,
			   strcmp(anomaly->name, "stale-read") == 0 ? precedes
								    : data_precedes);
}

static bool
long_fork_certify(const struct history *history, const struct check_options *options,
		  const struct check_result *result, struct err *err)
{
	bool holds = result->verdict == VERDICT_VALID
			     ? result->orders.count == 1 &&
				       certify_valid(history, result->orders.items)
			     : result->anomalies.count > 0;

	(void)options;
	vec_each (struct anomaly, anomaly, &result->anomalies)
		holds = holds && certify_anomaly(history, anomaly);
	return holds || err_set(err, "the transactions do not show it");
}

const struct checker checker_long_fork = {
	.name = "long-fork",
	.summary = "readers of keys that are written once agree on the order of writes",
	.fits = long_fork_fits,
	.check = long_fork_check,
	.certify = long_fork_certify,
};
