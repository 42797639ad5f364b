/* staleness_check.c - the checker: what was measured, against the bounds that were asked. */
#include "base/text.h"
#include "checkers/budget.h"
#include "checkers/tell.h"
#include "checkers/weak/staleness.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- bounds --------------------------------------------------------------------------- */

/* One part of "2,50ms". */
static bool
parse_bound(const char *text, struct staleness_bounds *bounds, struct err *err)
{
	char *end;
	unsigned long versions = strtoul(text, &end, 10);

	if (end != text && *end == '\0') {
		bounds->versions = (uint32_t)versions;
		return (versions >= 1 && versions < UINT32_MAX) ||
		       err_set(err, "a bound of '%s' versions is less than one", text);
	}
	return text_duration(text, &bounds->ns, err);
}

bool
staleness_bounds_init(struct staleness_bounds *bounds,
		      const struct check_options *options, struct err *err)
{
	const char *level = options->level;

	*bounds = (struct staleness_bounds){UINT32_MAX, INT64_MAX, false};
	bounds->is_atomic =
		options->model != NULL && strstr(options->model, "atomic") != NULL;
	if (level == NULL)
		return true;
	char *copy = mem_string(level);
	char *comma = strchr(copy, ',');
	if (comma != NULL)
		*comma = '\0';
	bool ok = parse_bound(copy, bounds, err) &&
		  (comma == NULL || parse_bound(comma + 1, bounds, err));
	free(copy);
	return ok || err_context(err, "the bound of staleness '%s'", level);
}

/* ---- judging -------------------------------------------------------------------------- */

static void
judge_read(const struct observed *observed, const struct staleness *staleness,
	   const struct staleness_bounds *bounds, uint32_t read,
	   struct check_result *result)
{
	const struct op *ops = observed->history->ops.items;
	uint32_t source = observed->source[read], k = staleness->versions[read] + 1;
	int64_t ns = staleness_ns(observed, staleness, read);

	if (source == OBSERVED_UNWRITTEN)
		observed_report(observed, "unwritten-read",
				"a value was read that no write brought", read, OP_NEVER,
				result);
	else if (source < OBSERVED_NOTHING &&
		 ops[source].invoke_at > ops[read].complete_at)
		observed_report(observed, "future-read",
				"the value was read before its write began", read,
				OP_NEVER, result);
	else if (k > bounds->versions)
		observed_report(observed, "too-many-versions",
				"more writes than allowed came between the value and "
				"its read; the first to be over is shown",
				read, staleness->replacer[read], result);
	else if (ns > bounds->ns)
		observed_report(observed, "too-old",
				"the value had been replaced longer ago than allowed",
				read, staleness->replacer[read], result);
}

void
staleness_sum(const struct observed *observed, const struct staleness *staleness,
	      struct staleness_figures *figures)
{
	*figures = (struct staleness_figures){.versions_max = 1};
	for (uint32_t i = 0; i < observed->history->ops.count; i++) {
		if (!observed_is_answer(observed, i))
			continue;
		uint32_t k = staleness->versions[i] + 1;
		int64_t ns = staleness_ns(observed, staleness, i);
		figures->reads++;
		figures->stale += k > 1;
		if (k > figures->versions_max)
			figures->versions_max = k;
		if (ns > figures->ns_max)
			figures->ns_max = ns;
		figures->ns_sum += ns;
	}
}

static void
add_zone(const struct age_zone *zone, uint32_t *ops, size_t *count)
{
	if (zone->write != OBSERVED_INITIAL)
		ops[(*count)++] = zone->write;
	ops[(*count)++] = zone->first_op;
	ops[(*count)++] = zone->last_op;
}

/* Two values that alternate: each is there, by its first completion, before the other one
 * was read (or written) last. */
static void
report_zones(const struct observed *observed, const struct age_zones *zones,
	     const struct atomicity *atomicity, struct check_result *result)
{
	uint32_t ops[6];
	size_t count = 0;
	struct buf text = {0};
	const struct age_zone *first = &zones->items[atomicity->first];

	add_zone(first, ops, &count);
	add_zone(&zones->items[atomicity->second], ops, &count);
	uint32_t example = first->first_op != OP_NEVER ? first->first_op : first->last_op;
	buf_string(&text,
		   "two values were there by turns: no order of all operations is "
		   "left even when reads are taken to have begun as much earlier as "
		   "is allowed");
	tell(observed->history, result, "not-delta-atomic",
	     observed->history->ops.items[example].key, &text, ops, count);
}

static void
judge_atomicity(const struct observed *observed, const struct age_zones *zones,
		const struct staleness_bounds *bounds, const struct atomicity *atomicity,
		struct check_result *result)
{
	if (!bounds->is_atomic || !atomicity->has_delta)
		return;
	if (atomicity->delta_ns > bounds->ns)
		report_zones(observed, zones, atomicity, result);
	if (atomicity->k_least > bounds->versions &&
	    check_result_anomaly(result, "not-k-atomic", VAL_OF_NIL) != NULL)
		vec_last(&result->anomalies)->text = mem_format(
			"in every order of all operations some read returns none of the "
			"last %u writes\n",
			bounds->versions);
	else if (bounds->versions != UINT32_MAX && atomicity->k_most == 0)
		tell_unknown(result,
			     mem_format("that k is at least %u is known, not that "
					"it is at most %u",
					atomicity->k_least, bounds->versions));
}

