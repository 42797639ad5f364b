#include "checkers/weak/atomicity.h"

#include "base/mem.h"
#include "base/search.h"
#include "checkers/budget.h"
#include "checkers/register/zones.h"

#include <stdio.h>
#include <stdlib.h>

#define NONE UINT32_MAX

enum {
	K_MAX = 64,
	BYTES_OF_ENGINE = 256 << 20
};

/* ---- zones ---------------------------------------------------------------------------- */

static int
by_key_and_first(const void *a, const void *b)
{
	const struct age_zone *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->write < y->write ? -1 : x->write > y->write;
}

static void
add_read(struct age_zone *zone, const struct op *ops, uint32_t read)
{
	if (ops[read].complete_ns < zone->first) {
		zone->first = ops[read].complete_ns;
		zone->first_op = read;
	}
	if (zone->last_op == OP_NEVER || ops[read].invoke_ns > zone->read_begins) {
		zone->read_begins = ops[read].invoke_ns;
		zone->last_op = read;
	}
}

/* A write that is known to have happened: acknowledged, or read. */
static struct age_zone
zone_of_write(const struct observed *observed, uint32_t i)
{
	const struct op *op = &observed->history->ops.items[i];
	bool is_ok = op->type == OP_OK;

	return (struct age_zone){.key = observed->key[i],
				 .write = i,
				 .first = is_ok ? op->complete_ns : INT64_MAX,
				 .write_begins = op->invoke_ns,
				 .read_begins = INT64_MIN,
				 .first_op = is_ok ? i : OP_NEVER,
				 .last_op = OP_NEVER};
}

static bool
is_impossible(const struct observed *observed, uint32_t read)
{
	const struct op *ops = observed->history->ops.items;
	uint32_t source = observed->source[read];

	return source == OBSERVED_UNWRITTEN ||
	       (source < OBSERVED_NOTHING &&
		ops[source].invoke_at > ops[read].complete_at);
}

void
age_zones_init(struct age_zones *zones, const struct observed *observed)
{
	const struct op *ops = observed->history->ops.items;
	uint32_t count = (uint32_t)observed->history->ops.count;
	uint32_t *of = mem_new((size_t)count + 1, sizeof(*of)); /* by write: zone */

	*zones = (struct age_zones){0};
	zones->items =
		mem_new((size_t)count + observed->key_count + 1, sizeof(*zones->items));
	for (uint32_t key = 0; key < observed->key_count; key++)
		zones->items[zones->count++] =
			(struct age_zone){.key = key,
					  .write = OBSERVED_INITIAL,
					  .first = INT64_MIN,
					  .write_begins = INT64_MIN,
					  .read_begins = INT64_MIN,
					  .first_op = OP_NEVER,
					  .last_op = OP_NEVER};
	for (uint32_t i = 0; i < count; i++)
		if (observed_is_write(observed, i)) {
			of[i] = (uint32_t)zones->count;
			zones->items[zones->count++] = zone_of_write(observed, i);
		}
	for (uint32_t i = 0; i < count; i++) {
		if (!observed_is_answer(observed, i))
			continue;
		uint32_t source = observed->source[i];
		bool impossible = is_impossible(observed, i);
		zones->has_impossible = zones->has_impossible || impossible;
		if (!impossible)
			add_read(&zones->items[source == OBSERVED_INITIAL
						       ? observed->key[i]
						       : of[source]],
				 ops, i);
	}
	free(of);
	size_t kept = 0;
	for (size_t i = 0; i < zones->count; i++)
		if (zones->items[i].first != INT64_MAX)
			zones->items[kept++] = zones->items[i];
	zones->count = kept;
	qsort(zones->items, zones->count, sizeof(*zones->items), by_key_and_first);
}

void
age_zones_release(struct age_zones *zones)
{
	free(zones->items);
}

/* ---- delta ---------------------------------------------------------------------------- */

/* The zones of one key; `forward` is scratch: places of those that last. */
struct zone_run {
	const struct age_zone *zones;
	size_t count;
	uint32_t *forward;
	size_t forward_count;
};

/* The last forward zone whose first completion is before the moment; NONE. */
static uint32_t
forward_before(const struct zone_run *run, int64_t moment)
{
	size_t at;

	search_first(at, 0, run->forward_count,
		     run->zones[run->forward[at]].first < moment);
	return at == 0 ? NONE : run->forward[at - 1];
}

/* Zones that are in conflict when reads begin so much earlier; false: none. */
static bool
find_conflict(struct zone_run *run, int64_t delta, uint32_t *first, uint32_t *second)
{
	uint32_t last = NONE; /* the forward zone before */

	run->forward_count = 0;
	for (uint32_t i = 0; i < run->count; i++) {
		if (age_zone_last(&run->zones[i], delta) <= run->zones[i].first)
			continue;
		*first = last;
		*second = i;
		if (last != NONE &&
		    age_zone_last(&run->zones[last], delta) > run->zones[i].first)
			return true;
		run->forward[run->forward_count++] = last = i;
	}
	for (uint32_t i = 0; i < run->count; i++) {
		const struct age_zone *zone = &run->zones[i];
		int64_t ends = age_zone_last(zone, delta);
		if (ends > zone->first)
			continue;
		*first = forward_before(run, ends);
		*second = i;
		if (*first != NONE &&
		    age_zone_last(&run->zones[*first], delta) > zone->first)
			return true;
	}
	return false;
}

