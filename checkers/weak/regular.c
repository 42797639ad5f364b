#include "checkers/weak/regular.h"

#include "base/search.h"
#include "checkers/budget.h"
#include "checkers/weak/observed.h"

#include <inttypes.h>
#include <string.h>

#define NONE UINT32_MAX

/* What the sweep knows of a key at the present event. */
struct moment {
	uint32_t latest; /* of the completed writes, the one that began last; NONE */
	uint32_t open;	 /* writes that began and are not over */
	uint32_t begun;	 /* writes that began so far */
};

struct sweep {
	const struct observed *observed;
	bool is_safe;
	struct moment *moments; /* owned, by key */
	uint32_t *latest_of;	/* owned, by read: `latest` when it began */
	uint32_t *begun_of;	/* owned, by read: `begun` when it began; NONE: a write
				      was open */
	uint64_t reads, overlapped; /* judged, and left out */
	struct check_result *result;
};

static const struct op *
op_of(const struct sweep *sweep, uint32_t i)
{
	return &sweep->observed->history->ops.items[i];
}

static bool
is_replaced(const struct sweep *sweep, uint32_t source, uint32_t latest)
{
	if (latest == NONE)
		return false;
	return source == OBSERVED_INITIAL ||
	       op_of(sweep, source)->complete_at < op_of(sweep, latest)->invoke_at;
}

static uint32_t
failed_write_of(const struct sweep *sweep, uint32_t read)
{
	const struct history *history = sweep->observed->history;

	for (uint32_t i = 0; i < history->ops.count; i++)
		if (op_of(sweep, i)->f == F_WRITE && op_of(sweep, i)->type == OP_FAIL &&
		    sweep->observed->key[i] == sweep->observed->key[read] &&
		    val_equal(&history->values, op_of(sweep, i)->input,
			      op_of(sweep, read)->output))
			return i;
	return OP_NEVER;
}

static void
report_unwritten(struct sweep *sweep, uint32_t read)
{
	bool is_room = sweep->result->anomalies.count < ANOMALIES_MAX;
	uint32_t failed = is_room ? failed_write_of(sweep, read) : OP_NEVER;
	bool has_failed = failed != OP_NEVER;

	observed_report(sweep->observed,
			has_failed ? "failed-write-read" : "unwritten-read",
			has_failed ? "a value was read although its write failed"
				   : "a value was read that nobody wrote",
			read, failed, sweep->result);
}

static void
judge_read(struct sweep *sweep, uint32_t read)
{
	uint32_t source = sweep->observed->source[read];

	sweep->reads++;
	if (source == OBSERVED_UNWRITTEN)
		report_unwritten(sweep, read);
	else if (is_replaced(sweep, source, sweep->latest_of[read]))
		observed_report(sweep->observed, "stale-read",
				"the value was replaced before the read began", read,
				sweep->latest_of[read], sweep->result);
	else if (source != OBSERVED_INITIAL &&
		 op_of(sweep, source)->invoke_at > op_of(sweep, read)->complete_at)
		observed_report(sweep->observed, "future-read",
				"the value was read before its write began", read,
				OP_NEVER, sweep->result);
}

static void
sweep_read(struct sweep *sweep, uint32_t i, bool is_completion)
{
	struct moment *moment = &sweep->moments[sweep->observed->key[i]];

	if (!is_completion) {
		sweep->latest_of[i] = moment->latest;
		sweep->begun_of[i] = moment->open > 0 ? NONE : moment->begun;
	} else if (sweep->is_safe && sweep->begun_of[i] != moment->begun) {
		sweep->overlapped++;
	} else {
		judge_read(sweep, i);
	}
}

static void
sweep_write(struct sweep *sweep, uint32_t i, bool is_completion)
{
	struct moment *moment = &sweep->moments[sweep->observed->key[i]];

	if (!is_completion) {
		moment->open++;
		moment->begun++;
		return;
	}
	moment->open--;
	if (moment->latest == NONE ||
	    op_of(sweep, moment->latest)->invoke_at < op_of(sweep, i)->invoke_at)
		moment->latest = i;
}

