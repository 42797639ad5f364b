#include "checkers/jepsen/monotonic_rows.h"

#include "base/mem.h"
#include "checkers/jepsen/fields.h"
#include "checkers/jepsen/monotonic.h"
#include "checkers/sort.h"
#include "checkers/tell.h"

#include <inttypes.h>
#include <stdlib.h>

/* What is known of the row with a number. Operations are indexes into the history, moments
 * positions of events; OP_NEVER: none. */
struct life {
	val number;
	uint32_t known_at, knower; /* first told by an add, or shown by a read */
	uint32_t shown_until; /* the end of the last read that shows it; 0: none does */
	uint32_t failed;      /* an add of it that failed */
	bool may_be_added;    /* by one that did not fail */
	uint32_t mark;	      /* the read in which it was met last, + 1 */
};

/* Whose rows are looked at together. */
enum grouping {
	BY_NOTHING = 0,
	BY_PROCESS,
	BY_NODE,
	BY_TABLE,
	GROUPINGS,
};

struct place {
	val row;
	int64_t number;
	uint32_t mark; /* the read in which it stands, + 1 */
};

struct groups {
	struct value_ids ids;
	VEC(struct place) last; /* row of each */
};

struct totals {
	uint64_t rows, lost, duplicates, off_time, unread, reorders[GROUPINGS];
	size_t reads;
};

struct table {
	const struct key_ops *key;
	const struct values *values;
	struct check_result *result;
	struct totals *totals;
	struct value_ids numbers;
	VEC(struct life) lives; /* by id of the number */
	VEC(uint64_t) known;	/* known_at << 32 | id, ascending, for judging in time */
	struct groups groups[GROUPINGS];
	bool only_maps, in_time;
	enum grouping promised; /* whose order counts */
};

/* ---- what became of each row ---------------------------------------------------------- */

static struct life *
life_of(struct table *table, val row)
{
	val number =
		val_kind(row) == VAL_MAP ? fields_get(table->values, row, "val") : row;
	uint32_t id = value_ids_add(&table->numbers, number);

	if (id == table->lives.count)
		vec_push(&table->lives, (struct life){.number = number,
						      .known_at = OP_NEVER,
						      .knower = OP_NEVER,
						      .failed = OP_NEVER});
	return &table->lives.items[id];
}

static void
know(struct life *life, uint32_t index, uint32_t since)
{
	if (since >= life->known_at)
		return;
	life->known_at = since;
	life->knower = index;
}

static void
note_add(struct table *table, uint32_t index, const struct op *add)
{
	int64_t number;

	if (!monotonic_told(table->values, add, table->only_maps, &number))
		return;
	val row = add->output != VAL_OF_NIL ? add->output : add->input;
	struct life *life = life_of(table, row);
	if (add->type == OP_OK)
		know(life, index, add->complete_at);
	if (add->type == OP_FAIL && !table->only_maps)
		life->failed = index;
	life->may_be_added |= add->type != OP_FAIL;
}

static void
note_read(struct table *table, uint32_t index, const struct op *read)
{
	for (size_t i = 0; i < fields_items(table->values, read->output); i++) {
		struct life *life =
			life_of(table, fields_item(table->values, read->output, i));
		know(life, index, read->complete_at);
		if (read->complete_at > life->shown_until)
			life->shown_until = read->complete_at;
	}
	table->totals->reads++;
}

static void
note_all(struct table *table)
{
	for (size_t i = 0; i < table->key->count; i++) {
		const struct op *op = key_op(table->key, i);
		if (op->f == F_ADD)
			note_add(table, table->key->ops[i], op);
		else if (monotonic_is_rows(op))
			note_read(table, table->key->ops[i], op);
	}
}

/* ---- within a read -------------------------------------------------------------------- */

static void
report(struct table *table, const char *name, val number, struct buf *text,
       const uint32_t *ops, size_t count)
{
	bool is_kept = table->result->anomalies.count < ANOMALIES_MAX;

	tell(table->key->history, table->result, name, table->key->key, text, ops, count);
	if (is_kept)
		vec_last(&table->result->anomalies)->subject = number;
}

static void
report_row(struct table *table, uint32_t read, const struct place *before,
	   const struct place *after, const char *why)
{
	struct buf text = {0};

	buf_printf(&text, "the row %" PRId64 " stands behind the row %" PRId64 "%s",
		   after->number, before->number, why);
	report(table, "nonmonotonic-order", VAL_OF_NIL, &text, &read, 1);
}