/* No read begins later, so that all zones but the initial one are instants by then. */
static int64_t
longest_delta(const struct zone_run *run)
{
	int64_t first = INT64_MAX, last = INT64_MIN;

	for (size_t i = 0; i < run->count; i++) {
		const struct age_zone *zone = &run->zones[i];
		int64_t begins = zone->write_begins;
		if (zone->write != OBSERVED_INITIAL && begins < first)
			first = begins;
		if (zone->read_begins > last)
			last = zone->read_begins;
	}
	return first < last ? last - first + 1 : 1;
}

/* Raises the delta to what this key needs. */
static void
raise_delta(struct zone_run *run, size_t offset, struct atomicity *atomicity)
{
	uint32_t a, b;
	int64_t low = atomicity->delta_ns, high = longest_delta(run);

	if (!find_conflict(run, low, &a, &b))
		return;
	atomicity->first = (uint32_t)offset + a;
	atomicity->second = (uint32_t)offset + b;
	high = high > low ? high : low + 1;
	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;
		if (find_conflict(run, middle, &a, &b)) {
			low = middle;
			atomicity->first = (uint32_t)offset + a;
			atomicity->second = (uint32_t)offset + b;
		} else {
			high = middle;
		}
	}
	atomicity->delta_ns = high;
}

static bool
measure_delta(const struct age_zones *zones, const struct budget *budget,
	      struct atomicity *atomicity)
{
	uint32_t *forward = mem_new(zones->count + 1, sizeof(*forward));
	bool is_over = false;

	atomicity->has_delta = !zones->has_impossible;
	atomicity->first = atomicity->second = NONE;
	for (size_t i = 0, end; i < zones->count && !is_over; i = end) {
		for (end = i;
		     end < zones->count && zones->items[end].key == zones->items[i].key;
		     end++)
			;
		struct zone_run run = {&zones->items[i], end - i, forward, 0};
		if (atomicity->has_delta)
			raise_delta(&run, i, atomicity);
		is_over = budget_is_over(budget);
	}
	free(forward);
	return !is_over;
}

/* ---- k -------------------------------------------------------------------------------- */

void
atomicity_search(const struct key_ops *key, const struct check_options *options,
		 uint32_t k, unsigned drivers, struct frontier *frontier)
{
	struct check_options asked = *options;
	char level[16];

	snprintf(level, sizeof(level), "%u", k);
	asked.level = level;
	if (asked.budget.bytes_max > BYTES_OF_ENGINE)
		asked.budget.bytes_max = BYTES_OF_ENGINE;
	frontier_judge(&model_k_register, key, &asked, drivers, frontier);
}

static enum verdict
judge_key(const struct key_ops *key, const struct check_options *options, uint32_t k)
{
	struct frontier frontier;

	atomicity_search(key, options, k, FRONTIER_ALL, &frontier);
	enum verdict verdict = frontier.verdict;
	frontier_release(&frontier);
	return verdict;
}

static bool
is_linearizable(const struct key_ops *key, const struct check_options *options)
{
	struct zones zones;

	zones_judge(key, options, false, &zones);
	bool is_valid = zones.is_unique && !zones.is_stopped && zones.conflict_count == 0;
	zones_release(&zones);
	return is_valid;
}

static void
raise_k(const struct key_ops *key, const struct check_options *options,
	struct atomicity *atomicity)
{
	enum verdict verdict = VERDICT_INVALID;

	if (is_linearizable(key, options))
		return;
	if (atomicity->k_least < 2)
		atomicity->k_least = 2;
	while (atomicity->k_least < K_MAX && verdict == VERDICT_INVALID) {
		verdict = judge_key(key, options, atomicity->k_least);
		atomicity->k_least += verdict == VERDICT_INVALID;
	}
	if (verdict != VERDICT_VALID)
		atomicity->k_most = 0;
}

static void
measure_k(const struct history *history, const struct check_options *options,
	  uint32_t k_reads, struct atomicity *atomicity)
{
	struct partition partition;

	partition_init(&partition, history);
	atomicity->k_least = k_reads;
	atomicity->k_most = 1; /* as long as nothing is unknown */
	for (size_t i = 0; i < partition_count(&partition); i++) {
		struct key_ops key = partition_at(&partition, i);
		if (atomicity->k_most != 0)
			raise_k(&key, options, atomicity);
	}
	if (atomicity->k_most != 0)
		atomicity->k_most = atomicity->k_least;
	partition_release(&partition);
}

bool
atomicity_measure(const struct observed *observed, const struct age_zones *zones,
		  const struct check_options *options, uint32_t k_reads,
		  struct atomicity *atomicity)
{
	*atomicity = (struct atomicity){.k_least = k_reads};
	if (!measure_delta(zones, &options->budget, atomicity))
		return false;
	if (!zones->has_impossible)
		measure_k(observed->history, options, k_reads, atomicity);
	return true;
}