/* False: stopped. */
static bool
sweep_events(struct sweep *sweep, const struct budget *budget)
{
	const struct observed *observed = sweep->observed;

	for (uint32_t k = 0; k < observed->key_count; k++)
		sweep->moments[k].latest = NONE;
	for (uint32_t e = 0; e < observed->event_count; e++) {
		uint32_t i = observed->events[e] / 2;
		bool is_completion = observed->events[e] % 2;
		if (e % 65536 == 0 && budget_is_over(budget))
			return false;
		if (observed_is_write(observed, i))
			sweep_write(sweep, i, is_completion);
		else if (observed_is_answer(observed, i))
			sweep_read(sweep, i, is_completion);
	}
	return true;
}

static void
conclude(const struct sweep *sweep, bool is_done, struct check_result *result)
{
	const char *name = sweep->is_safe ? "safe" : "regular";

	buf_printf(&result->details,
		   "\"reads\":%" PRIu64 ",\"reads_during_writes\":%" PRIu64, sweep->reads,
		   sweep->overlapped);
	if (result->verdict == VERDICT_INVALID) {
		result->reason =
			mem_format("not %s: %s, %" PRIu64 " of %" PRIu64 " reads judged",
				   name, result->anomalies.items[0].name,
				   result->anomaly_count, sweep->reads);
	} else if (!is_done) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(BUDGET_TIME_IS_OVER);
	} else {
		result->verdict = VERDICT_VALID;
		result->reason =
			mem_format("%s, %" PRIu64 " reads judged", name, sweep->reads);
	}
}

static void
check(const struct history *history, const struct check_options *options, bool is_safe,
      struct check_result *result)
{
	struct observed observed;
	struct sweep sweep = {
		.observed = &observed, .is_safe = is_safe, .result = result};
	struct err err;

	result->complexity = "one sweep over the events: O(n)";
	result->operations = history->ops.count;
	if (!observed_init(&observed, history, options, &err)) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
		return;
	}
	sweep.moments = mem_new((size_t)observed.key_count + 1, sizeof(*sweep.moments));
	sweep.latest_of = mem_new(history->ops.count + 1, sizeof(uint32_t));
	sweep.begun_of = mem_new(history->ops.count + 1, sizeof(uint32_t));
	bool is_done = sweep_events(&sweep, &options->budget);
	conclude(&sweep, is_done, result);
	free(sweep.moments);
	free(sweep.latest_of);
	free(sweep.begun_of);
	observed_release(&observed);
}

/* ---- the proof --------------------------------------------------------------------- */

/* The writes of a key by completion, each with the latest beginning so far. */
struct done {
	uint32_t key, complete_at, latest_begin;
};

static int
by_key_and_completion(const void *a, const void *b)
{
	const struct done *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->complete_at < y->complete_at ? -1 : x->complete_at > y->complete_at;
}

static struct done *
sort_writes(const struct observed *observed, size_t *count)
{
	size_t ops = observed->history->ops.count;
	struct done *done = mem_new(ops + 1, sizeof(*done));

	*count = 0;
	for (uint32_t i = 0; i < ops; i++) {
		const struct op *op = &observed->history->ops.items[i];
		if (observed_is_write(observed, i))
			done[(*count)++] = (struct done){observed->key[i],
							 op->complete_at, op->invoke_at};
	}
	qsort(done, *count, sizeof(*done), by_key_and_completion);
	for (size_t i = 1; i < *count; i++)
		if (done[i - 1].key == done[i].key &&
		    done[i - 1].latest_begin > done[i].latest_begin)
			done[i].latest_begin = done[i - 1].latest_begin;
	return done;
}