static val
group_of(const struct values *values, val row, enum grouping grouping)
{
	switch (grouping) {
	case BY_PROCESS:
		return monotonic_process(values, row);
	case BY_NODE:
		return fields_get(values, row, "node");
	case BY_TABLE:
		return fields_get(values, row, "tb");
	default:
		return VAL_OF_NIL;
	}
}

/* The row of the group that stood before this one in the same read; NULL: none did. */
static struct place *
last_of(struct groups *groups, val group, uint32_t mark)
{
	uint32_t id = value_ids_add(&groups->ids, group);

	if (id == groups->last.count)
		vec_push(&groups->last, (struct place){0});
	return groups->last.items[id].mark == mark ? &groups->last.items[id] : NULL;
}

static void
judge_place(struct table *table, uint32_t read, const struct place *place,
	    enum grouping grouping)
{
	struct groups *groups = &table->groups[grouping];
	val group = group_of(table->values, place->row, grouping);

	if (grouping != BY_NOTHING && group == VAL_OF_NIL)
		return;
	const struct place *before = last_of(groups, group, place->mark);
	if (before != NULL && place->number < before->number) {
		table->totals->reorders[grouping]++;
		if (grouping == table->promised)
			report_row(table, read, before, place,
				   grouping == BY_PROCESS ? " of the same process" : "");
	}
	if (before != NULL && grouping == BY_NOTHING &&
	    monotonic_compare_stamps(table->values, before->row, place->row) > 0) {
		table->totals->off_time++;
		report_row(table, read, before, place, ", whose timestamp is greater");
	}
	groups->last.items[value_ids_find(&groups->ids, group)] = *place;
}

/* That it is not there twice, and that somebody may have added it. */
static void
judge_life(struct table *table, uint32_t read, val row, uint32_t mark)
{
	struct life *life = life_of(table, row);
	struct buf text = {0};

	if (life->mark == mark) {
		table->totals->duplicates++;
		buf_string(&text, "one read has two rows with the number ");
		tell_value(table->key->history, life->number, &text);
		report(table, "duplicate-element", life->number, &text, &read, 1);
	} else if (life->failed != OP_NEVER && !life->may_be_added) {
		buf_string(&text, "the row was read, though its add failed: ");
		tell_value(table->key->history, life->number, &text);
		report(table, "unexpected-element", life->number, &text,
		       (uint32_t[]){life->failed, read}, 2);
	}
	life->mark = mark;
}

static void
judge_read(struct table *table, uint32_t index, const struct op *read)
{
	struct place place = {.mark = index + 1};

	for (size_t i = 0; i < fields_items(table->values, read->output); i++) {
		place.row = fields_item(table->values, read->output, i);
		monotonic_row(table->values, place.row, &place.number);
		judge_life(table, index, place.row, place.mark);
		for (enum grouping by = BY_NOTHING; by < GROUPINGS; by++)
			judge_place(table, index, &place, by);
		table->totals->rows++;
	}
}

/* ---- what is missing ------------------------------------------------------------------ */

static void
report_lost(struct table *table, const struct life *life, uint32_t read, const char *why)
{
	struct buf text = {0};

	table->totals->lost++;
	buf_string(&text, "the row ");
	tell_value(table->key->history, life->number, &text);
	buf_string(&text, why);
	report(table, "lost-element", life->number, &text,
	       (uint32_t[]){life->knower, read}, 2);
}

/* Reads may be late, so a row is lost when nobody saw it any more from some read on: then
 * the last one is such a read. In time all reads are judged instead (judge_late). */
static void
judge_lost(struct table *table, uint32_t last_read)
{
	const struct op *ops = table->key->history->ops.items;
	uint32_t begun = last_read != OP_NEVER ? ops[last_read].invoke_at : 0;

	vec_each (struct life, life, &table->lives) {
		if (life->known_at == OP_NEVER)
			continue;
		if (!table->in_time && life->known_at < begun &&
		    life->shown_until < begun)
			report_lost(table, life, last_read,
				    " was there before the last read began, and is in "
				    "no read that ended since");
		table->totals->unread += life->known_at > begun && life->shown_until == 0;
	}
}

static void
report_missing(struct table *table, uint32_t read, size_t known)
{
	for (size_t i = 0; i < known; i++) {
		const struct life *life =
			&table->lives.items[(uint32_t)table->known.items[i]];
		if (life->mark != read + 1)
			report_lost(table, life, read,
				    " was there before the read began, and is not in it");
	}
}

