/* The promises of monotonic_rows.h again, each looked up on its own: rows are put in the
 * order of their numbers and what is told of each is read off. */
#include "checkers/jepsen/monotonic_rows.h"

#include "base/mem.h"
#include "base/search.h"
#include "checkers/jepsen/fields.h"
#include "checkers/jepsen/monotonic.h"
#include "checkers/sort.h"

#include <stdlib.h>
#include <string.h>

/* What is told of a number: by one operation, then by all. */
struct fact {
	int64_t number;
	uint32_t known_at, shown_until; /* OP_NEVER, 0: not */
	bool has_failed, may_be_added;
};

struct facts {
	const struct key_ops *key;
	const struct values *values;
	VEC(struct fact) of;	/* by number, ascending */
	VEC(uint64_t) known_at; /* ascending */
	bool only_maps, is_grouped, in_time;
};

static bool
is_op_of(const struct facts *facts, const struct op *op)
{
	return val_equal(facts->values, op->key, facts->key->key);
}

static val
row_at(const struct facts *facts, const struct op *read, size_t i)
{
	return fields_item(facts->values, read->output, i);
}

static int64_t
number_at(const struct facts *facts, const struct op *read, size_t i)
{
	int64_t number = 0;

	monotonic_row(facts->values, row_at(facts, read, i), &number);
	return number;
}

/* ---- one read ------------------------------------------------------------------------- */

static int
by_number(const void *a, const void *b)
{
	int64_t x = ((const struct fact *)a)->number,
		y = ((const struct fact *)b)->number;

	return x < y ? -1 : x > y;
}

static bool
stamps_rise(const struct facts *facts, const struct op *read)
{
	for (size_t i = 1; i < fields_items(facts->values, read->output); i++)
		if (monotonic_compare_stamps(facts->values, row_at(facts, read, i - 1),
					     row_at(facts, read, i)) > 0)
			return false;
	return true;
}

/* Two rows of which the second one has the smaller number, of one process where only these
 * count: each row is compared with the one before it in its group. */
static bool
numbers_rise(const struct facts *facts, const struct op *read)
{
	size_t count = fields_items(facts->values, read->output);
	struct value_ids groups;
	VEC(int64_t) last = {0};
	bool holds = true;

	value_ids_init(&groups, facts->values);
	for (size_t i = 0; i < count; i++) {
		val row = row_at(facts, read, i);
		int64_t number = number_at(facts, read, i);
		uint32_t id = value_ids_add(
			&groups, facts->is_grouped ? monotonic_process(facts->values, row)
						   : VAL_OF_NIL);
		if (id == last.count)
			vec_push(&last, number);
		holds = holds && number >= last.items[id];
		last.items[id] = number;
	}
	vec_release(&last);
	value_ids_release(&groups);
	return holds;
}

static size_t
times_in(const struct facts *facts, const struct op *read, int64_t number)
{
	size_t times = 0;

	for (size_t i = 0; i < fields_items(facts->values, read->output); i++)
		times += number_at(facts, read, i) == number;
	return times;
}

static bool
are_distinct(const struct facts *facts, const struct op *read)
{
	size_t count = fields_items(facts->values, read->output);
	struct fact *rows = mem_new(count + 1, sizeof(*rows));
	bool holds = true;

	for (size_t i = 0; i < count; i++)
		rows[i].number = number_at(facts, read, i);
	qsort(rows, count, sizeof(*rows), by_number);
	for (size_t i = 1; i < count; i++)
		holds = holds && rows[i - 1].number != rows[i].number;
	free(rows);
	return holds;
}

/* ---- all of a key --------------------------------------------------------------------- */

