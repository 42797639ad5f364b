#include "checkers/weak/staleness.h"

#include "base/text.h"

#include <inttypes.h>
#include <string.h>

#define NONE UINT32_MAX

/* ---- measuring --------------------------------------------------------------------- */

struct sweep {
	const struct observed *observed;
	struct staleness *staleness;
	uint32_t *done;	       /* by key: acknowledged writes that are over */
	uint32_t *begun;       /* by key: acknowledged writes that began */
	uint32_t *begun_at;    /* by write: `begun` when it was over */
	uint32_t *open;	       /* by key: the newest of the open acknowledged writes */
	uint32_t *next, *prev; /* by write: its neighbours among the open ones */
	uint32_t *first_done;  /* by key, backwards: of the writes that began later, the
				  one that was over first */
	uint32_t *replacer;    /* by write: `first_done` when it was over */
};

static const struct op *
op_of(const struct sweep *sweep, uint32_t i)
{
	return &sweep->observed->history->ops.items[i];
}

static bool
is_acknowledged(const struct sweep *sweep, uint32_t i)
{
	return op_of(sweep, i)->f == F_WRITE && op_of(sweep, i)->type == OP_OK;
}

static void
open_write(struct sweep *sweep, uint32_t i)
{
	uint32_t key = sweep->observed->key[i];

	sweep->begun[key]++;
	sweep->prev[i] = NONE;
	sweep->next[i] = sweep->open[key];
	if (sweep->open[key] != NONE)
		sweep->prev[sweep->open[key]] = i;
	sweep->open[key] = i;
}

static void
close_write(struct sweep *sweep, uint32_t i)
{
	uint32_t key = sweep->observed->key[i];

	sweep->done[key]++;
	sweep->begun_at[i] = sweep->begun[key];
	if (sweep->next[i] != NONE)
		sweep->prev[sweep->next[i]] = sweep->prev[i];
	if (sweep->prev[i] != NONE)
		sweep->next[sweep->prev[i]] = sweep->next[i];
	else
		sweep->open[key] = sweep->next[i];
}

/* Acknowledged writes that began after the source was over and were over before now: all
 * that are over, less those that began before the source was over. */
static uint32_t
versions_since(const struct sweep *sweep, uint32_t key, uint32_t source)
{
	uint32_t began_before = 0;

	if (source == OBSERVED_INITIAL)
		return sweep->done[key];
	if (source >= OBSERVED_NOTHING || sweep->begun_at[source] == 0)
		return 0; /* no write, of unknown outcome, or not over */
	began_before = sweep->begun_at[source];
	for (uint32_t i = sweep->open[key]; i != NONE; i = sweep->next[i])
		if (op_of(sweep, i)->invoke_at < op_of(sweep, source)->complete_at)
			began_before--;
	return sweep->done[key] - began_before;
}

static void
sweep_forward(struct sweep *sweep)
{
	const struct observed *observed = sweep->observed;

	for (uint32_t e = 0; e < observed->event_count; e++) {
		uint32_t i = observed->events[e] / 2;
		bool is_completion = observed->events[e] % 2;
		if (is_acknowledged(sweep, i)) {
			if (is_completion)
				close_write(sweep, i);
			else
				open_write(sweep, i);
		} else if (!is_completion && observed_is_answer(observed, i)) {
			sweep->staleness->versions[i] = versions_since(
				sweep, observed->key[i], observed->source[i]);
		}
	}
}

static void
sweep_backward(struct sweep *sweep)
{
	const struct observed *observed = sweep->observed;

	for (uint32_t e = observed->event_count; e-- > 0;) {
		uint32_t i = observed->events[e] / 2;
		uint32_t *first = &sweep->first_done[observed->key[i]];
		if (!is_acknowledged(sweep, i))
			continue;
		if (observed->events[e] % 2)
			sweep->replacer[i] = *first;
		else if (*first == NONE ||
			 op_of(sweep, i)->complete_at < op_of(sweep, *first)->complete_at)
			*first = i;
	}
}

