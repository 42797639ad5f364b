#include "checkers/jepsen/dirty_reads.h"

#include "base/mem.h"
#include "base/search.h"
#include "checkers/jepsen/fields.h"

#include <stdlib.h>
#include <string.h>

bool
dirty_reads_is_strong(const struct history *history, const struct op *op)
{
	return op->type == OP_OK && fields_is_f(history, op, "strong-read");
}

bool
dirty_reads_is_weak(const struct op *op)
{
	return op->type == OP_OK && op->f == F_READ && op->output != VAL_OF_NIL;
}

size_t
dirty_reads_count(const struct values *values, const struct op *read)
{
	return val_kind(read->output) == VAL_LIST ? val_count(values, read->output)
						  : read->output != VAL_OF_NIL;
}

val
dirty_reads_value(const struct values *values, const struct op *read, size_t i)
{
	return val_kind(read->output) == VAL_LIST ? val_at(values, read->output, i)
						  : read->output;
}

bool
dirty_reads_is_initial(const struct values *values, val row, val init)
{
	return row == VAL_OF_NIL || val_equal(values, row, init);
}

bool
dirty_reads_judges_rows(const struct check_options *options)
{
	return options->model != NULL && strcmp(options->model, "rows") == 0;
}

/* ---- values with the first moment of something ---------------------------------------- */

struct moment {
	val value;
	uint32_t at;
};

struct moments {
	const struct values *values;
	val init; /* teaches nothing */
	VEC(struct moment) of;
};

static int
by_value(const void *a, const void *b, void *values)
{
	const struct moment *x = a, *y = b;
	int order = val_compare(values, x->value, y->value);

	return order != 0 ? order : x->at < y->at ? -1 : x->at > y->at;
}

/* By value, each once with its first moment. */
static void
sort_first(struct moments *moments)
{
	size_t kept = 0;

	if (moments->of.count == 0)
		return;
	qsort_r(moments->of.items, moments->of.count, sizeof(struct moment), by_value,
		(void *)moments->values);
	for (size_t i = 1; i < moments->of.count; i++)
		if (!val_equal(moments->values, moments->of.items[kept].value,
			       moments->of.items[i].value))
			moments->of.items[++kept] = moments->of.items[i];
	moments->of.count = kept + 1;
}

/* The first moment of the value; OP_NEVER: it has none. */
static uint32_t
first_of(const struct moments *moments, val v)
{
	const struct moment *first = moments->of.items;
	size_t at;

	search_first(at, 0, moments->of.count,
		     val_compare(moments->values, first[at].value, v) < 0);
	return at < moments->of.count &&
			       val_compare(moments->values, first[at].value, v) == 0
		       ? first[at].at
		       : OP_NEVER;
}

static void
add_values(struct moments *moments, const struct op *read)
{
	for (size_t i = 0; i < dirty_reads_count(moments->values, read); i++) {
		val v = dirty_reads_value(moments->values, read, i);
		if (!dirty_reads_is_initial(moments->values, v, moments->init))
			vec_push(&moments->of, (struct moment){v, read->complete_at});
	}
}

/* ---- a valid verdict ------------------------------------------------------------------ */