static void
take_facts(struct facts *facts, const struct op *op)
{
	struct fact fact = {.known_at = OP_NEVER};

	if (op->f == F_ADD &&
	    monotonic_told(facts->values, op, facts->only_maps, &fact.number)) {
		fact.known_at = op->type == OP_OK ? op->complete_at : OP_NEVER;
		fact.has_failed = op->type == OP_FAIL && !facts->only_maps;
		fact.may_be_added = op->type != OP_FAIL;
		vec_push(&facts->of, fact);
	}
	for (size_t i = 0;
	     monotonic_is_rows(op) && i < fields_items(facts->values, op->output); i++) {
		fact.number = number_at(facts, op, i);
		fact.known_at = fact.shown_until = op->complete_at;
		vec_push(&facts->of, fact);
	}
}

/* One fact a number. */
static void
fold_facts(struct facts *facts)
{
	struct fact *of = facts->of.items;
	size_t kept = 0;

	for (size_t i = 0; i < facts->of.count; i++) {
		if (i == 0 || of[i].number != of[kept - 1].number) {
			of[kept++] = of[i];
			continue;
		}
		struct fact *to = &of[kept - 1];
		if (of[i].known_at < to->known_at)
			to->known_at = of[i].known_at;
		if (of[i].shown_until > to->shown_until)
			to->shown_until = of[i].shown_until;
		to->has_failed |= of[i].has_failed;
		to->may_be_added |= of[i].may_be_added;
	}
	facts->of.count = kept;
}

static void
facts_init(struct facts *facts, const struct key_ops *key, bool in_time)
{
	*facts = (struct facts){.key = key,
				.values = &key->history->values,
				.only_maps = monotonic_answers_maps(key),
				.is_grouped = !in_time && monotonic_is_split(key),
				.in_time = in_time};
	for (size_t i = 0; i < key->count; i++)
		take_facts(facts, key_op(key, i));
	if (facts->of.count > 0)
		qsort(facts->of.items, facts->of.count, sizeof(struct fact), by_number);
	fold_facts(facts);
	vec_each (struct fact, fact, &facts->of)
		vec_push(&facts->known_at, fact->known_at);
	sort_words(facts->known_at.items, facts->known_at.count);
}

static void
facts_release(struct facts *facts)
{
	vec_release(&facts->of);
	vec_release(&facts->known_at);
}

/* Everything that was known before the read began. */
static bool
is_complete(const struct facts *facts, const struct op *read)
{
	size_t known, shown = 0, at;

	search_first(known, 0, facts->known_at.count,
		     facts->known_at.items[known] < read->invoke_at);
	for (size_t i = 0; i < fields_items(facts->values, read->output); i++) {
		int64_t number = number_at(facts, read, i);
		search_first(at, 0, facts->of.count, facts->of.items[at].number < number);
		shown += facts->of.items[at].known_at < read->invoke_at;
	}
	return shown == known;
}

/* Nothing is gone from the last read on, nothing came behind it, nothing had failed. */
static bool
all_stay(const struct facts *facts)
{
	uint32_t begun = 0;
	bool is_read = false;

	for (size_t i = 0; i < facts->key->count; i++)
		if (monotonic_is_rows(key_op(facts->key, i))) {
			begun = key_op(facts->key, i)->invoke_at;
			is_read = true;
		}
	vec_each (struct fact, fact, &facts->of) {
		bool is_shown = fact->shown_until > begun;
		if (is_read && fact->known_at != OP_NEVER && !is_shown)
			return false;
		if (fact->has_failed && !fact->may_be_added && fact->shown_until > 0)
			return false;
	}
	return true;
}

static bool
key_holds(const struct key_ops *key, bool in_time)
{
	struct facts facts;

	facts_init(&facts, key, in_time);
	bool holds = all_stay(&facts);
	for (size_t i = 0; i < key->count && holds; i++) {
		const struct op *op = key_op(key, i);
		holds = !monotonic_is_rows(op) ||
			(stamps_rise(&facts, op) && numbers_rise(&facts, op) &&
			 are_distinct(&facts, op) &&
			 (!in_time || is_complete(&facts, op)));
	}
	facts_release(&facts);
	return holds;
}

