/* staleness_certify.c - every read measured again by counting in sorted writes (a tree of
 * counts, Fenwick 1994, over beginnings), the delta by comparing each zone with the two that
 * last longest of those before it, and k by an order that is looked at without the engine's
 * model (k_order.h), and by refuting the k below again. */
#include "base/search.h"
#include "checkers/weak/k_order.h"
#include "checkers/weak/staleness.h"

#include <stdlib.h>
#include <string.h>

/* ---- reads alone ---------------------------------------------------------------------- */

/* Acknowledged writes by key and beginning. */
struct writes {
	const struct observed *observed;
	uint32_t *sorted; /* owned */
	uint32_t *rank;	  /* owned; by write */
	uint32_t *tree;	  /* owned: those that are over */
	uint32_t *
		first; /* owned; by rank: of it and the later ones of its key, the one that
			     is over first */
	size_t count;
};

static const struct op *
op_of(const struct observed *observed, uint32_t i)
{
	return &observed->history->ops.items[i];
}

static bool
is_acknowledged(const struct observed *observed, uint32_t i)
{
	return op_of(observed, i)->f == F_WRITE && op_of(observed, i)->type == OP_OK;
}

static int
by_key_and_beginning(const void *a, const void *b, void *context)
{
	const struct observed *observed = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (observed->key[x] != observed->key[y])
		return observed->key[x] < observed->key[y] ? -1 : 1;
	return op_of(observed, x)->invoke_at < op_of(observed, y)->invoke_at ? -1 : 1;
}

static void
writes_init(struct writes *writes, const struct observed *observed)
{
	size_t ops = observed->history->ops.count;

	*writes = (struct writes){.observed = observed};
	writes->sorted = mem_new(ops + 1, sizeof(uint32_t));
	writes->rank = mem_new(ops + 1, sizeof(uint32_t));
	writes->tree = mem_new(ops + 1, sizeof(uint32_t));
	writes->first = mem_new(ops + 1, sizeof(uint32_t));
	for (uint32_t i = 0; i < ops; i++)
		if (is_acknowledged(observed, i))
			writes->sorted[writes->count++] = i;
	qsort_r(writes->sorted, writes->count, sizeof(uint32_t), by_key_and_beginning,
		(void *)observed);
	for (size_t r = writes->count; r-- > 0;) {
		uint32_t i = writes->sorted[r];
		bool is_last = r + 1 == writes->count ||
			       observed->key[writes->sorted[r + 1]] != observed->key[i];
		uint32_t later = is_last ? i : writes->first[r + 1];
		writes->rank[i] = (uint32_t)r;
		writes->first[r] = op_of(observed, later)->complete_at <
						   op_of(observed, i)->complete_at
					   ? later
					   : i;
	}
}

static void
writes_release(struct writes *writes)
{
	free(writes->sorted);
	free(writes->rank);
	free(writes->tree);
	free(writes->first);
}

static void
count_over(struct writes *writes, uint32_t write)
{
	for (size_t i = (size_t)writes->rank[write] + 1; i <= writes->count; i += i & -i)
		writes->tree[i]++;
}

static uint32_t
over_below(const struct writes *writes, size_t rank)
{
	uint32_t sum = 0;

	for (; rank > 0; rank -= rank & -rank)
		sum += writes->tree[rank];
	return sum;
}

/* It is of a key before, or of the key and began until the position. */
static bool
is_until(const struct observed *observed, uint32_t i, uint32_t key, int64_t position)
{
	return observed->key[i] < key ||
	       (observed->key[i] == key &&
		(int64_t)op_of(observed, i)->invoke_at <= position);
}

/* The first rank of the key that begins behind the position (or of the next key). */
static size_t
rank_behind(const struct writes *writes, uint32_t key, int64_t position)
{
	size_t at;

	search_first(at, 0, writes->count,
		     is_until(writes->observed, writes->sorted[at], key, position));
	return at;
}

static void
measure_read(const struct writes *writes, uint32_t read, struct staleness *staleness)
{
	const struct observed *observed = writes->observed;
	uint32_t key = observed->key[read], source = observed->source[read];
	int64_t over_at = -1;

	if (source == OBSERVED_UNWRITTEN)
		return;
	if (source < OBSERVED_NOTHING)
		over_at = op_of(observed, source)->complete_at;
	size_t from = rank_behind(writes, key, over_at);
	size_t end = rank_behind(writes, key, INT64_MAX);
	staleness->versions[read] = over_below(writes, end) - over_below(writes, from);
	if (from < end && op_of(observed, writes->first[from])->complete_at <
				  op_of(observed, read)->invoke_at)
		staleness->replacer[read] = writes->first[from];
}

