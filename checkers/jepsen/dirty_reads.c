/* dirty_reads.c - nobody sees what was never committed, and what was acknowledged stays.
 *
 * Operations: write V (each value once; V may be a list: all rows get V); read (result: a
 * value, or a list of rows); strong-read (result: a list of all values: what is there in
 * the end, asked from each node). Jepsen has two checkers of that name: the one for
 * Galera (rows) and the one for Elasticsearch and Crate (strong reads). Both are here.
 *
 *	aborted-read      a read saw a value whose write failed.
 *	                  write 1 fail | read 1
 *	unwritten-read    a read saw a value that nobody began to write before it was over.
 *	                  read 7
 *	dirty-read        a read saw a value that no strong read has, not even one that
 *	                  began after it: it was rolled back.
 *	                  write 1 info | read 1 | strong-read []
 *	lost-write        an acknowledged write is in no strong read, not even in one that
 *	                  began after it.
 *	                  write 1 ok | strong-read []
 *	divergent-reads   a value is in some strong reads and missing in another that began
 *	                  when it was known: acknowledged or seen.
 *	                  write 1 ok | strong-read [1] | strong-read []
 *	fractured-read    the rows of one read differ (counted, and an anomaly only with
 *	                  the model "rows"; Galera's checker lets it pass).
 *	                  read [1 1 2]
 *
 * What rows held at first, before any write, comes as the initial value (--init -1).
 * Each strong read must have what was known when it began. One is final when it was
 * invoked after every acknowledged write was over; without a final one the last writes
 * were never looked for, and the answer is unknown.
 * Details: read-count, strong-read-count, on-some, on-all, dirty, lost, some-lost,
 * unseen (in the end there, and never read), nodes-agree, aborted, fractured.
 * O(total size of the reads). */
#include "checkers/checker.h"

#include "base/mem.h"
#include "checkers/jepsen/dirty_reads.h"
#include "checkers/jepsen/fields.h"
#include "checkers/tell.h"
#include "checkers/value_ids.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	OP_BYTES = 160 /* of an operation: its row, and most of all in the proof */
};

#define NONE UINT32_MAX

struct row {
	uint32_t begun_at;	/* of the first write that did not fail; OP_NEVER */
	uint32_t known_at;	/* first acknowledgement or sight; OP_NEVER */
	uint32_t shown_at;	/* first sight, by any read; OP_NEVER */
	uint32_t write, failed; /* ops; NONE */
	uint32_t ok_op, known_op, shown_op, seen_op; /* seen_op: a strong read */
	uint32_t seen_times, mark;
	uint32_t run; /* so many of the last strong reads all have it */
	bool is_read; /* by a weak read */
	val value;
};

struct dirty {
	const struct history *history;
	struct check_result *result;
	val init;
	bool judges_rows;
	struct value_ids ids;
	VEC(struct row) rows;
	VEC(uint32_t) strong; /* ops: strong reads, by invocation */
	uint32_t acked_at;    /* completion of the last acknowledged write */
	uint64_t reads, finals;
	uint64_t on_some, on_all, dirty, lost, some_lost, unseen, aborted, fractured;
};

/* It read one number several times: rows that are written together, no set. */
static bool
shows_rows(const struct history *history, const struct op *op)
{
	const struct values *values = &history->values;
	size_t count = op->type == OP_OK ? fields_items(values, op->output) : 0;

	for (size_t i = 0; i < count; i++) {
		val row = fields_item(values, op->output, i);
		if (val_kind(row) != VAL_INT ||
		    !val_equal(values, row, fields_item(values, op->output, 0)))
			return false;
	}
	return count > 1;
}

static int
dirty_reads_fits(const struct history *history)
{
	bool some_strong = false, some_rows = false, all_numbers = true;

	vec_each (struct op, op, &history->ops) {
		bool strong = fields_is_f(history, op, "strong-read");
		if (!strong && op->f != F_READ && op->f != F_WRITE && op->f != F_REFRESH)
			return 0;
		some_strong |= strong;
		some_rows |= op->f == F_READ && shows_rows(history, op);
		all_numbers &= op->f != F_WRITE || val_kind(op->input) == VAL_INT;
	}
	return some_strong || (some_rows && all_numbers) ? 70 : 0;
}

static size_t
bytes_of(const struct dirty *dirty)
{
	return value_ids_bytes(&dirty->ids) + dirty->rows.capacity * sizeof(struct row) +
	       dirty->strong.capacity * sizeof(uint32_t);
}