/* A write of the key began after `after` (0: at all) and was over before the read. */
static bool
has_between(const struct done *done, size_t count, uint32_t key, int64_t after,
	    uint32_t before)
{
	size_t first;
	struct done wanted = {key, before, 0};

	search_first(first, 0, count, by_key_and_completion(&done[first], &wanted) < 0);
	return first > 0 && done[first - 1].key == key &&
	       (int64_t)done[first - 1].latest_begin > after;
}

static bool
is_read_regular(const struct observed *observed, const struct done *done, size_t count,
		uint32_t read)
{
	const struct op *ops = observed->history->ops.items;
	uint32_t source = observed->source[read];
	int64_t replaced_after = -1;

	if (source == OBSERVED_UNWRITTEN)
		return false;
	if (source != OBSERVED_INITIAL) {
		if (ops[source].invoke_at > ops[read].complete_at)
			return false;
		replaced_after = ops[source].complete_at;
	}
	return !has_between(done, count, observed->key[read], replaced_after,
			    ops[read].invoke_at);
}

/* Only asked of the few reads that are not regular. */
static bool
overlaps_write(const struct observed *observed, uint32_t read)
{
	const struct op *ops = observed->history->ops.items;

	for (uint32_t i = 0; i < observed->history->ops.count; i++)
		if (observed_is_write(observed, i) &&
		    observed->key[i] == observed->key[read] &&
		    ops[i].invoke_at < ops[read].complete_at &&
		    ops[i].complete_at > ops[read].invoke_at)
			return true;
	return false;
}

static bool
is_read_broken(const struct observed *observed, const struct done *done, size_t count,
	       bool is_safe, uint32_t read)
{
	return observed_is_answer(observed, read) &&
	       !is_read_regular(observed, done, count, read) &&
	       !(is_safe && overlaps_write(observed, read));
}

static bool
certify(const struct history *history, const struct check_options *options, bool is_safe,
	const struct check_result *result, struct err *err)
{
	struct observed observed;
	size_t count = 0;
	bool holds = observed_init(&observed, history, options, err);
	struct done *done = holds ? sort_writes(&observed, &count) : NULL;

	for (uint32_t i = 0;
	     holds && result->verdict == VERDICT_VALID && i < history->ops.count; i++)
		if (is_read_broken(&observed, done, count, is_safe, i))
			holds = err_set(err, "read %u is not allowed", i);
	vec_each (const struct anomaly, anomaly, &result->anomalies) {
		bool shows = false;
		vec_each (const uint32_t, i, &anomaly->ops)
			shows = shows || (holds && is_read_broken(&observed, done, count,
								  is_safe, *i));
		if (holds && !shows)
			holds = err_set(err, "the reads of '%s' are allowed",
					anomaly->name);
	}
	free(done);
	observed_release(&observed);
	return holds;
}

static int
never_chosen(const struct history *history)
{
	(void)history;
	return 0;
}

static void
regular_check(const struct history *history, const struct check_options *options,
	      struct check_result *result)
{
	check(history, options, false, result);
}

static void
safe_check(const struct history *history, const struct check_options *options,
	   struct check_result *result)
{
	check(history, options, true, result);
}

static bool
regular_certify(const struct history *history, const struct check_options *options,
		const struct check_result *result, struct err *err)
{
	return certify(history, options, false, result, err);
}

static bool
safe_certify(const struct history *history, const struct check_options *options,
	     const struct check_result *result, struct err *err)
{
	return certify(history, options, true, result, err);
}

const struct checker checker_regular = {
	.name = "regular",
	.summary = "every read alone, with all writes, is linearizable",
	.fits = never_chosen,
	.check = regular_check,
	.certify = regular_certify,
};

const struct checker checker_safe = {
	.name = "safe",
	.summary = "regular, asked only of reads during which nobody writes",
	.fits = never_chosen,
	.check = safe_check,
	.certify = safe_certify,
};