bool
monotonic_rows_hold(const struct history *history, bool in_time)
{
	struct partition partition;
	bool holds = true;

	partition_init(&partition, history);
	for (size_t i = 0; i < partition_count(&partition) && holds; i++) {
		struct key_ops key = partition_at(&partition, i);
		holds = key_holds(&key, in_time);
	}
	partition_release(&partition);
	return holds;
}

/* ---- anomalies ------------------------------------------------------------------------ */

static bool
tells(const struct facts *facts, const struct op *op, int64_t number)
{
	int64_t told;

	if (op->f == F_ADD)
		return op->type == OP_OK &&
		       monotonic_told(facts->values, op, facts->only_maps, &told) &&
		       told == number;
	return monotonic_is_rows(op) && times_in(facts, op, number) > 0;
}

/* The teller was over when the read began, which does not show the number; nor does any
 * that ended since. */
static bool
is_lost(const struct facts *facts, const struct op *teller, const struct op *read,
	int64_t number)
{
	if (!tells(facts, teller, number) || teller->complete_at >= read->invoke_at ||
	    !monotonic_is_rows(read) || times_in(facts, read, number) > 0)
		return false;
	for (size_t i = 0; i < facts->key->count && !facts->in_time; i++) {
		const struct op *other = key_op(facts->key, i);
		if (monotonic_is_rows(other) && other->complete_at > read->invoke_at &&
		    times_in(facts, other, number) > 0)
			return false;
	}
	return true;
}

/* One of the two failed to add it, the other shows it, and nobody else may have added it. */
static bool
is_unexpected(const struct facts *facts, const struct op *a, const struct op *b,
	      int64_t number)
{
	const struct op *add = a->f == F_ADD ? a : b, *read = a->f == F_ADD ? b : a;
	int64_t told;

	if (add->f != F_ADD || add->type != OP_FAIL || facts->only_maps ||
	    !monotonic_told(facts->values, add, false, &told) || told != number ||
	    !tells(facts, read, number))
		return false;
	for (size_t i = 0; i < facts->key->count; i++) {
		const struct op *other = key_op(facts->key, i);
		if (other->f == F_ADD && other->type != OP_FAIL &&
		    monotonic_told(facts->values, other, false, &told) && told == number)
			return false;
	}
	return true;
}

static bool
is_shown(const struct facts *facts, const struct anomaly *anomaly)
{
	const struct op *ops = facts->key->history->ops.items;
	const struct op *first = &ops[anomaly->ops.items[0]];
	bool is_order = strcmp(anomaly->name, "nonmonotonic-order") == 0;
	int64_t number = 0;

	if (is_order && monotonic_is_rows(first))
		return !stamps_rise(facts, first) || !numbers_rise(facts, first);
	if (!fields_number(facts->values, anomaly->subject, &number))
		return false;
	if (strcmp(anomaly->name, "duplicate-element") == 0)
		return monotonic_is_rows(first) && times_in(facts, first, number) > 1;
	if (anomaly->ops.count != 2 || !is_op_of(facts, &ops[anomaly->ops.items[1]]))
		return false;
	const struct op *second = &ops[anomaly->ops.items[1]];
	return strcmp(anomaly->name, "lost-element") == 0
		       ? is_lost(facts, first, second, number)
		       : is_unexpected(facts, first, second, number);
}

bool
monotonic_rows_show(const struct history *history, const struct anomaly *anomaly,
		    bool in_time)
{
	struct partition partition;
	bool holds = false;

	if (anomaly->ops.count == 0)
		return false;
	partition_init(&partition, history);
	for (size_t i = 0; i < partition_count(&partition) && !holds; i++) {
		struct key_ops key = partition_at(&partition, i);
		struct facts facts;
		if (!val_equal(&history->values, key.key, anomaly->key))
			continue;
		facts_init(&facts, &key, in_time);
		holds = is_op_of(&facts, &history->ops.items[anomaly->ops.items[0]]) &&
			is_shown(&facts, anomaly);
		facts_release(&facts);
	}
	partition_release(&partition);
	return holds;
}