static struct row *
row_of(struct dirty *dirty, val v)
{
	uint32_t id = value_ids_add(&dirty->ids, v);

	if (id == dirty->rows.count)
		vec_push(&dirty->rows, (struct row){.begun_at = OP_NEVER,
						    .known_at = OP_NEVER,
						    .shown_at = OP_NEVER,
						    .write = NONE,
						    .failed = NONE,
						    .ok_op = NONE,
						    .known_op = NONE,
						    .shown_op = NONE,
						    .seen_op = NONE,
						    .value = v});
	return &dirty->rows.items[id];
}

static void
note_known(struct row *row, uint32_t index, const struct op *op)
{
	if (op->complete_at >= row->known_at)
		return;
	row->known_at = op->complete_at;
	row->known_op = index;
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
	if (op->invoke_at < row->begun_at) {
		row->begun_at = op->invoke_at;
		row->write = index;
	}
	if (op->type != OP_OK)
		return;
	if (row->ok_op == NONE ||
	    op->complete_at < dirty->history->ops.items[row->ok_op].complete_at)
		row->ok_op = index;
	note_known(row, index, op);
	if (op->complete_at > dirty->acked_at)
		dirty->acked_at = op->complete_at;
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
note_sight(struct dirty *dirty, uint32_t index, val v, bool is_weak)
{
	const struct op *op = &dirty->history->ops.items[index];
	struct row *row = row_of(dirty, v);

	row->is_read |= is_weak;
	note_known(row, index, op);
	if (op->complete_at >= row->shown_at)
		return;
	row->shown_at = op->complete_at;
	row->shown_op = index;
}

/* Rows without a value say nothing. */
static void
note_read(struct dirty *dirty, uint32_t index, bool is_weak)
{
	const struct op *op = &dirty->history->ops.items[index];
	const struct values *values = &dirty->history->values;
	bool differs = false;

	for (size_t i = 0; i < dirty_reads_count(values, op); i++) {
		val v = dirty_reads_value(values, op, i);
		differs |= !val_equal(values, v, dirty_reads_value(values, op, 0));
		if (!dirty_reads_is_initial(values, v, dirty->init))
			note_sight(dirty, index, v, is_weak);
	}
	if (differs && is_weak)
		report_fracture(dirty, index);
}

/* From the last strong read to the first one: a row that all of those behind had,
 * and this one too, was seen once more without a gap. */
static void
note_strong(struct dirty *dirty, uint32_t index, uint32_t behind)
{
	const struct op *op = &dirty->history->ops.items[index];
	const struct values *values = &dirty->history->values;

	for (size_t i = 0; i < dirty_reads_count(values, op); i++) {
		val v = dirty_reads_value(values, op, i);
		struct row *row = !dirty_reads_is_initial(values, v, dirty->init)
					  ? row_of(dirty, v)
					  : NULL;
		if (row == NULL || row->mark == behind + 1)
			continue;
		row->mark = behind + 1;
		row->seen_op = index;
		row->seen_times++;
		row->run += row->run == behind;
	}
}

/* The last strong read that misses the row; NONE: all have it. */
static uint32_t
missed_op(const struct dirty *dirty, const struct row *row)
{
	size_t strong = dirty->strong.count;

	return row->run < strong ? dirty->strong.items[strong - 1 - row->run] : NONE;
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
	if (dirty->result->anomaly_count <= ANOMALIES_MAX)
		vec_last(&dirty->result->anomalies)->subject = row->value;
}

/* What was read, or stands there in the end, and should not. */
static void
judge_sight(struct dirty *dirty, const struct row *row)
{
	if (row->shown_op == NONE || row->begun_at < row->shown_at)
		return;
	bool is_aborted = row->failed != NONE && row->write == NONE;
	dirty->aborted += is_aborted;
	if (is_aborted)
		report(dirty, "aborted-read", row, "was read although its write failed",
		       (uint32_t[]){row->failed, row->shown_op}, 2);
	else
		report(dirty, "unwritten-read", row,
		       "was read although nobody had begun to write it (what rows held "
		       "at first is told with --init)",
		       (uint32_t[]){row->write, row->shown_op}, 2);
}

/* It was known when a strong read began that misses it. */
static void
judge_absence(struct dirty *dirty, const struct row *row, uint32_t missed)
{
	const struct op *ops = dirty->history->ops.items;
	bool is_acked =
		row->ok_op != NONE && ops[row->ok_op].complete_at < ops[missed].invoke_at;

	if (row->seen_times > 0) {
		dirty->some_lost++;
		report(dirty, "divergent-reads", row,
		       "is in one strong read and missing in another",
		       (uint32_t[]){row->known_op, row->seen_op, missed}, 3);
	} else if (is_acked) {
		dirty->lost++;
		report(dirty, "lost-write", row,
		       "was acknowledged, and no strong read has it",
		       (uint32_t[]){row->ok_op, row->shown_op, missed}, 3);
	} else {
		dirty->dirty++;
		report(dirty, "dirty-read", row,
		       "was read, and no strong read has it: it was rolled back",
		       (uint32_t[]){row->write, row->shown_op, missed}, 3);
	}
}

static void
judge_row(struct dirty *dirty, const struct row *row)
{
	const struct op *ops = dirty->history->ops.items;
	uint32_t missed = missed_op(dirty, row);
	size_t strong = dirty->strong.count;

	dirty->on_some += row->seen_times > 0;
	dirty->on_all += strong > 0 && row->seen_times == strong;
	dirty->unseen += row->seen_times > 0 && !row->is_read;
	judge_sight(dirty, row);
	if (missed != NONE && row->known_at < ops[missed].invoke_at)
		judge_absence(dirty, row, missed);
}

static void
print_details(const struct dirty *d, struct buf *details)
{
	tell_number(details, "read-count", d->reads);
	tell_number(details, "strong-read-count", d->strong.count);
	tell_number(details, "final-read-count", d->finals);
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

/* False: the budget is used up. */
static bool
take_all(struct dirty *dirty, const struct check_options *options)
{
	const struct history *history = dirty->history;

	if (tell_over_budget(options, history->ops.count * OP_BYTES, dirty->result))
		return false;
	for (uint32_t i = 0; i < history->ops.count; i++) {
		const struct op *op = &history->ops.items[i];
		bool is_weak = dirty_reads_is_weak(op);
		bool is_strong = dirty_reads_is_strong(history, op);
		if (tell_over_budget(options, bytes_of(dirty), dirty->result))
			return false;
		dirty->reads += is_weak;
		if (op->f == F_WRITE &&
		    !dirty_reads_is_initial(&history->values, op->input, dirty->init))
			note_write(dirty, i);
		else if (is_weak || is_strong)
			note_read(dirty, i, is_weak);
	}
	return true;
}

/* A strong read is final when it began after every acknowledged write was over. False: the
 * budget is used up. */
static bool
take_strong(struct dirty *dirty, const struct check_options *options)
{
	const struct history *history = dirty->history;

	for (uint32_t i = 0; i < history->ops.count; i++)
		if (dirty_reads_is_strong(history, &history->ops.items[i])) {
			vec_push(&dirty->strong, i);
			dirty->finals +=
				history->ops.items[i].invoke_at > dirty->acked_at;
		}
	for (size_t i = dirty->strong.count; i-- > 0;) {
		if (tell_over_budget(options, bytes_of(dirty), dirty->result))
			return false;
		note_strong(dirty, dirty->strong.items[i],
			    (uint32_t)(dirty->strong.count - 1 - i));
	}
	return true;
}

static void
dirty_reads_check(const struct history *history, const struct check_options *options,
		  struct check_result *result)
{
	struct dirty dirty = {
		.history = history, .result = result, .init = options->init};

	result->complexity = "O(total size of the reads)";
	result->operations = history->ops.count;
	dirty.judges_rows = dirty_reads_judges_rows(options);
	value_ids_init(&dirty.ids, &history->values);
	if (take_all(&dirty, options) && take_strong(&dirty, options))
		vec_each (struct row, row, &dirty.rows)
			judge_row(&dirty, row);
	print_details(&dirty, &result->details);
	if (dirty.reads + dirty.strong.count == 0)
		tell_unknown(result, mem_string("nothing was ever read"));
	if (dirty.strong.count > 0 && dirty.finals == 0)
		tell_unknown(result, mem_string("no strong read began after the last "
						"acknowledged write"));
	tell_end(result, mem_string(dirty.strong.count > 0
					    ? "what was acknowledged or read is there "
					      "in the end"
					    : "no read saw a value that was not "
					      "committed"));
	value_ids_release(&dirty.ids);
	vec_release(&dirty.rows);
	vec_release(&dirty.strong);
}

const struct checker checker_dirty_reads = {
	.name = "dirty-reads",
	.summary = "nobody reads what was not committed; what was committed stays",
	.fits = dirty_reads_fits,
	.check = dirty_reads_check,
	.certify = dirty_reads_certify,
	.knows_no_keys = true,
};