/* ---- the checker ---------------------------------------------------------------------- */

void
staleness_print(const struct staleness_figures *figures,
		const struct atomicity *atomicity, struct buf *details)
{
	buf_printf(details,
		   "\"reads\":%" PRIu64 ",\"stale_reads\":%" PRIu64
		   ",\"versions_max\":%u,\"time_max_ns\":%" PRId64
		   ",\"stale_time_mean_ns\":%" PRId64,
		   figures->reads, figures->stale, figures->versions_max, figures->ns_max,
		   figures->stale > 0 ? figures->ns_sum / (int64_t)figures->stale : 0);
	if (atomicity->has_delta)
		buf_printf(details, ",\"delta_atomic_ns\":%" PRId64, atomicity->delta_ns);
	if (atomicity->has_delta)
		buf_printf(details, ",\"k_atomic_least\":%u,\"k_atomic_most\":%u",
			   atomicity->k_least, atomicity->k_most);
}

static char *
words_of(const struct staleness_figures *figures, const struct atomicity *atomicity)
{
	struct buf text = {0};

	buf_printf(&text,
		   "%" PRIu64 " of %" PRIu64
		   " reads were stale, by %u versions (1: fresh) and %.3f ms at most",
		   figures->stale, figures->reads, figures->versions_max,
		   (double)figures->ns_max / 1e6);
	if (atomicity->has_delta)
		buf_printf(&text, "; %u-atomic%s, %.3f ms-atomic", atomicity->k_least,
			   atomicity->k_most == 0 ? " at best" : "",
			   (double)atomicity->delta_ns / 1e6);
	return text.data;
}

static void
judge(const struct observed *observed, const struct staleness_bounds *bounds,
      const struct check_options *options, struct check_result *result)
{
	struct staleness_bounds alone = *bounds;
	struct staleness_figures figures;
	struct staleness staleness;
	struct age_zones zones;
	struct atomicity atomicity = {0};

	if (bounds->is_atomic)
		alone = (struct staleness_bounds){UINT32_MAX, INT64_MAX, true};
	age_zones_init(&zones, observed);
	bool is_done = staleness_measure(observed, &options->budget, &staleness);
	if (is_done) {
		staleness_sum(observed, &staleness, &figures);
		is_done = atomicity_measure(observed, &zones, options,
					    figures.versions_max, &atomicity);
	}
	for (uint32_t i = 0; is_done && i < observed->history->ops.count; i++)
		if (observed_is_answer(observed, i))
			judge_read(observed, &staleness, &alone, i, result);
	if (is_done) {
		judge_atomicity(observed, &zones, bounds, &atomicity, result);
		staleness_print(&figures, &atomicity, &result->details);
		tell_end(result, words_of(&figures, &atomicity));
	} else {
		tell_unknown(result, mem_string(BUDGET_TIME_IS_OVER));
	}
	staleness_release(&staleness);
	age_zones_release(&zones);
}

/* False when an event has an earlier time than one before it: then nothing can be said of
 * how old a value was. */
static bool
times_are_in_order(const struct history *history, struct err *err)
{
	int64_t *times = mem_new((size_t)history->events + 1, sizeof(*times)), latest = 0;
	bool ok = true;

	for (uint32_t i = 0; i < history->events; i++)
		times[i] = INT64_MAX; /* nothing happened there: an info completion */
	vec_each (const struct op, op, &history->ops) {
		times[op->invoke_at] = op->invoke_ns;
		if (op->complete_at != OP_NEVER)
			times[op->complete_at] = op->complete_ns;
	}
	for (uint32_t i = 0; ok && i < history->events; i++) {
		ok = times[i] >= latest ||
		     err_set(err, "the times of the events run backwards at event %u", i);
		latest = times[i] != INT64_MAX ? times[i] : latest;
	}
	free(times);
	return ok;
}

static void
staleness_check(const struct history *history, const struct check_options *options,
		struct check_result *result)
{
	struct staleness_bounds bounds;
	struct observed observed = {0};
	struct err err;

	result->complexity = "reads alone and delta: O(n log n); k from 2 on: frontier "
			     "engine";
	result->operations = history->ops.count;
	if (staleness_bounds_init(&bounds, options, &err) &&
	    times_are_in_order(history, &err) &&
	    observed_init(&observed, history, options, &err))
		judge(&observed, &bounds, options, result);
	else
		tell_unknown(result, mem_string(err.text));
	observed_release(&observed);
}

static int
never_chosen(const struct history *history)
{
	(void)history;
	return 0;
}

const struct checker checker_staleness = {
	.name = "staleness",
	.summary = "how old values were when read, in versions and in time",
	.fits = never_chosen,
	.check = staleness_check,
	.certify = staleness_certify,
};
