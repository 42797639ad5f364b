/* dirty_reads.c - nobody sees what was never committed, and what was acknowledged stays.
 *
 * Operations: write V (each value once; V may be a list: all rows get V); read (result: a
 * value, or a list of rows); strong-read (result: a list of all values: what is there in
 * the end, asked from each node). Jepsen has two checkers of that name: the one for
 * Galera (rows) and the one for Elasticsearch and Crate (strong reads). Both are here.
 *
 *	aborted-read      a read saw a value whose write failed.
 *	                  write 1 fail | read 1
 *	unwritten-read    a read saw a value that nobody wrote.
 *	dirty-read        a read saw a value that no strong read has that began after it:
 *	                  it was rolled back.
 *	                  write 1 info | read 1 | strong-read []
 *	lost-write        an acknowledged write is in no strong read that began after it.
 *	                  write 1 ok | strong-read []
 *	divergent-reads   a value is in some final strong reads and missing in another
 *	                  that began when it was known.
 *	                  write 1 ok | strong-read [1] | strong-read []
 *	fractured-read    the rows of one read differ (counted, and an anomaly only with
 *	                  the model "rows"; Galera's checker lets it pass).
 *	                  read [1 1 2]
 *
 * A strong read is final when it was invoked after every acknowledged write was over.
 * Without final ones a write that no strong read has is "unread", and the answer unknown.
 * Details: read-count, strong-read-count, on-some, on-all, dirty, lost, some-lost,
 * unseen (in the end there, and never read), nodes-agree, aborted, fractured.
 * O(total size of the reads). */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/jepsen/fields.h"
#include "checkers/tell.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct row {
	uint32_t write, ok_op, failed, read; /* ops; NONE */
	uint32_t ok_at;			     /* OP_NEVER: not acknowledged */
	uint32_t read_at;		     /* completion of the first read; OP_NEVER */
	uint32_t known_at;  /* first acknowledgement or sight; OP_NEVER */
	uint32_t missed_op; /* the last final strong read without it */
	uint32_t seen_op;   /* a strong read that has it */
	uint32_t seen_finally, mark;
	val value;
};

struct dirty {
	const struct history *history;
	struct check_result *result;
	bool judges_rows;
	struct value_ids ids;
	VEC(struct row) rows;
	uint32_t acked_at;    /* completion of the last acknowledged write */
	uint32_t last_strong; /* op: the strong read that was invoked last; NONE */
	uint64_t reads, strong, final;
	uint64_t on_some, on_all, dirty, lost, some_lost, unseen, aborted, fractured;
	uint64_t unread;
};

static bool
is_strong(const struct history *history, const struct op *op)
{
	return op->type == OP_OK && fields_is_f(history, op, "strong-read");
}

static bool
is_weak(const struct op *op)
{
	return op->type == OP_OK && op->f == F_READ && op->output != VAL_OF_NIL;
}

static int
dirty_reads_fits(const struct history *history)
{
	bool some_strong = false;

	vec_each (struct op, op, &history->ops) {
		bool strong = fields_is_f(history, op, "strong-read");
		if (!strong && op->f != F_READ && op->f != F_WRITE && op->f != F_REFRESH)
			return 0;
		some_strong |= strong;
	}
	return some_strong ? 70 : 0;
}

static struct row *
row_of(struct dirty *dirty, val v)
{
	uint32_t id = value_ids_add(&dirty->ids, v);

	if (id == dirty->rows.count)
		vec_push(&dirty->rows, (struct row){.write = NONE,
						    .ok_op = NONE,
						    .failed = NONE,
						    .read = NONE,
						    .ok_at = OP_NEVER,
						    .read_at = OP_NEVER,
						    .known_at = OP_NEVER,
						    .missed_op = NONE,
						    .seen_op = NONE,
						    .value = v});
	return &dirty->rows.items[id];
}

static void
note_known(struct row *row, const struct op *op)
{
	if (op->complete_at < row->known_at)
		row->known_at = op->complete_at;
}

static void
note_write(struct dirty *dirty, uint32_t index)
{
	const struct op *op = &dirty->history->ops.items[index];
	struct row *row = row_of(dirty, op->input);

	if (op->type == OP_FAIL) {
		row->failed = index;
		return;
	}
	row->write = row->write == NONE ? index : row->write;
	if (op->type != OP_OK || op->complete_at >= row->ok_at)
		return;
	row->ok_at = op->complete_at;
	row->ok_op = index;
	note_known(row, op);
	if (op->complete_at > dirty->acked_at)
		dirty->acked_at = op->complete_at;
}