static void
measure_again(const struct observed *observed, struct staleness *staleness)
{
	size_t ops = observed->history->ops.count;
	struct writes writes;

	staleness->versions = mem_new(ops + 1, sizeof(uint32_t));
	staleness->replacer = mem_new(ops + 1, sizeof(uint32_t));
	memset(staleness->replacer, 0xff, ops * sizeof(uint32_t));
	writes_init(&writes, observed);
	for (uint32_t e = 0; e < observed->event_count; e++) {
		uint32_t i = observed->events[e] / 2;
		bool is_completion = observed->events[e] % 2;
		if (is_completion && is_acknowledged(observed, i))
			count_over(&writes, i);
		if (!is_completion && observed_is_answer(observed, i))
			measure_read(&writes, i, staleness);
	}
	writes_release(&writes);
}

static bool
is_read_broken(const struct observed *observed, const struct staleness *staleness,
	       const struct staleness_bounds *bounds, uint32_t read)
{
	uint32_t source = observed->source[read];

	if (!observed_is_answer(observed, read))
		return false;
	if (source == OBSERVED_UNWRITTEN ||
	    (source < OBSERVED_NOTHING &&
	     op_of(observed, source)->invoke_at > op_of(observed, read)->complete_at))
		return true;
	return !bounds->is_atomic &&
	       (staleness->versions[read] + 1 > bounds->versions ||
		staleness_ns(observed, staleness, read) > bounds->ns);
}

/* ---- delta ---------------------------------------------------------------------------- */

/* Of the zones that complete first before a moment, the two that last longest. */
struct longest {
	int64_t last[2];
	size_t place[2];
};

static void
lengthen(struct longest *longest, int64_t last, size_t place)
{
	if (last > longest->last[0]) {
		longest->last[1] = longest->last[0];
		longest->place[1] = longest->place[0];
		longest->last[0] = last;
		longest->place[0] = place;
	} else if (last > longest->last[1]) {
		longest->last[1] = last;
		longest->place[1] = place;
	}
}

/* One key: two zones each of which completes first before the other one is over. */
static bool
has_conflict(const struct age_zone *zones, size_t count, int64_t delta)
{
	struct longest *before = mem_new(count + 1, sizeof(*before));
	bool found = false;

	before[0] = (struct longest){{INT64_MIN, INT64_MIN}, {SIZE_MAX, SIZE_MAX}};
	for (size_t i = 0; i < count; i++) {
		before[i + 1] = before[i];
		lengthen(&before[i + 1], age_zone_last(&zones[i], delta), i);
	}
	for (size_t i = 0; i < count && !found; i++) {
		int64_t last = age_zone_last(&zones[i], delta);
		size_t at;
		search_first(at, 0, count, zones[at].first < last);
		int other = before[at].place[0] == i;
		found = before[at].place[other] != SIZE_MAX &&
			before[at].last[other] > zones[i].first;
	}
	free(before);
	return found;
}

static bool
some_key_conflicts(const struct age_zones *zones, int64_t delta)
{
	bool found = false;

	for (size_t i = 0, end; i < zones->count && !found; i = end) {
		for (end = i;
		     end < zones->count && zones->items[end].key == zones->items[i].key;
		     end++)
			;
		found = has_conflict(&zones->items[i], end - i, delta);
	}
	return found;
}

/* ---- k -------------------------------------------------------------------------------- */

/* Searches end at bounds of their own, too: then more is needed, and nothing is wrong. */
static bool
find_again(const char *what, struct err *err)
{
	err_set(err, "%s was not found again in the memory of the search", what);
	return err_hint(err, "a shorter history may be proven");
}

/* Some key is refuted again, by the drivers that need no guess. */
static bool
is_refuted(const struct observed *observed, const struct key_ops *key,
	   const struct check_options *options, uint32_t k, struct err *err)
{
	struct frontier frontier;

	(void)observed, (void)err;
	atomicity_search(key, options, k, FRONTIER_BREADTH | FRONTIER_DEPTH, &frontier);
	bool is_so = frontier.verdict == VERDICT_INVALID;
	frontier_release(&frontier);
	return is_so;
}

/* An order is searched again, and looked at without the engine's model. */
static bool
has_no_order(const struct observed *observed, const struct key_ops *key,
	     const struct check_options *options, uint32_t k, struct err *err)
{
	struct frontier frontier;

	atomicity_search(key, options, k, FRONTIER_ALL, &frontier);
	bool has_one = frontier.verdict == VERDICT_VALID
			       ? k_order_holds(observed, key, frontier.order,
					       frontier.order_count, k, err)
			       : find_again("an order for the k", err);
	frontier_release(&frontier);
	return !has_one;
}

typedef bool key_question(const struct observed *observed, const struct key_ops *key,
			  const struct check_options *options, uint32_t k,
			  struct err *err);