/* Marks the rows of a read; returns how many of them were known before it began. */
static size_t
mark_known(struct table *table, uint32_t index, const struct op *read)
{
	size_t known = 0;

	for (size_t i = 0; i < fields_items(table->values, read->output); i++) {
		struct life *life =
			life_of(table, fields_item(table->values, read->output, i));
		known += life->mark != index + 1 && life->known_at < read->invoke_at;
		life->mark = index + 1;
	}
	return known;
}

/* In real time every read shows what was known before it began. */
static void
judge_late(struct table *table)
{
	size_t known = 0;

	for (size_t i = 0; i < table->lives.count; i++) {
		table->lives.items[i].mark = 0;
		vec_push(&table->known,
			 (uint64_t)table->lives.items[i].known_at << 32 | i);
	}
	sort_words(table->known.items, table->known.count);
	for (size_t i = 0; i < table->key->count; i++) {
		const struct op *op = key_op(table->key, i);
		if (!monotonic_is_rows(op))
			continue;
		while (known < table->known.count &&
		       table->known.items[known] >> 32 < op->invoke_at)
			known++;
		if (mark_known(table, table->key->ops[i], op) < known)
			report_missing(table, table->key->ops[i], known);
	}
}

/* ---- all keys ------------------------------------------------------------------------- */

static void
judge_reads(struct table *table)
{
	uint32_t last_read = OP_NEVER;

	for (size_t i = 0; i < table->key->count; i++)
		if (monotonic_is_rows(key_op(table->key, i))) {
			last_read = table->key->ops[i];
			judge_read(table, last_read, key_op(table->key, i));
		}
	judge_lost(table, last_read);
	if (table->in_time)
		judge_late(table);
}

static void
table_init(struct table *table, const struct key_ops *key)
{
	table->key = key;
	table->only_maps = monotonic_answers_maps(key);
	table->promised =
		!table->in_time && monotonic_is_split(key) ? BY_PROCESS : BY_NOTHING;
	value_ids_init(&table->numbers, table->values);
	for (size_t i = 0; i < GROUPINGS; i++)
		value_ids_init(&table->groups[i].ids, table->values);
}

/* The memory stays for the next key. */
static void
table_release(struct table *table)
{
	value_ids_release(&table->numbers);
	vec_release(&table->lives);
	vec_release(&table->known);
	for (size_t i = 0; i < GROUPINGS; i++) {
		value_ids_release(&table->groups[i].ids);
		vec_release(&table->groups[i].last);
	}
}

static size_t
bytes_of(const struct table *table)
{
	return value_ids_bytes(&table->numbers) +
	       table->lives.capacity * sizeof(struct life) +
	       (table->in_time ? table->lives.count * sizeof(uint64_t) : 0);
}

static void
judge_key(const struct key_ops *key, const struct check_options *options,
	  struct check_result *result, struct totals *totals)
{
	struct table table = {.values = &key->history->values,
			      .result = result,
			      .totals = totals,
			      .in_time = monotonic_is_strict(options)};

	table_init(&table, key);
	note_all(&table);
	if (!tell_over_budget(options, bytes_of(&table), result))
		judge_reads(&table);
	table_release(&table);
}

static void
tell_totals(const struct totals *totals, struct buf *details)
{
	static const char *const names[GROUPINGS] = {
		"value-reorders", "value-reorders-per-process", "value-reorders-per-node",
		"value-reorders-per-table"};

	tell_number(details, "rows", totals->rows);
	if (totals->reads == 0)
		return;
	tell_number(details, "lost", totals->lost);
	tell_number(details, "duplicates", totals->duplicates);
	tell_number(details, "order-by-errors", totals->off_time);
	for (size_t i = 0; i < GROUPINGS; i++)
		tell_number(details, names[i], totals->reorders[i]);
}

size_t
monotonic_rows_judge(const struct history *history, const struct check_options *options,
		     struct check_result *result)
{
	struct totals totals = {0};
	struct partition partition;

	partition_init(&partition, history);
	for (size_t i = 0; i < partition_count(&partition); i++) {
		struct key_ops key = partition_at(&partition, i);
		judge_key(&key, options, result, &totals);
	}
	partition_release(&partition);
	tell_totals(&totals, &result->details);
	if (totals.reads > 0 && totals.unread > 0)
		tell_unknown(result, mem_format("rows that were told after the last read "
						"began, and never read: %" PRIu64,
						totals.unread));
	return totals.reads;
}