static int
by_moment(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* How many of the sorted moments are before the position. */
static size_t
count_before(const uint32_t *moments, size_t count, uint32_t at)
{
	size_t first;

	search_first(first, 0, count, moments[first] < at);
	return first;
}

/* It has as many of the values known when it began as there are. */
static bool
has_all_known(const struct op *look, const struct moments *known, const uint32_t *when)
{
	struct moments seen = {.values = known->values, .init = known->init};
	size_t expected = count_before(when, known->of.count, look->invoke_at), met = 0;

	add_values(&seen, look);
	sort_first(&seen);
	vec_each (struct moment, moment, &seen.of)
		met += first_of(known, moment->value) < look->invoke_at;
	vec_release(&seen.of);
	return met == expected;
}

static bool
strong_have_all(const struct history *history, const struct moments *known)
{
	uint32_t *when = mem_new(known->of.count + 1, sizeof(*when));
	bool holds = true;

	for (size_t i = 0; i < known->of.count; i++)
		when[i] = known->of.items[i].at;
	qsort(when, known->of.count, sizeof(*when), by_moment);
	vec_each (struct op, op, &history->ops)
		if (holds && dirty_reads_is_strong(history, op))
			holds = has_all_known(op, known, when);
	free(when);
	return holds;
}

static bool
rows_agree(const struct values *values, const struct op *read)
{
	for (size_t i = 1; i < dirty_reads_count(values, read); i++)
		if (!val_equal(values, dirty_reads_value(values, read, i),
			       dirty_reads_value(values, read, 0)))
			return false;
	return true;
}

static bool
certify_valid(const struct history *history, const struct check_options *options)
{
	const struct values *values = &history->values;
	struct moments begun = {.values = values, .init = options->init};
	struct moments shown = begun, known = begun;
	bool judges_rows = dirty_reads_judges_rows(options);
	bool holds = true;

	vec_each (struct op, op, &history->ops) {
		if (op->f == F_WRITE &&
		    dirty_reads_is_initial(values, op->input, options->init))
			continue;
		if (op->f == F_WRITE && op->type != OP_FAIL)
			vec_push(&begun.of, (struct moment){op->input, op->invoke_at});
		if (op->f == F_WRITE && op->type == OP_OK)
			vec_push(&known.of, (struct moment){op->input, op->complete_at});
		if (!dirty_reads_is_weak(op) && !dirty_reads_is_strong(history, op))
			continue;
		holds = holds &&
			(!judges_rows || op->f != F_READ || rows_agree(values, op));
		add_values(&shown, op);
		add_values(&known, op);
	}
	sort_first(&begun);
	sort_first(&shown);
	sort_first(&known);
	vec_each (struct moment, moment, &shown.of)
		holds = holds && first_of(&begun, moment->value) < moment->at;
	holds = holds && strong_have_all(history, &known);
	vec_release(&begun.of);
	vec_release(&shown.of);
	vec_release(&known.of);
	return holds;
}

/* ---- anomalies: of one value, by the listed operations -------------------------------- */

static bool
shows(const struct history *history, const struct op *read, val v)
{
	if (!dirty_reads_is_weak(read) && !dirty_reads_is_strong(history, read))
		return false;
	for (size_t i = 0; i < dirty_reads_count(&history->values, read); i++)
		if (val_equal(&history->values,
			      dirty_reads_value(&history->values, read, i), v))
			return true;
	return false;
}

/* Whether somebody wrote the value who did not fail, and began before the position; and
 * whether anybody failed to. */
static bool
is_begun(const struct history *history, val v, uint32_t at, bool *is_failed)
{
	bool is_written = false;

	*is_failed = false;
	vec_each (struct op, op, &history->ops) {
		if (op->f != F_WRITE || !val_equal(&history->values, op->input, v))
			continue;
		is_written |= op->type != OP_FAIL && op->invoke_at < at;
		*is_failed |= op->type == OP_FAIL;
	}
	return is_written;
}

/* A listed read shows the value, and nobody had begun to write it. */
static bool
shows_stranger(const struct history *history, const struct anomaly *anomaly)
{
	bool is_abort = strcmp(anomaly->name, "aborted-read") == 0, is_failed;

	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *read = &history->ops.items[*i];
		uint32_t at = is_abort ? OP_NEVER : read->complete_at;
		if (shows(history, read, anomaly->subject) &&
		    !is_begun(history, anomaly->subject, at, &is_failed) &&
		    (!is_abort || is_failed))
			return true;
	}
	return false;
}

/* Acknowledged, or shown where `by_sight`, by a listed operation before the position. */
static bool
is_known(const struct history *history, const struct anomaly *anomaly, uint32_t at,
	 bool by_sight)
{
	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		bool is_ack = op->f == F_WRITE && op->type == OP_OK &&
			      val_equal(&history->values, op->input, anomaly->subject);
		bool is_sight = by_sight && shows(history, op, anomaly->subject);
		if ((is_ack || is_sight) && op->complete_at < at)
			return true;
	}
	return false;
}

/* A listed strong read misses what was known when it began. */
static bool
shows_absence(const struct history *history, const struct anomaly *anomaly)
{
	bool is_loss = strcmp(anomaly->name, "lost-write") == 0;
	bool diverges = strcmp(anomaly->name, "divergent-reads") == 0;
	bool is_missed = false, is_there = false;

	vec_each (uint32_t, i, &anomaly->ops) {
		const struct op *op = &history->ops.items[*i];
		is_missed |= dirty_reads_is_strong(history, op) &&
			     !shows(history, op, anomaly->subject) &&
			     is_known(history, anomaly, op->invoke_at, !is_loss);
	}
	vec_each (struct op, op, &history->ops)
		is_there |= shows(history, op, anomaly->subject) &&
			    dirty_reads_is_strong(history, op);
	return is_missed && is_there == diverges;
}

static bool
certify_anomaly(const struct history *history, const struct check_options *options,
		const struct anomaly *anomaly)
{
	const struct op *first = &history->ops.items[anomaly->ops.items[0]];

	if (strcmp(anomaly->name, "fractured-read") == 0)
		return dirty_reads_judges_rows(options) && dirty_reads_is_weak(first) &&
		       !rows_agree(&history->values, first);
	if (dirty_reads_is_initial(&history->values, anomaly->subject, options->init))
		return false;
	if (strcmp(anomaly->name, "aborted-read") == 0 ||
	    strcmp(anomaly->name, "unwritten-read") == 0)
		return shows_stranger(history, anomaly);
	return shows_absence(history, anomaly);
}

bool
dirty_reads_certify(const struct history *history, const struct check_options *options,
		    const struct check_result *result, struct err *err)
{
	if (result->verdict == VERDICT_VALID)
		return certify_valid(history, options) ||
		       err_set(err, "a read shows too much, or too little");
	vec_each (struct anomaly, anomaly, &result->anomalies)
		if (!certify_anomaly(history, options, anomaly))
			return err_set(err, "the operations of '%s' do not show it",
				       anomaly->name);
	return result->anomalies.count > 0 || err_set(err, "no anomaly is told");
}