static size_t
value_count(const struct dirty *dirty, const struct op *read)
{
	return val_kind(read->output) == VAL_LIST
		       ? val_count(&dirty->history->values, read->output)
		       : read->output != VAL_OF_NIL;
}

static val
value_at(const struct dirty *dirty, const struct op *read, size_t i)
{
	return val_kind(read->output) == VAL_LIST
		       ? val_at(&dirty->history->values, read->output, i)
		       : read->output;
}

static void
report_fracture(struct dirty *dirty, uint32_t index)
{
	struct buf text = {0};

	dirty->fractured++;
	if (!dirty->judges_rows)
		return;
	buf_string(&text, "the rows of one read differ, though each write sets all");
	tell(dirty->history, dirty->result, "fractured-read", VAL_OF_NIL, &text, &index,
	     1);
}

static void
note_read(struct dirty *dirty, uint32_t index)
{
	const struct op *op = &dirty->history->ops.items[index];
	bool differs = false;

	dirty->reads++;
	for (size_t i = 0; i < value_count(dirty, op); i++) {
		val v = value_at(dirty, op, i);
		differs |= i > 0 &&
			   !val_equal(&dirty->history->values, v, value_at(dirty, op, 0));
		struct row *row = row_of(dirty, v);
		if (v == VAL_OF_NIL || op->complete_at >= row->read_at)
			continue;
		row->read_at = op->complete_at;
		row->read = index;
		note_known(row, op);
	}
	if (differs)
		report_fracture(dirty, index);
}

static void
note_strong(struct dirty *dirty, uint32_t index)
{
	const struct op *op = &dirty->history->ops.items[index];
	bool is_final = op->invoke_at > dirty->acked_at;

	dirty->strong++;
	dirty->final += is_final;
	dirty->last_strong = index;
	for (size_t i = 0; i < value_count(dirty, op); i++) {
		struct row *row = row_of(dirty, value_at(dirty, op, i));
		if (row->mark == index + 1)
			continue;
		row->mark = index + 1;
		row->seen_op = index;
		note_known(row, op);
		row->seen_finally += is_final;
	}
	for (size_t id = 0; is_final && id < dirty->rows.count; id++)
		if (dirty->rows.items[id].mark != index + 1)
			dirty->rows.items[id].missed_op = index;
}

static void
report(struct dirty *dirty, const char *name, const struct row *row, const char *what,
       const uint32_t *ops, size_t count)
{
	struct buf text = {0};

	buf_string(&text, "value ");
	tell_value(dirty->history, row->value, &text);
	buf_printf(&text, " %s", what);
	tell(dirty->history, dirty->result, name, VAL_OF_NIL, &text, ops, count);
}

/* What was read, or stands there in the end, and should not. */
static void
judge_sight(struct dirty *dirty, const struct row *row)
{
	uint32_t sight = row->read != NONE ? row->read : row->seen_op;

	if (sight == NONE || row->write != NONE)
		return;
	dirty->aborted += row->failed != NONE;
	if (row->failed != NONE)
		report(dirty, "aborted-read", row, "was read although its write failed",
		       (uint32_t[]){row->failed, sight}, 2);
	else
		report(dirty, "unwritten-read", row, "was read although nobody wrote it",
		       &sight, 1);
}

/* Missing in all final strong reads: a loss when it was acknowledged, a rollback when it
 * was only read. */
static void
judge_absence(struct dirty *dirty, const struct row *row)
{
	const struct op *look = &dirty->history->ops.items[row->missed_op];

	if (row->ok_at != OP_NEVER) {
		dirty->lost++;
		report(dirty, "lost-write", row,
		       "was acknowledged, and no final strong read has it",
		       (uint32_t[]){row->ok_op, row->read, row->missed_op}, 3);
	} else if (row->read_at < look->invoke_at && row->write != NONE) {
		dirty->dirty++;
		report(dirty, "dirty-read", row,
		       "was read, and no final strong read has it: it was rolled back",
		       (uint32_t[]){row->write, row->read, row->missed_op}, 3);
	}
}