static void
find_replacers(struct sweep *sweep)
{
	const struct observed *observed = sweep->observed;

	for (uint32_t i = 0; i < observed->history->ops.count; i++) {
		uint32_t source = observed->source[i], replacer = NONE;
		if (source == OBSERVED_INITIAL)
			replacer = sweep->first_done[observed->key[i]];
		else if (source < OBSERVED_NOTHING)
			replacer = sweep->replacer[source];
		if (replacer != NONE &&
		    op_of(sweep, replacer)->complete_at > op_of(sweep, i)->invoke_at)
			replacer = NONE;
		sweep->staleness->replacer[i] = replacer;
	}
}

static uint32_t *
nones(size_t count)
{
	uint32_t *items = mem_new(count + 1, sizeof(*items));

	memset(items, 0xff, count * sizeof(*items));
	return items;
}

void
staleness_measure(const struct observed *observed, struct staleness *staleness)
{
	size_t ops = observed->history->ops.count, keys = observed->key_count;
	struct sweep sweep = {.observed = observed, .staleness = staleness};

	staleness->versions = mem_new(ops + 1, sizeof(uint32_t));
	staleness->replacer = nones(ops);
	sweep.done = mem_new(keys + 1, sizeof(uint32_t));
	sweep.begun = mem_new(keys + 1, sizeof(uint32_t));
	sweep.begun_at = mem_new(ops + 1, sizeof(uint32_t));
	sweep.open = nones(keys);
	sweep.next = nones(ops);
	sweep.prev = nones(ops);
	sweep.first_done = nones(keys);
	sweep.replacer = nones(ops);
	sweep_forward(&sweep);
	sweep_backward(&sweep);
	find_replacers(&sweep);
	free(sweep.done);
	free(sweep.begun);
	free(sweep.begun_at);
	free(sweep.open);
	free(sweep.next);
	free(sweep.prev);
	free(sweep.first_done);
	free(sweep.replacer);
}

void
staleness_release(struct staleness *staleness)
{
	free(staleness->versions);
	free(staleness->replacer);
}

int64_t
staleness_ns(const struct observed *observed, const struct staleness *staleness,
	     uint32_t read)
{
	const struct op *ops = observed->history->ops.items;
	uint32_t replacer = staleness->replacer[read];

	if (replacer == NONE)
		return 0;
	int64_t ns = ops[read].invoke_ns - ops[replacer].complete_ns;
	return ns > 0 ? ns : 0;
}

/* ---- the checker ------------------------------------------------------------------- */

struct bounds {
	uint32_t versions; /* UINT32_MAX: not asked */
	int64_t ns;	   /* INT64_MAX: not asked */
};

/* One part of "2,50ms". */
static bool
parse_bound(const char *text, struct bounds *bounds, struct err *err)
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