static bool
holds_of_some_key(key_question *asks, const struct observed *observed,
		  const struct check_options *options, uint32_t k, struct err *err)
{
	struct partition partition;
	bool holds = false;

	partition_init(&partition, observed->history);
	for (size_t i = 0; i < partition_count(&partition) && !holds; i++) {
		struct key_ops key = partition_at(&partition, i);
		holds = asks(observed, &key, options, k, err);
	}
	partition_release(&partition);
	return holds;
}

/* The figures that the result tells, as it prints them. */
static bool
is_told(const struct check_result *result, const struct staleness_figures *figures,
	const struct atomicity *atomicity)
{
	struct buf text = {0};

	staleness_print(figures, atomicity, &text);
	bool told = strcmp(buf_text(&text), buf_text(&result->details)) == 0;
	buf_release(&text);
	return told;
}

/* The number behind a name in the details. */
static int64_t
told_number(const struct check_result *result, const char *name)
{
	const char *at = strstr(buf_text(&result->details), name);

	return at == NULL ? -1 : strtoll(at + strlen(name), NULL, 10);
}

static bool
holds_atomicity(const struct observed *observed, const struct age_zones *zones,
		const struct check_options *options, const struct check_result *result,
		const struct staleness_figures *figures, struct err *err)
{
	struct atomicity told = {.has_delta = !zones->has_impossible};

	if (told.has_delta) {
		told.delta_ns = told_number(result, "\"delta_atomic_ns\":");
		told.k_least = (uint32_t)told_number(result, "\"k_atomic_least\":");
		told.k_most = (uint32_t)told_number(result, "\"k_atomic_most\":");
	}
	if (!is_told(result, figures, &told))
		return err_set(err, "the reads were measured wrongly");
	if (!told.has_delta)
		return true;
	if (some_key_conflicts(zones, told.delta_ns) ||
	    (told.delta_ns > 0 && !some_key_conflicts(zones, told.delta_ns - 1)))
		return err_set(err, "the time of delta-atomicity is another one");
	if (told.k_least < figures->versions_max ||
	    (told.k_most != 0 && told.k_most != told.k_least))
		return err_set(err, "reads alone show k to be another one");
	if (told.k_least > figures->versions_max &&
	    !holds_of_some_key(is_refuted, observed, options, told.k_least - 1, err))
		return find_again("that a smaller k has no order", err);
	return told.k_most == 0 ||
	       !holds_of_some_key(has_no_order, observed, options, told.k_most, err);
}

/* ---- all of it ------------------------------------------------------------------------ */

static bool
is_anomaly_shown(const struct observed *observed, const struct staleness *staleness,
		 const struct staleness_bounds *bounds, const struct age_zones *zones,
		 const struct check_options *options, const struct anomaly *anomaly)
{
	if (strcmp(anomaly->name, "not-delta-atomic") == 0)
		return bounds->is_atomic && some_key_conflicts(zones, bounds->ns);
	if (strcmp(anomaly->name, "not-k-atomic") == 0)
		return bounds->is_atomic &&
		       holds_of_some_key(is_refuted, observed, options, bounds->versions,
					 &(struct err){0});
	vec_each (const uint32_t, i, &anomaly->ops)
		if (is_read_broken(observed, staleness, bounds, *i))
			return true;
	return false;
}

static bool
holds(const struct observed *observed, const struct staleness_bounds *bounds,
      const struct check_options *options, const struct check_result *result,
      struct err *err)
{
	struct staleness_figures figures;
	struct staleness staleness;
	struct age_zones zones;
	bool ok = true;

	measure_again(observed, &staleness);
	age_zones_init(&zones, observed);
	staleness_sum(observed, &staleness, &figures);
	vec_each (const struct anomaly, anomaly, &result->anomalies)
		if (ok && !is_anomaly_shown(observed, &staleness, bounds, &zones, options,
					    anomaly))
			ok = err_set(err, "'%s' is not shown by its operations",
				     anomaly->name);
	for (uint32_t i = 0;
	     ok && result->verdict == VERDICT_VALID && i < observed->history->ops.count;
	     i++)
		if (is_read_broken(observed, &staleness, bounds, i))
			ok = err_set(err, "read %u is too old", i);
	ok = ok && holds_atomicity(observed, &zones, options, result, &figures, err);
	staleness_release(&staleness);
	age_zones_release(&zones);
	return ok;
}

bool
staleness_certify(const struct history *history, const struct check_options *options,
		  const struct check_result *result, struct err *err)
{
	struct staleness_bounds bounds;
	struct observed observed = {0};
	bool ok = staleness_bounds_init(&bounds, options, err) &&
		  observed_init(&observed, history, options, err);

	ok = ok && holds(&observed, &bounds, options, result, err);
	observed_release(&observed);
	return ok;
}