static void
judge_row(struct dirty *dirty, const struct row *row)
{
	bool is_known =
		row->ok_at != OP_NEVER || row->read != NONE || row->seen_op != NONE;

	dirty->on_some += row->seen_finally > 0;
	dirty->on_all += dirty->final > 0 && row->seen_finally == dirty->final;
	dirty->unseen += row->seen_finally > 0 && row->read == NONE;
	judge_sight(dirty, row);
	if (!is_known || dirty->strong == 0)
		return;
	if (dirty->final == 0 && row->ok_at != OP_NEVER)
		dirty->unread += row->seen_op == NONE;
	else if (row->seen_finally == 0 && row->missed_op != NONE)
		judge_absence(dirty, row);
	else if (row->seen_finally > 0 && row->missed_op != NONE &&
		 row->known_at < dirty->history->ops.items[row->missed_op].invoke_at) {
		dirty->some_lost++;
		report(dirty, "divergent-reads", row,
		       "is in one final strong read and missing in another",
		       (uint32_t[]){row->ok_op, row->seen_op, row->missed_op}, 3);
	}
}

static void
print_details(const struct dirty *d, struct buf *details)
{
	tell_number(details, "read-count", d->reads);
	tell_number(details, "strong-read-count", d->strong);
	tell_number(details, "final-read-count", d->final);
	tell_number(details, "on-some", d->on_some);
	tell_number(details, "on-all", d->on_all);
	tell_number(details, "dirty", d->dirty);
	tell_number(details, "lost", d->lost);
	tell_number(details, "some-lost", d->some_lost);
	tell_number(details, "unseen", d->unseen);
	tell_number(details, "aborted", d->aborted);
	tell_number(details, "fractured", d->fractured);
	tell_name(details, "nodes-agree");
	buf_string(details, d->some_lost == 0 ? "true" : "false");
}

static void
dirty_reads_check(const struct history *history, const struct check_options *options,
		  struct check_result *result)
{
	struct dirty dirty = {.history = history, .result = result, .last_strong = NONE};

	result->complexity = "O(total size of the reads)";
	result->operations = history->ops.count;
	dirty.judges_rows = options->model != NULL && strcmp(options->model, "rows") == 0;
	value_ids_init(&dirty.ids, &history->values);
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		if (op->f == F_WRITE)
			note_write(&dirty, i);
		else if (is_weak(op))
			note_read(&dirty, i);
	}
	for (uint32_t i = 0; i < history->ops.count; i++)
		if (is_strong(history, &history->ops.items[i]))
			note_strong(&dirty, i);
	vec_each (struct row, row, &dirty.rows)
		judge_row(&dirty, row);
	print_details(&dirty, &result->details);
	if (dirty.reads + dirty.strong == 0)
		tell_unknown(result, mem_string("nothing was ever read"));
	if (dirty.strong > 0 && dirty.final == 0)
		tell_unknown(result, mem_string("no strong read began after the last "
						"acknowledged write"));
	tell_end(result,
		 mem_string(dirty.strong > 0 ? "what was acknowledged or read is there "
					       "in the end"
					     : "no read saw a value that was not "
					       "committed"));
	value_ids_release(&dirty.ids);
	vec_release(&dirty.rows);
	/* Fractured and unwritten reads are not derived again. */
	result->is_unproven = result->verdict == VERDICT_INVALID;
}

/* ---- proof: the definitions again, value by value ----------------------------------- */

static bool
shows(const struct history *history, const struct op *read, val v)
{
	if (read->type != OP_OK || read->f == F_WRITE)
		return false;
	if (val_kind(read->output) != VAL_LIST)
		return val_equal(&history->values, read->output, v);
	for (size_t i = 0; i < val_count(&history->values, read->output); i++)
		if (val_equal(&history->values, val_at(&history->values, read->output, i),
			      v))
			return true;
	return false;
}