static bool
parse_bounds(const char *level, struct bounds *bounds, struct err *err)
{
	*bounds = (struct bounds){UINT32_MAX, INT64_MAX};
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

struct figures {
	uint64_t reads, stale;
	uint32_t versions_max;
	int64_t ns_max, ns_sum;
};

static void
judge_read(const struct observed *observed, const struct staleness *staleness,
	   const struct bounds *bounds, uint32_t read, struct figures *figures,
	   struct check_result *result)
{
	const struct op *ops = observed->history->ops.items;
	uint32_t source = observed->source[read], k = staleness->versions[read] + 1;
	int64_t ns = staleness_ns(observed, staleness, read);

	figures->reads++;
	figures->stale += k > 1;
	figures->versions_max = k > figures->versions_max ? k : figures->versions_max;
	figures->ns_max = ns > figures->ns_max ? ns : figures->ns_max;
	figures->ns_sum += ns;
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

static void
conclude(const struct figures *figures, struct check_result *result)
{
	double ms = (double)figures->ns_max / 1e6;

	buf_printf(&result->details,
		   "\"reads\":%" PRIu64 ",\"stale_reads\":%" PRIu64
		   ",\"versions_max\":%u,\"time_max_ns\":%" PRId64
		   ",\"stale_time_mean_ns\":%" PRId64,
		   figures->reads, figures->stale, figures->versions_max, figures->ns_max,
		   figures->stale > 0 ? figures->ns_sum / (int64_t)figures->stale : 0);
	if (result->verdict != VERDICT_INVALID)
		result->verdict = VERDICT_VALID;
	result->reason = mem_format(
		"%s%" PRIu64 " of %" PRIu64
		" reads were stale, by %u versions (1: fresh) and "
		"%.3f ms at most",
		result->verdict == VERDICT_INVALID ? "beyond what is allowed: " : "",
		figures->stale, figures->reads, figures->versions_max, ms);
}

static void
staleness_check(const struct history *history, const struct check_options *options,
		struct check_result *result)
{
	struct figures figures = {.versions_max = 1};
	struct staleness staleness;
	struct observed observed;
	struct bounds bounds;
	struct err err;

	result->complexity = "two sweeps over the events: O(n)";
	result->operations = history->ops.count;
	if (!parse_bounds(options->level, &bounds, &err) ||
	    !observed_init(&observed, history, options, &err)) {
		result->verdict = VERDICT_UNKNOWN;
		result->reason = mem_string(err.text);
		return;
	}
	staleness_measure(&observed, &staleness);
	for (uint32_t i = 0; i < history->ops.count; i++)
		if (observed_is_answer(&observed, i))
			judge_read(&observed, &staleness, &bounds, i, &figures, result);
	conclude(&figures, result);
	staleness_release(&staleness);
	observed_release(&observed);
}

/* ---- the proof: anomalies one by one, and a sample of all reads, measured naively ------
 */

/* All writes of the key, one by one. */
static void
measure_slowly(const struct observed *observed, uint32_t read, uint32_t *versions,
	       int64_t *ns)
{
	const struct op *ops = observed->history->ops.items;
	uint32_t source = observed->source[read];
	uint32_t over_at = source < OBSERVED_NOTHING ? ops[source].complete_at : 0;

	*versions = 1;
	*ns = 0;
	for (uint32_t i = 0; i < observed->history->ops.count; i++) {
		if (ops[i].f != F_WRITE || ops[i].type != OP_OK ||
		    observed->key[i] != observed->key[read] ||
		    source == OBSERVED_UNWRITTEN ||
		    (source != OBSERVED_INITIAL && ops[i].invoke_at <= over_at) ||
		    ops[i].complete_at >= ops[read].invoke_at)
			continue;
		++*versions;
		if (ops[read].invoke_ns - ops[i].complete_ns > *ns)
			*ns = ops[read].invoke_ns - ops[i].complete_ns;
	}
}

static bool
shows_anomaly(const struct observed *observed, const struct bounds *bounds,
	      const struct anomaly *anomaly)
{
	const struct op *ops = observed->history->ops.items;

	vec_each (const uint32_t, i, &anomaly->ops) {
		uint32_t versions, source = observed->source[*i];
		int64_t ns;
		if (!observed_is_answer(observed, *i))
			continue;
		measure_slowly(observed, *i, &versions, &ns);
		if (versions > bounds->versions || ns > bounds->ns ||
		    source == OBSERVED_UNWRITTEN ||
		    (source < OBSERVED_NOTHING &&
		     ops[source].invoke_at > ops[*i].complete_at))
			return true;
	}
	return false;
}

enum {
	SLOW_READS_MAX = 200 /* spread evenly over the history */
};

static bool
are_samples_right(const struct observed *observed, struct err *err)
{
	uint32_t count = (uint32_t)observed->history->ops.count;
	uint32_t step = count / SLOW_READS_MAX + 1;
	struct staleness staleness;
	bool right = true;

	staleness_measure(observed, &staleness);
	for (uint32_t i = 0; i < count && right; i += step) {
		uint32_t versions;
		int64_t ns;
		if (!observed_is_answer(observed, i))
			continue;
		measure_slowly(observed, i, &versions, &ns);
		if (versions != staleness.versions[i] + 1 ||
		    ns != staleness_ns(observed, &staleness, i))
			right = err_set(err, "read %u was measured wrongly", i);
	}
	staleness_release(&staleness);
	return right;
}

static bool
staleness_certify(const struct history *history, const struct check_options *options,
		  const struct check_result *result, struct err *err)
{
	struct observed observed;
	struct bounds bounds;
	bool holds = parse_bounds(options->level, &bounds, err) &&
		     observed_init(&observed, history, options, err);

	if (!holds)
		return false;
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (holds && !shows_anomaly(&observed, &bounds, anomaly))
			holds = err_set(err, "the read of '%s' is fresh enough",
					anomaly->name);
	holds = holds && are_samples_right(&observed, err);
	observed_release(&observed);
	return holds;
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