/* The listed operations as told: who writes, who sees, who misses. */
static bool
certify_anomaly(const struct history *history, const struct anomaly *anomaly)
{
	const struct op *write = NULL, *strong = NULL, *read = NULL;
	bool seen = false, missed = false, ok = false, wrote = false;

	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		write = op->f == F_WRITE ? op : write;
		strong = is_strong(history, op) ? op : strong;
		read = is_weak(op) ? op : read;
	}
	if (strcmp(anomaly->name, "fractured-read") == 0)
		return read != NULL && fields_items(&history->values, read->output) > 1;
	if (strcmp(anomaly->name, "unwritten-read") == 0)
		return read != NULL || strong != NULL;
	if (write == NULL)
		return strcmp(anomaly->name, "divergent-reads") == 0 && strong != NULL;
	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		seen |= shows(history, op, write->input);
		missed |= is_strong(history, op) && !shows(history, op, write->input) &&
			  (write->type != OP_OK || write->complete_at < op->invoke_at);
	}
	vec_each (struct op, op, &history->ops)
		if (op->f == F_WRITE &&
		    val_equal(&history->values, op->input, write->input)) {
			ok |= op->type == OP_OK;
			wrote |= op->type != OP_FAIL;
		}
	if (strcmp(anomaly->name, "aborted-read") == 0)
		return seen && !wrote;
	if (strcmp(anomaly->name, "lost-write") == 0)
		return ok && missed;
	return seen && missed;
}

static int
by_value(const void *a, const void *b, void *values)
{
	return val_compare(values, *(const val *)a, *(const val *)b);
}

struct sorted {
	const struct values *values;
	VEC(val) of;
};

static void
add_values(struct sorted *sorted, val answer)
{
	if (val_kind(answer) != VAL_LIST && answer != VAL_OF_NIL)
		vec_push(&sorted->of, answer);
	for (size_t i = 0; i < fields_items(sorted->values, answer); i++)
		vec_push(&sorted->of, fields_item(sorted->values, answer, i));
}

static void
sort_values(struct sorted *sorted)
{
	if (sorted->of.count > 0)
		qsort_r(sorted->of.items, sorted->of.count, sizeof(val), by_value,
			(void *)sorted->values);
}

static bool
has_value(const struct sorted *sorted, val v)
{
	size_t low = 0, high = sorted->of.count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = val_compare(sorted->values, sorted->of.items[middle], v);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static bool
are_within(const struct sorted *inner, const struct sorted *outer)
{
	for (size_t i = 0; i < inner->of.count; i++)
		if (inner->of.items[i] != VAL_OF_NIL &&
		    !has_value(outer, inner->of.items[i]))
			return false;
	return true;
}

/* What was seen had been written without failing; each final strong read has what was
 * acknowledged, and what weak reads saw before it began. */
static bool
certify_valid(const struct history *history)
{
	struct sorted written = {.values = &history->values}, acked = written,
		      all = written;
	uint32_t acked_at = 0;
	bool holds;

	vec_each (struct op, op, &history->ops) {
		if (op->f == F_WRITE && op->type != OP_FAIL)
			vec_push(&written.of, op->input);
		if (op->f == F_WRITE && op->type == OP_OK) {
			vec_push(&acked.of, op->input);
			acked_at =
				op->complete_at > acked_at ? op->complete_at : acked_at;
		}
		if (is_weak(op) || is_strong(history, op))
			add_values(&all, op->output);
	}
	sort_values(&written);
	holds = are_within(&all, &written);
	vec_each (struct op, look, &history->ops) {
		if (!is_strong(history, look) || look->invoke_at <= acked_at)
			continue;
		struct sorted seen = {.values = &history->values}, read = seen;
		add_values(&seen, look->output);
		sort_values(&seen);
		vec_each (struct op, op, &history->ops)
			if (is_weak(op) && op->complete_at < look->invoke_at)
				add_values(&read, op->output);
		holds = holds && are_within(&acked, &seen) && are_within(&read, &seen);
		vec_release(&seen.of);
		vec_release(&read.of);
	}
	vec_release(&written.of);
	vec_release(&acked.of);
	vec_release(&all.of);
	return holds;
}

static bool
dirty_reads_certify(const struct history *history, const struct check_options *options,
		    const struct check_result *result, struct err *err)
{
	bool holds = result->verdict == VERDICT_VALID ? certify_valid(history)
						      : result->anomalies.count > 0;

	(void)options;
	vec_each (struct anomaly, anomaly, &result->anomalies)
		holds = holds && certify_anomaly(history, anomaly);
	return holds || err_set(err, "the reads do not show it");
}

const struct checker checker_dirty_reads = {
	.name = "dirty-reads",
	.summary = "nobody reads what was not committed; what was committed stays",
	.fits = dirty_reads_fits,
	.check = dirty_reads_check,
	.certify = dirty_reads_certify,
};
